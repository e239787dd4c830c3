"""Attempts at a smaller history: which of them still fail, and how many replays that took."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from underwater.actions import Act
from underwater.checks import Check
from underwater.hunt.arena import Arena
from underwater.hunt.replay import Replayed, replay
from underwater.hunt.retell import Flat, flatten, fold
from underwater.hunt.sequence import Cause

MOST_TRIES = 4_000
"""Replays that one shrinking may spend."""


class Attempts:
    """What a shrinking asks of the histories that it thinks of.

    ``cause`` is what a history must fail of; None: whatever fails the check will do.
    """

    def __init__(self, arena: Arena, check: Check, most_tries: int, cause: Cause | None) -> None:
        self.arena = arena
        self.kinds = arena.engine.kinds
        self.by_role = (arena.engine.cast.maker, arena.engine.cast.liquidator)
        """Accounts whose name says what they do: they keep it."""
        self.check = check
        self.cause = cause
        self.tries = 0
        self._taken: dict[Flat, Flat | None] = {}
        """What came of histories that were tried: passes go over the same ground again and again."""
        self._stream = 0
        """What the check's probe drew from when it failed last."""
        self._probes = True
        self.most_tries = most_tries

    def fails(self, flat: Flat, *, aims: bool = True) -> Replayed | None:
        """The replay, if this history still fails the check."""
        if not flat or self.tries >= self.most_tries:
            return None
        self.tries += 1
        replayed = replay(
            self.arena,
            fold(flat),
            self.check,
            aims=aims,
            thorough_last_only=True,
            first_stream=self._stream,
            probes=self._probes,
        )
        if replayed.violation is None or (self.cause is not None and replayed.cause != self.cause):
            return None
        self._stream = replayed.stream
        return replayed

    @property
    def probes(self) -> bool:
        """Whether the check's probe is tried at the end of each history: it takes longer than most histories do."""
        return self._probes

    @probes.setter
    def probes(self, probes: bool) -> None:
        self._probes = probes
        self._taken = {flat: taken for flat, taken in self._taken.items() if taken is not None}

    def take(self, flat: Flat) -> Flat | None:
        """The history up to where it fails, its aims solved again; None if it does not fail."""
        if flat not in self._taken:
            replayed = self.fails(flat)
            taken = self._taken[flat] = None if replayed is None else flatten(replayed.blocks)
            if taken is not None:
                self._taken[taken] = taken
        return self._taken[flat]

    def each(self, best: Flat, ways: Callable[[tuple[int, Act]], Iterator[tuple[int, Act]]]) -> Flat:
        """Every act in the first of the ways to put it that still fails."""
        place = 0
        while place < len(best):
            for item in ways(best[place]):
                taken = self.take((*best[:place], item, *best[place + 1 :]))
                if taken is not None and len(taken) <= len(best):
                    best = taken
                    break
            place += 1
        return best
