"""Deployments of the bundled engine drawn from the whole domain that section 3 of the specification allows.

Nothing is drawn and then refused: each value is drawn from what its rule leaves, given those drawn before it. Six of
ten deployments are ordinary, near what exchanges run with; in the others every part may lie at an edge of its domain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reference.parameters import (
    DAY_S,
    MAXIMUM_BRACKETS,
    MAXIMUM_DEPOSIT_CAP_UNITS,
    MAXIMUM_DEVIATION_RATE_WAD,
    MAXIMUM_FUNDING_RATE_WAD,
    MAXIMUM_HEARTBEAT_S,
    MAXIMUM_NOTIONAL_WAD,
    MAXIMUM_ORDER_SECONDS,
    MAXIMUM_PRICE_WAD,
    MAXIMUM_SCALING_WAD,
    MAXIMUM_TRADING_FEE_RATE_WAD,
    NO_FUNDING,
    NO_SCALING,
    Bracket,
    Collateral,
    Feed,
    FundingParameters,
    LiquidationParameters,
    Market,
    MarketLimits,
    OpenInterestScaling,
    OrderParameters,
    Parameters,
    SecondSource,
)
from reference.rounding import WAD, div_ceil
from underwater.choices import Choices
from underwater.engine.bundled.deployment import WRAPPED_ETHER_DECIMALS, Deployment, Source
from underwater.engine.bundled.draw_stops import draw_breaker, draw_outflow_limit, draw_pause

ORDINARY_PERCENT = 60
EDGE_PERCENT = 45
"""How often a part of a deployment that is not ordinary is drawn from the edges."""

LEAST_EXPONENT, MOST_EXPONENT = -6, 5
"""Prices are 1e-6 to 1e6 quote: a first digit times ten to one of these."""
LEAST_ANSWER_EXPONENT = 4
"""An answer has at least one digit more than this, so that a price moves in small steps whatever its magnitude."""

_BASIS_POINT = WAD // 10**4
_FIRST_DIGITS = (301, 477, 602, 699, 778, 845, 903, 954, 1000)
"""A thousand times log10(digit + 1): how often first digits are at most 1 to 9 where every factor is equally likely."""


def draw_deployment(choices: Choices) -> Deployment:
    """A valid deployment of test doubles: 4 to 6 markets, 3 or 4 collaterals.

    A position limit is worth 1e5 to 1e8 quote and a wallet 1e6 to 1e8 quote of each token, to a lot and a unit, so that
    every account can trade about what the limits allow. A heartbeat may be shorter than deploying takes.
    """
    return _Draw(choices).deployment()


@dataclass(frozen=True, slots=True)
class _Asset:
    """A price source, and what is drawn with regard to its price."""

    name: str
    source: Source
    exponent: int
    """The price is at least ten to this, and less than ten times that."""

    @property
    def price_wad(self) -> int:
        """Its first price."""
        return self.source.answer * self.scale

    @property
    def scale(self) -> int:
        """Wads of one unit of the answer (O2)."""
        scale: int = 10 ** (18 - self.source.decimals)
        return scale


class _Draw:
    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.ordinary = choices.chance(ORDINARY_PERCENT)
        self.assets: list[_Asset] = []

    def edge(self) -> bool:
        """Whether the next part lies at the edges of its domain."""
        return not self.ordinary and self.choices.chance(EDGE_PERCENT)

    def deployment(self) -> Deployment:
        choices = self.choices
        liquidation = self.liquidation()
        markets = tuple(self.market(number) for number in range(1, choices.integer(4, 6) + 1))
        settlement, wallet_units = self.settlement_token()
        collaterals, wallets = [settlement], [wallet_units]
        for number in range(1, 4 if choices.chance(25) else 3):
            collateral, wallet_units = self.collateral(number)
            collaterals.append(collateral)
            wallets.append(wallet_units)
        markets = tuple(
            replace(market, breaker=draw_breaker(choices, market.limits.position_limit_wad, market.lot_wad))
            for market in markets
        )
        collaterals = [
            replace(collateral, outflow=draw_outflow_limit(choices, wallet_units))
            for collateral, wallet_units in zip(collaterals, wallets, strict=True)
        ]
        pause = draw_pause(choices)
        wrapping = next((n for n, one in enumerate(collaterals) if n and one.decimals == WRAPPED_ETHER_DECIMALS), None)
        if wrapping is not None and choices.chance(75):
            collaterals[wrapping] = replace(collaterals[wrapping], wraps_ether=True)
        parameters = Parameters(markets, tuple(collaterals), liquidation, self.orders(), pause)
        return Deployment(parameters, {asset.name: asset.source for asset in self.assets}, tuple(wallets))

    # Numbers

    def digits(self, exponent: int) -> int:
        """A number from ten to the exponent to below ten times that; every factor equally likely; often a round one."""
        choices = self.choices
        first = 1 + choices.weighted(_FIRST_DIGITS)
        kept = exponent if choices.chance(50) else min(exponent, choices.integer(0, 3))
        rest = choices.integer(0, 10**kept - 1) * 10 ** (exponent - kept)
        return int(first * 10**exponent + rest)

    def magnitude(self, least_exponent: int, most_exponent: int) -> int:
        """A number from ten to the least exponent to below ten to the most; every factor equally likely."""
        return self.digits(self.choices.integer(least_exponent, most_exponent - 1))

    def rate(self, least_basis_points: int, most_basis_points: int) -> int:
        """A rate of whole basis points."""
        return self.choices.integer(least_basis_points, most_basis_points) * _BASIS_POINT

    def share(self, whole: int, least_percent: int, most_percent: int, grain: int) -> int:
        """A part of a number, rounded down to a multiple of ``grain``."""
        return whole * self.choices.integer(least_percent, most_percent) // 100 // grain * grain

    # Sources and feeds

    def asset(self) -> _Asset:
        """A new source."""
        choices = self.choices
        exponent = choices.integer(LEAST_EXPONENT, MOST_EXPONENT)
        least_decimals = max(0, LEAST_ANSWER_EXPONENT - exponent)
        usual = tuple(decimals for decimals in (8, 18) if decimals >= least_decimals)
        unusual = self.edge() or choices.chance(10)
        decimals = choices.integer(least_decimals, 18) if unusual else choices.pick(usual)
        source = Source(decimals, self.digits(exponent + decimals))
        asset = _Asset(f"S{len(self.assets) + 1}-USD", source, exponent)
        self.assets.append(asset)
        return asset

    def asset_shared_in(self, percent: int) -> _Asset:
        """A source that something else uses already, in so many of a hundred draws; else a new one."""
        if self.assets and self.choices.chance(percent):
            return self.choices.pick(self.assets)
        return self.asset()

    def feed(self, asset: _Asset, most_answer: int) -> Feed:
        """A use of a source (P1), whose first answer is inside its bounds; the upper one is at most ``most_answer``."""
        minimum, maximum = self.bounds(asset.source.answer, most_answer)
        return Feed(asset.name, asset.source.decimals, self.heartbeat_s(), minimum, maximum)

    def heartbeat_s(self) -> int:
        if self.edge():
            return self.choices.pick((60, 61, self.choices.integer(60, MAXIMUM_HEARTBEAT_S), MAXIMUM_HEARTBEAT_S))
        return self.choices.pick((600, 1_200, 1_800, 3_600, 3_600, 7_200, 86_400, 86_400))

    def bounds(self, answer: int, most_answer: int) -> tuple[int, int]:
        choices = self.choices
        if not self.edge():
            factor = choices.pick((10, 20, 50, 100, 1_000))
            return max(1, answer // factor), min(most_answer, answer * factor)
        tenths_of_percent = choices.integer(1, 500)
        away = answer * tenths_of_percent // 1_000
        minimum = choices.pick((1, 1, answer // 2, answer - away, answer - away, answer - 1, answer))
        maximum = choices.pick((most_answer, most_answer, answer * 2, answer + away, answer + away, answer + 1, answer))
        # Both bounds at the answer leave no room between them (P1).
        return minimum, max(maximum, minimum + 1)

    # Markets

    def market(self, number: int) -> Market:
        asset = self.asset_shared_in(12)
        lot_wad, tick_wad = self.lot_and_tick(asset)
        limit_notional_wad = self.magnitude(23, 26)
        lots = div_ceil(limit_notional_wad * WAD, asset.price_wad * lot_wad)
        position_limit_wad = lots * lot_wad
        most_answer = min(
            MAXIMUM_PRICE_WAD // asset.scale,
            MAXIMUM_NOTIONAL_WAD * WAD // (position_limit_wad * asset.scale),  # N6
        )
        brackets = self.brackets(limit_notional_wad, lot_wad * asset.price_wad // WAD)
        band_wad, penalty_wad = self.band_and_penalty(brackets[0].maintenance_rate_wad)
        limits = MarketLimits(band_wad, self.trading_fee(), penalty_wad, position_limit_wad)
        feed = self.feed(asset, most_answer)
        scaling = self.scaling(limit_notional_wad)
        most_payment_wad = brackets[0].maintenance_rate_wad - 1 - band_wad - penalty_wad
        second = None
        if most_payment_wad > _BASIS_POINT and self.choices.chance(50):
            most_apart_wad = most_payment_wad if self.choices.chance(10) else most_payment_wad // 2
            second = self.second_source(asset, feed.maximum_price_wad, most_apart_wad)
        if second is not None:
            most_payment_wad -= second.deviation_rate_wad
        funding = self.funding(most_payment_wad, limit_notional_wad)
        return Market(f"M{number}-PERP", feed, lot_wad, tick_wad, brackets, limits, scaling, funding, second)

    def second_source(self, asset: _Asset, largest_price_wad: int, most_apart_wad: int) -> SecondSource | None:
        """P12: a source of its own that says the same, to its decimals; None where those hold too little of it.

        P3 leaves ``most_apart_wad`` for its deviation.
        """
        choices = self.choices
        decimals = choices.pick((8, 18, asset.source.decimals, asset.source.decimals))
        source = Source(decimals, asset.price_wad // 10 ** (18 - decimals))
        if source.answer < 10**LEAST_ANSWER_EXPONENT:
            return None
        twin = _Asset(f"{asset.name}-{len(self.assets) + 1}", source, asset.exponent)
        self.assets.append(twin)
        feed = self.feed(twin, largest_price_wad // twin.scale)
        maximum = min(feed.maximum_answer, largest_price_wad // twin.scale)
        feed = replace(feed, minimum_answer=min(feed.minimum_answer, maximum - 1), maximum_answer=maximum)
        if self.edge():
            apart_wad = choices.pick((1, choices.integer(1, MAXIMUM_DEVIATION_RATE_WAD), MAXIMUM_DEVIATION_RATE_WAD))
        else:
            apart_wad = choices.pick((25, 50, 100, 200, 500)) * _BASIS_POINT
        return SecondSource(feed, min(apart_wad, most_apart_wad))

    def funding(self, most_payment_wad: int, limit_notional_wad: int) -> FundingParameters:
        """P11, of which one interval's funding is bound by P3: at most ``most_payment_wad``, a rate."""
        choices = self.choices
        if not self.edge():
            interval_s = choices.pick((60, 600, 3_600, 3_600, 28_800))
            rate_wad = min(self.rate(50, 500), most_payment_wad * DAY_S // interval_s)
            return FundingParameters(
                interval_s,
                rate_wad,
                rate_wad // choices.pick((1, 3, 10, 100)),
                choices.pick((5, 10, 20, 50)) * _BASIS_POINT,
                self.share(limit_notional_wad, 1, 100, 1),
            )
        if choices.chance(20):
            return NO_FUNDING
        interval_s = choices.pick((1, 7, 3_600, DAY_S - 1, DAY_S))
        most_wad = min(MAXIMUM_FUNDING_RATE_WAD, most_payment_wad * DAY_S // interval_s)
        return FundingParameters(
            interval_s,
            choices.pick((0, min(1, most_wad), choices.integer(0, most_wad), most_wad, most_wad)),
            choices.pick((0, 1, choices.integer(0, MAXIMUM_FUNDING_RATE_WAD), MAXIMUM_FUNDING_RATE_WAD)),
            choices.pick((1, choices.integer(1, WAD), WAD)),
            choices.pick((1, limit_notional_wad, MAXIMUM_NOTIONAL_WAD)),
        )

    def scaling(self, limit_notional_wad: int) -> OpenInterestScaling:
        """P10: begins at a part of what one position may reach, or at a few of them; steep or shallow; often not at all."""
        choices = self.choices
        if self.edge():
            lower_wad = choices.pick((0, 1, MAXIMUM_SCALING_WAD - 1, limit_notional_wad))
            return OpenInterestScaling(lower_wad, choices.pick((lower_wad + 1, MAXIMUM_SCALING_WAD)))
        if choices.chance(50):
            return NO_SCALING
        lower_wad = limit_notional_wad * choices.integer(1, 300) // 100
        return OpenInterestScaling(lower_wad, lower_wad + limit_notional_wad * choices.integer(1, 1_000) // 100 + 1)

    def lot_and_tick(self, asset: _Asset) -> tuple[int, int]:
        """N5: their product is a multiple of 10^18.

        A price is at least 1,000 ticks; a lot is worth at least 10,000 quote wad and less than 1,000 quote, a hundredth
        of the smallest position limit.
        """
        choices = self.choices
        exponent = asset.exponent
        if self.edge() and choices.chance(40):
            # 10^18 is 2^18 * 5^18: neither need be a power of ten.
            tick_wad = choices.integer(1, 9) * 2**18 * 10 ** choices.integer(0, exponent + 8)
            lot_wad = choices.integer(1, 9) * 5**18 * 10 ** choices.integer(0, 6 - exponent)
            return int(lot_wad), int(tick_wad)
        least_tick, most_tick = max(0, exponent - 1), exponent + 14
        most_lot = 19 - exponent
        if self.ordinary:
            # A price of a thousand to a million ticks, a lot worth a hundredth of a cent or more.
            least_tick = max(least_tick, exponent + 12)
        tick_exponent = choices.integer(least_tick, most_tick)
        least_lot = max(0, 18 - tick_exponent)
        if self.ordinary:
            least_lot = max(least_lot, 14 - exponent)
        lot_exponent = choices.integer(least_lot, most_lot)
        factors = (1, 1, 1, 2, 5) if self.ordinary else (1, 2, 3, 5, 7, 9)
        return int(choices.pick(factors) * 10**lot_exponent), int(choices.pick(factors) * 10**tick_exponent)

    def brackets(self, limit_notional_wad: int, lot_notional_wad: int) -> tuple[Bracket, ...]:
        """P2. Ordinary floors lie below the position limit, so that positions reach them."""
        return self.edge_brackets(lot_notional_wad) if self.edge() else self.usual_brackets(limit_notional_wad)

    def usual_brackets(self, limit_notional_wad: int) -> tuple[Bracket, ...]:
        choices = self.choices
        initial_wad = self.rate(100, 2_000)
        maintenance_wad = self.share(initial_wad, 40, 75, _BASIS_POINT)
        brackets = [Bracket(0, initial_wad, maintenance_wad)]
        floor_wad = self.share(limit_notional_wad, 2, 20, WAD)
        for _ in range(choices.integer(0, 4)):
            if choices.chance(85):
                initial_wad = min(WAD, self.share(initial_wad, 110, 200, _BASIS_POINT))
                maintenance_wad = max(maintenance_wad, self.share(initial_wad, 40, 75, _BASIS_POINT))
            brackets.append(Bracket(floor_wad, initial_wad, maintenance_wad))
            floor_wad = self.share(floor_wad, 150, 400, WAD)
        return tuple(brackets)

    def edge_brackets(self, lot_notional_wad: int) -> tuple[Bracket, ...]:
        choices = self.choices
        initial_wad = choices.pick((self.magnitude(15, 18) + 1, WAD, 2 * WAD // 1_000))
        least_wad = 1 if choices.chance(10) else WAD // 1_000
        maintenance_wad = choices.pick((initial_wad - 1, choices.integer(least_wad, initial_wad - 1), least_wad))
        brackets = [Bracket(0, initial_wad, maintenance_wad)]
        floor_wad = 0
        for _ in range(choices.integer(0, MAXIMUM_BRACKETS - 1)):
            # One lot's notional apart: at the first price positions stand exactly at floors.
            floor_wad += choices.pick((1, lot_notional_wad, self.magnitude(18, 24), self.magnitude(20, 24)))
            initial_wad = choices.pick((initial_wad, initial_wad, choices.integer(initial_wad, WAD)))
            maintenance_wad = choices.pick(
                (maintenance_wad, initial_wad - 1, choices.integer(maintenance_wad, initial_wad - 1))
            )
            brackets.append(Bracket(floor_wad, initial_wad, maintenance_wad))
        return tuple(brackets)

    def band_and_penalty(self, maintenance_wad: int) -> tuple[int, int]:
        """P3: their sum is below the first maintenance rate."""
        choices = self.choices
        most_wad = maintenance_wad - 1
        if not self.edge():
            grain = _BASIS_POINT // 10 if maintenance_wad >= 10 * _BASIS_POINT else 1
            return self.share(maintenance_wad, 10, 40, grain), self.share(maintenance_wad, 10, 50, grain)
        band_wad = choices.pick((0, choices.integer(0, most_wad), choices.integer(0, most_wad), most_wad))
        rest_wad = most_wad - band_wad
        return band_wad, choices.pick((0, choices.integer(0, rest_wad), rest_wad, rest_wad))

    def trading_fee(self) -> int:
        choices = self.choices
        if self.edge():
            most_wad = MAXIMUM_TRADING_FEE_RATE_WAD
            return choices.pick((0, 1, choices.integer(0, most_wad), most_wad - 1, most_wad))
        return choices.pick((0, 2, 4, 5, 6, 10)) * _BASIS_POINT

    # Collaterals

    def token_decimals(self) -> int:
        """Mostly those that real tokens have."""
        choices = self.choices
        if self.edge() or choices.chance(10):
            return choices.integer(0, 18)
        return choices.pick((6, 6, 8, 18, 18))

    def wallet_and_cap(self, price_wad: int, decimals: int, least_cap_units: int) -> tuple[int, int]:
        """What an account holds at first, and what all together may deposit (P5)."""
        choices = self.choices
        wallet_units = max(1, _units_worth(self.magnitude(24, 26), price_wad, decimals))
        cap_units = wallet_units * choices.pick((2, 5, 10, 20, 100))
        if self.edge():
            tight_units = max(1, _units_worth(self.magnitude(22, 25), price_wad, decimals))
            cap_units = choices.pick(
                (least_cap_units, tight_units, tight_units, wallet_units, MAXIMUM_DEPOSIT_CAP_UNITS)
            )
        return wallet_units, min(MAXIMUM_DEPOSIT_CAP_UNITS, cap_units)

    def settlement_token(self) -> tuple[Collateral, int]:
        decimals = self.token_decimals()
        # A cap of nothing on cash would leave nobody able to trade: here the least is ten thousand quote.
        wallet_units, cap_units = self.wallet_and_cap(WAD, decimals, 10**decimals * 10_000)
        return Collateral(f"USD{decimals}", decimals, 0, 0, cap_units, None), wallet_units

    def collateral(self, number: int) -> tuple[Collateral, int]:
        asset = self.asset_shared_in(65)
        decimals = self.token_decimals()
        wallet_units, cap_units = self.wallet_and_cap(asset.price_wad, decimals, 0)
        haircut_wad, discount_wad = self.haircut_and_discount()
        feed = self.feed(asset, MAXIMUM_PRICE_WAD // asset.scale)
        return Collateral(
            f"COIN{number}D{decimals}", decimals, haircut_wad, discount_wad, cap_units, feed
        ), wallet_units

    def haircut_and_discount(self) -> tuple[int, int]:
        """P5: ``0 < discount < haircut < 1``."""
        choices = self.choices
        if self.edge():
            haircut_wad = choices.pick((2, choices.integer(2, WAD - 1), choices.integer(2, WAD // 2), WAD - 1))
            return haircut_wad, choices.pick((1, choices.integer(1, haircut_wad - 1), haircut_wad - 1, haircut_wad - 1))
        haircut_wad = self.rate(200, 4_000)
        return haircut_wad, self.share(haircut_wad, 20, 80, _BASIS_POINT)

    # Liquidation

    def orders(self) -> OrderParameters:
        """D3: mostly such as let something happen within minutes."""
        choices = self.choices
        if self.edge():
            delay_s = choices.pick((1, 1, 600, MAXIMUM_ORDER_SECONDS))
            longest_s = choices.pick((delay_s, MAXIMUM_ORDER_SECONDS))
            return OrderParameters(delay_s, choices.pick((0, 1, MAXIMUM_ORDER_SECONDS)), longest_s)
        return OrderParameters(choices.pick((1, 2, 12)), choices.pick((5, 60, 300)), choices.pick((600, 3_600, 86_400)))

    def liquidation(self) -> LiquidationParameters:
        """P6."""
        choices = self.choices
        share_wad = self.rate(2_000, 8_000)
        close_factor_wad = choices.pick((WAD // 4, WAD // 2, WAD // 2, WAD))
        small_wad = choices.pick((0, 100 * WAD, 1_000 * WAD, 10_000 * WAD))
        if self.edge():
            share_wad = choices.pick((0, 1, choices.integer(0, WAD), WAD - 1, WAD))
        if self.edge():
            close_factor_wad = choices.pick((1, choices.integer(1, WAD), choices.integer(1, WAD), WAD - 1))
        if self.edge():
            small_wad = choices.pick((0, 1, self.magnitude(18, 26), MAXIMUM_NOTIONAL_WAD))
        return LiquidationParameters(share_wad, close_factor_wad, small_wad)


def _units_worth(value_wad: int, price_wad: int, decimals: int) -> int:
    """Token units worth at most so much quote."""
    return int(value_wad * 10**decimals // price_wad)
