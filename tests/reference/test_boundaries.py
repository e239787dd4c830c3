"""Every boundary is held to the rule that it inverts: the last value is decided one way, one unit further the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import event, given

from reference import boundaries
from reference.boundaries import NO_LIQUIDATION_PRICE
from reference.machine import apply, at_time
from reference.margin import Risk, health, is_unencumbered
from reference.parameters import Bracket
from reference.prices import FRESH, STALE, UNAVAILABLE, require_mark, status_of
from reference.rounding import WAD, div_ceil, floor_to_multiple
from reference.state import REVERTS, State, with_item
from reference.trading import requirement_of
from tests.reference.drawn import CHOICES, Choices, aim, held_market, spoil, traded, world
from tests.reference.support import (
    BUYS,
    BYSTANDER,
    COPPER,
    COUNTERPARTY,
    GOLD,
    LIQUIDATOR,
    MATCHER,
    NOW_S,
    RECIPIENT,
    RISK_MANAGER,
    SELLS,
    SILVER,
    STRANGER,
    TIN,
    TRADER,
    TREASURY,
    USD,
    Scene,
    drawn,
    gold,
    priced_apart,
    rich,
    wad,
)

UNUSABLE = {"FeedUnavailable", "PriceOutOfBounds", "PriceStale"}
FEW_TICKS = 200
"""So few prices that a test can try each."""


def decided(state: State, kind: str, caller: str, *arguments: Any) -> str | None:
    """The error of an action, or None."""
    return apply(state, kind, caller, arguments)[1].error


# --- Ledger


@drawn(200)
@given(CHOICES)
def test_largest_deposit_is_accepted_and_one_unit_more_exceeds_the_cap(choices: Choices) -> None:
    scene = traded(choices, most_trades=1)
    collateral = choices.randrange(len(scene.state.parameters.collaterals))
    cap_units = max(0, scene.state.pool_units[collateral] + choices.of(-1, 0, 1, choices.magnitude(1, 10**9)))
    scene.do("set_deposit_cap", RISK_MANAGER, collateral, cap_units)
    largest = boundaries.largest_deposit_units(scene.state, collateral)
    event("none" if largest is None else "some")
    if largest is not None:
        assert decided(scene.state, "deposit", BYSTANDER, BYSTANDER, collateral, largest) is None
    assert decided(scene.state, "deposit", BYSTANDER, BYSTANDER, collateral, (largest or 0) + 1) == "DepositCapExceeded"


WITHDRAWAL_ERRORS = {
    "InsufficientCash",
    "InsufficientLiquidity",
    "InsufficientCollateral",
    "InsufficientMargin",
    *UNUSABLE,
}


def hold_withdrawal(scene: Scene, collateral: int) -> None:
    """The rule of the largest withdrawal, in one state."""
    largest = boundaries.largest_withdrawal_units(scene.state, TRADER, collateral)
    if largest is not None:
        assert decided(scene.state, "withdraw", TRADER, TRADER, collateral, largest) is None
    error = decided(scene.state, "withdraw", TRADER, TRADER, collateral, (largest or 0) + 1)
    assert error in WITHDRAWAL_ERRORS
    event(f"{'none' if largest is None else 'some'}, then {error}")
    if largest is None:
        balance = scene.account(TRADER).units[collateral] or scene.state.pool_units[collateral]
        for units in (2, 3, balance // 2, balance - 1, balance):
            assert units <= 0 or decided(scene.state, "withdraw", TRADER, TRADER, collateral, units) is not None


@drawn(1000)
@given(CHOICES)
def test_largest_withdrawal_is_accepted_and_one_unit_more_is_refused(choices: Choices) -> None:
    scene = traded(choices)
    aim(choices, scene)
    if choices.happens(0.25):
        spoil(choices, scene)
    if choices.happens(0.25):
        # The counterparty's realised profit leaves the pool first (L3).
        largest = boundaries.largest_withdrawal_units(scene.state, COUNTERPARTY, USD)
        if largest is not None:
            scene.do("withdraw", COUNTERPARTY, COUNTERPARTY, USD, largest)
    for collateral in range(len(scene.state.parameters.collaterals)):
        hold_withdrawal(scene, collateral)


def test_largest_withdrawal_of_a_collateral_whose_price_is_gone_is_all_of_it_or_nothing() -> None:
    scene = Scene()
    scene.fund(TRADER, "200")
    scene.fund(COUNTERPARTY, "1000")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    scene.do("set_feed_mode", STRANGER, "GOLD", REVERTS)
    assert boundaries.largest_withdrawal_units(scene.state, TRADER, GOLD) == gold("1")
    assert scene.refused("withdraw", TRADER, TRADER, GOLD, gold("1") - 1) == ("FeedUnavailable", "GOLD")
    scene.do("withdraw", TRADER, TRADER, GOLD, gold("1"))


def test_no_withdrawal_of_a_collateral_whose_price_is_gone_where_the_rest_does_not_carry_the_positions() -> None:
    scene = Scene()
    scene.fund(TRADER, "50")
    scene.fund(COUNTERPARTY, "1000")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    scene.do("set_feed_mode", STRANGER, "GOLD", REVERTS)
    assert boundaries.largest_withdrawal_units(scene.state, TRADER, GOLD) is None
    assert scene.refused("withdraw", TRADER, TRADER, GOLD, gold("1"))[0] == "InsufficientMargin"
    assert scene.refused("withdraw", TRADER, TRADER, GOLD, 1) == ("FeedUnavailable", "GOLD")


@drawn(200)
@given(CHOICES)
def test_largest_fee_collection_is_accepted_and_one_unit_more_is_refused(choices: Choices) -> None:
    scene = traded(choices)
    if choices.happens(0.5):
        # Fees of a whole unit, and a pool that may hold less than that.
        scene.state = scene.state._replace(fees_wad=choices.magnitude(1, 10**20))
        scene.state = scene.state._replace(pool_units=with_item(scene.state.pool_units, 0, choices.between(0, 150)))
    largest = boundaries.largest_fee_collection_units(scene.state)
    if largest is not None:
        assert decided(scene.state, "collect_fees", TREASURY, RECIPIENT, largest) is None
    error = decided(scene.state, "collect_fees", TREASURY, RECIPIENT, (largest or 0) + 1)
    event(f"{'none' if largest is None else 'some'}, then {error}")
    assert error in ("InsufficientFees", "InsufficientLiquidity")


# --- Trades


def probed_trade(state: State, market: int, direction: int, size_wad: int, price_wad: int) -> str | None:
    """The error of the trader's trade with a counterparty whose own tests never decide."""
    sides = (TRADER, "rich") if direction == BUYS else ("rich", TRADER)
    operators = state.operators | {("rich", MATCHER)}
    return decided(
        rich(state, "rich")._replace(operators=operators), "trade", MATCHER, market, *sides, size_wad, price_wad
    )


@drawn(400)
@given(CHOICES)
def test_both_band_edges_are_inside_the_band_and_one_tick_further_is_outside(choices: Choices) -> None:
    scene = world(choices)
    for number, market in enumerate(scene.state.parameters.markets):
        edges = boundaries.band_edges_wad(scene.state, number)
        assert edges is not None
        for price_wad in edges:
            assert probed_trade(scene.state, number, BUYS, market.lot_wad, price_wad) in (
                None,
                "InsufficientMargin",
                "PositionLimitExceeded",
            )
        low_wad, high_wad = edges[0] - market.tick_wad, edges[1] + market.tick_wad
        event(f"reach in ticks: {len(str((edges[1] - edges[0]) // 2 // market.tick_wad))} digits")
        assert probed_trade(scene.state, number, BUYS, market.lot_wad, high_wad) == "PriceOutsideBand"
        below = "PriceOutsideBand" if low_wad else "InvalidPrice"
        assert probed_trade(scene.state, number, BUYS, market.lot_wad, low_wad) == below


@drawn(500)
@given(CHOICES)
def test_position_limit_room_is_within_the_limit_and_one_lot_more_exceeds_it(choices: Choices) -> None:
    scene = traded(choices)
    number = held_market(choices, scene)
    market = scene.state.parameters.markets[number]
    held_wad = scene.account(TRADER).sizes_wad[number]
    if choices.happens(0.5):
        # Standing positions may be above a limit that was lowered (P9).
        lots = max(1, abs(held_wad) * choices.randint(0, 250) // 100 // market.lot_wad)
        scene.set_limits(number, position_limit_wad=lots * market.lot_wad)
    mark_wad = scene.mark(number)
    # Enough cash that the position limit alone decides.
    scene.set_cash(TRADER, 10**50)
    for direction in (BUYS, SELLS):
        room_wad = boundaries.position_limit_room_wad(scene.state, TRADER, number, direction)
        event(f"room: {room_wad > 0}, turns round: {held_wad * direction < 0}")
        sizes = {room_wad, room_wad // market.lot_wad // 2 * market.lot_wad} - {0}
        for size_wad in sizes:
            assert probed_limit(scene.state, number, direction, size_wad, mark_wad) is None
        refused = probed_limit(scene.state, number, direction, room_wad + market.lot_wad, mark_wad)
        assert refused == ("PositionLimitExceeded", TRADER)


def probed_limit(state: State, market: int, direction: int, size_wad: int, price_wad: int) -> tuple[object, ...] | None:
    """Whether T4 refuses the trader, with a counterparty that shrinks by the trade."""
    opposite = rich(state, "rich").accounts["rich"]
    opposite = opposite._replace(sizes_wad=with_item(opposite.sizes_wad, market, direction * size_wad))
    state = state._replace(
        accounts={**state.accounts, "rich": opposite}, operators=state.operators | {("rich", MATCHER)}
    )
    sides = (TRADER, "rich") if direction == BUYS else ("rich", TRADER)
    outcome = apply(state, "trade", MATCHER, (market, *sides, size_wad, price_wad))[1]
    return None if outcome.error is None else (outcome.error, outcome.error_arguments[0])


def test_position_above_a_lowered_limit_may_turn_round_to_its_own_size_and_not_one_lot_further() -> None:
    scene = Scene()
    scene.fund(TRADER, "100000")
    scene.fund(COUNTERPARTY, "100000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    scene.do("set_market_limits", RISK_MANAGER, COPPER, wad("0.01"), wad("0.001"), wad("0.02"), wad("5"))
    assert boundaries.position_limit_room_wad(scene.state, TRADER, COPPER, BUYS) == 0
    assert boundaries.position_limit_room_wad(scene.state, TRADER, COPPER, SELLS) == wad("20")
    refused = scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "20.01", "100")
    assert refused == ("PositionLimitExceeded", COUNTERPARTY, wad("10.01"))
    scene.trade(COPPER, COUNTERPARTY, TRADER, "20", "100")


def unlimited(scene: Scene, market: int) -> State:
    """The scene's state with a position limit that never decides."""
    before = scene.state
    scene.set_limits(market, position_limit_wad=10**60 // scene.state.parameters.markets[market].lot_wad * 10**18)
    state, scene.state = scene.state, before
    return state


def hold_trade(state: State, market: int, direction: int, price_wad: int, guesses: tuple[int, ...] = ()) -> str:
    """The rule of the largest trade, in one state, and what was found. ``guesses``: lots to try where there is none."""
    listed = state.parameters.markets[market]
    held_wad = state.accounts[TRADER].sizes_wad[market] * direction
    close_wad = max(0, -held_wad)
    largest_wad = boundaries.largest_trade_wad(state, TRADER, market, direction, price_wad)
    if largest_wad is None:
        for size_wad in {close_wad, *(close_wad + guess * listed.lot_wad for guess in guesses)} - {0}:
            error = probed_trade(state, market, direction, size_wad, price_wad)
            if size_wad > close_wad:
                assert error in {"InsufficientMargin", *UNUSABLE}
            else:
                # A position closed whole without its initial margin left: only T6's reduction may let it pass.
                assert error is not None or not has_initial_margin_after(state, market, direction, size_wad, price_wad)
        return "none"
    assert largest_wad >= close_wad
    assert largest_wad % listed.lot_wad == 0
    assert probed_trade(state, market, direction, largest_wad, price_wad) is None
    assert has_initial_margin_after(state, market, direction, largest_wad, price_wad)
    error = probed_trade(state, market, direction, largest_wad + listed.lot_wad, price_wad)
    assert error in {"InsufficientMargin", *UNUSABLE}
    assert probed_trade(state, market, direction, 3 * largest_wad + listed.lot_wad, price_wad) == error
    return f"{'grows' if largest_wad > close_wad else 'closes'}, held {(held_wad > 0) - (held_wad < 0)}, then {error}"


def has_initial_margin_after(state: State, market: int, direction: int, size_wad: int, price_wad: int) -> bool:
    """Whether the account after a trade is unencumbered or has its initial margin (T6 without reductions)."""
    listed = state.parameters.markets[market]
    account = state.accounts[TRADER]
    mark_wad = require_mark(state, listed)
    amount = size_wad * price_wad // WAD
    fee_wad = div_ceil(amount * listed.limits.trading_fee_rate_wad, WAD)
    after_wad = account.sizes_wad[market] + direction * size_wad
    # Settled at the mark (T5): what the position was worth and what the trade won is cash.
    value_wad = account.sizes_wad[market] * mark_wad // WAD + account.quotes_wad[market]
    won_wad = direction * (size_wad * mark_wad // WAD - amount)
    after = account._replace(
        cash_wad=account.cash_wad - fee_wad + value_wad + won_wad,
        sizes_wad=with_item(account.sizes_wad, market, after_wad),
        quotes_wad=with_item(account.quotes_wad, market, -(after_wad * mark_wad // WAD)),
    )
    status, risk = health(state, after)
    return is_unencumbered(after) or (status == FRESH and risk.equity_wad >= risk.initial_margin_wad)


@drawn(2000)
@given(CHOICES)
def test_largest_trade_has_its_initial_margin_and_one_lot_more_has_not(choices: Choices) -> None:
    scene = traded(choices, most_trades=3)
    aim(choices, scene)
    if choices.happens(0.1):
        spoil(choices, scene)
    number = held_market(choices, scene)
    state = unlimited(scene, number)
    edges = boundaries.band_edges_wad(state, number)
    direction = choices.of(BUYS, SELLS)
    if edges is None:
        assert (
            boundaries.largest_trade_wad(
                state, TRADER, number, direction, scene.state.parameters.markets[number].tick_wad
            )
            is None
        )
        return
    tick_wad = scene.state.parameters.markets[number].tick_wad
    price_wad = choices.between(edges[0] // tick_wad, edges[1] // tick_wad) * tick_wad
    event(hold_trade(state, number, direction, price_wad, (1, 2, 10**3)))


def test_largest_trade_is_none_outside_the_band() -> None:
    scene = Scene()
    scene.fund(TRADER, "1000")
    assert boundaries.largest_trade_wad(scene.state, TRADER, COPPER, BUYS, wad("101")) is not None
    assert boundaries.largest_trade_wad(scene.state, TRADER, COPPER, BUYS, wad("101.1")) is None
    assert boundaries.largest_trade_wad(scene.state, TRADER, COPPER, SELLS, wad("10000")) is None


def test_largest_trade_across_a_bracket_edge_by_hand() -> None:
    scene = Scene()
    scene.fund(TRADER, "3360")
    # 200 copper at 100: IM 0.1 * 10 000 + 0.2 * 10 000 = 3000, fee 20; each further lot (1 quote) needs 0.2 + 0.001.
    # (3360 - 3020) / 0.201 = 1691.54...: 1691 lots.
    assert boundaries.largest_trade_wad(scene.state, TRADER, COPPER, BUYS, wad("100")) == wad("216.91")
    hold_trade(scene.state, COPPER, BUYS, wad("100"))


def test_largest_trade_closes_the_last_position_while_the_collateral_has_no_price() -> None:
    scene = Scene()
    scene.fund(TRADER, "200")
    scene.fund(COUNTERPARTY, "10000")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    scene.do("set_feed_mode", STRANGER, "GOLD", REVERTS)
    assert boundaries.largest_trade_wad(scene.state, TRADER, COPPER, SELLS, wad("100")) == wad("10")
    assert boundaries.largest_trade_wad(scene.state, TRADER, COPPER, BUYS, wad("100")) is None
    for size in ("9.99", "10.01"):
        assert scene.refused_trade(COPPER, COUNTERPARTY, TRADER, size, "100") == ("FeedUnavailable", "GOLD")
    scene.trade(COPPER, COUNTERPARTY, TRADER, "10", "100")


def test_closing_while_the_collateral_has_no_price_must_leave_no_debt_by_hand() -> None:
    scene = Scene()
    scene.fund(TRADER, "1000")
    scene.fund(COUNTERPARTY, "10000")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    scene.do("set_feed_mode", STRANGER, "GOLD", REVERTS)
    # Sold at 99, ten lose 10 and pay a fee of 0.99.
    scene.set_cash(TRADER, wad("10.99") - 1)
    assert boundaries.largest_trade_wad(scene.state, TRADER, COPPER, SELLS, wad("99")) is None
    assert scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "10", "99") == ("FeedUnavailable", "GOLD")
    scene.set_cash(TRADER, wad("10.99"))
    assert boundaries.largest_trade_wad(scene.state, TRADER, COPPER, SELLS, wad("99")) == wad("10")
    scene.trade(COPPER, COUNTERPARTY, TRADER, "10", "99")


def test_largest_trade_is_found_where_a_lot_is_worth_less_than_the_roundings() -> None:
    # A lot of one tick is worth one quote wad and needs a thousandth of it: fee and requirement round over 1000 lots.
    scene = Scene()
    scene.set_market(
        TIN,
        lot_wad=wad("0.000000001"),
        tick_wad=wad("0.000000001"),
        brackets=(Bracket(0, wad("0.001"), wad("0.0005")),),
    )
    scene.set_limits(TIN, price_band_rate_wad=0, trading_fee_rate_wad=wad("0.0001"), position_limit_wad=10**40)
    scene.do("publish", STRANGER, "TIN", wad("0.000000001"), 0)
    scene.set_market(TIN, feed=scene.state.parameters.markets[TIN].feed.__class__("TIN", 18, 60, 1, 10**21))
    for cash_wad in (0, 1, 2, 3, 10, 1_000, 123_456_789):
        scene.set_cash(TRADER, cash_wad)
        hold_trade(scene.state, TIN, BUYS, wad("0.000000001"), (1, 2, 900, 1000, 1001))


def test_closing_whole_fails_where_fees_exceed_the_margin_that_closing_frees() -> None:
    # Initial 0.3 %, fee 1 %: each lot closed costs more than it frees, and only a part still has its initial margin.
    scene = Scene()
    scene.set_market(COPPER, brackets=(Bracket(0, wad("0.003"), wad("0.002")),))
    scene.fund(COUNTERPARTY, "10000")
    scene.fund(TRADER, "3")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "5", "100")
    scene.set_limits(COPPER, trading_fee_rate_wad=wad("0.01"))
    assert scene.risk(TRADER) == Risk(wad("2.5"), wad("1.5"), wad("1"))
    assert boundaries.largest_trade_wad(scene.state, TRADER, COPPER, SELLS, wad("100")) is None
    assert scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "5", "100")[0] == "InsufficientMargin"
    scene.trade(COPPER, COUNTERPARTY, TRADER, "1.4", "100")


@drawn(300)
@given(CHOICES)
def test_size_at_a_notional_is_at_most_that_and_one_lot_more_is_above(choices: Choices) -> None:
    scene = world(choices)
    for number, market in enumerate(scene.state.parameters.markets):
        floors = [bracket.floor_wad for bracket in market.brackets]
        notional = choices.of(*floors, choices.magnitude(1, 10**26))
        size_wad = boundaries.size_at_notional_wad(scene.state, number, notional)
        mark_wad = scene.mark(number)
        event("none" if size_wad is None else "some")
        if size_wad is not None:
            assert size_wad % market.lot_wad == 0
            assert size_wad * mark_wad <= notional * WAD
        assert ((size_wad or 0) + market.lot_wad) * mark_wad > notional * WAD


def test_size_at_a_bracket_floor_is_the_last_size_of_the_lower_rate() -> None:
    scene = Scene()
    size_wad = boundaries.size_at_notional_wad(scene.state, COPPER, wad("10000"))
    assert size_wad == wad("100")
    market = scene.state.parameters.markets[COPPER]
    assert requirement_of(market, size_wad, wad("100")) == (wad("1000"), wad("500"))
    assert requirement_of(market, size_wad + market.lot_wad, wad("100")) == (wad("1000.2"), wad("500.1"))


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
            if size_wad:
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


# --- Liquidation


@drawn(600)
@given(CHOICES)
def test_largest_close_is_accepted_and_one_lot_more_is_too_large(choices: Choices) -> None:
    scene = traded(choices)
    aim(choices, scene)
    number = held_market(choices, scene)
    market = scene.state.parameters.markets[number]
    state = rich(unlimited(scene, number), LIQUIDATOR)
    largest_wad = boundaries.largest_close_wad(state, TRADER, number)
    size_wad = abs(scene.account(TRADER).sizes_wad[number])
    if largest_wad is None:
        error = decided(state, "liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, number, market.lot_wad)
        assert error == ("AccountHealthy" if size_wad else "NoPosition")
        event(f"none: {error}")
        return
    event("whole" if largest_wad == size_wad else "part")
    assert decided(state, "liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, number, largest_wad) is None
    more_wad = largest_wad + market.lot_wad
    assert decided(state, "liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, number, more_wad) == "CloseTooLarge"


@drawn(200)
@given(CHOICES)
def test_no_largest_close_while_a_needed_price_is_unusable(choices: Choices) -> None:
    scene = traded(choices)
    spoil(choices, scene)
    status, _ = health(scene.state, scene.account(TRADER))
    for number, market in enumerate(scene.state.parameters.markets):
        if status != FRESH and scene.account(TRADER).sizes_wad[number]:
            assert boundaries.largest_close_wad(scene.state, TRADER, number) is None
            error = decided(scene.state, "liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, number, market.lot_wad)
            assert error in UNUSABLE


@drawn(500)
@given(CHOICES)
def test_largest_seizure_is_accepted_and_one_unit_more_is_refused(choices: Choices) -> None:
    scene = traded(choices)
    collaterals = scene.state.parameters.collaterals
    collateral = choices.randrange(max(1, len(collaterals) - 1)) + (len(collaterals) > 1)
    if collateral and choices.happens(0.5):
        held = choices.magnitude(1, 10 ** (collaterals[collateral].decimals + 1))
        scene.do("deposit", TRADER, TRADER, collateral, held)
        _, risk = health(scene.state, scene.account(TRADER))
        # Debt from next to nothing to more than the collateral is worth.
        collateral_wad = max(0, risk.equity_wad - scene.account(TRADER).cash_wad)
        debt_wad = choices.of(1, 2, choices.randint(1, max(1, 2 * collateral_wad)))
        scene.set_cash(TRADER, -debt_wad)
    state = rich(scene.state, LIQUIDATOR)
    account = state.accounts[TRADER]
    largest = boundaries.largest_seizure_units(state, TRADER, collateral)
    error = decided(state, "seize", LIQUIDATOR, LIQUIDATOR, TRADER, collateral, largest or 1)
    if largest is None:
        event(f"none: {error}")
        assert error in ("NotSeizable", "InsufficientCollateral", "AccountHealthy", "NoDebt")
        return
    assert largest <= account.units[collateral]
    event(f"{'balance' if largest == account.units[collateral] else 'debt'} decides: {error}")
    # Whether the account is liquidatable is no part of this boundary.
    assert error in (None, "AccountHealthy")
    if error is None:
        beyond = decided(state, "seize", LIQUIDATOR, LIQUIDATOR, TRADER, collateral, largest + 1)
        assert beyond == ("InsufficientCollateral" if largest == account.units[collateral] else "SeizureTooLarge")


def test_largest_seizure_is_none_while_its_price_is_unusable() -> None:
    scene = Scene()
    scene.do("deposit", TRADER, TRADER, SILVER, wad("1"))
    scene.set_cash(TRADER, -wad("20"))
    assert boundaries.largest_seizure_units(scene.state, TRADER, SILVER) == wad("1")
    scene.do("set_feed_mode", STRANGER, "SILVER", REVERTS)
    assert boundaries.largest_seizure_units(scene.state, TRADER, SILVER) is None


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
