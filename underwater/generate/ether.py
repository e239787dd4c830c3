"""Those who bring ether in and take it out through the gateway: what a boundary admits, or somewhat more."""

from __future__ import annotations

from reference.ether import GATEWAY
from reference.state import State
from underwater.actions import Action
from underwater.generate.draws import Draws

_MOST_SENT_WEI = 10**18


class EtherDraws(Draws):
    """Draws what is done through the gateway, where there is one."""

    def deposit_ether(self, state: State) -> Action:
        """About as much as others deposit of wrapped ether; tokens, where nothing wraps ether."""
        choices, account = self.choices, self._account()
        wrapped = state.parameters.wrapped_ether
        if wrapped is None:
            return Action("deposit", account, (account, 0, 1))
        if (account, GATEWAY) not in state.operators and choices.chance(60):
            return Action("set_operator", account, (GATEWAY, True))
        action = Action("deposit_ether", self._sender_for(account), (account, choices.pick((0, 1, 1))))
        if choices.chance(3):
            return action
        if choices.chance(7):
            return self._at(state, action, "deposit cap", 1)
        most_wei = max(state.wallets[account][wrapped], state.parameters.collaterals[wrapped].deposit_cap_units // 20)
        amount_wei = most_wei * choices.integer(1, 100) // choices.pick((400, 2_000, 20_000))
        return action._replace(arguments=(account, amount_wei))

    def withdraw_ether(self, state: State) -> Action:
        """At what the engine lets out, mostly; where the account that is a contract refuses ether, often from that."""
        choices, account = self.choices, self._account()
        wrapped = state.parameters.wrapped_ether
        if wrapped is None:
            return Action("withdraw", account, (account, 0, 1))
        if state.ether.is_refused and choices.chance(70):
            account = self.cast.attacker
        elif choices.chance(75):
            account = self._holder_of(state, wrapped) or account
        if (account, GATEWAY) not in state.operators and choices.chance(60):
            return Action("set_operator", account, (GATEWAY, True))
        amount_wei = choices.pick((1, 1, 1, 10**6, 0, 10**30))
        action = Action("withdraw_ether", self._sender_for(account), (account, amount_wei))
        if choices.chance(8):
            return action
        if state.parameters.collaterals[wrapped].outflow.window_s and choices.chance(35):
            return self._at(state, action, "outflow limit", 1)
        return self._at(state, action, "largest withdrawal", 1)

    def _sender_for(self, account: str) -> str:
        """Often somebody else who may: only then does it show whose ether it is."""
        choices, cast = self.choices, self.cast
        return cast.matcher if choices.chance(25) else self._caller_for(account)

    def ether(self, state: State) -> Action:
        """In or out, or ether that the gateway did not ask for; or the account that is a contract refuses it, or no longer."""
        choices, wrapped = self.choices, state.parameters.wrapped_ether
        if wrapped is not None and choices.chance(70 if state.ether.is_refused else 15):
            attacker = self.cast.attacker
            if not state.accounts[attacker].units[wrapped]:
                # What it does not have it cannot refuse.
                return Action("deposit_ether", attacker, (attacker, choices.integer(1, _MOST_SENT_WEI)))
            if state.ether.is_refused and choices.chance(70):
                return self.withdraw_ether(state)
            return Action("refuse_ether", self.cast.publisher, (not state.ether.is_refused,))
        if wrapped is not None and choices.chance(6):
            caller = choices.pick((self._account(), self.cast.attacker, self.cast.outsider))
            return Action("send_ether", caller, (choices.pick((0, 1, choices.integer(1, _MOST_SENT_WEI))),))
        return self.deposit_ether(state) if choices.chance(45) else self.withdraw_ether(state)
