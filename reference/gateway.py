"""Ether in and out as margin (section 19)."""

from __future__ import annotations

from reference.ether import GATEWAY, WRAPPED
from reference.ledger import Effect, deposit, require_right, withdraw
from reference.rejection import Rejected, refused_without_a_word
from reference.state import State, with_item


def _wrapped(state: State) -> int:
    """E2: the number of the collateral that wraps ether."""
    collateral = state.parameters.wrapped_ether
    assert collateral is not None, "nothing wraps ether in this deployment"
    return collateral


def _require_ether(state: State, payer: str, amount_wei: int) -> None:
    """The world: nobody pays what he does not have."""
    if state.ether.wei[payer] < amount_wei:
        raise refused_without_a_word()


def deposit_ether(state: State, caller: str, account: str, amount_wei: int) -> Effect:
    """E3."""
    collateral = _wrapped(state)
    _require_ether(state, caller, amount_wei)
    require_right(state, caller, account)
    nothing = (0,) * len(state.held_units)
    brought = state._replace(
        ether=state.ether.moved(caller, WRAPPED, amount_wei),
        wallets={**state.wallets, GATEWAY: with_item(nothing, collateral, amount_wei)},
    )
    after, events = deposit(brought, GATEWAY, account, collateral, amount_wei)
    return after, (*events, ("EtherDeposited", account, caller, amount_wei))


def withdraw_ether(state: State, caller: str, account: str, amount_wei: int) -> Effect:
    """E4."""
    collateral = _wrapped(state)
    require_right(state, caller, account)
    paid, events = withdraw(state, GATEWAY, account, collateral, amount_wei)
    if state.ether.is_refused_by(account):
        raise Rejected("EtherNotDelivered", account, amount_wei)
    # What the engine has paid the account is pulled at once.
    after = paid._replace(wallets=state.wallets, ether=state.ether.moved(WRAPPED, account, amount_wei))
    return after, (*events, ("EtherWithdrawn", account, amount_wei))


def send_ether(state: State, caller: str, amount_wei: int) -> Effect:
    """E5: a plain transfer to the gateway."""
    _wrapped(state)
    _require_ether(state, caller, amount_wei)
    raise Rejected("EtherNotAccepted", caller)


def refuse_ether(state: State, caller: str, refused: bool) -> Effect:
    """The world: the account that is a contract begins to refuse ether, or ceases to."""
    return state._replace(ether=state.ether._replace(is_refused=refused)), ()


def wrapped_for(state: State, holder: str, amount_wei: int) -> State:
    """The world: somebody has wrapped some ether of his own."""
    collateral = _wrapped(state)
    wallet = state.wallets.get(holder, (0,) * len(state.held_units))
    return state._replace(
        ether=state.ether.moved(holder, WRAPPED, amount_wei),
        wallets={**state.wallets, holder: with_item(wallet, collateral, wallet[collateral] + amount_wei)},
    )
