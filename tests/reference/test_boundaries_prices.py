"""Boundaries of prices and of time: liquidation, initial margin, close-out and bracket prices, and the last fresh second."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import event, given

from reference import boundaries
from reference.boundaries import NO_LIQUIDATION_PRICE
from reference.machine import apply, at_time
from reference.margin import Risk, health
from reference.parameters import Bracket
from reference.prices import FRESH, STALE, UNAVAILABLE, status_of
from reference.rounding import WAD, floor_to_multiple
from reference.state import REVERTS, State, with_item
from tests.reference.drawn import CHOICES, Choices, aim, spoil, traded, world
from tests.reference.support import (
    COPPER,
    COUNTERPARTY,
    LIQUIDATOR,
    NOW_S,
    STRANGER,
    TIN,
    TRADER,
    Scene,
    drawn,
    priced_apart,
    wad,
)

FEW_TICKS = 200
"""So few prices that a test can try each."""


# --- Prices

Test = Callable[[Risk], bool]
PRICES: dict[str, tuple[Callable[[State, str, int], tuple[int, int]], Test]] = {
    "liquidation": (boundaries.liquidation_price_wad, lambda risk: risk.equity_wad >= risk.maintenance_margin_wad),
    "initial": (boundaries.initial_margin_price_wad, lambda risk: risk.equity_wad >= risk.initial_margin_wad),
    "close-out": (boundaries.close_out_price_wad, lambda risk: 2 * risk.equity_wad >= risk.maintenance_margin_wad),
}
"""Each price boundary, and the test that holds on its safe side."""


def passes_at(state: State, market: int, tick: int, test: Test) -> bool:
    """The test at a price of so many ticks."""
    tick_wad = state.parameters.markets[market].tick_wad
    moved = priced_apart(state, market, tick * tick_wad)
    status, risk = health(moved, moved.accounts[TRADER])
    assert status == FRESH
    return test(risk)


def is_scaled(state: State, market: int, kind: str) -> bool:
    """Whether a boundary is of a requirement that open interest adds to at some price: there may be several then, or none is told."""
    listed = state.parameters.markets[market]
    most = state.open_interest_wad[market] * listed.feed.maximum_price_wad
    return kind == "initial" and most > listed.scaling.lower_wad * WAD


def scanned(state: State, market: int, test: Test) -> tuple[int, int]:
    """W3 word by word, by trying every price."""
    listed = state.parameters.markets[market]
    size_wad = state.accounts[TRADER].sizes_wad[market]
    if size_wad == 0:
        return NO_LIQUIDATION_PRICE, 0
    ticks = range(1, listed.feed.maximum_price_wad // listed.tick_wad + 1)
    healthy = [tick for tick in ticks if passes_at(state, market, tick, test)]
    if not healthy:
        return NO_LIQUIDATION_PRICE, 0
    tick, beyond = (healthy[0], healthy[0] - 1) if size_wad > 0 else (healthy[-1], healthy[-1] + 1)
    if beyond not in ticks:
        return NO_LIQUIDATION_PRICE, 0
    assert not passes_at(state, market, beyond, test)
    return FRESH, tick * listed.tick_wad


@drawn(300)
@given(CHOICES)
def test_price_boundary_is_what_trying_every_price_finds(choices: Choices) -> None:
    scene = traded(choices, most_ticks=FEW_TICKS)
    aim(choices, scene)
    for number in range(len(scene.state.parameters.markets)):
        size_wad = scene.account(TRADER).sizes_wad[number]
        for kind, (boundary, test) in PRICES.items():
            found = boundary(scene.state, TRADER, number)
            event(f"{kind}: side {(size_wad > 0) - (size_wad < 0)}, status {found[0]}")
            if is_scaled(scene.state, number, kind):
                continue
            assert found == scanned(scene.state, number, test), kind


@drawn(1000)
@given(CHOICES)
def test_price_boundary_passes_and_the_next_tick_against_the_position_does_not(choices: Choices) -> None:
    scene = traded(choices)
    aim(choices, scene)
    for number, market in enumerate(scene.state.parameters.markets):
        size_wad = scene.account(TRADER).sizes_wad[number]
        highest = market.feed.maximum_price_wad // market.tick_wad
        for kind, (boundary, test) in PRICES.items():
            status, price_wad = boundary(scene.state, TRADER, number)
            event(f"{kind}: side {(size_wad > 0) - (size_wad < 0)}, status {status}")
            if status == FRESH:
                tick, rest = divmod(price_wad, market.tick_wad)
                against = tick - 1 if size_wad > 0 else tick + 1
                assert rest == 0
                assert 1 <= min(tick, against) < max(tick, against) <= highest
                assert passes_at(scene.state, number, tick, test)
                assert not passes_at(scene.state, number, against, test)
                continue
            assert (status, price_wad) == (NO_LIQUIDATION_PRICE, 0)
            if size_wad and not is_scaled(scene.state, number, kind):
                # Monotone (W3's note, tested with margins): both ends of the range are on the same side.
                assert passes_at(scene.state, number, 1, test) == passes_at(scene.state, number, highest, test)


@drawn(300)
@given(CHOICES)
def test_price_boundary_reports_the_first_unusable_price_of_the_others_and_ignores_its_own(choices: Choices) -> None:
    scene = traded(choices)
    usable = scene.state
    source = spoil(choices, scene)
    for number, market in enumerate(scene.state.parameters.markets):
        account = scene.account(TRADER)
        if account.sizes_wad[number] == 0:
            continue
        others = account._replace(sizes_wad=with_item(account.sizes_wad, number, 0))
        status, _ = health(scene.state, others)
        event(f"own: {source == market.feed.feed}, status {status}")
        for boundary, _test in PRICES.values():
            if status == FRESH:
                assert boundary(scene.state, TRADER, number) == boundary(usable, TRADER, number)
            else:
                assert boundary(scene.state, TRADER, number) == (status, 0)


def copper_position(size: str, price: str, cash: str) -> Scene:
    """A copper position, bought (or with a minus sold) at the mark, and the trader's cash after the trade."""
    scene = Scene()
    scene.fund(COUNTERPARTY, "1000000")
    scene.fund(TRADER, "1000000")
    scene.publish("COPPER", price)
    if size.startswith("-"):
        scene.trade(COPPER, COUNTERPARTY, TRADER, size[1:], price)
    else:
        scene.trade(COPPER, TRADER, COUNTERPARTY, size, price)
    scene.set_cash(TRADER, wad(cash))
    return scene


def test_liquidation_price_of_a_long_at_a_bracket_edge_by_hand() -> None:
    # At 100 the notional is 10 000 sharp: MM 500, and equity 2500 - 100 * 20 = 500.
    scene = copper_position("100", "120", "2500")
    assert boundaries.liquidation_price_wad(scene.state, TRADER, COPPER) == (FRESH, wad("100"))
    scene.publish("COPPER", "100")
    assert scene.risk(TRADER) == Risk(wad("500"), wad("1000"), wad("500"))
    assert scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("1"))[0] == "AccountHealthy"
    scene.publish("COPPER", "99.9")
    scene.fund(LIQUIDATOR, "1000")
    scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("1"))


def test_liquidation_price_of_a_long_one_wad_poorer_than_the_bracket_edge_is_a_tick_higher() -> None:
    scene = copper_position("100", "120", "2500")
    scene.set_cash(TRADER, wad("2500") - 1)
    assert boundaries.liquidation_price_wad(scene.state, TRADER, COPPER) == (FRESH, wad("100.1"))


def test_liquidation_price_of_a_short_at_a_bracket_edge_by_hand() -> None:
    # At 125 the notional of 80 is 10 000 sharp: MM 500, and equity 2500 - 80 * 25 = 500.
    scene = copper_position("-80", "100", "2500")
    assert boundaries.liquidation_price_wad(scene.state, TRADER, COPPER) == (FRESH, wad("125"))
    scene.set_cash(TRADER, wad("2500") - 1)
    assert boundaries.liquidation_price_wad(scene.state, TRADER, COPPER) == (FRESH, wad("124.9"))


def test_liquidation_price_of_a_short_beyond_its_bracket_edge_uses_the_upper_rate() -> None:
    # At 130 the notional of 80 is 10 400: MM 500 + 0.1 * 400 = 540, and equity 2940 - 80 * 30 = 540.
    scene = copper_position("-80", "100", "2940")
    assert boundaries.liquidation_price_wad(scene.state, TRADER, COPPER) == (FRESH, wad("130"))


def test_liquidation_price_is_none_for_a_long_that_cash_carries_to_one_tick() -> None:
    # At one tick (0.1) equity is 998.99 or more and MM 0.05: nothing lower is a price.
    scene = copper_position("10", "100", "2000")
    assert boundaries.liquidation_price_wad(scene.state, TRADER, COPPER) == (NO_LIQUIDATION_PRICE, 0)


def test_liquidation_price_is_none_for_a_short_that_cash_carries_to_the_largest_answer() -> None:
    scene = copper_position("-0.01", "100", "1000")
    assert boundaries.liquidation_price_wad(scene.state, TRADER, COPPER) == (NO_LIQUIDATION_PRICE, 0)


def test_liquidation_price_is_none_where_no_price_makes_the_account_healthy() -> None:
    # A debt in copper that tin cannot repay: short one lot of tin, healthy nowhere.
    scene = copper_position("100", "100", "2000")
    scene.trade(TIN, COUNTERPARTY, TRADER, "1", "10")
    scene.publish("COPPER", "50")
    assert boundaries.liquidation_price_wad(scene.state, TRADER, TIN) == (NO_LIQUIDATION_PRICE, 0)


def test_initial_margin_price_is_none_where_the_rate_is_one_and_anything_is_missing() -> None:
    scene = copper_position("100", "100", "5000")
    scene.set_market(COPPER, brackets=(Bracket(0, WAD, wad("0.5")),))
    # Fully paid: equity 10 000 = IM at 100 only if cash is 10 000; with 5000 it is short of it at every price.
    assert boundaries.initial_margin_price_wad(scene.state, TRADER, COPPER) == (NO_LIQUIDATION_PRICE, 0)
    scene.set_cash(TRADER, wad("10000"))
    assert boundaries.initial_margin_price_wad(scene.state, TRADER, COPPER) == (NO_LIQUIDATION_PRICE, 0)
    assert scene.risk(TRADER) == Risk(wad("10000"), wad("10000"), wad("5000"))


@drawn(300)
@given(CHOICES)
def test_bracket_price_reaches_the_next_bracket_and_one_tick_less_does_not(choices: Choices) -> None:
    scene = traded(choices, most_ticks=choices.of(FEW_TICKS, 10**6))
    for number, market in enumerate(scene.state.parameters.markets):
        size_wad = abs(scene.account(TRADER).sizes_wad[number])
        price_wad = boundaries.bracket_price_wad(scene.state, TRADER, number)
        if size_wad == 0:
            assert price_wad is None
            continue
        mark_wad = scene.mark(number)
        above = [floor_wad for floor_wad in market.floors_wad if floor_wad * WAD > size_wad * mark_wad]
        highest_wad = floor_to_multiple(market.feed.maximum_price_wad, market.tick_wad)
        event(f"floors above: {bool(above)}, price: {price_wad is not None}")
        if price_wad is None:
            assert not above or size_wad * highest_wad < above[0] * WAD
            continue
        assert mark_wad < price_wad <= highest_wad
        assert price_wad % market.tick_wad == 0
        assert size_wad * (price_wad - market.tick_wad) < above[0] * WAD <= size_wad * price_wad


def test_bracket_price_is_none_above_the_largest_answer() -> None:
    # 0.01 copper is worth 10 000 at a price of a million; the largest answer is ten thousand.
    scene = copper_position("0.01", "100", "1000")
    assert boundaries.bracket_price_wad(scene.state, TRADER, COPPER) is None
    scene = copper_position("1", "100", "1000")
    assert boundaries.bracket_price_wad(scene.state, TRADER, COPPER) == wad("10000")


# --- Time and prices


@drawn(200)
@given(CHOICES)
def test_last_fresh_second_is_fresh_and_one_second_later_is_stale(choices: Choices) -> None:
    scene = world(choices)
    state = at_time(scene.state, NOW_S + choices.magnitude(1, 10**6))
    source = choices.choice(sorted(state.feeds))
    age_s = choices.of(None, 0, choices.between(1, NOW_S))
    state, _ = apply(state, "publish", STRANGER, (source, state.feeds[source].answer, age_s))
    feed = next(feed for feed in state.parameters.feeds if feed.feed == source)
    last_s = boundaries.last_fresh_second_s(state, source, feed.heartbeat_s)
    if last_s is None:
        assert age_s is None or state.feeds[source].updated_at_s == 0
        for second in (0, 1, feed.heartbeat_s, state.time_s):
            assert status_of(feed, state.feeds[source], second) == STALE
        return
    assert status_of(feed, state.feeds[source], last_s) == FRESH
    assert status_of(feed, state.feeds[source], last_s + 1) == STALE


def test_source_that_fails_has_no_last_fresh_second() -> None:
    scene = Scene()
    scene.do("set_feed_mode", STRANGER, "TIN", REVERTS)
    assert boundaries.last_fresh_second_s(scene.state, "TIN", 60) is None
    feed = scene.state.parameters.markets[TIN].feed
    assert status_of(feed, scene.state.feeds["TIN"], NOW_S) == UNAVAILABLE
