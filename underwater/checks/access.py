"""ACCESS: who may do what."""

from __future__ import annotations

from reference.governance import ADMIN, ORACLE, RISK, TREASURER
from underwater.checks import Check, Step, Verdict, kinds

_ON_ACCOUNTS = {
    **dict.fromkeys(("deposit", "withdraw", "settle", "isolate", "join", "move_margin", "liquidate", "seize"), (0,)),
    "trade": (1, 2),
}
"""Which arguments are accounts that an action changes by their owners' will (A2)."""
_BY_ROLE = {
    "collect_fees": TREASURER,
    "set_market_limits": RISK,
    "set_open_interest_scaling": RISK,
    "set_funding": RISK,
    "set_second_source": ORACLE,
    "set_deposit_cap": RISK,
    "set_liquidation_parameters": RISK,
    "set_market_feed": ORACLE,
    "set_collateral_feed": ORACLE,
    "grant_role": ADMIN,
    "revoke_role": ADMIN,
}


def _right(step: Step) -> Verdict:
    """ACCESS-01."""
    assert step.action is not None
    caller, before = step.action.caller, step.before
    if not step.outcome.done:
        return False
    for argument in _ON_ACCOUNTS.get(step.kind, ()):
        account = step.action.arguments[argument]
        if account != caller and (account, caller) not in before.operators:
            return f"{caller} acted on the account of {account} without its approval"
    role = _BY_ROLE.get(step.kind)
    if role is not None and caller not in before.roles[role]:
        return f"{caller} did what only {role} may"
    return True


CHECKS = (
    Check(
        "ACCESS-01",
        "an action on another's account, or a role's, needs that right",
        _right,
        kinds(*_ON_ACCOUNTS, *_BY_ROLE),
        of_done=True,
    ),
)
