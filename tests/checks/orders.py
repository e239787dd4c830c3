"""Situations of orders in two steps: in which the engine does as it should, and in which it has done something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.machine import at_time
from reference.rounding import WAD
from reference.state import Order, State
from tests.checks.support import after, after_account, opened, plus, state_after, taken, with_source
from tests.hunt.support import BTC, publish
from underwater.actions import Action
from underwater.checks import Step

Make = Callable[[], Step]
KEY = "trader-1", BTC
LIMIT_WAD = 60_000 * WAD
BUYS = Action("request_order", "trader-1", (*KEY, WAD // 10, LIMIT_WAD, 2, 600))
SELLS = Action("request_order", "trader-1", (*KEY, -WAD // 10, LIMIT_WAD, 2, 600))
EXECUTE = Action("execute_order", "matcher", (*KEY, "maker"))
CANCEL = Action("cancel_order", "trader-1", KEY)
BY_OTHER = CANCEL._replace(caller="trader-3")


def ordered(request: Action = BUYS, *, later_s: int = 5, answer: int | None = 60_000) -> State:
    """trader-1's order stands for so long, and the source has answered since (None: it has not)."""
    state = state_after(request, state=opened())
    state = at_time(state, state.time_s + later_s)
    return state if answer is None else state_after(publish("BTC-USD", answer * 10**8), state=state)


def with_order(step: Step, **changes: Any) -> Step:
    """The step, had the order before it been another."""
    order = step.before.orders[KEY]._replace(**changes)
    step.before = step.before._replace(orders={**step.before.orders, KEY: order})
    return step


def standing(step: Step) -> Step:
    """The step after which the order stands as before it."""
    return after(step, orders=lambda _: step.before.orders)


def expired() -> State:
    return ordered(later_s=700)


def told_at(step: Step, price_wad: int) -> Step:
    """The step whose trade says another price."""
    events = [(*event[:5], price_wad, *event[6:]) if event[0] == "Traded" else event for event in step.outcome.events]
    step.outcome = step.outcome._replace(events=tuple(events))
    return step


def by_another_price(step: Step, answer: int) -> Step:
    """The step, had the source said something else before it, and the trade been at that."""
    step.before = with_source(step.before, "BTC-USD", answer=answer * 10**8)
    return told_at(step, answer * WAD)


def unstanding(step: Step) -> Step:
    step.before = step.before._replace(orders={})
    return step


def unapproved(step: Step) -> Step:
    step.before = step.before._replace(operators=step.before.operators - {("trader-1", "orders")})
    return step


SOUND_ORDERS: list[tuple[str, str, Make]] = [
    ("ORDER-01", "an order to buy", lambda: taken(ordered(), EXECUTE)),
    ("ORDER-01", "in its last second", lambda: taken(ordered(later_s=600), EXECUTE)),
    ("ORDER-02", "an order to buy", lambda: taken(ordered(), EXECUTE)),
    ("ORDER-02", "an order to sell", lambda: taken(ordered(SELLS), EXECUTE)),
    ("ORDER-03", "a request", lambda: taken(opened(), BUYS)),
    ("ORDER-03", "an execution", lambda: taken(ordered(), EXECUTE)),
    ("ORDER-03", "its owner cancels", lambda: taken(ordered(later_s=100), CANCEL)),
    ("ORDER-03", "anybody cancels what has expired", lambda: taken(expired(), BY_OTHER)),
    ("HEALTH-06", "an execution", lambda: taken(ordered(), EXECUTE)),
    ("HEALTH-06", "a cancel", lambda: taken(ordered(later_s=100), CANCEL)),
    ("HEALTH-01", "an execution", lambda: taken(ordered(), EXECUTE)),
    ("ACCESS-01", "a keeper with the right of the counterparty", lambda: taken(ordered(), EXECUTE)),
    ("ORACLE-01", "an execution", lambda: taken(ordered(), EXECUTE)),
    ("LEDGER-03", "an execution", lambda: taken(ordered(), EXECUTE)),
]
WRONG_ORDERS: list[tuple[str, str, Make]] = [
    (
        "ORDER-01",
        "too early",
        lambda: with_order(taken(ordered(), EXECUTE), executable_from_s=ordered().time_s + 2),
    ),
    ("ORDER-01", "expired", lambda: with_order(taken(ordered(), EXECUTE), expires_at_s=ordered().time_s)),
    (
        "ORDER-01",
        "a price dated at the request",
        lambda: with_order(taken(ordered(), EXECUTE), requested_at_s=ordered().feeds["BTC-USD"].updated_at_s),
    ),
    ("ORDER-02", "no order", lambda: unstanding(taken(ordered(), EXECUTE))),
    ("ORDER-02", "no approval", lambda: unapproved(taken(ordered(), EXECUTE))),
    ("ORDER-02", "a part", lambda: with_order(taken(ordered(), EXECUTE), size_wad=WAD // 5)),
    ("ORDER-02", "the other side", lambda: with_order(taken(ordered(), EXECUTE), size_wad=-WAD // 10)),
    ("ORDER-02", "off the mark", lambda: told_at(taken(ordered(), EXECUTE), 59_999 * WAD)),
    ("ORDER-02", "beyond the limit", lambda: by_another_price(taken(ordered(), EXECUTE), 60_001)),
    ("ORDER-02", "below the limit of a sale", lambda: by_another_price(taken(ordered(SELLS), EXECUTE), 59_999)),
    ("ORDER-03", "executed and still there", lambda: standing(taken(ordered(), EXECUTE))),
    ("ORDER-03", "cancelled and still there", lambda: standing(taken(ordered(later_s=100), CANCEL))),
    ("ORDER-03", "none to cancel", lambda: unstanding(taken(ordered(later_s=100), CANCEL))),
    (
        "ORDER-03",
        "taken back a second early",
        lambda: with_order(taken(ordered(later_s=100), CANCEL), executable_from_s=ordered(later_s=100).time_s + 2 - 60),
    ),
    (
        "ORDER-03",
        "taken back by another",
        lambda: with_order(taken(expired(), BY_OTHER), expires_at_s=expired().time_s + 1),
    ),
    ("ORDER-03", "replaced", lambda: with_before(taken(opened(), BUYS), {KEY: Order(WAD, WAD, 1, 2, 3)})),
    ("ORDER-03", "requested and not there", lambda: after(taken(opened(), BUYS), orders=lambda _: {})),
    (
        "ORDER-03",
        "another's goes",
        lambda: with_before(taken(opened(), BUYS), {("trader-2", BTC): Order(WAD, WAD, 1, 2, 3)}),
    ),
    ("MODEL-02", "an order", lambda: after(taken(opened(), BUYS), orders=lambda _: {})),
    (
        "HEALTH-06",
        "an execution",
        lambda: unhealthy(taken(ordered(), EXECUTE)),
    ),
    ("ACCESS-01", "a keeper without the right", lambda: by_stranger(taken(ordered(), EXECUTE))),
    (
        "LEDGER-03",
        "an execution",
        lambda: after_account(taken(ordered(), EXECUTE), "trader-1", cash_wad=plus(1)),
    ),
]


def with_before(step: Step, orders: dict[tuple[str, int], Order]) -> Step:
    """The step, had there been other orders before it."""
    step.before = step.before._replace(orders=orders)
    return step


def unhealthy(step: Step) -> Step:
    seen = step.healths["trader-1"]
    assert seen is not None
    step.healths["trader-1"] = seen._replace(risk=seen.risk._replace(equity_wad=0))
    return step


def by_stranger(step: Step) -> Step:
    assert step.action is not None
    step.action = step.action._replace(caller="outsider")
    return step
