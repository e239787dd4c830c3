"""The engine's address is a proxy: it begins once, its code is replaced, and what is stored stays (section 16)."""

from __future__ import annotations

import pytest
from eth_abi import encode
from eth_utils.crypto import keccak

from reference.upgrades import CANDIDATES, IMPLEMENTATIONS, NOTHING
from tests.engine.test_modules import layout
from tests.hunt.support import USDC, USDC_ONE, deposit
from underwater.actions import Action, Call, Receipt
from underwater.chain import NotCreated
from underwater.chain.revm import RevmChain
from underwater.engine.abi import selector, topic
from underwater.engine.bundled.actors import ADDRESSES, DEPLOYER
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.bundled.plan import INITIALIZE, call_data, liquidation_tuple, role_id
from underwater.engine.bundled.storage import IMPLEMENTATION_SLOT
from underwater.hunt.arena import Arena

ARTIFACTS = BUNDLED.artifacts(None)
DEPLOYMENT = BUNDLED.default_deployment()
LIQUIDATION = liquidation_tuple(DEPLOYMENT.parameters.liquidation)
NOTE = b"\x07" * 32


@pytest.fixture
def arena() -> Arena:
    return Arena(BUNDLED, DEPLOYMENT, ARTIFACTS)


def run(arena: Arena, action: Action) -> Receipt:
    return arena.chain.transact(arena.instance.call(action, arena.chain.time_s))


def test_the_next_implementation_stores_what_it_adds_behind_what_is_stored() -> None:
    engine, following = layout(ARTIFACTS["MarginEngine"]), layout(ARTIFACTS["NextMarginEngine"])
    assert following[: len(engine)] == engine
    assert [entry[0] for entry in following[len(engine) :]] == ["noteOf"]


def test_the_proxy_has_no_function_that_could_hide_one_of_the_engine() -> None:
    assert [entry for entry in ARTIFACTS["EngineProxy"].abi if entry["type"] == "function"] == []
    assert ARTIFACTS["EngineProxy"].storage_layout["storage"] == []


def test_an_upgrade_keeps_what_is_stored_and_adds_what_is_new(arena: Arena) -> None:
    engine = arena.instance.addresses.engine
    assert run(arena, deposit("maker", USDC, 7 * USDC_ONE)).ok
    before = arena.chain.contents(engine).storage
    note = Call(ADDRESSES["maker"], engine, call_data("setNote(bytes32)", NOTE))
    assert not arena.chain.transact(note).ok
    receipt = run(arena, Action("upgrade", "admin", ("next",)))
    assert [log.topics[0] for log in receipt.logs] == [topic("Upgraded(address)")]
    place = keccak(IMPLEMENTATION_SLOT.to_bytes(32, "big"))
    changed = {**before, place: int(arena.instance.addresses.next_implementation, 16)}
    assert arena.chain.contents(engine).storage == changed
    assert arena.chain.transact(note).ok
    assert arena.chain.view(engine, call_data("noteOf(address)", ADDRESSES["maker"])).data == NOTE
    assert run(arena, Action("withdraw", "maker", ("maker", USDC, USDC_ONE))).ok
    assert run(arena, Action("upgrade", "admin", ("first",))).ok
    assert len(arena.chain.contents(engine).storage) == len(before) + 1
    assert not arena.chain.transact(note).ok


@pytest.mark.parametrize("implementation", CANDIDATES)
def test_who_may_upgrade_to_what(arena: Arena, implementation: str) -> None:
    chain, instance = arena.chain, arena.instance
    by_outsider = run(arena, Action("upgrade", "outsider", (implementation,)))
    assert instance.outcome_of(by_outsider).error == "AccessControlUnauthorizedAccount"
    outcome = instance.outcome_of(run(arena, Action("upgrade", "admin", (implementation,))))
    answer = chain.view(instance.addresses.engine, selector("currentImplementation()")).data[12:].hex()
    if implementation in IMPLEMENTATIONS:
        assert outcome.events == (("Upgraded", implementation),)
        assert "0x" + answer == instance.candidates[implementation]
    else:
        assert (outcome.error, outcome.error_arguments) == ("ERC1967InvalidImplementation", (implementation,))
        assert "0x" + answer == instance.addresses.implementation


@pytest.mark.parametrize("where", [name for name in CANDIDATES if name != NOTHING])
@pytest.mark.parametrize("caller", ["outsider", "admin"])
def test_nothing_can_be_initialised_again(arena: Arena, where: str, caller: str) -> None:
    action = Action("initialize_implementation", caller, (where, caller, *LIQUIDATION))
    assert arena.instance.outcome_of(run(arena, action)).error == "InvalidInitialization"


def test_governance_is_initialised_by_nobody_where_it_stands(arena: Arena) -> None:
    data = call_data(INITIALIZE, ADDRESSES["outsider"], LIQUIDATION)
    receipt = arena.chain.transact(Call(ADDRESSES["outsider"], arena.instance.addresses.governance, data))
    assert receipt.data == selector("InvalidInitialization()")


def test_an_implementation_says_what_it_is_only_where_it_stands(arena: Arena) -> None:
    addresses, asked = arena.instance.addresses, selector("proxiableUUID()")
    for implementation in (addresses.implementation, addresses.next_implementation):
        assert int.from_bytes(arena.chain.view(implementation, asked).data, "big") == IMPLEMENTATION_SLOT
    assert arena.chain.view(addresses.engine, asked).data == bytes(32)


def created(implementation: str, initialization: bytes, chain: RevmChain) -> str:
    code = ARTIFACTS["EngineProxy"].creation_code + encode(["address", "bytes"], [implementation, initialization])
    return chain.create(ADDRESSES[DEPLOYER], code)


def test_an_engine_is_initialised_in_the_transaction_that_makes_it(arena: Arena) -> None:
    implementation = arena.instance.addresses.implementation
    with pytest.raises(NotCreated, match=selector("ERC1967ProxyUninitialized()").hex()):
        created(implementation, b"", arena.chain)
    unsafe = call_data(INITIALIZE, ADDRESSES["maker"], (LIQUIDATION[0], 0, 0))
    with pytest.raises(NotCreated, match=(selector("UnsafeParameter(bytes32)") + b"closeFactor").hex()):
        created(implementation, unsafe, arena.chain)
    engine = created(implementation, call_data(INITIALIZE, ADDRESSES["maker"], LIQUIDATION), arena.chain)
    has_role = call_data("hasRole(bytes32,address)", role_id("DEFAULT_ADMIN_ROLE"), ADDRESSES["maker"])
    assert int.from_bytes(arena.chain.view(engine, has_role).data, "big") == 1
