"""Those who set circuit breakers, and the guardian who pauses: mostly so that they bind soon, and briefly."""

from __future__ import annotations

from reference.breaker_parameters import MAXIMUM_HALT_S, MAXIMUM_OUTFLOW_WINDOW_S, MAXIMUM_REST_S, NO_PAUSE
from reference.rounding import WAD, floor_to_multiple
from reference.state import State
from underwater.actions import Action, Cast
from underwater.choices import Choices
from underwater.generate.governors import known_or_next


class Guards:
    """Draws what is set of breakers next, and pauses."""

    def __init__(self, choices: Choices, cast: Cast) -> None:
        self.choices = choices
        self.cast = cast

    def draw(self, state: State) -> Action:
        """The next action of the risk manager or the guardian, or of somebody who takes himself for one."""
        choices, pause = self.choices, state.breakers.pause
        if state.time_s < pause.until_s and choices.chance(60):
            return Action("unpause", self._holder(self.cast.guardian), ())
        if choices.chance(25):
            # What only shrinks is let grow again soon, or nothing would happen there any more.
            shrinking = [number for number, stop in enumerate(state.breakers.stops) if stop.reduce_only]
            if shrinking and choices.chance(80):
                return Action("set_reduce_only", self._holder(self.cast.risk_manager), (choices.pick(shrinking), False))
        manner = choices.integer(0, 99)
        if manner < 35:
            return self._breaker(state)
        if manner < 50:
            market = known_or_next(choices, len(state.parameters.markets))
            return Action("set_reduce_only", self._holder(self.cast.risk_manager), (market, choices.chance(60)))
        if manner < 72:
            return self._outflow_limit(state)
        if manner < 76:
            return self._pause_parameters()
        return self._pause(state)

    def _holder(self, holder: str) -> str:
        choices = self.choices
        if choices.chance(92):
            return holder
        return choices.pick((self.cast.outsider, choices.pick(self.cast.accounts), self.cast.admin))

    def _pause(self, state: State) -> Action:
        choices, longest_s = self.choices, state.parameters.pause.longest_s
        holder = self._holder(self.cast.guardian)
        if state.parameters.pause == NO_PAUSE and choices.chance(80):
            return self._pause_parameters()
        short_s = min(longest_s, choices.pick((1, 12, 60, 120, 300)))
        duration_s = choices.pick((short_s, short_s, short_s, short_s, short_s, short_s, longest_s, longest_s + 1, 0))
        if choices.chance(8):
            return Action("unpause", holder, ())
        return Action("pause", holder, (duration_s,))

    def _pause_parameters(self) -> Action:
        choices = self.choices
        longest_s = choices.pick((60, 120, 600, 600, MAXIMUM_HALT_S, 0))
        grace_s = choices.pick((12, 60, 60, 300, 0, MAXIMUM_HALT_S))
        rest_s = longest_s + grace_s + choices.pick((0, 0, 0, 60))
        if choices.chance(10):
            longest_s, grace_s, rest_s = choices.pick(((60, 60, 119), (60, 60, MAXIMUM_REST_S)))
        return Action("set_pause_parameters", self._holder(self.cast.risk_manager), (longest_s, grace_s, rest_s))

    def _breaker(self, state: State) -> Action:
        """A trip rate that prices move by now and then; a cap about where open interest stands."""
        choices = self.choices
        market = known_or_next(choices, len(state.parameters.markets))
        number = min(market, len(state.parameters.markets) - 1)
        listed, standing_wad = state.parameters.markets[number], state.open_interest_wad[number]
        lot_wad = listed.lot_wad
        rate_wad = choices.pick((0, WAD // 1_000, WAD // 100, WAD // 30, WAD // 30, WAD // 10, WAD // 10, WAD, 1))
        window_s = choices.pick((1, 12, 60, 300, 300, 3_600, MAXIMUM_HALT_S)) if rate_wad else 0
        cooldown_s = choices.pick((1, 12, 60, 60, 60, 300, MAXIMUM_HALT_S)) if rate_wad else 0
        half_wad = floor_to_multiple(standing_wad // 2, lot_wad)
        cap_wad = choices.pick(
            (0, 0, standing_wad, standing_wad + lot_wad, half_wad, 2 * standing_wad + 10 * lot_wad, lot_wad)
        )
        if choices.chance(8):
            rate_wad, window_s, cooldown_s, cap_wad = choices.pick(
                ((0, 1, 0, 0), (0, 0, 1, 0), (WAD // 10, 0, 60, 0), (WAD // 10, 60, 0, 0), (0, 0, 0, lot_wad + 1))
            )
        holder = self._holder(self.cast.risk_manager)
        return Action("set_breaker", holder, (market, rate_wad, window_s, cooldown_s, cap_wad))

    def _outflow_limit(self, state: State) -> Action:
        """A limit that a withdrawal or two use up, in a window that ends soon."""
        choices = self.choices
        collateral = known_or_next(choices, len(state.parameters.collaterals))
        number = min(collateral, len(state.parameters.collaterals) - 1)
        pool = state.pool_units[number]
        limit_units = choices.pick((0, pool // 2 + 1, pool // 10 + 1, pool // 10 + 1, pool // 100 + 1, pool + 1, 1))
        window_s = choices.pick((1, 12, 60, 60, 300, 300, 3_600, MAXIMUM_OUTFLOW_WINDOW_S)) if limit_units else 0
        if choices.chance(8):
            limit_units, window_s = choices.pick(((0, 1), (1, 0)))
        holder = self._holder(self.cast.risk_manager)
        return Action("set_outflow_limit", holder, (collateral, limit_units, window_s))
