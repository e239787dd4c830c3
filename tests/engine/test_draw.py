"""Drawn deployments: always valid, on both sides; of every magnitude; with the edges among them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reference.parameters import MAXIMUM_HEARTBEAT_S, Feed, Market
from reference.rounding import WAD
from underwater.chain.clone import run_plan
from underwater.chain.revm import RevmChain
from underwater.choices import SeededChoices
from underwater.document import parse
from underwater.engine.bundled.actors import ADDRESSES, ETHER_EACH_WEI
from underwater.engine.bundled.deployment import FAR_FUTURE_S, Deployment, read_deployment, write_deployment
from underwater.engine.bundled.draw import draw_deployment
from underwater.engine.bundled.plan import plan_actors, plan_deployment
from underwater.engine.faults import artifacts_of

DEPLOYMENTS = [draw_deployment(SeededChoices(seed)) for seed in range(800)]


def price_wad(deployment: Deployment, source: str) -> int:
    given = deployment.sources[source]
    return int(given.answer * 10 ** (18 - given.decimals))


def feeds_of(deployment: Deployment) -> list[Feed]:
    return [*deployment.parameters.feeds]


def test_every_drawn_deployment_is_valid() -> None:
    for deployment in DEPLOYMENTS:
        deployment.parameters.validate(deployment.feed_decimals)
        assert 4 <= len(deployment.parameters.markets) <= 6
        assert 3 <= len(deployment.parameters.collaterals) <= 4
        assert {feed.feed for feed in feeds_of(deployment)} == set(deployment.sources), "no source is without a use"


def test_same_seed_draws_the_same_deployment() -> None:
    assert DEPLOYMENTS[7] == draw_deployment(SeededChoices(7)) != draw_deployment(SeededChoices(8))


def test_drawn_deployment_survives_its_file() -> None:
    for deployment in DEPLOYMENTS[:60]:
        assert read_deployment(parse(write_deployment(deployment), "drawn.yaml")) == deployment


def test_contract_accepts_every_drawn_deployment() -> None:
    artifacts = artifacts_of(None)
    endowed = dict.fromkeys(ADDRESSES.values(), ETHER_EACH_WEI)
    for deployment in DEPLOYMENTS[:60]:
        plan, addresses = plan_deployment(deployment, artifacts)
        sent_by_deployer = sum(transaction.sender == plan[0].sender for transaction in plan)
        actors = plan_actors(deployment, artifacts, addresses, nonce=sent_by_deployer)
        run_plan(RevmChain(FAR_FUTURE_S - 1), (*plan, *actors), FAR_FUTURE_S, endowed)


def test_first_prices_are_of_every_magnitude_and_inside_their_bounds() -> None:
    decades = set()
    for deployment in DEPLOYMENTS:
        for feed in feeds_of(deployment):
            answer = deployment.sources[feed.feed].answer
            assert answer >= 10_000, "at least five digits"
            assert feed.minimum_answer <= answer <= feed.maximum_answer
            assert 60 <= feed.heartbeat_s <= MAXIMUM_HEARTBEAT_S
            decades.add(len(str(price_wad(deployment, feed.feed))) - 19)
    assert decades == set(range(-6, 6))


def test_accounts_can_trade_about_what_limits_allow() -> None:
    for deployment in DEPLOYMENTS:
        for market in deployment.parameters.markets:
            price = price_wad(deployment, market.feed.feed)
            lot_value_wad = market.lot_wad * price // WAD
            assert price >= 1_000 * market.tick_wad
            assert 10_000 <= lot_value_wad < 1_000 * WAD
            limit_value_wad = market.limits.position_limit_wad * price // WAD
            assert 10**5 * WAD <= limit_value_wad < 10**8 * WAD + lot_value_wad
        for collateral, units in zip(deployment.parameters.collaterals, deployment.wallets_units, strict=True):
            unit_price_wad = WAD if collateral.feed is None else price_wad(deployment, collateral.feed.feed)
            worth_wad = units * unit_price_wad // 10**collateral.decimals
            one_unit_wad = unit_price_wad // 10**collateral.decimals + 1
            assert 10**6 * WAD - one_unit_wad <= worth_wad < 10**8 * WAD


def test_sources_are_shared_with_different_heartbeats() -> None:
    shared = 0
    for deployment in DEPLOYMENTS:
        parameters = deployment.parameters
        market_uses = {(market.feed.feed, market.feed.heartbeat_s) for market in parameters.markets}
        shared += any(
            source == collateral.feed.feed and heartbeat_s != collateral.feed.heartbeat_s
            for source, heartbeat_s in market_uses
            for collateral in parameters.collaterals[1:]
            if collateral.feed is not None
        )
    assert shared > len(DEPLOYMENTS) // 3


def any_market(holds: Callable[[Market], bool]) -> Callable[[Deployment], bool]:
    return lambda deployment: any(holds(market) for market in deployment.parameters.markets)


def any_feed(holds: Callable[[Feed, int], bool]) -> Callable[[Deployment], bool]:
    return lambda drawn: any(holds(feed, drawn.sources[feed.feed].answer) for feed in feeds_of(drawn))


EDGES: dict[str, Callable[[Deployment], bool]] = {
    "band and penalty take all but a wei of the maintenance rate": any_market(
        lambda market: (
            market.limits.price_band_rate_wad + market.limits.liquidation_penalty_rate_wad
            == market.maintenance_rates_wad[0] - 1
        )
    ),
    "no band": any_market(lambda market: market.limits.price_band_rate_wad == 0),
    "no penalty": any_market(lambda market: market.limits.liquidation_penalty_rate_wad == 0),
    "no fee": any_market(lambda market: market.limits.trading_fee_rate_wad == 0),
    "the largest fee": any_market(lambda market: market.limits.trading_fee_rate_wad == WAD // 100),
    "an initial rate of 1": any_market(lambda market: WAD in market.initial_rates_wad),
    "maintenance a wei below initial": any_market(
        lambda market: any(b.maintenance_rate_wad == b.initial_rate_wad - 1 for b in market.brackets)
    ),
    "neighbouring brackets with equal rates": any_market(
        lambda market: (
            len(set(zip(market.initial_rates_wad, market.maintenance_rates_wad, strict=True))) < len(market.brackets)
        )
    ),
    "one bracket": any_market(lambda market: len(market.brackets) == 1),
    "eight brackets": any_market(lambda market: len(market.brackets) == 8),
    "lot and tick that are no decimals": any_market(lambda market: market.tick_wad % 2**18 == 0 < market.lot_wad % 2),
    "widest bounds": any_feed(lambda feed, answer: feed.minimum_answer == 1 and feed.maximum_answer > answer * 10**6),
    "narrow bounds": any_feed(lambda feed, answer: answer * 9 < feed.minimum_answer * 10),
    "first answer at its lower bound": any_feed(lambda feed, answer: answer == feed.minimum_answer),
    "first answer at its upper bound": any_feed(lambda feed, answer: answer == feed.maximum_answer),
    "a week's heartbeat": any_feed(lambda feed, _: feed.heartbeat_s == MAXIMUM_HEARTBEAT_S),
    "a minute's heartbeat": any_feed(lambda feed, _: feed.heartbeat_s == 60),
    "discount a wei below the haircut": lambda drawn: any(
        collateral.liquidation_discount_rate_wad == collateral.haircut_rate_wad - 1
        for collateral in drawn.parameters.collaterals[1:]
    ),
    "a haircut of all but a wei": lambda drawn: any(
        c.haircut_rate_wad == WAD - 1 for c in drawn.parameters.collaterals
    ),
    "a cap below one wallet": lambda drawn: any(
        collateral.deposit_cap_units < units
        for collateral, units in zip(drawn.parameters.collaterals, drawn.wallets_units, strict=True)
    ),
    "a close factor of a wei": lambda drawn: drawn.parameters.liquidation.close_factor_rate_wad == 1,
    "a close factor of 1": lambda drawn: drawn.parameters.liquidation.close_factor_rate_wad == WAD,
    "nothing for the liquidator": lambda drawn: drawn.parameters.liquidation.liquidator_share_rate_wad == 0,
    "all for the liquidator": lambda drawn: drawn.parameters.liquidation.liquidator_share_rate_wad == WAD,
    "no small positions": lambda drawn: drawn.parameters.liquidation.small_position_notional_wad == 0,
    "a settlement token without decimals": lambda drawn: drawn.parameters.collaterals[0].decimals == 0,
}


@pytest.mark.parametrize("edge", EDGES)
def test_edge_of_the_domain_is_drawn_regularly(edge: str) -> None:
    assert sum(map(EDGES[edge], DEPLOYMENTS)) >= len(DEPLOYMENTS) // 200
