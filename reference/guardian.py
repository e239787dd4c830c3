"""Who sets circuit breakers, and who pauses (S1 to S4, S7)."""

from __future__ import annotations

from dataclasses import replace

from reference.breaker import Pause, limit_changed
from reference.breaker_parameters import Breaker, OutflowLimit, PauseParameters
from reference.governance import GUARDIAN, RISK, require_role, require_safe, with_collateral, with_market
from reference.ledger import Effect, require_collateral, require_market
from reference.rejection import Rejected
from reference.state import State
from reference.stops import replaced


def set_breaker(
    state: State,
    caller: str,
    market: int,
    trip_rate_wad: int,
    window_s: int,
    cooldown_s: int,
    open_interest_cap_wad: int,
) -> Effect:
    """S1."""
    require_role(state, caller, RISK)
    listed = require_market(state, market)
    breaker = Breaker(trip_rate_wad, window_s, cooldown_s, open_interest_cap_wad)
    require_safe(breaker.validate, listed.lot_wad)
    return (
        with_market(state, market, replace(listed, breaker=breaker)),
        (("BreakerSet", market, trip_rate_wad, window_s, cooldown_s, open_interest_cap_wad),),
    )


def set_reduce_only(state: State, caller: str, market: int, reduce_only: bool) -> Effect:
    """S4."""
    require_role(state, caller, RISK)
    require_market(state, market)
    stops = state.breakers.stops
    stop = stops[market]._replace(reduce_only=reduce_only)
    breakers = state.breakers._replace(stops=replaced(stops, market, stop))
    return state._replace(breakers=breakers), (("ReduceOnlySet", market, reduce_only),)


def set_outflow_limit(state: State, caller: str, collateral: int, limit_units: int, window_s: int) -> Effect:
    """S2, S9."""
    require_role(state, caller, RISK)
    listed = require_collateral(state, collateral)
    limit = OutflowLimit(limit_units, window_s)
    require_safe(limit.validate)
    outflows = state.breakers.outflows
    outflow = limit_changed(listed.outflow, limit, outflows[collateral], state.time_s)
    breakers = state.breakers._replace(outflows=replaced(outflows, collateral, outflow))
    changed = with_collateral(state, collateral, replace(listed, outflow=limit))
    return changed._replace(breakers=breakers), (("OutflowLimitSet", collateral, limit_units, window_s),)


def set_pause_parameters(state: State, caller: str, longest_s: int, grace_s: int, rest_s: int) -> Effect:
    """S3."""
    require_role(state, caller, RISK)
    pause = PauseParameters(longest_s, grace_s, rest_s)
    require_safe(pause.validate)
    return (
        state._replace(parameters=replace(state.parameters, pause=pause)),
        (("PauseParametersSet", longest_s, grace_s, rest_s),),
    )


def pause(state: State, caller: str, duration_s: int) -> Effect:
    """S7."""
    require_role(state, caller, GUARDIAN)
    longest_s, now_s = state.parameters.pause.longest_s, state.time_s
    if not 1 <= duration_s <= longest_s:
        raise Rejected("InvalidPause", duration_s, longest_s)
    pausable_from_s = state.breakers.pause.pausable_from_s
    if now_s < pausable_from_s:
        raise Rejected("PausedTooRecently", pausable_from_s)
    grace_until_s = now_s + duration_s + state.parameters.pause.grace_s
    begun = Pause(now_s + duration_s, grace_until_s, grace_until_s + state.parameters.pause.rest_s)
    return (
        state._replace(breakers=state.breakers._replace(pause=begun)),
        (("Paused", begun.until_s, begun.grace_until_s),),
    )


def unpause(state: State, caller: str) -> Effect:
    """S7."""
    require_role(state, caller, GUARDIAN)
    running, now_s = state.breakers.pause, state.time_s
    if now_s >= running.until_s:
        raise Rejected("NotPaused")
    early_s = running.until_s - now_s
    ended = Pause(now_s, running.grace_until_s - early_s, running.pausable_from_s - early_s)
    return state._replace(breakers=state.breakers._replace(pause=ended)), (("Unpaused", ended.grace_until_s),)
