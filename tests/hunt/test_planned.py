"""Steps that run together show what they show one by one, also where the contract stores what nobody expected."""

from __future__ import annotations

import pytest

from tests.hunt.support import arena, drawn
from underwater.actions import Block
from underwater.checks import Roster, Step
from underwater.hunt.arena import Arena
from underwater.hunt.runner import Runner

DIVERGING = (
    "fee-from-one-side",
    "deposit-replaces-balance",
    "open-interest-keeps-turned-positions",
    "haircut-counted-twice",
)
STEPS = 300


def one_by_one(place: Arena, history: tuple[Block, ...]) -> tuple[Runner, list[Step]]:
    place.reset()
    runner = Runner(place.chain, place.instance, Roster(()), place.start)
    steps = []
    for block in history:
        runner.begin_block(block.after_s)
        for act in block.acts:
            runner.act(act)
            assert runner.last is not None
            steps.append(runner.last)
    runner.end_block()
    return runner, steps


def together(place: Arena, history: tuple[Block, ...], size: int) -> tuple[Runner, list[Step]]:
    place.reset()
    runner = Runner(place.chain, place.instance, Roster(()), place.start)
    steps = []

    def run() -> None:
        for violations in runner.run_planned():
            assert violations == []
            assert runner.last is not None
            steps.append(runner.last)

    for block in history:
        runner.plan_block(block.after_s)
        for act in block.acts:
            runner.plan(act)
            if runner.planned == size:
                run()
    run()
    runner.end_block()
    return runner, steps


@pytest.mark.parametrize("size", [1, 2, 7, STEPS])
@pytest.mark.parametrize("fault", [None, *DIVERGING])
def test_steps_that_run_together_show_what_they_show_one_by_one(fault: str | None, size: int) -> None:
    place = arena(0, fault)
    history = drawn(place, 3, STEPS).blocks
    single, expected = one_by_one(place, history)
    seen = (single.chain.time_s, single.chain.number, [single.chain.contents(at) for at in single.instance.contracts])
    planned, steps = together(place, history, size)
    assert [(s.act, s.outcome, s.after, s.slots_differ, s.donated_units) for s in steps] == [
        (s.act, s.outcome, s.after, s.slots_differ, s.donated_units) for s in expected
    ]
    assert seen == (
        planned.chain.time_s,
        planned.chain.number,
        [planned.chain.contents(at) for at in planned.instance.contracts],
    )
    assert planned.history() == single.history() == history
    assert (planned.counts, planned.errors, planned.refused) == (single.counts, single.errors, single.refused)
    assert planned.has_diverged is any(s.slots_differ for s in expected) is (fault is not None)
    assert [step.healths for step in steps] == [step.healths for step in expected]
    assert planned.digest.digest() == single.digest.digest()
    place.reset()
