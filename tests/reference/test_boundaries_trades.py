"""Boundaries of trades: band edges, the room below a position limit, the largest trade, and the size at a notional."""

from __future__ import annotations

from hypothesis import event, given

from reference import boundaries
from reference.machine import apply
from reference.margin import Risk, health
from reference.parameters import Bracket
from reference.parts import is_unencumbered
from reference.prices import FRESH, require_mark
from reference.rounding import WAD, div_ceil
from reference.state import REVERTS, State, with_item
from reference.trading import requirement_of
from tests.reference.drawn import CHOICES, Choices, aim, held_market, spoil, traded, world
from tests.reference.support import (
    BUYS,
    BYSTANDER,
    COPPER,
    COUNTERPARTY,
    GOLD,
    MATCHER,
    RISK_MANAGER,
    SELLS,
    STRANGER,
    TIN,
    TRADER,
    UNUSABLE,
    Scene,
    decided,
    drawn,
    gold,
    rich,
    unlimited,
    wad,
)


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
    mark_wad = require_mark(state, listed).price_wad
    amount = size_wad * price_wad // WAD
    fee_wad = div_ceil(amount * listed.limits.trading_fee_rate_wad, WAD)
    after_wad = account.sizes_wad[market] + direction * size_wad
    # Settled at the mark (T5): what the position was worth and what the trade won is cash.
    net_wad = mark_wad - state.due.per_unit_wad[market]
    value_wad = account.sizes_wad[market] * net_wad // WAD + account.quotes_wad[market]
    won_wad = direction * (size_wad * mark_wad // WAD - amount)
    after = account._replace(
        cash_wad=account.cash_wad - fee_wad + value_wad + won_wad,
        sizes_wad=with_item(account.sizes_wad, market, after_wad),
        quotes_wad=with_item(account.quotes_wad, market, -(after_wad * net_wad // WAD)),
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


def test_largest_trade_where_open_interest_adds_to_the_requirement_by_hand() -> None:
    scene = Scene()
    scene.fund(TRADER, "500")
    scene.do("set_open_interest_scaling", RISK_MANAGER, COPPER, 0, wad("1000"))
    # Of a notional N, all of open interest: 0.1 N + 0.9 N * N / 1000 and a fee of 0.001 N make 500 at N = 691.35...
    assert boundaries.largest_trade_wad(scene.state, TRADER, COPPER, BUYS, wad("100")) == wad("6.91")
    hold_trade(scene.state, COPPER, BUYS, wad("100"))


def test_largest_trade_that_closes_what_the_other_side_held_adds_no_open_interest() -> None:
    scene = Scene()
    for name in (TRADER, COUNTERPARTY, BYSTANDER):
        scene.fund(name, "500")
    scene.trade(COPPER, COUNTERPARTY, BYSTANDER, "4", "100")
    scene.do("set_open_interest_scaling", RISK_MANAGER, COPPER, 0, wad("1000"))

    def largest(against: str | None) -> int | None:
        return boundaries.largest_trade_wad(scene.state, TRADER, COPPER, BUYS, wad("100"), against=against)

    # Open interest is 400 + N against somebody without a position: 0.1 N + 0.9 N (400 + N) / 1000 + 0.001 N = 500.
    assert largest(None) == wad("5.32")
    # Against one who holds 400 it is 400 up to there, and N beyond: as if nobody had held anything.
    assert largest(COUNTERPARTY) == wad("6.91")
    assert largest(BYSTANDER) == wad("5.32")


def test_size_at_an_open_interest_leaves_it_there_and_one_lot_more_beyond() -> None:
    scene = Scene()
    for name in (TRADER, COUNTERPARTY, BYSTANDER):
        scene.fund(name, "10000")
    scene.trade(COPPER, COUNTERPARTY, BYSTANDER, "4", "100")

    def size(buyer: str, seller: str, interest: str) -> int | None:
        return boundaries.size_at_open_interest_wad(scene.state, buyer, seller, COPPER, wad(interest))

    assert size(TRADER, BYSTANDER, "1000") == size(COUNTERPARTY, BYSTANDER, "1000.99") == wad("6")
    assert size(TRADER, BYSTANDER, "400.99") is None
    assert size(TRADER, COUNTERPARTY, "1000") is None  # who would close first
    scene.trade(COPPER, TRADER, BYSTANDER, "6", "100")
    assert scene.state.open_interest_wad[COPPER] * 100 == wad("1000")


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
    assert requirement_of(market, size_wad, wad("100"), 0) == (wad("1000"), wad("500"))
    assert requirement_of(market, size_wad + market.lot_wad, wad("100"), 0) == (wad("1000.2"), wad("500.1"))
