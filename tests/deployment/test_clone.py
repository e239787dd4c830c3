"""What Ape deployed and its clone hold the same code and storage, and a difference is seen."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.deployment.support import LOCAL, PARAMETERS, local_chain
from underwater.actions import Call
from underwater.chain.ape import ApeChain, connected
from underwater.chain.clone import clone, differences
from underwater.chain.live import LiveNetwork
from underwater.chain.revm import RevmChain
from underwater.deployments.deploying import deploy, prepare, read_parameters
from underwater.engine.artifacts import PROJECT
from underwater.engine.bundled.actors import ADDRESSES
from underwater.engine.bundled.plan import call_data
from underwater.engine.registry import engine_named
from underwater.errors import EnvironmentFailure
from underwater.events import Cloned
from underwater.hunt import origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from underwater.deployments.manifest import Manifest

FOUNDRY = "ethereum:local:foundry"


class Source:
    """A chain on which Ape deployed, and what it recorded."""

    def __init__(self, chain: ApeChain, manifest: Manifest) -> None:
        self.chain = chain
        self.manifest = manifest
        self.contracts = [one.address for one in manifest.contracts]


@contextmanager
def opened(network: str) -> Iterator[ApeChain]:
    if network == LOCAL:
        with local_chain() as chain:
            yield chain
        return
    if shutil.which("anvil") is None:
        pytest.skip("anvil is not installed")
    with connected(network) as chain:
        yield chain


@pytest.fixture(scope="module", params=[LOCAL, FOUNDRY], ids=["py-evm", "anvil"])
def source_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    path = tmp_path_factory.mktemp("source") / "manifest.json"
    with opened(request.param) as chain:
        network = LiveNetwork(chain.provider)
        # A deployer that was here before, and blocks that hold none of its transactions.
        deployer = network.sender("TEST::7")
        chain.block(1000, [Call(deployer, ADDRESSES["treasurer"], b"")])
        prepared = prepare(read_parameters(PARAMETERS), network, deployer)
        yield Source(chain, deploy(prepared, network, path, lambda _line: None))


@pytest.fixture
def source(source_once: Source) -> Iterator[Source]:
    before = source_once.chain.snapshot()
    yield source_once
    source_once.chain.restore(before)


def test_a_clone_equals_its_source(source: Source) -> None:
    copy = clone(source.manifest.mined)
    assert differences(source.chain, copy, source.contracts) == []
    assert (copy.number, copy.time_s) == (source.chain.number, source.chain.time_s)
    addresses = source.manifest.addresses
    for address in source.contracts:
        contents = copy.contents(address)
        assert contents.code
        # Code that the engine runs as its own keeps nothing where it stands, but that nobody initialises it.
        codes = (addresses.views, addresses.governance, addresses.implementation)
        kept = len(contents.storage)
        assert (
            kept == 1
            if address in (*codes, addresses.orders)
            else kept == 0
            if address == addresses.gateway
            else kept >= 2
        )
        assert contents == source.chain.contents(address)


def test_source_and_clone_go_on_alike(source: Source) -> None:
    copy = clone(source.manifest.mined)
    limits = source.manifest.deployment.parameters.markets[0].limits
    data = call_data(
        "setMarketLimits(uint256,(uint64,uint64,uint64,uint128))",
        0,
        (limits.price_band_rate_wad, 0, limits.liquidation_penalty_rate_wad, 10**20),
    )
    call = Call(ADDRESSES["risk-manager"], source.manifest.engine, data)
    assert source.chain.block(7, [call]) == copy.block(7, [call])
    assert differences(source.chain, copy, source.contracts) == []


def test_a_change_of_the_source_after_its_deployment_is_seen(source: Source) -> None:
    copy = clone(source.manifest.mined)
    data = call_data("setDepositCap(uint256,uint128)", 0, 1)
    (receipt,) = source.chain.block(1, [Call(ADDRESSES["risk-manager"], source.manifest.engine, data)])
    assert receipt.ok
    (difference,) = differences(source.chain, copy, source.contracts)
    assert difference.startswith(f"{source.manifest.engine}: slot with hash 0x")


@pytest.mark.parametrize("slot", [0, 12345], ids=["slot in use", "slot of nobody"])
def test_a_changed_slot_of_the_clone_is_seen(source: Source, slot: int) -> None:
    copy = clone(source.manifest.mined)
    store(copy, source.contracts[-1], slot, 77)
    (difference,) = differences(source.chain, copy, source.contracts)
    assert difference.startswith(f"{source.contracts[-1]}: slot with hash 0x")
    assert difference.endswith("77 on revm")


def store(chain: RevmChain, address: str, slot: int, value: int) -> None:
    chain.evm.insert_account_storage(address, slot, value)


def test_a_transaction_left_out_is_seen(source: Source) -> None:
    copy = clone(source.manifest.mined[:-1])
    assert len(differences(source.chain, copy, source.contracts)) == 1


def test_transactions_that_cannot_be_replayed_are_named(source: Source) -> None:
    mined = source.manifest.mined
    labels = [one.transaction.label for one in mined]
    engine, listing = labels.index("create the margin engine"), labels.index("list collateral USDC")
    with pytest.raises(EnvironmentFailure, match="'list collateral USDC' cannot be replayed: 0x"):
        clone([*mined[engine - 3 : engine + 1], *mined[listing:]])
    with pytest.raises(EnvironmentFailure, match="'create token USDC' made 0x"):
        clone([mined[0]._replace(nonce=77)])
    broken = mined[0].transaction._replace(data=bytes.fromhex("5f5ffd"))
    with pytest.raises(EnvironmentFailure, match="'create token USDC' cannot be replayed"):
        clone([mined[0]._replace(transaction=broken)])


# At the start of a hunt


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for what is known of clones."""
    monkeypatch.setattr(origin, "FOLDER", tmp_path)
    return tmp_path


def test_the_first_hunt_compares_and_later_ones_know(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_named("bundled")
    with local_chain():
        cloned = origin.cloned_from_ape(engine)
    assert (cloned.network, cloned.contracts) == (LOCAL, 18)
    assert cloned.slots > 100
    (stamp,) = kept.iterdir()
    monkeypatch.setattr(origin, "_deploy_clone_compare", lambda *_: pytest.fail("is known already"))
    assert origin.cloned_from_ape(engine) == cloned
    # A stamp that was cut short is none.
    stamp.write_text(stamp.read_text()[:20])
    monkeypatch.setattr(origin, "_deploy_clone_compare", lambda *_: Cloned("again", 1, 2))
    assert origin.cloned_from_ape(engine) == Cloned("again", 1, 2)


def test_what_is_known_depends_on_code_and_parameters(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_named("bundled")
    plan, _ = engine.deploy(engine.default_deployment(), engine.artifacts(None))
    key = origin._key(engine, plan)
    assert origin._key(engine, plan) == key
    other = (plan[0]._replace(data=plan[0].data[:-1] + b"\x99"), *plan[1:])
    assert origin._key(engine, other) != key


def test_a_hunt_that_would_not_hunt_what_was_deployed_does_not_begin(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_named("bundled")

    def one_slot_off(recorded: Sequence[object]) -> RevmChain:
        copy = clone(recorded)  # type: ignore[arg-type]
        _, instance = engine.deploy(engine.default_deployment(), engine.artifacts(None))
        store(copy, instance.contracts[0], 99, 1)
        return copy

    monkeypatch.setattr(origin, "clone", one_slot_off)
    with local_chain(), pytest.raises(EnvironmentFailure, match=r"clone differ: 0x[0-9a-f]{40}: slot with hash"):
        origin.cloned_from_ape(engine)
    assert not list(kept.iterdir())


def test_ape_is_not_imported_where_the_result_is_known() -> None:
    program = (
        "import sys; from underwater.hunt.origin import cloned_from_ape; "
        "from underwater.engine.registry import engine_named; "
        "import underwater.session; "
        "import underwater.hunt.origin as origin; "
        "origin._read = lambda path: 'known'; "
        "assert cloned_from_ape(engine_named('bundled')) == 'known'; "
        "print([name for name in ('ape', 'web3', 'eth') if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (finished.stdout, finished.returncode) == ("[]\n", 0), finished.stderr
