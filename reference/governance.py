"""Roles, and what they may change (A3, section 12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference.funding import written_down
from reference.ledger import Effect, Event, require_collateral, require_market
from reference.parameters import (
    Collateral,
    Feed,
    FundingParameters,
    LiquidationParameters,
    Market,
    MarketLimits,
    OpenInterestScaling,
    SecondSource,
    Unsafe,
)
from reference.rejection import Rejected
from reference.state import State

ADMIN = "DEFAULT_ADMIN_ROLE"
RISK = "RISK_ROLE"
ORACLE = "ORACLE_ROLE"
TREASURER = "TREASURER_ROLE"
GUARDIAN = "GUARDIAN_ROLE"
NO_SOURCE = "none"
"""What stands for a second source where there is none: the address 0."""
ROLES = (ADMIN, RISK, ORACLE, TREASURER, GUARDIAN)


def require_role(state: State, caller: str, role: str) -> None:
    """A3."""
    if caller not in state.roles[role]:
        raise Rejected("AccessControlUnauthorizedAccount", caller, role)


def grant_role(state: State, caller: str, role: str, account: str) -> Effect:
    """OpenZeppelin's ``grantRole``: the admin role grants every role; no event if nothing changes."""
    require_role(state, caller, ADMIN)
    if account in state.roles[role]:
        return state, ()
    roles = {**state.roles, role: state.roles[role] | {account}}
    return state._replace(roles=roles), (("RoleGranted", role, account, caller),)


def revoke_role(state: State, caller: str, role: str, account: str) -> Effect:
    """OpenZeppelin's ``revokeRole``."""
    require_role(state, caller, ADMIN)
    return _without_role(state, caller, role, account)


def renounce_role(state: State, caller: str, role: str, confirmation: str) -> Effect:
    """OpenZeppelin's ``renounceRole``: only for oneself, and said twice."""
    if confirmation != caller:
        raise Rejected("AccessControlBadConfirmation")
    return _without_role(state, caller, role, caller)


def _without_role(state: State, caller: str, role: str, account: str) -> Effect:
    if account not in state.roles[role]:
        return state, ()
    roles = {**state.roles, role: state.roles[role] - {account}}
    return state._replace(roles=roles), (("RoleRevoked", role, account, caller),)


def with_market(state: State, number: int, market: Market) -> State:
    """The state with one market's parameters replaced."""
    markets = state.parameters.markets
    return state._replace(
        parameters=replace(state.parameters, markets=(*markets[:number], market, *markets[number + 1 :]))
    )


def with_collateral(state: State, number: int, collateral: Collateral) -> State:
    """The state with one collateral's parameters replaced."""
    collaterals = state.parameters.collaterals
    return state._replace(
        parameters=replace(
            state.parameters, collaterals=(*collaterals[:number], collateral, *collaterals[number + 1 :])
        )
    )


def require_safe(validate: Callable[..., None], *arguments: Any) -> None:
    """P7: a configuration that is unsafe is refused by the name of its parameter."""
    try:
        validate(*arguments)
    except Unsafe as unsafe:
        raise Rejected("UnsafeParameter", unsafe.name) from None


def set_market_limits(
    state: State,
    caller: str,
    market: int,
    price_band_rate_wad: int,
    trading_fee_rate_wad: int,
    liquidation_penalty_rate_wad: int,
    position_limit_wad: int,
) -> Effect:
    """C1."""
    require_role(state, caller, RISK)
    limits = MarketLimits(price_band_rate_wad, trading_fee_rate_wad, liquidation_penalty_rate_wad, position_limit_wad)
    changed = replace(require_market(state, market), limits=limits)
    require_safe(changed.validate_limits)
    return (
        with_market(state, market, changed),
        (
            (
                "MarketLimitsSet",
                market,
                price_band_rate_wad,
                trading_fee_rate_wad,
                liquidation_penalty_rate_wad,
                position_limit_wad,
            ),
        ),
    )


def set_open_interest_scaling(state: State, caller: str, market: int, lower_wad: int, upper_wad: int) -> Effect:
    """C1."""
    require_role(state, caller, RISK)
    changed = replace(require_market(state, market), scaling=OpenInterestScaling(lower_wad, upper_wad))
    require_safe(changed.scaling.validate)
    return with_market(state, market, changed), (("OpenInterestScalingSet", market, lower_wad, upper_wad),)


def set_funding(
    state: State,
    caller: str,
    market: int,
    interval_s: int,
    maximum_rate_wad: int,
    maximum_velocity_wad: int,
    premium_scale_wad: int,
    premium_depth_wad: int,
) -> Effect:
    """C1, F5."""
    require_role(state, caller, RISK)
    listed, now_s = require_market(state, market), state.time_s
    funding = FundingParameters(
        interval_s, maximum_rate_wad, maximum_velocity_wad, premium_scale_wad, premium_depth_wad
    )
    changed = replace(listed, funding=funding)
    require_safe(changed.funding.validate)
    require_safe(changed.validate_limits)
    written = written_down(listed, state.funding[market], now_s)
    rate_wad = min(max(written.rate_wad, -maximum_rate_wad), maximum_rate_wad)
    written = written._replace(rate_wad=rate_wad)
    accrual: Event = ("FundingAccrued", market, rate_wad, written.due_wad, written.index_wad)
    after = with_market(state, market, changed)
    every = (*state.funding[:market], written, *state.funding[market + 1 :])
    event: Event = (
        "FundingSet",
        market,
        interval_s,
        maximum_rate_wad,
        maximum_velocity_wad,
        premium_scale_wad,
        premium_depth_wad,
    )
    # What is due now is what was; when it will be more is another time.
    return after._replace(funding=every, due=state.due._replace(until_s=now_s)), (accrual, event)


def set_deposit_cap(state: State, caller: str, collateral: int, cap_units: int) -> Effect:
    """C1."""
    require_role(state, caller, RISK)
    changed = replace(require_collateral(state, collateral), deposit_cap_units=cap_units)
    require_safe(changed.validate, collateral, None if changed.feed is None else changed.feed.decimals)
    return with_collateral(state, collateral, changed), (("DepositCapSet", collateral, cap_units),)


def set_liquidation_parameters(
    state: State,
    caller: str,
    liquidator_share_rate_wad: int,
    close_factor_rate_wad: int,
    small_position_notional_wad: int,
) -> Effect:
    """C1."""
    require_role(state, caller, RISK)
    changed = LiquidationParameters(liquidator_share_rate_wad, close_factor_rate_wad, small_position_notional_wad)
    require_safe(changed.validate)
    return (
        state._replace(parameters=replace(state.parameters, liquidation=changed)),
        (
            (
                "LiquidationParametersSet",
                liquidator_share_rate_wad,
                close_factor_rate_wad,
                small_position_notional_wad,
            ),
        ),
    )


def set_market_feed(
    state: State,
    caller: str,
    market: int,
    source: str,
    decimals: int,
    heartbeat_s: int,
    minimum_answer: int,
    maximum_answer: int,
) -> Effect:
    """C2."""
    require_role(state, caller, ORACLE)
    feed = Feed(source, decimals, heartbeat_s, minimum_answer, maximum_answer)
    changed = replace(require_market(state, market), feed=feed)
    require_safe(changed.validate_feed, state.feed_decimals[feed.feed])
    return with_market(state, market, changed), (
        ("MarketFeedSet", market, source, decimals, heartbeat_s, minimum_answer, maximum_answer),
    )


def set_second_source(
    state: State,
    caller: str,
    market: int,
    source: str,
    decimals: int,
    heartbeat_s: int,
    minimum_answer: int,
    maximum_answer: int,
    deviation_rate_wad: int,
) -> Effect:
    """C2, P12: ``source`` may be ``NO_SOURCE``, with everything else 0: there is no second one from now on."""
    require_role(state, caller, ORACLE)
    listed = require_market(state, market)
    fields = (decimals, heartbeat_s, minimum_answer, maximum_answer, deviation_rate_wad)
    second = None
    if source != NO_SOURCE:
        second = SecondSource(Feed(source, *fields[:4]), deviation_rate_wad)
    elif any(fields):
        raise Rejected("UnsafeParameter", "secondSource")
    changed = replace(listed, second=second)
    require_safe(changed.validate_second, None if second is None else state.feed_decimals[source])
    require_safe(changed.validate_limits)
    return with_market(state, market, changed), (("SecondSourceSet", market, source, *fields),)


def set_collateral_feed(
    state: State,
    caller: str,
    collateral: int,
    source: str,
    decimals: int,
    heartbeat_s: int,
    minimum_answer: int,
    maximum_answer: int,
) -> Effect:
    """C2: collateral 0 has no feed."""
    require_role(state, caller, ORACLE)
    feed = Feed(source, decimals, heartbeat_s, minimum_answer, maximum_answer)
    changed = replace(require_collateral(state, collateral), feed=feed)
    require_safe(changed.validate, collateral, state.feed_decimals[feed.feed])
    return with_collateral(state, collateral, changed), (
        ("CollateralFeedSet", collateral, source, decimals, heartbeat_s, minimum_answer, maximum_answer),
    )
