"""The hot loop: acts on the model and on the chain, everything read back, everything compared.

A step counts only if every value that it compares was read from the contract after it: raw slots of all accounts and counters after
every step, those of orders after every step that can run their contract's code, an account's health view as soon as anything that it
rests on has changed; and every slot and every view each few steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from reference.machine import apply, apply_all, at_time
from reference.margin import Health, health_of
from reference.state import Part, State, with_item
from underwater.actions import Act, Action, Block, Bundle, Call, Outcome, Receipt
from underwater.chain.revm import RevmChain
from underwater.checks import Roster, Step, Violation
from underwater.engine import Instance
from underwater.hunt.observer import Awaited, Observer, Stored
from underwater.hunt.views import DueViews

READ_ALL_EVERY = 64
"""Steps between two readings of every slot, and of every account's health view."""
THOROUGH_EVERY = 64
"""Steps between two that checks compare in every way, such as with rational arithmetic."""


class _Planned(NamedTuple):
    """An act, what the reference expects of it, and what will be asked of the chain: everything but the answers."""

    act: Act
    opens_after_s: int | None
    """Seconds after which the act opens a block; None within one."""
    before: State
    expected: Outcome
    awaited: Awaited
    call: Call
    healths: dict[Part, Health]
    """What the health views should answer that are read, of accounts and buckets."""


class _Answers(NamedTuple):
    """What the chain answered: to the call, then to reads of slots and to views."""

    receipt: Receipt
    stored: Stored
    views: list[bytes]


class Runner:
    """Runs one sequence on a chain that stands right after its deployment.

    With ``thorough``, every slot and every account's view is read and everything compared at every step: what a violation says must
    not depend on how many steps came before it, or a history could not be shortened.
    """

    def __init__(
        self, chain: RevmChain, instance: Instance, roster: Roster, start: State, *, thorough: bool = False
    ) -> None:
        self.thorough = thorough
        self.chain = chain
        self.instance = instance
        self.accounts = instance.cast.accounts
        self.roster = roster
        self.state = start
        self._due = DueViews(self.accounts)
        self.blocks: list[tuple[int, list[Act]]] = []
        self.steps = 0
        self.digest = hashlib.blake2b(digest_size=16)
        self.donated_units = (0,) * len(start.held_units)
        self.counts: dict[str, list[int]] = {}
        """Per kind: done, rejected."""
        self.errors: dict[str, int] = {}
        self.refused: list[int] = []
        """Numbers of the acts that were refused."""
        self.last: Step | None = None
        self.has_diverged = False
        """Whether the contract has stored what was not expected: there is little use then in planning far ahead."""
        self.observer = Observer(chain, instance, instance.slots.pack(start))
        self._changed: dict[int, int] = {}
        """Slots that hold something else since the digest was last fed, by their place."""
        self._views: list[bytes] = []
        self._planned: list[_Planned] = []
        self._opens_after_s: int | None = None
        self._expected_steps = 0

    def history(self) -> tuple[Block, ...]:
        """What was run so far."""
        return tuple(Block(after_s, tuple(acts)) for after_s, acts in self.blocks)

    def begin_block(self, after_s: int) -> None:
        """The next acts run in a new block."""
        self._enter_block(after_s)
        self.chain.open_block(after_s)
        self.state = at_time(self.state, self.chain.time_s)

    def act(self, act: Act) -> list[Violation]:
        """Run one act in the open block, compare, and ask the checks. The violations, empty if all held."""
        item = self._expect(act, None)
        answers = self._ask(item)
        step = self._compare(item, answers)
        if not answers.stored.as_expected:
            self._see_all(step)
        return self._judge(step, item, answers)

    def plan_block(self, after_s: int) -> None:
        """The next planned acts will run in a new block."""
        assert self._opens_after_s is None, "a planned block has no act"
        self._opens_after_s = after_s
        self.state = at_time(self.state, self.state.time_s + after_s)

    def plan(self, act: Act) -> None:
        """Have an act run with those planned before it. ``state`` is then what the reference says of all of them."""
        self._planned.append(self._expect(act, self._opens_after_s))
        self._opens_after_s = None

    @property
    def planned(self) -> int:
        """How many acts are planned and have not run."""
        return len(self._planned)

    def run_planned(self) -> Iterator[list[Violation]]:
        """Run what is planned, and give the violations of each step in order. Nothing is to be made of those after a violation.

        All acts run first, and are judged then: going back and forth between interpreter and EVM costs both their caches. After one
        that the contract does not store as expected, those planned on it run one by one.
        """
        planned, self._planned = self._planned, []
        answers, broken = self._ask_all(planned)
        for item, answer in zip(planned, answers, strict=False):
            if item.opens_after_s is not None:
                self._enter_block(item.opens_after_s)
            step = self._compare(item, answer)
            if not answer.stored.as_expected:
                self.has_diverged = True
                self._see_all(step)
            yield self._judge(step, item, answer)
        if broken is not None:
            raise broken
        for later in planned[len(answers) :]:
            if later.opens_after_s is not None:
                self.begin_block(later.opens_after_s)
            yield self.act(later.act)

    def _ask_all(self, planned: list[_Planned]) -> tuple[list[_Answers], Exception | None]:
        """The answers, up to the first that is not as expected, or to where the chain itself broke: what came before is judged."""
        answers: list[_Answers] = []
        for item in planned:
            try:
                answers.append(self._ask(item))
            except Exception as failure:  # noqa: BLE001 (raised again, once the answers before it are judged)
                return answers, failure
            if not answers[-1].stored.as_expected:
                break
        return answers, None

    def _enter_block(self, after_s: int) -> None:
        self.end_block()
        self.blocks.append((after_s, []))

    def _expect(self, act: Act, opens_after_s: int | None) -> _Planned:
        """What the reference says of an act in ``state``, which moves on to what is then expected."""
        before, instance = self.state, self.instance
        self._expected_steps += 1
        if isinstance(act, Action):
            expected_state, expected = apply(before, act.kind, act.caller, act.arguments)
        else:
            parts = tuple([(part.kind, part.arguments) for part in act.actions])
            tried = tuple([(part.kind, part.arguments) for part in act.during])
            expected_state, expected = apply_all(before, act.caller, parts, act.loan, tried)
        self.state = expected_state
        reads_all = self.thorough or self._expected_steps % READ_ALL_EVERY == 0
        names = self._due.take_all(expected_state) if reads_all else self._due.take(expected_state)
        call = instance.call(act, before.time_s)
        awaited = self.observer.await_act(act, before, expected_state, whole=reads_all)
        # Valued here, and not when the answers are there: what the act itself was judged by is still at hand.
        healths = {name: health_of(expected_state, name) for name in names}
        return _Planned(act, opens_after_s, before, expected, awaited, call, healths)

    def _ask(self, item: _Planned) -> _Answers:
        """Everything that is asked of the chain in a step."""
        if item.opens_after_s is not None:
            self.chain.open_block(item.opens_after_s)
        receipt = self.chain.transact(item.call)
        stored = self.observer.fetch(item.awaited)
        return _Answers(receipt, stored, self.instance.healths_data(self.chain, item.healths) if item.healths else [])

    def _compare(self, item: _Planned, answers: _Answers) -> Step:
        """The step as checks see it. Where it is not as expected, its views are still to be read (``_see_all``)."""
        self.steps += 1
        act, before, instance = item.act, item.before, self.instance
        observed, events_differ = self._outcome(item.expected, answers.receipt)
        stored = answers.stored
        after = self.observer.decode(stored, item.awaited)
        self._changed.update(stored.changes)
        step = Step()
        step.act, step.kind, step.action = act, act.kind, act if isinstance(act, Action) else None
        step.before, step.after = before, after
        step.expected, step.expected_state = item.expected, item.awaited.state
        step.outcome, step.events_differ, step.slots_differ = observed, events_differ, stored.differ
        step.participants = instance.participants(act)
        if isinstance(act, Bundle) and act.during:
            step.attempts, step.glimpses = instance.tried(act, answers.receipt)
        step.thorough = self.thorough or self.steps % THOROUGH_EVERY == THOROUGH_EVERY // 2 + 1
        self._views = answers.views
        if stored.as_expected:
            step.expected_healths = wanted = item.healths
            read = instance.parse_health
            step.healths = {
                name: read(data, expected) for (name, expected), data in zip(wanted.items(), answers.views, strict=True)
            }
        return step

    def _see_all(self, step: Step) -> None:
        """The chain does not store what is expected: read every view again, and go on from what it stores."""
        self.state, self._expected_steps = step.after, self.steps
        self._due = DueViews(self.accounts)
        names = self._due.take_all(step.after)
        self._views = self.instance.healths_data(self.chain, names)
        step.healths = dict(zip(names, map(self.instance.parse_health, self._views), strict=True))
        step.expected_healths = {name: health_of(step.after, name) for name in names}

    def _judge(self, step: Step, item: _Planned, answers: _Answers) -> list[Violation]:
        """Count the step, take it into the digest, and ask the checks."""
        act, outcome = item.act, step.outcome
        self.blocks[-1][1].append(act)
        if outcome.error is None:
            for collateral, units in self.instance.donations(act, item.before):
                given = self.donated_units[collateral] + units
                self.donated_units = with_item(self.donated_units, collateral, given)
        step.donated_units = self.donated_units
        self.last = step
        self._tally(step.kind, outcome)
        for _, tried in step.attempts:
            if tried.error is not None:
                self.errors[tried.error] = self.errors.get(tried.error, 0) + 1
        hash_receipt(self.digest, item.call.data, answers.receipt)
        return self.roster.judge(step)

    def end_block(self) -> None:
        """Take what was observed at the block's end into the digest: inside a block, other chains cannot be asked."""
        if self.last is not None and self.blocks[-1][1]:
            if self._changed:
                self.digest.update(b"".join([b"%d=%x;" % item for item in sorted(self._changed.items())]))
                self._changed.clear()
            self.digest.update(b"".join(self._views))

    def _outcome(self, expected: Outcome, receipt: Receipt) -> tuple[Outcome, str]:
        """The observed outcome, and how its events differ; decoded only where bytes are not what was expected."""
        instance = self.instance
        if expected.error is None:
            if receipt.ok and instance.own_logs(receipt) == instance.logs(expected):
                return expected, ""
        elif not receipt.ok and receipt.data == instance.error_data(expected):
            return expected, ""
        observed = instance.outcome_of(receipt)
        if expected.error is None and observed.error is None:
            return observed, f"expected events {expected.events}, observed {observed.events}"
        return observed, ""

    def _tally(self, kind: str, outcome: Outcome) -> None:
        count = self.counts.get(kind)
        if count is None:
            count = self.counts[kind] = [0, 0]
        if outcome.error is None:
            count[0] += 1
        else:
            count[1] += 1
            self.refused.append(self.steps)
            self.errors[outcome.error] = self.errors.get(outcome.error, 0) + 1


def hash_receipt(digest: hashlib.blake2b, data: bytes, receipt: Receipt) -> None:
    """An act and its answer into a digest: everything but gas, and the wording of why a call halted."""
    parts = [data, b"\1" if receipt.ok else b"\0" if receipt.halted is None else b"\2", receipt.data]
    for log in receipt.logs:
        parts += log.topics
        parts.append(log.data)
    digest.update(b"".join(parts))
