"""The reentrancy guard stands where specification section 18 wants it."""

from __future__ import annotations

import re

from underwater.engine.artifacts import sources_of
from underwater.engine.faults import CONTRACTS

FUNCTION = re.compile(r"function (\w+)\([^)]*\)\s*external\b([^{;]*)\{")
GUARDED = ("Accounts", "Buckets", "Funding", "Ledger", "Liquidation", "MarginEngine", "Parameters", "Risk", "Trading")
"""Contracts whose functions the engine has itself; those of others pass through its guarded fallback."""
ANSWERED_ALWAYS = {"isOperator", "proxiableUUID"}
"""Views that refuse nobody. Rules G2, U3: what code says of itself rests on nothing."""


def functions() -> dict[str, str]:
    """External functions of the engine's own code, with what stands between their arguments and their body."""
    sources = sources_of(CONTRACTS)
    return {name: rest for contract in GUARDED for name, rest in FUNCTION.findall(sources[f"contracts/{contract}.sol"])}


def test_every_action_is_guarded_before_anything_else() -> None:
    actions = {name: rest.split() for name, rest in functions().items() if "view" not in rest.split()}
    assert len(actions) >= 13
    for name, words in actions.items():
        assert words[0] == "nonReentrant", name


def test_every_view_of_the_engine_s_own_code_is_guarded() -> None:
    views = {name: rest.split() for name, rest in functions().items() if "view" in rest.split()}
    assert {"cashOf", "insurance", "fees", "badDebt"} <= set(views)
    for name, words in views.items():
        assert ("nonReentrantView" in words) != (name in ANSWERED_ALWAYS), name


def test_what_is_passed_on_is_guarded_in_one_place() -> None:
    engine = sources_of(CONTRACTS)["contracts/MarginEngine.sol"]
    assert re.search(r"function _fallback\(\) internal override nonReentrantView \{", engine)
