"""Situations of the BREAK checks: engines that stop, go on and begin again as they should, and engines that do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.rounding import WAD
from reference.state import State
from tests.checks.probes import ReferenceProbe, accepting, cheating, refusing
from tests.checks.support import BUY, after, after_account, opened, plus, state_after, sunk, taken
from tests.hunt.support import BTC
from underwater.actions import Action, Outcome
from underwater.checks import Step, breakers, reopening

Make = Callable[[], Step | ReferenceProbe]

_PROBES = {check.id: check.probe for check in (*breakers.CHECKS, *reopening.CHECKS) if check.probe is not None}


def _stream(check_id: str, make: Callable[[int], ReferenceProbe], says: Callable[[object], bool]) -> int:
    """The first stream of which a check says what is looked for."""
    probe = _PROBES[check_id]
    assert probe is not None
    return next(stream for stream in range(400) if says(probe(make(stream))))


def _sound(check_id: str, state: Callable[[], State]) -> Make:
    def make() -> ReferenceProbe:
        stream = _stream(check_id, lambda number: ReferenceProbe(state(), number), lambda verdict: verdict is True)
        return ReferenceProbe(state(), stream)

    return make


def _wrong(check_id: str, engine: type[ReferenceProbe], state: Callable[[], State]) -> Make:
    def make() -> ReferenceProbe:
        stream = _stream(check_id, lambda number: engine(state(), number), lambda verdict: isinstance(verdict, str))
        return engine(state(), stream)

    return make


class _NeverStops(ReferenceProbe):
    """An engine in which no breaker is ever set, though it says so."""

    def do(self, kind: str, caller: str, *arguments: Any) -> Outcome:
        if kind in ("set_breaker", "set_reduce_only", "set_outflow_limit", "pause"):
            return Outcome(None, (), ())
        return super().do(kind, caller, *arguments)


class _TripsTooSoon(ReferenceProbe):
    """An engine whose markets halt by half of the move."""

    def do(self, kind: str, caller: str, *arguments: Any) -> Outcome:
        if kind == "set_breaker" and arguments[1]:
            arguments = (arguments[0], arguments[1] // 2, *arguments[2:])
        return super().do(kind, caller, *arguments)


class _NeverReopens(ReferenceProbe):
    """An engine in which nothing that was stopped begins again."""

    def do(self, kind: str, caller: str, *arguments: Any) -> Outcome:
        if kind == "set_breaker" and arguments[1]:
            arguments = (*arguments[:3], 86_400, arguments[4])
        if kind == "set_outflow_limit" and arguments[2]:
            arguments = (*arguments[:2], 604_800)
        return super().do(kind, caller, *arguments)


def _without_grace(state: State, _arguments: tuple[Any, ...]) -> State:
    pause = state.breakers.pause
    return state._replace(breakers=state.breakers._replace(pause=pause._replace(grace_until_s=pause.until_s)))


def shrinking() -> State:
    """Bitcoin only shrinks."""
    return state_after(Action("set_reduce_only", "risk-manager", (BTC, True)), state=opened())


def capped() -> State:
    """Bitcoin's open interest may rise by no more than one."""
    open_wad = opened().open_interest_wad[BTC]
    return state_after(Action("set_breaker", "risk-manager", (BTC, 0, 0, 0, open_wad + 100 * WAD)), state=opened())


def grown_above(step: Step) -> Step:
    """There is more open interest than the cap lets be."""
    interest = list(step.after.open_interest_wad)
    interest[BTC] += 1_000 * WAD
    return after(step, open_interest_wad=tuple(interest))


SELL_SOME = Action("trade", "matcher", (BTC, "maker", "trader-1", WAD // 10, 60_000 * WAD))

SOUND_STOPS: list[tuple[str, str, Make]] = [
    ("BREAK-01", "a move that is too far", _sound("BREAK-01", opened)),
    ("BREAK-02", "a move that is not", _sound("BREAK-02", opened)),
    ("BREAK-03", "both sides reduce", lambda: taken(shrinking(), SELL_SOME)),
    ("BREAK-04", "something is stopped", _sound("BREAK-04", opened)),
    ("BREAK-05", "something in two parts", _sound("BREAK-05", opened)),
    ("BREAK-06", "growth below a cap", lambda: taken(capped(), BUY)),
    ("BREAK-07", "something ends", _sound("BREAK-07", opened)),
    ("BREAK-09", "somebody is to be liquidated after a pause", _sound("BREAK-09", sunk)),
]
WRONG_STOPS: list[tuple[str, str, Make]] = [
    ("BREAK-01", "nothing halts", _wrong("BREAK-01", _NeverStops, opened)),
    ("BREAK-02", "half of it halts", _wrong("BREAK-02", _TripsTooSoon, opened)),
    (
        "BREAK-03",
        "a position is turned",
        lambda: after_account(taken(shrinking(), SELL_SOME), "trader-1", sizes_wad=plus(-9 * WAD, BTC)),
    ),
    ("BREAK-04", "nothing can be settled", _wrong("BREAK-04", refusing("settle"), opened)),
    ("BREAK-05", "nothing is limited", _wrong("BREAK-05", _NeverStops, opened)),
    ("BREAK-06", "growth above a cap", lambda: grown_above(taken(capped(), BUY))),
    ("BREAK-07", "nothing ends", _wrong("BREAK-07", _NeverReopens, opened)),
    ("BREAK-07", "a pause is renewed", _wrong("BREAK-07", accepting("pause"), opened)),
    ("BREAK-09", "no grace is given", _wrong("BREAK-09", cheating("pause", _without_grace), sunk)),
]
