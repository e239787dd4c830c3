"""A given history, run again: does it still fail the same check?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from underwater.actions import Act, Block, Refusal
from underwater.aims import solve_act
from underwater.checks import Check, Roster, Step, Violation
from underwater.choices import SeededChoices, Ways
from underwater.hunt.arena import Arena
from underwater.hunt.probe import Trial, probing
from underwater.hunt.runner import Runner
from underwater.hunt.sequence import PROBE_STREAMS, Cause, cause_of, cause_of_refusal


class Replayed(NamedTuple):
    """A history as it was run.

    ``blocks`` are those that ran, numbers as they were solved, up to the failing act; ``violation`` is None if nothing failed.
    ``steps`` are the steps as checks saw them. ``trial`` is what the check's probe did after them, where it is a probe that failed, and
    ``stream`` what it drew from.
    """

    blocks: tuple[Block, ...]
    violation: Violation | None
    steps: tuple[Step, ...]
    trial: Trial | None = None
    stream: int = 0
    refusal: Refusal | None = None
    """Where the deployment was refused, if it was: there are no steps then."""

    @property
    def cause(self) -> Cause:
        """What failures of one cause share."""
        assert self.violation is not None
        if self.refusal is not None:
            return cause_of_refusal(self.violation, self.refusal)
        last = self.steps[-1]
        return cause_of(self.violation, None if self.trial is not None else last)

    @property
    def refused(self) -> tuple[int, ...]:
        """Numbers of the acts that were refused."""
        return tuple(number for number, step in enumerate(self.steps, 1) if not step.outcome.done)


def replay(
    arena: Arena,
    blocks: Iterable[Block],
    check: Check,
    *,
    aims: bool = False,
    thorough_last_only: bool = False,
    first_stream: int = 0,
    probes: bool = True,
) -> Replayed:
    """Run a history with one check enabled, until that check does not hold; whether it does of the deployment is asked first.

    With ``aims`` numbers are solved again from what they aimed at. A check's probe is tried after the last act, in every way that it may
    go; ``first_stream`` is the one that is likeliest to fail. Without ``probes`` it is not tried.
    Every view is read and everything compared after every act (or after the last one, as quick as a hunt until then).
    """
    roster = Roster((check,))
    of_deployment = roster.judge_deployment(arena.refusal)
    if arena.refusal is not None:
        return Replayed((), of_deployment[0] if of_deployment else None, (), refusal=arena.refusal)
    arena.reset()
    runner = Runner(arena.chain, arena.instance, roster, arena.start, thorough=not thorough_last_only)
    steps: list[Step] = []
    blocks = tuple(blocks)
    for number, block in enumerate(blocks):
        runner.begin_block(block.after_s)
        for place, act in enumerate(block.acts):
            solved: Act = solve_act(runner.state, act) if aims else act
            is_last = number == len(blocks) - 1 and place == len(block.acts) - 1
            runner.thorough = is_last or not thorough_last_only
            violations = runner.act(solved)
            assert runner.last is not None
            steps.append(runner.last)
            if violations:
                return Replayed(runner.history(), violations[0], tuple(steps))
    if check.probe is not None and steps and probes:
        ways = Ways()
        for stream in sorted(
            range(PROBE_STREAMS), key=lambda stream: stream != first_stream
        ):  # one is what a hunt drew
            if ways.has(SeededChoices(stream, check.id)):
                continue
            choices = ways.going(SeededChoices(stream, check.id))
            with probing(runner.observer, runner.state, choices) as probe:
                violations = runner.roster.try_probe(check, probe)
            choices.end()
            if violations:
                return Replayed(runner.history(), violations[0], tuple(steps), probe.trial(), stream)
    return Replayed(runner.history(), None, tuple(steps))
