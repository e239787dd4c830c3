"""The engine's code stands in two contracts that share one storage."""

from __future__ import annotations

import re
from typing import Any

import pytest
from eth_abi import encode

from underwater.actions import Call
from underwater.chain.revm import RevmChain
from underwater.engine.abi import selector, signature
from underwater.engine.artifacts import Contract
from underwater.engine.bundled.actors import ADDRESSES, DEPLOYER
from underwater.engine.bundled.engine import BUNDLED, deploy
from underwater.engine.bundled.kinds import KINDS
from underwater.engine.bundled.plan import call_data, liquidation_tuple
from underwater.hunt.arena import Arena

ARTIFACTS = BUNDLED.artifacts(None)
DEPLOYMENT = BUNDLED.default_deployment()
UNSAFE = selector("UnsafeParameter(bytes32)")


def layout(contract: Contract) -> list[tuple[Any, ...]]:
    """(label, slot, offset, type) of every variable; a type by its name, size and members, not by its number in a run."""
    types = contract.storage_layout["types"]

    def told(type_id: str) -> tuple[Any, ...]:
        kind = types[type_id]
        members = [(one["label"], one["slot"], one["offset"], told(one["type"])) for one in kind.get("members", ())]
        inner = [told(kind[part]) for part in ("base", "key", "value") if part in kind]
        return kind["label"], kind["numberOfBytes"], kind["encoding"], tuple(members), tuple(inner)

    return [
        (entry["label"], entry["slot"], entry["offset"], told(entry["type"]))
        for entry in contract.storage_layout["storage"]
    ]


def functions(contract: Contract) -> set[str]:
    return {signature(entry) for entry in contract.abi if entry["type"] == "function"}


def test_the_engines_storage_begins_as_its_governances() -> None:
    governance, engine = layout(ARTIFACTS["Governance"]), layout(ARTIFACTS["MarginEngine"])
    assert governance == engine[: len(governance)]
    assert len(governance) >= 7


def test_no_function_of_governance_is_hidden_by_another_of_the_engine() -> None:
    functions_of = [kind.function for kind in KINDS.values() if kind.target == "engine"]
    own = {text for text in functions_of if re.match("set[A-Z]", text)} - {"setOperator(address,bool)"}
    assert own
    assert own <= functions(ARTIFACTS["Governance"])
    assert not own & functions(ARTIFACTS["MarginEngine"])


@pytest.fixture
def chain() -> RevmChain:
    return RevmChain(BUNDLED.begin_s - 1)


def created(chain: RevmChain, governance: str) -> bytes:
    """What creating an engine with this governance answers."""
    arguments = encode(
        ["address", "address", "(uint64,uint64,uint128)"],
        [governance, ADDRESSES[DEPLOYER], liquidation_tuple(DEPLOYMENT.parameters.liquidation)],
    )
    chain.create(ADDRESSES[DEPLOYER], ARTIFACTS["MarginEngine"].creation_code + arguments)
    return b""


def test_an_engine_without_code_for_its_governance_is_refused(chain: RevmChain) -> None:
    with pytest.raises(RuntimeError, match=(UNSAFE + b"governance").hex()):
        created(chain, ADDRESSES["outsider"])
    there = chain.create(ADDRESSES[DEPLOYER], ARTIFACTS["Governance"].creation_code)
    assert created(chain, there) == b""


def test_governance_itself_obeys_nobody_and_holds_nothing() -> None:
    arena = Arena(BUNDLED, DEPLOYMENT, ARTIFACTS)
    governance = arena.instance.addresses.governance
    cap = call_data("setDepositCap(uint256,uint128)", 0, 1)
    for name in ("admin", "risk-manager", "oracle-manager", "outsider"):
        assert not arena.chain.transact(Call(ADDRESSES[name], governance, cap)).ok
    assert arena.chain.contents(governance).storage == {}


def test_what_neither_has_is_refused_without_a_word() -> None:
    arena = Arena(BUNDLED, DEPLOYMENT, ARTIFACTS)
    engine = arena.instance.addresses.engine
    receipt = arena.chain.transact(Call(ADDRESSES["outsider"], engine, selector("mint()")))
    assert (receipt.ok, receipt.data) == (False, b"")
    assert deploy(DEPLOYMENT, ARTIFACTS)[1].addresses.governance != engine
