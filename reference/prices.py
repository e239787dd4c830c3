"""What a feed is worth now (section 4)."""

from __future__ import annotations

from dataclasses import dataclass

from reference.parameters import Collateral, Feed, Market, Parameters
from reference.rejection import Rejected
from reference.rounding import WAD
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


@dataclass(slots=True)
class Price:
    """A price (O1 to O3), and what it was worked out from.

    It holds for the same thing and the same reading (by identity: both are immutable) from ``since_s`` to ``until_s``. ``price_wad`` is
    0 where the status is not ``FRESH``.
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
    """What sizes or units that were asked about are worth at this price, and need, as ``reference.margin`` has worked it out."""


def mark(state: State, market: Market) -> Price:
    """O2, O3: a market's mark, floored to a tick."""
    reading = state.feeds[market.feed.feed]
    kept = _kept.get(id(market))
    if (
        kept is not None
        and kept.of is market
        and kept.reading is reading
        and kept.since_s <= state.time_s <= kept.until_s
    ):
        return kept
    return _keep(market, market.feed, reading, state.time_s, market.tick_wad)


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
    return _keep(collateral, feed, reading, state.time_s, 1)


def mark_status(state: State, market: Market) -> tuple[int, int]:
    """``mark`` as (status, mark in wad)."""
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


def _keep(of: Market | Collateral, feed: Feed, reading: FeedReading, now_s: int, step_wad: int) -> Price:
    """Work a price out, and keep it: valuing an account asks for the same few prices over and over."""
    status, price_wad = price_of(feed, reading, now_s, step_wad)
    since_s, until_s = -ALWAYS_S, ALWAYS_S
    # As long as the reading itself is what it is now: one that is fresh, but floored to nothing, goes stale like any other.
    of_reading = status_of(feed, reading, now_s)
    if of_reading == FRESH:
        since_s, until_s = reading.updated_at_s, reading.updated_at_s + feed.heartbeat_s
    elif of_reading == STALE:
        since_s = now_s
        if reading.updated_at_s > now_s:
            until_s = reading.updated_at_s - 1
    unscaled_open_interest_wad = of.scaling.lower_wad * WAD // price_wad if price_wad and isinstance(of, Market) else 0
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    found = _kept[id(of)] = Price(
        of, feed.feed, reading, since_s, until_s, status, price_wad, unscaled_open_interest_wad, {}
    )
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
    broken = None if all_fresh else _broken(every, parameters.feeds, now_s)
    since_s, until_s = max([price.since_s for price in every]), min([price.until_s for price in every])
    if len(_kept_prices) >= _MOST_KEPT:
        _kept_prices.clear()
    found = _kept_prices[id(feeds)] = Prices(parameters, feeds, since_s, until_s, marks, collaterals, broken, all_fresh)
    return found


def _broken(every: tuple[Price, ...], feeds: tuple[Feed, ...], now_s: int) -> str | None:
    """The first source that is not fresh by the feed that uses it: mending it is the world's business."""
    for price, feed in zip(every, feeds, strict=True):
        if price.status != FRESH and status_of(feed, price.reading, now_s) != FRESH:
            return feed.feed
    return None


_kept_prices: dict[int, Prices] = {}
"""By the readings' mapping; what is kept holds it, so that its number is not given to another."""


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
