"""Participants of a margin exchange for perpetuals: who tries what next.

Amounts come from boundaries (exactly at, one unit to either side, near) or from the ordinary (a fraction of what is possible); one
draw in fifty is plain nonsense, which an engine must refuse for the right reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from reference.margin import health_of
from reference.parts import has_positions, part_of
from reference.prices import UNCERTAIN, prices
from reference.rounding import WAD, floor_to_multiple
from reference.state import Account, Bucket, Part, State, parts_of
from underwater.actions import Action, Cast
from underwater.aims import aimed, known_mark_wad
from underwater.choices import Choices
from underwater.generate.governors import Governors, known_or_next


class Temper(NamedTuple):
    """How participants of one sequence behave: weights of kinds, and whether liquidators come."""

    weights: tuple[tuple[str, int], ...]
    liquidators_come: bool


_ORDINARY = (
    ("deposit", 14),
    ("withdraw", 16),
    ("trade", 34),
    ("settle", 5),
    ("accrue_funding", 2),
    ("isolate", 4),
    ("join", 2),
    ("move_margin", 5),
    ("liquidate", 3),
    ("seize", 3),
    ("set_operator", 3),
    ("fund_insurance", 2),
    ("collect_fees", 3),
    ("donate", 2),
    ("governance", 6),
    ("roles", 3),
)
_TRADING = (("deposit", 8), ("withdraw", 10), ("trade", 60), ("settle", 5), ("liquidate", 5), ("seize", 3), ("governance", 2),
            ("accrue_funding", 2), ("isolate", 4), ("join", 1), ("move_margin", 4), ("fund_insurance", 1),
            ("collect_fees", 1))  # fmt: skip
_CHURNING = (("deposit", 15), ("withdraw", 20), ("trade", 20), ("settle", 5), ("liquidate", 3), ("seize", 3), ("set_operator", 8),
             ("accrue_funding", 4), ("isolate", 5), ("join", 5), ("move_margin", 5),
             ("governance", 20), ("roles", 8), ("donate", 4), ("collect_fees", 4),
             ("fund_insurance", 4))  # fmt: skip
TEMPERS = (
    Temper(_ORDINARY, True),
    Temper(_ORDINARY, False),
    Temper(_TRADING, True),
    Temper(_TRADING, True),
    Temper(_CHURNING, True),
)


def _cumulative(weights: tuple[tuple[str, int], ...]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    total, sums = 0, []
    for _, weight in weights:
        total += weight
        sums.append(total)
    return tuple(kind for kind, _ in weights), tuple(sums)


_OFFSETS = (0, 0, 0, 0, 1, 1, -1, -1)


class Participants:
    """Draws the participants' next action."""

    def __init__(self, choices: Choices, cast: Cast, temper: Temper) -> None:
        self.choices = choices
        self.cast = cast
        self.temper = temper
        self._kinds, self._weights = _cumulative(temper.weights)
        self._governors = Governors(choices, cast)

    def draw(self, state: State) -> Action:
        """The next action."""
        choices = self.choices
        kind = self._kinds[choices.weighted(self._weights)]
        if kind not in ("liquidate", "seize") and self.temper.liquidators_come and choices.chance(45):
            prey = self._prey(state)
            if prey is not None and choices.chance(6):
                return self._reduction_of(state, prey)
            if isinstance(prey, Bucket):
                return self._liquidate_of(state, prey)
            if prey is not None:
                account = state.accounts[prey]
                can_seize = account.cash_wad < 0 and any(account.units)
                if can_seize and (choices.chance(50) or not has_positions(account)):
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
            )
        )
        action = self._DRAWS[kind](self, state)
        arguments = action.arguments
        if kind in ("deposit", "withdraw", "settle", "liquidate", "seize", "isolate", "join", "move_margin"):
            arguments = (attacker, *arguments[1:])
        elif kind == "trade":
            arguments = (arguments[0], attacker, *arguments[2:])
        again = action._replace(caller=attacker, arguments=arguments)
        if again.aim is not None:
            again = aimed(state, again, again.aim.boundary, again.aim.offset) or again._replace(aim=None)
        return again

    # ---- shared draws

    def _account(self) -> str:
        return self.choices.pick(self.cast.accounts)

    def _market(self, state: State) -> int:
        return known_or_next(self.choices, len(state.parameters.markets))

    def _collateral(self, state: State) -> int:
        return known_or_next(self.choices, len(state.parameters.collaterals))

    def _some_lots(self, lot_wad: int) -> int:
        """A small size; one in twenty-five is none."""
        choices = self.choices
        if choices.chance(4):
            return choices.pick((0, lot_wad + 1))
        return lot_wad * choices.pick((1, 1, 10, 100))

    def _caller_for(self, account: str) -> str:
        choices = self.choices
        if choices.chance(88):
            return account
        return choices.pick((self.cast.matcher, self.cast.delegate, self.cast.outsider, self._account()))

    def _at(self, state: State, action: Action, boundary: str, argument: int) -> Action:
        """At a boundary or beside it, near it, or a fraction of it; the action as it is where the boundary has no value."""
        choices = self.choices
        manner = choices.integer(0, 9)
        if manner < 5:
            return aimed(state, action, boundary, choices.pick(_OFFSETS)) or action
        if manner < 6:
            return aimed(state, action, boundary, choices.integer(-100, 100)) or action
        at_boundary = aimed(state, action, boundary, 0)
        if at_boundary is None:
            return action
        value = at_boundary.arguments[argument]
        fraction = value * choices.integer(1, 1000) // choices.pick((1000, 1000, 4000, 40_000))
        if action.kind in ("trade", "liquidate"):
            market = action.arguments[0 if action.kind == "trade" else 2]
            lot_wad = state.parameters.markets[market].lot_wad
            fraction = max(lot_wad, floor_to_multiple(fraction, lot_wad))
        return action._replace(arguments=(*action.arguments[:argument], fraction, *action.arguments[argument + 1 :]))

    def _prey(self, state: State) -> Part | None:
        """A liquidatable account or bucket, if there is one, beginning the search anywhere."""
        accounts = self.cast.accounts
        start = self.choices.integer(0, len(accounts) - 1)
        for index in range(len(accounts)):
            name = accounts[(start + index) % len(accounts)]
            account = state.accounts[name]
            if account.cash_wad < 0 or any(account.sizes_wad):
                for part in parts_of(name, account):
                    risk = health_of(state, part).risk
                    if risk.equity_wad < risk.maintenance_margin_wad:
                        return part
        return None

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
        return self._at(state, action, "largest withdrawal", 2)

    def _holder_of(self, state: State, collateral: int) -> str | None:
        """An account that could withdraw some of a collateral."""
        if collateral:
            return self._somebody(state, lambda account: account.units[collateral] > 0)
        return self._somebody(state, lambda account: account.cash_wad > 0)

    def _somebody(self, state: State, fits: Callable[[Account], bool]) -> str | None:
        """The first account that fits, beginning the search anywhere; None if none does."""
        accounts = self.cast.accounts
        start = self.choices.integer(0, len(accounts) - 1)
        turned = (*accounts[start:], *accounts[:start])
        return next((name for name in turned if fits(state.accounts[name])), None)

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
        held = [number for number, size in enumerate(state.accounts[account].sizes_wad) if size]
        if held and choices.chance(75):
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

    def _move_margin(self, state: State) -> Action:
        choices = self.choices
        account, market = self._bucket(state)
        amount_wad = choices.pick((0, 1, -1, WAD, -WAD, -(1 << 255)))
        action = Action("move_margin", self._caller_for(account), (account, market, amount_wad))
        if choices.chance(10):
            return action
        return self._at(state, action, choices.pick(("most margin in", "most margin out")), 2)

    # ---- trades

    def _trade(self, state: State) -> Action:
        choices, cast = self.choices, self.cast
        market = self._market(state)
        buyer, seller = self._account(), self._account()
        if buyer == seller and not choices.chance(3):
            seller = cast.accounts[(cast.accounts.index(buyer) + 1) % len(cast.accounts)]
        caller = cast.matcher if choices.chance(92) else choices.pick((buyer, seller, cast.delegate, cast.outsider))
        if market >= len(state.parameters.markets):
            return Action("trade", caller, (market, buyer, seller, WAD, WAD))
        reduces = False
        if not prices(state).all_fresh:
            unsure = [number for number, found in enumerate(prices(state).marks) if found.status in UNCERTAIN]
            if unsure and choices.chance(40):
                market = choices.pick(unsure)
            if market in unsure and choices.chance(80):
                # Nothing but a reduction of both sides is possible.
                reduces = True
                buyer = self._holder_in(state, market, -1) or buyer
                seller = self._holder_in(state, market, 1) or seller
        listed = state.parameters.markets[market]
        mark_wad = known_mark_wad(state, market) or listed.tick_wad
        size_wad = self._some_lots(listed.lot_wad)
        action = Action("trade", caller, (market, buyer, seller, size_wad, mark_wad))
        manner = choices.integer(0, 29 if reduces else 99)
        if manner < 20:
            edge = choices.pick(("lower band edge", "upper band edge"))
            at_edge = aimed(state, action, edge, choices.pick((0, 0, 0, 1, -1)))
            if at_edge is not None:
                action = at_edge
                if choices.chance(25):
                    return action
        elif manner < 45:
            reach = listed.limits.price_band_rate_wad * mark_wad // WAD // listed.tick_wad
            price_wad = mark_wad + choices.integer(-reach, reach) * listed.tick_wad
            action = action._replace(arguments=(market, buyer, seller, size_wad, max(price_wad, listed.tick_wad)))
        elif manner < 47:
            price_wad = choices.pick((0, mark_wad + 1, mark_wad * 2, listed.tick_wad))
            return action._replace(arguments=(market, buyer, seller, listed.lot_wad, price_wad))
        if choices.chance(3):
            return action
        if reduces:
            return self._at(state, action, choices.pick(("position of the buyer", "position of the seller")), 3)
        return self._at(state, action, self._trade_boundary(state, market, buyer, seller), 3)

    def _holder_in(self, state: State, market: int, side: int) -> str | None:
        """An account that is long (1) or short (-1) in a market."""
        return self._somebody(state, lambda account: account.sizes_wad[market] * side > 0)

    def _trade_boundary(self, state: State, market: int, buyer: str, seller: str) -> str:
        choices = self.choices
        buyer_short = state.accounts[buyer].sizes_wad[market] < 0
        seller_long = state.accounts[seller].sizes_wad[market] > 0
        if buyer_short and choices.chance(30):
            return "position of the buyer"
        if seller_long and choices.chance(30):
            return "position of the seller"
        manner = choices.integer(0, 20)
        if manner < 12:
            return "largest trade"
        return (
            "largest trade of the buyer",
            "largest trade of the seller",
            "position limit of the buyer",
            "position limit of the seller",
            "next bracket of the buyer",
            "next bracket of the seller",
            "small position",
            "open interest where margin begins to scale",
            "open interest where margin is all of it",
        )[manner - 12]

    def _reduction_of(self, state: State, prey: Part) -> Action:
        """Whoever is to be liquidated closes a part himself, about as badly as does no harm yet."""
        choices, account = self.choices, prey.account if isinstance(prey, Bucket) else prey
        held = [number for number, size in enumerate(part_of(state, prey).sizes_wad) if size]
        if not held:
            return self._trade(state)
        market = choices.pick(held)
        listed, size_wad = state.parameters.markets[market], state.accounts[account].sizes_wad[market]
        other = choices.pick([name for name in self.cast.accounts if name != account])
        sides, which = ((other, account), "seller") if size_wad > 0 else ((account, other), "buyer")
        part_wad = floor_to_multiple(abs(size_wad) // choices.pick((2, 3, 10, 100)), listed.lot_wad) or listed.lot_wad
        price_wad = known_mark_wad(state, market) or listed.tick_wad
        action = Action("trade", self.cast.matcher, (market, *sides, part_wad, price_wad))
        return aimed(state, action, f"harmless price of the {which}", choices.pick(_OFFSETS)) or action

    # ---- liquidation

    def _liquidator(self, account: str) -> str:
        choices = self.choices
        if choices.chance(1):
            return account
        liquidator = choices.pick((self.cast.liquidator, self.cast.maker)) if choices.chance(70) else self._account()
        return liquidator if liquidator != account else self.cast.liquidator

    def _liquidate(self, state: State) -> Action:
        prey = self._prey(state) if self.temper.liquidators_come and self.choices.chance(85) else None
        return self._liquidate_of(state, prey or self._account())

    def _liquidate_of(self, state: State, prey: Part) -> Action:
        choices = self.choices
        market = self._market(state)
        account = prey.account if isinstance(prey, Bucket) else prey
        owned = part_of(state, prey) if choices.chance(93) else state.accounts[account]
        held = [number for number, size in enumerate(owned.sizes_wad) if size]
        if held and choices.chance(93):
            market = choices.pick(held)
        liquidator = self._liquidator(account)
        caller = liquidator if choices.chance(85) else choices.pick((self.cast.matcher, self.cast.outsider))
        if market >= len(state.parameters.markets):
            return Action("liquidate", caller, (liquidator, account, market, WAD))
        lot_wad = state.parameters.markets[market].lot_wad
        action = Action("liquidate", caller, (liquidator, account, market, self._some_lots(lot_wad)))
        status, risk = health_of(state, prey)
        if status == 0 and risk.equity_wad < 0 and choices.chance(70):
            # What is insolvent is worth taking to its end: bad debt comes last.
            return aimed(state, action, "whole position", 0) or action
        manner = choices.integer(0, 9)
        if manner == 0:
            return action
        boundary = "close rule" if manner < 7 else "whole position" if manner < 9 else "small part"
        return self._at(state, action, boundary, 3)

    def _seize(self, state: State) -> Action:
        choices = self.choices
        prey = self._prey(state) if self.temper.liquidators_come and choices.chance(85) else None
        if prey is None:
            debtors = [name for name in self.cast.accounts if state.accounts[name].cash_wad < 0]
            prey = choices.pick(debtors) if debtors and choices.chance(70) else self._account()
        return self._seize_of(state, prey.account if isinstance(prey, Bucket) else prey)

    def _seize_of(self, state: State, account: str) -> Action:
        choices = self.choices
        collateral = self._collateral(state)
        held = [number for number, units in enumerate(state.accounts[account].units) if units]
        if held and choices.chance(92):
            collateral = choices.pick(held)
        liquidator = self._liquidator(account)
        caller = liquidator if choices.chance(85) else choices.pick((self.cast.matcher, self.cast.outsider))
        action = Action("seize", caller, (liquidator, account, collateral, 0 if choices.chance(5) else 1))
        if collateral >= len(state.parameters.collaterals) or choices.chance(8):
            return action
        status, risk = health_of(state, account)
        if status == 0 and risk.equity_wad < 0 and choices.chance(60):
            return aimed(state, action, choices.pick(("whole balance", "largest seizure")), 0) or action
        return self._at(state, action, "largest seizure" if choices.chance(70) else "whole balance", 3)

    # ---- those who set parameters and roles

    def _governance(self, state: State) -> Action:
        return self._governors.parameters(state)

    def _roles(self, state: State) -> Action:
        return self._governors.roles()

    # Of the class: an object that holds its own methods is freed only by the garbage collector.
    _DRAWS: ClassVar[dict[str, Callable[[Participants, State], Action]]] = {
        "deposit": _deposit,
        "withdraw": _withdraw,
        "isolate": _isolate,
        "join": _join,
        "move_margin": _move_margin,
        "trade": _trade,
        "settle": _settle,
        "accrue_funding": _accrue_funding,
        "liquidate": _liquidate,
        "seize": _seize,
        "set_operator": _set_operator,
        "fund_insurance": _fund_insurance,
        "collect_fees": _collect_fees,
        "donate": _donate,
        "governance": _governance,
        "roles": _roles,
    }
