"""MODEL: the contract does what the reference does. The differential checks that catch what no sentence foresees."""

from __future__ import annotations

from underwater.actions import Outcome
from underwater.checks import Check, Step, Verdict
from underwater.checks.differences import differences_between


def _outcome(step: Step) -> Verdict:
    expected, observed = step.expected, step.outcome
    if expected.error != observed.error:
        return f"expected {expected.error or 'done'}, observed {observed.error or 'done'}"
    if expected.error_arguments != observed.error_arguments and expected.error != "UnsafeParameter":
        # P7 lets an engine name any one of several unsafe parameters.
        return f"expected {_refusal(expected)}, observed {_refusal(observed)}"
    return True


def _refusal(outcome: Outcome) -> str:
    return f"{outcome.error}({', '.join(map(str, outcome.error_arguments))})"


def _state(step: Step) -> Verdict:
    expected, observed = step.expected_state, step.after
    if observed is expected:
        return True
    words = ("expected", "observed")
    differences = [*differences_between(expected, observed, words)]
    for name, account in expected.accounts.items():
        differences += [f"{name} {text}" for text in differences_between(account, observed.accounts[name], words)]
    if expected.operators != observed.operators:
        missing, added = expected.operators - observed.operators, observed.operators - expected.operators
        differences.append(f"approvals missing {sorted(missing)}, not given {sorted(added)}")
    for holder, wallet in expected.wallets.items():
        for number, (wanted, units) in enumerate(zip(wallet, observed.wallets[holder], strict=True)):
            if wanted != units:
                differences.append(
                    f"wallet of {holder}, units of collateral {number}: expected {wanted}, observed {units}"
                )
    # What no field shows, such as an account's bits of what it holds.
    return "; ".join(differences) or step.slots_differ or True


def _events(step: Step) -> Verdict:
    return step.events_differ or True


CHECKS = (
    Check(
        "MODEL-01", "an action is accepted, or refused with the error, as the reference says", _outcome, uses_model=True
    ),
    Check("MODEL-02", "what is stored after an action is what the reference stores", _state, uses_model=True),
    Check("MODEL-03", "the events of an action are those that the reference emits", _events, uses_model=True),
)
