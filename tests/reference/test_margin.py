"""What an account is worth and needs (sections 4 and 5): rounded against rational, rates at bracket edges, prices that fail."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.margin import (
    Risk,
    collateral_value_exact,
    collateral_value_wad,
    exact_risk,
    health,
    is_liquidatable,
    is_unencumbered,
    notional_wad,
    position_value_wad,
    requirements_exact,
    requirements_wad,
)
from reference.parameters import Collateral, Feed, Market, MarketLimits, Parameters
from reference.prices import (
    ALWAYS_S,
    FRESH,
    OUT_OF_BOUNDS,
    STALE,
    UNAVAILABLE,
    collateral_price_status,
    mark_status,
    price_of,
    prices,
    status_of,
)
from reference.rounding import WAD, ceil_to_multiple, div_ceil, div_floor, floor_to_multiple
from reference.state import ANSWERS, ANSWERS_SHORT, BURNS_GAS, REVERTS, FeedReading
from reference.trading import requirement_of
from tests.reference.drawn import CHOICES, Choices, aim, bracket_table, held_market, spoil, traded
from tests.reference.support import (
    COPPER,
    COUNTERPARTY,
    GOLD,
    LIQUIDATOR,
    NOW_S,
    SILVER,
    SMALL,
    STRANGER,
    TIN,
    TRADER,
    USD,
    Scene,
    drawn,
    exact,
    gold,
    priced_apart,
    usd,
    wad,
)

FLOORS_PER_COLLATERAL_WAD = 1
"""V2 rounds down once: a collateral is valued less than this below its exact value."""
CEILINGS_PER_POSITION_WAD = 1
"""V5 rounds up once: a position's requirement is less than this above its exact value."""

ANY_FEED = Feed("SOURCE", 18, 1, 1, 10**36)
COPPER_MARKET, TIN_MARKET = SMALL.markets


def table(choices: Choices, notional_wad: int) -> Market:
    """A market of which only the brackets matter."""
    return Market("ANY", ANY_FEED, WAD, WAD, bracket_table(choices, notional_wad), MarketLimits(0, 0, 0, WAD))


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
    for at in (notional, *(max(0, floor + choices.randint(-2, 2)) for floor in market.floors_wad)):
        rounded = requirements_wad(market, at)
        for rounded_wad, exactly in zip(rounded, requirements_exact(market, Fraction(at)), strict=True):
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
    for smaller, larger in pairwise(ordered):
        for less, more in zip(requirements_wad(market, smaller), requirements_wad(market, larger), strict=True):
            assert 0 <= more - less <= larger - smaller


@given(CHOICES)
@drawn(300)
def test_k_times_a_position_needs_at_least_k_times_its_requirement_less_k(choices: Choices) -> None:
    notional = choices.magnitude(1, 10**30)
    market = table(choices, notional * choices.magnitude(1, 1000))
    k = choices.randint(1, 1000)
    for once_wad, larger_wad in zip(
        requirements_wad(market, notional), requirements_wad(market, k * notional), strict=True
    ):
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
        assert requirement_of(COPPER_MARKET, signed_wad, wad("100")) == (wad(initial), wad(maintenance))


def test_requirement_of_one_wad_of_notional_rounds_up_to_one_wad() -> None:
    assert requirements_wad(TIN_MARKET, 1) == (1, 1)
    assert requirements_wad(TIN_MARKET, 5) == (1, 1)
    assert requirements_wad(TIN_MARKET, 6) == (2, 1)
    assert requirements_wad(TIN_MARKET, 11) == (3, 2)


# --- Worth of positions and accounts


def test_position_is_worth_its_size_at_the_mark_plus_its_quote() -> None:
    assert position_value_wad(wad("2.5"), -wad("250"), wad("101")) == wad("2.5")
    assert position_value_wad(-wad("2.5"), wad("250"), wad("101")) == -wad("2.5")
    assert position_value_wad(0, 7, wad("101")) == 7
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


# --- Which prices are needed


def every_source_fails(scene: Scene) -> None:
    """No price at all is usable any more."""
    for source in scene.state.feeds:
        scene.do("set_feed_mode", STRANGER, source, REVERTS)


def test_unencumbered_account_withdraws_everything_while_no_price_is_usable() -> None:
    scene = Scene()
    scene.fund(TRADER, "100")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.do("deposit", TRADER, TRADER, SILVER, wad("1"))
    every_source_fails(scene)
    assert is_unencumbered(scene.account(TRADER))
    scene.do("withdraw", TRADER, TRADER, GOLD, gold("1"))
    scene.do("withdraw", TRADER, TRADER, SILVER, wad("1"))
    scene.do("withdraw", TRADER, TRADER, USD, usd("100"))


def test_unencumbered_account_is_still_valued_with_prices_by_the_view_of_its_health() -> None:
    scene = Scene()
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    assert health(scene.state, scene.account(TRADER)) == (FRESH, Risk(wad("1600"), 0, 0))
    every_source_fails(scene)
    assert health(scene.state, scene.account(TRADER)) == (UNAVAILABLE, Risk(0, 0, 0))


def test_account_with_debt_or_a_position_is_not_unencumbered() -> None:
    scene = Scene()
    assert is_unencumbered(scene.account(TRADER))
    scene.set_cash(TRADER, -1)
    assert not is_unencumbered(scene.account(TRADER))
    account = scene.account(COUNTERPARTY)
    assert not is_unencumbered(account._replace(sizes_wad=(0, -wad("1"))))


def test_account_without_size_or_balance_needs_no_price_of_that_market_or_collateral() -> None:
    scene = Scene()
    scene.fund(TRADER, "1000")
    scene.fund(COUNTERPARTY, "1000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "1", "100")
    for source in ("TIN", "GOLD", "SILVER"):
        scene.do("set_feed_mode", STRANGER, source, REVERTS)
    assert health(scene.state, scene.account(TRADER)).status == FRESH


def test_first_unusable_price_decides_markets_before_collaterals_and_each_by_number() -> None:
    scene = Scene()
    for name in (TRADER, COUNTERPARTY):
        scene.fund(name, "10000")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.do("deposit", TRADER, TRADER, SILVER, wad("1"))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "1", "100")
    scene.trade(TIN, TRADER, COUNTERPARTY, "1", "10")
    withdrawal = ("withdraw", TRADER, TRADER, USD, 1)
    scene.do("publish", STRANGER, "SILVER", 25_00, 3601)
    assert scene.refused(*withdrawal) == ("PriceStale", "SILVER", NOW_S - 3601)
    scene.do("publish", STRANGER, "GOLD", 0, 0)
    assert scene.refused(*withdrawal) == ("PriceOutOfBounds", "GOLD", 0)
    assert health(scene.state, scene.account(TRADER)).status == OUT_OF_BOUNDS
    scene.do("set_feed_mode", STRANGER, "TIN", REVERTS)
    assert scene.refused(*withdrawal) == ("FeedUnavailable", "TIN")
    assert health(scene.state, scene.account(TRADER)).status == UNAVAILABLE
    scene.do("publish", STRANGER, "COPPER", exact("100", 8), None)
    assert scene.refused(*withdrawal) == ("PriceStale", "COPPER", 0)
    assert health(scene.state, scene.account(TRADER)).status == STALE


@given(CHOICES)
@drawn(150)
def test_health_reports_a_status_and_zeros_exactly_where_a_needed_price_is_unusable(choices: Choices) -> None:
    scene = traded(choices)
    before = health(scene.state, scene.account(TRADER))
    source = spoil(choices, scene)
    account, parameters = scene.account(TRADER), scene.state.parameters
    needed = [market.feed for market, size_wad in zip(parameters.markets, account.sizes_wad, strict=True) if size_wad]
    needed += [
        collateral.feed
        for collateral, units in zip(parameters.collaterals, account.units, strict=True)
        if units and collateral.feed is not None
    ]
    status, risk = health(scene.state, account)
    if source in [feed.feed for feed in needed]:
        assert status != FRESH
        assert risk == Risk(0, 0, 0)
    else:
        assert (status, risk) == before


# --- Status of a price

FEED = Feed("SOURCE", 8, 60, 10, 1000)


@pytest.mark.parametrize(
    ("answer", "updated_at_s", "mode", "status"),
    [
        (10, NOW_S, ANSWERS, FRESH),
        (1000, NOW_S, ANSWERS, FRESH),
        (9, NOW_S, ANSWERS, OUT_OF_BOUNDS),
        (1001, NOW_S, ANSWERS, OUT_OF_BOUNDS),
        (0, NOW_S, ANSWERS, OUT_OF_BOUNDS),
        (-500, NOW_S, ANSWERS, OUT_OF_BOUNDS),
        (500, NOW_S - 60, ANSWERS, FRESH),
        (500, NOW_S - 61, ANSWERS, STALE),
        (500, NOW_S + 1, ANSWERS, STALE),
        (500, 0, ANSWERS, STALE),
        (500, NOW_S, REVERTS, UNAVAILABLE),
        (500, NOW_S, BURNS_GAS, UNAVAILABLE),
        (500, NOW_S, ANSWERS_SHORT, UNAVAILABLE),
        (9, 0, REVERTS, UNAVAILABLE),
        (9, 0, ANSWERS, OUT_OF_BOUNDS),
        (1001, NOW_S - 61, ANSWERS, OUT_OF_BOUNDS),
    ],
)
def test_status_of_a_price_is_the_first_that_applies(answer: int, updated_at_s: int, mode: int, status: int) -> None:
    assert status_of(FEED, FeedReading(answer, updated_at_s, mode), NOW_S) == status


def test_answer_dated_zero_is_stale_even_within_the_first_heartbeat() -> None:
    assert status_of(FEED, FeedReading(500, 0, ANSWERS), 30) == STALE
    assert status_of(FEED, FeedReading(500, 1, ANSWERS), 30) == FRESH


def test_mark_is_floored_to_a_tick_and_a_collateral_price_is_not() -> None:
    scene = Scene()
    scene.publish("COPPER", "100.19999999")
    assert mark_status(scene.state, COPPER_MARKET) == (FRESH, wad("100.1"))
    feed = Feed("TIN", 18, 600, 1, wad("1000"))
    collateral = replace(SMALL.collaterals[GOLD], feed=feed)
    scene.do("publish", STRANGER, "TIN", wad("10") + 1, 0)
    assert collateral_price_status(scene.state, collateral) == (FRESH, wad("10") + 1)
    assert mark_status(scene.state, TIN_MARKET) == (FRESH, wad("10"))


def test_mark_below_one_tick_is_out_of_bounds_and_one_tick_is_a_mark() -> None:
    scene = Scene()
    scene.publish("COPPER", "0.1")
    assert mark_status(scene.state, COPPER_MARKET) == (FRESH, wad("0.1"))
    scene.publish("COPPER", "0.09999999")
    assert mark_status(scene.state, COPPER_MARKET) == (OUT_OF_BOUNDS, 0)
    assert scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "1", "0.1") == ("PriceOutOfBounds", "COPPER", 9_999_999)


def test_mark_below_one_tick_is_out_of_bounds_before_it_is_stale() -> None:
    scene = Scene()
    scene.publish("COPPER", "0.05", age_s=601)
    assert mark_status(scene.state, COPPER_MARKET) == (OUT_OF_BOUNDS, 0)


def test_mark_that_is_stale_is_no_mark() -> None:
    scene = Scene()
    scene.publish("COPPER", "100", age_s=601)
    assert mark_status(scene.state, COPPER_MARKET) == (STALE, 0)


def test_price_is_used_to_the_last_second_of_its_heartbeat_and_refused_one_second_later() -> None:
    scene = Scene()
    for name in (TRADER, COUNTERPARTY):
        scene.fund(name, "1000")
    scene.wait(600)
    scene.trade(COPPER, TRADER, COUNTERPARTY, "1", "100")
    scene.wait(1)
    assert scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "1", "100") == ("PriceStale", "COPPER", NOW_S)


def test_one_source_is_judged_by_the_heartbeat_of_each_use() -> None:
    reading = FeedReading(500, NOW_S - 61, ANSWERS)
    assert status_of(FEED, reading, NOW_S) == STALE
    assert status_of(Feed("SOURCE", 8, 61, 10, 1000), reading, NOW_S) == FRESH


@given(CHOICES)
@drawn(300)
def test_price_asked_for_again_is_what_working_it_out_anew_gives(choices: Choices) -> None:
    # Prices are kept; here readings change and time runs both ways around the ends of freshness.
    market = replace(COPPER_MARKET, name="ASKED AGAIN")
    collateral = replace(SMALL.collaterals[GOLD], feed=replace(market.feed, heartbeat_s=60))
    assert collateral.feed is not None
    scene = Scene()
    edges = [0, 1, NOW_S]
    edges += [NOW_S + side * ago for side in (-1, 1) for ago in (1, 60, 61, 600, 601)]
    answers = (0, 1, exact("0.09", 8), exact("100", 8), exact("100.05", 8), exact("10000", 8) + 1)
    readings = [
        FeedReading(choices.of(*answers), choices.of(*edges), choices.of(ANSWERS, ANSWERS, REVERTS)) for _ in range(3)
    ]
    parameters = Parameters((market,), (SMALL.collaterals[0], collateral), SMALL.liquidation)
    # Mappings of readings are told apart by identity, so these are used again.
    worlds = [{**scene.state.feeds, "COPPER": reading} for reading in readings]
    for _ in range(24):
        feeds, now_s = choices.choice(worlds), choices.of(*edges)
        reading = feeds["COPPER"]
        state = scene.state._replace(time_s=now_s, feeds=feeds, parameters=parameters)
        assert mark_status(state, market) == price_of(market.feed, reading, now_s, market.tick_wad)
        assert collateral_price_status(state, collateral) == price_of(collateral.feed, reading, now_s, 1)
        expected = status_of(market.feed, reading, now_s)
        if expected in (FRESH, STALE) and reading.answer * 10**10 < market.tick_wad:
            expected = OUT_OF_BOUNDS
        assert mark_status(state, market)[0] == expected
        every = prices(state)
        (mark,), (_, price) = every.marks, every.collaterals
        assert price is not None
        assert (mark.status, mark.price_wad) == mark_status(state, market)
        assert (price.status, price.price_wad) == collateral_price_status(state, collateral)
        statuses = [status_of(feed, reading, now_s) for feed in parameters.feeds]
        assert every.broken == ("COPPER" if any(status != FRESH for status in statuses) else None)
        for second in (every.since_s, every.until_s):
            assert (
                statuses == [status_of(feed, reading, second) for feed in parameters.feeds] or abs(second) == ALWAYS_S
            )


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
