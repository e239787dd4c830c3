"""Shrinking gives the same small history for the same long one, and nothing in it can be left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import pytest

from reference.rounding import WAD
from tests.hunt.support import (
    ETH,
    FAULT,
    SEED,
    USDC,
    USDC_ONE,
    WETH,
    WETH_ONE,
    arena,
    blocks,
    deposit,
    drawn,
    opened,
    publish,
    trade,
    withdraw,
)
from underwater.actions import Act, Action, Aim, Block, Bundle, Loan, actions_of
from underwater.aims import solve
from underwater.checks import Check, Step, check_named
from underwater.engine.bundled.actors import ATTACKER
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.faults import artifacts_of
from underwater.hunt.arena import Arena, deployment_number
from underwater.hunt.replay import replay
from underwater.hunt.shrink import Shrinker, Shrunk, shrink

NOISE = (
    deposit("trader-3", WETH, 3 * WETH_ONE),
    publish("ETH-USD", 3_100 * 10**8),
    Bundle(ATTACKER, (deposit(ATTACKER, USDC, 777), withdraw(ATTACKER, USDC, 700))),
    Action("set_operator", "trader-4", ("delegate", True)),
    withdraw("trader-3", WETH, WETH_ONE),
    Action("donate", "trader-2", (USDC, 1_234_567)),
    trade("trader-3", "maker", ETH, WAD, 3_100 * WAD),
    withdraw("trader-5", USDC, 1),
)
"""Acts that have nothing to do with what fails."""


def among_noise(*acts: Act) -> tuple[Block, ...]:
    """A long history with the acts that matter spread over it; some blocks hold several acts."""
    spread: list[Block] = []
    for number, act in enumerate(acts):
        spread += [Block(60 + place, (noise,)) for place, noise in enumerate(NOISE)]
        spread.append(Block(12, (NOISE[number % 2], act, NOISE[5])))
    return tuple(spread)


def failing_when(says: Callable[[Step], bool]) -> Check:
    """A check that a property of the step violates, so that what is minimal is known without a planted fault."""
    return Check("TEST-01", "not this", lambda step: "this" if says(step) else False)


def count(history: Iterable[Block]) -> int:
    return sum(len(block.acts) for block in history)


def shrunk(check: Check, history: tuple[Block, ...], fault: str | None = None) -> Shrunk:
    small = shrink(BUNDLED, None, artifacts_of(fault), check, history)
    assert small is not None
    assert small.replayed.violation is not None
    return small


def shorter(history: tuple[Block, ...]) -> Iterable[tuple[Block, ...]]:
    """The history without each of its acts."""
    for number, block in enumerate(history):
        for place in range(len(block.acts)):
            left = block._replace(acts=block.acts[:place] + block.acts[place + 1 :])
            yield (*history[:number], *((left,) if left.acts else ()), *history[number + 1 :])


THEFT = withdraw("trader-1", USDC, 9_000 * USDC_ONE)


@cache
def faulty() -> Arena:
    return arena(0, FAULT)


@cache
def shrunk_theft() -> Shrunk:
    history = among_noise(*(act for block in opened() for act in block.acts), THEFT)
    return shrunk(check_named("HEALTH-01"), history, FAULT)


def test_a_planted_fault_among_noise_is_all_that_is_left() -> None:
    """A deposit on either side is needed for the trade, and the trade for the withdrawal to be wrong."""
    small = shrunk_theft()
    kinds = [action.kind for block in small.blocks for act in block.acts for action in actions_of(act)]
    assert kinds == ["deposit", "deposit", "trade", "withdraw"]
    assert [block.after_s for block in small.blocks] == [1] * 4
    assert small.deployment is None
    assert small.replayed.violation is not None
    assert small.replayed.violation.check == "HEALTH-01"


def test_nothing_can_be_left_out() -> None:
    for less in shorter(shrunk_theft().blocks):
        assert replay(faulty(), less, check_named("HEALTH-01")).violation is None


def test_the_same_history_shrinks_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    first = shrunk_theft()
    shrunk_theft.cache_clear()
    again = shrunk_theft()
    assert (again.blocks, again.tries, again.replayed.violation) == (
        first.blocks,
        first.tries,
        first.replayed.violation,
    )


def test_what_is_shrunk_shrinks_no_further() -> None:
    once = shrunk_theft().blocks
    assert shrunk(check_named("HEALTH-01"), once, FAULT).blocks == once


def test_what_does_not_fail_is_not_shrunk() -> None:
    assert shrink(BUNDLED, None, artifacts_of(None), check_named("HEALTH-01"), (*opened(), Block(1, (THEFT,)))) is None
    assert shrink(BUNDLED, None, artifacts_of(None), check_named("HEALTH-01"), ()) is None


def test_acts_after_the_failing_one_are_left_out() -> None:
    history = (*opened(), Block(5, (THEFT, deposit("trader-2", USDC, 1))), *among_noise(THEFT))
    assert count(shrunk(check_named("HEALTH-01"), history, FAULT).blocks) == 4


def test_a_history_that_was_drawn_shrinks_to_one_act() -> None:
    history = drawn(arena(), 5, 200).blocks
    small = shrunk(failing_when(lambda step: step.kind == "trade"), history)
    assert count(small.blocks) == 1


# ---- time


def start_s() -> int:
    return arena().start.time_s


def test_time_that_a_failure_needs_is_kept_when_acts_are_left_out() -> None:
    late = failing_when(lambda step: step.kind == "deposit" and step.before.time_s >= start_s() + 3_000)
    history = among_noise(*[deposit("trader-1", USDC, 1)] * 10)
    assert sum(block.after_s for block in history) > 3_000
    small = shrunk(late, history)
    assert count(small.blocks) == 1
    assert small.blocks[0].after_s >= 3_000


def test_time_that_nothing_needs_is_a_second_a_block() -> None:
    small = shrunk(
        failing_when(lambda step: step.kind == "trade" and step.outcome.done),
        tuple(block._replace(after_s=600) for block in opened()),
    )
    assert [block.after_s for block in small.blocks] == [1, 1, 1]


# ---- bundles and blocks


def test_a_bundle_is_taken_apart_where_its_parts_fail_alone() -> None:
    bundle = Bundle(
        ATTACKER, (deposit(ATTACKER, USDC, 8), Action("donate", ATTACKER, (USDC, 3)), deposit(ATTACKER, USDC, 9))
    )
    small = shrunk(failing_when(lambda step: "donate" in [a.kind for a in actions_of(step.act)]), blocks(bundle))
    ((act,),) = [block.acts for block in small.blocks]
    assert isinstance(act, Action)
    assert act.kind == "donate"


def test_a_bundle_that_fails_as_one_keeps_only_the_parts_it_needs() -> None:
    bundle = Bundle(ATTACKER, tuple(deposit(ATTACKER, USDC, units) for units in (8, 9, 10, 11)))
    small = shrunk(failing_when(lambda step: len(actions_of(step.act)) >= 2), among_noise(bundle))
    ((act,),) = [block.acts for block in small.blocks]
    assert isinstance(act, Bundle)
    assert len(act.actions) == 2


def test_a_bundle_keeps_neither_a_loan_nor_what_is_tried_meanwhile_for_nothing() -> None:
    tried = (Action("withdraw", ATTACKER, (ATTACKER, USDC, 1)), Action("fund_insurance", ATTACKER, (1,)))
    bundle = Bundle(ATTACKER, (deposit(ATTACKER, USDC, 8), deposit(ATTACKER, USDC, 9)), tried, Loan(USDC, 7))

    def needs(loan: bool, during: bool) -> Bundle:
        def fails(step: Step) -> bool:
            act = step.act
            kept = isinstance(act, Bundle) and (not loan or act.loan is not None) and (not during or bool(act.during))
            return kept and step.outcome.done

        ((act,),) = [block.acts for block in shrunk(failing_when(fails), blocks(bundle)).blocks]
        assert isinstance(act, Bundle)
        return act

    assert (needs(True, False).loan, needs(True, False).during) == (Loan(USDC, 7), ())
    assert (needs(False, True).loan, len(needs(False, True).during)) == (None, 1)


def test_acts_of_one_block_stay_together_where_that_is_the_failure() -> None:
    times_s: list[int] = []

    def twice_at_once(step: Step) -> bool:
        if not any(step.before.held_units):
            times_s.clear()  # the first deposit of a replay
        times_s.append(step.before.time_s)
        return step.kind == "deposit" and times_s[-2:-1] == [step.before.time_s]

    one = deposit("trader-1", USDC, 5)
    small = shrunk(failing_when(twice_at_once), (*blocks(one, one), Block(12, (one, NOISE[0], one, one))))
    assert [len(block.acts) for block in small.blocks] == [2]


# ---- numbers and names


def test_numbers_become_plain_where_plain_ones_fail_too() -> None:
    big = failing_when(lambda step: step.kind == "deposit" and step.action.arguments[2] > 1_000_000)  # type: ignore[union-attr]
    ((act,),) = [block.acts for block in shrunk(big, blocks(deposit("trader-1", USDC, 8_765_432))).blocks]
    assert str(act.arguments[2]).strip("0") in "123456789"  # type: ignore[union-attr]


def test_numbers_that_matter_to_the_unit_stay() -> None:
    exact = failing_when(lambda step: step.kind == "deposit" and step.action.arguments[2] == 8_765_432)  # type: ignore[union-attr]
    ((act,),) = [block.acts for block in shrunk(exact, blocks(deposit("trader-1", USDC, 8_765_432))).blocks]
    assert act == deposit("trader-1", USDC, 8_765_432)


def test_the_first_trader_takes_the_place_of_others() -> None:
    small = shrunk(failing_when(lambda step: step.kind == "deposit"), blocks(deposit("trader-5", USDC, 1)))
    assert small.blocks == blocks(deposit("trader-1", USDC, 1), after_s=1)


# ---- aims


def test_aims_are_solved_again_for_the_state_that_is_left() -> None:
    """One unit more than can be withdrawn stays just that, whatever is left of what made it so."""
    aim = Aim("largest withdrawal", 1)
    over = withdraw("trader-1", USDC, 0)._replace(aim=aim)
    history = among_noise(deposit("trader-1", USDC, 5_000_007), deposit("trader-1", USDC, 7_000_000), over)
    # As a hunt gives it: the number that the aim had where it was drawn.
    drawn_state = replay(arena(), history[:-1], failing_when(lambda _: False)).steps[-1].after
    number = solve(drawn_state, over).arguments[2]
    assert number == 12_000_008
    last = history[-1]
    history = (*history[:-1], last._replace(acts=tuple(solve(drawn_state, a) if a == over else a for a in last.acts)))
    refused = failing_when(
        lambda step: (
            step.kind == "withdraw"
            and step.action.arguments[2] - 1 == step.before.accounts[step.action.arguments[0]].cash_wad // 10**12 > 0  # type: ignore[union-attr]
        )
    )
    small = shrunk(refused, history)
    acts = [act for block in small.blocks for act in block.acts]
    assert [act.kind for act in acts] == ["deposit", "withdraw"]
    assert acts[1].aim == aim  # type: ignore[union-attr]
    assert acts[1].arguments[2] == acts[0].arguments[2] + 1  # type: ignore[union-attr]


def test_without_its_boundary_an_aimed_number_stays() -> None:
    number = withdraw("trader-1", USDC, 55)._replace(aim=Aim("largest withdrawal", 1))
    small = shrunk(failing_when(lambda step: step.kind == "withdraw"), blocks(number))
    assert count(small.blocks) == 1


# ---- deployments and budget


def test_a_finding_on_a_drawn_deployment_moves_to_the_parameter_file_if_it_fails_there() -> None:
    deployment = deployment_number(BUNDLED, SEED, 3)
    history = drawn(arena(3), 0, 60).blocks
    # Of a collateral that both have.
    of_settlement = failing_when(
        lambda step: step.kind == "deposit" and step.action is not None and step.action.arguments[1] == USDC
    )
    small = shrink(BUNDLED, deployment, artifacts_of(None), of_settlement, history)
    assert small is not None
    assert small.deployment is None
    assert count(small.blocks) == 1


def test_a_finding_that_needs_its_drawn_deployment_keeps_it() -> None:
    deployment = deployment_number(BUNDLED, SEED, 3)
    own = deployment.parameters
    there = failing_when(lambda step: step.kind == "deposit" and step.before.parameters == own)
    history = drawn(arena(3), 0, 60).blocks
    small = shrink(BUNDLED, deployment, artifacts_of(None), there, history)
    assert small is not None
    assert small.deployment == deployment
    assert count(small.blocks) == 1


def test_the_budget_of_tries_ends_a_shrinking_with_what_there_is() -> None:
    history = among_noise(*(act for block in opened() for act in block.acts), THEFT)
    for tries in (1, 2, 10):
        shrinker = Shrinker(faulty(), check_named("HEALTH-01"), tries)
        result = shrinker.run(history)
        assert result is not None
        assert shrinker.tries == tries
        assert result[1].violation is not None


def test_a_fault_that_only_a_probe_sees_shrinks_as_well() -> None:
    """Who has neither position nor debt is to leave whatever sources do: two deposits and a source that is silent."""
    silence = Action("set_feed_mode", "publisher", ("ETH-USD", 1))
    history = among_noise(deposit("trader-2", WETH, WETH_ONE), deposit("trader-2", USDC, USDC_ONE), silence)
    small = shrunk(check_named("HEALTH-05"), history, "leaving-needs-a-price")
    assert sorted(act.kind for block in small.blocks for act in block.acts) == ["deposit", "deposit", "set_feed_mode"]
    assert small.replayed.violation is not None
    assert small.replayed.violation.why.startswith("trader-1 has no positions and no debt, but cannot withdraw")
