"""BREAK-07 and BREAK-09: what stops begins again by itself, and leaves time after it."""

from __future__ import annotations

from collections.abc import Callable

from reference.parts import part_of
from reference.prices import FRESH, mark_status
from reference.rounding import WAD, floor_to_multiple
from reference.state import Bucket, Part
from underwater.checks import Check, Probe, Verdict, tokens
from underwater.checks.liquidation import has_means, prey_of
from underwater.checks.scenes import (
    STOPS_GROWTH,
    grow,
    limit_outflow,
    move_price,
    says,
    set_scene,
    take_out,
    wait,
)

_STOPS_LEAVING = ("WithdrawalsPaused", "OutflowLimitExceeded")


def _halt_ends(probe: Probe) -> Verdict:
    """BREAK-07, of a halt: whoever prods it meanwhile."""
    move = move_price(probe, too_far=True)
    if move is None or not probe.do("accrue_funding", move.scene.buyer, move.scene.market).done:
        return False
    scene, choices = move.scene, probe.choices
    cooldown_s = probe.state.parameters.markets[scene.market].breaker.cooldown_s
    begun_s, prods = probe.state.time_s, choices.integer(1, 3)
    if cooldown_s > prods:
        for _ in range(prods):
            wait(probe, cooldown_s // (prods + 1))
            probe.do("accrue_funding", scene.seller, scene.market)
    wait(probe, begun_s + 2 * cooldown_s - probe.state.time_s)
    outcome = grow(probe, scene)
    if outcome.error in STOPS_GROWTH:
        return f"{move.words}; twice the cooldown of {cooldown_s} s later positions could not grow: {outcome.error}"
    return outcome.done


def _pause_ends(probe: Probe) -> Verdict:
    """BREAK-07, of a pause: whatever a guardian tries meanwhile, and without anybody ending it."""
    scene = set_scene(probe)
    if scene is None:
        return False
    choices, cast = probe.choices, probe.cast
    longest_s, grace_s = choices.pick((2, 60)), choices.pick((0, 30))
    rest_s = longest_s + grace_s + choices.pick((0, 10))
    probe.do("set_pause_parameters", cast.risk_manager, longest_s, grace_s, rest_s)
    wait(probe, probe.state.breakers.pause.pausable_from_s - probe.state.time_s)
    if not probe.do("pause", cast.guardian, longest_s).done:
        return False
    begun_s = probe.state.time_s
    wait(probe, choices.integer(1, longest_s))
    again = probe.do("pause", cast.guardian, longest_s)
    if again.done:
        return f"a pause of {longest_s} s could be renewed after {probe.state.time_s - begun_s} s"
    wait(probe, begun_s + longest_s + grace_s - probe.state.time_s)
    outcome = grow(probe, scene)
    if outcome.error in STOPS_GROWTH:
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
    limited = limit_outflow(probe)
    if limited is None:
        return False
    choices, (limit_units, window_s) = probe.choices, limited
    if not take_out(probe, limit_units).done:
        return False
    little = 0
    for _ in range(choices.integer(0, 3)):
        wait(probe, 1)
        little += take_out(probe, 1).done
    wait(probe, window_s)
    again = limit_units - little
    outcome = take_out(probe, again) if again > 0 else None
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
    says(probe, market, floor_to_multiple(mark_wad * 6 // (10 if size_wad > 0 else 4), tick_wad) or tick_wad)
    return prey_of(probe)


def _gives_time(probe: Probe) -> Verdict:
    """BREAK-09. In every market and of every collateral, and as long when a pause ends early."""
    choices, cast = probe.choices, probe.cast
    prey = prey_of(probe) or _falls(probe)
    longest_s, grace_s = choices.pick((2, 60)), choices.pick((5, 30))
    probe.do("set_pause_parameters", cast.risk_manager, longest_s, grace_s, longest_s + grace_s)
    wait(probe, probe.state.breakers.pause.pausable_from_s - probe.state.time_s)
    if not probe.do("pause", cast.guardian, longest_s).done:
        return False
    if choices.chance(50):
        wait(probe, 1)
        if not probe.do("unpause", cast.guardian).done:
            return False
    else:
        wait(probe, longest_s)
    wait(probe, choices.integer(0, grace_s - 1))
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
        "BREAK-07", "whatever stops begins again when its rule says so, without a call", probe=_reopens, probe_weight=3
    ),
    Check("BREAK-09", "after a pause nobody is liquidated who was not given time", probe=_gives_time, probe_weight=7),
)
