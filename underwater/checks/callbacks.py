"""ACCESS: what the one whom a token calls can do and see in the middle of an action."""

from __future__ import annotations

from reference.state import State
from underwater.actions import Bundle
from underwater.checks import Check, Step, Verdict, kinds

GUARD = "ReentrancyGuardReentrantCall"
_WORD = 1 << 256


def _within_actions(step: Step) -> bool:
    """Whether every callback of a bundle came in the middle of an action: a plain transfer is none."""
    assert isinstance(step.act, Bundle)
    return all(action.kind != "donate" for action in step.act.actions)


def _refused_at_once(step: Step) -> Verdict:
    """ACCESS-04."""
    met = False
    if not _within_actions(step):
        return False
    for action, outcome in step.attempts:
        if outcome.done:
            return f"{action.caller} had {action.kind} done while a token was being moved"
        if outcome.error == GUARD:
            met = True
        elif outcome.error not in ("Reverted", "Halted"):
            return f"{action.kind}, tried while a token was being moved, was judged like any other: {outcome.error}"
    return met


def _seen_as_it_will_be(step: Step) -> Verdict:
    """ACCESS-03."""
    if not step.glimpses or not _within_actions(step):
        return False
    assert isinstance(step.act, Bundle)
    caller, met = step.act.caller, False
    for view, about, answer in step.glimpses:
        if answer is None:
            met = True
        elif len(step.act.actions) == 1:
            # Of several actions, what held after the one that moved the token is not known.
            wanted = _stored(step.after, caller, view, about) if view != "health" else _health(step, caller)
            if wanted is not None and answer != wanted:
                what = " ".join((view, *map(str, about)))
                return f"while a token was being moved, a view answered {answer} for {what}; once that was done it was {wanted}"
            met = True
    return met


def _stored(after: State, caller: str, view: str, about: tuple[int, ...]) -> tuple[int, ...]:
    """What a view of a stored value answers in a state."""
    if view == "insurance":
        return (after.insurance_wad,)
    if view == "fees":
        return (after.fees_wad,)
    if view == "bad debt":
        return (after.bad_debt_wad,)
    if view == "pool":
        return (after.pool_units[about[0]],)
    account = after.accounts[caller]
    return (account.cash_wad % _WORD,) if view == "cash" else (account.units[about[0]],)


def _health(step: Step, caller: str) -> tuple[int, ...] | None:
    """What the health view answers after the step; None where it was not asked."""
    health = step.healths.get(caller)
    if health is None:
        return None
    return (
        health.status,
        health.risk.equity_wad % _WORD,
        health.risk.initial_margin_wad,
        health.risk.maintenance_margin_wad,
    )


CHECKS = (
    Check(
        "ACCESS-03",
        "a view that is asked while a token is being moved refuses, or answers what holds once that is done",
        _seen_as_it_will_be,
        kinds("bundle"),
        of_done=True,
    ),
    Check(
        "ACCESS-04",
        "no reentry gains: an action that is called while a token is being moved is refused for that alone",
        _refused_at_once,
        kinds("bundle"),
        of_done=True,
    ),
)
