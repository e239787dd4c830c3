"""What is configured: feeds, markets, collaterals, liquidation, and which configurations are unsafe (section 3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from reference.breaker_parameters import (
    NO_BREAKER,
    NO_OUTFLOW_LIMIT,
    NO_PAUSE,
    Breaker,
    OutflowLimit,
    PauseParameters,
)
from reference.rounding import WAD, div_ceil
from reference.unsafe import Unsafe as Unsafe
from reference.unsafe import require as _require

MAXIMUM_MARKETS = 16
MAXIMUM_COLLATERALS = 8
MAXIMUM_BRACKETS = 8
MAXIMUM_HEARTBEAT_S = 604_800
MAXIMUM_PRICE_WAD = 10**36
MAXIMUM_NOTIONAL_WAD = 10**34
MAXIMUM_POSITION_LIMIT_WAD = 2**127 - 1
MAXIMUM_DEPOSIT_CAP_UNITS = 10**33
MAXIMUM_TRADING_FEE_RATE_WAD = WAD // 100
MAXIMUM_SCALING_WAD = 10**38
DAY_S = 86_400
MAXIMUM_FUNDING_INTERVAL_S = DAY_S
MAXIMUM_FUNDING_RATE_WAD = WAD // 10
MAXIMUM_DEVIATION_RATE_WAD = WAD // 10
MAXIMUM_ORDER_SECONDS = 604_800


@dataclass(frozen=True, slots=True)
class Feed:
    """A price source as configured for one use (P1). ``feed`` is the source's name; answers have ``decimals``."""

    feed: str
    decimals: int
    heartbeat_s: int
    minimum_answer: int
    maximum_answer: int
    scale: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", 10 ** max(0, 18 - self.decimals))

    @property
    def maximum_price_wad(self) -> int:
        """The largest answer as a price."""
        return self.maximum_answer * self.scale

    def validate(self, feed_decimals: int) -> None:
        """P1. ``feed_decimals`` is what the source itself says. Raises ``Unsafe``."""
        _require(self.decimals <= 18, "feed", f"{self.feed} has {self.decimals} decimals, more than 18")
        _require(
            self.decimals == feed_decimals,
            "feed",
            f"{self.feed} says it has {feed_decimals} decimals, not {self.decimals}",
        )
        _require(
            1 <= self.heartbeat_s <= MAXIMUM_HEARTBEAT_S,
            "feed",
            f"heartbeat of {self.heartbeat_s} s is outside 1 to {MAXIMUM_HEARTBEAT_S} s",
        )
        _require(
            1 <= self.minimum_answer < self.maximum_answer,
            "feed",
            f"answer bounds {self.minimum_answer} to {self.maximum_answer} are not positive and rising",
        )
        _require(self.maximum_price_wad <= MAXIMUM_PRICE_WAD, "feed", "the largest answer is above 10^18 quote")


@dataclass(frozen=True, slots=True)
class SecondSource:
    """Another source of a market's mark, and how far the two may be apart, a fraction of what the first says (P12)."""

    feed: Feed
    deviation_rate_wad: int


@dataclass(frozen=True, slots=True)
class Bracket:
    """One leverage bracket (P2): from a notional of ``floor_wad`` on, these rates hold at the margin."""

    floor_wad: int
    initial_rate_wad: int
    maintenance_rate_wad: int


@dataclass(frozen=True, slots=True)
class MarketLimits:
    """The limits of a market that may change (P3)."""

    price_band_rate_wad: int
    trading_fee_rate_wad: int
    liquidation_penalty_rate_wad: int
    position_limit_wad: int


@dataclass(frozen=True, slots=True)
class OpenInterestScaling:
    """Between which amounts of open interest, in quote wad, a market's initial fraction grows to 1 (P10, V5)."""

    lower_wad: int
    upper_wad: int

    def validate(self) -> None:
        """P10. Raises ``Unsafe``."""
        _require(
            self.lower_wad < self.upper_wad <= MAXIMUM_SCALING_WAD,
            "openInterestScaling",
            "the open interest at which initial margin begins to grow must be below that at which it ends, and that at most 10^20 quote",
        )


NO_SCALING = OpenInterestScaling(MAXIMUM_SCALING_WAD - 1, MAXIMUM_SCALING_WAD)
"""Beyond any open interest that comes about."""


@dataclass(frozen=True, slots=True)
class FundingParameters:
    """How funding is reckoned in a market (P11, section 8). Rates are wad of the index a day; the velocity is what an interval adds."""

    interval_s: int
    maximum_rate_wad: int
    maximum_velocity_wad: int
    premium_scale_wad: int
    premium_depth_wad: int

    @property
    def payment_rate_wad(self) -> int:
        """The largest funding of one interval, a rate, rounded up."""
        return div_ceil(self.maximum_rate_wad * self.interval_s, DAY_S)

    def validate(self) -> None:
        """P11. Raises ``Unsafe``."""
        _require(
            1 <= self.interval_s <= MAXIMUM_FUNDING_INTERVAL_S,
            "funding",
            f"an interval of {self.interval_s} s is outside 1 to {MAXIMUM_FUNDING_INTERVAL_S} s",
        )
        _require(
            max(self.maximum_rate_wad, self.maximum_velocity_wad) <= MAXIMUM_FUNDING_RATE_WAD,
            "funding",
            "the largest rate, or what an interval adds to it, is above 0.1 a day",
        )
        _require(1 <= self.premium_scale_wad <= WAD, "funding", "the premium's scale is not in (0, 1]")
        _require(
            1 <= self.premium_depth_wad <= MAXIMUM_NOTIONAL_WAD,
            "funding",
            "the premium's depth is not in (0, 10^16] quote",
        )


NO_FUNDING = FundingParameters(3_600, 0, 0, WAD, WAD)
"""Nothing ever falls due."""


def _deductions_wad2(floors: tuple[int, ...], rates: tuple[int, ...]) -> tuple[int, ...]:
    """V5: ``D_0 = 0, D_k = D_(k-1) + floor_k * (rate_k - rate_(k-1))``, in wad squared, exact."""
    deductions = [0]
    for k in range(1, len(floors)):
        deductions.append(deductions[-1] + floors[k] * (rates[k] - rates[k - 1]))
    return tuple(deductions)


@dataclass(frozen=True, slots=True)
class Market:
    """A market as listed (P4). ``name`` is for people; the rules know only its number."""

    name: str
    feed: Feed
    lot_wad: int
    tick_wad: int
    brackets: tuple[Bracket, ...]
    limits: MarketLimits
    scaling: OpenInterestScaling = NO_SCALING
    funding: FundingParameters = NO_FUNDING
    second: SecondSource | None = None
    largest_price_wad: int = -1
    """N6: as listed. Left out, it is the present feed's."""
    breaker: Breaker = NO_BREAKER
    floors_wad: tuple[int, ...] = field(init=False, repr=False, compare=False)
    initial_rates_wad: tuple[int, ...] = field(init=False, repr=False, compare=False)
    maintenance_rates_wad: tuple[int, ...] = field(init=False, repr=False, compare=False)
    initial_deductions_wad2: tuple[int, ...] = field(init=False, repr=False, compare=False)
    maintenance_deductions_wad2: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.largest_price_wad < 0:
            object.__setattr__(self, "largest_price_wad", self.feed.maximum_price_wad)
        floors = tuple(bracket.floor_wad for bracket in self.brackets)
        initial = tuple(bracket.initial_rate_wad for bracket in self.brackets)
        maintenance = tuple(bracket.maintenance_rate_wad for bracket in self.brackets)
        object.__setattr__(self, "floors_wad", floors)
        object.__setattr__(self, "initial_rates_wad", initial)
        object.__setattr__(self, "maintenance_rates_wad", maintenance)
        object.__setattr__(self, "initial_deductions_wad2", _deductions_wad2(floors, initial))
        object.__setattr__(self, "maintenance_deductions_wad2", _deductions_wad2(floors, maintenance))

    def validate_brackets(self) -> None:
        """P2. Raises ``Unsafe``."""
        brackets = self.brackets
        _require(
            1 <= len(brackets) <= MAXIMUM_BRACKETS, "brackets", f"{len(brackets)} brackets, not 1 to {MAXIMUM_BRACKETS}"
        )
        _require(brackets[0].floor_wad == 0, "brackets", "the first floor is not 0")
        for bracket in brackets:
            _require(
                0 < bracket.maintenance_rate_wad < bracket.initial_rate_wad <= WAD,
                "brackets",
                "in every bracket 0 < maintenance rate < initial rate <= 1 must hold",
            )
        for lower, upper in pairwise(brackets):
            _require(lower.floor_wad < upper.floor_wad, "brackets", "floors do not rise")
            _require(
                lower.initial_rate_wad <= upper.initial_rate_wad
                and lower.maintenance_rate_wad <= upper.maintenance_rate_wad,
                "brackets",
                "a rate falls from one bracket to the next",
            )

    def validate_limits(self) -> None:
        """P3 and N6, with funding and the second source. Raises ``Unsafe``."""
        limits = self.limits
        deviation_rate_wad = 0 if self.second is None else self.second.deviation_rate_wad
        _require(
            limits.trading_fee_rate_wad <= MAXIMUM_TRADING_FEE_RATE_WAD,
            "tradingFeeRate",
            "the trading fee is above 1 %",
        )
        _require(
            limits.price_band_rate_wad
            + limits.liquidation_penalty_rate_wad
            + self.funding.payment_rate_wad
            + deviation_rate_wad
            < self.maintenance_rates_wad[0],
            "penaltyAndBand",
            "liquidation penalty + price band + the funding of one interval + the second source's deviation must stay below the "
            "first maintenance rate, or one trade at the band's edge, a payment, a price that is off by as much and a liquidation "
            "take a healthy account into negative equity",
        )
        _require(
            limits.position_limit_wad > 0 and limits.position_limit_wad % self.lot_wad == 0,
            "positionLimit",
            "the position limit is not a positive multiple of the lot",
        )
        _require(
            limits.position_limit_wad <= MAXIMUM_POSITION_LIMIT_WAD,
            "positionLimit",
            "the position limit does not fit a signed size of 128 bits",
        )
        _require(
            div_ceil(limits.position_limit_wad * self.largest_price_wad, WAD) <= MAXIMUM_NOTIONAL_WAD,
            "positionLimit",
            "the position limit at the largest price is a notional above 10^16 quote",
        )

    def validate_feed(self, feed_decimals: int) -> None:
        """P4, C2: the market's feed, beside its second source. Raises ``Unsafe``."""
        self.feed.validate(feed_decimals)
        _require(
            self.feed.maximum_price_wad <= self.largest_price_wad,
            "feed",
            "the largest answer is above the market's largest price, which is fixed at listing",
        )
        _require(self.feed.maximum_price_wad >= self.tick_wad, "feed", "the largest answer is below one tick")
        _require(
            self.second is None or self.second.feed.feed != self.feed.feed,
            "feed",
            f"{self.feed.feed} is the market's second source too",
        )

    def validate_second(self, feed_decimals: int | None) -> None:
        """P12. ``feed_decimals`` is what the second source says, if there is one. Raises ``Unsafe``."""
        if self.second is None:
            return
        feed = self.second.feed
        assert feed_decimals is not None
        feed.validate(feed_decimals)
        _require(
            1 <= self.second.deviation_rate_wad <= MAXIMUM_DEVIATION_RATE_WAD,
            "secondSource",
            "the deviation is not in (0, 0.1]",
        )
        _require(
            self.tick_wad <= feed.maximum_price_wad <= self.largest_price_wad,
            "secondSource",
            "the second source's largest answer is below one tick, or above the market's largest price",
        )
        _require(feed.feed != self.feed.feed, "secondSource", f"{feed.feed} is the market's first source too")

    def validate(self, feed_decimals: int, second_decimals: int | None = None) -> None:
        """P4. ``feed_decimals`` and ``second_decimals`` are what the sources themselves say. Raises ``Unsafe``."""
        self.validate_feed(feed_decimals)
        _require(
            self.lot_wad > 0 and self.tick_wad > 0 and self.lot_wad * self.tick_wad % WAD == 0,
            "lotTick",
            "lot times tick is not a positive whole multiple of 10^-18 quote",
        )
        self.validate_second(second_decimals)
        self.validate_brackets()
        # Before the limits, which it is a part of: its own fault is the plainer reason.
        self.funding.validate()
        self.validate_limits()
        self.scaling.validate()
        self.breaker.validate(self.lot_wad)


@dataclass(frozen=True, slots=True)
class Collateral:
    """A collateral as listed (P5). Number 0 is the settlement token and has no feed."""

    name: str
    decimals: int
    haircut_rate_wad: int
    liquidation_discount_rate_wad: int
    deposit_cap_units: int
    feed: Feed | None
    outflow: OutflowLimit = NO_OUTFLOW_LIMIT
    wraps_ether: bool = False
    """Whether its token is wrapped ether, which the gateway is for (E2). The engine does not know."""
    value_denominator: int = field(init=False, repr=False, compare=False)
    """``10^decimals * W``: what V2 and Q6 divide by."""
    quote_wad_per_unit: int = field(init=False, repr=False, compare=False)
    """N3: the quote that one unit is, if it is the settlement token's."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "quote_wad_per_unit", 10 ** max(0, 18 - self.decimals))
        object.__setattr__(self, "value_denominator", 10**self.decimals * WAD)

    def validate(self, number: int, feed_decimals: int | None) -> None:
        """P5. Raises ``Unsafe``."""
        _require(0 <= self.decimals <= 18, "decimals", f"{self.name} has {self.decimals} decimals, more than 18")
        _require(
            self.deposit_cap_units <= MAXIMUM_DEPOSIT_CAP_UNITS, "depositCap", "the deposit cap is above 10^33 units"
        )
        self.outflow.validate()
        if number == 0:
            _require(self.haircut_rate_wad == 0, "haircut", "the settlement token has no haircut")
            _require(
                self.liquidation_discount_rate_wad == 0, "liquidationDiscount", "the settlement token has no discount"
            )
            _require(self.feed is None, "feed", "the settlement token has no feed")
            return
        _require(self.feed is not None and feed_decimals is not None, "feed", f"{self.name} needs a feed")
        assert self.feed is not None
        assert feed_decimals is not None
        self.feed.validate(feed_decimals)
        _require(self.haircut_rate_wad < WAD, "haircut", "the haircut is not below 1")
        _require(
            0 < self.liquidation_discount_rate_wad < self.haircut_rate_wad,
            "liquidationDiscount",
            "the liquidation discount must be positive and below the haircut, or a seizure makes its account poorer",
        )


@dataclass(frozen=True, slots=True)
class LiquidationParameters:
    """What a liquidation pays and how much it may close (P6)."""

    liquidator_share_rate_wad: int
    close_factor_rate_wad: int
    small_position_notional_wad: int

    def validate(self) -> None:
        """P6. Raises ``Unsafe``."""
        _require(self.liquidator_share_rate_wad <= WAD, "liquidatorShare", "the liquidator's share is above 1")
        _require(0 < self.close_factor_rate_wad <= WAD, "closeFactor", "the close factor is not in (0, 1]")
        _require(
            self.small_position_notional_wad <= MAXIMUM_NOTIONAL_WAD,
            "smallPositionNotional",
            "the small position's notional is above 10^16 quote",
        )


@dataclass(frozen=True, slots=True)
class OrderParameters:
    """When orders may be executed and taken back (D3), in seconds."""

    minimum_delay_s: int
    binding_s: int
    maximum_lifetime_s: int

    def validate(self) -> None:
        """D3. Raises ``Unsafe``."""
        _require(
            1 <= self.minimum_delay_s <= self.maximum_lifetime_s <= MAXIMUM_ORDER_SECONDS,
            "orders",
            "1 s <= the minimum delay <= the maximum lifetime <= 7 days must hold",
        )
        _require(0 <= self.binding_s <= MAXIMUM_ORDER_SECONDS, "orders", "orders bind for more than 7 days")


USUAL_ORDERS = OrderParameters(2, 60, 86_400)
"""D3: of a deployment that does not say."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything that is configured, in the order of listing."""

    markets: tuple[Market, ...]
    collaterals: tuple[Collateral, ...]
    liquidation: LiquidationParameters
    orders: OrderParameters = USUAL_ORDERS
    pause: PauseParameters = NO_PAUSE
    feeds: tuple[Feed, ...] = field(init=False, repr=False, compare=False)
    """Every use of a source: the markets' feeds, then the collaterals', then the markets' second sources."""
    wrapped_ether: int | None = field(init=False, repr=False, compare=False)
    """The number of the collateral that wraps ether; None if there is none."""

    def __post_init__(self) -> None:
        markets = tuple(market.feed for market in self.markets)
        collaterals = tuple(collateral.feed for collateral in self.collaterals if collateral.feed is not None)
        seconds = tuple(market.second.feed for market in self.markets if market.second is not None)
        object.__setattr__(self, "feeds", markets + collaterals + seconds)
        wrapped = next((number for number, one in enumerate(self.collaterals) if one.wraps_ether), None)
        object.__setattr__(self, "wrapped_ether", wrapped)

    def validate(self, feed_decimals: dict[str, int]) -> None:
        """Section 3 as a whole. ``feed_decimals`` maps a source's name to the decimals it answers with. Raises ``Unsafe``."""
        _require(1 <= len(self.markets) <= MAXIMUM_MARKETS, "marketCount", f"not 1 to {MAXIMUM_MARKETS} markets")
        _require(
            1 <= len(self.collaterals) <= MAXIMUM_COLLATERALS,
            "collateralCount",
            f"not 1 to {MAXIMUM_COLLATERALS} collaterals",
        )
        names = [collateral.name for collateral in self.collaterals]
        _require(len(set(names)) == len(names), "token", "a token is listed twice")
        self.liquidation.validate()
        self.orders.validate()
        self.pause.validate()
        for number, collateral in enumerate(self.collaterals):
            collateral.validate(number, None if collateral.feed is None else feed_decimals[collateral.feed.feed])
        for market in self.markets:
            second = market.second
            market.validate(
                feed_decimals[market.feed.feed], None if second is None else feed_decimals[second.feed.feed]
            )
