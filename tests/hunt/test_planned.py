"""Steps that run together show what they show one by one, also where the contract stores what nobody expected."""

from __future__ import annotations

from functools import cache

import pytest

from tests.hunt.support import USDC, USDC_ONE, WETH, arena, blocks, deposit, drawn, opened, withdraw
from underwater.actions import Block, Call, Receipt
from underwater.checks import Check, Probe, Roster, Step, check_named
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


@cache
def telling(fault: str | None) -> int:
    """The number of the first drawn sequence in which a fault shows in what the contracts store."""
    place = arena(0, fault)
    for index in range(20):
        _, steps = one_by_one(place, drawn(place, index, STEPS).blocks)
        if any(step.slots_differ for step in steps) is (fault is not None):
            return index
    raise AssertionError(f"twenty sequences do not tell {fault}")


@pytest.mark.parametrize("size", [1, 2, 7, STEPS])
@pytest.mark.parametrize("fault", [None, *DIVERGING])
def test_steps_that_run_together_show_what_they_show_one_by_one(fault: str | None, size: int) -> None:
    place = arena(0, fault)
    history = drawn(place, telling(fault), STEPS).blocks
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


@pytest.mark.parametrize("fault", ["fee-from-one-side", "haircut-counted-twice"])
def test_a_history_is_the_same_whichever_checks_are_enabled(fault: str) -> None:
    """Also on a contract that diverges unseen: where a stretch ends decides what is still drawn on a wrong expectation."""

    def asks(probe: Probe) -> bool:
        return probe.choices.chance(50) or True

    probes = tuple(Check(f"TEST-0{number}", "a sentence", probe=asks, probe_weight=number) for number in (1, 5))
    place = arena(0, fault)
    histories = {drawn(place, telling(fault), STEPS, checks).blocks for checks in ((), probes, probes[:1])}
    assert len(histories) == 1


def test_what_was_planned_on_another_wallet_is_expected_again() -> None:
    place = arena(0)
    place.reset()
    slot = place.instance.slots.wallet("trader-1", WETH)
    assert slot is not None
    (before,) = place.chain.storage([slot])
    place.chain.evm.insert_account_storage(*slot, before + 1)
    runner = Runner(place.chain, place.instance, Roster((check_named("MODEL-02"),)), place.start)
    for block in blocks(
        deposit("trader-1", WETH, 1), *[deposit("maker", USDC, USDC_ONE)] * 3, deposit("trader-1", WETH, 1)
    ):
        runner.plan_block(block.after_s)
        runner.plan(block.acts[0])
    seen = [[violation.check for violation in violations] for violations in runner.run_planned()]
    assert seen == [["MODEL-02"], [], [], [], []]
    assert runner.state.wallets["trader-1"][WETH] == before - 1
    place.reset()


def test_what_was_judged_before_the_chain_broke_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    place = arena(0, "withdraw-skips-margin")
    place.reset()
    history = (*opened(), *blocks(withdraw("trader-1", USDC, 9_000 * USDC_ONE), deposit("maker", USDC, 1)))
    runner = Runner(place.chain, place.instance, Roster((check_named("HEALTH-01"),)), place.start)
    transact, last = place.chain.transact, place.instance.call(history[-1].acts[0], 0)

    def breaks(call: Call) -> Receipt:
        if call == last:
            raise RuntimeError("the chain is broken")
        return transact(call)

    # As an item: taking back an attribute would leave the method on this chain, which other tests use again.
    monkeypatch.setitem(vars(place.chain), "transact", breaks)
    for block in history:
        runner.plan_block(block.after_s)
        runner.plan(block.acts[0])
    judged = runner.run_planned()
    seen = [[violation.check for violation in next(judged)] for _ in range(len(history) - 1)]
    assert seen == [[]] * (len(history) - 2) + [["HEALTH-01"]]
    with pytest.raises(RuntimeError, match="the chain is broken"):
        next(judged)
    monkeypatch.undo()
    place.reset()
