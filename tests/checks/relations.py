"""Situations of META checks, sound and wrong: two ways of a probe that come to the same, or do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.margin import Health
from reference.rounding import WAD
from reference.state import Bucket, Part, State
from tests.checks.probes import ReferenceProbe, cheating, viewing
from tests.checks.support import opened, paying, plus, with_account, with_funding
from underwater.actions import Outcome
from underwater.checks import check_named
from underwater.engine.bundled.actors import ACCOUNTS
from underwater.hunt.sequence import PROBE_STREAMS

Row = tuple[str, str, Callable[[], ReferenceProbe]]
Engine = type[ReferenceProbe]


def row(check_id: str, situation: str, engine: Engine = ReferenceProbe, make: Callable[[], State] = opened) -> Row:
    """An engine, the reference itself if nothing is said, with the first stream of a probe's that puts it to the test, or tells it."""

    def tried() -> ReferenceProbe:
        probe = check_named(check_id).probe
        assert probe is not None
        wanted = bool if engine is ReferenceProbe else str
        streams = (
            number for number in range(PROBE_STREAMS) if isinstance(probe(engine(make(), number)) or None, wanted)
        )
        return engine(make(), next(streams, 0))

    return check_id, situation, tried


def refusing_where(refuses: Callable[[State, str, tuple[Any, ...]], bool]) -> Engine:
    """An engine that refuses where it should not: (state, kind, arguments) -> whether it does."""

    class Refusing(ReferenceProbe):
        def do(self, kind: str, caller: str, *arguments: Any) -> Outcome:
            if refuses(self.state, kind, arguments):
                return Outcome("Refused", (), ())
            return super().do(kind, caller, *arguments)

    return Refusing


def telling(tell: Callable[[State, str, tuple[Any, ...]], tuple[Any, ...]]) -> Engine:
    """An engine that tells of another event after all that it does."""

    class Telling(ReferenceProbe):
        def do(self, kind: str, caller: str, *arguments: Any) -> Outcome:
            outcome = super().do(kind, caller, *arguments)
            return outcome._replace(events=(*outcome.events, tell(self.state, kind, arguments)))

    return Telling


def costs(wad: Callable[[State, str], int]) -> Callable[[State, tuple[Any, ...]], State]:
    """Takes from every account that an action names: (state, name) -> how much."""

    def cheat(state: State, arguments: tuple[Any, ...]) -> State:
        for name in ACCOUNTS:
            if name in arguments:
                state = with_account(state, name, cash_wad=plus(-wad(state, name)))
        return state

    return cheat


def number_of(name: str) -> int:
    return ACCOUNTS.index(name) if name in ACCOUNTS else 0


def needs_by_number(part: Part, sound: Health) -> Health:
    name = part.account if isinstance(part, Bucket) else part
    risk = sound.risk
    return sound._replace(risk=risk._replace(initial_margin_wad=risk.initial_margin_wad + number_of(name)))


def counted(state: State, _: tuple[Any, ...]) -> State:
    """Every touch takes a tick more of all who hold a position."""
    return with_funding(state, due_wad=plus(WAD // 10))


def touched() -> Engine:
    """An engine in which whoever settles or accrues funding has more fall due."""

    class Touched(cheating("settle", counted)):  # type: ignore[misc]  # a class made by a function
        def do(self, kind: str, caller: str, *arguments: Any) -> Outcome:
            outcome: Outcome = super().do(kind, caller, *arguments)
            if kind == "accrue_funding" and outcome.done:
                self.state = counted(self.state, arguments)
            return outcome

    return Touched


def waited(state: State, kind: str, arguments: tuple[Any, ...]) -> bool:
    """Whether a market is settled in that nobody has touched for two intervals."""
    if kind != "settle":
        return False
    market = arguments[1]
    interval_s = state.parameters.markets[market].funding.interval_s
    return state.time_s - state.funding[market].index_read_at_s > 2 * interval_s


SOUND_RELATIONS: list[Row] = [
    row("META-01", "a deposit"),
    row("META-02", "a trade"),
    row("META-02", "a trade where funding has fallen due", make=paying),
    row("META-03", "two actions"),
    row("META-03", "two actions where funding has fallen due", make=paying),
    row("META-04", "two accounts without positions"),
    row("META-05", "intervals of funding"),
]

PAID_WAD = opened().fees_wad
WRONG_RELATIONS: list[Row] = [
    row("META-01", "each costs", cheating("deposit", costs(lambda *_: 1))),
    row("META-01", "small ones are refused", refusing_where(lambda _, kind, of: kind == "deposit" and of[2] == 1)),
    row("META-02", "each costs two wads", cheating("trade", costs(lambda *_: 2))),
    row(
        "META-02", "fees from nowhere", cheating("trade", lambda state, _: state._replace(fees_wad=state.fees_wad + 1))
    ),
    row("META-02", "the premium", cheating("trade", lambda state, of: with_funding(state, of[0], premium_wad=plus(2)))),
    row("META-03", "the second costs more", cheating("trade", costs(lambda state, _: state.fees_wad // 10))),
    row("META-03", "events differ", telling(lambda state, *_: ("Fees", state.fees_wad))),
    row(
        "META-03",
        "the second is refused",
        refusing_where(lambda state, kind, _: kind == "trade" and state.fees_wad > PAID_WAD),
    ),
    row("META-04", "its number costs", cheating("trade", costs(lambda _, name: number_of(name)))),
    row("META-04", "its number is needed", viewing(needs_by_number)),
    row("META-04", "its number is told", telling(lambda _, __, of: ("Number", [number_of(str(name)) for name in of]))),
    row(
        "META-04",
        "its number is refused",
        refusing_where(lambda _, kind, of: kind == "trade" and any(number_of(str(name)) % 2 for name in of)),
    ),
    row("META-05", "each touch counts", touched()),
    row("META-05", "refused who waited", refusing_where(waited)),
]
