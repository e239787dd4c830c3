"""ACCESS-06 and -07: what may be listed, and deployed. No history lists anything, and what is listed is what everything else rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference.governance import ADMIN
from reference.parameters import (
    DAY_S,
    MAXIMUM_BRACKETS,
    MAXIMUM_COLLATERALS,
    MAXIMUM_DEPOSIT_CAP_UNITS,
    MAXIMUM_DEVIATION_RATE_WAD,
    MAXIMUM_FUNDING_RATE_WAD,
    MAXIMUM_HEARTBEAT_S,
    MAXIMUM_MARKETS,
    MAXIMUM_NOTIONAL_WAD,
    MAXIMUM_PRICE_WAD,
    MAXIMUM_SCALING_WAD,
    MAXIMUM_TRADING_FEE_RATE_WAD,
    Bracket,
    Collateral,
    Feed,
    Market,
)
from reference.rounding import WAD
from reference.unsafe import Unsafe
from underwater.actions import Outcome, Refusal
from underwater.checks import Check, Probe, Verdict
from underwater.choices import Choices

_TRIES = 4


def _beside(choices: Choices, *edges: int) -> int:
    """One of the numbers, or one next to it; none is negative."""
    return max(0, choices.pick(edges) + choices.pick((-1, 0, 0, 1)))


def _feed(choices: Choices, feed: Feed) -> Feed:
    manner = choices.integer(0, 3)
    if manner == 0:
        return replace(feed, heartbeat_s=_beside(choices, 1, MAXIMUM_HEARTBEAT_S))
    if manner == 1:
        return replace(feed, minimum_answer=_beside(choices, 1, feed.maximum_answer - 1))
    if manner == 2:
        return replace(feed, decimals=feed.decimals + choices.pick((-1, 1)) if feed.decimals else 1)
    most = MAXIMUM_PRICE_WAD // 10 ** (18 - feed.decimals)
    return replace(feed, maximum_answer=_beside(choices, feed.minimum_answer + 1, most))


def _market_feed(choices: Choices, market: Market) -> Market:
    # Without a second source, and with so small a limit that a large price leaves notional within its bound.
    limits = replace(market.limits, position_limit_wad=market.lot_wad)
    return replace(market, feed=_feed(choices, market.feed), limits=limits, second=None, largest_price_wad=-1)


def _second(choices: Choices, market: Market) -> Market:
    if market.second is None:
        return market
    second = market.second
    if choices.chance(50):
        return replace(market, second=replace(second, feed=_feed(choices, second.feed)))
    return replace(market, second=replace(second, deviation_rate_wad=_beside(choices, 1, MAXIMUM_DEVIATION_RATE_WAD)))


def _lot_and_tick(choices: Choices, market: Market) -> Market:
    lot_wad, tick_wad = choices.pick(
        (
            (0, market.tick_wad),
            (market.lot_wad, 0),
            (market.lot_wad, 1),
            (1, market.tick_wad),
            (WAD, 1),
            (1, WAD),
            (1, 1),
        )
    )
    return replace(market, lot_wad=lot_wad, tick_wad=tick_wad)


def _brackets(choices: Choices, market: Market) -> Market:
    first, last = market.brackets[0], market.brackets[-1]
    floor_wad, initial, maintenance = last.floor_wad, last.initial_rate_wad, last.maintenance_rate_wad
    many = tuple(replace(last, floor_wad=floor_wad + number) for number in range(1, MAXIMUM_BRACKETS + 1))
    brackets = choices.pick(
        (
            (),
            (replace(first, floor_wad=1),),
            (replace(first, initial_rate_wad=first.maintenance_rate_wad),),
            (replace(first, initial_rate_wad=_beside(choices, WAD)),),
            (replace(first, maintenance_rate_wad=0),),
            (*market.brackets, last),
            (*market.brackets, Bracket(floor_wad + 1, initial, maintenance)),
            (*market.brackets, Bracket(floor_wad + 1, initial - 1, maintenance)),
            (*market.brackets, Bracket(floor_wad + 1, initial, maintenance - 1)),
            (first, *many[:-1]) if len(market.brackets) == 1 else (*market.brackets, *many)[:MAXIMUM_BRACKETS],
            (*market.brackets, *many)[: MAXIMUM_BRACKETS + 1],
        )
    )
    return replace(market, brackets=brackets)


def _limits(choices: Choices, market: Market) -> Market:
    limits, manner = market.limits, choices.integer(0, 2)
    if manner == 0:
        return replace(
            market, limits=replace(limits, trading_fee_rate_wad=_beside(choices, MAXIMUM_TRADING_FEE_RATE_WAD))
        )
    if manner == 1:
        deviation = 0 if market.second is None else market.second.deviation_rate_wad
        rest = limits.price_band_rate_wad + market.funding.payment_rate_wad + deviation
        most = max(0, market.maintenance_rates_wad[0] - rest - 1)
        return replace(market, limits=replace(limits, liquidation_penalty_rate_wad=_beside(choices, most)))
    lots = MAXIMUM_NOTIONAL_WAD * WAD // market.largest_price_wad // market.lot_wad
    limit_wad = choices.pick(
        (0, market.lot_wad, market.lot_wad + 1, lots * market.lot_wad, (lots + 1) * market.lot_wad)
    )
    return replace(market, limits=replace(limits, position_limit_wad=min(limit_wad, 2**127)))


def _scaling(choices: Choices, market: Market) -> Market:
    upper_wad = _beside(choices, MAXIMUM_SCALING_WAD, market.scaling.lower_wad)
    return replace(market, scaling=replace(market.scaling, upper_wad=upper_wad))


def _funding(choices: Choices, market: Market) -> Market:
    edges = (
        ("interval_s", (1, DAY_S)),
        ("maximum_rate_wad", (0, MAXIMUM_FUNDING_RATE_WAD)),
        ("maximum_velocity_wad", (0, MAXIMUM_FUNDING_RATE_WAD)),
        ("premium_scale_wad", (1, WAD)),
        ("premium_depth_wad", (1, MAXIMUM_NOTIONAL_WAD)),
    )
    name, numbers = choices.pick(edges)
    changed: dict[str, Any] = {name: _beside(choices, *numbers)}
    return replace(market, funding=replace(market.funding, **changed))


_OF_MARKETS: tuple[Callable[[Choices, Market], Market], ...] = (
    _market_feed, _market_feed, _second, _lot_and_tick, _brackets, _brackets, _limits, _scaling, _funding,
)  # fmt: skip


def _collateral(choices: Choices, collateral: Collateral) -> Collateral:
    assert collateral.feed is not None
    manner = choices.integer(0, 3)
    if manner == 0:
        return replace(collateral, haircut_rate_wad=_beside(choices, WAD, collateral.liquidation_discount_rate_wad))
    if manner == 1:
        return replace(collateral, liquidation_discount_rate_wad=_beside(choices, 0, collateral.haircut_rate_wad))
    if manner == 2:
        return replace(collateral, deposit_cap_units=_beside(choices, MAXIMUM_DEPOSIT_CAP_UNITS))
    return replace(collateral, feed=_feed(choices, collateral.feed))


def _unsafe(validate: Callable[[], None]) -> str | None:
    try:
        validate()
    except Unsafe as unsafe:
        return unsafe.reason
    return None


def _listable(probe: Probe) -> Verdict:
    """ACCESS-06. Of one market or collateral more, like one that there is but for one thing, at its bound or beside it: until one is
    listed. What is refused leaves nothing behind.
    """
    markets, collaterals = probe.state.parameters.markets, probe.state.parameters.collaterals
    if len(markets) == MAXIMUM_MARKETS or len(collaterals) in (1, MAXIMUM_COLLATERALS):
        return False
    for _ in range(_TRIES):
        outcome, what, why = _list_market(probe) if probe.choices.chance(60) else _list_collateral(probe)
        if outcome.done and why is not None:
            return f"{what} was listed, and {why}"
        if not outcome.done and why is None:
            return f"{what} may be listed, and was refused: {outcome.error} {outcome.error_arguments}"
        if outcome.done:
            break
    return True


def _list_market(probe: Probe) -> tuple[Outcome, str, str | None]:
    """What came of a listing, what was to be listed, and why it must not be; None where it may."""
    state, choices = probe.state, probe.choices
    like = choices.pick(state.parameters.markets)
    market = choices.pick(_OF_MARKETS)(choices, replace(like, largest_price_wad=-1))
    of_second = None if market.second is None else state.feed_decimals[market.second.feed.feed]
    why = _unsafe(lambda: market.validate(state.feed_decimals[market.feed.feed], of_second))
    return probe.list_market(choices.pick(sorted(state.roles[ADMIN])), market), f"another {like.name}", why


def _list_collateral(probe: Probe) -> tuple[Outcome, str, str | None]:
    """The same of a collateral. A source says its decimals as a token does."""
    state, choices = probe.state, probe.choices
    token, like = choices.pick(tuple(state.feed_decimals)), choices.pick(state.parameters.collaterals[1:])
    listed = _collateral(choices, replace(like, decimals=state.feed_decimals[token]))
    assert listed.feed is not None
    of_feed = state.feed_decimals[listed.feed.feed]
    why = _unsafe(lambda: listed.validate(len(state.parameters.collaterals), of_feed))
    outcome = probe.list_collateral(choices.pick(sorted(state.roles[ADMIN])), listed, token)
    return outcome, f"{token} as another {like.name}", why


def _deployable(refusal: Refusal | None) -> Verdict:
    """ACCESS-07. Of everything that a deployment consists of, from its test doubles to the last approval."""
    return True if refusal is None else refusal.words


CHECKS = (
    Check(
        "ACCESS-06",
        "whatever is safe may be listed, and nothing else",
        probe=_listable,
        probe_weight=4,
        uses_model=True,
    ),
    Check("ACCESS-07", "a deployment that is safe is accepted", deployed=_deployable, uses_model=True),
)
