"""The hunt itself, and what it sends: recorded once, replayed through bare revm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyrevm

from benchmarks.timing import Timed, stopwatch
from underwater.actions import Block, Call, Receipt
from underwater.chain import BLOCK_GAS_LIMIT, NOBODY, TRANSACTION_GAS_LIMIT
from underwater.chain.revm import RevmChain
from underwater.choices import SeededChoices
from underwater.engine import Deployment
from underwater.hunt.campaign import LENGTHS
from underwater.hunt.sequence import Find
from underwater.hunt.work import Settings, Task, Worker
from underwater.nemesis.history import shipped_history

SEED = 1


@dataclass
class Counts:
    """What a hunt did, over all its sequences."""

    steps: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    done: int = 0
    checks_evaluated: int = 0

    def share_done(self) -> float:
        """The part of the steps that the engine did not refuse."""
        return self.done / self.steps


class Hunt:
    """The hunt on the default deployment, as one worker of ``ape underwater hunt`` does it.

    A campaign goes on from kept sequences half of the time, which is cheaper than drawing; here every step is drawn.
    """

    def __init__(self, steps: int) -> None:
        settings = Settings("bundled", None, SEED, None, Path(), shipped_history(), _nothing_to_find)
        self.worker = Worker(settings)
        choices = SeededChoices(SEED, "lengths")
        sequences: list[tuple[int, int, tuple[Block, ...]]] = []
        while steps > 0:
            length = min(steps, choices.pick(LENGTHS))
            sequences.append((len(sequences), length, ()))
            steps -= length
        self.task = Task(0, tuple(sequences), frozenset())

    def round(self) -> Timed:
        """Every sequence once."""
        with stopwatch() as took:
            counts = self.run()
        return Timed(counts.steps, *took)

    def run(self) -> Counts:
        """Every sequence once."""
        counts = Counts()
        done = self.worker.run(self.task)
        for ran in done.ran:
            counts.steps += ran.steps
            for kind, (did, refused) in ran.counts.items():
                counts.kinds[kind] += did + refused
                counts.done += did
        counts.checks_evaluated = sum(done.evaluated.values())
        return counts


def _nothing_to_find(_: Settings, find: Find, sequence: int, __: Deployment | None) -> Path:
    raise SystemExit(
        f"the hunt accuses the sound engine in sequence {sequence}, so nothing is measured: {find.violations[0]}"
    )


BLOCK, TRANSACTION, VIEW, SNAPSHOT, RESTORE, RESET = range(6)


class Sent(NamedTuple):
    """One thing that a hunt did to its chain. ``block`` is the environment that a new block sets."""

    what: int
    sender: str = ""
    to: str = ""
    data: bytes = b""
    block: Any = None
    ok: bool = True


class RecordingChain(RevmChain):
    """A deployed chain that writes down what is done to it."""

    def __init__(self, chain: RevmChain) -> None:
        self.__dict__.update(chain.__dict__)
        self.sent: list[Sent] = []

    def open_block(self, after_s: int) -> None:
        """See ``RevmChain``."""
        super().open_block(after_s)
        block = pyrevm.BlockEnv(number=self.number, timestamp=self.time_s, gas_limit=BLOCK_GAS_LIMIT, basefee=0)
        self.sent.append(Sent(BLOCK, block=block))

    def transact(self, call: Call) -> Receipt:
        """See ``RevmChain``."""
        receipt = super().transact(call)
        self.sent.append(Sent(TRANSACTION, call.sender, call.to, call.data, ok=receipt.ok))
        return receipt

    def view(self, to: str, data: bytes) -> Receipt:
        """See ``RevmChain``."""
        receipt = super().view(to, data)
        self.sent.append(Sent(VIEW, NOBODY, to, data, ok=receipt.ok))
        return receipt

    def snapshot(self) -> Any:
        """See ``RevmChain``."""
        self.sent.append(Sent(SNAPSHOT))
        return super().snapshot()

    def restore(self, snapshot: Any) -> None:
        """See ``RevmChain``."""
        super().restore(snapshot)
        self.sent.append(Sent(RESTORE))


class Recording:
    """Everything that the hunt's sequences send, ready to be replayed on a chain of its own."""

    def __init__(self, steps: int) -> None:
        hunt = Hunt(steps)
        arena = hunt.worker.arena(0)
        plain, recording = arena.chain, RecordingChain(arena.chain)
        arena.chain = recording
        self.counts = hunt.run()
        arena.chain = plain
        self.sent: list[Sent] = []
        depth = 0
        for sent in recording.sent:
            # A restore without a snapshot before it is the arena going back to its first state, between sequences.
            if sent.what == RESTORE and depth == 0:
                self.sent.append(sent._replace(what=RESET))
                continue
            depth += (sent.what == SNAPSHOT) - (sent.what == RESTORE)
            self.sent.append(sent)
        self.steps = self.counts.steps
        # A probe's calls run on a snapshot, and are not steps.
        self.steps_alone = _without_probes_and_views(self.sent)
        calls = sum(sent.what == TRANSACTION for sent in self.steps_alone)
        if calls != self.steps:
            raise SystemExit(f"{self.steps} steps sent {calls} transactions: the recording has missed some")
        self._arena = arena

    def described(self) -> dict[str, int]:
        """How many calls of which sort were recorded."""
        what = Counter(sent.what for sent in self.sent)
        transactions = sum(sent.what == TRANSACTION for sent in self.steps_alone)
        return {
            "blocks": what[BLOCK],
            "transactions": transactions,
            "probes_transactions": what[TRANSACTION] - transactions,
            "views": what[VIEW],
        }

    def verify(self) -> None:
        """Replay with every answer compared: each call ends as it did when it was recorded."""
        for sent, ok in zip(self.sent, self._replay(self.sent), strict=True):
            if sent.ok != ok:
                raise SystemExit(f"a replayed call ended otherwise than when it was recorded: {sent}")

    def round(self) -> Timed:
        """Transactions and views, probes included."""
        with stopwatch() as took:
            self._replay(self.sent)
        return Timed(self.steps, *took)

    def round_of_transactions(self) -> Timed:
        """The steps' transactions alone."""
        with stopwatch() as took:
            self._replay(self.steps_alone)
        return Timed(self.steps, *took)

    def _replay(self, everything: Sequence[Sent]) -> list[bool]:
        """Bare ``message_call`` and what must stand between the calls: blocks, snapshots, and nothing else."""
        reset = self._arena.reset
        evm = self._arena.chain.evm
        message_call, set_block = evm.message_call, evm.set_block_env
        checkpoints: list[pyrevm.JournalCheckpoint] = []
        results: list[bool] = []
        for what, sender, to, data, block, _ in everything:
            ok = True
            if what == TRANSACTION:
                try:
                    message_call(caller=sender, to=to, calldata=data, gas=TRANSACTION_GAS_LIMIT)
                except RuntimeError:
                    ok = False
            elif what == VIEW:
                try:
                    message_call(caller=sender, to=to, calldata=data)
                except RuntimeError:
                    ok = False
            elif what == BLOCK:
                set_block(block)
            elif what == SNAPSHOT:
                checkpoints.append(evm.snapshot())
            elif what == RESTORE:
                evm.revert(checkpoints.pop())
            else:
                reset()
            results.append(ok)
        return results


def _without_probes_and_views(everything: Sequence[Sent]) -> list[Sent]:
    kept, depth = [], 0
    for sent in everything:
        if sent.what in (SNAPSHOT, RESTORE):
            depth += 1 if sent.what == SNAPSHOT else -1
        elif depth == 0 and sent.what != VIEW:
            kept.append(sent)
    return kept
