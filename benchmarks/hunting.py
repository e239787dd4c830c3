"""The hunt itself, and what it sends: recorded once, replayed through bare revm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyrevm

from benchmarks.timing import Timed, stopwatch
from underwater.actions import Call, Receipt
from underwater.chain import BLOCK_GAS_LIMIT, NOBODY, TRANSACTION_GAS_LIMIT
from underwater.chain.revm import RevmChain
from underwater.engine import Deployment
from underwater.hunt.campaign import Budget, Campaign
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

    def add(self, other: Counts) -> None:
        """Count what another did too."""
        self.steps += other.steps
        self.kinds += other.kinds
        self.done += other.done
        self.checks_evaluated += other.checks_evaluated

    def share_done(self) -> float:
        """The part of the steps that the engine did not refuse."""
        return self.done / self.steps


class Hunt:
    """The hunt on the default deployment, as one worker of ``ape underwater hunt`` does it: tasks of a campaign that has kept some
    sequences and goes on from them as often as it would, run again and again.
    """

    def __init__(self, steps: int) -> None:
        settings = Settings("bundled", None, SEED, None, Path(), shipped_history(), _nothing_to_find)
        self.worker = Worker(settings)
        self.tasks: list[Task] = []
        campaign = Campaign(settings, Budget(), draws_deployments=False)
        self._round_of(campaign)
        enough = campaign.summary.steps + steps
        campaign.budget = Budget(steps=enough)
        while campaign.summary.steps < enough:
            self.tasks += self._round_of(campaign)

    def _round_of(self, campaign: Campaign) -> list[Task]:
        """A round of a campaign, run: what comes after it depends on it."""
        tasks = campaign.plan()
        for task in tasks:
            for _ in campaign.merge(self.worker.run(task)):
                pass
        return tasks

    def round(self, number: int) -> Timed:
        """Every sequence of one task."""
        with stopwatch() as took:
            counts = self.run(number)
        return Timed(counts.steps, *took)

    def run(self, number: int) -> Counts:
        """Every sequence of one task."""
        counts = Counts()
        done = self.worker.run(self.tasks[number])
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


BLOCK, TRANSACTION, VIEW, SLOTS, SNAPSHOT, RESTORE, RESET, ETHER = range(8)


class Sent(NamedTuple):
    """One thing that a hunt did to its chain.

    ``block`` is the environment that a new block sets, or the snapshot; ``addresses`` and ``numbers`` say which raw slots were read,
    or whose ether; ``value`` is the ether that went with a transaction (wei).
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
    value: int = 0


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
        self.sent.append(Sent(TRANSACTION, call.sender, call.to, call.data, answer=receipt.ok, value=call.value))
        return receipt

    def view(self, to: str, data: bytes) -> Receipt:
        """See ``RevmChain``."""
        receipt = super().view(to, data)
        self.sent.append(Sent(VIEW, NOBODY, to, data, answer=receipt.ok))
        return receipt

    def views(self, to: str, datas: Sequence[bytes]) -> list[bytes]:
        """See ``RevmChain``."""
        receipts = [self.view(to, data) for data in datas]
        return [receipt.data if receipt.ok else b"" for receipt in receipts]

    def storage(self, slots: Sequence[tuple[str, int]]) -> list[int]:
        """See ``RevmChain``."""
        return self.storage_of([address for address, _ in slots], [number for _, number in slots])

    def storage_of(self, addresses: Sequence[str], slots: Sequence[int]) -> list[int]:
        """See ``RevmChain``."""
        values = super().storage_of(addresses, slots)
        self.sent.append(Sent(SLOTS, addresses=addresses, numbers=slots, answer=hash(tuple(values))))
        return values

    def balances(self, addresses: Sequence[str]) -> list[int]:
        """See ``RevmChain``."""
        values = super().balances(addresses)
        self.sent.append(Sent(ETHER, addresses=addresses, answer=hash(tuple(values))))
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


@dataclass
class Recorded:
    """What a task sends: all of it, without the reads of slots, and the steps' transactions alone."""

    steps: int
    everything: list[Sent]
    calls: list[Sent] = field(init=False)
    transactions: list[Sent] = field(init=False)

    def __post_init__(self) -> None:
        self.calls = [sent for sent in self.everything if sent.what != SLOTS]
        # A probe's calls run on a snapshot, and are not steps.
        self.transactions = _without_probes_and_views(self.calls)
        sent = sum(sent.what == TRANSACTION for sent in self.transactions)
        if sent != self.steps:
            raise SystemExit(f"{self.steps} steps sent {sent} transactions: the recording has missed some")


class Recording:
    """Everything that the hunt's tasks send, ready to be replayed on a chain of its own."""

    def __init__(self, steps: int) -> None:
        hunt = Hunt(steps)
        self._arena = arena = hunt.worker.arena(0)
        plain, recording = arena.chain, RecordingChain(arena.chain)
        arena.chain = recording
        self.counts = Counts()
        self.tasks: list[Recorded] = []
        for number in range(len(hunt.tasks)):
            recording.sent.clear()
            counts = hunt.run(number)
            self.counts.add(counts)
            self.tasks.append(Recorded(counts.steps, _without_restores_of_the_start(recording.sent)))
        arena.chain = plain

    def described(self) -> dict[str, int]:
        """How many calls and reads of which sort were recorded."""
        what = Counter(sent.what for task in self.tasks for sent in task.everything)
        transactions = sum(task.steps for task in self.tasks)
        return {
            "blocks": what[BLOCK],
            "transactions": transactions,
            "probes_transactions": what[TRANSACTION] - transactions,
            "views": what[VIEW],
            "slots": sum(len(sent.numbers) for task in self.tasks for sent in task.everything),
        }

    def verify(self) -> None:
        """Replay with every answer compared: each call ends as it did when it was recorded, and each slot holds what it did."""
        for task in self.tasks:
            answers: list[int] = []
            self._replay(task.everything, answers)
            for sent, answer in zip(task.everything, answers, strict=True):
                if sent.answer != answer:
                    raise SystemExit(f"what is replayed was answered otherwise than when it was recorded: {sent}")

    def round(self, number: int) -> Timed:
        """All that a task of the hunt asks of revm: transactions, views and slots, probes included."""
        return self._timed(self.tasks[number], self.tasks[number].everything)

    def round_of_calls(self, number: int) -> Timed:
        """Transactions and views, probes included, without the reads of slots."""
        return self._timed(self.tasks[number], self.tasks[number].calls)

    def round_of_transactions(self, number: int) -> Timed:
        """The steps' transactions alone."""
        return self._timed(self.tasks[number], self.tasks[number].transactions)

    def _timed(self, task: Recorded, everything: Sequence[Sent]) -> Timed:
        with stopwatch() as took:
            self._replay(everything, None)
        return Timed(task.steps, *took)

    def _replay(self, everything: Sequence[Sent], answers: list[int] | None) -> None:
        """Bare ``message_call`` with its logs, ``storage``, ``get_balance``, and what must stand between them: blocks, snapshots.

        Answers are kept only where there is a list for them.
        """
        reset = self._arena.reset
        evm = self._arena.chain.evm
        message_call, storage, set_block = evm.message_call, evm.storage, evm.set_block_env
        get_balance = evm.get_balance
        checkpoints: list[pyrevm.JournalCheckpoint] = []
        for what, sender, to, data, block, addresses, numbers, _, value in everything:
            answer: int = True
            if what == SLOTS:
                values = list(map(storage, addresses, numbers))
                if answers is not None:
                    answer = hash(tuple(values))
            elif what == ETHER:
                values = list(map(get_balance, addresses))
                if answers is not None:
                    answer = hash(tuple(values))
            elif what == VIEW:
                try:
                    message_call(caller=sender, to=to, calldata=data)
                except RuntimeError:
                    answer = False
            elif what == TRANSACTION:
                try:
                    message_call(caller=sender, to=to, calldata=data, value=value, gas=TRANSACTION_GAS_LIMIT)
                    for log in evm.result.logs:  # type: ignore[union-attr]  # a call that came back has a result
                        _ = log.address, log.data
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


def _without_restores_of_the_start(everything: Sequence[Sent]) -> list[Sent]:
    """With what matters of snapshots alone: those of probes, and where the arena goes back to its first state between sequences."""
    taken = {id(sent.block) for sent in everything if sent.what == SNAPSHOT}
    kept = []
    for sent in everything:
        if sent.what == RESTORE and id(sent.block) not in taken:
            kept.append(Sent(RESET))
        elif sent.what in (SNAPSHOT, RESTORE):
            kept.append(Sent(sent.what))
        else:
            kept.append(sent)
    return kept


def _without_probes_and_views(everything: Sequence[Sent]) -> list[Sent]:
    kept, depth = [], 0
    for sent in everything:
        if sent.what in (SNAPSHOT, RESTORE):
            depth += 1 if sent.what == SNAPSHOT else -1
        elif depth == 0 and sent.what != VIEW:
            kept.append(sent)
    return kept
