"""Boundaries by name, and actions whose number is re-solved from them.

An aim is kept beside the number it gave: when shrinking takes steps away, the number is solved again in the state that is left.
Offsets count the boundary's own unit: a token unit, a lot, a tick, one unit of a feed's answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from reference import boundaries, stop_boundaries
from reference.harm import worst_harmless_price_wad
from reference.prices import FRESH, mark
from reference.rounding import div_ceil
from reference.state import State, with_item
from underwater.actions import Act, Action, Aim, Bundle

Solver = Callable[[State, Action], int | None]
"""The boundary's value for an action in a state, or None where there is none."""


def _largest_trade(state: State, action: Action) -> int | None:
    market, buyer, seller, _, price = action.arguments
    if buyer == seller:
        return None
    bounds = [
        boundaries.largest_trade_wad(state, buyer, market, 1, price, against=seller),
        boundaries.largest_trade_wad(state, seller, market, -1, price, against=buyer),
        boundaries.position_limit_room_wad(state, buyer, market, 1),
        boundaries.position_limit_room_wad(state, seller, market, -1),
    ]
    known = [bound for bound in bounds if bound]
    return min(known) if len(known) == len(bounds) else None


def _largest_trade_of(side: int) -> Solver:
    def solve(state: State, action: Action) -> int | None:
        """What one side's margin admits: 1 is the buyer's, -1 the seller's."""
        market, buyer, seller, _, price = action.arguments
        name, against = (buyer, seller) if side > 0 else (seller, buyer)
        return boundaries.largest_trade_wad(state, name, market, side, price, against=against)

    return solve


def _open_interest(edge: str) -> Solver:
    def solve(state: State, action: Action) -> int | None:
        market, buyer, seller = action.arguments[:3]
        interest: int = getattr(state.parameters.markets[market].scaling, edge)
        return boundaries.size_at_open_interest_wad(state, buyer, seller, market, interest)

    return solve


def _bracket_size(account_argument: int) -> Solver:
    def solve(state: State, action: Action) -> int | None:
        """The size that takes an account's position to its next bracket's floor, from where it is."""
        market = action.arguments[0]
        listed = state.parameters.markets[market]
        held: int = abs(state.accounts[action.arguments[account_argument]].sizes_wad[market])
        for floor_wad in listed.floors_wad[1:]:
            edge = boundaries.size_at_notional_wad(state, market, floor_wad)
            if edge is not None and edge > held:
                return edge - held
        return None

    return solve


def _band_edge(index: int) -> Solver:
    def solve(state: State, action: Action) -> int | None:
        edges = boundaries.band_edges_wad(state, action.arguments[0])
        return None if edges is None else edges[index]

    return solve


def _harmless_price(argument: int) -> Solver:
    def solve(state: State, action: Action) -> int | None:
        """The worst price at which one side's reduction by the trade's size does no harm (T6)."""
        market, size_wad = action.arguments[0], action.arguments[3]
        return worst_harmless_price_wad(state, action.arguments[argument], market, size_wad)

    return solve


def _bad_debt(state: State, _action: Action) -> int | None:
    """What repays all bad debt but what is less than a unit of the settlement token (L8)."""
    return state.bad_debt_wad // state.parameters.collaterals[0].quote_wad_per_unit or None


def _position_of(argument: int, market_argument: int) -> Solver:
    def solve(state: State, action: Action) -> int | None:
        account = state.accounts[action.arguments[argument]]
        return abs(account.sizes_wad[action.arguments[market_argument]]) or None

    return solve


def _margin_out(state: State, action: Action) -> int | None:
    """The most that can be moved out of a bucket, as ``moveMargin`` says it: negative."""
    most_wad = boundaries.largest_margin_out_wad(state, action.arguments[0], action.arguments[1])
    return None if most_wad is None else -most_wad


def _wallet(state: State, name: str, collateral: int) -> int | None:
    """The tokens that somebody has outside the engine; None for none."""
    wallet = state.wallets.get(name)
    return wallet[collateral] or None if wallet is not None else None


def _own_balance(state: State, action: Action) -> int | None:
    """Everything of a collateral that an account has, whatever it may withdraw."""
    account, collateral = state.accounts[action.arguments[0]], action.arguments[1]
    if collateral > 0:
        return account.units[collateral] or None
    return max(0, account.cash_wad) // state.parameters.collaterals[0].quote_wad_per_unit or None


def _small_size(market_argument: int) -> Solver:
    def solve(state: State, action: Action) -> int | None:
        """The size at which a position is just small enough to be closed at once (Q4)."""
        notional_wad = state.parameters.liquidation.small_position_notional_wad
        return boundaries.size_at_notional_wad(state, action.arguments[market_argument], notional_wad) or None

    return solve


def _room(argument: int, direction: int) -> Solver:
    def solve(state: State, action: Action) -> int | None:
        market = action.arguments[0]
        return boundaries.position_limit_room_wad(state, action.arguments[argument], market, direction) or None

    return solve


def _growth(state: State, action: Action) -> int | None:
    """The most that a market's breaker lets open interest grow by (S4)."""
    market, buyer, seller = action.arguments[:3]
    return stop_boundaries.largest_growth_wad(state, buyer, seller, market)


def _reduction(state: State, action: Action) -> int | None:
    """The most by which both sides reduce."""
    market, buyer, seller = action.arguments[:3]
    return stop_boundaries.largest_reduction_wad(state, buyer, seller, market)


def _made_good(state: State, action: Action) -> int | None:
    """The deposit after which nothing counts as used of an outflow limit (S9)."""
    limit = state.parameters.collaterals[action.arguments[1]].outflow
    available = stop_boundaries.largest_outflow_units(state, action.arguments[1])
    return None if available is None else limit.limit_units - available or None


_SIZE, _PRICE = 3, 4
AIMS: dict[str, tuple[int, Solver]] = {
    "deposit cap": (2, lambda s, a: boundaries.largest_deposit_units(s, a.arguments[1])),
    "wallet": (2, lambda s, a: _wallet(s, a.caller, a.arguments[1])),
    "largest withdrawal": (2, lambda s, a: boundaries.largest_withdrawal_units(s, a.arguments[0], a.arguments[1])),
    "own balance": (2, _own_balance),
    "largest trade": (_SIZE, _largest_trade),
    "largest trade of the buyer": (_SIZE, _largest_trade_of(1)),
    "largest trade of the seller": (_SIZE, _largest_trade_of(-1)),
    "open interest where margin begins to scale": (_SIZE, _open_interest("lower_wad")),
    "open interest where margin is all of it": (_SIZE, _open_interest("upper_wad")),
    "position limit of the buyer": (_SIZE, _room(1, 1)),
    "position limit of the seller": (_SIZE, _room(2, -1)),
    "position of the buyer": (_SIZE, _position_of(1, 0)),
    "position of the seller": (_SIZE, _position_of(2, 0)),
    "next bracket of the buyer": (_SIZE, _bracket_size(1)),
    "next bracket of the seller": (_SIZE, _bracket_size(2)),
    "small position": (_SIZE, _small_size(0)),
    "mark": (_PRICE, lambda s, a: known_mark_wad(s, a.arguments[0]) or None),
    "lower band edge": (_PRICE, _band_edge(0)),
    "upper band edge": (_PRICE, _band_edge(1)),
    "harmless price of the buyer": (_PRICE, _harmless_price(1)),
    "harmless price of the seller": (_PRICE, _harmless_price(2)),
    "most to isolate": (2, lambda s, a: boundaries.largest_isolation_wad(s, a.arguments[0], a.arguments[1])),
    "least to isolate": (2, lambda s, a: boundaries.least_isolation_wad(s, a.arguments[0], a.arguments[1])),
    "most margin in": (2, lambda s, a: boundaries.largest_margin_in_wad(s, a.arguments[0], a.arguments[1])),
    "most margin out": (2, _margin_out),
    "close rule": (3, lambda s, a: boundaries.largest_close_wad(s, a.arguments[1], a.arguments[2])),
    "whole position": (3, _position_of(1, 2)),
    "small part": (3, _small_size(2)),
    "largest seizure": (3, lambda s, a: boundaries.largest_seizure_units(s, a.arguments[1], a.arguments[2])),
    "whole balance": (3, lambda s, a: s.accounts[a.arguments[1]].units[a.arguments[2]] or None),
    "fees": (1, lambda s, _: boundaries.largest_fee_collection_units(s)),
    "bad debt": (0, _bad_debt),
    "now": (4, lambda s, _: s.time_s),
    "pool": (1, lambda s, a: s.pool_units[a.arguments[0]]),
    "outflow limit": (2, lambda s, a: stop_boundaries.largest_outflow_units(s, a.arguments[1])),
    "outflow to make good": (2, _made_good),
    "open interest cap": (_SIZE, _growth),
    "both positions": (_SIZE, _reduction),
}
"""Boundary -> (which argument it sets, its solver)."""
ORDER_AIMS: dict[str, tuple[int, Solver]] = {
    "mark": (3, lambda s, a: known_mark_wad(s, a.arguments[1]) or None),
}
"""The same of a request of an order."""


def _of_wrapped(solver: Callable[[State, str, int], int | None]) -> Solver:
    def solve(state: State, action: Action) -> int | None:
        """What a boundary of the collateral that wraps ether says of the account that is named first."""
        wrapped = state.parameters.wrapped_ether
        return None if wrapped is None else solver(state, action.arguments[0], wrapped)

    return solve


ETHER_AIMS: dict[str, tuple[int, Solver]] = {
    "deposit cap": (1, _of_wrapped(lambda s, _, c: boundaries.largest_deposit_units(s, c))),
    "largest withdrawal": (1, _of_wrapped(boundaries.largest_withdrawal_units)),
    "own balance": (1, _of_wrapped(lambda s, name, c: s.accounts[name].units[c] or None)),
    "outflow limit": (1, _of_wrapped(lambda s, _, c: stop_boundaries.largest_outflow_units(s, c))),
}
"""The same of ether in and out."""
AT_MARK = Aim("mark", 0)
MOST_AIMS: dict[str, tuple[Aim, ...]] = {
    "deposit": (Aim("wallet", 0), Aim("deposit cap", 0)),
    "trade": (Aim("largest trade", 0),),
    "withdraw": (Aim("largest withdrawal", 1), Aim("own balance", 0)),
    "deposit_ether": (Aim("deposit cap", 0),),
    "withdraw_ether": (Aim("largest withdrawal", 1), Aim("own balance", 0)),
    "isolate": (Aim("most to isolate", 0),),
    "move_margin": (Aim("most margin in", 0), Aim("most margin out", -1)),
    "liquidate": (Aim("close rule", 1), Aim("close rule", 0), Aim("whole position", 0)),
    "seize": (Aim("largest seizure", 1), Aim("largest seizure", 0), Aim("whole balance", 0)),
}
"""Aims that ask for as much as there is, or one too much, by kind."""

TRIP_AIM = re.compile(r"(lower|upper) trip price of market (\d+)")
PRICE_AIM = re.compile(r"(liquidation|initial margin|close-out|penalty|bracket|limit) price of (\S+) in market (\d+)")
_PRICE_SOLVERS = {
    "liquidation": boundaries.liquidation_price_wad,
    "initial margin": boundaries.initial_margin_price_wad,
    "close-out": boundaries.close_out_price_wad,
    "penalty": boundaries.penalty_price_wad,
}


def _answer_at(state: State, boundary: str) -> int | None:
    """The answer of a market's feed at a price boundary: the last one on the account's good side."""
    trip = TRIP_AIM.fullmatch(boundary)
    if trip is not None and int(trip[2]) < len(state.parameters.markets):
        answers = stop_boundaries.trip_answers(state, int(trip[2]))
        return None if answers is None else answers[trip[1] == "upper"]
    match = PRICE_AIM.fullmatch(boundary)
    if match is None:
        return None
    which, name, market = match[1], match[2], int(match[3])
    if name not in state.accounts or market >= len(state.parameters.markets):
        return None
    feed = state.parameters.markets[market].feed
    if which == "limit":
        order = state.orders.get((name, market))
        return None if order is None else div_ceil(order.limit_wad, feed.scale)
    if which == "bracket":
        price_wad = boundaries.bracket_price_wad(state, name, market)
        return None if price_wad is None else div_ceil(price_wad, feed.scale)
    status, price_wad = _PRICE_SOLVERS[which](state, name, market)
    if status != FRESH:
        return None
    is_long = state.accounts[name].sizes_wad[market] > 0
    return div_ceil(price_wad, feed.scale) if is_long else price_wad // feed.scale


def unit_of(state: State, action: Action, argument: int) -> int:
    """What an offset of one means in an action's argument."""
    if action.kind == "request_order" and action.arguments[1] < len(state.parameters.markets):
        ordered_in = state.parameters.markets[action.arguments[1]]
        step_wad: int = {2: ordered_in.lot_wad, 3: ordered_in.tick_wad}.get(argument, 1)
        return step_wad
    if action.kind in ("trade", "liquidate"):
        market: int = action.arguments[0 if action.kind == "trade" else 2]
        if market < len(state.parameters.markets):
            listed = state.parameters.markets[market]
            return listed.tick_wad if action.kind == "trade" and argument == _PRICE else listed.lot_wad
    return 1


def _aims_of(action: Action) -> dict[str, tuple[int, Solver]]:
    if action.kind in ("deposit_ether", "withdraw_ether"):
        return ETHER_AIMS
    return ORDER_AIMS if action.kind == "request_order" else AIMS


def _boundary(state: State, action: Action, boundary: str) -> tuple[int, int | None]:
    """(the argument that a boundary sets, its value for an action); None where it has no value in this state."""
    if action.kind == "publish":
        return 1, _answer_at(state, boundary)
    argument, solver = _aims_of(action)[boundary]
    try:
        return argument, solver(state, action)
    except IndexError:  # an unknown market or collateral has no boundaries
        return argument, None


def _moved(state: State, action: Action, aim: Aim, argument: int, value: int) -> Action:
    """The action with its number so far from a boundary's value; a number that would be negative is left as it was."""
    number = value + aim.offset * unit_of(state, action, argument)
    arguments = action.arguments
    if number >= 0 or action.kind in ("publish", "move_margin"):
        arguments = with_item(arguments, argument, number)
    return Action(action.kind, action.caller, arguments, aim)


def solve(state: State, action: Action) -> Action:
    """The action with the number that its aim gives in this state; as it was where the aim has no answer here."""
    aim = action.aim
    if aim is None or (action.kind != "publish" and aim.boundary not in _aims_of(action)):
        return action
    argument, value = _boundary(state, action, aim.boundary)
    return action if value is None else _moved(state, action, aim, argument, value)


def aimed(state: State, action: Action, boundary: str, offset: int) -> Action | None:
    """The action aimed at a boundary, or None where the boundary has no value in this state."""
    argument, value = _boundary(state, action, boundary)
    return None if value is None else _moved(state, action, Aim(boundary, offset), argument, value)


def solve_act(state: State, act: Act) -> Act:
    """Every action of an act solved again, a bundle's from the state before it."""
    if isinstance(act, Bundle):
        return act._replace(actions=tuple(solve(state, action) for action in act.actions))
    return solve(state, act)


def as_trades(action: Action, matcher: str) -> tuple[Action, ...]:
    """What moves the same position between the same accounts as a liquidation does, whichever side it is on."""
    if action.kind != "liquidate":
        return ()
    liquidator, account, market, size_wad = action.arguments
    return tuple(
        Action("trade", matcher, (market, buyer, seller, size_wad, 1), AT_MARK)
        for buyer, seller in ((liquidator, account), (account, liquidator))
    )


def merged(one: Action, other: Action) -> Action | None:
    """One action that moves as much as two deposits of one account, two trades of one market between the same two, or what
    isolates a market and a move of margin into it, at the price of the first; None where there is none.
    """
    if (one.kind, other.kind) == ("isolate", "move_margin") and one.arguments[:2] == other.arguments[:2]:
        margin_wad = one.arguments[2] + other.arguments[2]
        return one._replace(arguments=(*one.arguments[:2], margin_wad), aim=None) if margin_wad >= 0 else None
    if (one.kind, one.caller) != (other.kind, other.caller):
        return None
    if one.kind == "deposit" and one.arguments[:2] == other.arguments[:2]:
        return one._replace(arguments=(*one.arguments[:2], one.arguments[2] + other.arguments[2]), aim=None)
    if one.kind == "trade" and one.arguments[0] == other.arguments[0]:
        market, buyer, seller, size_wad, price_wad = one.arguments
        same, turned = other.arguments[1:3] == (buyer, seller), other.arguments[1:3] == (seller, buyer)
        net_wad = size_wad + (other.arguments[3] if same else -other.arguments[3])
        if net_wad and (same or turned):
            sides = (buyer, seller) if net_wad > 0 else (seller, buyer)
            aim = one.aim if one.aim == AT_MARK else None
            return one._replace(arguments=(market, *sides, abs(net_wad), price_wad), aim=aim)
    return None


def just_liquidatable(state: State, action: Action, names: Iterable[str]) -> Iterator[Action]:
    """A published answer moved to where one of the accounts only just can be liquidated, long or short."""
    if action.kind != "publish":
        return
    for market, listed in enumerate(state.parameters.markets):
        if listed.feed.feed == action.arguments[0]:
            # A short is liquidatable a tick above, and answers in between are floored to the tick below (O2).
            tick = max(1, listed.tick_wad // listed.feed.scale)
            for name in names:
                for offset in (-1, tick):
                    yield action._replace(aim=Aim(f"liquidation price of {name} in market {market}", offset))


def known_mark_wad(state: State, market: int) -> int:
    """A market's mark in wad: the lowest that a trade may be about where it is uncertain (T3), 0 where it is unusable."""
    return mark(state, state.parameters.markets[market]).span_wad[0]
