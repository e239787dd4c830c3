"""From a failing history to a minimal one that fails the same check. Deterministic: no clock, no chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from underwater.actions import Act, Action, Block, Bundle
from underwater.aims import AT_MARK, MOST_AIMS, as_trades, just_liquidatable, merged, unit_of
from underwater.checks import Check
from underwater.engine import Deployment, Engine
from underwater.engine.artifacts import Artifacts
from underwater.hunt.arena import Arena
from underwater.hunt.nearer import nearest
from underwater.hunt.replay import Replayed, replay
from underwater.hunt.retell import (
    Flat,
    actors_of,
    flatten,
    fold,
    in_market,
    is_deposit,
    plainer_numbers,
    prey_of,
    renamed,
    simpler_bundles,
    translated,
    units_in_cash,
    unpublished,
    values_of,
)
from underwater.hunt.sequence import Cause

MOST_TRIES = 4_000
"""Replays that one shrinking may spend."""
MOST_PAIRED = 20
"""Acts of a history up to which every two of them are left out together: some tens of replays of a few milliseconds."""


class Shrunk(NamedTuple):
    """A history that still fails, and what it needs of the deployment (None: the parameter file)."""

    blocks: tuple[Block, ...]
    deployment: Deployment | None
    replayed: Replayed
    tries: int


class Shrinker:
    """One shrinking: a current best that fails, and ways to make it smaller."""

    def __init__(self, arena: Arena, check: Check, most_tries: int = MOST_TRIES, *, cause: Cause | None = None) -> None:
        self.arena = arena
        self.check = check
        self.cause = cause
        """What a history must fail of; None: whatever fails the check will do."""
        cast = arena.engine.cast
        self._by_role = (cast.maker, cast.liquidator)
        """Accounts whose name says what they do keep it."""
        self.tries = 0
        self.most_tries = most_tries

    def fails(self, flat: Flat, *, aims: bool = True) -> Replayed | None:
        """The replay, if this history still fails the check."""
        if not flat or self.tries >= self.most_tries:
            return None
        self.tries += 1
        replayed = replay(self.arena, fold(flat), self.check, aims=aims, thorough_last_only=True)
        if replayed.violation is None or (self.cause is not None and replayed.cause != self.cause):
            return None
        return replayed

    def run(self, blocks: tuple[Block, ...]) -> tuple[Flat, Replayed] | None:
        """The smallest history found; None if the given one does not fail."""
        flat = flatten(blocks)
        replayed = self.fails(flat, aims=False)
        if replayed is None:
            return None
        best = self._delete(self._slice(flatten(replayed.blocks)))
        ways = (
            *(self._unbundle, self._calm, self._at_mark, self._fewer_parts, self._merge, self._asking_for_all),
            *(self._bolder, self._at_liquidation, self._plain_numbers, self._plain_names),
        )
        for _ in range(6):
            before = best
            for way in ways:
                best = way(best)
            best = self._delete_pairs(self._delete(best))
            if best == before:
                break
        # Read thoroughly, it may turn out to fail some acts earlier.
        final = self.fails_finally(best)
        return flatten(final.blocks), final

    def fails_finally(self, flat: Flat) -> Replayed:
        """The replay of what is known to fail, whatever the budget."""
        return replay(self.arena, fold(flat), self.check)

    def any_fails(self, flat: Flat) -> Replayed | None:
        """The replay, if this history fails here, as it is or with its last act at the most that it could try."""
        found = self.fails(flat)
        if found is None and flat:
            for item in self._at_most(flat[-1]):
                found = self.fails((*flat[:-1], item))
                if found is not None:
                    break
        return found

    def _take(self, flat: Flat, *, aims: bool = True) -> Flat | None:
        replayed = self.fails(flat, aims=aims)
        return None if replayed is None else flatten(replayed.blocks)

    def _slice(self, best: Flat) -> Flat:
        """The acts of those that the last act names, then also of those that dealt with them; what names nobody stays."""
        kinds = self.arena.engine.kinds
        named = set(actors_of(best[-1][1], kinds))
        for _ in range(2):
            kept = tuple(item for item in best if not (actors := set(actors_of(item[1], kinds))) or actors & named)
            taken = self._take(kept) if len(kept) < len(best) else None
            if taken is not None:
                return taken
            named |= {name for _, act in best if named & set(actors_of(act, kinds)) for name in actors_of(act, kinds)}
        return best

    def _delete(self, best: Flat) -> Flat:
        """Leave out stretches of acts, long ones first; time is kept by adding it to what follows where that is needed."""
        size = max(1, len(best) // 2)
        while size >= 1:
            end = len(best)
            while end > 0:
                start = max(0, end - size)
                if end == len(best) and start == 0:
                    end = start
                    continue
                skipped_s = sum(after_s for after_s, _ in best[start:end])
                rest = best[end:]
                candidates = [best[:start] + rest]
                # A second for each act is seldom needed, but may have been what brought the end of an interval nearer.
                if rest and (skipped_s > size or size == 1):
                    candidates.append((*best[:start], (rest[0][0] + skipped_s, rest[0][1]), *rest[1:]))
                for candidate in candidates:
                    taken = self._take(candidate)
                    if taken is not None:
                        best = taken
                        break
                end = min(start, len(best))
            size //= 2
        return best

    def _delete_pairs(self, best: Flat) -> Flat:
        """Leave out two acts at once that need each other, wherever they stand."""
        second = len(best) - 1 if len(best) <= MOST_PAIRED else 0
        while second > 0:
            for first in range(second - 1, -1, -1):
                taken = self._take((*best[:first], *best[first + 1 : second], *best[second + 1 :]))
                if taken is not None:
                    best = taken
                    second = len(best)
                    break
            second -= 1
        return best

    def _merge(self, best: Flat) -> Flat:
        """Two deposits, or two trades, in one."""
        second = len(best) - 1
        while second > 0:
            for first in range(second):
                (after_s, one), (_, other) = best[first], best[second]
                whole = merged(one, other) if isinstance(one, Action) and isinstance(other, Action) else None
                if whole is None:
                    continue
                rest = (*best[first + 1 : second], *best[second + 1 :])
                taken = self._take((*best[:first], (after_s, whole), *rest))
                if taken is not None:
                    best = taken
                    break
            second = min(second - 1, len(best) - 1)
        return best

    def _asking_for_all(self, best: Flat) -> Flat:
        """The last act alone at the most that it could ask: solved again, it fails whatever of the rest is left out."""
        for item in self._at_most(best[-1]):
            taken = self._take((*best[:-1], item))
            if taken is not None:
                best = self._if_shorter(best, self._at_mark(taken))
        return best

    def _bolder(self, best: Flat) -> Flat:
        """Overdo it, so that more can be left out: farther prices and larger amounts, a longer pause at the end.

        What was overdone is kept only if the history then gets shorter.
        """
        bold = self._deposits_first(best)
        # Of the same cause alone: once nothing can be priced, other refusals than the one that was met are easily had.
        now, late = self.fails(bold), self.fails((*bold[:-1], (self._longest_heartbeat_s() + 1, bold[-1][1])))
        if now is not None and late is not None and late.cause == now.cause:
            bold = flatten(late.blocks)
        for enabler in self._enablers(best):
            bold = self._take(((1, enabler), *bold)) or bold
        return self._if_shorter(best, self._each(self._each(bold, self._at_most), self._overdone))

    def _at_liquidation(self, best: Flat) -> Flat:
        """Prices at which a liquidation only just begins: solved again, they do whatever else is left out."""
        other = self._each(self._deposits_first(best), self._at_most)
        prey = sorted({name for _, act in best for name in prey_of(act)})
        place = 0
        while place < len(other):
            for candidate in self._with_answer_at_liquidation(other, place, prey):
                taken = self._take(candidate)
                if taken is not None:
                    other = taken
                    break
            place += 1
        return self._if_shorter(best, other)

    def _with_answer_at_liquidation(self, flat: Flat, place: int, prey: Sequence[str]) -> Iterator[Flat]:
        after_s, act = flat[place]
        if isinstance(act, Action):
            for aimed in just_liquidatable(self.arena.start, act, prey):
                before, behind = flat[:place], flat[place + 1 :]
                yield (*unpublished(before), (after_s, aimed), *unpublished(behind))
                yield (*before, (after_s, aimed), *unpublished(behind))
                yield (*before, (after_s, aimed), *behind)

    def _deposits_first(self, best: Flat) -> Flat:
        paid = tuple(item for item in best if is_deposit(item[1]))
        return self._take((*paid, *(item for item in best if not is_deposit(item[1])))) or best

    def _if_shorter(self, best: Flat, other: Flat) -> Flat:
        """Another history that fails, if something can be left out of it that leaves it shorter."""
        if other == best:
            return best
        other = self._fewer_parts(self._delete_pairs(self._delete(other)))
        return other if len(other) < len(best) else best

    def _longest_heartbeat_s(self) -> int:
        return max(feed.heartbeat_s for feed in self.arena.start.parameters.feeds)

    def _at_most(self, item: tuple[int, Act]) -> Iterator[tuple[int, Act]]:
        """An act that asks for as much as there is, or one too much."""
        after_s, act = item
        for aim in MOST_AIMS.get(act.kind, ()):
            if isinstance(act, Action):
                yield after_s, act._replace(aim=aim)

    def _overdone(self, item: tuple[int, Act]) -> Iterator[tuple[int, Act]]:
        """A trade for a liquidation, cash for tokens, numbers ten times as large, answers far from where a source began."""
        after_s, act = item
        if isinstance(act, Bundle):
            return
        for trade in as_trades(act, self.arena.engine.cast.matcher):
            yield after_s, trade
        if is_deposit(act) and act.arguments[1] > 0:
            name, collateral, units = act.arguments
            yield (
                after_s,
                act._replace(arguments=(name, 0, units_in_cash(self.arena.start, collateral, units)), aim=None),
            )
        for argument, parameter in enumerate(self.arena.engine.kinds[act.kind].parameters):
            value = act.arguments[argument]
            bold: tuple[int, ...] = ()
            if parameter.type in ("units", "size") and value > 0:
                bold = (value * 10, value * 2)
            elif parameter.type == "answer" and act.kind == "publish":
                bold = (value // 2, value * 2)
                if value > self.arena.start.feeds[act.arguments[0]].answer:
                    bold = bold[::-1]
            for number in bold:
                arguments = (*act.arguments[:argument], number, *act.arguments[argument + 1 :])
                yield after_s, act._replace(arguments=arguments, aim=act.aim if act.aim == AT_MARK else None)

    def _enablers(self, best: Flat) -> Iterator[Action]:
        """Acts that name nobody and need nothing but money, such as funding insurance, by the first who takes part."""
        kinds, wallets = self.arena.engine.kinds, self.arena.start.wallets
        payers = [name for _, act in best for name in actors_of(act, kinds) if name in wallets]
        for kind in kinds.values():
            if payers and [parameter.type for parameter in kind.parameters] == ["units"]:
                yield Action(kind.name, payers[0], (wallets[payers[0]][0] // 1_000,))

    def _fewer_parts(self, best: Flat) -> Flat:
        """One actor, or one market, in another's place too, where that leaves fewer acts."""
        kinds = self.arena.engine.kinds
        accounts = self.arena.engine.cast.accounts
        names = sorted(
            {name for _, act in best for name in actors_of(act, kinds) if name in accounts},
            key=lambda name: (name in self._by_role, name),
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
        candidates += self._in_peace(best)
        for candidate in candidates:
            taken = self._take(candidate)
            fewer = self._delete_pairs(self._delete(taken)) if taken is not None else best
            if len(fewer) < len(best):
                return fewer
        return best

    def _in_peace(self, best: Flat) -> Iterator[Flat]:
        """The history with a trade for one of its liquidations, or for each, and none of the prices that led there."""
        matcher = self.arena.engine.cast.matcher
        told: list[Flat] = [()]
        for place, (after_s, act) in enumerate(best):
            trades = as_trades(act, matcher) if isinstance(act, Action) else ()
            for trade in trades:
                yield (*unpublished(best[:place]), (after_s, trade), *best[place + 1 :])
            if act.kind != "publish":
                told = [(*before, (after_s, instead)) for before in told for instead in trades or (act,)][:MOST_PAIRED]
        if any(act.kind == "liquidate" for _, act in best):
            yield from told

    def _unbundle(self, best: Flat) -> Flat:
        """A bundle's actions one by one, or fewer of them."""
        place = 0
        while place < len(best):
            after_s, act = best[place]
            if isinstance(act, Bundle):
                for replacement in simpler_bundles(after_s, act):
                    taken = self._take((*best[:place], *replacement, *best[place + 1 :]))
                    if taken is not None:
                        best = taken
                        break
                else:
                    place += 1
            else:
                place += 1
        return best

    def _calm(self, best: Flat) -> Flat:
        """Every act in a block of its own, a second after the one before."""
        return self._each(best, lambda item: ((1, item[1]) for _ in range(item[0] != 1)))

    def _at_mark(self, best: Flat) -> Flat:
        """Prices that follow the mark, so that acts which only moved it can be left out."""

        def follows(item: tuple[int, Act]) -> Iterator[tuple[int, Act]]:
            after_s, act = item
            if (
                not isinstance(act, Bundle)
                and act.aim != AT_MARK
                and any(parameter.type == "price" for parameter in self.arena.engine.kinds[act.kind].parameters)
            ):
                yield after_s, act._replace(aim=AT_MARK)

        return self._each(best, follows)

    def _plain_numbers(self, best: Flat) -> Flat:
        """Rounder and smaller numbers, a boundary where one serves as well."""

        def simpler(item: tuple[int, Act]) -> Iterator[tuple[int, Act]]:
            after_s, act = item
            if isinstance(act, Bundle):
                return
            for argument, parameter in enumerate(self.arena.engine.kinds[act.kind].parameters):
                value = act.arguments[argument]
                if isinstance(value, bool) or not isinstance(value, int) or value <= 1:
                    continue
                if parameter.type not in ("units", "size", "price", "answer", "amount", "ether"):
                    continue
                if act.aim == AT_MARK and parameter.type == "price":
                    continue
                unit = unit_of(self.arena.start, act, argument)
                for plain in plainer_numbers(value, unit):
                    arguments = (*act.arguments[:argument], plain, *act.arguments[argument + 1 :])
                    yield after_s, act._replace(arguments=arguments, aim=act.aim if act.aim == AT_MARK else None)
            if act.aim is not None and act.aim.offset not in (-1, 0, 1):
                for offset in (0, 1, -1):
                    yield after_s, act._replace(aim=act.aim._replace(offset=offset))

        return self._each(best, simpler)

    def _plain_names(self, best: Flat) -> Flat:
        """The first accounts instead of later ones, and of the attacker; those with a role of their own keep it."""
        cast = self.arena.engine.cast
        taking_part = {name for _, act in best for name in actors_of(act, self.arena.engine.kinds)}
        names = [name for name in cast.accounts if name in taking_part and name not in self._by_role]
        ordered = [name for name in cast.accounts[:3] if name not in taking_part]
        for name in names:
            for other in ordered:
                if cast.accounts.index(other) < cast.accounts.index(name):
                    taken = self._take(tuple((after_s, renamed(act, name, other)) for after_s, act in best))
                    if taken is not None:
                        best = taken
                        ordered.remove(other)
                        break
        return best

    def _each(self, best: Flat, ways: Callable[[tuple[int, Act]], Iterator[tuple[int, Act]]]) -> Flat:
        place = 0
        while place < len(best):
            for item in ways(best[place]):
                taken = self._take((*best[:place], item, *best[place + 1 :]))
                if taken is not None and len(taken) <= len(best):
                    best = taken
                    break
            place += 1
        return best


def shrink(
    engine: Engine,
    deployment: Deployment | None,
    artifacts: Artifacts,
    check: Check,
    blocks: tuple[Block, ...],
    *,
    same_cause: bool = False,
) -> Shrunk | None:
    """Shrink a history, and try it on the plain deployment first. None if it does not fail when run again.

    Whatever fails the check will do, which gives the shortest; with ``same_cause`` it must be the action and the outcomes that fail now.
    """
    default = engine.default_deployment()
    arena = Arena(engine, default if deployment is None else deployment, artifacts)
    cause: Cause | None = None
    if same_cause:
        whole = replay(arena, blocks, check, thorough_last_only=True)
        if whole.violation is None:
            return None
        cause = whole.cause
    if arena.refusal is not None:
        near = nearest(engine, arena.deployment, artifacts, check, cause)
        if near is None:
            return None
        return Shrunk((), None if near.deployment == default else near.deployment, near.replayed, near.tries)
    shrinker = Shrinker(arena, check, cause=cause)
    best = shrinker.run(blocks)
    if best is None:
        return None
    flat, replayed = best
    if deployment is not None:
        plain = Shrinker(Arena(engine, default, artifacts), check, cause=cause)
        on_default = plain.any_fails(translated(flat, engine, deployment, default))
        if on_default is not None:
            again = plain.run(on_default.blocks)
            if again is not None and len(again[0]) <= len(flat):
                return Shrunk(fold(again[0]), None, again[1], shrinker.tries + plain.tries)
    return Shrunk(fold(flat), deployment, replayed, shrinker.tries)
