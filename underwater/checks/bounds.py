"""Section 3 of the specification, said once more: what of a change of parameters is outside its bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.governance import NO_SOURCE
from reference.parameters import Collateral, FundingParameters, Market
from reference.state import State
from underwater.checks import quote

_WAD = 10**18
_MOST_NOTIONAL_WAD = 10**34
_MOST_PRICE_WAD = 10**36
_MOST_SIZE_WAD = 2**127 - 1
_DAY_S = 86_400
_WEEK_S = 7 * _DAY_S

Unsafe = str | None
"""What is outside its bounds, and None if nothing is."""


def unsafe_change(state: State, kind: str, arguments: tuple[Any, ...]) -> Unsafe:
    """What of a change is outside its bounds in a state. Kinds that change no parameter are always within."""
    judge = _CHANGES.get(kind)
    return None if judge is None else judge(state, *arguments)


def _market_limits(state: State, number: int, band: int, fee: int, penalty: int, limit: int) -> Unsafe:
    """P3, N6."""
    market = _listed(state.parameters.markets, number)
    if market is None:
        return f"there is no market {number}"
    if fee * 100 > _WAD:
        return f"a trading fee of {quote(fee)} is above 0.01"
    if limit <= 0 or limit % market.lot_wad or limit > _MOST_SIZE_WAD:
        return f"a position limit of {quote(limit)} is not so many lots, or too large"
    if limit * market.largest_price_wad > _MOST_NOTIONAL_WAD * _WAD:
        return f"a position limit of {quote(limit)} is worth too much at the largest price"
    return _maintained(market, band + penalty, market.funding, _deviation_of(market))


def _scaling(state: State, number: int, lower: int, upper: int) -> Unsafe:
    """P10."""
    if _listed(state.parameters.markets, number) is None:
        return f"there is no market {number}"
    if not lower < upper <= 10**38:
        return f"open interest of {quote(lower)} to {quote(upper)} is no rising span"
    return None


def _funding(state: State, number: int, interval_s: int, rate: int, velocity: int, scale: int, depth: int) -> Unsafe:
    """P11."""
    market = _listed(state.parameters.markets, number)
    if market is None:
        return f"there is no market {number}"
    if not 1 <= interval_s <= _DAY_S:
        return f"an interval of {interval_s} s is none, or longer than a day"
    if rate * 10 > _WAD or velocity * 10 > _WAD:
        return f"a rate of {quote(rate)} or a velocity of {quote(velocity)} is above 0.1 a day"
    if not 1 <= scale <= _WAD or not 1 <= depth <= _MOST_NOTIONAL_WAD:
        return f"a premium's scale of {quote(scale)} or depth of {quote(depth)} is outside its bounds"
    funding = FundingParameters(interval_s, rate, velocity, scale, depth)
    return _maintained(market, _band_and_penalty(market), funding, _deviation_of(market))


def _deposit_cap(state: State, number: int, cap_units: int) -> Unsafe:
    """N6."""
    if _listed(state.parameters.collaterals, number) is None:
        return f"there is no collateral {number}"
    return f"a deposit cap of {cap_units} units is above 10^33" if cap_units > 10**33 else None


def _liquidation(_state: State, share: int, close_factor: int, small: int) -> Unsafe:
    """P6."""
    if share > _WAD or not 0 < close_factor <= _WAD:
        return f"a liquidator's share of {quote(share)} or a close factor of {quote(close_factor)} is no such fraction"
    return f"a small position of {quote(small)} is a very large one" if small > _MOST_NOTIONAL_WAD else None


def _market_feed(state: State, number: int, source: str, decimals: int, *rest: int) -> Unsafe:
    """C2, P4: beside the second source, which must stay one."""
    market = _listed(state.parameters.markets, number)
    if market is None:
        return f"there is no market {number}"
    if market.second is not None and source == market.second.feed.feed:
        return f"{source} is the market's second source too"
    return _feed(state, source, decimals, *rest) or _largest_answer(market, decimals, rest[-1])


def _breaker(state: State, number: int, rate: int, window_s: int, cooldown_s: int, cap: int) -> Unsafe:
    """S1."""
    market = _listed(state.parameters.markets, number)
    if market is None:
        return f"there is no market {number}"
    if cap % market.lot_wad:
        return f"an open interest cap of {quote(cap)} is not so many lots"
    if rate == 0:
        return "a window or a cooldown of no trip rate" if window_s or cooldown_s else None
    if rate > _WAD or not 1 <= window_s <= _DAY_S or not 1 <= cooldown_s <= _DAY_S:
        return f"a trip rate of {quote(rate)}, a window of {window_s} s or a cooldown of {cooldown_s} s is outside its bounds"
    return None


def _reduce_only(state: State, number: int, _reduce_only: bool) -> Unsafe:
    """S4."""
    return None if _listed(state.parameters.markets, number) is not None else f"there is no market {number}"


def _outflow_limit(state: State, number: int, limit_units: int, window_s: int) -> Unsafe:
    """S2."""
    if _listed(state.parameters.collaterals, number) is None:
        return f"there is no collateral {number}"
    if limit_units == window_s == 0 or (1 <= limit_units <= 10**33 and 1 <= window_s <= _WEEK_S):
        return None
    return f"{limit_units} units in {window_s} s are no limit of what leaves"


def _pause(_state: State, longest_s: int, grace_s: int, rest_s: int) -> Unsafe:
    """S3."""
    if max(longest_s, grace_s) > _DAY_S or not longest_s + grace_s <= rest_s <= 30 * _DAY_S:
        return (
            f"a pause of {longest_s} s, {grace_s} s of grace and {rest_s} s of rest leave too little time, or too much"
        )
    return None


def _second_source(state: State, number: int, source: str, *rest: int) -> Unsafe:
    """P12."""
    market = _listed(state.parameters.markets, number)
    if market is None:
        return f"there is no market {number}"
    if source == NO_SOURCE:
        return "something is said of a second source that there is not" if any(rest) else None
    *feed, deviation = rest
    if source == market.feed.feed:
        return f"{source} is the market's first source too"
    if not 1 <= deviation <= _WAD // 10:
        return f"a deviation of {quote(deviation)} is none, or above 0.1"
    return (
        _feed(state, source, *feed)
        or _largest_answer(market, feed[0], feed[-1])
        or _maintained(market, _band_and_penalty(market), market.funding, deviation)
    )


def _collateral_feed(state: State, number: int, source: str, *rest: int) -> Unsafe:
    """C2."""
    collateral: Collateral | None = _listed(state.parameters.collaterals, number)
    if collateral is None or number == 0:
        return f"there is no collateral {number} that has a feed"
    return _feed(state, source, *rest)


def _listed(those: tuple[Any, ...], number: int) -> Any:
    """What is listed with a number; None if nothing is (P8)."""
    return those[number] if 0 <= number < len(those) else None


def _feed(state: State, source: str, decimals: int, heartbeat_s: int, minimum: int, maximum: int) -> Unsafe:
    """P1."""
    if decimals > 18 or state.feed_decimals.get(source) != decimals:
        return f"{source} does not answer with {decimals} decimals"
    if not 1 <= heartbeat_s <= _WEEK_S:
        return f"a heartbeat of {heartbeat_s} s is none, or longer than a week"
    if not 1 <= minimum < maximum or maximum * 10 ** (18 - decimals) > _MOST_PRICE_WAD:
        return f"answers from {minimum} to {maximum} are no span of prices"
    return None


def _largest_answer(market: Market, decimals: int, maximum: int) -> Unsafe:
    """P4, C2, P12."""
    largest_wad = maximum * 10 ** (18 - decimals)
    if market.tick_wad <= largest_wad <= market.largest_price_wad:
        return None
    return f"a largest answer of {quote(largest_wad)} is below a tick, or above what was listed"


def _maintained(market: Market, band_and_penalty: int, funding: FundingParameters, deviation: int) -> Unsafe:
    """P3: what a healthy account can lose at an unmoved index stays below what it must have, in whole wads of a rate."""
    rest_wad = market.brackets[0].maintenance_rate_wad - band_and_penalty - deviation
    if funding.maximum_rate_wad * funding.interval_s > (rest_wad - 1) * _DAY_S:
        return "band, penalty, one payment of funding and deviation together are not below the first maintenance rate"
    return None


def _band_and_penalty(market: Market) -> int:
    return market.limits.price_band_rate_wad + market.limits.liquidation_penalty_rate_wad


def _deviation_of(market: Market) -> int:
    return 0 if market.second is None else market.second.deviation_rate_wad


_CHANGES: dict[str, Callable[..., Unsafe]] = {
    "set_market_limits": _market_limits,
    "set_open_interest_scaling": _scaling,
    "set_funding": _funding,
    "set_deposit_cap": _deposit_cap,
    "set_liquidation_parameters": _liquidation,
    "set_market_feed": _market_feed,
    "set_second_source": _second_source,
    "set_collateral_feed": _collateral_feed,
    "set_breaker": _breaker,
    "set_reduce_only": _reduce_only,
    "set_outflow_limit": _outflow_limit,
    "set_pause_parameters": _pause,
}
