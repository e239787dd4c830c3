"""`ape run deploy`: what it sends and writes, the code that it deploys, and a network that fails."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from eth_utils.crypto import keccak

from tests.deployment.support import ADMIN, LOCAL, PARAMETERS, ROLES, Deployed, changed, local_chain, run_deploy
from underwater.actions import Call, Transaction
from underwater.chain import TRANSACTION_GAS_LIMIT
from underwater.chain.clone import Mined
from underwater.chain.live import LiveNetwork, compiled
from underwater.deployments.deploying import CONTRACTS, compile_with_ape, prepare, read_parameters
from underwater.deployments.manifest import read_manifest, write_manifest
from underwater.engine.artifacts import PROJECT, WETH9, Artifacts, without_metadata
from underwater.engine.bundled.actors import ADDRESSES
from underwater.engine.bundled.plan import MOST_CODE_BYTES, MOST_CREATION_BYTES, plan_actors, plan_deployment
from underwater.engine.faults import artifacts_of
from underwater.errors import EnvironmentFailure, UserError

if TYPE_CHECKING:
    from underwater.chain.ape import ApeChain


def network_of(chain: ApeChain) -> LiveNetwork:
    return LiveNetwork(chain.provider)


# What it does


def test_a_dry_run_shows_every_transaction_and_sends_none(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    with local_chain() as chain:
        before = chain.number
        nonce = network_of(chain).nonce(ADMIN)
        result = run_deploy("--dry-run", "--manifest", manifest)
        assert (chain.number, network_of(chain).nonce(ADMIN)) == (before, nonce)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"32 transactions on {LOCAL}")
    assert lines[-1] == "Nothing was sent."
    pattern = rf" +\d+  {ADMIN}  (creates|calls  ) 0x[0-9a-f]{{40}} +[\d,]+ bytes of data  \w.*"
    assert len(lines) == 34
    assert all(re.fullmatch(pattern, line) for line in lines[1:-1])
    assert not manifest.exists()


def test_progress_names_every_transaction_and_the_check_its_number_of_values(deployed: Deployed) -> None:
    for mined in deployed.manifest.mined:
        assert f"/32  {mined.transaction.label}  (" in deployed.output
    assert deployed.output.splitlines()[-1] == (
        "Checked 287 values on chain against parameters/default.yaml: all are equal."
    )


def test_the_manifest_says_what_stands_where_and_from_what(deployed: Deployed) -> None:
    manifest = deployed.manifest
    content = json.loads(deployed.manifest_path.read_text())
    assert (content["network"], content["chain_id"], content["complete"]) == (LOCAL, 31337, True)
    assert content["parameters"] == PARAMETERS.read_text()
    assert content["compiler"]["version"].startswith("0.8.37+commit.")
    assert content["compiler"]["settings"]["evmVersion"] == "cancun"
    assert content["block"] == manifest.mined[-1].number
    for one in content["contracts"]:
        code = deployed.chain.contents(one["address"]).code
        assert 0 < len(code) < MOST_CODE_BYTES
        assert one["code_hash"] == "0x" + keccak(code).hex()
    parts = {"MarginEngine", "EngineProxy", "Views", "Governance", "Orders", "EtherGateway"}
    assert {one["contract"] for one in content["contracts"]} == parts | {"AwkwardToken", "TestFeed", "WETH9"}
    assert [one["address"] for one in content["contracts"]] == [
        mined.transaction.creates for mined in manifest.mined if mined.transaction.to is None
    ]


def test_a_manifest_reads_back_to_what_was_written(deployed: Deployed, tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    write_manifest(copy, deployed.manifest)
    assert copy.read_text() == deployed.manifest_path.read_text()
    assert read_manifest(copy) == deployed.manifest


def test_no_transaction_needs_more_gas_than_the_harness_gives_one(deployed: Deployed) -> None:
    assert max(mined.gas_used for mined in deployed.manifest.mined) < TRANSACTION_GAS_LIMIT


def test_an_account_that_was_used_before_deploys_elsewhere(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    with local_chain() as chain:
        chain.block(1, [Call(ADDRESSES["outsider"], ADMIN, b"")])
        result = run_deploy("--manifest", manifest, "--account", "TEST::7")
        assert result.exit_code == 0
    first = read_manifest(manifest).mined[0]
    assert (first.transaction.sender, first.nonce) == (ADDRESSES["outsider"], 1)


def test_an_admin_of_the_file_takes_over_from_the_deployer(tmp_path: Path) -> None:
    roles = "\n".join(f"  {name}: '0x{number:040x}'" for number, name in enumerate(ROLES, 0xA1))
    path = changed(tmp_path, "liquidation:", f"roles:\n{roles}\nliquidation:")
    with local_chain():
        result = run_deploy("--parameters", path, "--manifest", tmp_path / "manifest.json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"renounce DEFAULT_ADMIN_ROLE as {ADMIN}" in result.stdout


@pytest.mark.skipif(shutil.which("anvil") is None, reason="anvil is not installed")
def test_ape_runs_it_on_anvil(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    ape_command = Path(sys.executable).parent / "ape"
    network = "ethereum:local:foundry"
    finished = subprocess.run(
        [ape_command, "run", "deploy", "--network", network, "--manifest", manifest],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "Checked 287 values" in finished.stdout
    assert read_manifest(manifest).network == network


# What was compiled


@pytest.fixture(scope="module")
def artifacts() -> Artifacts:
    return artifacts_of(None)


def test_ape_compiles_the_code_that_is_hunted(artifacts: Artifacts) -> None:
    contracts, _ = compile_with_ape()
    assert contracts.pop(WETH9) == artifacts[WETH9], "which is published, and compiled nowhere"
    assert tuple(contracts) == CONTRACTS
    for name, contract in contracts.items():
        ours = artifacts[name]
        assert without_metadata(contract.creation_code) == without_metadata(ours.creation_code)
        assert without_metadata(contract.runtime_code) == without_metadata(ours.runtime_code)
        assert len(without_metadata(contract.runtime_code)) < len(contract.runtime_code)


def test_code_that_ape_has_of_older_sources_is_compiled_again_and_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def stale(folder: Path, names: tuple[str, ...], *, afresh: bool = False) -> Any:
        asked.append(afresh)
        (engine, *others), compiler = compiled(folder, names)
        return [engine._replace(runtime_code=b"\0" + engine.runtime_code), *others], compiler

    monkeypatch.setattr("underwater.chain.live.compiled", stale)
    with pytest.raises(EnvironmentFailure, match="MarginEngine"):
        compile_with_ape()
    assert asked == [False, True]


def test_metadata_is_left_out_and_nothing_else() -> None:
    code = bytes.fromhex("6001600255")
    end = bytes.fromhex("a164736f6c6343000825") + (10).to_bytes(2, "big")
    assert without_metadata(code + end) == code
    for kept in (code, b"", b"\0", code + b"\0\x05", end[:-2]):
        assert without_metadata(kept) == kept


def test_every_created_contract_fits_a_chain(artifacts: Artifacts) -> None:
    deployment = read_parameters(PARAMETERS).deployment
    plan, addresses = plan_deployment(deployment, artifacts)
    plan += plan_actors(deployment, artifacts, addresses, nonce=len(plan))
    created = [transaction for transaction in plan if transaction.to is None]
    assert len(created) == 18
    assert all(len(transaction.data) < MOST_CREATION_BYTES for transaction in created)
    assert all(len(artifacts[name].runtime_code) < MOST_CODE_BYTES for name in CONTRACTS)


def test_a_contract_that_fits_no_chain_is_refused(artifacts: Artifacts) -> None:
    large = artifacts["MarginEngine"]._replace(runtime_code=bytes(MOST_CODE_BYTES + 1))
    with pytest.raises(UserError, match=r"MarginEngine has 24577 bytes of runtime code; chains take 24576"):
        plan_deployment(read_parameters(PARAMETERS).deployment, {**artifacts, "MarginEngine": large})


# A network that fails


def test_a_deployment_that_ends_early_leaves_a_manifest_of_what_was_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "manifest.json"
    send = LiveNetwork.send

    def fails_at_the_engine(self: LiveNetwork, transaction: Transaction) -> Mined:
        if transaction.label == "create the margin engine":
            raise EnvironmentFailure("the node does not answer")
        return send(self, transaction)

    monkeypatch.setattr(LiveNetwork, "send", fails_at_the_engine)
    with local_chain():
        result = run_deploy("--manifest", path)
        assert (result.exit_code, result.stderr) == (3, "ERROR: the node does not answer\n")
        assert "12 of 32 transactions were sent" in result.stdout
        manifest = read_manifest(path)
        assert (manifest.is_complete, len(manifest.mined)) == (False, 12)
        result = run_deploy("--check", "--manifest", path)
        assert result.exit_code == 2
        assert "ended before its last transaction" in result.stderr


def test_a_transaction_that_reverts_is_one_line(tmp_path: Path) -> None:
    with local_chain() as chain:
        network = network_of(chain)
        sender = network.sender(None)
        prepared = prepare(read_parameters(PARAMETERS), network, sender)
        engine = next(step for step in prepared.plan if step.label == "create the margin engine")
        broken = engine._replace(data=engine.data[:-1] + b"\xff" * 32, creates=prepared.plan[0].creates)
        with pytest.raises(EnvironmentFailure, match="'create the margin engine'") as failure:
            network.send(broken._replace(data=bytes.fromhex("5f5ffd")))
        assert "\n" not in str(failure.value)
