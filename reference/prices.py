"""What a feed is worth now (section 4)."""

from __future__ import annotations

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
    feed = market.feed
    reading = state.feeds[feed.feed]
    status = status_of(feed, reading, state.time_s)
    tick_wad = market.tick_wad
    if status in (UNAVAILABLE, OUT_OF_BOUNDS):
        return status, 0
    mark_wad = reading.answer * feed.scale // tick_wad * tick_wad
    if mark_wad == 0:
        return OUT_OF_BOUNDS, 0
    return (FRESH, mark_wad) if status == FRESH else (status, 0)


def collateral_price_status(state: State, collateral: Collateral) -> tuple[int, int]:
    """O2: (status, price in wad) of a collateral other than number 0; 0 where the status is not ``FRESH``."""
    feed = collateral.feed
    assert feed is not None
    reading = state.feeds[feed.feed]
    status = status_of(feed, reading, state.time_s)
    return (FRESH, reading.answer * feed.scale) if status == FRESH else (status, 0)


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
