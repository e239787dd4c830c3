"""What a feed is worth now (section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from reference.parameters import Collateral, Feed, Market, Parameters, SecondSource
from reference.rejection import Rejected
from reference.rounding import WAD, ceil_to_multiple, div_ceil
from reference.state import ANSWERS, FeedReading, State

FRESH, UNAVAILABLE, OUT_OF_BOUNDS, STALE, DEVIATING, FAILED_OVER = range(6)
"""O1, O6: the statuses of a price, in the numbering of the interface."""
UNUSABLE = (UNAVAILABLE, OUT_OF_BOUNDS, STALE)
UNCERTAIN = (DEVIATING, FAILED_OVER)


def status_of(feed: Feed, reading: FeedReading, now_s: int) -> int:
    """O1: the first status that applies. A price exactly ``heartbeat_s`` old is fresh."""
    if reading.mode != ANSWERS:
        return UNAVAILABLE
    if not feed.minimum_answer <= reading.answer <= feed.maximum_answer:
        return OUT_OF_BOUNDS
    updated_at_s = reading.updated_at_s
    if updated_at_s == 0 or updated_at_s > now_s or now_s - updated_at_s > feed.heartbeat_s:
        return STALE
    return FRESH


class Pair(NamedTuple):
    """O7: the price of a long and of a short position, in quote wad."""

    long_wad: int
    short_wad: int


NO_PAIR = Pair(0, 0)


@dataclass(slots=True)
class Price:
    """A price (O1 to O3, O6), and what it was worked out from.

    It holds for the same thing and the same readings (by identity: both are immutable) from ``since_s`` to ``until_s``. ``price_wad`` is
    0 where the status is not ``FRESH``. The two pairs (O7) are what there is instead where it is uncertain; where it is usable both are
    ``price_wad`` twice.
    """

    of: Market | Collateral
    source: str
    reading: FeedReading
    since_s: int
    until_s: int
    status: int
    price_wad: int
    unscaled_open_interest_wad: int
    """The largest open interest of the market, base wad, at which initial margin does not grow with it (V5); 0 of a collateral."""
    worth: dict[int, tuple[int, ...]]
    """What sizes or units that were asked about are worth (leniently), and need, as ``reference.margin`` has worked it out."""
    prudent: Pair
    lenient: Pair
    span_wad: tuple[int, int]
    """T3: the lowest and the highest mark that a trade's price may be compared with."""
    second_source: str | None = None
    second_reading: FeedReading | None = None
    broken: str | None = None
    """A source of it that is not usable, if there is one."""


def mark(state: State, market: Market) -> Price:
    """O2, O3, O6: a market's mark, floored to a tick."""
    feeds = state.feeds
    reading, second = feeds[market.feed.feed], market.second
    kept = _kept.get(id(market))
    if (
        kept is not None
        and kept.of is market
        and kept.reading is reading
        and kept.since_s <= state.time_s <= kept.until_s
        and (second is None or kept.second_reading is feeds[second.feed.feed])
    ):
        return kept
    found = _worked_out(market, market.feed, reading, state.time_s, market.tick_wad)
    if second is not None:
        found = _beside(found, market, second, feeds[second.feed.feed], state.time_s)
    return _keep(found)


def collateral_price(state: State, collateral: Collateral) -> Price:
    """O2: the price of a collateral other than number 0."""
    feed = collateral.feed
    assert feed is not None
    reading = state.feeds[feed.feed]
    kept = _kept.get(id(collateral))
    if (
        kept is not None
        and kept.of is collateral
        and kept.reading is reading
        and kept.since_s <= state.time_s <= kept.until_s
    ):
        return kept
    return _keep(_worked_out(collateral, feed, reading, state.time_s, 1))


def mark_status(state: State, market: Market) -> tuple[int, int]:
    """``mark`` as (status, mark in wad); the mark is 0 where it is not usable."""
    found = mark(state, market)
    return found.status, found.price_wad


def collateral_price_status(state: State, collateral: Collateral) -> tuple[int, int]:
    """``collateral_price`` as (status, price in wad)."""
    found = collateral_price(state, collateral)
    return found.status, found.price_wad


def price_of(feed: Feed, reading: FeedReading, now_s: int, step_wad: int) -> tuple[int, int]:
    """O1, O2: (status, price in wad, floored to a multiple of ``step_wad``); a price of zero is out of bounds."""
    status = status_of(feed, reading, now_s)
    if status in (UNAVAILABLE, OUT_OF_BOUNDS):
        return status, 0
    price_wad = reading.answer * feed.scale // step_wad * step_wad
    if price_wad == 0:
        return OUT_OF_BOUNDS, 0
    return (FRESH, price_wad) if status == FRESH else (status, 0)


_kept: dict[int, Price] = {}
_MOST_KEPT = 256
ALWAYS_S = 1 << 62
"""Later than any time of a chain."""


def _keep(found: Price) -> Price:
    """Valuing an account asks for the same few prices over and over."""
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    _kept[id(found.of)] = found
    return found


def _worked_out(of: Market | Collateral, feed: Feed, reading: FeedReading, now_s: int, step_wad: int) -> Price:
    """O1, O2: the price by one source."""
    status, price_wad = price_of(feed, reading, now_s, step_wad)
    since_s, until_s = _holds(feed, reading, now_s)
    unscaled_open_interest_wad = of.scaling.lower_wad * WAD // price_wad if price_wad and isinstance(of, Market) else 0
    pair = Pair(price_wad, price_wad) if price_wad else NO_PAIR
    broken = feed.feed if status_of(feed, reading, now_s) != FRESH else None
    return Price(
        of,
        feed.feed,
        reading,
        since_s,
        until_s,
        status,
        price_wad,
        unscaled_open_interest_wad,
        {},
        pair,
        pair,
        (price_wad, price_wad),
        broken=broken,
    )


def _holds(feed: Feed, reading: FeedReading, now_s: int) -> tuple[int, int]:
    """From when until when a reading's status is what it is now. (One that is fresh, but floored to nothing, goes stale like any other.)"""
    of_reading = status_of(feed, reading, now_s)
    if of_reading == FRESH:
        return reading.updated_at_s, reading.updated_at_s + feed.heartbeat_s
    if of_reading == STALE:
        return now_s, reading.updated_at_s - 1 if reading.updated_at_s > now_s else ALWAYS_S
    return -ALWAYS_S, ALWAYS_S


def _beside(found: Price, market: Market, second: SecondSource, reading: FeedReading, now_s: int) -> Price:
    """O6: the same price, with what the second source says beside it."""
    feed, tick_wad = second.feed, market.tick_wad
    status, other_wad = price_of(feed, reading, now_s, tick_wad)
    since_s, until_s = _holds(feed, reading, now_s)
    found.since_s, found.until_s = max(found.since_s, since_s), min(found.until_s, until_s)
    found.second_source, found.second_reading = feed.feed, reading
    if status != FRESH:
        found.broken = found.broken or feed.feed
        return found
    if found.status == FRESH:
        if abs(found.price_wad - other_wad) * WAD <= second.deviation_rate_wad * found.price_wad:
            return found
        low_wad, high_wad = sorted((found.price_wad, other_wad))
        found.status, found.prudent, found.lenient = DEVIATING, Pair(low_wad, high_wad), Pair(high_wad, low_wad)
        found.span_wad = low_wad, high_wad
    else:
        # Whatever the first may have said that was not too far from the second; and what it said last, if it still says so.
        lows = [other_wad * WAD // (WAD + second.deviation_rate_wad) // tick_wad * tick_wad]
        highs = [ceil_to_multiple(div_ceil(other_wad * WAD, WAD - second.deviation_rate_wad), tick_wad)]
        lows[0] = max(lows[0], tick_wad)
        highs[0] = min(highs[0], market.largest_price_wad // tick_wad * tick_wad)
        found.lenient = Pair(other_wad, other_wad)
        if found.status == STALE:
            last_wad = found.reading.answer * market.feed.scale // tick_wad * tick_wad
            lows.append(last_wad)
            highs.append(last_wad)
            grows_old_s = found.reading.updated_at_s + 2 * market.feed.heartbeat_s
            if 0 < found.reading.updated_at_s <= now_s <= grows_old_s:
                found.lenient = Pair(max(other_wad, last_wad), min(other_wad, last_wad))
                found.until_s = min(found.until_s, grows_old_s)
        found.status, found.prudent, found.span_wad = FAILED_OVER, Pair(min(lows), max(highs)), (other_wad, other_wad)
    found.price_wad = found.unscaled_open_interest_wad = 0
    return found


@dataclass(slots=True)
class Prices:
    """Every price of a state, in the order of listing. They hold for the same parameters and readings from ``since_s`` to ``until_s``."""

    parameters: Parameters
    feeds: dict[str, FeedReading]
    since_s: int
    until_s: int
    marks: tuple[Price, ...]
    collaterals: tuple[Price | None, ...]
    """None for the settlement token."""
    broken: str | None
    """A source that some use of it finds unusable, if there is one."""
    all_fresh: bool


def prices(state: State) -> Prices:
    """All at once, and kept: most states differ from the one before in no price."""
    parameters, feeds, now_s = state.parameters, state.feeds, state.time_s
    kept = _kept_prices.get(id(feeds))
    if (
        kept is not None
        and kept.feeds is feeds
        and kept.parameters is parameters
        and kept.since_s <= now_s <= kept.until_s
    ):
        return kept
    marks = tuple([mark(state, market) for market in parameters.markets])
    collaterals = tuple(
        [None if item.feed is None else collateral_price(state, item) for item in parameters.collaterals]
    )
    every = (*marks, *[price for price in collaterals if price is not None])
    all_fresh = max([price.status for price in every]) == FRESH
    broken = next((price.broken for price in every if price.broken is not None), None)
    since_s, until_s = max([price.since_s for price in every]), min([price.until_s for price in every])
    if len(_kept_prices) >= _MOST_KEPT:
        _kept_prices.clear()
    found = _kept_prices[id(feeds)] = Prices(parameters, feeds, since_s, until_s, marks, collaterals, broken, all_fresh)
    return found


_kept_prices: dict[int, Prices] = {}
"""By the readings' mapping; what is kept holds it, so that its number is not given to another."""


def refuse(state: State, feed: Feed, status: int) -> Rejected:
    """O4: the refusal that a price with this status calls for."""
    reading = state.feeds[feed.feed]
    if status in UNCERTAIN:
        return Rejected("PriceUncertain", feed.feed, status)
    if status == UNAVAILABLE:
        return Rejected("FeedUnavailable", feed.feed)
    if status == OUT_OF_BOUNDS:
        return Rejected("PriceOutOfBounds", feed.feed, reading.answer)
    return Rejected("PriceStale", feed.feed, reading.updated_at_s)


def require_mark(state: State, market: Market) -> Price:
    """The mark. Raises ``Rejected`` where it is not usable."""
    found = mark(state, market)
    if found.status != FRESH:
        raise refuse(state, market.feed, found.status)
    return found


def require_known_mark(state: State, market: Market) -> Price:
    """The mark, usable or uncertain. Raises ``Rejected`` where it is unusable."""
    found = mark(state, market)
    if found.status in UNUSABLE:
        raise refuse(state, market.feed, found.status)
    return found


def side_of(pair: Pair, size_wad: int) -> int:
    """O7: the one of a pair that counts for a position, by its side."""
    return pair.long_wad if size_wad > 0 else pair.short_wad


def require_collateral_price(state: State, collateral: Collateral) -> int:
    """A collateral's price in wad. Raises ``Rejected`` where it is unusable."""
    status, price_wad = collateral_price_status(state, collateral)
    if status != FRESH:
        assert collateral.feed is not None
        raise refuse(state, collateral.feed, status)
    return price_wad
