"""Boundaries of harm: the worst price of a reduction that does none, and the price at which equity pays a whole penalty and no more."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import event, given

from reference import boundaries
from reference.boundaries import NO_LIQUIDATION_PRICE
from reference.harm import worst_harmless_price_wad
from reference.machine import apply
from reference.margin import health, prudent_health_of
from reference.prices import FRESH
from reference.rounding import WAD, div_ceil, floor_to_multiple
from reference.state import State, part_behind
from tests.reference.drawn import CHOICES, Choices, aim, held_market, spoil, traded, uncertain
from tests.reference.support import MATCHER, TRADER, drawn, priced_apart, rich

WIDE_BAND_WAD = 10**60
OTHER = "rich"


def reduced(state: State, market: int, size_wad: int, price_wad: int) -> tuple[str | None, State]:
    """The trader closes so much with somebody whose own tests never decide: the error, and the state after."""
    sides = (OTHER, TRADER) if state.accounts[TRADER].sizes_wad[market] > 0 else (TRADER, OTHER)
    state = rich(state, OTHER)._replace(operators=state.operators | {(OTHER, MATCHER)})
    after, outcome = apply(state, "trade", MATCHER, (market, *sides, size_wad, price_wad))
    return outcome.error, after


@drawn(1000)
@given(CHOICES)
def test_a_reduction_at_the_worst_harmless_price_passes_and_at_one_tick_worse_does_not(choices: Choices) -> None:
    scene = traded(choices)
    aim(choices, scene)
    market = held_market(choices, scene)
    scene.set_limits(market, price_band_rate_wad=WIDE_BAND_WAD)
    listed, held_wad = scene.state.parameters.markets[market], scene.account(TRADER).sizes_wad[market]
    lots = abs(held_wad) // listed.lot_wad
    if not lots:
        return
    size_wad = choices.between(1, lots) * listed.lot_wad
    price_wad = worst_harmless_price_wad(scene.state, TRADER, market, size_wad)
    if price_wad is None:
        event("none")
        return
    error, _ = reduced(scene.state, market, size_wad, price_wad)
    assert error is None
    worse_wad = price_wad - listed.tick_wad if held_wad > 0 else price_wad + listed.tick_wad
    if worse_wad <= 0:
        return
    error, after = reduced(scene.state, market, size_wad, worse_wad)
    if error is None:
        event("a worse price passes with initial margin")
        _, risk = health(after, after.accounts[TRADER])
        assert risk.equity_wad >= risk.initial_margin_wad
        return
    assert error == "InsufficientMargin"
    was = scene.risk(TRADER)
    event(f"side {(held_wad > 0) - (held_wad < 0)}, healthy {was.equity_wad >= was.maintenance_margin_wad}")


@drawn(1000)
@given(CHOICES)
def test_at_uncertain_marks_a_tick_worse_than_the_worst_harmless_price_is_refused_or_leaves_initial_margin(
    choices: Choices,
) -> None:
    state = uncertain(choices)
    held = [number for number, size in enumerate(state.accounts[TRADER].sizes_wad) if size]
    if not held:
        return
    market = choices.choice(held)
    markets = list(state.parameters.markets)
    listed = markets[market]
    wide = replace(listed.limits, price_band_rate_wad=WIDE_BAND_WAD)
    markets[market] = replace(listed, limits=wide)
    state = state._replace(parameters=replace(state.parameters, markets=tuple(markets)))
    held_wad = state.accounts[TRADER].sizes_wad[market]
    lots = abs(held_wad) // listed.lot_wad
    size_wad = choices.choice((lots, choices.between(1, lots))) * listed.lot_wad
    price_wad = worst_harmless_price_wad(state, TRADER, market, size_wad)
    if price_wad is None:
        event("none")
        return
    error, _ = reduced(state, market, size_wad, price_wad)
    assert error in (None, "PriceUncertain"), "the other side may not reduce"
    if error is not None:
        return
    worse_wad = price_wad - listed.tick_wad if held_wad > 0 else price_wad + listed.tick_wad
    if worse_wad <= 0:
        return
    error, after = reduced(state, market, size_wad, worse_wad)
    event(f"whole {size_wad == abs(held_wad)}, {error}")
    if error is None:
        risk = prudent_health_of(after, part_behind(after, TRADER, market)).risk
        assert risk.equity_wad >= risk.initial_margin_wad
    else:
        assert error == "InsufficientMargin"


@drawn(100)
@given(CHOICES)
def test_no_harmless_price_of_more_than_there_is_or_of_what_cannot_be_valued(choices: Choices) -> None:
    scene = traded(choices)
    market = held_market(choices, scene)
    size_wad, lot_wad = (
        abs(scene.account(TRADER).sizes_wad[market]),
        scene.state.parameters.markets[market].lot_wad,
    )
    for none_wad in (0, size_wad + lot_wad, lot_wad * 3 // 2 if lot_wad > 1 else 0):
        assert worst_harmless_price_wad(scene.state, TRADER, market, none_wad) is None
    spoil(choices, scene)
    if scene.attempt("settle", TRADER, TRADER, market) is not None:
        assert worst_harmless_price_wad(scene.state, TRADER, market, lot_wad) is None


def pays_penalty_at(state: State, market: int, price_wad: int) -> bool:
    """Whether equity at a price is at least the penalty on all of the trader's position."""
    listed = state.parameters.markets[market]
    moved = priced_apart(state, market, price_wad)
    status, risk = health(moved, moved.accounts[TRADER])
    assert status == FRESH
    amount_wad = abs(moved.accounts[TRADER].sizes_wad[market]) * price_wad // WAD
    return risk.equity_wad >= div_ceil(amount_wad * listed.limits.liquidation_penalty_rate_wad, WAD)


@drawn(500)
@given(CHOICES)
def test_equity_pays_the_whole_penalty_at_the_penalty_price_and_not_one_tick_beyond(choices: Choices) -> None:
    scene = traded(choices)
    aim(choices, scene)
    market = held_market(choices, scene)
    listed, size_wad = scene.state.parameters.markets[market], scene.account(TRADER).sizes_wad[market]
    status, price_wad = boundaries.penalty_price_wad(scene.state, TRADER, market)
    event(f"side {(size_wad > 0) - (size_wad < 0)}, status {status}")
    highest_wad = floor_to_multiple(listed.feed.maximum_price_wad, listed.tick_wad)
    if status == FRESH:
        beyond_wad = price_wad - listed.tick_wad if size_wad > 0 else price_wad + listed.tick_wad
        assert pays_penalty_at(scene.state, market, price_wad)
        assert not pays_penalty_at(scene.state, market, beyond_wad)
        return
    assert (status, price_wad) == (NO_LIQUIDATION_PRICE, 0)
    if size_wad:
        ends = [pays_penalty_at(scene.state, market, end_wad) for end_wad in (listed.tick_wad, highest_wad)]
        assert ends[0] == ends[1]
