"""Those who set an exchange's parameters and roles: what they change next, safe or not."""

from __future__ import annotations

from reference.governance import ADMIN, GUARDIAN, NO_SOURCE, ORACLE, RISK, TREASURER
from reference.parameters import (
    DAY_S,
    MAXIMUM_DEVIATION_RATE_WAD,
    MAXIMUM_FUNDING_RATE_WAD,
    MAXIMUM_NOTIONAL_WAD,
    MAXIMUM_SCALING_WAD,
    Market,
)
from reference.requirements import notional_wad
from reference.rounding import WAD
from reference.state import State
from reference.upgrades import CANDIDATES, IMPLEMENTATIONS
from underwater.actions import Action, Cast
from underwater.aims import known_mark_wad
from underwater.choices import Choices


def known_or_next(choices: Choices, count: int) -> int:
    """The number of something listed; one draw in a hundred is the first that is not."""
    return count if choices.chance(1) else choices.integer(0, count - 1)


class Governors:
    """Draws the next action of a role's holder, or of somebody who takes himself for one."""

    def __init__(self, choices: Choices, cast: Cast) -> None:
        self.choices = choices
        self.cast = cast

    def _role_holder(self, holder: str) -> str:
        choices = self.choices
        if choices.chance(88):
            return holder
        return choices.pick((self.cast.outsider, choices.pick(self.cast.accounts), self.cast.admin))

    def parameters(self, state: State) -> Action:
        """A change of parameters; one in a few is unsafe, or nobody's who may."""
        choices, parameters = self.choices, state.parameters
        manner = choices.integer(0, 9)
        if manner < 3:
            market = known_or_next(choices, len(state.parameters.markets))
            listed = parameters.markets[min(market, len(parameters.markets) - 1)]
            which = choices.integer(0, 99)
            if which < 30:
                return self._scaling(state, market)
            if which < 60:
                return self._funding(market, listed)
            maintenance = listed.maintenance_rates_wad[0] - listed.funding.payment_rate_wad
            penalty = maintenance * choices.integer(0, 100) // choices.pick((100, 200))
            band = max(0, maintenance - penalty + choices.pick((-1, -1, -1, 0, -(maintenance // 4))))
            fee = choices.pick((0, 10**14, 10**15, 10**16, 10**16, 10**16 + 1))
            limit = listed.limits.position_limit_wad
            limit = choices.pick(
                (limit, limit, listed.lot_wad, limit // 2 // listed.lot_wad * listed.lot_wad, limit + 1, 0)
            )
            return Action(
                "set_market_limits", self._role_holder(self.cast.risk_manager), (market, band, fee, penalty, limit)
            )
        if manner < 6:
            collateral = known_or_next(choices, len(state.parameters.collaterals))
            number = min(collateral, len(parameters.collaterals) - 1)
            pool, cap = state.pool_units[number], parameters.collaterals[number].deposit_cap_units
            units = choices.pick((pool, pool + 1, max(0, pool - 1), cap, max(cap, 2 * pool + 1000), 10**33, 10**33 + 1))
            return Action("set_deposit_cap", self._role_holder(self.cast.risk_manager), (collateral, units))
        if manner < 8:
            share = choices.pick((0, WAD // 3, WAD // 2, WAD, WAD + 1))
            close = choices.pick((1, WAD // 4, WAD // 2, WAD, 0))
            small = choices.pick((0, 100 * WAD, 10_000 * WAD, MAXIMUM_NOTIONAL_WAD, MAXIMUM_NOTIONAL_WAD + 1))
            return Action(
                "set_liquidation_parameters", self._role_holder(self.cast.risk_manager), (share, close, small)
            )
        if choices.chance(30):
            return self._second_source(state)
        is_market = choices.chance(50)
        if is_market:
            number = known_or_next(choices, len(state.parameters.markets))
            feed = parameters.markets[min(number, len(parameters.markets) - 1)].feed
        else:
            number = known_or_next(choices, len(state.parameters.collaterals))
            configured = parameters.collaterals[min(number, len(parameters.collaterals) - 1)].feed
            feed = configured if configured is not None else parameters.markets[0].feed
        heartbeat_s = choices.pick((feed.heartbeat_s, feed.heartbeat_s, 60, 3600, 604_800, 604_801, 0))
        decimals = feed.decimals if choices.chance(95) else feed.decimals + 1
        maximum = feed.maximum_answer + choices.pick((0, 0, 0, 1, -1))
        return Action(
            "set_market_feed" if is_market else "set_collateral_feed",
            self._role_holder(self.cast.oracle_manager),
            (number, feed.feed, decimals, heartbeat_s, feed.minimum_answer, maximum),
        )

    def _second_source(self, state: State) -> Action:
        """Another source beside a market's: the one that it has, more or less strict; none; or another one's."""
        choices, parameters = self.choices, state.parameters
        market = known_or_next(choices, len(parameters.markets))
        listed = parameters.markets[min(market, len(parameters.markets) - 1)]
        caller = self._role_holder(self.cast.oracle_manager)
        if choices.chance(25):
            fields = [0] * 5
            if choices.chance(40):
                # All of them are zero where there is no source.
                fields[choices.integer(0, 4)] = 1
            return Action("set_second_source", caller, (market, NO_SOURCE, *fields))
        second = listed.second
        feed = second.feed if second is not None and choices.chance(80) else choices.pick(parameters.feeds)
        heartbeat_s = choices.pick((feed.heartbeat_s, feed.heartbeat_s, feed.heartbeat_s, 60, 604_801))
        most = min(feed.maximum_answer, listed.largest_price_wad // feed.scale) + choices.pick((0, 0, 0, 1, -1))
        now_wad = WAD // 50 if second is None else second.deviation_rate_wad
        apart_wad = choices.pick(
            (now_wad, now_wad, WAD // 1_000, MAXIMUM_DEVIATION_RATE_WAD, 1, 0, MAXIMUM_DEVIATION_RATE_WAD + 1)
        )
        answers = (feed.minimum_answer, most)
        return Action("set_second_source", caller, (market, feed.feed, feed.decimals, heartbeat_s, *answers, apart_wad))

    def _funding(self, market: int, listed: Market) -> Action:
        """Funding: now and then, to more or less, as steep as can be; at what the maintenance rate leaves for one payment."""
        choices, now = self.choices, listed.funding
        interval_s = choices.pick((now.interval_s, now.interval_s, 60, 3_600, DAY_S, 1, 0, DAY_S + 1))
        limits = listed.limits
        left = listed.maintenance_rates_wad[0] - 1 - limits.price_band_rate_wad - limits.liquidation_penalty_rate_wad
        most = min(MAXIMUM_FUNDING_RATE_WAD, left * DAY_S // max(1, interval_s))
        rate = choices.pick((now.maximum_rate_wad, now.maximum_rate_wad // 2, most, most, most + 1, 0))
        velocity = choices.pick((now.maximum_velocity_wad, rate, rate // 7, MAXIMUM_FUNDING_RATE_WAD, 0))
        scale = choices.pick((now.premium_scale_wad, now.premium_scale_wad, WAD, WAD // 1_000))
        depth = choices.pick((now.premium_depth_wad, now.premium_depth_wad // 10 + 1, 1, MAXIMUM_NOTIONAL_WAD))
        caller = self._role_holder(self.cast.risk_manager)
        return Action("set_funding", caller, (market, interval_s, rate, velocity, scale, depth))

    def _scaling(self, state: State, market: int) -> Action:
        """Where initial margin grows with open interest: about where open interest is now, or away from it."""
        choices = self.choices
        number = min(market, len(state.parameters.markets) - 1)
        now_wad = notional_wad(state.open_interest_wad[number], known_mark_wad(state, number))
        lower_wad = choices.pick(
            (now_wad, now_wad + 1, max(0, now_wad - 1), now_wad // 2, now_wad // 2, 0, MAXIMUM_SCALING_WAD - 1)
        )
        rise_wad = choices.pick((1, 1, lower_wad // 2 + 1, 4 * lower_wad + 1, 4 * lower_wad + 1, MAXIMUM_SCALING_WAD))
        upper_wad = min(MAXIMUM_SCALING_WAD, lower_wad + rise_wad)
        if choices.chance(8):
            upper_wad = choices.pick((lower_wad, MAXIMUM_SCALING_WAD + 1, 0))
        caller = self._role_holder(self.cast.risk_manager)
        return Action("set_open_interest_scaling", caller, (market, lower_wad, upper_wad))

    def upgrades(self, state: State) -> Action:
        """Other code, or what is none, by the admin or somebody else; or an attempt to begin anew."""
        choices, cast = self.choices, self.cast
        if choices.chance(55):
            implementation = choices.pick((*IMPLEMENTATIONS, *IMPLEMENTATIONS, *CANDIDATES))
            return Action("upgrade", self._role_holder(cast.admin), (implementation,))
        given = state.parameters.liquidation
        share = choices.pick((given.liquidator_share_rate_wad, WAD, WAD + 1))
        rest = (share, given.close_factor_rate_wad, given.small_position_notional_wad)
        caller = choices.pick((cast.outsider, cast.outsider, cast.admin, choices.pick(cast.accounts)))
        admin = choices.pick((caller, caller, cast.admin))
        if choices.chance(40):
            return Action("initialize", caller, (admin, *rest))
        where = choices.pick((*IMPLEMENTATIONS, *CANDIDATES))
        return Action("initialize_implementation", caller, (where, admin, *rest))

    def roles(self) -> Action:
        """A change of who holds a role."""
        choices, cast = self.choices, self.cast
        role = choices.pick((RISK, ORACLE, TREASURER, ADMIN, GUARDIAN))
        manner = choices.integer(0, 3)
        someone = choices.pick((cast.delegate, cast.outsider))
        if manner == 0:
            caller = someone if choices.chance(70) else choices.pick((cast.matcher, cast.outsider))
            return Action("renounce_role", caller, (role, choices.pick((caller, caller, cast.matcher))))
        caller = self.cast.admin if choices.chance(85) else choices.pick((someone, choices.pick(self.cast.accounts)))
        return Action("grant_role" if manner == 1 else "revoke_role", caller, (role, someone))
