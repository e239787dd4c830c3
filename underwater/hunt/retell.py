"""Histories told otherwise: pure functions, which the shrinker tries and keeps where the history still fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reference.prices import collateral_price_status
from reference.state import State
from underwater.actions import Act, Action, Block, Bundle, Cast, Loan, actions_of
from underwater.aims import AT_MARK
from underwater.checks import MARKET_AT
from underwater.engine import Deployment, Engine
from underwater.engine.vocabulary import NAMES_SOMEBODY, Kind

Flat = tuple[tuple[int, Act], ...]
"""Acts with the seconds before them; 0 is the same block as the act before."""


def flatten(blocks: tuple[Block, ...]) -> Flat:
    """Blocks as acts with the seconds before them."""
    return tuple((block.after_s if place == 0 else 0, act) for block in blocks for place, act in enumerate(block.acts))


def fold(flat: Flat) -> tuple[Block, ...]:
    """The inverse of ``flatten``; the first act opens a block whatever comes before it."""
    blocks: list[tuple[int, list[Act]]] = []
    for after_s, act in flat:
        if after_s == 0 and blocks:
            blocks[-1][1].append(act)
        else:
            blocks.append((max(1, after_s), [act]))
    return tuple(Block(after_s, tuple(acts)) for after_s, acts in blocks)


def translated(flat: Flat, engine: Engine, here: Deployment, there: Deployment) -> Flat:
    """The history told in another deployment, without the acts that name what is not there."""
    told: list[tuple[int, Act]] = []
    for after_s, act in flat:
        if isinstance(act, Bundle):
            parts = [engine.translated(action, here, there) for action in act.actions]
            kept = tuple(part for part in parts if part is not None)
            if kept:
                tried = [engine.translated(action, here, there) for action in act.during]
                loan = None
                if act.loan is not None:
                    lent = engine.translated(
                        Action(engine.vocabulary(here).loan_kind, act.caller, act.loan), here, there
                    )
                    loan = None if lent is None or not lent.arguments[1] else Loan(*lent.arguments)
                during = tuple(action for action in tried if action is not None)
                told.append((after_s, act._replace(actions=kept, during=during, loan=loan)))
        else:
            action = engine.translated(act, here, there)
            if action is not None:
                told.append((after_s, action))
    return tuple(told)


def is_deposit(act: Act) -> bool:
    """Whether an act brings money in."""
    return act.kind in ("deposit", "deposit_ether")


def in_cash(state: State, act: Action) -> Action | None:
    """A deposit of settlement tokens worth about as much as what is deposited; None where there is none, or it is that."""
    if act.kind == "deposit_ether" and state.parameters.wrapped_ether is not None:
        (name, units), collateral = act.arguments, state.parameters.wrapped_ether
    elif act.kind == "deposit" and act.arguments[1] > 0:
        name, collateral, units = act.arguments
    else:
        return None
    return Action("deposit", act.caller, (name, 0, units_in_cash(state, collateral, units)))


def prey_of(act: Act) -> Iterator[str]:
    """The accounts that are liquidated."""
    return (action.arguments[1] for action in actions_of(act) if action.kind in ("liquidate", "seize"))


def by_its_owner(act: Act, kinds: Mapping[str, Kind], cast: Cast) -> Act:
    """An act of the account that it is for, or a trade of the matcher; a contract's own acts stay, for no other can do them."""
    if isinstance(act, Bundle) or act.caller == cast.attacker:
        return act
    if act.kind == "trade":
        return act._replace(caller=cast.matcher)
    accounts = {
        parameter.name: value
        for parameter, value in zip(kinds[act.kind].parameters, act.arguments, strict=True)
        if parameter.type == "account"
    }
    for owner in ("liquidator", "counterparty", "account"):
        if owner in accounts:
            return act if accounts[owner] == cast.attacker else act._replace(caller=accounts[owner])
    return act


def of_the_order(flat: Flat, place: int, matcher: str) -> Flat | None:
    """The history with a trade at the mark in the place of an order's execution, without its request; None where there is none."""
    after_s, act = flat[place]
    if act.kind != "execute_order" or isinstance(act, Bundle):
        return None
    account, market, counterparty = act.arguments
    for asked in range(place - 1, -1, -1):
        request = flat[asked][1]
        if (
            isinstance(request, Action)
            and request.kind == "request_order"
            and request.arguments[:2] == (account, market)
        ):
            size_wad = request.arguments[2]
            sides = (account, counterparty) if size_wad > 0 else (counterparty, account)
            trade = Action("trade", matcher, (market, *sides, abs(size_wad), 1), AT_MARK)
            return (*flat[:asked], *flat[asked + 1 : place], (after_s, trade), *flat[place + 1 :])
    return None


def accruing(item: tuple[int, Act]) -> Iterator[tuple[int, Act]]:
    """What brings a market up to date, in the place of what does it among other things."""
    after_s, act = item
    if isinstance(act, Action) and act.kind in ("trade", "settle", "liquidate", "execute_order"):
        yield after_s, Action("accrue_funding", act.caller, (act.arguments[MARKET_AT[act.kind]],))


def unpublished(flat: Flat) -> Flat:
    """Without any change of prices."""
    return tuple(item for item in flat if item[1].kind != "publish")


def units_in_cash(state: State, collateral: int, units: int) -> int:
    """Settlement tokens worth about as much as units of another collateral; 0 for one that is not listed or priced."""
    if collateral >= len(state.parameters.collaterals):
        return 0
    token = state.parameters.collaterals[collateral]
    worth_wad: int = units * collateral_price_status(state, token)[1] // 10**token.decimals
    return worth_wad // state.parameters.collaterals[0].quote_wad_per_unit


def plainer_numbers(value: int, unit: int) -> Iterator[int]:
    """Numbers of fewer digits near ``value`` and below, in whole units; the plainest first."""
    seen = set()
    text = str(value)
    for keep in (1, 2, 3):
        if len(text) > keep:
            scale = 10 ** (len(text) - keep)
            for plain in (value // scale * scale, -(-value // scale) * scale):
                plain = plain // unit * unit
                if 0 < plain != value and plain not in seen:
                    seen.add(plain)
                    yield plain


def values_of(act: Act, kinds: Mapping[str, Kind], *wanted: str) -> Iterator[Any]:
    """The arguments of some types."""
    for action in actions_of(act):
        for parameter, value in zip(kinds[action.kind].parameters, action.arguments, strict=True):
            if parameter.type in wanted:
                yield value


def actors_of(act: Act, kinds: Mapping[str, Kind]) -> Iterator[str]:
    """Those whom an act names."""
    return values_of(act, kinds, *NAMES_SOMEBODY)


def in_market(action: Action, kinds: Mapping[str, Kind], market: int) -> Action:
    """The same in another market."""
    arguments = tuple(
        market if parameter.type == "market" else value
        for parameter, value in zip(kinds[action.kind].parameters, action.arguments, strict=True)
    )
    return action._replace(arguments=arguments)


def renamed(act: Act, name: str, other: str) -> Act:
    """The same by, for and about another actor; a bundle's own caller stays, for no other can do it."""
    if isinstance(act, Bundle):
        return (
            act
            if name == act.caller
            else act._replace(
                actions=tuple(_renamed_action(a, name, other) for a in act.actions),
                during=tuple(_renamed_action(a, name, other) for a in act.during),
            )
        )
    return _renamed_action(act, name, other)


def _renamed_action(action: Action, name: str, other: str) -> Action:
    aim = action.aim
    if aim is not None and f" of {name} in " in aim.boundary:
        aim = aim._replace(boundary=aim.boundary.replace(f" of {name} in ", f" of {other} in "))
    return Action(
        action.kind,
        other if action.caller == name else action.caller,
        tuple(other if value == name else value for value in action.arguments),
        aim,
    )


def simpler_bundles(after_s: int, bundle: Bundle) -> Iterator[Flat]:
    """A bundle's actions one by one; or the bundle without its loan, without what it tries meanwhile, or with fewer of either's actions."""
    yield tuple((after_s if index == 0 else 1, action) for index, action in enumerate(bundle.actions))
    fewer: list[Bundle] = []
    if bundle.loan is not None:
        fewer.append(bundle._replace(loan=None))
    if bundle.during:
        fewer.append(bundle._replace(during=()))
    if len(bundle.during) > 1:
        fewer += [bundle._replace(during=(action,)) for action in bundle.during]
        fewer += [bundle._replace(during=during) for during in _each_left_out(bundle.during)]
    if len(bundle.actions) > 1:
        fewer += [bundle._replace(actions=actions) for actions in _each_left_out(bundle.actions)]
    for simpler in fewer:
        yield ((after_s, simpler),)


def _each_left_out(actions: tuple[Action, ...]) -> Iterator[tuple[Action, ...]]:
    return (actions[:index] + actions[index + 1 :] for index in range(len(actions)))
