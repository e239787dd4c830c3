"""Approvals that an account signs and anybody hands in (rules A5 to A7).

A signature is plain data here: who signed, and over what. ``THIS`` is what is handed in, word for word; everything else is
something that differs from it in one way.
"""

from __future__ import annotations

from reference.ledger import Effect, set_operator
from reference.rejection import Rejected
from reference.state import State

THIS = "this"
SIGNED = (
    THIS,
    "another-account",
    "another-operator",
    "the-opposite",
    "another-nonce",
    "another-deadline",
    "another-chain",
    "another-contract",
    "high-s",
    "nothing",
)
"""What a signature may be over. ``high-s`` is over this, in the form that anybody can make of a signature; ``nothing`` are zeros."""
MOST_BURNT = 2**32 - 1


def nonce_of(state: State, account: str) -> int:
    """A6."""
    return state.nonces.get(account, 0)


def _with_nonce(state: State, account: str, nonce: int) -> State:
    return state._replace(nonces={**state.nonces, account: nonce})


def set_operator_by_signature(
    state: State,
    caller: str,
    account: str,
    operator: str,
    approved: bool,
    nonce: int,
    deadline_s: int,
    signer: str,
    over: str,
) -> Effect:
    """A5: whoever hands it in, it is the account's word, once and until its deadline."""
    if state.time_s > deadline_s:
        raise Rejected("SignatureExpired", deadline_s)
    if nonce != nonce_of(state, account):
        raise Rejected("InvalidAccountNonce", account, nonce_of(state, account))
    if signer != account or over != THIS:
        raise Rejected("InvalidSignature", account)
    return set_operator(_with_nonce(state, account, nonce + 1), account, operator, approved)


def burn_nonces(state: State, caller: str, count: int) -> Effect:
    """A6."""
    if count == 0:
        raise Rejected("ZeroAmount")
    nonce = nonce_of(state, caller) + count
    return _with_nonce(state, caller, nonce), (("NoncesBurned", caller, nonce),)
