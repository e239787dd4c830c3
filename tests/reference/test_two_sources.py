"""Markets with two sources (O6, O7): when a mark is uncertain, which prices count then, and who may still do what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import event, given

from reference.ledger import require_initial_margin
from reference.margin import (
    Health,
    Risk,
    health,
    health_without,
    require_lenient_risk,
    require_prudent_risk,
    require_risk,
)
from reference.parameters import Feed, SecondSource
from reference.parts import is_unencumbered
from reference.prices import (
    DEVIATING,
    FAILED_OVER,
    FRESH,
    OUT_OF_BOUNDS,
    STALE,
    UNAVAILABLE,
    UNCERTAIN,
    Pair,
    mark,
    mark_status,
    prices,
    side_of,
)
from reference.rejection import Rejected
from reference.state import ANSWERS, REVERTS, FeedReading, State
from tests.reference.drawn import CHOICES, Choices, uncertain
from tests.reference.support import (
    COPPER,
    COUNTERPARTY,
    LIQUIDATOR,
    STRANGER,
    TIN,
    TRADER,
    Scene,
    drawn,
    priced_apart,
    wad,
)

SECOND = SecondSource(Feed("COPPER-2", 18, 1_200, wad("0.01"), wad("10000")), wad("0.02"))
"""Two percent apart, at most; an hour's third old, at most."""


def two_sources() -> Scene:
    """Copper at 100 by both of its sources. Trader and counterparty have a thousand each."""
    scene = Scene()
    scene.set_market(COPPER, second=SECOND)
    state = scene.state
    scene.state = state._replace(
        feeds={**state.feeds, "COPPER-2": FeedReading(wad("100"), state.time_s, ANSWERS)},
        feed_decimals={**state.feed_decimals, "COPPER-2": 18},
    )
    for name in (TRADER, COUNTERPARTY):
        scene.fund(name, "1000")
    return scene


def held(size: str = "10") -> Scene:
    """The trader is long so much copper from 100; the counterparty is short."""
    scene = two_sources()
    scene.trade(COPPER, TRADER, COUNTERPARTY, size, "100")
    return scene


def silence(scene: Scene, source: str = "COPPER") -> None:
    scene.do("set_feed_mode", STRANGER, source, REVERTS)


def copper(scene: Scene) -> tuple[int, Pair, Pair]:
    found = mark(scene.state, scene.state.parameters.markets[COPPER])
    return found.status, found.prudent, found.lenient


def pair(long: str, short: str) -> Pair:
    return Pair(wad(long), wad(short))


# --- Statuses and pairs


@pytest.mark.parametrize(
    ("second", "status"), [("100", FRESH), ("102", FRESH), ("98", FRESH), ("102.1", DEVIATING), ("97.9", DEVIATING)]
)
def test_sources_agree_up_to_the_deviation_of_what_the_first_says(second: str, status: int) -> None:
    scene = two_sources()
    scene.publish("COPPER-2", second)
    assert copper(scene)[0] == status
    if status == FRESH:
        # The first decides: as if there were but one.
        assert copper(scene)[1:] == (pair("100", "100"), pair("100", "100"))


def test_where_sources_deviate_the_worse_counts_for_owners_and_the_better_for_liquidations() -> None:
    scene = two_sources()
    scene.publish("COPPER-2", "90")
    assert copper(scene) == (DEVIATING, pair("90", "100"), pair("100", "90"))
    scene.publish("COPPER-2", "110.07")
    # In ticks of a tenth.
    assert copper(scene) == (DEVIATING, pair("100", "110"), pair("110", "100"))
    assert mark_status(scene.state, scene.state.parameters.markets[COPPER]) == (DEVIATING, 0)


def test_second_source_that_is_not_usable_is_as_none() -> None:
    scene = two_sources()
    scene.publish("COPPER-2", "10001")
    assert copper(scene)[0] == FRESH
    scene.publish("COPPER-2", "90", 1_201)
    assert copper(scene)[0] == FRESH
    silence(scene, "COPPER-2")
    assert copper(scene)[0] == FRESH
    scene.publish("COPPER", "0")
    assert copper(scene)[0] == OUT_OF_BOUNDS
    silence(scene)
    assert copper(scene)[0] == UNAVAILABLE


def test_silent_first_source_may_have_said_anything_that_is_near_the_second() -> None:
    scene = two_sources()
    silence(scene)
    # 100 / 1.02 = 98.03..., and 100 / 0.98 = 102.04...
    assert copper(scene) == (FAILED_OVER, pair("98", "102.1"), pair("100", "100"))


def test_stale_first_source_still_counts_where_it_is_worse() -> None:
    scene = two_sources()
    scene.wait(601)
    assert copper(scene) == (FAILED_OVER, pair("98", "102.1"), pair("100", "100"))
    scene.publish("COPPER-2", "50")
    assert copper(scene) == (FAILED_OVER, pair("49", "100"), pair("100", "50"))
    scene.publish("COPPER-2", "200")
    assert copper(scene) == (FAILED_OVER, pair("100", "204.1"), pair("200", "100"))


def test_benefit_of_the_doubt_ends_a_heartbeat_after_the_first_source_grew_old() -> None:
    scene = two_sources()
    scene.wait(1_200)
    scene.publish("COPPER-2", "50")
    assert copper(scene) == (FAILED_OVER, pair("49", "100"), pair("100", "50"))
    assert prices(scene.state).until_s == scene.state.time_s
    scene.wait(1)
    assert copper(scene) == (FAILED_OVER, pair("49", "100"), pair("50", "50"))


def test_answer_from_the_future_or_without_a_date_gives_no_benefit_of_the_doubt() -> None:
    scene = two_sources()
    scene.publish("COPPER-2", "50")
    reading = scene.state.feeds["COPPER"]
    for updated_at_s in (0, scene.state.time_s + 1):
        feeds = {**scene.state.feeds, "COPPER": reading._replace(updated_at_s=updated_at_s)}
        scene.state = scene.state._replace(feeds=feeds)
        assert copper(scene) == (FAILED_OVER, pair("49", "100"), pair("50", "50"))


def test_pair_ends_at_one_tick_and_at_the_largest_price() -> None:
    scene = two_sources()
    silence(scene)
    scene.publish("COPPER-2", "0.1")
    assert copper(scene)[1] == pair("0.1", "0.2")
    scene.publish("COPPER-2", "9900")
    assert copper(scene)[1] == pair("9705.8", "10000")


def test_status_changes_with_time_and_no_sooner() -> None:
    scene = two_sources()
    scene.wait(600)
    assert prices(scene.state).until_s == scene.state.time_s
    assert copper(scene)[0] == FRESH
    scene.wait(1)
    assert copper(scene)[0] == FAILED_OVER
    scene.wait(599)
    assert copper(scene)[0] == FAILED_OVER
    scene.wait(1)
    assert copper(scene)[0] == STALE


# --- Who may do what


def test_nobody_adds_risk_while_sources_deviate() -> None:
    scene = held("1")
    scene.publish("COPPER-2", "90")
    uncertain = ("PriceUncertain", "COPPER", DEVIATING)
    assert scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "0.01", "100") == uncertain
    assert scene.refused("withdraw", TRADER, TRADER, 0, 1) == uncertain
    assert scene.refused("settle", TRADER, TRADER, COPPER) == uncertain
    assert scene.refused("accrue_funding", STRANGER, COPPER) == uncertain
    assert scene.refused("isolate", TRADER, TRADER, COPPER, wad("100")) == uncertain
    # Nor elsewhere, with it behind them.
    assert scene.refused_trade(TIN, TRADER, COUNTERPARTY, "1", "10") == uncertain
    scene.fund(TRADER, "1")


def test_both_sides_may_reduce_while_sources_deviate_each_at_the_price_that_is_worse_for_it() -> None:
    scene = held()
    scene.publish("COPPER-2", "95")
    long, short = scene.account(TRADER), scene.account(COUNTERPARTY)
    scene.trade(COPPER, COUNTERPARTY, TRADER, "4", "97")
    # 4 at 97, and what is left of the long at 95, of the short at 100; a fee of 0.388 each.
    assert scene.account(TRADER).cash_wad == long.cash_wad - wad("12") - wad("30") - wad("0.388")
    assert scene.account(COUNTERPARTY).cash_wad == short.cash_wad + wad("12") - wad("0.388")
    assert scene.account(TRADER).quotes_wad[COPPER] == -wad("570")
    assert scene.account(COUNTERPARTY).quotes_wad[COPPER] == wad("600")
    # Turning round is no reduction.
    assert scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "7", "97")[0] == "PriceUncertain"
    scene.trade(COPPER, COUNTERPARTY, TRADER, "6", "97")
    assert is_unencumbered(scene.account(TRADER))


def test_band_goes_from_below_the_lower_to_above_the_higher_price() -> None:
    scene = held()
    scene.publish("COPPER-2", "90")
    # One percent of 90 and of 100.
    assert scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "1", "89") == ("PriceOutsideBand", wad("89"), wad("90"))
    assert scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "1", "101.1")[2] == wad("100")
    scene.trade(COPPER, COUNTERPARTY, TRADER, "1", "89.1")
    scene.trade(COPPER, COUNTERPARTY, TRADER, "1", "101")
    assert scene.state.funding[COPPER].premium_wad == 0


def test_after_a_fail_over_the_band_is_about_the_second_source() -> None:
    scene = held()
    scene.wait(601)
    scene.publish("COPPER-2", "95")
    assert scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "1", "96") == ("PriceOutsideBand", wad("96"), wad("95"))
    assert scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "1", "94")[2] == wad("95")
    scene.trade(COPPER, COUNTERPARTY, TRADER, "1", "95.9")


def test_nothing_accrues_at_an_uncertain_mark_and_the_next_usable_one_is_read() -> None:
    scene = held()
    scene.wait(3_600)
    scene.publish("COPPER", "110")
    scene.publish("COPPER-2", "100")
    before = scene.state.funding
    events = scene.trade(COPPER, COUNTERPARTY, TRADER, "1", "105")
    assert [event[0] for event in events] == ["Traded"]
    assert scene.state.funding == before
    scene.publish("COPPER-2", "110")
    assert scene.do("accrue_funding", STRANGER, COPPER)[0][4] == wad("110")


def test_nobody_reduces_himself_into_a_liquidation() -> None:
    scene = two_sources()
    scene.trade(COPPER, TRADER, COUNTERPARTY, "40", "100")
    scene.trade(TIN, TRADER, COUNTERPARTY, "200", "10")
    scene.publish("TIN", "6.7")
    scene.publish("COPPER-2", "95")
    long = scene.account(TRADER)
    assert require_lenient_risk(scene.state, long) == Risk(wad("336"), wad("668"), wad("334"))
    assert require_prudent_risk(scene.state, long) == Risk(wad("136"), wad("648"), wad("324"))
    # Each at 94.1 costs 5.9941 of what it counts for leniently, and needs 5 less: three cost 2.9823 of the 2 that there are.
    # Prudently it costs 0.9941 and needs 4.75 less, of an account that has less than half of what it needs: no harm.
    assert scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "3", "94.1")[0] == "InsufficientMargin"
    scene.trade(COPPER, COUNTERPARTY, TRADER, "2", "94.1")
    risk = require_lenient_risk(scene.state, scene.account(TRADER))
    assert risk.equity_wad - risk.maintenance_margin_wad == wad("0.0118")


def test_liquidation_needs_both_sources_to_say_so() -> None:
    scene = held("90")
    scene.fund(LIQUIDATOR, "100000")
    # 991 in cash; 90 at 93 lose 630 and leave 361 of 418.5 that are needed; at 100 they need 450.
    scene.publish("COPPER-2", "93")
    refused = scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("1"))
    assert refused == ("AccountHealthy", TRADER, wad("991"), wad("450"))
    assert health(scene.state, scene.account(TRADER)) == (DEVIATING, Risk(wad("991"), wad("900"), wad("450")))
    scene.publish("COPPER", "92")
    assert copper(scene)[0] == FRESH
    scene.publish("COPPER-2", "89")
    # At 92, the better of the two: 991 - 720 = 271 of 414.
    events = scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("1"))
    assert events[-1] == ("Liquidated", TRADER, LIQUIDATOR, COPPER, wad("1"), wad("92"), wad("0.92"), wad("0.92"))


def test_liquidator_is_tested_at_prudent_prices() -> None:
    scene = held("90")
    scene.fund(LIQUIDATOR, "12")
    scene.publish("COPPER", "92")
    scene.publish("COPPER-2", "89")
    # One at 92 that counts for 89 needs 8.9 of 12 - 3 + 0.92; two need 17.8 of 12 - 6 + 1.84.
    refused = scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("2"))
    assert refused == ("InsufficientMargin", LIQUIDATOR, wad("7.84"), wad("17.8"))
    scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("1"))


def test_frozen_first_source_does_not_keep_liquidators_away() -> None:
    scene = held("90")
    scene.fund(LIQUIDATOR, "100000")
    scene.wait(601)
    scene.publish("COPPER-2", "50")
    assert copper(scene) == (FAILED_OVER, pair("49", "100"), pair("100", "50"))
    assert scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("90"))[0] == "AccountHealthy"
    scene.wait(600)
    scene.publish("COPPER-2", "50")
    events = scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("90"))
    assert events[-2][5] == wad("50")
    assert events[-1][0] == "BadDebtRecorded"


def test_bucket_is_liquidated_at_the_lenient_price_too() -> None:
    scene = held()
    scene.do("isolate", TRADER, TRADER, COPPER, wad("110"))
    scene.fund(LIQUIDATOR, "1000")
    scene.publish("COPPER-2", "93")
    assert scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("1"))[0] == "AccountHealthy"
    silence(scene)
    scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("1"))
    # 110 - 70 = 40 of 46.5 at 93; the penalty is 2 % of 93, half of it the liquidator's.
    assert scene.account(TRADER).isolated == ((COPPER, wad("40") - wad("1.86")),)


def test_uncertain_mark_is_named_before_an_unusable_one_that_comes_later() -> None:
    scene = held("1")
    scene.trade(TIN, TRADER, COUNTERPARTY, "1", "10")
    scene.publish("COPPER-2", "90")
    silence(scene, "TIN")
    assert scene.refused("withdraw", TRADER, TRADER, 0, 1) == ("PriceUncertain", "COPPER", DEVIATING)
    # Who may do with an uncertain one is told of the other.
    assert scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "0.5", "95") == ("FeedUnavailable", "TIN")
    assert health(scene.state, scene.account(TRADER)).status == UNAVAILABLE
    assert health_without(scene.state, scene.account(TRADER), TIN).status == DEVIATING


# --- Whatever the state


def at_pair(state: State, name: str, which: str) -> State:
    """The state in which every market has one price: that of a pair which counts for the account's side."""
    for number, price in enumerate(prices(state).marks):
        if price.status in UNCERTAIN:
            counts_wad = side_of(getattr(price, which), state.accounts[name].sizes_wad[number])
            state = _priced_as(state, number, counts_wad)
    return state


def _priced_as(state: State, market: int, price_wad: int) -> State:
    """``priced_apart``, of any number of markets."""
    apart = priced_apart(state, market, price_wad)
    markets, name = list(apart.parameters.markets), f"APART-{market}"
    markets[market] = replace(markets[market], feed=replace(markets[market].feed, feed=name))
    return apart._replace(
        parameters=replace(apart.parameters, markets=tuple(markets)),
        feeds={**apart.feeds, name: apart.feeds["APART"]},
        feed_decimals={**apart.feed_decimals, name: 18},
    )


@drawn(300)
@given(CHOICES)
def test_valuing_with_a_pair_is_valuing_at_the_one_price_of_it_that_counts(choices: Choices) -> None:
    state = uncertain(choices)
    account = state.accounts[TRADER]
    found = health(state, account)
    event(f"status: {found.status}")
    if found.status not in UNCERTAIN:
        return
    assert Health(FRESH, found.risk) == health(at_pair(state, TRADER, "lenient"), account)
    assert require_lenient_risk(state, account) == found.risk
    prudent = require_prudent_risk(state, account)
    assert Health(FRESH, prudent) == health(at_pair(state, TRADER, "prudent"), account)
    with pytest.raises(Rejected):
        require_risk(state, account)
    with pytest.raises(Rejected):
        require_initial_margin(state, TRADER, account._replace(cash_wad=-1))


@drawn(300)
@given(CHOICES)
def test_prudent_equity_over_maintenance_is_never_more_than_lenient(choices: Choices) -> None:
    state = uncertain(choices)
    for name, account in state.accounts.items():
        found = health(state, account)
        if found.status in UNCERTAIN:
            prudent, lenient = require_prudent_risk(state, account), found.risk
            assert prudent.equity_wad <= lenient.equity_wad, name
            spare = [risk.equity_wad - risk.maintenance_margin_wad for risk in (prudent, lenient)]
            assert spare[0] <= spare[1]


@drawn(300)
@given(CHOICES)
def test_fail_over_never_improves_what_counts_for_owners(choices: Choices) -> None:
    state = uncertain(choices)
    for market, price in zip(state.parameters.markets, prices(state).marks, strict=True):
        if price.second_source is None or price.status not in (FRESH, DEVIATING):
            continue
        reading = state.feeds[market.feed.feed]
        modes = (reading._replace(updated_at_s=0),) + (
            (reading._replace(mode=REVERTS),) if price.status == FRESH else ()
        )
        failed = choices.choice(modes)
        after = mark(state._replace(feeds={**state.feeds, market.feed.feed: failed}), market)
        event(f"{price.status} to {after.status}")
        assert after.status == FAILED_OVER
        assert after.prudent.long_wad <= price.prudent.long_wad
        assert after.prudent.short_wad >= price.prudent.short_wad
        for one in (*after.prudent, *after.lenient):
            assert one % market.tick_wad == 0
            assert 0 < one <= market.largest_price_wad
