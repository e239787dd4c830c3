"""A campaign: rounds of sequences over any number of workers, one digest for any number of them.

Work is planned round by round from what earlier rounds have shown, handed out, and merged in the order of its planning; so what a run of so
many steps does depends on its seed and on nothing else.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from underwater.actions import Block
from underwater.choices import SeededChoices
from underwater.errors import EnvironmentFailure
from underwater.events import Event, Finished, Met, Progress, Started, Summary
from underwater.hunt.sequence import Find, Novelty
from underwater.hunt.work import Done, Settings, Task, Worker, is_ready, run_task, start_worker

T = TypeVar("T")
TASKS_A_ROUND = 8
SEQUENCES_A_TASK = 4
LENGTHS = (60, 120, 250, 250, 400)
ROUNDS_WITHOUT_A_STEP = 16
"""Rounds after each other in which every deployment was refused, after which a hunt ends: there is nothing to be hunted."""
MOST_KEPT = 256
"""Sequences kept for mutation: enough to reach far, few enough that memory stays as it is."""


@dataclass(frozen=True)
class Budget:
    """When to stop: after so many steps, or so many seconds; and whether the first finding is enough."""

    steps: int | None = None
    seconds: float | None = None
    first_finding: bool = False

    def words(self) -> str:
        """For people."""
        if self.steps is not None:
            return f"{self.steps:,} steps"
        return f"{self.seconds:g} s"


@dataclass(frozen=True)
class Kept:
    """A sequence worth going on from: its deployment, and its blocks up to the last new state."""

    deployment: int
    blocks: tuple[Block, ...]

    @property
    def steps(self) -> int:
        """How many acts it has."""
        return sum(len(block.acts) for block in self.blocks)


@dataclass
class Stop:
    """Somebody's wish that a hunt ends, such as Ctrl-C.

    While it hunts, the first wish lets it finish the task at hand and sum up, wherever the process is just then. A second one,
    and one at any other time, is a ``KeyboardInterrupt``.
    """

    is_heard: bool = False
    is_asked: bool = False

    def ask(self) -> None:
        """Want it to end."""
        if not self.is_heard or self.is_asked:
            raise KeyboardInterrupt
        self.is_asked = True


@dataclass
class Campaign:
    """The state of a hunt between rounds."""

    settings: Settings
    budget: Budget
    workers: int = 1
    mutate: bool = True
    stop: Stop = field(default_factory=Stop)
    draws_deployments: bool = True
    """Whether other deployments are drawn beside the default one."""
    seeds: tuple[Kept, ...] = ()
    """What earlier hunts kept. It runs first, just as it is, and what still reaches new states is kept again."""
    spent: set[int] = field(default_factory=set)
    """Numbers of the seeds, from 0, that ran to their end: nothing more will come of those that were not kept."""
    accepted: frozenset[tuple[str, ...]] = frozenset()
    """Causes that are no news: what fails for them is saved, and neither ends a hunt nor counts."""
    kept: list[Kept] = field(default_factory=list)
    causes: dict[tuple[str, ...], int] = field(default_factory=dict)
    """What was found, and how often: findings of one cause are joined."""
    seen: set[Novelty] = field(default_factory=set)

    def __post_init__(self) -> None:
        settings = self.settings
        self.summary = Summary(settings.engine, settings.fault, settings.seed)
        self._digest = hashlib.blake2b(digest_size=16)
        self._next_sequence = 0
        self._next_deployment = 0
        self._round = 0
        self._idle_rounds = 0
        self._declared: tuple[str, ...] = ()

    def run(self) -> Iterator[Event]:
        """Hunt until the budget is spent. Findings are saved unshrunk as they are met; what to do with them is the caller's business."""
        settings, summary = self.settings, self.summary
        yield Started(
            settings.engine,
            settings.fault,
            settings.seed,
            self.workers,
            self.budget.words(),
            settings.folder,
            settings.history.origin,
        )
        with _executor(self.workers, settings) as executor:
            _ready(executor, self.workers)
            began = time.monotonic()
            futures: list[Future[Done]] = []
            try:
                self.stop.is_heard = True
                while not self._spent(began):
                    steps = summary.steps
                    futures = _submit(executor, self.plan())
                    while futures and not self._stop_now(began):
                        done = _result(futures[0])
                        del futures[0]
                        summary.seconds = time.monotonic() - began
                        yield from self.merge(done)
                        yield self._progress(began)
                    self._idle_rounds = self._idle_rounds + 1 if summary.steps == steps else 0
                _cancel(futures)
            except KeyboardInterrupt:
                summary.interrupted = True
                _cancel(futures)
            finally:
                self.stop.is_heard = False
            summary.interrupted = summary.interrupted or self.stop.is_asked
            summary.seconds = time.monotonic() - began
        yield from self._met_meanwhile(futures)
        summary.history_digest = self._digest.hexdigest()
        summary.never_seen_errors = [name for name in self._declared if name not in summary.errors]
        yield Finished(summary)

    def _spent(self, began: float) -> bool:
        if self.budget.steps is not None and self.summary.steps >= self.budget.steps:
            return True
        return self._idle_rounds == ROUNDS_WITHOUT_A_STEP or self._stop_now(began)

    def _stop_now(self, began: float) -> bool:
        if self.stop.is_asked or (self.budget.first_finding and self._news):
            return True
        return self.budget.seconds is not None and time.monotonic() - began >= self.budget.seconds

    @property
    def _news(self) -> int:
        return len(self.causes.keys() - self.accepted)

    def plan(self) -> list[Task]:
        """The next round, from the seed and what was merged so far."""
        left = None if self.budget.steps is None else self.budget.steps - self.summary.steps
        if self._next_sequence < len(self.seeds):
            return self._plan_seeds(left)
        choices = SeededChoices(self.settings.seed, "round", self._round)
        self._round += 1
        tasks = []
        known = frozenset(self.causes)
        for _ in range(TASKS_A_ROUND):
            if left is not None and left <= 0:
                break
            base = choices.pick(self.kept) if self.mutate and self.kept and choices.chance(50) else None
            if base is not None:
                deployment = base.deployment
            elif not self.draws_deployments or choices.chance(30):
                deployment = 0
            else:
                self._next_deployment += 1
                deployment = self._next_deployment
            sequences = []
            for _ in range(SEQUENCES_A_TASK):
                length = choices.pick(LENGTHS)
                if left is not None:
                    length = min(length, left)
                    left -= length
                if length <= 0:
                    break
                prefix: tuple[Block, ...] = ()
                if base is not None and choices.chance(75):
                    prefix = base.blocks[: choices.integer(len(base.blocks) // 2, len(base.blocks))]
                sequences.append((self._next_sequence, length, prefix))
                self._next_sequence += 1
            tasks.append(Task(deployment, tuple(sequences), known))
        return tasks

    def _plan_seeds(self, left: int | None) -> list[Task]:
        """A round of seeds in their order: the first sequences of a campaign, so that a seed's number is its sequence's."""
        planned: list[tuple[int, list[tuple[int, int, tuple[Block, ...]]]]] = []
        for seed in self.seeds[self._next_sequence :]:
            length = seed.steps if left is None else min(seed.steps, left)
            if length <= 0:
                break
            if not planned or planned[-1][0] != seed.deployment or len(planned[-1][1]) == SEQUENCES_A_TASK:
                if len(planned) == TASKS_A_ROUND:
                    break
                planned.append((seed.deployment, []))
            planned[-1][1].append((self._next_sequence, length, seed.blocks))
            self._next_sequence += 1
            if left is not None:
                left -= length
        known = frozenset(self.causes)
        return [Task(deployment, tuple(sequences), known) for deployment, sequences in planned]

    def merge(self, done: Done) -> Iterator[Event]:
        """Take in what came of a task, in the order of planning. Tells of findings."""
        summary = self.summary
        # Not every deployment has every contract.
        self._declared = tuple(dict.fromkeys((*self._declared, *done.declared_errors)))
        for check_id, count in done.evaluated.items():
            counts = summary.checks.setdefault(check_id, {"evaluated": 0, "exercised": 0})
            counts["evaluated"] += count
            counts["exercised"] += done.exercised[check_id]
        for place, ran in enumerate(done.ran):
            number = summary.sequences
            is_cut = number < len(self.seeds) and ran.steps < self.seeds[number].steps
            if number < len(self.seeds) and ran.find is None and not is_cut:
                self.spent.add(number)
            summary.sequences += 1
            summary.steps += ran.steps
            self._digest.update(ran.digest)
            for kind, (did, rejected) in sorted(ran.counts.items()):
                action = summary.actions.setdefault(kind, {"done": 0, "rejected": 0})
                action["done"] += did
                action["rejected"] += rejected
            for error, count in ran.errors.items():
                summary.errors[error] = summary.errors.get(error, 0) + count
            new = [blocks for key, blocks in ran.novel if key not in self.seen]
            self.seen.update(key for key, _ in ran.novel)
            if new and ran.find is None and not is_cut:
                self._keep(Kept(done.deployment, ran.blocks[: max(new)]))
            if ran.find is not None:
                yield from self._found(ran.find, done, place)

    def _met_meanwhile(self, left: list[Future[Done]]) -> Iterator[Event]:
        """What tasks met that were running when the hunt was to end: no part of its count or digest, but found."""
        for future in left:
            if future.done() and not future.cancelled() and future.exception() is None:
                done = future.result()
                for place, ran in enumerate(done.ran):
                    if ran.find is not None:
                        yield from self._found(ran.find, done, place)

    def _keep(self, kept: Kept) -> None:
        self.kept.append(kept)
        if len(self.kept) > MOST_KEPT:
            del self.kept[0]

    def _found(self, find: Find, done: Done, place: int) -> Iterator[Event]:
        times = self.causes.get(find.cause, 0)
        self.causes[find.cause] = times + 1
        unshrunk = done.unshrunk.get(place)
        if unshrunk is None:  # of a cause that this task has saved before, or that was known when it began
            return
        if times:  # tasks of one round met it side by side, and each saved it
            unshrunk.unlink(missing_ok=True)
            return
        steps = sum(len(block.acts) for block in find.blocks)
        first = find.violations[0]
        yield Met(first.check, first.why, unshrunk, steps, self.summary.seconds, find.cause)

    def _progress(self, began: float) -> Progress:
        summary = self.summary
        seconds = time.monotonic() - began
        if self.budget.steps is not None:
            share = summary.steps / self.budget.steps
        else:
            share = seconds / self.budget.seconds if self.budget.seconds else 1.0
        return Progress(
            summary.steps, summary.sequences, seconds, len(self.seen), len(self.kept), self._news, min(1.0, share)
        )


class _Here(Executor):
    """One worker in this process: tasks run when their result is asked for."""

    def __init__(self, settings: Settings) -> None:
        self._worker = Worker(settings)

    def submit(self, _function: object, /, *arguments: object, **_: object) -> Future[Any]:
        """A future that works when asked."""
        return _Lazy(self._worker, arguments[0])  # type: ignore[arg-type]


class _Lazy(Future[Done]):
    def __init__(self, worker: Worker, task: Task) -> None:
        super().__init__()
        self._worker = worker
        self._task = task

    def result(self, _timeout: float | None = None) -> Done:
        """Run the task now."""
        return self._worker.run(self._task)


def _executor(workers: int, settings: Settings) -> Executor:
    if workers == 1:
        return _Here(settings)
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker, initargs=(settings,))


def _ready(executor: Executor, workers: int) -> None:
    """Wait until workers have started: the budget is for hunting."""
    if not isinstance(executor, _Here):
        for future in [executor.submit(is_ready) for _ in range(workers)]:
            _result(future)


def _submit(executor: Executor, tasks: list[Task]) -> list[Future[Done]]:
    try:
        return [executor.submit(run_task, task) for task in tasks]
    except BrokenExecutor as failure:
        raise EnvironmentFailure(f"a worker went away: {failure}") from failure


def _result(future: Future[T]) -> T:
    try:
        done = future.result()
    except (BrokenExecutor, BrokenPipeError, EOFError) as failure:
        raise EnvironmentFailure(f"a worker went away: {failure}") from failure
    return done


def _cancel(futures: list[Future[Done]]) -> None:
    for future in futures:
        future.cancel()
