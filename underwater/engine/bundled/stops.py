"""Circuit breakers of a deployment: read from a parameter file, written to one, set on chain, and compared with it."""

from __future__ import annotations

from collections.abc import Iterable

from reference.breaker_parameters import NO_BREAKER, NO_OUTFLOW_LIMIT, NO_PAUSE, Breaker, OutflowLimit, PauseParameters
from reference.parameters import Parameters
from underwater.document import Field, decimal_text

BREAKER_TYPE = "(uint64,uint32,uint32,uint128)"
OUTFLOW_LIMIT_TYPE = "(uint128,uint32)"
PAUSE_TYPE = "(uint32,uint32,uint32)"
_MOST_UINT32 = 2**32 - 1


def read_breaker(given: Field) -> Breaker:
    """S1: a cap, a trip rate with window and cooldown, or both."""
    fields = given.mapping((), ("trip_rate", "window_s", "cooldown_s", "open_interest_cap"))
    if "trip_rate" not in fields:
        fields = given.mapping(("open_interest_cap",))
        return Breaker(0, 0, 0, fields["open_interest_cap"].scaled(18))
    fields = given.mapping(("trip_rate", "window_s", "cooldown_s"), ("open_interest_cap",))
    return Breaker(
        fields["trip_rate"].scaled(18),
        fields["window_s"].integer(0, _MOST_UINT32),
        fields["cooldown_s"].integer(0, _MOST_UINT32),
        fields["open_interest_cap"].scaled(18) if "open_interest_cap" in fields else 0,
    )


def read_outflow_limit(given: Field, decimals: int) -> OutflowLimit:
    """S2."""
    fields = given.mapping(("limit", "window_s"))
    return OutflowLimit(fields["limit"].scaled(decimals), fields["window_s"].integer(0, _MOST_UINT32))


def read_pause(given: Field) -> PauseParameters:
    """S3."""
    fields = given.mapping(("longest_s", "grace_s", "rest_s"))
    return PauseParameters(*(fields[name].integer(0, _MOST_UINT32) for name in ("longest_s", "grace_s", "rest_s")))


def write_breaker(breaker: Breaker) -> list[str]:
    """The line of a market that says its breaker; none where it has none."""
    if breaker == NO_BREAKER:
        return []
    fields = []
    if breaker.trip_rate_wad:
        fields.append(f"trip_rate: {decimal_text(breaker.trip_rate_wad, 18)}")
        fields.append(f"window_s: {breaker.window_s}, cooldown_s: {breaker.cooldown_s}")
    if breaker.open_interest_cap_wad:
        fields.append(f"open_interest_cap: {decimal_text(breaker.open_interest_cap_wad, 18)}")
    return [f"    breaker: {{{', '.join(fields)}}}"]


def write_outflow_limit(limit: OutflowLimit, decimals: int) -> list[str]:
    """The line of a collateral that says its outflow limit; none where it has none."""
    if limit == NO_OUTFLOW_LIMIT:
        return []
    return [f"    outflow_limit: {{limit: {decimal_text(limit.limit_units, decimals)}, window_s: {limit.window_s}}}"]


def write_pause(pause: PauseParameters) -> list[str]:
    """The line that says how a guardian may pause; none where he may not."""
    if pause == NO_PAUSE:
        return []
    return [f"pause: {{longest_s: {pause.longest_s}, grace_s: {pause.grace_s}, rest_s: {pause.rest_s}}}"]


def breaker_tuple(breaker: Breaker) -> tuple[int, ...]:
    """S1's struct."""
    return breaker.trip_rate_wad, breaker.window_s, breaker.cooldown_s, breaker.open_interest_cap_wad


def settings(parameters: Parameters) -> Iterable[tuple[str, str, tuple[object, ...]]]:
    """(label, function, arguments) of every breaker that has to be set once all is listed."""
    for number, collateral in enumerate(parameters.collaterals):
        limit = collateral.outflow
        if limit != NO_OUTFLOW_LIMIT:
            function = f"setOutflowLimit(uint256,{OUTFLOW_LIMIT_TYPE})"
            yield f"limit what leaves of {collateral.name}", function, (number, (limit.limit_units, limit.window_s))
    for number, market in enumerate(parameters.markets):
        if market.breaker != NO_BREAKER:
            function = f"setBreaker(uint256,{BREAKER_TYPE})"
            yield f"set the breaker of {market.name}", function, (number, breaker_tuple(market.breaker))
    pause = parameters.pause
    if pause != NO_PAUSE:
        times = (pause.longest_s, pause.grace_s, pause.rest_s)
        yield "set how a guardian may pause", f"setPauseParameters({PAUSE_TYPE})", (times,)
