"""What an account is worth and needs (section 5): rounded against rational, rates at bracket edges, and its health."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.margin import Risk, exact_risk, health, is_liquidatable
from reference.parameters import Collateral, Feed, Market, MarketLimits
from reference.prices import FRESH
from reference.requirements import (
    collateral_value_exact,
    collateral_value_wad,
    notional_wad,
    position_value_wad,
    requirements_exact,
    requirements_wad,
)
from reference.rounding import WAD, ceil_to_multiple, div_ceil, div_floor, floor_to_multiple
from reference.trading import requirement_of
from tests.reference.drawn import CHOICES, Choices, aim, bracket_table, held_market, open_interest_scaling, traded
from tests.reference.support import (
    COPPER,
    COPPER_MARKET,
    COUNTERPARTY,
    GOLD,
    LIQUIDATOR,
    SILVER,
    STRANGER,
    TIN,
    TIN_MARKET,
    TRADER,
    Scene,
    drawn,
    gold,
    priced_apart,
    wad,
)

FLOORS_PER_COLLATERAL_WAD = 1
"""V2 rounds down once: a collateral is valued less than this below its exact value."""
CEILINGS_PER_POSITION_WAD = 1
"""V5 rounds up once: a position's requirement is less than this above its exact value."""

ANY_FEED = Feed("SOURCE", 18, 1, 1, 10**36)


def table(choices: Choices, notional_wad: int) -> Market:
    """A market of which only the brackets, and how they scale with open interest, matter."""
    brackets, limits = bracket_table(choices, notional_wad), MarketLimits(0, 0, 0, WAD)
    return Market("ANY", ANY_FEED, WAD, WAD, brackets, limits, open_interest_scaling(choices, notional_wad))


def interest_of(choices: Choices, market: Market) -> int:
    """An open interest before, on and beyond the way on which the requirement grows."""
    lower, upper = market.scaling.lower_wad, market.scaling.upper_wad
    return choices.of(0, lower, lower + 1, choices.between(lower, upper), upper - 1, upper, 2 * upper)


# --- Rounding


@given(st.integers(), st.integers(1))
@drawn(200)
def test_rounding_helpers_bracket_the_quotient_from_their_named_side(value: int, step: int) -> None:
    exactly = Fraction(value, step)
    assert exactly - 1 < div_floor(value, step) <= exactly <= div_ceil(value, step) < exactly + 1
    assert floor_to_multiple(value, step) == div_floor(value, step) * step
    assert ceil_to_multiple(value, step) == div_ceil(value, step) * step


@given(st.integers(0, 10**33), st.integers(1, 10**36), st.integers(2, WAD - 1), st.integers(0, 18))
@drawn(400)
def test_collateral_value_is_exact_or_less_than_one_wad_below(
    units: int, price_wad: int, haircut_wad: int, decimals: int
) -> None:
    collateral = Collateral("GOODS", decimals, haircut_wad, 1, 10**33, ANY_FEED)
    exactly = collateral_value_exact(collateral, units, price_wad)
    assert exactly - FLOORS_PER_COLLATERAL_WAD < collateral_value_wad(collateral, units, price_wad) <= exactly


@given(CHOICES)
@drawn(600)
def test_requirement_is_exact_or_less_than_one_wad_above_it(choices: Choices) -> None:
    notional = choices.magnitude(1, 10**35)
    market = table(choices, notional)
    interest = interest_of(choices, market)
    for at in (notional, *(max(0, floor + choices.randint(-2, 2)) for floor in market.floors_wad)):
        rounded = requirements_wad(market, at, interest)
        exact = requirements_exact(market, Fraction(at), Fraction(interest))
        for rounded_wad, exactly in zip(rounded, exact, strict=True):
            assert exactly <= rounded_wad < exactly + CEILINGS_PER_POSITION_WAD


@given(CHOICES)
@drawn(400)
def test_account_is_valued_against_itself_by_less_than_a_wad_for_each_rounding(choices: Choices) -> None:
    scene = traded(choices)
    for account in scene.state.accounts.values():
        status, risk = health(scene.state, account)
        assert status == FRESH
        equity, initial, maintenance = exact_risk(scene.state, account)
        floors_wad = FLOORS_PER_COLLATERAL_WAD * sum(map(bool, account.units))
        ceilings_wad = CEILINGS_PER_POSITION_WAD * sum(map(bool, account.sizes_wad))
        assert risk.equity_wad == equity or 0 < equity - risk.equity_wad < floors_wad
        for rounded_wad, exactly in ((risk.initial_margin_wad, initial), (risk.maintenance_margin_wad, maintenance)):
            assert rounded_wad == exactly or 0 < rounded_wad - exactly < ceilings_wad
        assert 0 <= risk.maintenance_margin_wad <= risk.initial_margin_wad


@given(CHOICES)
@drawn(200)
def test_account_that_is_healthy_when_rounded_is_healthy_exactly(choices: Choices) -> None:
    scene = traded(choices)
    aim(choices, scene)
    account = scene.account(TRADER)
    equity, initial, maintenance = exact_risk(scene.state, account)
    risk = scene.risk(TRADER)
    assert is_liquidatable(risk) or equity >= maintenance
    assert risk.equity_wad < risk.initial_margin_wad or equity >= initial


# --- Brackets


@given(CHOICES)
@drawn(300)
def test_brackets_agree_exactly_at_every_floor(choices: Choices) -> None:
    market = table(choices, choices.magnitude(1, 10**35))
    for rates, deductions in (
        (market.initial_rates_wad, market.initial_deductions_wad2),
        (market.maintenance_rates_wad, market.maintenance_deductions_wad2),
    ):
        for k in range(1, len(market.floors_wad)):
            floor_wad = market.floors_wad[k]
            lower = floor_wad * rates[k - 1] - deductions[k - 1]
            assert floor_wad * rates[k] - deductions[k] == lower
        assert deductions[0] == 0


@given(CHOICES)
@drawn(300)
def test_requirement_never_falls_and_rises_by_no_more_than_the_notional(choices: Choices) -> None:
    notional = choices.magnitude(1, 10**35)
    market = table(choices, notional)
    points = {notional, *(floor + step for floor in market.floors_wad for step in (-1, 0, 1))}
    points |= {choices.magnitude(1, 10**35), 0, 1}
    ordered = sorted(point for point in points if point >= 0)
    interest = interest_of(choices, market)
    for smaller, larger in pairwise(ordered):
        lesser, greater = (requirements_wad(market, at, interest) for at in (smaller, larger))
        for less, more in zip(lesser, greater, strict=True):
            assert 0 <= more - less <= larger - smaller


@given(CHOICES)
@drawn(300)
def test_k_times_a_position_needs_at_least_k_times_its_requirement_less_k(choices: Choices) -> None:
    notional = choices.magnitude(1, 10**30)
    market = table(choices, notional * choices.magnitude(1, 1000))
    k = choices.randint(1, 1000)
    interest = interest_of(choices, market)
    once, larger = (requirements_wad(market, at, interest) for at in (notional, k * notional))
    for once_wad, larger_wad in zip(once, larger, strict=True):
        # Each of the k requirements is less than one wad above its exact value.
        assert k * once_wad <= larger_wad + k * CEILINGS_PER_POSITION_WAD


@pytest.mark.parametrize(
    ("size", "initial", "maintenance"),
    [
        ("0", "0", "0"),
        ("0.01", "0.1", "0.05"),
        ("99.99", "999.9", "499.95"),
        ("100", "1000", "500"),
        ("100.01", "1000.2", "500.1"),
        ("499.99", "8999.8", "4499.9"),
        ("500", "9000", "4500"),
        ("500.01", "9000.5", "4500.25"),
        ("1000", "34000", "17000"),
    ],
)
def test_requirement_of_a_size_across_the_brackets_by_hand(size: str, initial: str, maintenance: str) -> None:
    # Copper at 100: 10 % to 10 000, 20 % to 50 000, 50 % above, and half of each.
    for signed_wad in (wad(size), -wad(size)):
        assert requirement_of(COPPER_MARKET, signed_wad, wad("100"), wad("1000000")) == (wad(initial), wad(maintenance))


def test_requirement_of_one_wad_of_notional_rounds_up_to_one_wad() -> None:
    assert requirements_wad(TIN_MARKET, 1, 0) == (1, 1)
    assert requirements_wad(TIN_MARKET, 5, 0) == (1, 1)
    assert requirements_wad(TIN_MARKET, 6, 0) == (2, 1)
    assert requirements_wad(TIN_MARKET, 11, 0) == (3, 2)


# --- Worth of positions and accounts


def test_position_is_worth_its_size_at_the_mark_plus_its_quote() -> None:
    assert position_value_wad(wad("2.5"), -wad("250"), wad("101"), 0) == wad("2.5")
    assert position_value_wad(-wad("2.5"), wad("250"), wad("101"), 0) == -wad("2.5")
    assert position_value_wad(0, 7, wad("101"), wad("3")) == 7
    assert position_value_wad(wad("2.5"), -wad("250"), wad("101"), wad("3")) == wad("-5")
    assert position_value_wad(-wad("2.5"), wad("250"), wad("101"), wad("3")) == wad("5")
    assert notional_wad(-wad("2.5"), wad("101")) == wad("252.5")


def test_equity_with_two_collaterals_two_positions_and_negative_cash_by_hand() -> None:
    scene = Scene()
    scene.fund(COUNTERPARTY, "100000")
    scene.fund(TRADER, "5000")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1.5"))
    scene.do("deposit", TRADER, TRADER, SILVER, wad("40"))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "120", "100")
    scene.trade(TIN, COUNTERPARTY, TRADER, "300", "10")
    scene.set_cash(TRADER, -wad("600"))
    scene.publish("COPPER", "95")
    scene.publish("TIN", "9")
    # Gold 1.5 * 2000 * 0.8 = 2400, silver 40 * 25 * 0.5 = 500, copper 120 * -5 = -600, tin -300 * -1 = 300.
    # Copper's notional is 11 400: IM 1000 + 0.2 * 1400 = 1280, MM 640. Tin's is 2700: IM 540, MM 270.
    assert scene.risk(TRADER) == Risk(
        wad("-600") + wad("2400") + wad("500") - wad("600") + wad("300"), wad("1820"), wad("910")
    )


def test_collateral_of_a_single_unit_is_worth_nothing_where_its_value_is_below_a_wad() -> None:
    # Silver at one cent: a unit is 10^-18 tokens, worth 0.005 * 10^-18.
    scene = Scene()
    scene.do("publish", STRANGER, "SILVER", 1, 0)
    scene.do("deposit", TRADER, TRADER, SILVER, 199)
    assert scene.risk(TRADER).equity_wad == 0
    scene.do("deposit", TRADER, TRADER, SILVER, 1)
    assert scene.risk(TRADER).equity_wad == 1


@given(CHOICES)
@drawn(300)
def test_equity_less_maintenance_never_falls_as_the_price_moves_in_favour_of_the_position(choices: Choices) -> None:
    scene = traded(choices)
    number = held_market(choices, scene)
    market, account = scene.state.parameters.markets[number], scene.account(TRADER)
    highest = market.feed.maximum_price_wad // market.tick_wad
    ticks = {choices.between(1, highest) for _ in range(4)}
    for floor_wad in market.floors_wad[1:]:
        if account.sizes_wad[number]:
            edge = floor_wad * WAD // abs(account.sizes_wad[number]) // market.tick_wad
            ticks |= {tick for tick in (edge, edge + 1) if 1 <= tick <= highest}
    margins = []
    for tick in sorted(ticks, reverse=account.sizes_wad[number] < 0):
        status, risk = health(priced_apart(scene.state, number, tick * market.tick_wad), account)
        assert status == FRESH
        margins.append(risk.equity_wad - risk.maintenance_margin_wad)
    assert margins == sorted(margins)


# --- Health


def test_account_is_healthy_at_its_maintenance_margin_and_liquidatable_one_wad_below() -> None:
    scene = Scene()
    for name in (TRADER, COUNTERPARTY):
        scene.fund(name, "1000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    scene.set_cash(TRADER, wad("50"))
    assert not is_liquidatable(scene.risk(TRADER))
    refused = scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("1"))
    assert refused == ("AccountHealthy", TRADER, wad("50"), wad("50"))
    scene.set_cash(TRADER, wad("50") - 1)
    assert is_liquidatable(scene.risk(TRADER))
