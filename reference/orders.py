"""Orders in two steps: requested by one account, executed later at a price that nobody knew (section 17)."""

from __future__ import annotations

from reference.ledger import Effect, require_market, require_right
from reference.prices import FRESH, mark
from reference.rejection import Rejected
from reference.state import Order, State
from reference.trading import trade

ORDERS = "orders"
"""D1: the operator that executes."""


def _without(state: State, account: str, market: int) -> State:
    """D2: an order that was executed or cancelled leaves nothing behind."""
    return state._replace(orders={key: order for key, order in state.orders.items() if key != (account, market)})


def _require_order(state: State, account: str, market: int) -> Order:
    order = state.orders.get((account, market))
    if order is None:
        raise Rejected("NoOrder", account, market)
    return order


def request_order(
    state: State, caller: str, account: str, market: int, size_wad: int, limit_wad: int, delay_s: int, window_s: int
) -> Effect:
    """D4."""
    require_right(state, caller, account)
    listed = require_market(state, market)
    if (account, market) in state.orders:
        raise Rejected("OrderPending", account, market)
    if size_wad == 0 or size_wad % listed.lot_wad:
        raise Rejected("InvalidSize", abs(size_wad))
    if limit_wad == 0 or limit_wad % listed.tick_wad:
        raise Rejected("InvalidPrice", limit_wad)
    parameters = state.parameters.orders
    if delay_s < parameters.minimum_delay_s or delay_s + window_s > parameters.maximum_lifetime_s:
        raise Rejected("InvalidWindow", delay_s, window_s)
    executable_from_s = state.time_s + delay_s
    order = Order(size_wad, limit_wad, state.time_s, executable_from_s, executable_from_s + window_s)
    event = ("OrderRequested", account, market, size_wad, limit_wad, order.executable_from_s, order.expires_at_s)
    return state._replace(orders={**state.orders, (account, market): order}), (event,)


def execution_price_wad(state: State, market: int, order: Order) -> int:
    """D6: the mark. Raises ``Rejected`` where the order cannot be executed at it."""
    listed = state.parameters.markets[market]
    price = mark(state, listed)
    if price.status != FRESH:
        raise Rejected("MarkUnusable", market, price.status)
    updated_at_s = state.feeds[listed.feed.feed].updated_at_s
    if updated_at_s <= order.requested_at_s:
        raise Rejected("PriceKnown", updated_at_s, order.requested_at_s)
    if not order.admits(price.price_wad):
        raise Rejected("LimitPassed", price.price_wad, order.limit_wad)
    return price.price_wad


def execute_order(state: State, caller: str, account: str, market: int, counterparty: str) -> Effect:
    """D5."""
    require_right(state, caller, counterparty)
    order = _require_order(state, account, market)
    if state.time_s < order.executable_from_s:
        raise Rejected("OrderNotExecutable", order.executable_from_s)
    if state.time_s > order.expires_at_s:
        raise Rejected("OrderExpired", order.expires_at_s)
    price_wad = execution_price_wad(state, market, order)
    buyer, seller = (account, counterparty) if order.size_wad > 0 else (counterparty, account)
    after, events = trade(
        _without(state, account, market), ORDERS, market, buyer, seller, abs(order.size_wad), price_wad
    )
    return after, (*events, ("OrderExecuted", account, market, counterparty, order.size_wad, price_wad))


def cancel_order(state: State, caller: str, account: str, market: int) -> Effect:
    """D7."""
    order = _require_order(state, account, market)
    if state.time_s <= order.expires_at_s:
        require_right(state, caller, account)
        until_s = order.executable_from_s + state.parameters.orders.binding_s
        if state.time_s < until_s:
            raise Rejected("OrderBinding", until_s)
    return _without(state, account, market), (("OrderCancelled", account, market),)
