"""Tokens that do more than move: who tries a transfer that will not go through whole, and what is tried while a token calls."""

from __future__ import annotations

from reference.rounding import WAD, div_ceil
from reference.state import State
from underwater.actions import Action, Cast
from underwater.choices import Choices
from underwater.generate.perpetuals import Participants


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


def draw_meanwhile(participants: Participants, state: State, collateral: int) -> tuple[Action, ...]:
    """What the attacker tries in a callback: mostly what would be done at any other time."""
    return tuple(_meanwhile(participants, state, collateral) for _ in range(participants.choices.integer(1, 4)))


def _meanwhile(participants: Participants, state: State, collateral: int) -> Action:
    choices, cast = participants.choices, participants.cast
    attacker = cast.attacker
    kind, arguments = choices.pick(
        (
            ("deposit", (attacker, collateral, 1)),
            ("withdraw", (attacker, collateral, 1)),
            ("withdraw", (attacker, collateral, 1)),
            ("fund_insurance", (1,)),
            ("set_operator", (cast.delegate, True)),
            ("accrue_funding", (choices.integer(0, len(state.parameters.markets) - 1),)),
            ("set_deposit_cap", (collateral, state.parameters.collaterals[collateral].deposit_cap_units)),
            ("", ()),
        )
    )
    if kind:
        return Action(kind, attacker, arguments)
    action = participants.draw_for_attacker(state)
    # A plain transfer and an order are no actions of the engine's: they would be done.
    if action.kind in ("donate", "request_order", "execute_order", "cancel_order", "deposit_ether", "withdraw_ether"):
        return Action("fund_insurance", attacker, (1,))
    return action._replace(aim=None)
