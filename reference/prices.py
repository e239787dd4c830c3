"""What a feed is worth now (section 4)."""

from __future__ import annotations

from dataclasses import dataclass

from reference.parameters import Collateral, Feed, Market
from reference.rejection import Rejected
from reference.state import ANSWERS, FeedReading, State

FRESH, UNAVAILABLE, OUT_OF_BOUNDS, STALE = range(4)
"""O1: the statuses of a price, in the numbering of the interface."""


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


def mark_status(state: State, market: Market) -> tuple[int, int]:
    """O2, O3: (status, mark in wad) of a market; the mark is floored to a tick, and 0 where the status is not ``FRESH``."""
    reading = state.feeds[market.feed.feed]
    kept = _kept.get(id(market))
    if (
        kept is not None
        and kept.of is market
        and kept.reading is reading
        and kept.since_s <= state.time_s <= kept.until_s
    ):
        return kept.status, kept.price_wad
    return _keep(market, market.feed, reading, state.time_s, market.tick_wad)


def collateral_price_status(state: State, collateral: Collateral) -> tuple[int, int]:
    """O2: (status, price in wad) of a collateral other than number 0; 0 where the status is not ``FRESH``."""
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
        return kept.status, kept.price_wad
    return _keep(collateral, feed, reading, state.time_s, 1)


def price_of(feed: Feed, reading: FeedReading, now_s: int, step_wad: int) -> tuple[int, int]:
    """O1, O2: (status, price in wad, floored to a multiple of ``step_wad``); a price of zero is out of bounds."""
    status = status_of(feed, reading, now_s)
    if status in (UNAVAILABLE, OUT_OF_BOUNDS):
        return status, 0
    price_wad = reading.answer * feed.scale // step_wad * step_wad
    if price_wad == 0:
        return OUT_OF_BOUNDS, 0
    return (FRESH, price_wad) if status == FRESH else (status, 0)


@dataclass(slots=True)
class _Kept:
    """A price worked out before. It holds for the same thing and the same reading (by identity), in a span of time."""

    of: Market | Collateral
    reading: FeedReading
    since_s: int
    until_s: int
    status: int
    price_wad: int


_kept: dict[int, _Kept] = {}
_MOST_KEPT = 256
_ALWAYS_S = 1 << 62


def _keep(of: Market | Collateral, feed: Feed, reading: FeedReading, now_s: int, step_wad: int) -> tuple[int, int]:
    """Work a price out, and keep it: valuing an account asks for the same few prices over and over."""
    status, price_wad = price_of(feed, reading, now_s, step_wad)
    since_s, until_s = -_ALWAYS_S, _ALWAYS_S
    if status == FRESH:
        since_s, until_s = reading.updated_at_s, reading.updated_at_s + feed.heartbeat_s
    elif status == STALE:
        since_s = until_s = now_s
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    _kept[id(of)] = _Kept(of, reading, since_s, until_s, status, price_wad)
    return status, price_wad


def refuse(state: State, feed: Feed, status: int) -> Rejected:
    """O4: the refusal that a price with this status calls for."""
    reading = state.feeds[feed.feed]
    if status == UNAVAILABLE:
        return Rejected("FeedUnavailable", feed.feed)
    if status == OUT_OF_BOUNDS:
        return Rejected("PriceOutOfBounds", feed.feed, reading.answer)
    return Rejected("PriceStale", feed.feed, reading.updated_at_s)


def require_mark(state: State, market: Market) -> int:
    """The mark in wad. Raises ``Rejected`` where it is unusable."""
    status, mark_wad = mark_status(state, market)
    if status != FRESH:
        raise refuse(state, market.feed, status)
    return mark_wad


def require_collateral_price(state: State, collateral: Collateral) -> int:
    """A collateral's price in wad. Raises ``Rejected`` where it is unusable."""
    status, price_wad = collateral_price_status(state, collateral)
    if status != FRESH:
        assert collateral.feed is not None
        raise refuse(state, collateral.feed, status)
    return price_wad
