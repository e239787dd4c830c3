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


BLOCK, TRANSACTION, VIEW, SLOTS, SNAPSHOT, RESTORE, RESET = range(7)


class Sent(NamedTuple):
    """One thing that a hunt did to its chain.

    ``block`` is the environment that a new block sets, or the snapshot; ``addresses`` and ``numbers`` say which raw slots were read.
    ``answer`` is what came of it: whether a call succeeded, or a fingerprint of the values read.
    """

    what: int
    sender: str = ""
    to: str = ""
    data: bytes = b""
    block: Any = None
    addresses: Sequence[str] = ()
    numbers: Sequence[int] = ()
    answer: int = True


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
        self.sent.append(Sent(TRANSACTION, call.sender, call.to, call.data, answer=receipt.ok))
        return receipt

    def view(self, to: str, data: bytes) -> Receipt:
        """See ``RevmChain``."""
        receipt = super().view(to, data)
        self.sent.append(Sent(VIEW, NOBODY, to, data, answer=receipt.ok))
        return receipt

    def storage(self, slots: Sequence[tuple[str, int]]) -> list[int]:
        """See ``RevmChain``."""
        return self.storage_of([address for address, _ in slots], [number for _, number in slots])

    def storage_of(self, addresses: Sequence[str], slots: Sequence[int]) -> list[int]:
        """See ``RevmChain``."""
        values = super().storage_of(addresses, slots)
        self.sent.append(Sent(SLOTS, addresses=addresses, numbers=slots, answer=hash(tuple(values))))
        return values

    def snapshot(self) -> Any:
        """See ``RevmChain``."""
        snapshot = super().snapshot()
        self.sent.append(Sent(SNAPSHOT, block=snapshot))
        return snapshot

    def restore(self, snapshot: Any) -> None:
        """See ``RevmChain``."""
        super().restore(snapshot)
        self.sent.append(Sent(RESTORE, block=snapshot))


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
        taken = {id(sent.block) for sent in recording.sent if sent.what == SNAPSHOT}
        for sent in recording.sent:
            if sent.what == RESTORE and id(sent.block) not in taken:
                self.sent.append(Sent(RESET))  # the arena goes back to its first state, between sequences
            elif sent.what in (SNAPSHOT, RESTORE):
                self.sent.append(Sent(sent.what))
            else:
                self.sent.append(sent)
        self.steps = self.counts.steps
        self.calls_alone = [sent for sent in self.sent if sent.what != SLOTS]
        # A probe's calls run on a snapshot, and are not steps.
        self.steps_alone = _without_probes_and_views(self.calls_alone)
        calls = sum(sent.what == TRANSACTION for sent in self.steps_alone)
        if calls != self.steps:
            raise SystemExit(f"{self.steps} steps sent {calls} transactions: the recording has missed some")
        self._arena = arena

    def described(self) -> dict[str, int]:
        """How many calls and reads of which sort were recorded."""
        what = Counter(sent.what for sent in self.sent)
        transactions = sum(sent.what == TRANSACTION for sent in self.steps_alone)
        return {
            "blocks": what[BLOCK],
            "transactions": transactions,
            "probes_transactions": what[TRANSACTION] - transactions,
            "views": what[VIEW],
            "slots": sum(len(sent.numbers) for sent in self.sent),
        }

    def verify(self) -> None:
        """Replay with every answer compared: each call ends as it did when it was recorded, and each slot holds what it did."""
        answers: list[int] = []
        self._replay(self.sent, answers)
        for sent, answer in zip(self.sent, answers, strict=True):
            if sent.answer != answer:
                raise SystemExit(f"what is replayed was answered otherwise than when it was recorded: {sent}")

    def round(self) -> Timed:
        """All that the hunt asks of revm: transactions, views and slots, probes included."""
        return self._timed(self.sent)

    def round_of_calls(self) -> Timed:
        """Transactions and views, probes included, without the reads of slots."""
        return self._timed(self.calls_alone)

    def round_of_transactions(self) -> Timed:
        """The steps' transactions alone."""
        return self._timed(self.steps_alone)

    def _timed(self, everything: Sequence[Sent]) -> Timed:
        with stopwatch() as took:
            self._replay(everything, None)
        return Timed(self.steps, *took)

    def _replay(self, everything: Sequence[Sent], answers: list[int] | None) -> None:
        """Bare ``message_call`` and ``storage``, what must stand between them (blocks, snapshots), and nothing else.

        Answers are kept only where there is a list for them.
        """
        reset = self._arena.reset
        evm = self._arena.chain.evm
        message_call, storage, set_block = evm.message_call, evm.storage, evm.set_block_env
        checkpoints: list[pyrevm.JournalCheckpoint] = []
        for what, sender, to, data, block, addresses, numbers, _ in everything:
            answer: int = True
            if what == SLOTS:
                values = list(map(storage, addresses, numbers))
                if answers is not None:
                    answer = hash(tuple(values))
            elif what == VIEW:
                try:
                    message_call(caller=sender, to=to, calldata=data)
                except RuntimeError:
                    answer = False
            elif what == TRANSACTION:
                try:
                    message_call(caller=sender, to=to, calldata=data, gas=TRANSACTION_GAS_LIMIT)
                except RuntimeError:
                    answer = False
            elif what == BLOCK:
                set_block(block)
            elif what == SNAPSHOT:
                checkpoints.append(evm.snapshot())
            elif what == RESTORE:
                evm.revert(checkpoints.pop())
            else:
                reset()
            if answers is not None:
                answers.append(answer)


def _without_probes_and_views(everything: Sequence[Sent]) -> list[Sent]:
    kept, depth = [], 0
    for sent in everything:
        if sent.what in (SNAPSHOT, RESTORE):
            depth += 1 if sent.what == SNAPSHOT else -1
        elif depth == 0 and sent.what != VIEW:
            kept.append(sent)
    return kept
