"""The contract of orders: what it is made with, and what it shows."""

from __future__ import annotations

import pytest
from eth_abi import decode, encode

from reference.machine import apply
from reference.rounding import WAD
from tests.hunt.support import BTC, arena
from underwater.actions import Action
from underwater.chain import NotCreated
from underwater.engine.artifacts import Artifacts
from underwater.engine.bundled.actors import ADDRESSES, DEPLOYER
from underwater.engine.bundled.plan import ORDERS_TYPE, ZERO_ADDRESS, call_data, orders_tuple
from underwater.engine.bundled.storage import Slots
from underwater.engine.faults import artifacts_of

ARTIFACTS: Artifacts = artifacts_of(None)


def created(engine: str, parameters: tuple[int, ...]) -> str:
    code = ARTIFACTS["Orders"].creation_code + encode(["address", ORDERS_TYPE], [engine, parameters])
    return arena().chain.create(ADDRESSES[DEPLOYER], code)


@pytest.mark.parametrize("parameters", [(0, 0, 1), (2, 0, 1), (1, 604_801, 1), (1, 0, 604_801)])
def test_unsafe_parameters_are_refused(parameters: tuple[int, ...]) -> None:
    arena().reset()
    with pytest.raises(NotCreated, match=b"orders".hex()):
        created(arena().instance.addresses.engine, parameters)


@pytest.mark.parametrize("parameters", [(1, 0, 1), (604_800, 604_800, 604_800)])
def test_parameters_at_their_edges_are_taken(parameters: tuple[int, ...]) -> None:
    arena().reset()
    assert created(arena().instance.addresses.engine, parameters)


def test_an_engine_without_code_is_refused() -> None:
    arena().reset()
    with pytest.raises(NotCreated, match=b"engine".hex()):
        created(ZERO_ADDRESS, (1, 0, 1))


def test_the_views_show_what_stands() -> None:
    built = arena()
    built.reset()
    instance, chain = built.instance, built.chain
    at = instance.addresses.orders
    answer = chain.view(at, call_data("orderParameters()")).data
    assert decode([ORDERS_TYPE], answer)[0] == orders_tuple(built.start.parameters.orders)
    assert decode(["address"], chain.view(at, call_data("engine()")).data)[0] == instance.addresses.engine
    act = Action("request_order", "trader-1", ("trader-1", BTC, -WAD, 60_000 * WAD, 2, 5))
    (receipt,) = chain.block(1, [instance.call(act, chain.time_s + 1)])
    assert receipt.ok
    answer = chain.view(at, call_data("orderOf(address,uint256)", instance.address_of["trader-1"], BTC)).data
    now_s = chain.time_s
    order = decode(["(int128,uint128,uint64,uint64,uint64)"], answer)[0]
    assert order == (-WAD, 60_000 * WAD, now_s, now_s + 2, now_s + 7)
    slots = instance.slots
    assert isinstance(slots, Slots)
    values = chain.storage(slots.pairs)
    assert tuple(slots.unpack_orders(values[slots.orders_at :])[("trader-1", BTC)]) == order
    built.reset()


def test_an_order_packs_as_it_unpacks() -> None:
    built = arena()
    slots = built.instance.slots
    assert isinstance(slots, Slots)
    act = Action("request_order", "maker", ("maker", BTC, -WAD, 60_000 * WAD, 2, 5))
    after, outcome = apply(built.start, act.kind, act.caller, act.arguments)
    assert outcome.done
    values = slots.pack(built.start)
    changes = slots.repack(values, built.start, after)
    assert len(changes) == 2
    assert slots.unpack(values, built.start).orders == after.orders
