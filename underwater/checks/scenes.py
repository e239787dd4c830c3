"""What the probes of circuit breakers play in: a market that nothing stops, prices that move, what may leave of the settlement token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reference.breaker_parameters import Breaker
from reference.prices import FRESH, mark_status
from reference.rounding import WAD, ceil_to_multiple, div_ceil, floor_to_multiple
from underwater.actions import Outcome
from underwater.checks import Probe, market_name, quote

STOPS_GROWTH = ("OnlyReductions", "OpenInterestCapExceeded")
"""What is said where a position may not grow."""

_MEANS = 10**9
"""Whole settlement tokens given to those who trade for a probe, so that no margin test decides."""
_NO_BREAKER = (0, 0, 0, 0)


class Scene(NamedTuple):
    """A market that nothing stops, and two who have the means to trade in it, each with a position that the other has the rest of."""

    market: int
    buyer: str
    seller: str
    mark_wad: int
    size_wad: int


def _say_again(probe: Probe) -> None:
    """Every source says now what it has said before, so that none is old."""
    for source, reading in list(probe.state.feeds.items()):
        probe.do("publish", probe.cast.publisher, source, reading.answer, 0)


def wait(probe: Probe, seconds: int) -> None:
    if seconds > 0:
        probe.wait(seconds)
        _say_again(probe)


def _open_market(probe: Probe, wanted: Sequence[int]) -> int | None:
    """A market with a usable mark, once any pause is over, and without any breaker: a wanted one before others."""
    choices, cast = probe.choices, probe.cast
    wait(probe, probe.state.breakers.pause.grace_until_s - probe.state.time_s)
    usable = [
        n for n, listed in enumerate(probe.state.parameters.markets) if mark_status(probe.state, listed)[0] == FRESH
    ]
    if not usable:
        return None
    market = choices.pick([number for number in wanted if number in usable] or usable)
    if not probe.do("set_reduce_only", cast.risk_manager, market, False).done:
        return None
    probe.do("set_breaker", cast.risk_manager, market, *_NO_BREAKER)
    return market


def set_scene(probe: Probe, wanted: Sequence[int] = ()) -> Scene | None:
    """Two who hold something of a market against each other, of the backstop and an account without a position there."""
    market = _open_market(probe, wanted)
    if market is None:
        return None
    state, choices, cast = probe.state, probe.choices, probe.cast
    flat = [name for name in cast.accounts if not state.accounts[name].sizes_wad[market]]
    if not flat:
        return None
    name = choices.pick(flat)
    for one in (name, cast.backstop):
        probe.do("set_operator", one, cast.matcher, True)
        probe.fund(one, [_MEANS * 10 ** state.parameters.collaterals[0].decimals])
    buyer, seller = (name, cast.backstop) if choices.chance(50) else (cast.backstop, name)
    mark_wad = mark_status(state, state.parameters.markets[market])[1]
    size_wad = state.parameters.markets[market].lot_wad * choices.pick((2, 4, 10))
    if not probe.do("trade", cast.matcher, market, buyer, seller, size_wad, mark_wad).done:
        return None
    return Scene(market, buyer, seller, mark_wad, size_wad)


def grow(probe: Probe, scene: Scene) -> Outcome:
    """The two trade one lot more, at the mark."""
    listed = probe.state.parameters.markets[scene.market]
    mark_wad = mark_status(probe.state, listed)[1]
    return probe.do("trade", probe.cast.matcher, scene.market, scene.buyer, scene.seller, listed.lot_wad, mark_wad)


def says(probe: Probe, market: int, mark_wad: int) -> bool:
    """Have a market's sources say what makes a mark, exactly; False where they cannot, or what they say is not believed."""
    listed = probe.state.parameters.markets[market]
    feeds = [listed.feed] if listed.second is None else [listed.feed, listed.second.feed]
    for feed in feeds:
        probe.do("publish", probe.cast.publisher, feed.feed, div_ceil(mark_wad, feed.scale), 0)
    return mark_status(probe.state, listed) == (FRESH, mark_wad)


class Move(NamedTuple):
    """What became of a price that moved, and whether that was too far."""

    scene: Scene
    too_far: bool
    words: str


def move_price(probe: Probe, too_far: bool) -> Move | None:
    """A price is observed, perhaps another a window later, and then it moves to where a breaker trips, or only just does not."""
    scene = set_scene(probe)
    if scene is None:
        return None
    choices, market = probe.choices, scene.market
    listed = probe.state.parameters.markets[market]
    rate_wad = choices.pick((WAD // 100, WAD // 50, WAD // 20, WAD // 8))
    window_s = choices.pick((2, 30, 600))
    anchor_wad, breaker = scene.mark_wad, Breaker(rate_wad, window_s, choices.pick((1, 60, 300)), 0)
    # Until whatever was observed before is too old, and an earlier halt is over.
    stop = probe.state.breakers.stops[market]
    over_s = max(stop.anchored_at_s + 2 * window_s + 1, stop.halted_at_s + 2 * breaker.cooldown_s)
    wait(probe, over_s - probe.state.time_s)
    times_s = breaker.window_s, breaker.cooldown_s
    probe.do("set_breaker", probe.cast.risk_manager, market, rate_wad, *times_s, 0)
    if not probe.do("accrue_funding", scene.buyer, market).done:
        return None
    words = f"{market_name(probe.state, market)} was observed at {quote(anchor_wad)}"
    side = choices.pick((1, -1))
    if choices.chance(35):
        # Half way, and a window later: that is what counts from then on.
        half_wad = floor_to_multiple(anchor_wad + side * (anchor_wad * rate_wad // (2 * WAD)), listed.tick_wad)
        wait(probe, window_s)
        if half_wad <= 0 or not says(probe, market, half_wad):
            return None
        if not probe.do("accrue_funding", scene.seller, market).done:
            return None
        words, anchor_wad = f"{words}, a window later at {quote(half_wad)}", half_wad
    wait(probe, choices.pick((0, 1, window_s - 1, window_s, 2 * window_s)))
    reach_wad = rate_wad * anchor_wad // WAD
    tick_wad = listed.tick_wad
    edge_wad = (
        floor_to_multiple(anchor_wad + reach_wad, tick_wad)
        if side > 0
        else ceil_to_multiple(anchor_wad - reach_wad, tick_wad)
    )
    edge_wad += side * tick_wad * choices.pick((1, 1, 1, 50)) if too_far else 0
    if edge_wad <= 0 or not says(probe, market, edge_wad):
        return None
    return Move(scene, too_far, f"{words}, and is {quote(edge_wad)} now, with a trip rate of {quote(rate_wad)}")


def _payer_out(probe: Probe, units: int) -> bool:
    """Let the backstop own so many units of the settlement token and nothing else that it could owe."""
    backstop = probe.cast.backstop
    probe.fund(backstop, [units])
    account = probe.state.accounts[backstop]
    scale = probe.state.parameters.collaterals[0].quote_wad_per_unit
    return not any(account.sizes_wad) and account.cash_wad // scale >= units and probe.state.pool_units[0] >= units


def limit_outflow(probe: Probe) -> tuple[int, int] | None:
    """Set a limit of what may leave, of which nothing is used, and give the backstop more than that: (limit, window)."""
    choices, cast = probe.choices, probe.cast
    wait(probe, probe.state.breakers.pause.until_s - probe.state.time_s)
    limit_units = choices.pick((2, 101, 1 + 10 ** probe.state.parameters.collaterals[0].decimals))
    window_s = choices.pick((7, 60, 1_000))
    if not _payer_out(probe, 3 * limit_units):
        return None
    probe.do("set_outflow_limit", cast.risk_manager, 0, 0, 0)
    if not probe.do("set_outflow_limit", cast.risk_manager, 0, limit_units, window_s).done:
        return None
    return limit_units, window_s


def take_out(probe: Probe, units: int) -> Outcome:
    return probe.do("withdraw", probe.cast.backstop, probe.cast.backstop, 0, units)
