"""Bundles that tried something in a token's callback, as a sound engine answers them and as others do."""

from __future__ import annotations

from collections.abc import Callable

from tests.checks.support import opened, taken
from tests.hunt.support import USDC, USDC_ONE, deposit
from underwater.actions import Action, Attempt, Bundle, Glimpse, Outcome
from underwater.checks import Step
from underwater.checks.callbacks import GUARD

Row = tuple[str, str, Callable[[], Step]]

WITHDRAWAL = Action("withdraw", "attacker", ("attacker", USDC, 1))
INTO_INSURANCE = Action("fund_insurance", "attacker", (USDC_ONE,))
REFUSED = Outcome(GUARD, (), ())
DONE = Outcome(None, (), ())


def meanwhile(outcome: Outcome, *glimpses: Glimpse, outer: Action = INTO_INSURANCE) -> Step:
    """A bundle in the middle of which a withdrawal was tried and views were asked."""
    step = taken(opened(), Bundle("attacker", (outer,), (WITHDRAWAL,)))
    step.attempts = (Attempt(WITHDRAWAL, outcome),)
    step.glimpses = glimpses
    return step


def seen(view: str, answer: tuple[int, ...] | None, *about: int) -> Step:
    """The same with one view asked."""
    return meanwhile(REFUSED, Glimpse(view, about, answer))


def stored(view: str, *about: int) -> Step:
    """The same with one view asked that answers what is stored afterwards."""
    step = seen(view, None, *about)
    after = step.after
    account = after.accounts["attacker"]
    answers = {
        "insurance": (after.insurance_wad,),
        "fees": (after.fees_wad,),
        "bad debt": (after.bad_debt_wad,),
        "cash": (account.cash_wad,),
        "pool": (after.pool_units[about[0]] if about else 0,),
        "units": (account.units[about[0]] if about else 0,),
    }
    step.glimpses = (Glimpse(view, about, answers[view]),)
    return step


def sound_health(more: int = 0) -> Step:
    """The same with the account's health asked, and an equity that is so much more than it will be."""
    step = seen("health", None)
    status, (equity, initial, maintenance) = step.expected_healths["attacker"]
    step.glimpses = (Glimpse("health", (), (status, equity + more, initial, maintenance)),)
    return step


SOUND_CALLBACKS: list[Row] = [
    ("ACCESS-03", "no view answers", lambda: seen("insurance", None)),
    *(
        ("ACCESS-03", f"{view} as it will be", lambda view=view: stored(view))
        for view in ("insurance", "fees", "bad debt", "cash")
    ),
    ("ACCESS-03", "a pool as it will be", lambda: stored("pool", USDC)),
    ("ACCESS-03", "units as they will be", lambda: stored("units", 1)),
    ("ACCESS-03", "a health as it will be", sound_health),
    ("ACCESS-04", "refused by the guard", lambda: meanwhile(REFUSED)),
]

WRONG_CALLBACKS: list[Row] = [
    ("ACCESS-03", "insurance as it was", lambda: seen("insurance", (0,))),
    ("ACCESS-03", "fees of another time", lambda: seen("fees", (1,))),
    ("ACCESS-03", "bad debt of another time", lambda: seen("bad debt", (1,))),
    ("ACCESS-03", "another cash", lambda: seen("cash", (7,))),
    ("ACCESS-03", "a pool as it was", lambda: seen("pool", (opened().pool_units[USDC],), USDC)),
    ("ACCESS-03", "other units", lambda: seen("units", (5,), 1)),
    ("ACCESS-03", "another health", lambda: sound_health(1)),
    ("ACCESS-04", "done", lambda: meanwhile(DONE)),
    ("ACCESS-04", "judged like any other", lambda: meanwhile(Outcome("InsufficientCash", ("attacker", 0), ()))),
]


def aside() -> list[Step]:
    """Steps of which neither check says anything: nothing tried, no answer for want of gas, a plain transfer, or several actions."""
    several = taken(opened(), Bundle("attacker", (deposit("attacker", USDC, 5), INTO_INSURANCE), (WITHDRAWAL,)))
    several.glimpses = (Glimpse("insurance", (), (0,)),)
    gift = Action("donate", "attacker", (USDC, 5))
    return [
        taken(opened(), Bundle("attacker", (INTO_INSURANCE,))),
        meanwhile(Outcome("Reverted", ("0x",), ())),
        meanwhile(DONE, Glimpse("insurance", (), (1,)), outer=gift),
        several,
    ]
