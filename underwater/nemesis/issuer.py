"""Tokens that behave badly for a while: what their issuers do."""

from __future__ import annotations

from reference.rounding import WAD
from reference.state import State
from underwater.actions import Action
from underwater.choices import Choices

_FEES_WAD = (WAD // 10**4, WAD // 100, WAD // 3, WAD, 2 * WAD, 1)
"""One beyond the whole, and one that takes nothing of fewer units than 10^18."""


def draw_token_act(choices: Choices, issuer: str, accounts: tuple[str, ...], state: State) -> Action:
    """A token begins to pause, to refuse a holder, to take a fee or to call back; or ceases to call back."""
    collateral = choices.integer(0, len(state.pool_units) - 1)
    if collateral == state.parameters.wrapped_ether:
        # Nobody issues it.
        collateral = 0
    token = state.token(collateral)
    manner = choices.integer(0, 99)
    if manner < 35:
        return Action("set_callback", issuer, (collateral, not token.calls_back))
    if not token.is_plain:
        return plain_again(issuer, state, collateral)
    if manner < 55:
        return Action("pause_token", issuer, (collateral, True))
    if manner < 75:
        return Action("refuse_holder", issuer, (collateral, choices.pick(accounts), True))
    return Action("set_transfer_fee", issuer, (collateral, choices.pick(_FEES_WAD)))


def plain_again(issuer: str, state: State, collateral: int) -> Action:
    """One of the things less that keep a token's transfers from going through whole."""
    token = state.token(collateral)
    if token.is_paused:
        return Action("pause_token", issuer, (collateral, False))
    if token.fee_rate_wad:
        return Action("set_transfer_fee", issuer, (collateral, 0))
    return Action("refuse_holder", issuer, (collateral, min(token.refused), False))
