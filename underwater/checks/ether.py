"""LEDGER-11 and LEDGER-12: ether in and out, and what is left of it on the way (section 19)."""

from __future__ import annotations

from reference.ether import GATEWAY, WRAPPED
from reference.state import State
from underwater.checks import Check, Step, Verdict, kinds, quote


def _total_units(state: State, collateral: int) -> int:
    """Units of a collateral that anybody holds."""
    return state.held_units[collateral] + sum(wallet[collateral] for wallet in state.wallets.values())


def _conserved(step: Step) -> Verdict:
    """LEDGER-11."""
    before, after = step.before.ether.wei, step.after.ether.wei
    collateral = step.after.parameters.wrapped_ether
    if after is before or collateral is None:
        return False
    change_wei = sum(after.values()) - sum(before.values())
    if change_wei:
        return f"all ether together changed by {quote(change_wei)} in a {step.kind}"
    if after[GATEWAY]:
        return f"the gateway keeps {quote(after[GATEWAY])} ether"
    kept = step.after.wallets[GATEWAY][collateral]
    if kept:
        return f"the gateway keeps {quote(kept)} wrapped ether"
    total = _total_units(step.after, collateral)
    if after[WRAPPED] != total:
        return f"{quote(total)} wrapped ether stands for {quote(after[WRAPPED])} ether"
    return True


def _delivered(step: Step) -> Verdict:
    """LEDGER-12."""
    assert step.action is not None
    caller, (account, amount_wei) = step.action.caller, step.action.arguments
    before, after = step.before, step.after
    collateral = before.parameters.wrapped_ether
    assert collateral is not None
    payee, wanted_wei = (caller, -amount_wei) if step.kind == "deposit_ether" else (account, amount_wei)
    for name, wei in after.ether.wei.items():
        gained_wei = wei - before.ether.wei[name]
        if name not in (GATEWAY, WRAPPED) and gained_wei != (wanted_wei if name == payee else 0):
            return f"the ether of {name} changed by {quote(gained_wei)} when {quote(amount_wei)} of {account} moved"
    for name, holder in after.accounts.items():
        gained = holder.units[collateral] - before.accounts[name].units[collateral]
        if gained != (-wanted_wei if name == account else 0):
            return f"the margin of {name} changed by {quote(gained)} ether when {quote(amount_wei)} of {account} moved"
    for name, wallet in after.wallets.items():
        if name != GATEWAY and wallet != before.wallets[name]:
            gained = wallet[collateral] - before.wallets[name][collateral]
            return f"{name} has {quote(gained)} more wrapped ether after {quote(amount_wei)} ether of {account} moved"
    return True


CHECKS = (
    Check(
        "LEDGER-11",
        "ether is neither made nor lost, wrapped ether stands for as much, and the gateway keeps nothing",
        _conserved,
        of_done=True,
    ),
    Check(
        "LEDGER-12",
        "ether brought in is the account's margin, margin taken out as ether is the account's, and nothing else moves",
        _delivered,
        kinds("deposit_ether", "withdraw_ether"),
        of_done=True,
    ),
)
