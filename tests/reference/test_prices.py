"""Prices (section 4): which of them an account needs, what makes one unusable, and how a mark is made of an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from reference.margin import Risk, health
from reference.parameters import Feed, Parameters
from reference.parts import is_unencumbered
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
from reference.state import ANSWERS, ANSWERS_SHORT, BURNS_GAS, REVERTS, FeedReading
from tests.reference.drawn import CHOICES, Choices, spoil, traded
from tests.reference.support import (
    COPPER,
    COPPER_MARKET,
    COUNTERPARTY,
    GOLD,
    NOW_S,
    SILVER,
    SMALL,
    STRANGER,
    TIN,
    TIN_MARKET,
    TRADER,
    USD,
    Scene,
    drawn,
    exact,
    gold,
    usd,
    wad,
)

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
