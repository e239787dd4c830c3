"""ACCESS-01 of approvals that were signed: whose word they are (A5 to A7)."""

from __future__ import annotations

from reference.delegation import THIS, nonce_of
from underwater.checks import Step, Verdict

SIGNED_APPROVAL = "set_operator_by_signature"


def said_so(step: Step) -> Verdict:
    """ACCESS-01. An approval that was handed in and accepted is what its account has signed, in time, and for the first time."""
    assert step.action is not None
    account, _, _, nonce, deadline_s, signer, over = step.action.arguments
    before, after = step.before, step.after
    if signer != account:
        return f"what {signer} signed was accepted as the word of {account}"
    if over != THIS:
        return f"what {account} signed over something else ({over}) was accepted as if it were over this"
    if before.time_s > deadline_s:
        return f"what {account} signed was accepted {before.time_s - deadline_s} s after its deadline"
    if nonce != nonce_of(before, account):
        return f"what {account} signed with nonce {nonce} was accepted, and its next is {nonce_of(before, account)}"
    if nonce_of(after, account) != nonce + 1:
        return f"what {account} signed with nonce {nonce} was accepted, and can be handed in again"
    return True
