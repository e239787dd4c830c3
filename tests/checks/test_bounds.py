"""Section 3 as ACCESS-02 says it, held to the reference's own: what governors draw is outside its bounds for both or for none."""

from __future__ import annotations

from collections import Counter

from reference.machine import apply
from tests.checks.support import opened
from tests.hunt.support import arena
from underwater.actions import Action
from underwater.checks.bounds import unsafe_change
from underwater.checks.roles import BY_ROLE
from underwater.choices import SeededChoices
from underwater.generate.governors import Governors
from underwater.generate.guards import Guards

OF_NUMBERS = ("UnsafeParameter", "UnknownMarket", "UnknownCollateral")


def test_what_governors_draw_is_unsafe_for_both_or_for_none() -> None:
    cast, seen = arena().instance.cast, Counter[tuple[str, str]]()
    officers = {"RISK_ROLE": cast.risk_manager, "ORACLE_ROLE": cast.oracle_manager}
    for stream in range(40):
        choices, state = SeededChoices(stream, "bounds"), opened()
        governors, guards = Governors(choices, cast), Guards(choices, cast)
        for turn in range(150):
            kind, _, arguments, _ = guards.draw(state) if turn % 3 == 2 else governors.parameters(state)
            if kind in ("pause", "unpause"):
                continue
            state_after, outcome = apply(state, kind, officers[BY_ROLE[kind]], arguments)
            unsafe = unsafe_change(state, kind, arguments)
            assert outcome.error is None or outcome.error in OF_NUMBERS
            assert (unsafe is None) == (outcome.error is None), (Action(kind, "", arguments), unsafe, outcome)
            seen[kind, outcome.error or "done"] += 1
            state = state_after
    drawn = {kind for kind in BY_ROLE if kind.startswith("set_")}
    assert {kind for kind, how in seen if how == "done"} == drawn
    # There is nothing that it could not say.
    assert {kind for kind, how in seen if how == "UnsafeParameter"} == drawn - {"set_reduce_only"}


def test_what_changes_no_parameter_has_no_bounds() -> None:
    assert unsafe_change(opened(), "grant_role", ("RISK_ROLE", "maker")) is None
