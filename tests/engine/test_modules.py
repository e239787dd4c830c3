"""The engine's code stands in three contracts that share one storage, in a chain: what one has not, the next is asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from eth_abi import encode
from eth_utils.crypto import keccak

from underwater.actions import Call
from underwater.chain import NOBODY, NotCreated
from underwater.chain.revm import RevmChain
from underwater.engine.abi import selector, signature, words
from underwater.engine.artifacts import PROJECT, Contract
from underwater.engine.bundled.actors import ADDRESSES, DEPLOYER
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.bundled.plan import ZERO_ADDRESS, call_data
from underwater.engine.bundled.storage import INITIALIZED_SLOT
from underwater.hunt.arena import Arena

if TYPE_CHECKING:
    from collections.abc import Iterable

MODULES = ("Views", "Governance")
INTERFACES = PROJECT / "contracts" / "interfaces"
ARTIFACTS = BUNDLED.artifacts(None)
DEPLOYMENT = BUNDLED.default_deployment()
NEVER = 2**64 - 1
"""The count of initialisations of what nobody may initialise."""
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


def functions(name: str) -> dict[bytes, str]:
    """Signatures by selector: two functions of one selector hide each other as two of one name do."""
    texts = (signature(entry) for entry in ARTIFACTS[name].abi if entry["type"] == "function")
    return {selector(text): text for text in texts}


def declared(*interfaces: str) -> set[str]:
    """Names of the functions of interfaces."""
    texts = [(INTERFACES / f"{name}.sol").read_text() for name in interfaces]
    return {found for text in texts for found in re.findall(r"\bfunction (\w+)\(", text)}


def names(signatures: Iterable[str]) -> set[str]:
    return {text.partition("(")[0] for text in signatures}


@pytest.mark.parametrize("name", MODULES)
def test_the_engines_storage_begins_as_that_of_the_code_that_it_runs(name: str) -> None:
    module, engine = layout(ARTIFACTS[name]), layout(ARTIFACTS["MarginEngine"])
    assert module == engine[: len(module)]
    assert len(module) >= 7


def test_every_function_of_the_interface_stands_in_one_place() -> None:
    engine, views, governance = functions("MarginEngine"), functions("Views"), functions("Governance")
    # What both begin with, and the engine too: reached there alone.
    begun = views.keys() & governance.keys()
    assert begun <= engine.keys()
    own = {"Views": views.keys() - begun, "Governance": governance.keys() - begun}
    assert names(views[one] for one in own["Views"]) == declared("IViews")
    assert names(governance[one] for one in own["Governance"]) == declared(
        "IGovernance", "IGuardian", "IUpgradeable", "IDelegation"
    ) | {"GUARDIAN_ROLE"}
    assert not (own["Views"] | own["Governance"]) & engine.keys()
    whole = (INTERFACES / "IMarginEngine.sol").read_text()
    others = set(re.findall(r"import \{(\w+)\}", whole)) - {
        "IViews",
        "IGovernance",
        "IGuardian",
        "IUpgradeable",
        "IDelegation",
    }
    assert declared(*others) <= names(engine.values())


@pytest.fixture
def chain() -> RevmChain:
    return RevmChain(BUNDLED.begin_s - 1)


def created(chain: RevmChain, name: str, extension: str) -> str:
    """Where a contract is that goes on at an extension."""
    return chain.create(ADDRESSES[DEPLOYER], ARTIFACTS[name].creation_code + encode(["address"], [extension]))


@pytest.mark.parametrize("nothing", [ADDRESSES["outsider"], ZERO_ADDRESS], ids=["no contract", "zero"])
def test_an_address_without_code_is_refused_as_views_and_as_governance(chain: RevmChain, nothing: str) -> None:
    with pytest.raises(NotCreated, match=(UNSAFE + b"views").hex()):
        created(chain, "MarginEngine", nothing)
    with pytest.raises(NotCreated, match=(UNSAFE + b"governance").hex()):
        created(chain, "Views", nothing)
    governance = chain.create(ADDRESSES[DEPLOYER], ARTIFACTS["Governance"].creation_code)
    assert created(chain, "MarginEngine", created(chain, "Views", governance))


@pytest.fixture
def arena() -> Arena:
    return Arena(BUNDLED, DEPLOYMENT, ARTIFACTS)


@pytest.mark.parametrize("name", MODULES)
def test_by_themselves_they_obey_nobody_and_hold_nothing(arena: Arena, name: str) -> None:
    module = {"Views": arena.instance.addresses.views, "Governance": arena.instance.addresses.governance}[name]
    cap = call_data("setDepositCap(uint256,uint128)", 0, 1)
    for caller in ("admin", "risk-manager", "oracle-manager", "outsider"):
        assert not arena.chain.transact(Call(ADDRESSES[caller], module, cap)).ok
    # But that nobody initialises them.
    assert arena.chain.contents(module).storage == {keccak(words(INITIALIZED_SLOT)): NEVER}


def test_views_by_themselves_know_nothing(arena: Arena) -> None:
    views, engine = arena.instance.addresses.views, arena.instance.addresses.engine
    health = call_data("accountHealth(address)", ADDRESSES[DEPLOYER])
    assert arena.chain.view(views, health).data == bytes(4 * 32)
    listed = call_data("marketAt(uint256)", 0)
    assert arena.chain.view(engine, listed).ok
    assert arena.chain.view(views, listed).data == call_data("UnknownMarket(uint256)", 0)


def test_a_view_may_be_asked_where_nothing_may_be_written(arena: Arena) -> None:
    engine = arena.instance.addresses.engine
    for text in ("markOf(uint256)", "fundingOf(uint256)", "marketAt(uint256)"):
        data = call_data(text, 0)
        answer = arena.chain.evm.message_call(caller=NOBODY, to=engine, calldata=data, is_static=True)
        assert answer == arena.chain.view(engine, data).data != b""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\1",
        selector("mint()"),
        selector("liquidationParameters()"),
        call_data("setDepositCap(uint256,uint128)", 0, 1),
    ],
    ids=["nothing", "too short", "of none", "of views", "of governance"],
)
def test_ether_is_refused_whatever_it_comes_with(arena: Arena, data: bytes) -> None:
    addresses, rich = arena.instance.addresses, ADDRESSES["risk-manager"]
    evm = arena.chain.evm
    evm.set_balance(rich, 10)
    for to in (addresses.engine, addresses.views, addresses.governance):
        with pytest.raises(RuntimeError, match="output: 0x "):
            evm.message_call(caller=rich, to=to, calldata=data, value=1)
        assert evm.get_balance(to) == 0


def test_what_none_has_is_refused_without_a_word(arena: Arena) -> None:
    receipt = arena.chain.transact(Call(ADDRESSES["outsider"], arena.instance.addresses.engine, selector("mint()")))
    assert (receipt.ok, receipt.data) == (False, b"")
