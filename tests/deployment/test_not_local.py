"""`ape run deploy` on a network that is not local: it asks first, and refuses what serves tests alone."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ape
import pytest

from tests.deployment.support import LOCAL, PARAMETERS, RISK_MANAGER, ROLES, Deployed, line_of, run_deploy
from underwater.chain.live import LiveNetwork
from underwater.deployments.manifest import Manifest, read_manifest


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
        assert f"{LOCAL} is not local. Send 25 transactions that cannot be taken back? [y/N]" in result.stdout
        assert (result.exit_code, deployed.chain.number, manifest.exists()) == (2, before, False)
    result = run_deploy(*arguments, answer="y\n")
    assert result.exit_code == 0, result.stderr
    assert "Checked" in result.stdout
    assert deployed.chain.number == before + 25
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
    made = ["Governance", "Views", "MarginEngine", "EngineProxy", "Orders", "EtherGateway"]
    assert [one.contract for one in read_manifest(manifest).contracts] == [""] * 9 + made


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
        ("decimals: 8\n", "decimals: 7\n", "collaterals[1].decimals: 7 in the file; "),
        ("SOL-USD: {decimals: 8", "SOL-USD: {decimals: 9", "sources.SOL-USD.decimals: 9 in the file; "),
        (deployed.manifest.addresses.tokens[1], "0x" + "77" * 20, "collaterals[1].address: nothing there answers"),
    ):
        path.write_text(text.replace(old, new, 1))
        result = run_deploy("--parameters", path)
        assert result.exit_code == 2
        assert message in result.stderr
    assert deployed.chain.number == before
