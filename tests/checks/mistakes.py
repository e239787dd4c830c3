"""What a faulty engine does, stores or says: the errors of ``tests.checks.wrong``."""

from __future__ import annotations

from typing import Any

from reference.machine import with_due
from reference.margin import Health
from reference.rounding import WAD
from reference.state import Part, State, with_item
from tests.checks.sound import (
    TICK,
    signed,
)
from tests.checks.support import (
    DEPOSIT,
    PART,
    WHOLE,
    acted,
    after,
    after_account,
    after_funding,
    opened,
    plus,
    slipping,
    state_after,
    sunk,
    taken,
    with_account,
    with_funding,
)
from tests.hunt.support import BTC, USDC_ONE
from underwater.actions import Action, Outcome
from underwater.checks import Step


def overdrawn(step: Step) -> Step:
    """trader-1 reduces, but has so little left that it is far below what it needs at the worse of two prices, and was not."""
    return after_account(step, "trader-1", cash_wad=plus(-9_600 * WAD))


def at_another_mark(step: Step) -> Step:
    """The liquidation is told at a tick above the mark."""
    events = [
        (*event[:5], event[5] + TICK, *event[6:]) if event[0] == "Liquidated" else event
        for event in step.outcome.events
    ]
    step.outcome = step.outcome._replace(events=tuple(events))
    return step


def one_sided(step: Step) -> Step:
    """The maker, who sold, has nothing."""
    step.before = with_account(step.before, "maker", sizes_wad=plus(11 * WAD, BTC))
    return step


def backwards(step: Step) -> Step:
    """More has fallen due than had when the parameters were set."""
    after_funding(step, due_wad=plus(TICK))
    step.after = with_due(step.after)
    return step


def forgiven_twice() -> Step:
    step = taken(sunk(), WHOLE)
    return after(step, bad_debt_wad=lambda wad: 2 * wad)


def second_position_differs(name: Part, sound: Health) -> Health:
    risk = sound.risk
    return sound._replace(risk=risk._replace(initial_margin_wad=risk.initial_margin_wad + (name == "trader-3")))


def mint_on_return(state: State, arguments: tuple[Any, ...]) -> State:
    name, collateral, _ = arguments
    return state._replace(wallets={**state.wallets, name: plus(1, collateral)(state.wallets[name])})


def paid(state: State, _: tuple[Any, ...]) -> State:
    for name in ("trader-1", "trader-2", "trader-3", "trader-4", "trader-5", "maker", "liquidator", "attacker"):
        state = with_account(state, name, cash_wad=plus(10**24))
    return state


def held_stays(state: State, arguments: tuple[Any, ...]) -> State:
    _, collateral, units = arguments
    return state._replace(held_units=plus(units, collateral)(state.held_units))


def accrued_twice(state: State, arguments: tuple[Any, ...]) -> State:
    """Each accrual takes a tick more."""
    return with_funding(state, arguments[0], due_wad=plus(TICK))


def paid_when_accrued(state: State, _: tuple[Any, ...]) -> State:
    return with_account(state, "trader-1", cash_wad=plus(-WAD))


def closed(tenths: int, said: int | None = None) -> Step:
    """A liquidation that takes so many tenths of trader-1's position, of which half may be closed."""
    step = taken(slipping(), PART)
    said_wad = (tenths if said is None else said) * WAD // 10
    acted(step, arguments=(*PART.arguments[:3], said_wad))
    return after_account(step, "trader-1", sizes_wad=with_item((0, 0, 0, 0), BTC, (10 - tenths) * WAD // 10))


def impoverished(state: State, _: tuple[Any, ...]) -> State:
    return with_account(state, "trader-1", cash_wad=plus(-9_000 * WAD))


def charged_more(state: State, arguments: tuple[Any, ...]) -> State:
    return with_account(state, arguments[1], cash_wad=plus(-WAD))


def told_to_have_paid(paid_wad: int, *, insured: bool = False) -> Step:
    """A step whose event says that insurance paid so much of a shortfall: of nothing that it had, or of 100."""
    start = sunk()
    step = taken(
        state_after(Action("fund_insurance", "maker", (100 * USDC_ONE,)), state=start) if insured else start, WHOLE
    )
    events = [(*event[:3], paid_wad) if event[0] == "BadDebtRecorded" else event for event in step.outcome.events]
    step.outcome = step.outcome._replace(events=tuple(events))
    return step


def both_stand() -> Step:
    """Insurance and bad debt, since before the step."""
    return taken(opened()._replace(insurance_wad=WAD, bad_debt_wad=WAD), DEPOSIT)


def without_last_event(outcome: Outcome) -> Outcome:
    return outcome._replace(events=outcome.events[:-1])


def accepted_instead(**changes: object) -> Step:
    """What trader-1 signed is handed in and done; had it been signed otherwise."""
    return acted(taken(opened(), signed()), arguments=signed(**changes).arguments)


RENOUNCE = Action("renounce_role", "risk-manager", ("RISK_ROLE", "risk-manager"))


def unread(step: Step, name: str) -> Step:
    step.healths[name] = None
    return step
