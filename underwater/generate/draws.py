"""What all participants draw with: somebody, some market, an amount at a boundary or beside it."""

from __future__ import annotations

from collections.abc import Callable

from reference.margin import health_of
from reference.rounding import floor_to_multiple
from reference.state import Account, Part, State, parts_of
from underwater.actions import Action, Cast
from underwater.aims import aimed
from underwater.choices import Choices
from underwater.generate.governors import known_or_next
from underwater.generate.tempers import Temper

OFFSETS = (0, 0, 0, 0, 1, 1, -1, -1)
"""How far from a boundary, in its own unit."""


class Draws:
    """Draws of one sequence's participants."""

    def __init__(self, choices: Choices, cast: Cast, temper: Temper) -> None:
        self.choices = choices
        self.cast = cast
        self.temper = temper

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
            return aimed(state, action, boundary, choices.pick(OFFSETS)) or action
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

    def _holder_of(self, state: State, collateral: int) -> str | None:
        """An account that could withdraw some of a collateral."""
        if collateral:
            return self._somebody(state, lambda account: account.units[collateral] > 0)
        return self._somebody(state, lambda account: account.cash_wad > 0)

    def _somebody(self, state: State, fits: Callable[[Account], bool]) -> str | None:
        """The first account that fits, beginning the search anywhere; None if none does."""
        return next((name for name in self._turned() if fits(state.accounts[name])), None)

    def _turned(self) -> tuple[str, ...]:
        """All accounts, beginning with any."""
        accounts = self.cast.accounts
        start = self.choices.integer(0, len(accounts) - 1)
        return (*accounts[start:], *accounts[:start])
