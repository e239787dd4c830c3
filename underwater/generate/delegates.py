"""Those who sign approvals, and those who hand them in: in time or late, once or again, as signed or otherwise."""

from __future__ import annotations

from reference.delegation import MOST_BURNT, SIGNED, THIS, nonce_of
from reference.state import State
from underwater.actions import Action, Cast
from underwater.aims import aimed
from underwater.choices import Choices

_MOST_KEPT = 6
"""Signatures that somebody still remembers."""


class Delegates:
    """Draws what is handed in, and who burns nonces. Remembers what was signed: it can be handed in again, or only now."""

    def __init__(self, choices: Choices, cast: Cast) -> None:
        self.choices = choices
        self.cast = cast
        self._signed: list[Action] = []

    def draw(self, state: State) -> Action:
        """The next of either."""
        choices = self.choices
        if choices.chance(12):
            count = choices.pick((1, 1, 1, 2, 0, MOST_BURNT))
            return Action("burn_nonces", choices.pick(self.cast.accounts), (count,))
        if self._signed and choices.chance(40):
            # Word for word as before, by whoever.
            return choices.pick(self._signed)._replace(caller=self._relayer(), aim=None)
        action = self._newly_signed(state)
        self._signed = [*self._signed[1 - _MOST_KEPT :], action]
        return action

    def _relayer(self) -> str:
        cast = self.cast
        return self.choices.pick((cast.outsider, cast.delegate, cast.matcher, self.choices.pick(cast.accounts)))

    def _newly_signed(self, state: State) -> Action:
        choices, cast = self.choices, self.cast
        account, operator = choices.pick(cast.accounts), choices.pick((cast.matcher, cast.delegate))
        approved = choices.chance(85 if operator == cast.matcher else 60)
        nonce = nonce_of(state, account)
        if choices.chance(15):
            nonce = choices.pick((nonce + 1, nonce + 1, nonce + 2, max(0, nonce - 1)))
        signer, over = account, THIS
        if account == cast.attacker:
            # A contract has no key, and this one accepts nobody's.
            signer = cast.delegate
        elif choices.chance(15):
            signer = choices.pick((cast.matcher, cast.delegate, cast.outsider))
        elif choices.chance(25):
            over = choices.pick(SIGNED)
        given = (
            account,
            operator,
            approved,
            nonce,
            state.time_s + choices.pick((1, 3_600, 10**6, 10**8)),
            signer,
            over,
        )
        action = Action("set_operator_by_signature", self._relayer(), given)
        if choices.chance(40):
            return aimed(state, action, "now", choices.pick((-1, -1, 0, 1))) or action
        return action
