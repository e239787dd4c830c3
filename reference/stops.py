"""What circuit breakers refuse, and what they note of what happens (S4 to S9)."""

from __future__ import annotations

from typing import Any

from reference.breaker import (
    OPEN,
    REOPENING,
    Breakers,
    Outflow,
    available_units,
    observed,
    trading_status,
    used_now_unit_s,
)
from reference.breaker_parameters import OutflowLimit
from reference.prices import FRESH, Price
from reference.rejection import Rejected
from reference.state import State


def replaced(values: tuple[Any, ...], index: int, value: object) -> tuple[Any, ...]:
    """``values`` with one item replaced."""
    return (*values[:index], value, *values[index + 1 :])


def observed_at(state: State, market: int, mark: Price) -> tuple[Breakers, tuple[tuple[object, ...], ...]]:
    """S5: every breaker after a market's mark was observed, and the event if that halted it. Only a usable one is."""
    breakers = state.breakers
    breaker = state.parameters.markets[market].breaker
    if breaker.trip_rate_wad == 0 or mark.status != FRESH:
        return breakers, ()
    before = breakers.stops[market]
    after = observed(breaker, before, mark.price_wad, state.time_s)
    if after is before:
        return breakers, ()
    with_stop = breakers._replace(stops=replaced(breakers.stops, market, after))
    # A breaker halts again at the earliest when its cooldown, of a second at least, has passed.
    if after.halted_at_s == before.halted_at_s:
        return with_stop, ()
    return with_stop, (("MarketHalted", market, mark.price_wad, before.anchor_wad),)


def status_of(state: State, market: int, mark: Price) -> int:
    """S4."""
    breaker, stop = state.parameters.markets[market].breaker, state.breakers.stops[market]
    mark_wad = mark.price_wad if mark.status == FRESH else None
    return trading_status(breaker, stop, state.breakers.pause, mark_wad, state.time_s)


def require_open(
    state: State, market: int, mark: Price, changes: tuple[tuple[int, int], ...], open_interest_wad: int
) -> None:
    """S4: of a trade that brings each size from the first to the second of a pair, and open interest to an amount."""
    status = status_of(state, market, mark)
    if status not in (OPEN, REOPENING):
        for before_wad, after_wad in changes:
            towards_zero = 0 <= after_wad < before_wad or before_wad < after_wad <= 0
            if not towards_zero:
                raise Rejected("OnlyReductions", market, status)
        return
    standing_wad = state.open_interest_wad[market]
    if open_interest_wad <= standing_wad:
        return
    cap_wad = state.parameters.markets[market].breaker.open_interest_cap_wad
    if status == REOPENING:
        raise Rejected("OpenInterestCapExceeded", market, open_interest_wad, standing_wad)
    if cap_wad and open_interest_wad > cap_wad:
        raise Rejected("OpenInterestCapExceeded", market, open_interest_wad, cap_wad)


def require_liquidations(state: State) -> None:
    """S8."""
    until_s = state.breakers.pause.grace_until_s
    if state.time_s < until_s:
        raise Rejected("LiquidationsPaused", until_s)


def _limit(state: State, collateral: int) -> tuple[OutflowLimit, Outflow]:
    return state.parameters.collaterals[collateral].outflow, state.breakers.outflows[collateral]


def _with_used(state: State, collateral: int, used_unit_s: int) -> Breakers:
    outflows = replaced(state.breakers.outflows, collateral, Outflow(used_unit_s, state.time_s))
    return state.breakers._replace(outflows=outflows)


def outflow_now_units(state: State, collateral: int) -> int | None:
    """W9: what may leave now; None where nothing limits it."""
    if state.time_s < state.breakers.pause.until_s:
        return 0
    limit, outflow = _limit(state, collateral)
    return available_units(limit, outflow, state.time_s)


def after_outflow(state: State, collateral: int, units: int) -> Breakers:
    """S8, S9: every breaker after ``units`` have left."""
    until_s = state.breakers.pause.until_s
    if state.time_s < until_s:
        raise Rejected("WithdrawalsPaused", until_s)
    limit, outflow = _limit(state, collateral)
    available = available_units(limit, outflow, state.time_s)
    if available is None:
        return state.breakers
    if units > available:
        raise Rejected("OutflowLimitExceeded", collateral, available)
    return _with_used(state, collateral, used_now_unit_s(limit, outflow, state.time_s) + units * limit.window_s)


def after_inflow(state: State, collateral: int, units: int) -> Breakers:
    """S9: every breaker after ``units`` have been deposited."""
    limit, outflow = _limit(state, collateral)
    if limit.window_s == 0:
        return state.breakers
    used_unit_s = used_now_unit_s(limit, outflow, state.time_s)
    return _with_used(state, collateral, max(0, used_unit_s - units * limit.window_s))
