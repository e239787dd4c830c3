"""BREAK: circuit breakers. What stops when something is wrong, what must go on, and when it begins again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from reference.breaker_parameters import Breaker
from reference.parts import part_of
from reference.prices import FRESH, mark_status
from reference.requirements import notional_wad
from reference.rounding import WAD, ceil_to_multiple, div_ceil, floor_to_multiple
from reference.state import Bucket, Part, State
from underwater.actions import Bundle, Outcome
from underwater.checks import Check, Probe, Step, Verdict, kinds, market_name, quote, tokens
from underwater.checks.liquidation import has_means, prey_of

_MEANS = 10**9
"""Whole settlement tokens given to those who trade for a probe, so that no margin test decides."""
_STOPS_GROWTH = ("OnlyReductions", "OpenInterestCapExceeded")
_STOPS_LEAVING = ("WithdrawalsPaused", "OutflowLimitExceeded")
_NO_BREAKER = (0, 0, 0, 0)


class _Scene(NamedTuple):
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


def _wait(probe: Probe, seconds: int) -> None:
    if seconds > 0:
        probe.wait(seconds)
        _say_again(probe)


def _open_market(probe: Probe, wanted: Sequence[int]) -> int | None:
    """A market with a usable mark, once any pause is over, and without any breaker: a wanted one before others."""
    choices, cast = probe.choices, probe.cast
    _wait(probe, probe.state.breakers.pause.grace_until_s - probe.state.time_s)
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


def _scene(probe: Probe, wanted: Sequence[int] = ()) -> _Scene | None:
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
    return _Scene(market, buyer, seller, mark_wad, size_wad)


def _grow(probe: Probe, scene: _Scene) -> Outcome:
    """The two trade one lot more, at the mark."""
    listed = probe.state.parameters.markets[scene.market]
    mark_wad = mark_status(probe.state, listed)[1]
    return probe.do("trade", probe.cast.matcher, scene.market, scene.buyer, scene.seller, listed.lot_wad, mark_wad)


def _says(probe: Probe, market: int, mark_wad: int) -> bool:
    """Have a market's sources say what makes a mark, exactly; False where they cannot, or what they say is not believed."""
    listed = probe.state.parameters.markets[market]
    feeds = [listed.feed] if listed.second is None else [listed.feed, listed.second.feed]
    for feed in feeds:
        probe.do("publish", probe.cast.publisher, feed.feed, div_ceil(mark_wad, feed.scale), 0)
    return mark_status(probe.state, listed) == (FRESH, mark_wad)


class _Move(NamedTuple):
    """What became of a price that moved, and whether that was too far."""

    scene: _Scene
    too_far: bool
    words: str


def _moved(probe: Probe, too_far: bool) -> _Move | None:
    """A price is observed, perhaps another a window later, and then it moves to where a breaker trips, or only just does not."""
    scene = _scene(probe)
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
    _wait(probe, over_s - probe.state.time_s)
    times_s = breaker.window_s, breaker.cooldown_s
    probe.do("set_breaker", probe.cast.risk_manager, market, rate_wad, *times_s, 0)
    if not probe.do("accrue_funding", scene.buyer, market).done:
        return None
    words = f"{market_name(probe.state, market)} was observed at {quote(anchor_wad)}"
    side = choices.pick((1, -1))
    if choices.chance(35):
        # Half way, and a window later: that is what counts from then on.
        half_wad = floor_to_multiple(anchor_wad + side * (anchor_wad * rate_wad // (2 * WAD)), listed.tick_wad)
        _wait(probe, window_s)
        if half_wad <= 0 or not _says(probe, market, half_wad):
            return None
        if not probe.do("accrue_funding", scene.seller, market).done:
            return None
        words, anchor_wad = f"{words}, a window later at {quote(half_wad)}", half_wad
    _wait(probe, choices.pick((0, 1, window_s - 1, window_s, 2 * window_s)))
    reach_wad = rate_wad * anchor_wad // WAD
    tick_wad = listed.tick_wad
    edge_wad = (
        floor_to_multiple(anchor_wad + reach_wad, tick_wad)
        if side > 0
        else ceil_to_multiple(anchor_wad - reach_wad, tick_wad)
    )
    edge_wad += side * tick_wad * choices.pick((1, 1, 1, 50)) if too_far else 0
    if edge_wad <= 0 or not _says(probe, market, edge_wad):
        return None
    return _Move(scene, too_far, f"{words}, and is {quote(edge_wad)} now, with a trip rate of {quote(rate_wad)}")


def _halts(probe: Probe) -> Verdict:
    """BREAK-01. Whether or not anybody has recorded it."""
    move = _moved(probe, too_far=True)
    if move is None:
        return False
    if probe.choices.chance(40):
        noted = probe.do("accrue_funding", move.scene.buyer, move.scene.market)
        if not any(event[0] == "MarketHalted" for event in noted.events):
            return f"{move.words}: observed, and not halted ({noted.error or 'done'})"
    outcome = _grow(probe, move.scene)
    return f"{move.words}: positions could grow" if outcome.done else True


def _halts_for_no_less(probe: Probe) -> Verdict:
    """BREAK-02."""
    move = _moved(probe, too_far=False)
    if move is None:
        return False
    noted = probe.do("accrue_funding", move.scene.buyer, move.scene.market)
    if any(event[0] == "MarketHalted" for event in noted.events):
        return f"{move.words}: halted"
    outcome = _grow(probe, move.scene)
    if outcome.error in _STOPS_GROWTH:
        return f"{move.words}: positions could not grow: {outcome.error}"
    return outcome.done


def _stopped(state: State) -> Iterator[tuple[int, bool]]:
    """The markets in which positions may only shrink (True) or open interest may not rise (False), by what was recorded."""
    now_s, paused = state.time_s, state.time_s < state.breakers.pause.grace_until_s
    for number, (listed, stop) in enumerate(zip(state.parameters.markets, state.breakers.stops, strict=True)):
        cooldown_s = listed.breaker.cooldown_s
        halted = bool(listed.breaker.trip_rate_wad and stop.halted_at_s) and now_s < stop.halted_at_s + 2 * cooldown_s
        if paused or stop.reduce_only or (halted and now_s < stop.halted_at_s + cooldown_s):
            yield number, True
        elif halted:
            yield number, False


def _only_shrinks(step: Step) -> Verdict:
    """BREAK-03. But for a liquidator, who takes over within his own margin."""
    if isinstance(step.act, Bundle) and any(action.kind == "liquidate" for action in step.act.actions):
        return False
    exercised = False
    liquidator = step.action.arguments[0] if step.action is not None and step.kind == "liquidate" else None
    for market, shrinks in _stopped(step.before):
        interest_before, interest = step.before.open_interest_wad[market], step.after.open_interest_wad[market]
        if interest > interest_before:
            where = market_name(step.before, market)
            return (
                f"open interest of {where}, which is stopped, rose from {quote(interest_before)} to {quote(interest)}"
            )
        for name in step.participants if shrinks else ():
            was, now = (state.accounts[name].sizes_wad[market] for state in (step.before, step.after))
            if was == now or name == liquidator:
                continue
            exercised = True
            if not (0 <= now < was or was < now <= 0):
                where = market_name(step.before, market)
                return f"{name} went from {quote(was)} to {quote(now)} in {where}, where positions may only shrink"
        exercised = exercised or interest < interest_before
    return exercised


def _stop(probe: Probe, scene: _Scene) -> str:
    """Stop a market in one of the ways there are, in words; empty where that was refused."""
    choices, cast = probe.choices, probe.cast
    manner = choices.integer(0, 3)
    if manner == 0:
        done = probe.do("set_reduce_only", cast.risk_manager, scene.market, True).done
        return "only lets positions shrink" if done else ""
    if manner == 1:
        probe.do("set_pause_parameters", cast.risk_manager, 60, 60, 120)
        _wait(probe, probe.state.breakers.pause.pausable_from_s - probe.state.time_s)
        return "is paused" if probe.do("pause", cast.guardian, 60).done else ""
    if manner == 2:
        probe.do("set_breaker", cast.risk_manager, scene.market, 1, 60, 60, 0)
        probe.do("accrue_funding", scene.buyer, scene.market)
        listed = probe.state.parameters.markets[scene.market]
        if not _says(probe, scene.market, scene.mark_wad + listed.tick_wad):
            return ""
        return "is halted" if probe.do("accrue_funding", scene.buyer, scene.market).done else ""
    lot_wad = probe.state.parameters.markets[scene.market].lot_wad
    done = probe.do("set_breaker", cast.risk_manager, scene.market, 0, 0, 0, lot_wad).done
    return "is above its open interest cap" if done else ""


def _goes_on(probe: Probe) -> Verdict:
    """BREAK-04. A deposit, a settlement, a reduction of both sides; and, unless paused, a liquidation."""
    # Where somebody is to be liquidated, if anywhere.
    fallen = [part_of(probe.state, part).sizes_wad for part in prey_of(probe)]
    scene = _scene(probe, [number for sizes in fallen for number, size in enumerate(sizes) if size])
    if scene is None:
        return False
    how = _stop(probe, scene)
    if not how:
        return False
    market, cast = scene.market, probe.cast
    where = f"{market_name(probe.state, market)} {how}"
    payer = next((name for name in cast.accounts if probe.state.wallets[name][0]), None)
    may = probe.do("set_deposit_cap", cast.risk_manager, 0, probe.state.pool_units[0] + 1)
    if may.done and payer is not None:
        outcome = probe.do("deposit", payer, payer, 0, 1)
        if not outcome.done:
            return f"{where}, and a unit could not be deposited: {outcome.error}"
    listed = probe.state.parameters.markets[market]
    status, mark_wad = mark_status(probe.state, listed)
    if status != FRESH:
        return False
    outcome = probe.do("settle", scene.buyer, scene.buyer, market)
    if not outcome.done:
        return f"{where}, and a position could not be settled: {outcome.error}"
    part_wad = probe.choices.pick((listed.lot_wad, scene.size_wad))
    outcome = probe.do("trade", cast.matcher, market, scene.seller, scene.buyer, part_wad, mark_wad)
    if not outcome.done:
        return f"{where}, and two positions could not be reduced: {outcome.error}"
    if how == "is paused":
        return True
    prey = [part for part in prey_of(probe) if part_of(probe.state, part).sizes_wad[market]]
    if prey:
        part = probe.choices.pick(prey)
        name = part.account if isinstance(part, Bucket) else part
        if not has_means(probe, notional_wad(listed.lot_wad, mark_wad)):
            return True
        outcome = probe.do("liquidate", cast.backstop, cast.backstop, name, market, listed.lot_wad)
        if outcome.error in (*_STOPS_GROWTH, "LiquidationsPaused"):
            return f"{where}, and {part} could not be liquidated: {outcome.error}"
    return True


def _payer_out(probe: Probe, units: int) -> bool:
    """Let the backstop own so many units of the settlement token and nothing else that it could owe."""
    backstop = probe.cast.backstop
    probe.fund(backstop, [units])
    account = probe.state.accounts[backstop]
    scale = probe.state.parameters.collaterals[0].quote_wad_per_unit
    return not any(account.sizes_wad) and account.cash_wad // scale >= units and probe.state.pool_units[0] >= units


def _limited(probe: Probe) -> tuple[int, int] | None:
    """Set a limit of what may leave, of which nothing is used, and give the backstop more than that: (limit, window)."""
    choices, cast = probe.choices, probe.cast
    _wait(probe, probe.state.breakers.pause.until_s - probe.state.time_s)
    limit_units = choices.pick((2, 101, 1 + 10 ** probe.state.parameters.collaterals[0].decimals))
    window_s = choices.pick((7, 60, 1_000))
    if not _payer_out(probe, 3 * limit_units):
        return None
    probe.do("set_outflow_limit", cast.risk_manager, 0, 0, 0)
    if not probe.do("set_outflow_limit", cast.risk_manager, 0, limit_units, window_s).done:
        return None
    return limit_units, window_s


def _out(probe: Probe, units: int) -> Outcome:
    return probe.do("withdraw", probe.cast.backstop, probe.cast.backstop, 0, units)


def _outflow_in_parts(probe: Probe) -> Verdict:
    """BREAK-05, of what leaves: in parts, at one time or as time passes, no more than at once."""
    limited = _limited(probe)
    if limited is None:
        return False
    choices, (limit_units, window_s) = probe.choices, limited
    limit = tokens(probe.state, 0, limit_units)
    if _out(probe, limit_units + 1).done:
        return f"more than {limit} left at once, the limit of {window_s} s"
    first = choices.integer(1, limit_units - 1)
    outcomes = [_out(probe, first), _out(probe, limit_units + 1 - first)]
    if all(outcome.done for outcome in outcomes):
        return f"more than {limit} left in two parts, the limit of {window_s} s"
    rest = _out(probe, limit_units - first)
    if not rest.done:
        return f"less than the limit of {limit} in {window_s} s could leave: {rest.error}"
    _wait(probe, 1)
    more = limit_units // window_s + 1
    if more <= limit_units and _out(probe, more).done:
        return f"{tokens(probe.state, 0, more)} left a second after all of {limit} in {window_s} s had"
    return True


def _growth_in_parts(probe: Probe) -> Verdict:
    """BREAK-05, of positions: turned round in one trade or in two, or grown above a cap."""
    scene = _scene(probe)
    if scene is None:
        return False
    choices, cast, market = probe.choices, probe.cast, scene.market
    lot_wad = probe.state.parameters.markets[market].lot_wad
    turns = choices.chance(50)
    if turns:
        sides, parts = (scene.seller, scene.buyer), (scene.size_wad, lot_wad)
        if not probe.do("set_reduce_only", cast.risk_manager, market, True).done:
            return False
    else:
        sides, parts = (scene.buyer, scene.seller), (lot_wad, lot_wad)
        cap_wad = probe.state.open_interest_wad[market] + lot_wad
        if not probe.do("set_breaker", cast.risk_manager, market, 0, 0, 0, cap_wad).done:
            return False
    what = f"a position in {market_name(probe.state, market)}"
    how = "turned round, where positions may only shrink" if turns else "grown above the cap on open interest"
    probe.branch()
    whole = probe.do("trade", cast.matcher, market, *sides, sum(parts), scene.mark_wad)
    probe.back()
    if whole.done:
        return f"{what} could be {how}"
    if whole.error not in _STOPS_GROWTH:
        return False
    if all(probe.do("trade", cast.matcher, market, *sides, part, scene.mark_wad).done for part in parts):
        return f"{what} could be {how}, in two trades"
    return True


def _in_parts(probe: Probe) -> Verdict:
    """BREAK-05."""
    return _outflow_in_parts(probe) if probe.choices.chance(50) else _growth_in_parts(probe)


def _within_cap(step: Step) -> Verdict:
    """BREAK-06. Caps that stood before the act: bundles set none."""
    exercised = False
    for number, market in enumerate(step.before.parameters.markets):
        cap_wad = market.breaker.open_interest_cap_wad
        interest = step.after.open_interest_wad[number]
        if cap_wad and interest > step.before.open_interest_wad[number]:
            exercised = True
            held_wad = sum(max(0, account.sizes_wad[number]) for account in step.after.accounts.values())
            if max(interest, held_wad) > cap_wad:
                where, rose = market_name(step.before, number), quote(max(interest, held_wad))
                return f"open interest of {where} rose to {rose}, above its cap of {quote(cap_wad)}"
    return exercised


def _halt_ends(probe: Probe) -> Verdict:
    """BREAK-07, of a halt: whoever prods it meanwhile."""
    move = _moved(probe, too_far=True)
    if move is None or not probe.do("accrue_funding", move.scene.buyer, move.scene.market).done:
        return False
    scene, choices = move.scene, probe.choices
    cooldown_s = probe.state.parameters.markets[scene.market].breaker.cooldown_s
    begun_s, prods = probe.state.time_s, choices.integer(1, 3)
    if cooldown_s > prods:
        for _ in range(prods):
            _wait(probe, cooldown_s // (prods + 1))
            probe.do("accrue_funding", scene.seller, scene.market)
    _wait(probe, begun_s + 2 * cooldown_s - probe.state.time_s)
    outcome = _grow(probe, scene)
    if outcome.error in _STOPS_GROWTH:
        return f"{move.words}; twice the cooldown of {cooldown_s} s later positions could not grow: {outcome.error}"
    return outcome.done


def _pause_ends(probe: Probe) -> Verdict:
    """BREAK-07, of a pause: whatever a guardian tries meanwhile, and without anybody ending it."""
    scene = _scene(probe)
    if scene is None:
        return False
    choices, cast = probe.choices, probe.cast
    longest_s, grace_s = choices.pick((2, 60)), choices.pick((0, 30))
    rest_s = longest_s + grace_s + choices.pick((0, 10))
    probe.do("set_pause_parameters", cast.risk_manager, longest_s, grace_s, rest_s)
    _wait(probe, probe.state.breakers.pause.pausable_from_s - probe.state.time_s)
    if not probe.do("pause", cast.guardian, longest_s).done:
        return False
    begun_s = probe.state.time_s
    _wait(probe, choices.integer(1, longest_s))
    again = probe.do("pause", cast.guardian, longest_s)
    if again.done:
        return f"a pause of {longest_s} s could be renewed after {probe.state.time_s - begun_s} s"
    _wait(probe, begun_s + longest_s + grace_s - probe.state.time_s)
    outcome = _grow(probe, scene)
    if outcome.error in _STOPS_GROWTH:
        return f"pause of {longest_s} s and grace of {grace_s} s have passed, and nothing can grow: {outcome.error}"
    again = probe.do("pause", cast.guardian, longest_s)
    if again.done:
        return f"the next pause could begin when the grace of the last had just ended, which leaves {rest_s} s between them"
    part = next(iter(prey_of(probe)), None)
    if isinstance(part, str) and any(probe.state.accounts[part].sizes_wad):
        number = next(number for number, size in enumerate(probe.state.accounts[part].sizes_wad) if size)
        lot_wad = probe.state.parameters.markets[number].lot_wad
        taken = probe.do("liquidate", cast.backstop, cast.backstop, part, number, lot_wad)
        if taken.error == "LiquidationsPaused":
            return f"{part} could not be liquidated once pause and grace had ended"
    return outcome.done


def _outflow_ends(probe: Probe) -> Verdict:
    """BREAK-07, of what may leave: all of it again after one window, however often somebody has taken a little."""
    limited = _limited(probe)
    if limited is None:
        return False
    choices, (limit_units, window_s) = probe.choices, limited
    if not _out(probe, limit_units).done:
        return False
    little = 0
    for _ in range(choices.integer(0, 3)):
        _wait(probe, 1)
        little += _out(probe, 1).done
    _wait(probe, window_s)
    again = limit_units - little
    outcome = _out(probe, again) if again > 0 else None
    if outcome is not None and outcome.error in _STOPS_LEAVING:
        amount = tokens(probe.state, 0, again)
        return f"{window_s} s after the limit of {window_s} s was used up, {amount} could not leave: {outcome.error}"
    return outcome is not None and outcome.done


_ENDS: tuple[Callable[[Probe], Verdict], ...] = (_halt_ends, _pause_ends, _outflow_ends)


def _reopens(probe: Probe) -> Verdict:
    """BREAK-07."""
    return probe.choices.pick(_ENDS)(probe)


def _falls(probe: Probe) -> list[Part]:
    """Whoever is to be liquidated after a market has moved far against most that somebody holds there."""
    held = [
        (number, size)
        for name in probe.cast.accounts
        for number, size in enumerate(probe.state.accounts[name].sizes_wad)
        if size
    ]
    if not held:
        return []
    market, size_wad = probe.choices.pick(held)
    status, mark_wad = mark_status(probe.state, probe.state.parameters.markets[market])
    if status != FRESH:
        return []
    tick_wad = probe.state.parameters.markets[market].tick_wad
    _says(probe, market, floor_to_multiple(mark_wad * 6 // (10 if size_wad > 0 else 4), tick_wad) or tick_wad)
    return prey_of(probe)


def _gives_time(probe: Probe) -> Verdict:
    """BREAK-09. In every market and of every collateral, and as long when a pause ends early."""
    choices, cast = probe.choices, probe.cast
    prey = prey_of(probe) or _falls(probe)
    longest_s, grace_s = choices.pick((2, 60)), choices.pick((5, 30))
    probe.do("set_pause_parameters", cast.risk_manager, longest_s, grace_s, longest_s + grace_s)
    _wait(probe, probe.state.breakers.pause.pausable_from_s - probe.state.time_s)
    if not probe.do("pause", cast.guardian, longest_s).done:
        return False
    if choices.chance(50):
        _wait(probe, 1)
        if not probe.do("unpause", cast.guardian).done:
            return False
    else:
        _wait(probe, longest_s)
    _wait(probe, choices.integer(0, grace_s - 1))
    if not prey:
        return False
    part = choices.pick(prey)
    name, account = part.account if isinstance(part, Bucket) else part, part_of(probe.state, part)
    held = [number for number, size in enumerate(account.sizes_wad) if size]
    owned = [number for number, units in enumerate(account.units) if units]
    if held and (not owned or choices.chance(60)):
        number = choices.pick(held)
        lot_wad = probe.state.parameters.markets[number].lot_wad
        if not has_means(probe, abs(account.sizes_wad[number]) * WAD):
            return False
        outcome = probe.do("liquidate", cast.backstop, cast.backstop, name, number, lot_wad)
    elif owned and isinstance(part, str):
        has_means(probe, abs(account.cash_wad))
        outcome = probe.do("seize", cast.backstop, cast.backstop, name, choices.pick(owned), 1)
    else:
        return False
    if outcome.done:
        return f"{part} was liquidated within {grace_s} s of a pause's end"
    return outcome.error == "LiquidationsPaused"


CHECKS = (
    Check(
        "BREAK-01",
        "a market halts whenever its mark has moved by more than its breaker allows",
        probe=_halts,
        probe_weight=5,
    ),
    Check("BREAK-02", "no market halts for less", probe=_halts_for_no_less),
    Check(
        "BREAK-03",
        "while a market is stopped no open interest rises and no position grows or turns, but a liquidator's",
        _only_shrinks,
        kinds("trade", "execute_order", "liquidate", "settle", "isolate", "join", "move_margin", "seize", "bundle"),
        of_done=True,
    ),
    Check(
        "BREAK-04",
        "while a market is stopped deposits, settlements, reductions and, but for a pause, liquidations go on",
        probe=_goes_on,
        probe_weight=3,
    ),
    Check(
        "BREAK-05",
        "splitting an action never passes a breaker that the whole would not",
        probe=_in_parts,
        probe_weight=3,
    ),
    Check(
        "BREAK-06",
        "no action raises open interest above its cap",
        _within_cap,
        kinds("trade", "execute_order", "liquidate", "bundle"),
        of_done=True,
    ),
    Check(
        "BREAK-07", "whatever stops begins again when its rule says so, without a call", probe=_reopens, probe_weight=3
    ),
    Check("BREAK-09", "after a pause nobody is liquidated who was not given time", probe=_gives_time, probe_weight=4),
)
