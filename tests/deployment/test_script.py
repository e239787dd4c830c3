"""`ape run deploy`: what it sends, writes, checks and refuses."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import ape
import pytest
from eth_utils.crypto import keccak

from tests.deployment.support import LOCAL, PARAMETERS, changed, line_of, local_chain, run_deploy
from underwater.actions import Call, Transaction
from underwater.chain import TRANSACTION_GAS_LIMIT
from underwater.chain.clone import Mined
from underwater.chain.live import LiveNetwork, compiled
from underwater.deployments.deploying import CONTRACTS, check, compile_with_ape, prepare, read_parameters
from underwater.deployments.manifest import Manifest, read_manifest, write_manifest
from underwater.engine.artifacts import PROJECT, Artifacts, without_metadata
from underwater.engine.bundled.actors import ADDRESSES, DEPLOYER
from underwater.engine.bundled.plan import (
    MOST_CODE_BYTES,
    MOST_CREATION_BYTES,
    call_data,
    plan_actors,
    plan_deployment,
    role_id,
)
from underwater.engine.faults import artifacts_of
from underwater.errors import EnvironmentFailure, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from underwater.chain.ape import ApeChain

ADMIN = ADDRESSES[DEPLOYER]
RISK_MANAGER = ADDRESSES["risk-manager"]
SET_LIMITS = "setMarketLimits(uint256,(uint64,uint64,uint64,uint128))"


class Deployed:
    """A deployment that the script made on Ape's local chain."""

    def __init__(self, chain: ApeChain, manifest: Path, output: str) -> None:
        self.chain = chain
        self.manifest_path = manifest
        self.manifest = read_manifest(manifest)
        self.output = output


@pytest.fixture(scope="module")
def deployed_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    manifest = tmp_path_factory.mktemp("deployed") / "manifest.json"
    with local_chain() as chain:
        result = run_deploy("--manifest", manifest)
        assert (result.exit_code, result.stderr) == (0, "")
        yield Deployed(chain, manifest, result.stdout)


@pytest.fixture
def deployed(deployed_once: Deployed) -> Iterator[Deployed]:
    before = deployed_once.chain.snapshot()
    yield deployed_once
    deployed_once.chain.restore(before)


def network_of(chain: ApeChain) -> LiveNetwork:
    return LiveNetwork(chain.provider)


class Quick:
    """The same chain below Ape, which takes long to ask 144 questions."""

    def __init__(self, chain: ApeChain) -> None:
        self.view = chain.view
        self._contents = chain.contents

    def code(self, address: str) -> bytes:
        return self._contents(address).code


def wrong_fields(deployed: Deployed) -> list[str]:
    compared = check(deployed.manifest, Quick(deployed.chain), first_answers=False)
    return [one.field for one in compared if not one.equal]


def check_again(deployed: Deployed) -> tuple[int, list[str]]:
    result = run_deploy("--check", "--manifest", deployed.manifest_path)
    return result.exit_code, result.stderr.splitlines()


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
    assert lines[0].startswith(f"18 transactions on {LOCAL}")
    assert lines[-1] == "Nothing was sent."
    pattern = rf" +\d+  {ADMIN}  (creates|calls  ) 0x[0-9a-f]{{40}} +[\d,]+ bytes of data  \w.*"
    assert len(lines) == 20
    assert all(re.fullmatch(pattern, line) for line in lines[1:-1])
    assert not manifest.exists()


def test_progress_names_every_transaction_and_the_check_its_number_of_values(deployed: Deployed) -> None:
    for mined in deployed.manifest.mined:
        assert f"/18  {mined.transaction.label}  (" in deployed.output
    assert deployed.output.splitlines()[-1] == (
        "Checked 148 values on chain against parameters/default.yaml: all are equal."
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
    assert {one["contract"] for one in content["contracts"]} == {"MarginEngine", "TestToken", "TestFeed"}
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


ROLES = ("admin", "risk_manager", "oracle_manager", "treasurer")


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
    assert "Checked 148 values" in finished.stdout
    assert read_manifest(manifest).network == network


# What was compiled


@pytest.fixture(scope="module")
def artifacts() -> Artifacts:
    return artifacts_of(None)


def test_ape_compiles_the_code_that_is_hunted(artifacts: Artifacts) -> None:
    contracts, _ = compile_with_ape()
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
    assert len(created) == 10
    assert all(len(transaction.data) < MOST_CREATION_BYTES for transaction in created)
    assert all(len(artifacts[name].runtime_code) < MOST_CODE_BYTES for name in CONTRACTS)


def test_a_contract_that_fits_no_chain_is_refused(artifacts: Artifacts) -> None:
    large = artifacts["MarginEngine"]._replace(runtime_code=bytes(MOST_CODE_BYTES + 1))
    with pytest.raises(UserError, match=r"MarginEngine has 24577 bytes of runtime code; chains take 24576"):
        plan_deployment(read_parameters(PARAMETERS).deployment, {**artifacts, "MarginEngine": large})


# What it notices


def test_a_check_of_what_nobody_touched_finds_nothing(deployed: Deployed) -> None:
    assert check_again(deployed) == (0, [])


def test_a_changed_market_limit_is_named(deployed: Deployed) -> None:
    limits = deployed.manifest.deployment.parameters.markets[1].limits
    data = call_data(
        SET_LIMITS, 1, (limits.price_band_rate_wad, 0, limits.liquidation_penalty_rate_wad, 4_000 * 10**18)
    )
    (receipt,) = deployed.chain.block(1, [Call(RISK_MANAGER, deployed.manifest.engine, data)])
    assert receipt.ok
    assert check_again(deployed) == (
        1,
        [
            "markets[1].trading_fee: should be 0.0005, is 0",
            "markets[1].position_limit: should be 5000, is 4000",
            "2 of 144 values differ from parameters/default.yaml.",
        ],
    )


@pytest.mark.parametrize(
    ("sender", "data", "field"),
    [
        (RISK_MANAGER, call_data("setDepositCap(uint256,uint128)", 1, 7), "collaterals[1].deposit_cap"),
        (
            RISK_MANAGER,
            call_data("setLiquidationParameters((uint64,uint64,uint128))", (0, 5 * 10**17, 10**20)),
            "liquidation.liquidator_share",
        ),
        (
            ADMIN,
            call_data("grantRole(bytes32,address)", role_id("RISK_ROLE"), ADDRESSES["treasurer"]),
            f"RISK_ROLE of {ADDRESSES['treasurer']}",
        ),
        (
            ADMIN,
            call_data("revokeRole(bytes32,address)", role_id("ORACLE_ROLE"), ADDRESSES["oracle-manager"]),
            f"ORACLE_ROLE of {ADDRESSES['oracle-manager']}",
        ),
    ],
    ids=["deposit cap", "liquidation", "granted", "revoked"],
)
def test_whatever_a_role_changes_is_named(deployed: Deployed, sender: str, data: bytes, field: str) -> None:
    (receipt,) = deployed.chain.block(1, [Call(sender, deployed.manifest.engine, data)])
    assert receipt.ok
    assert wrong_fields(deployed) == [field]


def test_a_changed_feed_is_named(deployed: Deployed) -> None:
    other = deployed.manifest.addresses.sources["ETH-USD"]
    feed = (other, 8, 60, 10**8, 10**10)
    data = call_data("setMarketFeed(uint256,(address,uint8,uint32,int192,int192))", 0, feed)
    (receipt,) = deployed.chain.block(1, [Call(ADDRESSES["oracle-manager"], deployed.manifest.engine, data)])
    assert receipt.ok
    assert wrong_fields(deployed) == [
        f"markets[0].feed.{part}" for part in ("source", "heartbeat_s", "minimum", "maximum")
    ]


def test_a_first_answer_that_moved_is_named_right_after_the_deployment_only(deployed: Deployed) -> None:
    manifest = deployed.manifest
    data = call_data("publish(int256,uint256)", 10**8, deployed.chain.time_s)
    deployed.chain.block(1, [Call(ADDRESSES["publisher"], manifest.addresses.sources["BTC-USD"], data)])
    wrong = [one for one in check(manifest, Quick(deployed.chain)) if not one.equal]
    assert [(one.field, one.expected, one.found) for one in wrong] == [("sources.BTC-USD.price", "60000", "1")]
    assert wrong_fields(deployed) == []


def test_another_contract_at_the_address_is_named_field_by_field(deployed: Deployed) -> None:
    manifest = replace(deployed.manifest, engine=deployed.manifest.addresses.tokens[0])
    wrong = [one for one in check(manifest, Quick(deployed.chain)) if not one.equal]
    assert len(wrong) > 100
    assert {one.found for one in wrong} == {"no answer", "0"}


def test_a_manifest_of_another_chain_is_refused(deployed: Deployed, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    write_manifest(path, replace(deployed.manifest, chain_id=1))
    result = run_deploy("--check", "--manifest", path)
    assert (result.exit_code, result.stderr) == (2, f"ERROR: the manifest is of chain 1, {LOCAL} is 31337\n")


# What it refuses


UNSAFE = [
    # text, what it becomes, the field that is named (its line is that of the text), part of the reason
    ("liquidator_share: 0.5", "liquidator_share: 1.01", "liquidation.liquidator_share", "above 1"),
    ("close_factor: 0.5", "close_factor: 0", "liquidation.close_factor", "not in (0, 1]"),
    ("close_factor: 0.5", "close_factor: 1.5", "liquidation.close_factor", "not in (0, 1]"),
    (
        "small_position_notional: 100",
        "small_position_notional: 1_000_000_000_000_000_000",
        "liquidation.small_position_notional",
        "above 10^17",
    ),
    ("haircut: 0.1\n", "haircut: 1\n", "collaterals[1].haircut", "not below 1"),
    ("haircut: 0.1\n", "haircut: 0.05\n", "collaterals[1].liquidation_discount", "below the haircut"),
    (
        "liquidation_discount: 0.05",
        "liquidation_discount: 0",
        "collaterals[1].liquidation_discount",
        "must be positive",
    ),
    ("deposit_cap: 20_000", "deposit_cap: 1" + "0" * 16, "collaterals[2].deposit_cap", "above 10^33"),
    ("heartbeat_s: 7200", "heartbeat_s: 604801", "collaterals[2].feed", "outside 1 to 604800"),
    ("minimum: 50, maximum: 100_000", "minimum: 50, maximum: 50", "collaterals[2].feed", "not positive and rising"),
    ("minimum: 50, maximum: 100_000", "minimum: 0, maximum: 50", "collaterals[2].feed", "not positive and rising"),
    ("maximum: 1_000}", "maximum: 1_000_000_000_000_000_001}", "markets[3].feed", "above 10^18"),
    ("lot: 0.001\n", "lot: 0\n", "markets[1].tick", "not a positive whole multiple"),
    ("tick: 0.001\n", "tick: 0.00000000000000001\n", "markets[2].tick", "not a positive whole multiple"),
    ("tick: 0.001\n", "tick: 20_000\n", "markets[2].feed", "below one tick"),
    ("trading_fee: 0.001\n", "trading_fee: 0.010001\n", "markets[2].trading_fee", "above 1 %"),
    ("liquidation_penalty: 0.02\n", "liquidation_penalty: 0.04\n", "markets[2].liquidation_penalty", "price band"),
    ("position_limit: 40_000", "position_limit: 0", "markets[2].position_limit", "positive multiple"),
    ("position_limit: 40_000", "position_limit: 40_000.001", "markets[2].position_limit", "multiple of the lot"),
    ("position_limit: 40_000", "position_limit: 100_000_000_000_000", "markets[2].position_limit", "above 10^17"),
    ("tick: 0.001\n", "tick: 0.001\n    unknown: 1\n", "markets[2].unknown", "unknown field"),
    ("maintenance: 0.02}", "maintenance: 0.04}", "markets[0].brackets", "maintenance rate < initial"),
    ("maintenance: 0.02}", "maintenance: 0}", "markets[0].brackets", "0 < maintenance"),
    ("notional_from: 0, initial: 0.04", "notional_from: 1, initial: 0.04", "markets[0].brackets", "first floor"),
    ("notional_from: 250_000, initial: 0.06", "notional_from: 0, initial: 0.06", "markets[0].brackets", "do not rise"),
    ("initial: 0.2, maintenance: 0.1}", "initial: 0.2, maintenance: 0.04}", "markets[0].brackets", "falls"),
    ("{token: USDC,", "{token: WETH,", "collaterals", "listed twice"),
]


@pytest.mark.parametrize(("old", "new", "field", "reason"), UNSAFE)
def test_what_is_unsafe_is_refused_with_its_place_and_reason(
    tmp_path: Path, old: str, new: str, field: str, reason: str
) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(UserError) as refusal:
        read_parameters(path)
    where, _, why = str(refusal.value).partition(f": {field}: ")
    file, _, line = where.rpartition(":")
    assert file == str(path)
    assert reason in why
    # The refused field stands where the change was made, or near it where two fields disagree.
    assert abs(int(line) - line_of(PARAMETERS, old)) <= 6


MALFORMED = [
    ("decimals: 6,", "decimals: 19,", r":\d+: collaterals\[0\]\.decimals: 19 is above 18"),
    ("decimals: 6,", "decimals: six,", r":\d+: collaterals\[0\]\.decimals: 'six' is not a whole number"),
    ("decimals: 6,", "decimals: " + "9" * 5000 + ",", r":\d+: collaterals\[0\]\.decimals: has more than 120 digits"),
    ("lot: 0.0001", "lot: 1e-4", r":\d+: markets\[0\]\.lot: '1e-4' is not a decimal number"),
    ("lot: 0.0001", "lot: -1", r":\d+: markets\[0\]\.lot: -1 is below 0"),
    ("lot: 0.0001", "lot: 0.0000000000000000001", r":\d+: markets\[0\]\.lot: .* has more than 18 decimals"),
    ("lot: 0.0001", "lot: ", r":\d+: markets\[0\]\.lot: should be a text"),
    ("    lot: 0.0001\n", "", r":\d+: markets\[0\]: 'lot' is missing"),
    ("    tick: 0.1\n", "    tick: 0.1\n    tick: 0.2\n", r":\d+: markets\[0\]\.tick: appears twice"),
    ("source: BTC-USD, heart", "source: XRP-USD, heart", r":\d+: .*source: 'XRP-USD' is not one of BTC-USD, "),
    ("price: 60000}", "price: 1" + "0" * 60 + "}", r":\d+: sources\.BTC-USD\.price: .* the most that a contract"),
    ("{decimals: 8, price: 60000}", "{decimals: 8}", r":\d+: sources\.BTC-USD: a source needs an address, or"),
    ("price: 60000}", "price: 1, address: abc}", r":\d+: sources\.BTC-USD\.address: 'abc' is not an address"),
    (
        "price: 60000}",
        "address: '0x" + "00" * 20 + "'}",
        r":\d+: sources\.BTC-USD\.address: the zero address is nobody's",
    ),
    ("notional_from: 5_000_000,", "notional_from: 1" + "0" * 21 + ",", r":\d+: .*notional_from: .* the most that"),
    ("wallet: 100\n", "wallet: 1" + "0" * 70 + "\n", r":\d+: collaterals\[1\]\.wallet: .* the most that"),
    ("liquidation:", "roles: {admin: 0}\nliquidation:", r":\d+: roles: 'risk_manager' is missing"),
    ("liquidation:", "surprise: 1\nliquidation:", r":\d+: surprise: unknown field"),
    ("markets:", "markets: {", r":\d+: not valid YAML: "),
    ("markets:", "\x00", r":\d+: not valid YAML: "),
]


@pytest.mark.parametrize(("old", "new", "message"), MALFORMED)
def test_what_is_malformed_is_one_line_with_file_line_and_field(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(UserError) as refusal:
        read_parameters(path)
    assert re.match(re.escape(str(path)) + message, str(refusal.value))
    assert "\n" not in str(refusal.value)


def test_a_refused_file_is_one_line_and_exit_2(tmp_path: Path) -> None:
    path = changed(tmp_path, "liquidation_penalty: 0.0125", "liquidation_penalty: 0.015")
    result = run_deploy("--parameters", path)
    assert result.exit_code == 2
    assert result.stdout == ""
    line = line_of(path, "liquidation_penalty: 0.015")
    assert result.stderr.startswith(
        f"ERROR: {path}:{line}: markets[0].liquidation_penalty: unsafe: liquidation penalty"
    )
    assert result.stderr.count("\n") == 1


def test_a_file_that_is_not_there_is_named() -> None:
    result = run_deploy("--parameters", "nowhere.yaml")
    assert (result.exit_code, result.stderr) == (2, "ERROR: nowhere.yaml: cannot be read: No such file or directory\n")


def test_an_unknown_account_is_named() -> None:
    with local_chain():
        for alias in ("no-such-account", "TEST::99", "TEST::x"):
            result = run_deploy("--account", alias)
            assert result.exit_code == 2
            assert result.stderr.startswith(f"ERROR: --account {alias}: ")


def test_an_unknown_network_is_a_usage_error() -> None:
    result = run_deploy("--network", "ethereum:nowhere")
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"chain_id": 31337', '"chain_id": "x"', r":4: chain_id: 'x' is not a whole number"),
        ('"chain_id": 31337,', "", r":1: the document: 'chain_id' is missing"),
        (
            '"underwater_manifest": 1',
            '"underwater_manifest": 2',
            r":2: underwater_manifest: this version reads format 1",
        ),
        ('"engine": "0x', '"engine": "', r":9: engine: '.*' is not 20 bytes in hexadecimal"),
        ('"name": "token USDC"', '"name": "token DAI"', r":10: contracts: 'token USDC', .* is missing"),
        ('"to": null', '"to": "0x' + "11" * 20 + '"', r":\d+: transactions\[0\]: should have either 'to' or 'creates'"),
        ('"compiler": {', "'compiler': {", r": not valid JSON: "),
        ('"compiler": {', '"compiler": [', r":\d+: not valid YAML: "),
        ("small_position_notional: 100", "small_position_notional: x", r": parameters:8: liquidation\.small"),
    ],
)
def test_a_malformed_manifest_is_named_by_file_line_and_field(
    deployed: Deployed, tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = deployed.manifest_path.read_text()
    assert old in text
    path = tmp_path / "manifest.json"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError) as refusal:
        read_manifest(path)
    assert re.match(re.escape(str(path)) + message, str(refusal.value)), str(refusal.value)


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
        assert "7 of 18 transactions were sent" in result.stdout
        manifest = read_manifest(path)
        assert (manifest.is_complete, len(manifest.mined)) == (False, 7)
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


# A network that is not local


def real_file(folder: Path, manifest: Manifest, *, roles: bool = True, leave_out: str = "") -> Path:
    """The default file with the addresses of what already stands, as if they were real tokens and sources."""
    addresses = manifest.addresses
    text = PARAMETERS.read_text()
    for name, address in addresses.sources.items():
        if name != leave_out:
            text = re.sub(rf"({name}: {{decimals: \d+, )price: \d+}}", rf"\1address: '{address}'}}", text)
    for name, address in zip(("USDC", "WBTC", "WETH"), addresses.tokens, strict=True):
        if name == "USDC":
            text = text.replace("{token: USDC,", f"{{token: USDC, address: '{address}',")
        elif name != leave_out:
            text = text.replace(f"- token: {name}", f"- token: {name}\n    address: '{address}'")
    if roles:
        text += "roles:\n" + "".join(f"  {name}: '0x{number:040x}'\n" for number, name in enumerate(ROLES, 0xA1))
    path = folder / "real.yaml"
    path.write_text(text)
    return path


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ape's local chain says that it is not local, and Ape has an account 'deployer'."""
    monkeypatch.setattr(LiveNetwork, "is_local", False)
    account = ape.accounts.test_accounts[0]
    monkeypatch.setattr(LiveNetwork, "_named_account", staticmethod(lambda _alias: account))


@pytest.mark.usefixtures("elsewhere")
def test_a_network_that_is_not_local_asks_first(deployed: Deployed, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    arguments = (
        "--parameters",
        real_file(tmp_path, deployed.manifest),
        "--manifest",
        manifest,
        "--account",
        "deployer",
    )
    before = deployed.chain.number
    for answer in ("n\n", "\n"):
        result = run_deploy(*arguments, answer=answer)
        assert f"{LOCAL} is not local. Send 13 transactions that cannot be taken back? [y/N]" in result.stdout
        assert (result.exit_code, deployed.chain.number, manifest.exists()) == (2, before, False)
    result = run_deploy(*arguments, answer="y\n")
    assert result.exit_code == 0, result.stderr
    assert "Checked" in result.stdout
    assert deployed.chain.number == before + 13
    # A record of what may still stand is not overwritten.
    result = run_deploy(*arguments, answer="y\n")
    assert result.exit_code == 2
    assert f"{manifest}: exists" in result.stderr


@pytest.mark.usefixtures("elsewhere")
def test_yes_skips_the_question(deployed: Deployed, tmp_path: Path) -> None:
    path = real_file(tmp_path, deployed.manifest)
    manifest = tmp_path / "manifest.json"
    result = run_deploy("--parameters", path, "--manifest", manifest, "--account", "deployer", "--yes")
    assert result.exit_code == 0, result.stderr
    assert "[y/N]" not in result.stdout
    assert [one.contract for one in read_manifest(manifest).contracts] == [""] * 7 + ["MarginEngine"]


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("leave_out", "message"),
    [
        ("WBTC", "collaterals[1]: has no address; test tokens"),
        ("SOL-USD", "sources.SOL-USD: has no address; test sources"),
    ],
)
def test_test_doubles_are_refused_there(deployed: Deployed, tmp_path: Path, leave_out: str, message: str) -> None:
    path = real_file(tmp_path, deployed.manifest, leave_out=leave_out)
    result = run_deploy("--parameters", path, "--account", "deployer", "--yes")
    assert result.exit_code == 2
    line = line_of(path, {"WBTC": "token: WBTC", "SOL-USD": "SOL-USD:"}[leave_out])
    assert f"{path}:{line}: {message}" in result.stderr


@pytest.mark.usefixtures("elsewhere")
def test_roles_that_everybody_could_take_are_refused_there(deployed: Deployed, tmp_path: Path) -> None:
    path = real_file(tmp_path, deployed.manifest, roles=False)
    result = run_deploy("--parameters", path, "--account", "deployer", "--yes")
    assert result.exit_code == 2
    assert "'roles' is missing" in result.stderr
    path = real_file(tmp_path, deployed.manifest)
    path.write_text(path.read_text().replace("0x" + "a2".rjust(40, "0"), RISK_MANAGER))
    result = run_deploy("--parameters", path, "--account", "deployer", "--yes")
    assert result.exit_code == 2
    assert "roles.risk_manager: is a development account" in result.stderr


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        ("https://someone:word@node.example:8545/v2/a-key?k=a-key", "https://node.example:8545"),
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("ethereum:sepolia:node", "ethereum:sepolia:node"),
    ],
)
def test_a_key_in_the_address_of_a_node_is_not_written_down(choice: str, name: str) -> None:
    provider: Any = SimpleNamespace(network_choice=choice)
    assert LiveNetwork(provider).name == name


@pytest.mark.usefixtures("elsewhere")
def test_accounts_that_everybody_has_are_refused_there(deployed: Deployed, tmp_path: Path) -> None:
    path = real_file(tmp_path, deployed.manifest)
    for arguments in ((), ("--account", "TEST::0")):
        result = run_deploy("--parameters", path, "--yes", *arguments)
        assert result.exit_code == 2
        assert "not local" in result.stderr


def test_a_token_with_other_decimals_is_refused_before_anything_is_sent(deployed: Deployed, tmp_path: Path) -> None:
    path = real_file(tmp_path, deployed.manifest)
    text = path.read_text()
    before = deployed.chain.number
    for old, new, message in (
        ("decimals: 18\n", "decimals: 12\n", "collaterals[2].decimals: 12 in the file; "),
        ("SOL-USD: {decimals: 8", "SOL-USD: {decimals: 9", "sources.SOL-USD.decimals: 9 in the file; "),
        (deployed.manifest.addresses.tokens[1], "0x" + "77" * 20, "collaterals[1].address: nothing there answers"),
    ):
        path.write_text(text.replace(old, new, 1))
        result = run_deploy("--parameters", path)
        assert result.exit_code == 2
        assert message in result.stderr
    assert deployed.chain.number == before
