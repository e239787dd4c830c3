"""Which configurations are unsafe (section 3), under which name, and that the reason is said in words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from reference.parameters import (
    Bracket,
    Collateral,
    Feed,
    LiquidationParameters,
    Market,
    MarketLimits,
    Parameters,
    Unsafe,
)
from reference.rounding import WAD
from tests.reference.drawn import CHOICES, Choices, world
from tests.reference.support import COPPER, GOLD, SMALL, USD, drawn, exact, wad
from underwater.document import read
from underwater.engine.bundled.deployment import read_deployment

DECIMALS = {"COPPER": 8, "TIN": 18, "GOLD": 8, "SILVER": 2}
FEED = Feed("SOURCE", 8, 600, 1, 1000)
MARKET, COLLATERAL, LIQUIDATION = SMALL.markets[COPPER], SMALL.collaterals[GOLD], SMALL.liquidation


def assert_refused(refusal: pytest.ExceptionInfo[Unsafe], name: str) -> None:
    """P7's name, and a reason of at least three words."""
    assert refusal.value.name == name
    assert len(refusal.value.reason.split()) >= 3
    assert str(refusal.value) == f"{name}: {refusal.value.reason}"


# --- Feeds (P1)


@pytest.mark.parametrize(
    ("changes", "answered_decimals"),
    [
        ({"decimals": 19}, 19),
        ({"decimals": 8}, 18),
        ({"heartbeat_s": 0}, 8),
        ({"heartbeat_s": 604_801}, 8),
        ({"minimum_answer": 0}, 8),
        ({"minimum_answer": -1}, 8),
        ({"minimum_answer": 1000}, 8),
        ({"minimum_answer": 1001}, 8),
        ({"maximum_answer": 10**26 + 1}, 8),
    ],
)
def test_unsafe_feed_is_refused(changes: dict[str, Any], answered_decimals: int) -> None:
    with pytest.raises(Unsafe) as refusal:
        replace(FEED, **changes).validate(answered_decimals)
    assert_refused(refusal, "feed")


@pytest.mark.parametrize(
    "feed",
    [
        Feed("SOURCE", 8, 1, 1, 2),
        Feed("SOURCE", 8, 604_800, 10**26 - 1, 10**26),
        Feed("SOURCE", 0, 600, 1, 10**18),
        Feed("SOURCE", 18, 600, 1, 10**36),
    ],
)
def test_feed_at_the_edge_of_safety_is_accepted(feed: Feed) -> None:
    feed.validate(feed.decimals)
    assert feed.maximum_price_wad == feed.maximum_answer * 10 ** (18 - feed.decimals)


# --- Brackets (P2)

B = Bracket
UNSAFE_BRACKETS = {
    "none": (),
    "nine": tuple(B(k, 10 + k, 5) for k in range(9)),
    "first floor above 0": (B(1, 10, 5),),
    "floors equal": (B(0, 10, 5), B(7, 10, 5), B(7, 10, 5)),
    "floors fall": (B(0, 10, 5), B(7, 10, 5), B(6, 10, 5)),
    "initial rate falls": (B(0, 10, 5), B(7, 9, 5)),
    "maintenance rate falls": (B(0, 10, 5), B(7, 10, 4)),
    "maintenance rate 0": (B(0, 10, 0),),
    "rates equal": (B(0, 10, 10),),
    "maintenance above initial": (B(0, 10, 11),),
    "initial above 1": (B(0, WAD + 1, 5),),
    "unsafe beyond the first": (B(0, 10, 5), B(7, 10, 10)),
}


@pytest.mark.parametrize("case", UNSAFE_BRACKETS)
def test_unsafe_brackets_are_refused(case: str) -> None:
    with pytest.raises(Unsafe) as refusal:
        replace(MARKET, brackets=UNSAFE_BRACKETS[case]).validate_brackets()
    assert_refused(refusal, "brackets")


@pytest.mark.parametrize(
    "brackets",
    [
        (B(0, 2, 1),),
        (B(0, WAD, WAD - 1),),
        (B(0, 10, 5), B(1, 10, 5)),
        tuple(B(k, 10 + k, 5 + k) for k in range(8)),
    ],
)
def test_brackets_at_the_edge_of_safety_are_accepted(brackets: tuple[Bracket, ...]) -> None:
    replace(MARKET, brackets=brackets).validate_brackets()


# --- Limits (P3, N6) and markets (P4, N5)


def limits(**changes: int) -> Market:
    """The copper market with other limits."""
    return replace(MARKET, limits=replace(MARKET.limits, **changes))


@pytest.mark.parametrize(
    ("market", "name"),
    [
        (limits(trading_fee_rate_wad=wad("0.01") + 1), "tradingFeeRate"),
        (limits(price_band_rate_wad=wad("0.03")), "penaltyAndBand"),
        (limits(liquidation_penalty_rate_wad=wad("0.04")), "penaltyAndBand"),
        (limits(price_band_rate_wad=0, liquidation_penalty_rate_wad=wad("0.05")), "penaltyAndBand"),
        (limits(position_limit_wad=0), "positionLimit"),
        (limits(position_limit_wad=wad("0.01") + 1), "positionLimit"),
        (limits(position_limit_wad=wad("0.005")), "positionLimit"),
        (limits(position_limit_wad=wad("1000000000000.01")), "positionLimit"),
        (replace(MARKET, lot_wad=0), "lotTick"),
        (replace(MARKET, tick_wad=0), "lotTick"),
        (replace(MARKET, lot_wad=wad("0.01") + 1, tick_wad=1), "lotTick"),
        (replace(MARKET, lot_wad=10**8, tick_wad=10**9), "lotTick"),
        (replace(MARKET, tick_wad=wad("10000.1")), "feed"),
        (replace(MARKET, feed=replace(MARKET.feed, heartbeat_s=0)), "feed"),
        (replace(MARKET, feed=replace(MARKET.feed, maximum_answer=exact("10000", 8) + 1)), "feed"),
        (replace(MARKET, brackets=()), "brackets"),
    ],
)
def test_unsafe_market_is_refused_by_name(market: Market, name: str) -> None:
    with pytest.raises(Unsafe) as refusal:
        market.validate(8)
    assert_refused(refusal, name)


@pytest.mark.parametrize(
    "market",
    [
        MARKET,
        limits(trading_fee_rate_wad=wad("0.01")),
        limits(price_band_rate_wad=wad("0.03") - 1),
        limits(position_limit_wad=wad("0.01")),
        replace(limits(position_limit_wad=1), lot_wad=1, tick_wad=WAD),
        limits(position_limit_wad=wad("1000000000000")),
        replace(MARKET, lot_wad=10**10, tick_wad=10**8),
        replace(MARKET, tick_wad=wad("10000")),
    ],
)
def test_market_at_the_edge_of_safety_is_accepted(market: Market) -> None:
    market.validate(8)


def test_position_limit_fits_a_signed_size_of_128_bits() -> None:
    # A market so cheap that only the size itself is too large.
    feed = Feed("CHEAP", 18, 600, 1, 10**9)
    cheap = Market("CHEAP", feed, 10**9, 10**9, (B(0, 10, 5),), MarketLimits(0, 0, 0, 2**127 // 10**9 * 10**9))
    cheap.validate(18)
    with pytest.raises(Unsafe) as refusal:
        replace(cheap, limits=MarketLimits(0, 0, 0, (2**127 // 10**9 + 1) * 10**9)).validate(18)
    assert_refused(refusal, "positionLimit")


def test_largest_notional_is_rounded_up_before_it_is_compared() -> None:
    # 10^16 quote and a part of a wad more.
    feed = Feed("SOURCE", 18, 600, 1, WAD + 1)
    market = Market("ANY", feed, WAD, 1, (B(0, 10, 5),), MarketLimits(0, 0, 0, 10**34))
    with pytest.raises(Unsafe) as refusal:
        market.validate(18)
    assert_refused(refusal, "positionLimit")
    replace(market, limits=MarketLimits(0, 0, 0, 10**34 - WAD)).validate(18)


def test_largest_price_is_the_listed_feeds_and_outlives_it() -> None:
    assert MARKET.largest_price_wad == wad("10000")
    lower = replace(MARKET, feed=replace(MARKET.feed, maximum_answer=exact("10", 8)))
    assert lower.largest_price_wad == wad("10000")
    lower.validate(8)


# --- Collaterals (P5)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"decimals": 19}, "decimals"),
        ({"deposit_cap_units": 10**33 + 1}, "depositCap"),
        ({"haircut_rate_wad": WAD}, "haircut"),
        ({"haircut_rate_wad": 0}, "liquidationDiscount"),
        ({"liquidation_discount_rate_wad": 0}, "liquidationDiscount"),
        ({"liquidation_discount_rate_wad": wad("0.2")}, "liquidationDiscount"),
        ({"feed": None}, "feed"),
        ({"feed": Feed("GOLD", 8, 0, 1, 2)}, "feed"),
        ({"feed": Feed("GOLD", 18, 600, 1, 2)}, "feed"),
    ],
)
def test_unsafe_collateral_is_refused_by_name(changes: dict[str, Any], name: str) -> None:
    # 19 decimals would make an amount smaller than a wad.
    collateral = replace(COLLATERAL, **changes)
    with pytest.raises(Unsafe) as refusal:
        collateral.validate(GOLD, None if collateral.feed is None else 8)
    assert_refused(refusal, name)


@pytest.mark.parametrize(
    "changes",
    [
        {"decimals": 0},
        {"decimals": 18},
        {"deposit_cap_units": 10**33},
        {"deposit_cap_units": 0},
        {"haircut_rate_wad": WAD - 1},
        {"haircut_rate_wad": 2, "liquidation_discount_rate_wad": 1},
        {"liquidation_discount_rate_wad": wad("0.2") - 1},
    ],
)
def test_collateral_at_the_edge_of_safety_is_accepted(changes: dict[str, Any]) -> None:
    replace(COLLATERAL, **changes).validate(GOLD, 8)


@pytest.mark.parametrize(
    ("settlement", "name"),
    [
        (Collateral("USD", 6, 1, 0, 1, None), "haircut"),
        (Collateral("USD", 6, 0, 1, 1, None), "liquidationDiscount"),
        (Collateral("USD", 6, 0, 0, 1, FEED), "feed"),
        (Collateral("USD", 19, 0, 0, 1, None), "decimals"),
        (Collateral("USD", 6, 0, 0, 10**33 + 1, None), "depositCap"),
    ],
)
def test_unsafe_settlement_token_is_refused_by_name(settlement: Collateral, name: str) -> None:
    with pytest.raises(Unsafe) as refusal:
        settlement.validate(USD, None)
    assert_refused(refusal, name)


# --- Liquidation (P6) and the whole


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"liquidator_share_rate_wad": WAD + 1}, "liquidatorShare"),
        ({"close_factor_rate_wad": 0}, "closeFactor"),
        ({"close_factor_rate_wad": WAD + 1}, "closeFactor"),
        ({"small_position_notional_wad": 10**34 + 1}, "smallPositionNotional"),
    ],
)
def test_unsafe_liquidation_parameters_are_refused_by_name(changes: dict[str, int], name: str) -> None:
    with pytest.raises(Unsafe) as refusal:
        replace(LIQUIDATION, **changes).validate()
    assert_refused(refusal, name)
    with pytest.raises(Unsafe) as refusal:
        replace(SMALL, liquidation=replace(LIQUIDATION, **changes)).validate(DECIMALS)
    assert_refused(refusal, name)


def test_liquidation_parameters_at_the_edge_of_safety_are_accepted() -> None:
    LiquidationParameters(0, 1, 0).validate()
    LiquidationParameters(WAD, WAD, 10**34).validate()


def named(count: int) -> tuple[Collateral, ...]:
    """The settlement token and enough others."""
    return (SMALL.collaterals[USD], *(replace(COLLATERAL, name=f"GOODS-{number}") for number in range(1, count)))


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        (replace(SMALL, markets=(MARKET,) * 17), "marketCount"),
        (replace(SMALL, collaterals=named(9)), "collateralCount"),
        (replace(SMALL, collaterals=(*SMALL.collaterals, COLLATERAL)), "token"),
        (replace(SMALL, markets=(MARKET, limits(position_limit_wad=0))), "positionLimit"),
        (replace(SMALL, collaterals=(SMALL.collaterals[USD], replace(COLLATERAL, haircut_rate_wad=WAD))), "haircut"),
        (replace(SMALL, collaterals=SMALL.collaterals[1:]), "haircut"),
    ],
)
def test_unsafe_deployment_is_refused_by_name(parameters: Parameters, name: str) -> None:
    with pytest.raises(Unsafe) as refusal:
        parameters.validate(DECIMALS)
    assert_refused(refusal, name)


def test_deployment_with_as_many_markets_and_collaterals_as_allowed_is_accepted() -> None:
    replace(SMALL, markets=(MARKET,) * 16, collaterals=named(8)).validate(DECIMALS)


def test_source_that_answers_with_other_decimals_is_refused() -> None:
    with pytest.raises(Unsafe) as refusal:
        SMALL.validate({**DECIMALS, "TIN": 8})
    assert_refused(refusal, "feed")


def test_small_and_default_deployments_are_safe() -> None:
    SMALL.validate(DECIMALS)
    default = read_deployment(read(Path(__file__).parents[2] / "parameters" / "default.yaml"))
    default.parameters.validate(default.feed_decimals)


@given(CHOICES)
@drawn(300)
def test_drawn_deployments_are_safe(choices: Choices) -> None:
    scene = world(choices)
    scene.state.parameters.validate(scene.state.feed_decimals)
