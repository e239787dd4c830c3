"""`ape run deploy --check`: whatever differs on chain from the manifest is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deployment.support import ADMIN, LOCAL, RISK_MANAGER, Deployed, run_deploy
from underwater.actions import Call
from underwater.deployments.deploying import check
from underwater.deployments.manifest import write_manifest
from underwater.engine.bundled.actors import ADDRESSES
from underwater.engine.bundled.plan import call_data, role_id

if TYPE_CHECKING:
    from underwater.chain.ape import ApeChain

SET_LIMITS = "setMarketLimits(uint256,(uint64,uint64,uint64,uint128))"


class Quick:
    """The same chain below Ape, which takes long to ask 153 questions."""

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
            "2 of 240 values differ from parameters/default.yaml.",
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
    assert {one.found for one in wrong} == {"no answer", "0", deployed.manifest.engine}


def test_a_manifest_of_another_chain_is_refused(deployed: Deployed, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    write_manifest(path, replace(deployed.manifest, chain_id=1))
    result = run_deploy("--check", "--manifest", path)
    assert (result.exit_code, result.stderr) == (2, f"ERROR: the manifest is of chain 1, {LOCAL} is 31337\n")
