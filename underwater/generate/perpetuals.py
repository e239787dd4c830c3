"""Participants of a margin exchange for perpetuals: who tries what next.

Amounts come from boundaries (exactly at, one unit to either side, near) or from the ordinary (a fraction of what is possible); one
draw in fifty is plain nonsense, which an engine must refuse for the right reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from reference.parts import has_positions
from reference.prices import UNCERTAIN, prices
from reference.rounding import WAD
from reference.state import Bucket, State
from underwater.actions import Action, Cast
from underwater.aims import aimed
from underwater.choices import Choices
from underwater.edges import at_an_edge
from underwater.generate.delegates import Delegates
from underwater.generate.ether import EtherDraws
from underwater.generate.governors import Governors
from underwater.generate.guards import Guards
from underwater.generate.orders import OrderDraws
from underwater.generate.tempers import Temper, cumulative
from underwater.generate.trades import Traders


class Participants(Traders, OrderDraws, EtherDraws):
    """Draws the participants' next action."""

    def __init__(self, choices: Choices, cast: Cast, temper: Temper) -> None:
        super().__init__(choices, cast, temper)
        self._kinds, self._weights = cumulative(temper.weights)
        self._governors = Governors(choices, cast)
        self._guards = Guards(choices, cast)
        self._delegates = Delegates(choices, cast)

    def draw(self, state: State) -> Action:
        """The next action."""
        choices = self.choices
        kind = self._kinds[choices.weighted(self._weights)]
        if state.time_s < state.breakers.pause.until_s and choices.chance(12):
            return self._set_guards(state)
        if not prices(state).all_fresh and choices.chance(12):
            doubted = self._doubted(state)
            if doubted is not None:
                return self._reduction_of(state, doubted, whole_parts=(0, 1, 1, 1, 2, 10))
        if not prices(state).all_fresh and choices.chance(5):
            bucket = self._bucket_in_doubt(state)
            if bucket is not None:
                amount_wad = choices.pick((-1, -1, 1, WAD, -WAD))
                return Action("move_margin", bucket.account, (bucket.account, bucket.market, amount_wad))
        if kind not in ("liquidate", "seize") and self.temper.liquidators_come and choices.chance(45):
            prey = self._prey(state)
            if prey is not None and choices.chance(6):
                return self._reduction_of(state, prey)
            if prey is not None and choices.chance(3) and state.token(0).is_plain:
                # Its issuer has the token refuse him, who is to be liquidated all the same.
                account = prey.account if isinstance(prey, Bucket) else prey
                return Action("refuse_holder", self.cast.publisher, (0, account, True))
            if isinstance(prey, Bucket):
                return self._liquidate_of(state, prey)
            if prey is not None:
                owing = state.accounts[prey]
                can_seize = owing.cash_wad < 0 and any(owing.units)
                if can_seize and (choices.chance(50) or not has_positions(owing)):
                    return self._seize_of(state, prey)
                return self._liquidate_of(state, prey)
        return self._DRAWS[kind](self, state)

    def draw_for_attacker(self, state: State) -> Action:
        """One action of the attacker's, for a bundle."""
        choices, attacker = self.choices, self.cast.attacker
        kind = choices.pick(
            (
                "deposit",
                "withdraw",
                "settle",
                "donate",
                "liquidate",
                "seize",
                "trade",
                "deposit",
                "isolate",
                "join",
                "move_margin",
                "request_order",
                "execute_order",
                "deposit_ether",
                "withdraw_ether",
            )
        )
        action = self._DRAWS[kind](self, state)
        arguments = action.arguments
        if action.kind == "set_operator":
            return action._replace(caller=attacker)
        if kind in (
            "deposit_ether",
            "withdraw_ether",
            "deposit",
            "withdraw",
            "settle",
            "liquidate",
            "seize",
            "isolate",
            "join",
            "move_margin",
            "request_order",
        ):
            arguments = (attacker, *arguments[1:])
        elif action.kind == "execute_order":
            arguments = (*arguments[:2], attacker)
        elif kind == "trade":
            arguments = (arguments[0], attacker, *arguments[2:])
        again = action._replace(caller=attacker, arguments=arguments)
        if again.aim is not None:
            again = aimed(state, again, again.aim.boundary, again.aim.offset) or again._replace(aim=None)
        return again

    # ---- the ledger

    def _deposit(self, state: State) -> Action:
        choices = self.choices
        account, collateral = self._account(), self._collateral(state)
        caller = self._caller_for(account)
        action = Action("deposit", caller, (account, collateral, choices.pick((0, 1, 1))))
        if collateral >= len(state.parameters.collaterals) or choices.chance(2):
            return action
        if choices.chance(7):
            return self._at(state, action, "deposit cap", 2)
        if choices.chance(3):
            return self._at(state, action, "wallet", 2)
        wallet = state.wallets.get(account, (0,) * 8)[collateral]
        if state.breakers.outflows[collateral].used_unit_s and choices.chance(25):
            return self._at(state, action, "outflow to make good", 2)
        units = wallet * choices.integer(1, 100) // choices.pick((400, 2_000, 20_000))
        return action._replace(arguments=(account, collateral, units))

    def _withdraw(self, state: State) -> Action:
        choices = self.choices
        account, collateral = self._account(), self._collateral(state)
        if choices.chance(70) and collateral < len(state.parameters.collaterals):
            account = self._holder_of(state, collateral) or account
        units = choices.pick((1, 1, 1, 10**6, 0, 10**30))
        action = Action("withdraw", self._caller_for(account), (account, collateral, units))
        if collateral >= len(state.parameters.collaterals) or choices.chance(3):
            return action
        if state.parameters.collaterals[collateral].outflow.window_s and choices.chance(35):
            return self._at(state, action, "outflow limit", 2)
        return self._at(state, action, "largest withdrawal", 2)

    def _settle(self, state: State) -> Action:
        account, market = self._account(), self._market(state)
        if self.choices.chance(80):
            held = [number for number, size in enumerate(state.accounts[account].sizes_wad) if size]
            if held:
                market = self.choices.pick(held)
        return Action("settle", self._caller_for(account), (account, market))

    def _accrue_funding(self, state: State) -> Action:
        return Action("accrue_funding", self._account(), (self._market(state),))

    def _set_operator(self, state: State) -> Action:
        account, choices = self._account(), self.choices
        operator = choices.pick(self.cast.operators)
        approved = choices.chance(85 if operator == self.cast.matcher else 50)
        for name in self.cast.accounts:
            if (name, self.cast.matcher) not in state.operators and choices.chance(60):
                return Action("set_operator", name, (self.cast.matcher, True))
        return Action("set_operator", account, (operator, approved))

    def _fund_insurance(self, state: State) -> Action:
        account = self._account()
        wallet = state.wallets.get(account, (0,))[0]
        units = self.choices.pick((0, 1, wallet // 100_000, wallet // 5_000, wallet + 1))
        action = Action("fund_insurance", account, (units,))
        if state.bad_debt_wad and self.choices.chance(40):
            # All of it but the last unit, and then that.
            return aimed(state, action, "bad debt", self.choices.pick((-1, -1, 0, 1))) or action
        return action

    def _collect_fees(self, state: State) -> Action:
        choices = self.choices
        caller = self.cast.treasurer if choices.chance(85) else choices.pick((self.cast.outsider, self._account()))
        action = Action("collect_fees", caller, (self._account(), choices.pick((0, 1, 10**30))))
        return self._at(state, action, "fees", 1) if choices.chance(80) else action

    def _donate(self, state: State) -> Action:
        account, collateral = self._account(), self.choices.integer(0, len(state.parameters.collaterals) - 1)
        wallet = state.wallets.get(account, (0,) * 8)[collateral]
        return Action("donate", account, (collateral, self.choices.pick((0, 1, wallet // 1000, wallet + 1))))

    # ---- isolated margin

    def _isolate(self, state: State) -> Action:
        choices = self.choices
        account, market = self._account(), self._market(state)
        if choices.chance(40):
            # Beside a position that stays cross.
            account = self._somebody(state, has_positions) or account
        held = [number for number, size in enumerate(state.accounts[account].sizes_wad) if size]
        if held and choices.chance(60):
            market = choices.pick(held)
        amount_wad = choices.pick((0, 0, 1, max(0, state.accounts[account].cash_wad) // choices.integer(2, 50)))
        action = Action("isolate", self._caller_for(account), (account, market, amount_wad))
        if choices.chance(25):
            return action
        return self._at(state, action, choices.pick(("most to isolate", "least to isolate", "least to isolate")), 2)

    def _bucket(self, state: State) -> tuple[str, int]:
        """An account and its isolated market, if there is one, beginning the search anywhere; else any."""
        accounts, choices = self.cast.accounts, self.choices
        start = choices.integer(0, len(accounts) - 1)
        if not choices.chance(5):
            for index in range(len(accounts)):
                name = accounts[(start + index) % len(accounts)]
                isolated = state.accounts[name].isolated
                if isolated:
                    return name, choices.pick(isolated)[0]
        return accounts[start], self._market(state)

    def _join(self, state: State) -> Action:
        account, market = self._bucket(state)
        return Action("join", self._caller_for(account), (account, market))

    def _bucket_in_doubt(self, state: State) -> Bucket | None:
        """A bucket of somebody of whose positions two sources say different things: what has one of them gives nothing away then."""
        marks = prices(state).marks
        unsure = [market for market, mark in enumerate(marks) if mark.status in UNCERTAIN]
        for name in self._turned() if unsure else ():
            account = state.accounts[name]
            if account.isolated and any(account.sizes_wad[market] for market in unsure):
                isolated = [market for market, _ in account.isolated]
                doubted = [market for market in isolated if market in unsure and account.sizes_wad[market]]
                return Bucket(name, self.choices.pick(doubted or isolated))
        return None

    def _move_margin(self, state: State) -> Action:
        choices = self.choices
        account, market = self._bucket(state)
        amount_wad = choices.pick((0, 1, -1, WAD, -WAD, -(1 << 255)))
        action = Action("move_margin", self._caller_for(account), (account, market, amount_wad))
        if choices.chance(10):
            return action
        return self._at(state, action, choices.pick(("most margin in", "most margin out")), 2)

    # ---- those who set parameters and roles

    def _governance(self, state: State) -> Action:
        return self._maybe_at_an_edge(self._governors.parameters(state))

    def _roles(self, state: State) -> Action:
        return self._governors.roles()

    def _set_guards(self, state: State) -> Action:
        return self._maybe_at_an_edge(self._guards.draw(state))

    def _maybe_at_an_edge(self, action: Action) -> Action:
        return at_an_edge(self.choices, action) if self.choices.chance(15) else action

    def _upgrades(self, state: State) -> Action:
        return self._governors.upgrades(state)

    def _delegation(self, state: State) -> Action:
        return self._delegates.draw(state)

    # Of the class: an object that holds its own methods is freed only by the garbage collector.
    _DRAWS: ClassVar[dict[str, Callable[[Participants, State], Action]]] = {
        "deposit": _deposit,
        "withdraw": _withdraw,
        "isolate": _isolate,
        "join": _join,
        "move_margin": _move_margin,
        "trade": Traders.trade,
        "settle": _settle,
        "accrue_funding": _accrue_funding,
        "liquidate": Traders.liquidate,
        "seize": Traders.seize,
        "set_operator": _set_operator,
        "fund_insurance": _fund_insurance,
        "collect_fees": _collect_fees,
        "donate": _donate,
        "request_order": OrderDraws.request_order,
        "execute_order": OrderDraws.execute_order,
        "cancel_order": OrderDraws.cancel_order,
        "deposit_ether": EtherDraws.deposit_ether,
        "withdraw_ether": EtherDraws.withdraw_ether,
        "ether": EtherDraws.ether,
        "governance": _governance,
        "roles": _roles,
        "guards": _set_guards,
        "upgrades": _upgrades,
        "delegation": _delegation,
    }
