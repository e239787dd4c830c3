"""Where circuit breakers decide otherwise, solved from section 15 in closed form. As ``boundaries``: the last value that is let be."""

from __future__ import annotations

from bisect import bisect_right

from reference.breaker import OPEN, REOPENING, Breakers, available_units, is_halted_by_time
from reference.parameters import Parameters
from reference.prices import mark
from reference.rounding import WAD, ceil_to_multiple, floor_to_multiple
from reference.state import State
from reference.stops import status_of


def largest_outflow_units(state: State, collateral: int) -> int | None:
    """S8, S9: what may leave now; None where there is no limit."""
    if state.time_s < state.breakers.pause.until_s:
        return 0
    limit, outflow = state.parameters.collaterals[collateral].outflow, state.breakers.outflows[collateral]
    return available_units(limit, outflow, state.time_s)


def largest_growth_wad(state: State, buyer: str, seller: str, market: int) -> int | None:
    """S4: the largest trade that keeps open interest where it may be; None where nothing bounds it, or nothing is let be.

    A side that first closes something adds nothing to open interest until it has. As the trade grows, open interest falls while both
    sides close, stays while one does, and rises when none does: so the room is added to what the last of them closes.
    """
    listed = state.parameters.markets[market]
    found = mark(state, listed)
    status = status_of(state, market, found)
    if status not in (OPEN, REOPENING):
        return None
    standing_wad = state.open_interest_wad[market]
    cap_wad = standing_wad if status == REOPENING else listed.breaker.open_interest_cap_wad
    if status == OPEN and cap_wad == 0:
        return None
    closed_wad = (max(0, -state.accounts[buyer].sizes_wad[market]), max(0, state.accounts[seller].sizes_wad[market]))
    # What rises above where it stands has to fit under the cap; what falls first may rise as far again.
    room_wad = max(0, cap_wad - standing_wad) + sum(closed_wad)
    return room_wad or None


def largest_reduction_wad(state: State, buyer: str, seller: str, market: int) -> int | None:
    """S4: the largest trade by which both sides reduce."""
    size_wad = min(-state.accounts[buyer].sizes_wad[market], state.accounts[seller].sizes_wad[market])
    return size_wad if size_wad > 0 else None


def trip_marks_wad(state: State, market: int) -> tuple[int, int] | None:
    """S5: the lowest and the highest mark that do not trip; None where none does."""
    listed, stop = state.parameters.markets[market], state.breakers.stops[market]
    breaker, now_s = listed.breaker, state.time_s
    if not (breaker.trip_rate_wad and stop.anchor_wad) or is_halted_by_time(breaker, stop, now_s):
        return None
    if now_s - stop.anchored_at_s > 2 * breaker.window_s:
        return None
    reach_wad = breaker.trip_rate_wad * stop.anchor_wad // WAD
    return (
        ceil_to_multiple(stop.anchor_wad - reach_wad, listed.tick_wad),
        floor_to_multiple(stop.anchor_wad + reach_wad, listed.tick_wad),
    )


def trip_answers(state: State, market: int) -> tuple[int, int] | None:
    """S5, O2: the lowest and the highest answer of the market's feed whose marks do not trip."""
    marks_wad = trip_marks_wad(state, market)
    if marks_wad is None:
        return None
    listed = state.parameters.markets[market]
    lowest_wad, highest_wad = marks_wad
    scale = listed.feed.scale
    return -(-lowest_wad // scale), (highest_wad + listed.tick_wad - 1) // scale


def turning_times_s(state: State) -> tuple[int, ...]:
    """The first second of whatever begins or ends by time alone (S5 to S7), of those to come."""
    global _last_turning
    parameters, breakers, times_s = _last_turning or (None, None, ())
    if parameters is not state.parameters or breakers is not state.breakers:
        times_s = _all_turning_times_s(state)
        _last_turning = state.parameters, state.breakers, times_s
    return times_s[bisect_right(times_s, state.time_s) :]


_last_turning: tuple[Parameters, Breakers, tuple[int, ...]] | None = None
"""The times of the last parameters and breakers that were asked about: they change seldom, and time always."""


def _all_turning_times_s(state: State) -> tuple[int, ...]:
    pause = state.breakers.pause
    times = {pause.until_s, pause.grace_until_s, pause.pausable_from_s}
    for market, stop in zip(state.parameters.markets, state.breakers.stops, strict=True):
        breaker = market.breaker
        if stop.halted_at_s:
            times |= {stop.halted_at_s + breaker.cooldown_s, stop.halted_at_s + 2 * breaker.cooldown_s}
        if stop.anchor_wad and breaker.trip_rate_wad:
            times |= {stop.anchored_at_s + breaker.window_s, stop.anchored_at_s + 2 * breaker.window_s + 1}
    return tuple(sorted(times))
