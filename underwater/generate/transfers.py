"""Transfers of a token that does not let them through whole: who tries, and of how much."""

from __future__ import annotations

from reference.rounding import WAD, div_ceil
from reference.state import State
from underwater.actions import Action, Cast
from underwater.choices import Choices


def draw_transfer(choices: Choices, cast: Cast, state: State, collateral: int) -> Action:
    """One by a holder whom the token refuses, if there is any; of so much that a fee just rounds to nothing, or just does not."""
    token = state.token(collateral)
    refused = sorted(token.refused)
    account = choices.pick(refused) if refused and choices.chance(70) else choices.pick(cast.accounts)
    wallet = state.wallets[account][collateral]
    units = choices.pick((1, wallet // 100_000, wallet // 5_000))
    if token.fee_rate_wad and choices.chance(40):
        units = div_ceil(WAD, token.fee_rate_wad) - choices.integer(0, 1)
    kinds = ("deposit", "deposit", "withdraw", "withdraw", "donate")
    kind = choices.pick(kinds if collateral else (*kinds, "fund_insurance", "collect_fees"))
    if kind == "fund_insurance":
        return Action(kind, account, (units,))
    if kind == "collect_fees":
        return Action(kind, cast.treasurer, (account, max(1, units)))
    return Action(kind, account, (collateral, units) if kind == "donate" else (account, collateral, units))
