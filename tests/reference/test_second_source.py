"""How a market gets a second source, and which are unsafe (P3, P12, C2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reference.governance import NO_SOURCE
from reference.parameters import SecondSource, Unsafe
from reference.rounding import WAD
from tests.reference.support import (
    COPPER,
    COPPER_MARKET,
    ORACLE_MANAGER,
    STRANGER,
    TIN,
    exact,
    wad,
)
from tests.reference.test_two_sources import SECOND, two_sources

FIELDS = (18, 1_200, wad("0.01"), wad("10000"), wad("0.019"))
MOST = wad("0.02") - 1
"""The largest deviation that P3 leaves room for beside a band of 1 % and a penalty of 2 %, below 5 %."""


def test_second_source_is_set_and_taken_away_by_who_manages_oracles() -> None:
    scene = two_sources()
    assert (
        scene.refused("set_second_source", STRANGER, TIN, "COPPER-2", *FIELDS)[0] == "AccessControlUnauthorizedAccount"
    )
    assert scene.refused("set_second_source", ORACLE_MANAGER, 7, "COPPER-2", *FIELDS) == ("UnknownMarket", 7)
    event_ = scene.do("set_second_source", ORACLE_MANAGER, COPPER, NO_SOURCE, 0, 0, 0, 0, 0)
    assert event_ == (("SecondSourceSet", COPPER, NO_SOURCE, 0, 0, 0, 0, 0),)
    assert scene.state.parameters.markets[COPPER].second is None
    scene.do("set_second_source", ORACLE_MANAGER, COPPER, "COPPER-2", *FIELDS)
    assert scene.state.parameters.markets[COPPER].second == replace(SECOND, deviation_rate_wad=wad("0.019"))
    too_far = scene.refused("set_second_source", ORACLE_MANAGER, COPPER, "COPPER-2", *FIELDS[:4], MOST + 1)
    assert too_far == ("UnsafeParameter", "penaltyAndBand")
    refused = scene.refused("set_second_source", ORACLE_MANAGER, COPPER, NO_SOURCE, 0, 0, 0, 0, 1)
    assert refused == ("UnsafeParameter", "secondSource")


def test_market_is_not_fed_twice_from_one_source() -> None:
    scene = two_sources()
    same = ("COPPER", 8, 600, 1, exact("10000", 8), 1)
    assert scene.refused("set_second_source", ORACLE_MANAGER, COPPER, *same) == ("UnsafeParameter", "secondSource")
    twice = ("COPPER-2", 18, 600, 1, wad("10000"))
    assert scene.refused("set_market_feed", ORACLE_MANAGER, COPPER, *twice) == ("UnsafeParameter", "feed")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"deviation_rate_wad": 0}, "secondSource"),
        ({"deviation_rate_wad": WAD // 10 + 1}, "secondSource"),
        ({"feed": replace(SECOND.feed, maximum_answer=wad("10000") + 1)}, "secondSource"),
        ({"feed": replace(SECOND.feed, minimum_answer=1, maximum_answer=wad("0.1") - 1)}, "secondSource"),
        ({"feed": replace(SECOND.feed, heartbeat_s=0)}, "feed"),
        ({"feed": replace(SECOND.feed, decimals=8)}, "feed"),
        ({"deviation_rate_wad": MOST + 1}, "penaltyAndBand"),
    ],
)
def test_unsafe_second_source_is_refused_by_name(changes: dict[str, object], name: str) -> None:
    with pytest.raises(Unsafe) as refusal:
        replace(COPPER_MARKET, second=replace(SECOND, **changes)).validate(8, 18)
    assert refusal.value.name == name


def test_second_source_at_the_edges_of_its_domain_is_accepted() -> None:
    for rate_wad in (1, MOST):
        replace(COPPER_MARKET, second=replace(SECOND, deviation_rate_wad=rate_wad)).validate(8, 18)
    least = replace(SECOND.feed, minimum_answer=1, maximum_answer=wad("0.1"))
    replace(COPPER_MARKET, second=SecondSource(least, 1)).validate(8, 18)
