"""Participants who trade, and those who liquidate: sizes and prices at the boundaries of margin, limits and bands."""

from __future__ import annotations

from reference.breaker import is_halted_by_time
from reference.margin import health_of, prudent_health_of
from reference.parts import part_of
from reference.prices import UNCERTAIN, prices
from reference.rounding import WAD, floor_to_multiple
from reference.state import Bucket, Part, State, parts_of
from reference.stop_boundaries import largest_growth_wad
from underwater.actions import Action
from underwater.aims import aimed, known_mark_wad
from underwater.generate.draws import OFFSETS, Draws

_REDUCTIONS = ("position of the buyer", "position of the seller", "both positions", "both positions")


class Traders(Draws):
    """Draws trades, liquidations and seizures."""

    # ---- trades

    def trade(self, state: State) -> Action:
        """A trade of two accounts, at an edge of band, limit, bracket or margin."""
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
        if not reduces and self._is_shrinking(state, market):
            # Mostly what is let be, by both sides; now and then what one side would make of it.
            reduces = choices.chance(75)
            buyer = self._holder_in(state, market, -1) or buyer
            if choices.chance(85):
                seller = self._holder_in(state, market, 1) or seller
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
            action = self._at(state, action, choices.pick(_REDUCTIONS), 3)
            if choices.chance(40):
                # As badly as does no harm yet, by what either source says.
                side = choices.pick(("buyer", "seller"))
                return aimed(state, action, f"harmless price of the {side}", choices.pick(OFFSETS)) or action
            return action
        return self._at(state, action, self._trade_boundary(state, market, buyer, seller), 3)

    def _is_shrinking(self, state: State, market: int) -> bool:
        """Whether a market lets positions only shrink, whatever its mark."""
        stop, breaker = state.breakers.stops[market], state.parameters.markets[market].breaker
        paused = state.time_s < state.breakers.pause.grace_until_s
        return paused or stop.reduce_only or is_halted_by_time(breaker, stop, state.time_s)

    def _holder_in(self, state: State, market: int, side: int) -> str | None:
        """An account that is long (1) or short (-1) in a market."""
        return self._somebody(state, lambda account: account.sizes_wad[market] * side > 0)

    def _trade_boundary(self, state: State, market: int, buyer: str, seller: str) -> str:
        choices = self.choices
        buyer_short = state.accounts[buyer].sizes_wad[market] < 0
        seller_long = state.accounts[seller].sizes_wad[market] > 0
        if choices.chance(25) and largest_growth_wad(state, buyer, seller, market) is not None:
            return "open interest cap"
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

    def _doubted(self, state: State) -> Part | None:
        """Who has less than his initial margin by what the worse of two sources says, and is healthy by the better."""
        for name in self._turned():
            for part in parts_of(name, state.accounts[name]):
                status, lenient = health_of(state, part)
                if status in UNCERTAIN and lenient.equity_wad >= lenient.maintenance_margin_wad:
                    prudent = prudent_health_of(state, part).risk
                    if prudent.equity_wad < prudent.initial_margin_wad:
                        return part
        return None

    def _reduction_of(self, state: State, prey: Part, whole_parts: tuple[int, ...] = (0, 2, 3, 10, 100)) -> Action:
        """Whoever may be liquidated closes some of a position himself, about as badly as does no harm yet.

        It is one of so many parts of it; for none, all but a lot.
        """
        choices, account = self.choices, prey.account if isinstance(prey, Bucket) else prey
        held = [number for number, size in enumerate(part_of(state, prey).sizes_wad) if size]
        if not held:
            return self.trade(state)
        market = choices.pick(held)
        listed, size_wad = state.parameters.markets[market], state.accounts[account].sizes_wad[market]
        others = [name for name in self.cast.accounts if name != account]
        other = choices.pick(others)
        if prices(state).marks[market].status in UNCERTAIN:
            # Only who reduces as well can be on the other side.
            opposite = [name for name in others if state.accounts[name].sizes_wad[market] * size_wad < 0]
            other = choices.pick(opposite) if opposite else other
        sides, which = ((other, account), "seller") if size_wad > 0 else ((account, other), "buyer")
        parts = choices.pick(whole_parts)
        some_wad = (
            floor_to_multiple(abs(size_wad) // parts, listed.lot_wad) if parts else abs(size_wad) - listed.lot_wad
        )
        part_wad = some_wad or listed.lot_wad
        price_wad = known_mark_wad(state, market) or listed.tick_wad
        action = Action("trade", self.cast.matcher, (market, *sides, part_wad, price_wad))
        return aimed(state, action, f"harmless price of the {which}", choices.pick(OFFSETS)) or action

    # ---- liquidation

    def _liquidator(self, account: str) -> str:
        choices = self.choices
        if choices.chance(1):
            return account
        liquidator = choices.pick((self.cast.liquidator, self.cast.maker)) if choices.chance(70) else self._account()
        return liquidator if liquidator != account else self.cast.liquidator

    def liquidate(self, state: State) -> Action:
        """A liquidation, of whoever can be if liquidators come."""
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

    def seize(self, state: State) -> Action:
        """A seizure, of whoever owes if liquidators come."""
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
