"""What stops when something is wrong, and when it begins again (section 15).

What is stored here says, together with the parameters and the clock, what may be done now: nothing is ever switched back.
"""

from __future__ import annotations

from typing import NamedTuple

from reference.breaker_parameters import Breaker, OutflowLimit
from reference.parameters import Parameters
from reference.rounding import WAD, div_ceil

OPEN, REOPENING, HALTED, REDUCE_ONLY, IN_GRACE, PAUSED = range(6)
"""S4: what a market lets be done, from all to least."""


class Stop(NamedTuple):
    """What a market's breaker has seen (S5), and whether the market may only shrink (S4)."""

    anchor_wad: int
    """0 before the first observation."""
    anchored_at_s: int
    halted_at_s: int
    """0 if no move has halted the market."""
    reduce_only: bool


class Outflow(NamedTuple):
    """S9: what was used of an outflow limit when it was last written down, in units times seconds."""

    used_unit_s: int
    at_s: int


class Pause(NamedTuple):
    """S7: the last pause. All 0 before the first."""

    until_s: int
    grace_until_s: int
    pausable_from_s: int


class Breakers(NamedTuple):
    """All that is stored of breakers: by market, by collateral, and of the whole engine."""

    stops: tuple[Stop, ...]
    outflows: tuple[Outflow, ...]
    pause: Pause


NO_STOP, NO_OUTFLOW, NO_PAUSE_YET = Stop(0, 0, 0, False), Outflow(0, 0), Pause(0, 0, 0)


def unbroken(parameters: Parameters) -> Breakers:
    """Before anything has happened."""
    return Breakers((NO_STOP,) * len(parameters.markets), (NO_OUTFLOW,) * len(parameters.collaterals), NO_PAUSE_YET)


def is_halted_by_time(breaker: Breaker, stop: Stop, now_s: int) -> bool:
    """S6."""
    return bool(breaker.trip_rate_wad and stop.halted_at_s) and now_s < stop.halted_at_s + breaker.cooldown_s


def trips(breaker: Breaker, stop: Stop, mark_wad: int, now_s: int) -> bool:
    """S5, of a usable mark."""
    if not (breaker.trip_rate_wad and stop.anchor_wad) or now_s - stop.anchored_at_s > 2 * breaker.window_s:
        return False
    return abs(mark_wad - stop.anchor_wad) * WAD > breaker.trip_rate_wad * stop.anchor_wad


def observed(breaker: Breaker, stop: Stop, mark_wad: int, now_s: int) -> Stop:
    """S5: what is stored once a usable mark has been observed. It halted the market iff ``halted_at_s`` is another."""
    if breaker.trip_rate_wad == 0 or is_halted_by_time(breaker, stop, now_s):
        return stop
    if trips(breaker, stop, mark_wad, now_s):
        return Stop(mark_wad, now_s, now_s, stop.reduce_only)
    if stop.anchor_wad == 0 or now_s - stop.anchored_at_s >= breaker.window_s:
        return stop._replace(anchor_wad=mark_wad, anchored_at_s=now_s)
    return stop


def trading_status(breaker: Breaker, stop: Stop, pause: Pause, mark_wad: int | None, now_s: int) -> int:
    """S4, at a mark; None where that is not usable."""
    if now_s < pause.until_s:
        return PAUSED
    if now_s < pause.grace_until_s:
        return IN_GRACE
    if stop.reduce_only:
        return REDUCE_ONLY
    if is_halted_by_time(breaker, stop, now_s) or (mark_wad is not None and trips(breaker, stop, mark_wad, now_s)):
        return HALTED
    if breaker.trip_rate_wad and stop.halted_at_s and now_s < stop.halted_at_s + 2 * breaker.cooldown_s:
        return REOPENING
    return OPEN


def used_now_unit_s(limit: OutflowLimit, outflow: Outflow, now_s: int) -> int:
    """S9."""
    return max(0, outflow.used_unit_s - limit.limit_units * (now_s - outflow.at_s))


def available_units(limit: OutflowLimit, outflow: Outflow, now_s: int) -> int | None:
    """S9: what may leave now, pause aside; None where there is no limit."""
    if limit.window_s == 0:
        return None
    return limit.limit_units - div_ceil(used_now_unit_s(limit, outflow, now_s), limit.window_s)


def limit_changed(before: OutflowLimit, after: OutflowLimit, outflow: Outflow, now_s: int) -> Outflow:
    """S9: what counts as used once there is another limit. Nothing was used where there was none."""
    if before.window_s == 0:
        return outflow
    used_units = div_ceil(used_now_unit_s(before, outflow, now_s), before.window_s)
    return Outflow(min(used_units, after.limit_units) * after.window_s, now_s)
