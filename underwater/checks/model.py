"""MODEL: the contract does what the reference does. The differential checks that catch what no sentence foresees."""

from __future__ import annotations

from underwater.checks import Check, Step, Verdict


def _outcome(step: Step) -> Verdict:
    expected, observed = step.expected, step.outcome
    if expected.error != observed.error:
        return f"expected {expected.error or 'done'}, observed {observed.error or 'done'}"
    if expected.error_arguments != observed.error_arguments and expected.error != "UnsafeParameter":
        # P7 lets an engine name any one of several unsafe parameters.
        return f"{expected.error}: expected {expected.error_arguments}, observed {observed.error_arguments}"
    return True


def _state(step: Step) -> Verdict:
    expected, observed = step.expected_state, step.after
    if observed is expected:
        return True
    differences = []
    for name, account in expected.accounts.items():
        if observed.accounts[name] != account:
            differences.append(f"{name}: expected {account}, observed {observed.accounts[name]}")
    for field in (
        "insurance_wad",
        "fees_wad",
        "bad_debt_wad",
        "open_interest_wad",
        "pool_units",
        "held_units",
    ):
        if getattr(expected, field) != getattr(observed, field):
            differences.append(  # noqa: PERF401 (three kinds of difference, one list)
                f"{field}: expected {getattr(expected, field)}, observed {getattr(observed, field)}"
            )
    if expected.operators != observed.operators:
        missing, added = expected.operators - observed.operators, observed.operators - expected.operators
        differences.append(f"approvals missing {sorted(missing)}, not given {sorted(added)}")
    for holder, wallet in expected.wallets.items():
        if observed.wallets.get(holder) != wallet:
            differences.append(f"wallet of {holder}: expected {wallet}, observed {observed.wallets.get(holder)}")
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
