"""What listings tell is held to the specification, for every deployment; planted errors are seen, and named."""

from __future__ import annotations

import pytest

from underwater.actions import Call, Log
from underwater.chain.revm import RevmChain
from underwater.choices import SeededChoices
from underwater.engine.artifacts import Artifacts, compile_sources, sources_of
from underwater.engine.bundled.deployment import FAR_FUTURE_S, Deployment
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.bundled.listing import LISTINGS, compare_listings
from underwater.engine.bundled.plan import plan_deployment
from underwater.engine.bundled.verify import Compared
from underwater.engine.faults import CONTRACTS, artifacts_of, read_fault, with_fault


def told(deployment: Deployment, artifacts: Artifacts) -> list[Compared]:
    """The events of all listings of a deployment, compared."""
    plan, addresses = plan_deployment(deployment, artifacts)
    chain = RevmChain(FAR_FUTURE_S - 1)
    logs: list[tuple[Log, ...]] = []
    for transaction in plan:
        if transaction.to is None:
            chain.create(transaction.sender, transaction.data)
            continue
        (receipt,) = chain.block(1, [Call(transaction.sender, transaction.to, transaction.data)])
        assert receipt.ok
        if transaction.data[:4] in LISTINGS:
            logs.append(receipt.logs)
    return compare_listings(deployment, artifacts, addresses, logs)


def wrong(compared: list[Compared]) -> list[str]:
    return [
        f"{one.field}: {one.expected.split('(')[0]}, {one.found.split('(')[0]}" for one in compared if not one.equal
    ]


@pytest.mark.parametrize("number", range(6))
def test_every_listing_tells_what_it_should(number: int) -> None:
    deployment = BUNDLED.default_deployment()
    if number:
        deployment = BUNDLED.draw_deployment(SeededChoices(7, "listing", number))
    compared = told(deployment, artifacts_of(None))
    assert wrong(compared) == []
    assert len(compared) > 7 * len(deployment.parameters.markets)


def test_a_second_source_that_is_none_is_named() -> None:
    compared = told(BUNDLED.default_deployment(), artifacts_of("listing-announces-no-second-source"))
    assert wrong(compared) == [
        "event 10 of listing market BTC-PERP: none, SecondSourceSet",
        "event 9 of listing market ETH-PERP: none, SecondSourceSet",
    ]


def test_a_collateral_s_feed_told_as_a_market_s_is_named() -> None:
    compared = told(BUNDLED.default_deployment(), artifacts_of("listed-collateral-feed-told-as-a-market-s"))
    assert wrong(compared) == [
        "event 3 of listing collateral WBTC: CollateralFeedSet, MarketFeedSet",
        "event 3 of listing collateral WETH: CollateralFeedSet, MarketFeedSet",
    ]


def test_a_feed_of_the_settlement_token_is_named() -> None:
    """Which no history can show: there is one number 0, and it is listed at the start."""
    fault = read_fault("listed-collateral-feed-told-as-a-market-s")
    fault = fault._replace(old="if (collateral != 0) _emitCollateralFeed", new="_emitCollateralFeed")
    artifacts = {**artifacts_of(None), **compile_sources(with_fault(sources_of(CONTRACTS), fault))}
    assert wrong(told(BUNDLED.default_deployment(), artifacts)) == [
        "event 3 of listing collateral USDC: none, CollateralFeedSet"
    ]
