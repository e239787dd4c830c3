"""ORDER: what is requested now and executed later, by the states and the prices around it."""

from __future__ import annotations

from reference.orders import ORDERS
from reference.prices import FRESH, mark
from underwater.checks import Check, Step, Verdict, kinds, market_name, quote
from underwater.checks.differences import order_text

_OF_ORDERS = kinds("request_order", "execute_order", "cancel_order")


def _at_an_unknown_price(step: Step) -> Verdict:
    """ORDER-01. By what the market's source said, and when, and by the order that stood before."""
    assert step.action is not None
    account, market = step.action.arguments[:2]
    state = step.before
    order = state.orders.get((account, market))
    if order is None:
        return False  # ORDER-02 speaks of that
    listed = state.parameters.markets[market]
    whose = f"the order of {account} in {market_name(state, market)}"
    if state.time_s < order.executable_from_s:
        return f"{whose} was executed {order.executable_from_s - state.time_s} s before it may be"
    if state.time_s > order.expires_at_s:
        return f"{whose} was executed {state.time_s - order.expires_at_s} s after it had expired"
    updated_at_s = state.feeds[listed.feed.feed].updated_at_s
    if updated_at_s <= order.requested_at_s:
        return f"{whose} was executed at a price of {updated_at_s}, which was known when it was requested at {order.requested_at_s}"
    return True


def _as_ordered(step: Step) -> Verdict:
    """ORDER-02. By the positions before and after, and what the trade says its price was."""
    assert step.action is not None
    account, market, counterparty = step.action.arguments
    before, after = step.before, step.after
    order = before.orders.get((account, market))
    whose = f"{account} in {market_name(before, market)}"
    if order is None:
        return f"an order of {whose} was executed, and there is none"
    if (account, ORDERS) not in before.operators:
        return f"an order of {whose} was executed without its approval of the orders' contract"
    for name, wanted_wad in ((account, order.size_wad), (counterparty, -order.size_wad)):
        moved_wad = after.accounts[name].sizes_wad[market] - before.accounts[name].sizes_wad[market]
        if moved_wad != wanted_wad:
            return f"the order of {whose} is {quote(order.size_wad)}, and the position of {name} moved by {quote(moved_wad)}"
    price = mark(before, before.parameters.markets[market])
    told = [event[5] for event in step.outcome.events if event[0] == "Traded"]
    if price.status != FRESH or told != [price.price_wad]:
        return (
            f"the order of {whose} was executed at {', '.join(map(quote, told))}, the mark is {quote(price.price_wad)}"
        )
    if not order.admits(price.price_wad):
        return (
            f"the order of {whose} was executed at {quote(price.price_wad)}, beyond its limit {quote(order.limit_wad)}"
        )
    return True


def _nothing_left(step: Step) -> Verdict:
    """ORDER-03. Every order but the one that was executed or cancelled stays as it was."""
    assert step.action is not None
    state, after = step.before, step.after
    caller, arguments = step.action.caller, step.action.arguments
    key = arguments[0], arguments[1]
    order = state.orders.get(key)
    whose = f"the order of {key[0]} in {market_name(state, key[1])}"
    for other in {*state.orders, *after.orders} - {key}:
        if state.orders.get(other) != after.orders.get(other):
            return f"{step.kind} of {key[0]} changed the order of {other[0]} in {market_name(state, other[1])}"
    if step.kind == "request_order":
        if order is not None:
            return f"{whose} stood, and was replaced"
        return True if key in after.orders else f"{whose} was requested and does not stand"
    if key in after.orders:
        done = "executed" if step.kind == "execute_order" else "cancelled"
        return f"{whose} was {done} and still stands: {order_text(after.orders[key])}"
    if step.kind == "cancel_order":
        if order is None:
            return f"{whose} was cancelled, and there was none"
        if state.time_s <= order.expires_at_s:
            if caller != key[0] and (key[0], caller) not in state.operators:
                return f"{caller} took back {whose}, without the right to"
            from_s = order.executable_from_s + state.parameters.orders.binding_s
            if state.time_s < from_s:
                return f"{whose} was taken back {from_s - state.time_s} s before it may be"
    return True


CHECKS = (
    Check(
        "ORDER-01",
        "an order is executed within its time, and at no price that was known when it was requested",
        _at_an_unknown_price,
        kinds("execute_order"),
        of_done=True,
    ),
    Check(
        "ORDER-02",
        "an execution fills an order that stands, whole, at the mark and within its limit",
        _as_ordered,
        kinds("execute_order"),
        of_done=True,
    ),
    Check(
        "ORDER-03",
        "an executed, cancelled or expired order leaves nothing behind, and binds its owner for as long as it says",
        _nothing_left,
        _OF_ORDERS,
        of_done=True,
    ),
)
