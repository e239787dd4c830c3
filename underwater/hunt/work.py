"""The work of one worker: sequences of one deployment. Plain data in, plain data out, the same in any process."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from underwater.actions import Block
from underwater.checks import Check, Roster, catalogue
from underwater.choices import SeededChoices
from underwater.engine import Deployment
from underwater.engine.registry import engine_named
from underwater.hunt.arena import Arena, deployment_number
from underwater.hunt.sequence import Find, Ran, not_begun, run_sequence
from underwater.nemesis.history import PriceHistory
from underwater.nemesis.paths import HistoryPath

ARENAS_KEPT = 4


@dataclass(frozen=True)
class Settings:
    """What all work of a hunt shares."""

    engine: str
    fault: str | None
    seed: int
    check_ids: tuple[str, ...] | None
    """None enables every check."""
    folder: Path
    history: PriceHistory
    save: Callable[[Settings, Find, int, Deployment | None], Path]
    """Puts a find on disk before anything else is done with it: (settings, find, sequence, drawn deployment) -> where it is."""
    brought: tuple[Deployment, ...] = ()
    """Deployments that a corpus brought, of other seeds: the first has the number -1, the second -2."""

    def deployment(self, number: int) -> Deployment:
        """A deployment of the campaign."""
        if number < 0:
            return self.brought[-1 - number]
        return deployment_number(engine_named(self.engine), self.seed, number)


@dataclass(frozen=True)
class Task:
    """Sequences of one deployment: (index, steps, blocks to begin with)."""

    deployment: int
    sequences: tuple[tuple[int, int, tuple[Block, ...]], ...]
    known_causes: frozenset[tuple[str, ...]]


@dataclass
class Done:
    """What came of a task, sequence by sequence, and the counts of its checks."""

    deployment: int
    ran: list[Ran]
    evaluated: dict[str, int]
    exercised: dict[str, int]
    unshrunk: dict[int, Path] = field(default_factory=dict)
    """Place in ``ran`` -> where its find was saved."""
    declared_errors: tuple[str, ...] = ()


def enabled_checks(check_ids: tuple[str, ...] | None) -> tuple[Check, ...]:
    """The checks of a run."""
    return tuple(check for check in catalogue() if check_ids is None or check.id in check_ids)


class Worker:
    """Keeps what is dear to make: compiled contracts, and the last few deployments."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = engine_named(settings.engine)
        self.artifacts = self.engine.artifacts(settings.fault)
        self.checks = enabled_checks(settings.check_ids)
        # The hot loop makes many small tuples and no cycles to speak of: collect seldom, and never what is here already.
        gc.freeze()
        gc.set_threshold(500_000, 20, 100)
        self._arenas: dict[int, Arena] = {}

    def arena(self, number: int) -> Arena:
        """A deployment of the campaign, in its first state; or as far as the contracts accept it."""
        arena = self._arenas.pop(number, None)
        if arena is None:
            arena = Arena(self.engine, self.settings.deployment(number), self.artifacts)
            if len(self._arenas) >= ARENAS_KEPT:
                self._arenas.pop(next(iter(self._arenas)))
        self._arenas[number] = arena
        if arena.refusal is None:
            arena.reset()
        return arena

    def run(self, task: Task) -> Done:
        """Run a task. Every find of a cause not known yet is on disk before this returns."""
        settings = self.settings
        roster = Roster(self.checks)
        done = Done(task.deployment, [], {}, roster.exercised)
        known = set(task.known_causes)
        violations = roster.judge_deployment(self.arena(task.deployment).refusal)
        for index, length, prefix in task.sequences:
            arena = self.arena(task.deployment)
            choices = SeededChoices(settings.seed, "sequence", index)
            path = HistoryPath(settings.history, choices, length)
            if arena.refusal is not None:
                ran = not_begun(arena.refusal, violations)
            else:
                ran = run_sequence(
                    arena.chain, arena.instance, roster, arena.start, choices, path, length, prefix=prefix
                )
            if ran.find is not None and ran.find.cause not in known:
                known.add(ran.find.cause)
                deployment = arena.deployment if task.deployment else None
                done.unshrunk[len(done.ran)] = settings.save(settings, ran.find, index, deployment)
            if not ran.novel:
                ran.blocks = ()
            done.ran.append(ran)
            done.declared_errors = arena.instance.declared_errors
        done.evaluated = roster.evaluated
        return done


_worker: Worker | None = None


def start_worker(settings: Settings) -> None:
    """Prepare this process (a pool's initializer)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    global _worker
    _worker = Worker(settings)


def _end_with_parent() -> None:
    """Workers hold each other's ends of the pool's pipes open, so none of them would notice that the parent was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def run_task(task: Task) -> Done:
    """Run a task in this process."""
    assert _worker is not None
    return _worker.run(task)


def is_ready() -> bool:
    """Whether this process can be given tasks."""
    return _worker is not None
