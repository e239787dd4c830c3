"""Every check is silent on what is sound and speaks of what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.checks.callbacks import aside
from tests.checks.probes import ReferenceProbe
from tests.checks.sound import SOUND, Case, Deployed, Make
from tests.checks.support import (
    BUY,
    DEPOSIT,
    DONATE,
    IDS,
    PART,
    SEIZE,
    WHOLE,
    WITHDRAW,
    deaf,
    indebted,
    opened,
    refused,
    slipping,
    sunk,
    taken,
    without_model,
)
from tests.checks.wrong import WRONG
from tests.hunt.support import USDC, deposit, publish
from underwater.actions import Action, Bundle
from underwater.checks import Check, Roster, Step, Verdict, catalogue, check_named
from underwater.checks.callbacks import CHECKS as CALLBACKS


def verdict(check: Check, case: Case) -> Verdict:
    """What a run would make of it: False where the check is not asked, or its "if" is not met."""
    roster = Roster([check])
    if isinstance(case, Step):
        violations = roster.judge(case if check.uses_model else without_model(case))
    elif isinstance(case, Deployed):
        violations = roster.judge_deployment(case.refusal)
    else:
        violations = roster.try_probe(check, case)
    assert {violation.check for violation in violations} <= {check.id}
    return violations[0].why if violations else bool(roster.exercised[check.id])


def named(rows: list[tuple[str, str, Make]]) -> list[str]:
    return [f"{check_id} {situation}" for check_id, situation, _ in rows]


@pytest.mark.parametrize(("check_id", "make"), [(row[0], row[2]) for row in SOUND], ids=named(SOUND))
def test_check_is_put_to_the_test_and_silent_where_all_is_sound(check_id: str, make: Make) -> None:
    assert verdict(check_named(check_id), make()) is True


@pytest.mark.parametrize(("check_id", "make"), [(row[0], row[2]) for row in WRONG], ids=named(WRONG))
def test_check_speaks_where_something_is_wrong(check_id: str, make: Make) -> None:
    said = verdict(check_named(check_id), make())
    assert isinstance(said, str), said
    assert said
    assert "\n" not in said


SOUND_STEPS = {
    "a trade": lambda: taken(opened(), BUY),
    "a withdrawal": lambda: taken(opened(), WITHDRAW),
    "a partial liquidation": lambda: taken(slipping(), PART),
    "a whole liquidation": lambda: taken(sunk(), WHOLE),
    "a seizure": lambda: taken(indebted(), SEIZE),
    "a donation": lambda: taken(opened(), DONATE),
    "a refusal": refused,
    "a deposit while a source is silent": lambda: taken(deaf(), DEPOSIT),
    "a fall of a price": lambda: taken(opened(), publish("BTC-USD", 40_000 * 10**8)),
    "a bundle": lambda: taken(
        opened(), Bundle("attacker", (deposit("attacker", USDC, 5), Action("donate", "attacker", (USDC, 2))))
    ),
}


@pytest.mark.parametrize("make", SOUND_STEPS.values(), ids=SOUND_STEPS)
def test_every_check_is_silent_on_a_sound_step(make: Callable[[], Step]) -> None:
    assert Roster(catalogue()).judge(make()) == []


def test_what_was_no_callback_of_an_action_puts_no_check_of_callbacks_to_the_test() -> None:
    judges = [check.judge for check in CALLBACKS]
    assert [judge(step) for judge in judges for step in aside() if judge is not None] == [False] * 8


def test_every_check_is_tested_both_ways() -> None:
    assert {row[0] for row in SOUND} == {row[0] for row in WRONG} == set(IDS)
    for check in catalogue():
        for rows in (SOUND, WRONG):
            makes = [make() for check_id, _, make in rows if check_id == check.id]
            assert (check.judge is not None) == any(isinstance(made, Step) for made in makes)
            assert (check.probe is not None) == any(isinstance(made, ReferenceProbe) for made in makes)
            assert (check.deployed is not None) == any(isinstance(made, Deployed) for made in makes)
