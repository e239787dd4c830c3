"""From a failing history to a minimal one that fails the same check. Deterministic: no clock, no chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from underwater.actions import Block
from underwater.checks import Check
from underwater.engine import Deployment, Engine
from underwater.engine.artifacts import Artifacts
from underwater.hunt.arena import Arena
from underwater.hunt.attempts import MOST_TRIES, Attempts
from underwater.hunt.detours import (
    asking_for_all,
    at_liquidation,
    at_most,
    bolder,
    ended_plainly,
    fewer_parts,
    in_one_fall,
    paid_for,
)
from underwater.hunt.nearer import nearest
from underwater.hunt.omission import delete, delete_pairs, merge, slice_of, unbundle
from underwater.hunt.plainness import at_mark, calm, plain_names, plain_numbers
from underwater.hunt.recasting import (
    by_themselves,
    first_sources,
    from_first_prices,
    in_plain_markets,
    merely_accrued,
    traded_at_once,
)
from underwater.hunt.replay import Replayed, replay
from underwater.hunt.retell import Flat, flatten, fold, translated
from underwater.hunt.sequence import Cause

Way = Callable[[Attempts, Flat], Flat]
"""From a history that fails to another one, no longer, that fails too: itself, where nothing better is found."""

WAYS: tuple[Way, ...] = (
    *(unbundle, calm, by_themselves, at_mark, traded_at_once, merely_accrued, from_first_prices, first_sources),
    *(in_plain_markets, fewer_parts, merge, ended_plainly, asking_for_all, bolder, paid_for),
    *(at_liquidation, in_one_fall, plain_numbers, plain_names, delete, delete_pairs),
)
MOST_ROUNDS = 6
"""How often all ways are gone one after another, each from where the last led."""


class Shrunk(NamedTuple):
    """A history that still fails, and what it needs of the deployment (None: the parameter file)."""

    blocks: tuple[Block, ...]
    deployment: Deployment | None
    replayed: Replayed
    tries: int


class Shrinker:
    """One shrinking: a current best that fails, and ways to make it smaller."""

    def __init__(self, arena: Arena, check: Check, most_tries: int = MOST_TRIES, *, cause: Cause | None = None) -> None:
        self._attempts = Attempts(arena, check, most_tries, cause)

    @property
    def tries(self) -> int:
        """Replays so far."""
        return self._attempts.tries

    def run(self, blocks: tuple[Block, ...]) -> tuple[Flat, Replayed] | None:
        """The smallest history found; None if the given one does not fail."""
        attempts = self._attempts
        replayed = attempts.fails(flatten(blocks), aims=False)
        if replayed is None:
            return None
        # What a step has failed may fail by the check's probe after fewer; that is asked of what is short already.
        attempts.probes = replayed.trial is not None
        best = delete(attempts, slice_of(attempts, flatten(replayed.blocks)))
        for _ in range(MOST_ROUNDS):
            before = best
            for way in WAYS:
                best = way(attempts, best)
            if best == before:
                if attempts.probes or attempts.check.probe is None:
                    break
                attempts.probes = True
        # Read thoroughly, it may turn out to fail some acts earlier; and whatever the budget, it is known to fail.
        final = replay(attempts.arena, fold(best), attempts.check)
        return flatten(final.blocks), final

    def any_fails(self, flat: Flat) -> Replayed | None:
        """The replay, if this history fails here, as it is or with its last act at the most that it could try."""
        found = self._attempts.fails(flat)
        if found is None and flat:
            for item in at_most(flat[-1]):
                found = self._attempts.fails((*flat[:-1], item))
                if found is not None:
                    break
        return found


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
