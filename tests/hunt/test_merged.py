"""Two actions told as one: what a shorter history tries in their place."""

from __future__ import annotations

import pytest

from tests.hunt.support import USDC, WETH, deposit, withdraw
from underwater.actions import Action, Aim
from underwater.aims import AT_MARK, merged

BTC, ETH = 0, 1


def trade(
    buyer: str, seller: str, size: int, price: int = 60_000, *, market: int = BTC, aim: Aim | None = None
) -> Action:
    return Action("trade", "matcher", (market, buyer, seller, size, price), aim)


@pytest.mark.parametrize(
    ("one", "other", "whole"),
    [
        (deposit("maker", USDC, 3), deposit("maker", USDC, 4), deposit("maker", USDC, 7)),
        (trade("maker", "trader-1", 3), trade("maker", "trader-1", 4, 59_000), trade("maker", "trader-1", 7)),
        (trade("maker", "trader-1", 3), trade("trader-1", "maker", 1), trade("maker", "trader-1", 2)),
        (trade("maker", "trader-1", 3), trade("trader-1", "maker", 4, 59_000), trade("trader-1", "maker", 1)),
        (
            trade("maker", "trader-1", 3, aim=AT_MARK),
            trade("maker", "trader-1", 4, aim=Aim("largest trade", 0)),
            trade("maker", "trader-1", 7, aim=AT_MARK),
        ),
        (
            trade("maker", "trader-1", 3, aim=Aim("largest trade", 0)),
            trade("maker", "trader-1", 4, aim=AT_MARK),
            trade("maker", "trader-1", 7),
        ),
    ],
)
def test_two_that_move_the_same_are_one_that_moves_as_much(one: Action, other: Action, whole: Action) -> None:
    assert merged(one, other) == whole


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (deposit("maker", USDC, 3), deposit("maker", WETH, 4)),
        (deposit("maker", USDC, 3), deposit("trader-1", USDC, 4)),
        (deposit("maker", USDC, 3), withdraw("maker", USDC, 3)),
        (withdraw("maker", USDC, 3), withdraw("maker", USDC, 3)),
        (trade("maker", "trader-1", 3), trade("maker", "trader-2", 3)),
        (trade("maker", "trader-1", 3), trade("maker", "trader-1", 3, market=ETH)),
        (trade("maker", "trader-1", 3), trade("trader-1", "maker", 3)),
        (trade("maker", "trader-1", 3), trade("maker", "trader-1", 3)._replace(caller="maker")),
    ],
)
def test_others_stay_two(one: Action, other: Action) -> None:
    assert merged(one, other) is None
