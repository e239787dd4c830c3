"""How much gas a caller gives never decides what a price is (O1): a view answers the same, or not at all."""

from __future__ import annotations

import pytest

from reference.state import BURNS_GAS
from underwater.actions import Action
from underwater.chain import NOBODY
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.bundled.plan import call_data
from underwater.hunt.arena import Arena

DEPLOYMENT = BUNDLED.default_deployment()
PAIRED = next(number for number, market in enumerate(DEPLOYMENT.parameters.markets) if market.second is not None)
GAS_FOR_A_FEED = 200_000


def answers(arena: Arena) -> tuple[bytes, int, int]:
    """What the view of a mark with two sources answers with plenty of gas; and how often it does with less, and how often it halts.

    Anything else fails.
    """
    evm, engine = arena.chain.evm, arena.instance.addresses.engine
    view = call_data("markOf(uint256)", PAIRED)
    plenty = arena.chain.view(engine, view)
    assert plenty.ok
    answered = halted = 0
    for gas in range(22_000, 900_000, 1_777):
        before = evm.snapshot()
        try:
            data = evm.message_call(caller=NOBODY, to=engine, calldata=view, gas=gas)
        except RuntimeError:
            halted += 1
        else:
            assert data == plenty.data, f"with {gas} gas the mark is another"
            answered += 1
        finally:
            evm.revert(before)
    return plenty.data, answered, halted


def test_mark_is_the_same_with_any_gas_or_there_is_none() -> None:
    data, answered, halted = answers(Arena(BUNDLED, DEPLOYMENT, BUNDLED.artifacts(None)))
    assert int.from_bytes(data[:32], "big") == 0
    assert min(answered, halted) > 50


@pytest.mark.parametrize(("which", "status"), [("feed", 5), ("second", 0)])
def test_source_that_burns_its_gas_leaves_enough_for_the_other(which: str, status: int) -> None:
    arena = Arena(BUNDLED, DEPLOYMENT, BUNDLED.artifacts(None))
    market = DEPLOYMENT.parameters.markets[PAIRED]
    assert market.second is not None
    source = market.feed.feed if which == "feed" else market.second.feed.feed
    burn = Action("set_feed_mode", "publisher", (source, BURNS_GAS))
    assert arena.chain.transact(arena.instance.call(burn, arena.chain.time_s)).ok
    data, answered, halted = answers(arena)
    assert int.from_bytes(data[:32], "big") == status
    assert min(answered, halted) > 50
    evm = arena.chain.evm
    evm.message_call(caller=NOBODY, to=arena.instance.addresses.engine, calldata=call_data("markOf(uint256)", PAIRED))
    assert evm.result.gas_used < 2 * GAS_FOR_A_FEED
