"""Failing histories told otherwise, so that more can be left out of them: kept only where they then get shorter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from underwater.actions import Act, Action, Bundle
from underwater.aims import AT_MARK, MOST_AIMS, as_trades, just_liquidatable, known_mark_wad
from underwater.hunt.attempts import Attempts
from underwater.hunt.omission import MOST_PAIRED, delete, delete_pairs
from underwater.hunt.plainness import at_mark
from underwater.hunt.retell import (
    Flat,
    actors_of,
    flatten,
    in_cash,
    in_market,
    is_deposit,
    prey_of,
    renamed,
    unpublished,
    values_of,
)


def asking_for_all(attempts: Attempts, best: Flat) -> Flat:
    """The last act alone at the most that it could ask: solved again, it fails whatever of the rest is left out."""
    for item in at_most(best[-1]):
        taken = attempts.take((*best[:-1], item))
        if taken is not None:
            best = _if_shorter(attempts, best, at_mark(attempts, taken))
    return best


def bolder(attempts: Attempts, best: Flat) -> Flat:
    """Overdo it, so that more can be left out: farther prices and larger amounts, a longer pause at the end.

    What was overdone is kept only if the history then gets shorter.
    """
    bold = _deposits_first(attempts, best)
    # Of the same cause alone: once nothing can be priced, other refusals than the one that was met are easily had.
    now, late = attempts.fails(bold), attempts.fails((*bold[:-1], (_longest_heartbeat_s(attempts) + 1, bold[-1][1])))
    if now is not None and late is not None and late.cause == now.cause:
        bold = flatten(late.blocks)
    for enabler in _enablers(attempts, best):
        bold = attempts.take(((1, enabler), *bold)) or bold
    return _if_shorter(attempts, best, attempts.each(attempts.each(bold, at_most), partial(_overdone, attempts)))


def ended_plainly(attempts: Attempts, best: Flat) -> Flat:
    """A payment that anybody can make, or funding accrued in any market, in the place of an act and all that follows it."""
    first = attempts.arena.engine.cast.accounts[0]
    markets = range(len(attempts.arena.start.parameters.markets))
    plain = [Action("accrue_funding", first, (market,)) for market in markets]
    for enabler in _enablers(attempts, best):
        plain += [enabler._replace(arguments=(max(1, enabler.arguments[0] // part),)) for part in (1, 1_000)]
    for place in range(1, len(best)):
        for act in plain:
            taken = attempts.take((*best[:place], (1, act)))
            if taken is not None and taken != best:
                shorter = delete(attempts, taken)
                if len(shorter) < len(best):
                    return shorter
    return best


def paid_for(attempts: Attempts, best: Flat) -> Flat:
    """Margin that is moved paid in before it, wherever it came from."""
    for place, (after_s, act) in enumerate(best):
        if isinstance(act, Action) and act.kind in ("isolate", "move_margin") and act.arguments[2] > 0:
            settlement = attempts.arena.start.parameters.collaterals[0]
            name, units = act.arguments[0], -(-act.arguments[2] // settlement.quote_wad_per_unit)
            paid = Action("deposit", name, (name, 0, units))
            taken = attempts.take((*best[:place], (after_s, paid), (1, act._replace(aim=None)), *best[place + 1 :]))
            if taken is not None:
                other = _if_shorter(attempts, best, at_mark(attempts, taken))
                if other != best:
                    return other
    return best


def at_liquidation(attempts: Attempts, best: Flat) -> Flat:
    """Prices at which a liquidation only just begins: solved again, they do whatever else is left out."""
    other = attempts.each(_deposits_first(attempts, best), at_most)
    prey = sorted({name for _, act in best for name in prey_of(act)})
    place = 0
    while place < len(other):
        for candidate in _with_answer_at_liquidation(attempts, other, place, prey):
            taken = attempts.take(candidate)
            if taken is not None:
                other = taken
                break
        place += 1
    return _if_shorter(attempts, best, other)


def in_one_fall(attempts: Attempts, best: Flat) -> Flat:
    """Cash for every deposit, and one price for all that came before a liquidation: that at which it only just begins."""
    start = attempts.arena.start
    for place, (after_s, act) in enumerate(best):
        if not isinstance(act, Action) or act.kind != "liquidate" or act.arguments[2] >= len(start.parameters.markets):
            continue
        feed = start.parameters.markets[act.arguments[2]].feed.feed
        fall = Action("publish", attempts.arena.engine.cast.publisher, (feed, start.feeds[feed].answer, 0))
        for before in _paid_in_cash(attempts, unpublished(best[:place])):
            for aimed in just_liquidatable(start, fall, act.arguments[1:2]):
                for item in ((after_s, act), *at_most((after_s, act))):
                    taken = attempts.take((*before, (1, aimed), item, *best[place + 1 :]))
                    other = best if taken is None else _if_shorter(attempts, best, taken)
                    if len(other) < len(best):
                        return other
    return best


def _paid_in_cash(attempts: Attempts, flat: Flat) -> Iterator[Flat]:
    """Deposits first, in cash: of the same worth; as much as everybody may have at once; and that with trades as large as it admits."""
    state, accounts = attempts.arena.start, attempts.arena.engine.cast.accounts
    share = state.parameters.collaterals[0].deposit_cap_units // len(accounts)
    paid = [item for item in flat if is_deposit(item[1])]
    alike, rich = [], []
    for after_s, act in paid:
        if isinstance(act, Action):
            name = act.arguments[0]
            alike.append((after_s, in_cash(state, act) or act))
            rich.append((after_s, Action("deposit", act.caller, (name, 0, min(share, state.wallets[name][0])))))
    traded, largest = [], []
    for after_s, act in flat:
        other = act
        if isinstance(act, Action) and act.kind == "trade" and act.arguments[0] < len(state.parameters.markets):
            priced = (*act.arguments[:4], known_mark_wad(state, act.arguments[0]) or 1)
            act = act._replace(arguments=priced, aim=None)
            other = act._replace(aim=MOST_AIMS["trade"][0])
        if not is_deposit(act):
            traded.append((after_s, act))
            largest.append((after_s, other))
    yield (*alike, *traded)
    yield (*rich, *traded)
    yield (*rich, *largest)


def fewer_parts(attempts: Attempts, best: Flat) -> Flat:
    """One actor, or one market, in another's place too, where that leaves fewer acts."""
    kinds = attempts.kinds
    accounts = attempts.arena.engine.cast.accounts
    names = sorted(
        {name for _, act in best for name in actors_of(act, kinds) if name in accounts},
        key=lambda name: (name in attempts.by_role, name),
    )
    candidates = [
        tuple((after_s, renamed(act, name, other)) for after_s, act in best)
        for name in reversed(names)
        for other in names
        if name != other
    ]
    markets = sorted({market for _, act in best for market in values_of(act, kinds, "market")})
    for place, (after_s, act) in enumerate(best):
        for market in markets:
            moved = act if isinstance(act, Bundle) else in_market(act, kinds, market)
            if moved != act:
                candidates.append((*best[:place], (after_s, moved), *best[place + 1 :]))
    candidates += _in_peace(attempts, best)
    for candidate in candidates:
        taken = attempts.take(candidate)
        fewer = delete_pairs(attempts, delete(attempts, taken)) if taken is not None else best
        if len(fewer) < len(best):
            return fewer
    return best


def _with_answer_at_liquidation(attempts: Attempts, flat: Flat, place: int, prey: Sequence[str]) -> Iterator[Flat]:
    after_s, act = flat[place]
    if isinstance(act, Action):
        for aimed in just_liquidatable(attempts.arena.start, act, prey):
            before, behind = flat[:place], flat[place + 1 :]
            yield (*unpublished(before), (after_s, aimed), *unpublished(behind))
            yield (*before, (after_s, aimed), *unpublished(behind))
            yield (*before, (after_s, aimed), *behind)


def _deposits_first(attempts: Attempts, best: Flat) -> Flat:
    paid = tuple(item for item in best if is_deposit(item[1]))
    return attempts.take((*paid, *(item for item in best if not is_deposit(item[1])))) or best


def _if_shorter(attempts: Attempts, best: Flat, other: Flat) -> Flat:
    """Another history that fails, if something can be left out of it that leaves it shorter."""
    if other == best:
        return best
    other = fewer_parts(attempts, delete_pairs(attempts, delete(attempts, other)))
    return other if len(other) < len(best) else best


def _longest_heartbeat_s(attempts: Attempts) -> int:
    return max(feed.heartbeat_s for feed in attempts.arena.start.parameters.feeds)


def at_most(item: tuple[int, Act]) -> Iterator[tuple[int, Act]]:
    """An act that asks for as much as there is, or one too much."""
    after_s, act = item
    for aim in MOST_AIMS.get(act.kind, ()):
        if isinstance(act, Action):
            yield after_s, act._replace(aim=aim)


def _overdone(attempts: Attempts, item: tuple[int, Act]) -> Iterator[tuple[int, Act]]:
    """A trade for a liquidation, cash for tokens, numbers ten times as large, answers far from where a source began."""
    after_s, act = item
    if isinstance(act, Bundle):
        return
    for trade in as_trades(act, attempts.arena.engine.cast.matcher):
        yield after_s, trade
    cash = in_cash(attempts.arena.start, act)
    if cash is not None:
        yield after_s, cash
    for argument, parameter in enumerate(attempts.kinds[act.kind].parameters):
        value = act.arguments[argument]
        bold: tuple[int, ...] = ()
        if parameter.type in ("units", "size") and value > 0:
            bold = (value * 10, value * 2)
        elif parameter.type == "answer" and act.kind == "publish":
            bold = (value // 2, value * 2)
            if value > attempts.arena.start.feeds[act.arguments[0]].answer:
                bold = bold[::-1]
        for number in bold:
            arguments = (*act.arguments[:argument], number, *act.arguments[argument + 1 :])
            yield after_s, act._replace(arguments=arguments, aim=act.aim if act.aim == AT_MARK else None)


def _enablers(attempts: Attempts, best: Flat) -> Iterator[Action]:
    """Acts that name nobody and need nothing but money, such as funding insurance, by the first who takes part."""
    kinds, wallets = attempts.kinds, attempts.arena.start.wallets
    payers = [name for _, act in best for name in actors_of(act, kinds) if name in wallets]
    for kind in kinds.values():
        if payers and [parameter.type for parameter in kind.parameters] == ["units"]:
            yield Action(kind.name, payers[0], (wallets[payers[0]][0] // 1_000,))


def _in_peace(attempts: Attempts, best: Flat) -> Iterator[Flat]:
    """The history with a trade for one of its liquidations, or for each, and none of the prices that led there."""
    matcher = attempts.arena.engine.cast.matcher
    told: list[Flat] = [()]
    for place, (after_s, act) in enumerate(best):
        trades = as_trades(act, matcher) if isinstance(act, Action) else ()
        for trade in trades:
            yield (*unpublished(best[:place]), (after_s, trade), *best[place + 1 :])
        if act.kind != "publish":
            told = [(*before, (after_s, instead)) for before in told for instead in trades or (act,)][:MOST_PAIRED]
    if any(act.kind == "liquidate" for _, act in best):
        yield from told
