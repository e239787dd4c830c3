"""What a listing tells (section 14). Which listing is safe is ``parameters``'s to say."""

from __future__ import annotations

from reference.ledger import Event
from reference.parameters import Collateral, Feed, Market


def market_listed(number: int, market: Market) -> tuple[Event, ...]:
    """The events of a market that is listed with a number, in their order."""
    limits, funding, second = market.limits, market.funding, market.second
    events: list[Event] = [("MarketListed", number, market.lot_wad, market.tick_wad)]
    events += [
        ("BracketListed", number, place, bracket.floor_wad, bracket.initial_rate_wad, bracket.maintenance_rate_wad)
        for place, bracket in enumerate(market.brackets)
    ]
    events += [
        (
            "MarketLimitsSet",
            number,
            limits.price_band_rate_wad,
            limits.trading_fee_rate_wad,
            limits.liquidation_penalty_rate_wad,
            limits.position_limit_wad,
        ),
        ("OpenInterestScalingSet", number, market.scaling.lower_wad, market.scaling.upper_wad),
        (
            "FundingSet",
            number,
            funding.interval_s,
            funding.maximum_rate_wad,
            funding.maximum_velocity_wad,
            funding.premium_scale_wad,
            funding.premium_depth_wad,
        ),
        ("MarketFeedSet", number, *_feed(market.feed)),
    ]
    if second is not None:
        events.append(("SecondSourceSet", number, *_feed(second.feed), second.deviation_rate_wad))
    return tuple(events)


def collateral_listed(number: int, collateral: Collateral, token: str) -> tuple[Event, ...]:
    """The events of a collateral that is listed with a number, in their order. ``token`` is who stands for its address."""
    events: list[Event] = [
        (
            "CollateralListed",
            number,
            token,
            collateral.decimals,
            collateral.haircut_rate_wad,
            collateral.liquidation_discount_rate_wad,
        ),
        ("DepositCapSet", number, collateral.deposit_cap_units),
    ]
    if number and collateral.feed is not None:
        events.append(("CollateralFeedSet", number, *_feed(collateral.feed)))
    return tuple(events)


def _feed(feed: Feed) -> tuple[str, int, int, int, int]:
    return feed.feed, feed.decimals, feed.heartbeat_s, feed.minimum_answer, feed.maximum_answer
