"""`ape run deploy`: parameters, manifests, accounts and networks that it refuses, each in one line that says where and why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deployment.support import PARAMETERS, Deployed, changed, line_of, local_chain, run_deploy
from underwater.deployments.deploying import read_parameters
from underwater.deployments.manifest import read_manifest
from underwater.errors import UserError

UNSAFE = [
    # text, what it becomes, the field that is named (its line is that of the text), part of the reason
    ("liquidator_share: 0.5", "liquidator_share: 1.01", "liquidation.liquidator_share", "above 1"),
    ("close_factor: 0.5", "close_factor: 0", "liquidation.close_factor", "not in (0, 1]"),
    ("close_factor: 0.5", "close_factor: 1.5", "liquidation.close_factor", "not in (0, 1]"),
    (
        "small_position_notional: 100",
        "small_position_notional: 1_000_000_000_000_000_000",
        "liquidation.small_position_notional",
        "above 10^16",
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
    ("interval_s: 28800", "interval_s: 0", "markets[2].funding.interval_s", "below 1"),
    ("interval_s: 28800", "interval_s: 90_000", "markets[2].funding", "outside 1 to 86400 s"),
    ("maximum_velocity: 0.03", "maximum_velocity: 0.11", "markets[2].funding", "above 0.1 a day"),
    ("premium_depth: 100_000}", "premium_depth: 0}", "markets[2].funding", "depth is not in"),
    ("premium_depth: 100_000}", "depth: 1}", "markets[2].funding.depth", "unknown field"),
    (
        "interval_s: 28800, maximum_rate: 0.03",
        "interval_s: 28800, maximum_rate: 0.09",
        "markets[2].liquidation_penalty",
        "funding",
    ),
    ("position_limit: 40_000", "position_limit: 0", "markets[2].position_limit", "positive multiple"),
    ("position_limit: 40_000", "position_limit: 40_000.001", "markets[2].position_limit", "multiple of the lot"),
    ("position_limit: 40_000", "position_limit: 100_000_000_000_000", "markets[2].position_limit", "above 10^16"),
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
        ('"name": "views"', '"name": "sights"', r":10: contracts: 'views', which every engine has, is missing"),
        ('"name": "governance"', '"name": "rule"', r":10: contracts: 'governance', .* is missing"),
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
