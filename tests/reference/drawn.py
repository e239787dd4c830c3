"""Safe parameters of any scale, and states that real trades led to.

Hypothesis draws the seed and keeps the run the same; what hangs on it is drawn here, because one state takes hundreds of
choices. A failure names its seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import gcd
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

from reference.parameters import (
    DAY_S,
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
    Parameters,
    SecondSource,
)
from reference.prices import FRESH, mark_status
from reference.requirements import requirements_wad
from reference.rounding import WAD, div_ceil
from reference.state import ANSWERS, REVERTS, FeedReading, State
from reference.trading import trading_fee_wad
from tests.reference.support import BYSTANDER, COUNTERPARTY, LIQUIDATOR, MATCHER, STRANGER, TRADER, Scene

T = TypeVar("T")
LARGEST_NOTIONAL_WAD = 10**34
"""N6."""


class Choices(Random):
    """Choices that hang on one seed."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.name = seed

    def __repr__(self) -> str:
        return f"Choices({self.name})"

    def between(self, lowest: int, highest: int) -> int:
        """Any integer of a range, its ends more often."""
        if self.random() < 0.2:
            return self.choice((lowest, highest))
        return self.randint(lowest, highest)

    def magnitude(self, lowest: int, highest: int) -> int:
        """An integer whose number of digits is drawn first: small ones as often as large ones."""
        digits = self.randint(len(str(lowest)), len(str(highest)))
        return self.randint(max(lowest, 10 ** (digits - 1)), min(highest, 10**digits - 1))

    def happens(self, probability: float) -> bool:
        """Whether something happens."""
        return self.random() < probability

    def of(self, *values: T) -> T:
        """One of several values."""
        return self.choice(values)

    def subset(self, values: Sequence[T], probability: float) -> list[T]:
        """Some of several values."""
        return [value for value in values if self.happens(probability)]


CHOICES = st.integers(0, 2**64 - 1).map(Choices)


def bracket_table(choices: Choices, notional_wad: int) -> tuple[Bracket, ...]:
    """P2: up to four brackets whose floors lie around a notional. The first maintenance rate is at least 2 wad."""
    count = choices.randint(1, 4)

    def rates(lowest: int, highest: int) -> list[int]:
        if choices.happens(0.2):
            return sorted(choices.magnitude(lowest, highest) for _ in range(count))
        return sorted(choices.between(WAD // 100, WAD // 4) for _ in range(count))

    maintenance, gaps = rates(2, WAD - 1), rates(1, WAD)
    if choices.happens(0.1):
        gaps[-1] = WAD
    floors = [0]
    while len(floors) < count:
        floors.append(floors[-1] + max(1, notional_wad * choices.randint(1, 200) // 100 + choices.randint(-1, 1)))
    initial = [min(WAD, rate_wad + gap_wad) for rate_wad, gap_wad in zip(maintenance, gaps, strict=True)]
    return tuple(map(Bracket, floors, initial, maintenance))


def market(choices: Choices, number: int, most_ticks: int) -> tuple[Market, int]:
    """P4: a safe market, and an answer inside its bounds that is at least one tick.

    The largest answer is at most ``most_ticks`` ticks, so that a test can try every price.
    """
    decimals = choices.of(0, 2, 8, 8, 18)
    scale = 10 ** (18 - decimals)
    answer = choices.magnitude(max(1, 10 ** (decimals - 3)), 10 ** (decimals + 4))
    growth = choices.randint(2, 12)
    tick_wad = max(1, answer * scale // choices.magnitude(1, max(1, most_ticks // growth - 1)))
    while answer * growth * scale // tick_wad > most_ticks:
        tick_wad += 1 + tick_wad // 16
    if choices.happens(0.6):
        # Most real ticks are powers of ten; the others make lots of whole quote wads.
        tick_wad = min(10 ** len(str(tick_wad)), answer * scale)
    lot_wad = WAD // gcd(tick_wad, WAD)
    coarser = choices.of(1, 10**3, 10**6, 10**9, 10**12)
    if lot_wad * coarser * growth * answer * scale // WAD < 10**24:
        lot_wad *= coarser
    feed = Feed(f"SOURCE-{number}", decimals, choices.randint(1, 604_800), 1, answer * growth)
    lot_notional_wad = div_ceil(lot_wad * feed.maximum_price_wad, WAD)
    lots = min(choices.magnitude(100, 10**8), LARGEST_NOTIONAL_WAD // 10**6 // lot_notional_wad)
    typical_wad = lots * lot_wad * answer * scale // WAD // choices.magnitude(1, 100)
    brackets = bracket_table(choices, max(1, typical_wad))
    least_wad = brackets[0].maintenance_rate_wad
    band_wad = choices.between(0, least_wad - 1)
    limits = MarketLimits(
        band_wad,
        choices.of(0, choices.magnitude(1, WAD // 100), choices.randint(1, WAD // 100)),
        choices.between(0, least_wad - 1 - band_wad),
        lots * lot_wad,
    )
    scaling = open_interest_scaling(choices, max(1, typical_wad))
    left_wad = least_wad - 1 - band_wad - limits.liquidation_penalty_rate_wad
    funding = funding_parameters(choices, left_wad, max(1, typical_wad))
    return Market(f"MARKET-{number}", feed, lot_wad, tick_wad, brackets, limits, scaling, funding), answer


def funding_parameters(choices: Choices, most_payment_wad: int, notional_wad: int) -> FundingParameters:
    """P11: none, or some; often as much as P3 leaves for one payment, reached at once or over many intervals."""
    if choices.happens(0.2):
        return NO_FUNDING
    interval_s = choices.of(1, 60, 3_600, choices.between(1, DAY_S))
    most_wad = min(WAD // 10, most_payment_wad * DAY_S // interval_s)
    return FundingParameters(
        interval_s,
        choices.between(0, most_wad),
        choices.of(choices.between(0, WAD // 10), most_wad // 10),
        choices.of(1, WAD, choices.magnitude(1, WAD)),
        choices.of(1, choices.magnitude(1, 10 * notional_wad)),
    )


def open_interest_scaling(choices: Choices, notional_wad: int) -> OpenInterestScaling:
    """P10: none, or about so much open interest; steep or shallow."""
    if choices.happens(0.4):
        return NO_SCALING
    lower_wad = min(10**38 - 1, choices.magnitude(1, 10 * notional_wad) - 1)
    return OpenInterestScaling(lower_wad, min(10**38, lower_wad + choices.magnitude(1, 20 * notional_wad)))


def collateral(choices: Choices, number: int, shared: Feed) -> tuple[Collateral, int]:
    """P5: a safe collateral other than number 0, and an answer inside its bounds.

    Now and then it shares a market's source, as bitcoin backs a bitcoin perpetual.
    """
    feed_decimals, decimals = choices.of(0, 8, 18), choices.of(0, 6, 8, 18)
    answer = choices.magnitude(1, 10 ** (feed_decimals + 4))
    feed = Feed(f"GOODS-{number}", feed_decimals, choices.randint(1, 604_800), 1, 10 * answer)
    if choices.happens(0.25):
        feed = Feed(shared.feed, shared.decimals, choices.randint(1, 604_800), 1, shared.maximum_answer)
    haircut_wad = choices.between(2, WAD - 1)
    discount_wad = choices.between(1, haircut_wad - 1)
    return Collateral(f"GOODS-{number}", decimals, haircut_wad, discount_wad, 10**33, feed), answer


def world(choices: Choices, most_ticks: int = 10**6) -> Scene:
    """A scene of safe parameters in which nothing has happened."""
    listed = [market(choices, number, most_ticks) for number in range(choices.randint(1, 3))]
    goods = [collateral(choices, number, listed[0][0].feed) for number in range(1, choices.randint(1, 3))]
    settlement = Collateral("MONEY", choices.of(0, 6, 18, 18), 0, 0, 10**33, None)
    parameters = Parameters(
        tuple(item for item, _ in listed),
        (settlement, *(item for item, _ in goods)),
        LiquidationParameters(
            choices.between(0, WAD),
            choices.of(choices.between(1, WAD), choices.magnitude(1, WAD)),
            choices.of(0, 0, 1, 10**12, 10**18, 10**24),
        ),
    )
    answers = {item.feed.feed: answer for item, answer in goods if item.feed is not None}
    answers.update({item.feed.feed: answer for item, answer in listed})
    scene = Scene(parameters, answers)
    parameters.validate(scene.state.feed_decimals)
    return scene


def deposit_quote(scene: Scene, name: str, quote_wad: int) -> None:
    """A deposit of settlement tokens worth at least an amount."""
    units = div_ceil(quote_wad, scene.state.parameters.collaterals[0].quote_wad_per_unit)
    if units > 0:
        scene.do("deposit", name, name, 0, units)


def traded(choices: Choices, most_ticks: int = 10**6, most_trades: int = 4) -> Scene:
    """A scene in which the trader holds what real deposits, trades and price moves left, healthy or not.

    Every trade is first secured with what it needs, or a little more or less: most are accepted.
    """
    scene = world(choices, most_ticks)
    parameters = scene.state.parameters
    for number in range(1, len(parameters.collaterals)):
        for name in choices.subset((TRADER, LIQUIDATOR), 0.3):
            units = choices.magnitude(1, 10 ** (parameters.collaterals[number].decimals + 2))
            scene.do("deposit", name, name, number, units)
    deposit_quote(scene, BYSTANDER, choices.of(0, 0, 10**18, 10**24))
    for _ in range(choices.randint(1, most_trades)):
        number = choices.randrange(len(parameters.markets))
        secured_trade(choices, scene, number)
        for moved in choices.subset(range(len(parameters.markets)), 0.4):
            move_source(choices, scene, parameters.markets[moved].feed)
            if choices.happens(0.5):
                scene.attempt("settle", TRADER, TRADER, moved)
        if choices.happens(0.4):
            wait(choices, scene)
    for item in choices.subset(parameters.collaterals[1:], 0.3):
        assert item.feed is not None
        move_source(choices, scene, item.feed)
    return scene


def wait(choices: Choices, scene: Scene) -> None:
    """Some funding intervals pass, and every source answers what it answered before, now."""
    interval_s = choices.choice(scene.state.parameters.markets).funding.interval_s
    scene.wait(interval_s * choices.magnitude(1, 100) + choices.randint(0, interval_s))
    for source, reading in scene.state.feeds.items():
        scene.do("publish", STRANGER, source, reading.answer, 0)


def secured_trade(choices: Choices, scene: Scene, number: int) -> None:
    """A trade of the trader with the counterparty, at any price of the band, after deposits of what it needs."""
    listed, mark_wad = scene.state.parameters.markets[number], scene.mark(number)
    lots = choices.magnitude(1, max(1, listed.limits.position_limit_wad // listed.lot_wad // 3))
    size_wad = lots * listed.lot_wad
    notional = size_wad * mark_wad // WAD
    held_notional = abs(scene.account(TRADER).sizes_wad[number]) * mark_wad // WAD
    interest = scene.state.open_interest_wad[number] * mark_wad // WAD + notional
    need_wad = requirements_wad(listed, held_notional + notional, interest)[0] + 2 * trading_fee_wad(listed, notional)
    need_wad += notional * listed.limits.price_band_rate_wad // WAD
    deposit_quote(scene, TRADER, need_wad * choices.of(0, 50, 95, 100, 100, 105) // 100)
    deposit_quote(scene, COUNTERPARTY, 3 * need_wad)
    reach_ticks = listed.limits.price_band_rate_wad * mark_wad // WAD // listed.tick_wad
    price_wad = mark_wad + choices.between(-reach_ticks, reach_ticks) * listed.tick_wad
    sides = choices.of((TRADER, COUNTERPARTY), (COUNTERPARTY, TRADER))
    scene.attempt("trade", MATCHER, number, *sides, size_wad, price_wad)


def move_source(choices: Choices, scene: Scene, feed: Feed) -> None:
    """A new answer inside the feed's bounds, a little off or far off, at which every market still has a mark."""
    before = scene.state
    answer = before.feeds[feed.feed].answer * choices.of(99, 101, 90, 110, 60, 160, 20, 500) // 100
    scene.do("publish", STRANGER, feed.feed, max(feed.minimum_answer, min(feed.maximum_answer, answer)), 0)
    for listed in before.parameters.markets:
        if scene.state.feeds[listed.feed.feed].answer * listed.feed.scale < listed.tick_wad:
            scene.state = before


def spoil(choices: Choices, scene: Scene) -> str:
    """One source of the scene, unusable from now on."""
    source = choices.choice(sorted(scene.state.feeds))
    how = choices.of("fails", "out of bounds", "dated 0", "dated later")
    if how == "fails":
        scene.do("set_feed_mode", STRANGER, source, 1)
    elif how == "out of bounds":
        scene.do("publish", STRANGER, source, 0, 0)
    else:
        scene.do("publish", STRANGER, source, scene.state.feeds[source].answer, None if how == "dated 0" else -1)
    return source


def aim(choices: Choices, scene: Scene) -> None:
    """Mostly, cash that puts the trader's equity at a few wad, or a few percent, from a requirement."""
    if not any(scene.account(TRADER).sizes_wad) or choices.happens(0.25):
        return
    equity_wad, initial_wad, maintenance_wad = scene.risk(TRADER)
    target_wad = choices.of(initial_wad, maintenance_wad, maintenance_wad // 2, maintenance_wad * 3 // 4, 0)
    target_wad += choices.of(0, 0, 1, -1, 2, maintenance_wad * choices.randint(-20, 20) // 100)
    scene.set_cash(TRADER, scene.account(TRADER).cash_wad + target_wad - equity_wad)


def held_market(choices: Choices, scene: Scene) -> int:
    """A market in which the trader has a position, if there is one."""
    sizes = scene.account(TRADER).sizes_wad
    held = [number for number, size_wad in enumerate(sizes) if size_wad]
    return choices.choice(held or range(len(sizes)))


def uncertain(choices: Choices) -> State:
    """A state that trades led to, with an uncertain mark in one or more markets."""
    state = traded(choices).state
    for number in choices.subset(tuple(range(len(state.parameters.markets))), 0.7) or [0]:
        market = state.parameters.markets[number]
        status, price_wad = mark_status(state, market)
        if status != FRESH:
            continue
        name = f"SECOND-{number}"
        apart_wad = choices.between(1, WAD // 10)
        other_wad = max(market.tick_wad, price_wad * choices.randint(50, 200) // 100)
        other_wad = min(other_wad, market.largest_price_wad)
        second = SecondSource(Feed(name, 18, 604_800, 1, market.largest_price_wad), apart_wad)
        markets = list(state.parameters.markets)
        markets[number] = replace(market, second=second)
        state = state._replace(
            parameters=replace(state.parameters, markets=tuple(markets)),
            feeds={**state.feeds, name: FeedReading(other_wad, state.time_s, ANSWERS)},
            feed_decimals={**state.feed_decimals, name: 18},
        )
        if choices.random() < 0.4:
            reading = state.feeds[market.feed.feed]
            state = state._replace(feeds={**state.feeds, market.feed.feed: reading._replace(mode=REVERTS)})
    return state
