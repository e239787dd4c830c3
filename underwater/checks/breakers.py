"""BREAK-01 to BREAK-06: circuit breakers. What stops when something is wrong, and what must go on."""

from __future__ import annotations

from collections.abc import Iterator

from reference.parts import part_of
from reference.prices import FRESH, mark_status
from reference.requirements import notional_wad
from reference.state import Bucket, State
from underwater.actions import Bundle
from underwater.checks import Check, Probe, Step, Verdict, kinds, market_name, quote, tokens
from underwater.checks.liquidation import has_means, prey_of
from underwater.checks.scenes import (
    STOPS_GROWTH,
    Scene,
    grow,
    limit_outflow,
    move_price,
    says,
    set_scene,
    take_out,
    wait,
)

_UNUSABLE = ("FeedUnavailable", "PriceOutOfBounds", "PriceStale", "PriceUncertain")


def _halts(probe: Probe) -> Verdict:
    """BREAK-01. Whether or not anybody has recorded it."""
    move = move_price(probe, too_far=True)
    if move is None:
        return False
    if probe.choices.chance(40):
        noted = probe.do("accrue_funding", move.scene.buyer, move.scene.market)
        if not any(event[0] == "MarketHalted" for event in noted.events):
            return f"{move.words}: observed, and not halted ({noted.error or 'done'})"
    outcome = grow(probe, move.scene)
    return f"{move.words}: positions could grow" if outcome.done else True


def _halts_for_no_less(probe: Probe) -> Verdict:
    """BREAK-02."""
    move = move_price(probe, too_far=False)
    if move is None:
        return False
    noted = probe.do("accrue_funding", move.scene.buyer, move.scene.market)
    if any(event[0] == "MarketHalted" for event in noted.events):
        return f"{move.words}: halted"
    outcome = grow(probe, move.scene)
    if outcome.error in STOPS_GROWTH:
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


def _stop(probe: Probe, scene: Scene) -> str:
    """Stop a market in one of the ways there are, in words; empty where that was refused."""
    choices, cast = probe.choices, probe.cast
    manner = choices.integer(0, 3)
    if manner == 0:
        done = probe.do("set_reduce_only", cast.risk_manager, scene.market, True).done
        return "only lets positions shrink" if done else ""
    if manner == 1:
        probe.do("set_pause_parameters", cast.risk_manager, 60, 60, 120)
        wait(probe, probe.state.breakers.pause.pausable_from_s - probe.state.time_s)
        return "is paused" if probe.do("pause", cast.guardian, 60).done else ""
    if manner == 2:
        probe.do("set_breaker", cast.risk_manager, scene.market, 1, 60, 60, 0)
        probe.do("accrue_funding", scene.buyer, scene.market)
        listed = probe.state.parameters.markets[scene.market]
        if not says(probe, scene.market, scene.mark_wad + listed.tick_wad):
            return ""
        return "is halted" if probe.do("accrue_funding", scene.buyer, scene.market).done else ""
    lot_wad = probe.state.parameters.markets[scene.market].lot_wad
    done = probe.do("set_breaker", cast.risk_manager, scene.market, 0, 0, 0, lot_wad).done
    return "is above its open interest cap" if done else ""


def _goes_on(probe: Probe) -> Verdict:
    """BREAK-04. A deposit, a settlement, a reduction of both sides; and, unless paused, a liquidation."""
    # Where somebody is to be liquidated, if anywhere.
    fallen = [part_of(probe.state, part).sizes_wad for part in prey_of(probe)]
    scene = set_scene(probe, [number for sizes in fallen for number, size in enumerate(sizes) if size])
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
    if outcome.error in _UNUSABLE:
        return False  # what was said of this market may be out of another one's bounds, or uncertain there (O5)
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
        if outcome.error in (*STOPS_GROWTH, "LiquidationsPaused"):
            return f"{where}, and {part} could not be liquidated: {outcome.error}"
    return True


def _outflow_in_parts(probe: Probe) -> Verdict:
    """BREAK-05, of what leaves: in parts, at one time or as time passes, no more than at once."""
    limited = limit_outflow(probe)
    if limited is None:
        return False
    choices, (limit_units, window_s) = probe.choices, limited
    limit = tokens(probe.state, 0, limit_units)
    if take_out(probe, limit_units + 1).done:
        return f"more than {limit} left at once, the limit of {window_s} s"
    first = choices.integer(1, limit_units - 1)
    outcomes = [take_out(probe, first), take_out(probe, limit_units + 1 - first)]
    if all(outcome.done for outcome in outcomes):
        return f"more than {limit} left in two parts, the limit of {window_s} s"
    rest = take_out(probe, limit_units - first)
    if not rest.done:
        return f"less than the limit of {limit} in {window_s} s could leave: {rest.error}"
    wait(probe, 1)
    more = limit_units // window_s + 1
    if more <= limit_units and take_out(probe, more).done:
        return f"{tokens(probe.state, 0, more)} left a second after all of {limit} in {window_s} s had"
    return True


def _growth_in_parts(probe: Probe) -> Verdict:
    """BREAK-05, of positions: turned round in one trade or in two, or grown above a cap."""
    scene = set_scene(probe)
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
    if whole.error not in STOPS_GROWTH:
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


CHECKS = (
    Check(
        "BREAK-01",
        "a market halts whenever its mark has moved by more than its breaker allows",
        probe=_halts,
        probe_weight=5,
    ),
    Check("BREAK-02", "no market halts for less", probe=_halts_for_no_less, probe_weight=4),
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
)
