"""What a position or a collateral is worth and needs, by itself (section 5): no state, only parameters and numbers.

Beside each rounded formula stands its rational form, ``*_exact``: the same rule without the rounding. They bound each other:
what an account is owed is at most the exact value and less than one quote wad below it for every rounding; what is required is
at least the exact value and less than one quote wad above it for every rounding. Tests and check MARGIN-12 hold both.
"""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction

from reference.parameters import Collateral, Market
from reference.rounding import WAD


def position_value_wad(size_wad: int, quote_wad: int, mark_wad: int, due_wad: int) -> int:
    """V1: exact, because a size is whole lots, and a mark and what is due are whole ticks (N5, F6)."""
    return size_wad * (mark_wad - due_wad) // WAD + quote_wad


def notional_wad(size_wad: int, mark_wad: int) -> int:
    """V4: exact (N5)."""
    return abs(size_wad) * mark_wad // WAD


def collateral_value_wad(collateral: Collateral, units: int, price_wad: int) -> int:
    """V2: value after the haircut, rounded down once."""
    return units * price_wad * (WAD - collateral.haircut_rate_wad) // collateral.value_denominator


def collateral_value_exact(collateral: Collateral, units: int, price_wad: int) -> Fraction:
    """V2 without rounding. ``collateral_value_wad`` is in ``(exact - 1, exact]``."""
    haircut = Fraction(collateral.haircut_rate_wad, WAD)
    return Fraction(units, 10**collateral.decimals) * price_wad * (1 - haircut)


def scaling(market: Market, open_interest_notional_wad: int) -> tuple[int, int]:
    """V5: ``x`` and ``R``, for an open interest of this notional: how much of the way to needing the whole notional is gone."""
    lower_wad, upper_wad = market.scaling.lower_wad, market.scaling.upper_wad
    whole_wad = upper_wad - lower_wad
    return min(max(open_interest_notional_wad - lower_wad, 0), whole_wad), whole_wad


def requirements_wad(market: Market, notional: int, open_interest_notional_wad: int) -> tuple[int, int]:
    """V5: (initial, maintenance) requirement of a position of this notional, at an open interest of this notional.

    Each is rounded up once; 0 for no position.
    """
    base_wad2, maintenance = unscaled(market, notional)
    return initial_from_base_wad(market, notional, base_wad2, open_interest_notional_wad), maintenance


def initial_requirement_wad(market: Market, notional: int, open_interest_notional_wad: int) -> int:
    """V5: the initial requirement alone."""
    return initial_from_base_wad(market, notional, unscaled(market, notional)[0], open_interest_notional_wad)


def unscaled(market: Market, notional: int) -> tuple[int, int]:
    """V5: ``base`` with initial rates, in wad squared, and the maintenance requirement in quote wad."""
    k = bisect_right(market.floors_wad, notional) - 1
    return (
        notional * market.initial_rates_wad[k] - market.initial_deductions_wad2[k],
        -((market.maintenance_deductions_wad2[k] - notional * market.maintenance_rates_wad[k]) // WAD),
    )


def initial_from_base_wad(market: Market, notional: int, base_wad2: int, open_interest_notional_wad: int) -> int:
    """V5: the initial requirement, rounded up once."""
    lower_wad, upper_wad = market.scaling.lower_wad, market.scaling.upper_wad
    if open_interest_notional_wad <= lower_wad:
        return -(-base_wad2 // WAD)
    if open_interest_notional_wad >= upper_wad:
        return notional
    part, whole = open_interest_notional_wad - lower_wad, upper_wad - lower_wad
    return -(-(base_wad2 * whole + (notional * WAD - base_wad2) * part) // (WAD * whole))


def requirements_exact(
    market: Market, notional: Fraction, open_interest_notional_wad: Fraction
) -> tuple[Fraction, Fraction]:
    """V5 from its meaning: each bracket's rate applies to the part of the notional inside it, and of what an initial rate leaves,
    as much is needed as open interest has gone of its way.

    ``requirements_wad`` is in ``[exact, exact + 1)``. Written as a sum over parts, not with the deductions ``D_k``, so that the two
    forms can disagree.
    """
    lower, upper = market.scaling.lower_wad, market.scaling.upper_wad
    way = min(max((open_interest_notional_wad - lower) / (upper - lower), Fraction(0)), Fraction(1))
    initial = maintenance = Fraction(0)
    ceilings = [*market.floors_wad[1:], None]
    for bracket, ceiling in zip(market.brackets, ceilings, strict=True):
        top = notional if ceiling is None else min(notional, Fraction(ceiling))
        part = max(Fraction(0), top - bracket.floor_wad)
        rate = Fraction(bracket.initial_rate_wad, WAD)
        initial += part * (rate + way * (1 - rate))
        maintenance += part * Fraction(bracket.maintenance_rate_wad, WAD)
    return initial, maintenance
