"""What one side of a market pays the other (section 8).

Two forms of the same rule: ``after_intervals`` takes one interval after the other, as F1 says it; ``due_now`` takes any number of them at
once. Tests hold them together. What is stored is written down now and then (F3); what is *due* (F2) is always known, and is the state's.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from reference.parameters import DAY_S, FundingParameters, Market, Parameters
from reference.rounding import WAD, floor_to_multiple


class Funding(NamedTuple):
    """Funding of a market as it was last written down. Rates and premium are wad of the index, rates a day; the rest quote wad."""

    rate_wad: int
    premium_wad: int
    accrued_at_s: int
    """0 before the first time."""
    carry: int
    """What has fallen due and does not make a tick: in ticks times ``CARRY_OF_A_TICK``, and less than one."""
    due_wad: int
    """On one base unit since the beginning; a multiple of the tick."""
    index_wad: int


class Due(NamedTuple):
    """F2: what is due on one base unit of each market, in quote wad. It holds up to and including ``until_s``."""

    per_unit_wad: tuple[int, ...]
    until_s: int


NO_FUNDING_YET = Funding(0, 0, 0, 0, 0, 0)
"""A market as it was listed."""
CARRY_OF_A_TICK = WAD * DAY_S


def velocity_wad(parameters: FundingParameters, premium_wad: int) -> int:
    """F1: by how much an interval changes the rate, rounded towards 0."""
    scale_wad = parameters.premium_scale_wad
    size_wad = min(abs(premium_wad), scale_wad) * parameters.maximum_velocity_wad // scale_wad
    return size_wad if premium_wad > 0 else -size_wad


def _bounded(value: int, bound: int) -> int:
    return min(max(value, -bound), bound)


def intervals_ended(parameters: FundingParameters, since_s: int, now_s: int) -> int:
    """F1: how many ends of intervals, multiples of ``interval_s``, lie in ``(since_s, now_s]``."""
    return now_s // parameters.interval_s - since_s // parameters.interval_s


def rate_and_sum(parameters: FundingParameters, funding: Funding, intervals: int) -> tuple[int, int]:
    """F1: the rate after so many intervals, and the sum of the rates of each of them.

    Without a bound the sum is that of an arithmetic progression; of that, what lies beyond the bound is another one. (A rate that begins
    beyond the bound, which none does by these rules, is brought to it by the first interval.)
    """
    rate_wad, most_wad = funding.rate_wad, parameters.maximum_rate_wad
    velocity = velocity_wad(parameters, funding.premium_wad)
    if abs(rate_wad) > most_wad:
        first_wad = _bounded(rate_wad + velocity, most_wad)
        last_wad, sum_wad = rate_and_sum(parameters, funding._replace(rate_wad=first_wad), intervals - 1)
        return last_wad, first_wad + sum_wad
    unbounded = rate_wad * intervals + velocity * (intervals * (intervals + 1) // 2)
    last_wad = rate_wad + velocity * intervals
    beyond_wad = abs(last_wad) - most_wad
    if beyond_wad <= 0:
        return last_wad, unbounded
    step_wad = abs(velocity)
    terms = -(-beyond_wad // step_wad)
    excess = beyond_wad * terms - step_wad * (terms * (terms - 1) // 2)
    sign = 1 if last_wad > 0 else -1
    return sign * most_wad, unbounded - sign * excess


def due_now(market: Market, funding: Funding, now_s: int) -> Funding:
    """F1, F2: what there is to be written down at a time; only when it was written down last, and the index, are as they were."""
    intervals = intervals_ended(market.funding, funding.accrued_at_s, now_s)
    if intervals == 0 or (funding.rate_wad == 0 and funding.premium_wad == 0):
        return funding
    rate_wad, rates_wad = rate_and_sum(market.funding, funding, intervals)
    return _fallen_due(market, funding, rate_wad, rates_wad)


def _fallen_due(market: Market, funding: Funding, rate_wad: int, rates_wad: int) -> Funding:
    """F1: ``rates_wad``, the sum of the rates of some intervals, falls due on the index, in whole ticks."""
    tick_wad = market.tick_wad
    fallen = rates_wad * market.funding.interval_s * funding.index_wad + funding.carry * tick_wad
    whole_wad = floor_to_multiple(fallen // CARRY_OF_A_TICK, tick_wad)
    carry = (fallen - whole_wad * CARRY_OF_A_TICK) // tick_wad
    return funding._replace(rate_wad=rate_wad, due_wad=funding.due_wad + whole_wad, carry=carry)


def after_intervals(market: Market, funding: Funding, intervals: int) -> Funding:
    """F1 to the letter: so many intervals end, one after the other."""
    for _ in range(intervals):
        moved = funding.rate_wad + velocity_wad(market.funding, funding.premium_wad)
        rate_wad = _bounded(moved, market.funding.maximum_rate_wad)
        funding = _fallen_due(market, funding, rate_wad, rate_wad)
    return funding


def fallen_due_exact(market: Market, funding: Funding, intervals: int) -> Fraction:
    """F1 without ticks: what falls due on one base unit in so many intervals, in quote wad."""
    total, rate_wad = Fraction(0), funding.rate_wad
    for _ in range(intervals):
        rate_wad = _bounded(
            rate_wad + velocity_wad(market.funding, funding.premium_wad), market.funding.maximum_rate_wad
        )
        total += Fraction(rate_wad * market.funding.interval_s * funding.index_wad, DAY_S * WAD)
    return total


def accrued(market: Market, funding: Funding, mark_wad: int, now_s: int) -> Funding | None:
    """F3: what is written down at a usable mark; None where no interval has ended since the last time."""
    if intervals_ended(market.funding, funding.accrued_at_s, now_s) == 0:
        return None
    return due_now(market, funding, now_s)._replace(accrued_at_s=now_s, index_wad=mark_wad)


def premium_after(market: Market, premium_wad: int, amount_wad: int, price_wad: int, mark_wad: int) -> int:
    """F4: the premium after a trade of a (positive) amount."""
    size_wad = abs(price_wad - mark_wad) * WAD // mark_wad
    target_wad = size_wad if price_wad > mark_wad else -size_wad
    reach_wad = amount_wad * market.funding.premium_scale_wad // market.funding.premium_depth_wad
    return premium_wad + _bounded(target_wad - premium_wad, reach_wad)


def due_at(parameters: Parameters, funding: tuple[Funding, ...], now_s: int) -> Due:
    """F2, of every market."""
    markets = parameters.markets
    return Due(
        tuple([due_now(market, stored, now_s).due_wad for market, stored in zip(markets, funding, strict=True)]),
        min([market.funding.interval_s - now_s % market.funding.interval_s for market in markets]) + now_s - 1,
    )
