"""Orders in two steps (section 17): the order of tests, every edge in time and price, and what is left behind."""

from __future__ import annotations

import pytest

from reference.machine import at_time
from reference.orders import ORDERS
from reference.parameters import OrderParameters, Unsafe
from reference.state import REVERTS, Order
from tests.reference.support import (
    BYSTANDER,
    COPPER,
    COUNTERPARTY,
    MATCHER,
    STRANGER,
    TIN,
    TRADER,
    Scene,
    wad,
)

UNKNOWN = 99
DELAY_S, BINDING_S, LIFETIME_S = 2, 60, 86_400
SIZE, LIMIT = wad("1"), wad("101")
KEY = TRADER, COPPER


def funded() -> Scene:
    """Trader and counterparty have money, and approve the contract of orders."""
    scene = Scene()
    for name in (TRADER, COUNTERPARTY):
        scene.fund(name, "100000")
        scene.do("set_operator", name, ORDERS, True)
    return scene


def requested(
    size_wad: int = SIZE, limit_wad: int = LIMIT, delay_s: int = DELAY_S, window_s: int = 600
) -> tuple[Scene, int]:
    """An order of the trader's, and when it was requested."""
    scene = funded()
    scene.do("request_order", TRADER, *KEY, size_wad, limit_wad, delay_s, window_s)
    return scene, scene.state.time_s


def move_to(scene: Scene, time_s: int) -> None:
    scene.state = at_time(scene.state, time_s)


EXECUTE = ("execute_order", MATCHER, *KEY, COUNTERPARTY)
CANCEL = ("cancel_order", TRADER, *KEY)


# --- Requests (D4)


def test_a_request_tests_right_market_order_size_price_and_window_in_this_order() -> None:
    scene = funded()
    kind = "request_order"
    nonsense = (1, 1, 0, LIFETIME_S)
    assert scene.refused(kind, BYSTANDER, TRADER, UNKNOWN, *nonsense) == ("Unauthorized", BYSTANDER, TRADER)
    assert scene.refused(kind, TRADER, TRADER, UNKNOWN, *nonsense) == ("UnknownMarket", UNKNOWN)
    assert scene.refused(kind, TRADER, *KEY, 1, *nonsense[1:]) == ("InvalidSize", 1)
    assert scene.refused(kind, TRADER, *KEY, 0, *nonsense[1:]) == ("InvalidSize", 0)
    assert scene.refused(kind, TRADER, *KEY, -SIZE - 1, *nonsense[1:]) == ("InvalidSize", SIZE + 1)
    for limit_wad in (0, 1, LIMIT + 1):
        assert scene.refused(kind, TRADER, *KEY, SIZE, limit_wad, 0, 0) == ("InvalidPrice", limit_wad)
    assert scene.refused(kind, TRADER, *KEY, SIZE, LIMIT, DELAY_S - 1, 0) == ("InvalidWindow", DELAY_S - 1, 0)
    too_long = (DELAY_S, LIFETIME_S - DELAY_S + 1)
    assert scene.refused(kind, TRADER, *KEY, SIZE, LIMIT, *too_long) == ("InvalidWindow", *too_long)
    scene.do(kind, TRADER, *KEY, SIZE, LIMIT, DELAY_S, LIFETIME_S - DELAY_S)
    assert scene.refused(kind, TRADER, *KEY, *nonsense) == ("OrderPending", *KEY)


def test_a_request_needs_no_price_and_no_margin_and_stores_its_times() -> None:
    scene = funded()
    scene.do("set_feed_mode", STRANGER, "COPPER", REVERTS)
    now_s = scene.state.time_s
    (event,) = scene.do("request_order", MATCHER, *KEY, -wad("900"), LIMIT, 5, 7)
    assert scene.state.orders == {KEY: Order(-wad("900"), LIMIT, now_s, now_s + 5, now_s + 12)}
    assert event == ("OrderRequested", *KEY, -wad("900"), LIMIT, now_s + 5, now_s + 12)


def test_an_account_has_an_order_in_each_market() -> None:
    scene, _ = requested()
    scene.do("request_order", TRADER, TRADER, TIN, wad("1"), wad("10"), DELAY_S, 0)
    assert set(scene.state.orders) == {KEY, (TRADER, TIN)}


# --- Executions (D5, D6)


@pytest.mark.parametrize(("size_wad", "limit_wad", "price"), [(SIZE, LIMIT, "101"), (-SIZE, wad("99"), "99")])
def test_an_execution_trades_at_the_mark_and_leaves_nothing_behind(size_wad: int, limit_wad: int, price: str) -> None:
    scene, at_s = requested(size_wad, limit_wad)
    move_to(scene, at_s + DELAY_S)
    scene.publish("COPPER", price)
    *_, traded, executed = scene.do(*EXECUTE)
    sides = (TRADER, COUNTERPARTY) if size_wad > 0 else (COUNTERPARTY, TRADER)
    assert traded[:6] == ("Traded", COPPER, *sides, SIZE, wad(price))
    assert executed == ("OrderExecuted", *KEY, COUNTERPARTY, size_wad, wad(price))
    assert scene.account(TRADER).sizes_wad[COPPER] == size_wad
    assert scene.account(COUNTERPARTY).sizes_wad[COPPER] == -size_wad
    assert scene.state.orders == {}
    assert scene.refused(*EXECUTE) == ("NoOrder", *KEY)


@pytest.mark.parametrize(
    ("size_wad", "limit_wad", "price"), [(SIZE, LIMIT, "101.1"), (-SIZE, wad("99"), "98.9")], ids=["buys", "sells"]
)
def test_a_tick_beyond_the_limit_is_refused(size_wad: int, limit_wad: int, price: str) -> None:
    scene, at_s = requested(size_wad, limit_wad)
    move_to(scene, at_s + DELAY_S)
    scene.publish("COPPER", price)
    assert scene.refused(*EXECUTE) == ("LimitPassed", wad(price), limit_wad)


def test_an_execution_tests_the_keeper_the_order_its_times_the_mark_and_the_round_in_this_order() -> None:
    scene, at_s = requested(limit_wad=wad("1"))
    refused = scene.refused("execute_order", BYSTANDER, TRADER, TIN, COUNTERPARTY)
    assert refused == ("Unauthorized", BYSTANDER, COUNTERPARTY)
    assert scene.refused("execute_order", MATCHER, TRADER, TIN, COUNTERPARTY) == ("NoOrder", TRADER, TIN)
    scene.do("set_feed_mode", STRANGER, "COPPER", REVERTS)
    move_to(scene, at_s + DELAY_S - 1)
    assert scene.refused(*EXECUTE) == ("OrderNotExecutable", at_s + DELAY_S)
    move_to(scene, at_s + DELAY_S)
    assert scene.refused(*EXECUTE) == ("MarkUnusable", COPPER, 1)
    scene.do("set_feed_mode", STRANGER, "COPPER", 0)
    assert scene.refused(*EXECUTE) == ("PriceKnown", at_s, at_s)
    scene.publish("COPPER", "100", DELAY_S)
    assert scene.refused(*EXECUTE) == ("PriceKnown", at_s, at_s)
    scene.publish("COPPER", "100", DELAY_S - 1)
    assert scene.refused(*EXECUTE) == ("LimitPassed", wad("100"), wad("1"))


def test_an_order_is_executed_in_its_last_second_and_not_after_it() -> None:
    scene, at_s = requested(window_s=10)
    move_to(scene, at_s + DELAY_S + 11)
    scene.publish("COPPER", "100")
    assert scene.refused(*EXECUTE) == ("OrderExpired", at_s + DELAY_S + 10)
    scene, at_s = requested(window_s=10)
    move_to(scene, at_s + DELAY_S + 10)
    scene.publish("COPPER", "100")
    scene.do(*EXECUTE)


def test_what_the_engine_refuses_an_execution_refuses_and_the_order_stays() -> None:
    scene, at_s = requested(size_wad=wad("900"), limit_wad=wad("200"))
    move_to(scene, at_s + DELAY_S)
    scene.publish("COPPER", "100")
    scene.set_cash(TRADER, wad("10"))
    error, name, *_ = scene.refused(*EXECUTE)
    assert (error, name) == ("InsufficientMargin", TRADER)
    scene.do("set_operator", TRADER, ORDERS, False)
    assert scene.refused(*EXECUTE) == ("Unauthorized", ORDERS, TRADER)
    assert scene.refused("execute_order", MATCHER, *KEY, TRADER)[0] in ("SelfTrade", "Unauthorized")
    assert KEY in scene.state.orders


# --- Cancels (D7)


def test_an_order_binds_its_owner_from_when_it_can_be_executed() -> None:
    scene, at_s = requested()
    until_s = at_s + DELAY_S + BINDING_S
    for moment_s in (at_s, until_s - 1):
        move_to(scene, moment_s)
        assert scene.refused(*CANCEL) == ("OrderBinding", until_s)
    move_to(scene, until_s)
    assert scene.refused("cancel_order", BYSTANDER, *KEY) == ("Unauthorized", BYSTANDER, TRADER)
    assert scene.do("cancel_order", MATCHER, *KEY) == (("OrderCancelled", *KEY),)
    assert scene.state.orders == {}
    assert scene.refused(*CANCEL) == ("NoOrder", *KEY)


def test_anybody_cancels_what_has_expired_and_nobody_else_a_second_before() -> None:
    scene, at_s = requested(window_s=10)
    move_to(scene, at_s + DELAY_S + 10)
    assert scene.refused("cancel_order", STRANGER, *KEY) == ("Unauthorized", STRANGER, TRADER)
    move_to(scene, at_s + DELAY_S + 11)
    scene.do("cancel_order", STRANGER, *KEY)
    assert scene.state.orders == {}


# --- Parameters (D3)


@pytest.mark.parametrize(
    "parameters", [(0, 0, 1), (2, 0, 1), (1, 604_801, 1), (1, 0, 604_801)], ids=["no delay", "short", "binds", "long"]
)
def test_unsafe_parameters_are_refused_by_name(parameters: tuple[int, int, int]) -> None:
    with pytest.raises(Unsafe) as failure:
        OrderParameters(*parameters).validate()
    assert failure.value.name == "orders"


@pytest.mark.parametrize("parameters", [(1, 0, 1), (604_800, 604_800, 604_800)])
def test_parameters_at_their_edges_are_safe(parameters: tuple[int, int, int]) -> None:
    OrderParameters(*parameters).validate()
