"""What one side of a market pays the other (section 8).

Two forms of the same rule: ``after_intervals`` takes one interval after the other, as F1 says it; ``due_now`` takes any number of them at
once. Tests hold them together. What is stored is written down now and then (F3); what is *due* (F2) is always known, and is the state's.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from reference.parameters import DAY_S, FundingParameters, Market, Parameters
from reference.rounding import WAD, floor_to_multiple


class Funding(NamedTuple):
    """Funding of a market as it was last written down. Rates and premium are wad of the index, rates a day; the rest quote wad."""

    rate_wad: int
    premium_wad: int
    written_at_s: int
    """0 before the first time."""
    carry: int
    """What has fallen due and does not make a tick: in ticks times ``CARRY_OF_A_TICK``, and less than one."""
    due_wad: int
    """On one base unit since the beginning; a multiple of the tick."""
    index_wad: int
    """0 before it was first read."""
    exposure_wad_s: int
    """Of the running interval: its premiums, each times the seconds for which it stood before ``written_at_s``."""
    begun_at_s: int
    """When the running interval began."""
    index_read_at_s: int
    """0 before the first time."""


class Due(NamedTuple):
    """F2: what is due on one base unit of each market, in quote wad. It holds up to and including ``until_s``."""

    per_unit_wad: tuple[int, ...]
    until_s: int


NO_FUNDING_YET = Funding(0, 0, 0, 0, 0, 0, 0, 0, 0)
"""A market as it was listed."""
CARRY_OF_A_TICK = WAD * DAY_S


def velocity_wad(parameters: FundingParameters, exposure_wad_s: int, duration_s: int) -> int:
    """F1: by how much an interval changes the rate, rounded towards 0. One of no duration, which only a faulty engine stores, does not."""
    if duration_s <= 0:
        return 0
    scale_wad_s = parameters.premium_scale_wad * max(duration_s, parameters.interval_s)
    size_wad = min(abs(exposure_wad_s), scale_wad_s) * parameters.maximum_velocity_wad // scale_wad_s
    return size_wad if exposure_wad_s > 0 else -size_wad


def _bounded(value: int, bound: int) -> int:
    return min(max(value, -bound), bound)


def intervals_ended(parameters: FundingParameters, since_s: int, now_s: int) -> int:
    """F1: how many ends of intervals, multiples of ``interval_s``, lie in ``(since_s, now_s]``."""
    return now_s // parameters.interval_s - since_s // parameters.interval_s


def first_end_s(parameters: FundingParameters, funding: Funding) -> int:
    """F1: when the running interval ends."""
    return funding.written_at_s - funding.written_at_s % parameters.interval_s + parameters.interval_s


def end_running(market: Market, funding: Funding) -> Funding:
    """F1 to the letter: the running interval ends, the next one begins."""
    parameters, end_s = market.funding, first_end_s(market.funding, funding)
    duration_s = end_s - funding.begun_at_s
    exposure_wad_s = funding.exposure_wad_s + funding.premium_wad * (end_s - funding.written_at_s)
    moved_wad = funding.rate_wad + velocity_wad(parameters, exposure_wad_s, duration_s)
    rate_wad = _bounded(moved_wad, parameters.maximum_rate_wad)
    fallen = _fallen_due(market, funding, rate_wad, rate_wad * max(0, min(duration_s, parameters.interval_s)))
    return fallen._replace(written_at_s=end_s, exposure_wad_s=0, begun_at_s=end_s)


def rate_and_sum(parameters: FundingParameters, funding: Funding, intervals: int) -> tuple[int, int]:
    """F1: the rate after so many whole intervals at one premium, and the sum of the rates of each of them.

    Without a bound the sum is that of an arithmetic progression; of that, what lies beyond the bound is another one.
    """
    rate_wad, most_wad = funding.rate_wad, parameters.maximum_rate_wad
    velocity = velocity_wad(parameters, funding.premium_wad * parameters.interval_s, parameters.interval_s)
    unbounded = rate_wad * intervals + velocity * (intervals * (intervals + 1) // 2)
    last_wad = rate_wad + velocity * intervals
    beyond_wad = abs(last_wad) - most_wad
    if beyond_wad <= 0:
        return last_wad, unbounded
    step_wad = abs(velocity)
    terms = -(-beyond_wad // step_wad)
    excess = beyond_wad * terms - step_wad * (terms * (terms - 1) // 2)
    sign = 1 if last_wad > 0 else -1
    return sign * most_wad, unbounded - sign * excess


def due_now(market: Market, funding: Funding, now_s: int) -> Funding:
    """F1, F2: what there is to be written down at the last end of an interval, if one has ended since ``written_at_s``."""
    parameters = market.funding
    intervals = intervals_ended(parameters, funding.written_at_s, now_s)
    if intervals <= 0:
        return funding
    last_s = now_s - now_s % parameters.interval_s
    if not (funding.rate_wad or funding.premium_wad or funding.exposure_wad_s):
        return funding._replace(written_at_s=last_s, begun_at_s=last_s)
    ended = end_running(market, funding)
    rate_wad, rates_wad = rate_and_sum(parameters, ended, intervals - 1)
    fallen = _fallen_due(market, ended, rate_wad, rates_wad * parameters.interval_s)
    return fallen._replace(written_at_s=last_s, begun_at_s=last_s)


def _fallen_due(market: Market, funding: Funding, rate_wad: int, rates_wad_s: int) -> Funding:
    """F1: ``rates_wad_s``, rates each times its seconds, falls due on the index, in whole ticks."""
    tick_wad = market.tick_wad
    fallen = rates_wad_s * funding.index_wad + funding.carry * tick_wad
    whole_wad = floor_to_multiple(fallen // CARRY_OF_A_TICK, tick_wad)
    carry = (fallen - whole_wad * CARRY_OF_A_TICK) // tick_wad
    return funding._replace(rate_wad=rate_wad, due_wad=funding.due_wad + whole_wad, carry=carry)


def after_intervals(market: Market, funding: Funding, intervals: int) -> Funding:
    """F1 to the letter: so many intervals end, one after the other."""
    for _ in range(intervals):
        funding = end_running(market, funding)
    return funding


def fallen_due_exact(market: Market, funding: Funding, intervals: int) -> Fraction:
    """F1 without ticks: what falls due on one base unit in so many intervals, in quote wad."""
    total, parameters = Fraction(0), market.funding
    for _ in range(intervals):
        seconds = min(first_end_s(parameters, funding) - funding.begun_at_s, parameters.interval_s)
        funding = end_running(market, funding)
        total += Fraction(funding.rate_wad * seconds * funding.index_wad, DAY_S * WAD)
    return total


def written_down(market: Market, funding: Funding, now_s: int) -> Funding:
    """F3, F5: funding as of now. What the premium was until now is known, also of the running interval."""
    fallen = due_now(market, funding, now_s)
    exposure_wad_s = fallen.exposure_wad_s + fallen.premium_wad * (now_s - fallen.written_at_s)
    return fallen._replace(written_at_s=now_s, exposure_wad_s=exposure_wad_s)


def accrued(market: Market, funding: Funding, mark_wad: int, now_s: int) -> Funding | None:
    """F3: what is written down at a usable mark; None where no interval has ended since the index was read."""
    if intervals_ended(market.funding, funding.index_read_at_s, now_s) == 0:
        return None
    return written_down(market, funding, now_s)._replace(index_wad=mark_wad, index_read_at_s=now_s)


def premium_after(market: Market, premium_wad: int, amount_wad: int, price_wad: int, mark_wad: int) -> int:
    """F4: the premium after a trade of a (positive) amount."""
    size_wad = abs(price_wad - mark_wad) * WAD // mark_wad
    target_wad = size_wad if price_wad > mark_wad else -size_wad
    reach_wad = amount_wad * market.funding.premium_scale_wad // market.funding.premium_depth_wad
    return premium_wad + _bounded(target_wad - premium_wad, reach_wad)


def with_premium(market: Market, funding: Funding, premium_wad: int, now_s: int) -> Funding:
    """F4: funding with another premium from now on; no interval has ended since it was written down."""
    return written_down(market, funding, now_s)._replace(premium_wad=premium_wad)


def due_at(parameters: Parameters, funding: tuple[Funding, ...], now_s: int) -> Due:
    """F2, of every market."""
    markets = parameters.markets
    return Due(
        tuple([due_now(market, stored, now_s).due_wad for market, stored in zip(markets, funding, strict=True)]),
        min([market.funding.interval_s - now_s % market.funding.interval_s for market in markets]) + now_s - 1,
    )
