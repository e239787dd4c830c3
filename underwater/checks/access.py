"""ACCESS: who may do what."""

from __future__ import annotations

from underwater.checks import Check, Step, Verdict, kinds
from underwater.checks.delegation import SIGNED_APPROVAL, said_so
from underwater.checks.roles import BY_ROLE, refused_without_role, within_bounds
from underwater.checks.upgrades import ATTEMPTS, code_and_beginning, upgraded

_ON_ACCOUNTS = {
    **dict.fromkeys(("deposit", "withdraw", "settle", "isolate", "join", "move_margin", "liquidate", "seize"), (0,)),
    **dict.fromkeys(("deposit_ether", "withdraw_ether"), (0,)),
    "trade": (1, 2),
    "request_order": (0,),
    "execute_order": (2,),
}
"""Which arguments are accounts that an action changes by their owners' will (A2)."""


def _right(step: Step) -> Verdict:
    """ACCESS-01."""
    assert step.action is not None
    caller, before = step.action.caller, step.before
    if not step.outcome.done:
        return False
    if step.kind == SIGNED_APPROVAL:
        return said_so(step)
    for argument in _ON_ACCOUNTS.get(step.kind, ()):
        account = step.action.arguments[argument]
        if account != caller and (account, caller) not in before.operators:
            return f"{caller} acted on the account of {account} without its approval"
    role = BY_ROLE.get(step.kind)
    if role is not None and caller not in before.roles[role]:
        return f"{caller} did what only {role} may"
    return True


CHECKS = (
    Check(
        "ACCESS-01",
        "an action on another's account, or a role's, needs that right",
        _right,
        kinds(*_ON_ACCOUNTS, *BY_ROLE, SIGNED_APPROVAL),
        of_done=True,
    ),
    Check(
        "ACCESS-02",
        "roles and bounds hold for every parameter",
        within_bounds,
        kinds(*BY_ROLE, "renounce_role"),
        refused_without_role,
        of_done=True,
        probe_weight=3,
    ),
    Check(
        "ACCESS-05",
        "only its admin changes the engine's code, and that changes nothing else; it begins once",
        code_and_beginning,
        kinds(*ATTEMPTS),
        upgraded,
    ),
)
