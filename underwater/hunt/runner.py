"""The hot loop: one act on the model and on the chain, everything read back, everything compared.

A step counts only if every value that it compares was read from the contract after it: raw slots of all accounts and counters after
every step, health views of the accounts that took part, views of all accounts every few steps.
"""

from __future__ import annotations

import hashlib
from itertools import compress
from operator import ne
from typing import NamedTuple

from reference.machine import apply, apply_all, at_time
from reference.margin import health_of
from reference.state import State, with_item
from underwater.actions import Act, Action, Block, Bundle, Outcome, Receipt
from underwater.chain.revm import RevmChain
from underwater.checks import Roster, Step, Violation
from underwater.engine import Instance
from underwater.hunt.observer import Observer
from underwater.hunt.views import DueViews

VIEW_ALL_EVERY = 32
"""Steps between two readings of every account's health view."""
THOROUGH_EVERY = 128
"""Steps between two that checks compare in every way, such as with rational arithmetic."""


class Failure(NamedTuple):
    """Where a history failed: the act's number from 1, and the checks that did not hold."""

    step: int
    violations: tuple[Violation, ...]


class Runner:
    """Runs one sequence on a chain that stands right after its deployment.

    With ``thorough``, every account's view is read and everything compared at every step: what a violation says must not depend
    on how many steps came before it, or a history could not be shortened.
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
        self.observer = Observer(chain, instance, instance.slots.pack(start))
        self._hashed = list(self.observer.values)
        self._unhashed = False
        """Whether something may be stored that the digest has not seen."""
        self._views: list[bytes] = []

    def history(self) -> tuple[Block, ...]:
        """What was run so far."""
        return tuple(Block(after_s, tuple(acts)) for after_s, acts in self.blocks)

    def begin_block(self, after_s: int) -> None:
        """The next acts run in a new block."""
        self.end_block()
        self.chain.open_block(after_s)
        self.blocks.append((after_s, []))
        self.state = at_time(self.state, self.chain.time_s)

    def act(self, act: Act) -> list[Violation]:
        """Run one act in the open block, compare, and ask the checks. The violations, empty if all held."""
        before, instance, chain = self.state, self.instance, self.chain
        self.blocks[-1][1].append(act)
        self.steps += 1
        kind = act.kind
        action = act if isinstance(act, Action) else None
        if action is not None:
            expected_state, expected = apply(before, kind, action.caller, action.arguments)
        else:
            assert isinstance(act, Bundle)
            expected_state, expected = apply_all(
                before, act.caller, tuple([(part.kind, part.arguments) for part in act.actions])
            )
        call = instance.call(act, chain.time_s)
        receipt = chain.transact(call)
        observed, events_differ = self._compare(expected, receipt)

        after, slots_differ = self.observer.read(act, before, expected_state)
        if after is not before:
            self._unhashed = True
        self.state = after

        step = Step()
        step.act, step.kind, step.action = act, kind, action
        step.before, step.after = before, after
        step.expected, step.expected_state = expected, expected_state
        step.outcome, step.events_differ, step.slots_differ = observed, events_differ, slots_differ
        step.participants = instance.participants(act)
        step.thorough = self.thorough or self.steps % THOROUGH_EVERY == 1
        views_all = self.thorough or self.steps % VIEW_ALL_EVERY == 0
        names = self._due.take_all(after) if views_all else self._due.take(after)
        self._views = views = [instance.health_data(chain, name) for name in names]
        step.healths = {
            name: instance.parse_health(data, health_of(after, name)) for name, data in zip(names, views, strict=True)
        }
        if observed.error is None:
            for collateral, units in instance.donations(act):
                given = self.donated_units[collateral] + units
                self.donated_units = with_item(self.donated_units, collateral, given)
        step.donated_units = self.donated_units
        self.last = step

        self._tally(kind, observed)
        hash_receipt(self.digest, call.data, receipt)
        return self.roster.judge(step)

    def end_block(self) -> None:
        """Take what was observed at the block's end into the digest: inside a block, other chains cannot be asked."""
        if self.last is not None and self.blocks[-1][1]:
            values, hashed = self.observer.values, self._hashed
            if self._unhashed and values != hashed:
                changes = list(compress(enumerate(values), map(ne, values, hashed)))
                self.digest.update(repr(changes).encode())
                self._hashed = list(values)
            self._unhashed = False
            self.digest.update(b"".join(self._views))

    def _compare(self, expected: Outcome, receipt: Receipt) -> tuple[Outcome, str]:
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
    digest.update(data)
    digest.update(b"\1" if receipt.ok else b"\0" if receipt.halted is None else b"\2")
    digest.update(receipt.data)
    for log in receipt.logs:
        digest.update(b"".join(log.topics))
        digest.update(log.data)
