"""Another chain's word on a finding: it agrees, or the difference is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reference.parameters import MAXIMUM_PRICE_WAD
from reference.state import BURNS_GAS
from tests.hunt.refusals import plant
from tests.hunt.support import FAULT, USDC, USDC_ONE, WBTC, arena, blocks, deposit, opened, withdraw
from underwater.actions import Action, Block, Call, Receipt
from underwater.chain import Chain
from underwater.chain.ape import connected
from underwater.checks import check_named
from underwater.engine import Deployment, faults
from underwater.engine.abi import selector, words
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.faults import artifacts_of
from underwater.hunt.confirm import Compared, compare, watch
from underwater.hunt.probe import Sent, Trial, Way
from underwater.hunt.replay import replay

LEAVING = "leaving-needs-a-price"
STUCK = blocks(
    deposit("trader-1", USDC, 10 * USDC_ONE),
    deposit("trader-1", WBTC, 1),
    Action("publish", "publisher", ("BTC-USD", 60_000 * 10**8, None)),
)
"""With that fault, trader-1 cannot leave now: which only a probe notices."""


@pytest.fixture(scope="module")
def ape() -> Iterator[Chain]:
    with connected("ethereum:local:test") as chain:
        yield chain


def compared(
    chain: Chain, history: tuple[Block, ...], trial: Trial | None = None, fault: str | None = None
) -> Compared:
    return compare(chain, BUNDLED, BUNDLED.default_deployment(), artifacts_of(fault), history, trial)


def diverges(chain: Chain, history: tuple[Block, ...], trial: Trial | None = None, fault: str | None = None) -> str:
    differs, left_out = compared(chain, history, trial, fault)
    assert not left_out
    return differs


def trial_of(history: tuple[Block, ...], fault: str, check: str) -> Trial:
    trial = replay(arena(0, fault), history, check_named(check)).trial
    assert trial is not None
    return trial


class Lying:
    """A chain that answers otherwise in one way."""

    def __init__(self, chain: Chain, **lies: Callable[..., Any]) -> None:
        self.chain = chain
        self.lies = lies

    def __getattr__(self, name: str) -> Any:
        true = getattr(self.chain, name)
        return (lambda *given: self.lies[name](true(*given))) if name in self.lies else true


def test_chains_agree_on_a_history_and_are_left_as_they_were(ape: Chain) -> None:
    before = ape.number, ape.time_s
    assert diverges(ape, (*opened(), *blocks(withdraw("trader-1", USDC, 9_000 * USDC_ONE)))) == ""
    assert diverges(ape, opened(), fault=FAULT) == ""
    assert (ape.number, ape.time_s) == before


def test_what_a_probe_tried_is_tried_there_too(ape: Chain) -> None:
    trial = trial_of(STUCK, LEAVING, "HEALTH-05")
    assert diverges(ape, STUCK, trial, LEAVING) == ""
    # On the sound engine the same attempt is not refused.
    sound: Any = Lying(ape, block=lambda receipts: [Receipt(True, b"", ()) for _ in receipts])
    assert diverges(sound, STUCK, trial, LEAVING).startswith("block 1: outcomes differ between revm and ")


def plus_one(values: Sequence[int]) -> list[int]:
    return [values[0] + 1, *values[1:]]


def other(receipt: Receipt) -> Receipt:
    return Receipt(receipt.ok, receipt.data + b"\0", receipt.logs, receipt.halted)


@pytest.mark.parametrize(
    ("what", "lies"),
    [
        ("outcomes", {"block": lambda receipts: [other(receipt) for receipt in receipts]}),
        ("outcomes", {"block": lambda receipts: [receipt._replace(logs=()) for receipt in receipts]}),
        ("outcomes", {"block": lambda receipts: [receipt._replace(halted="OutOfGas") for receipt in receipts]}),
        ("stored values", {"storage": plus_one}),
        ("views", {"view": lambda receipt: receipt._replace(ok=False)}),
    ],
    ids=["an answer", "events", "a halt", "a slot", "a view"],
)
def test_a_difference_is_named_by_its_block_and_kind(
    ape: Chain, what: str, lies: dict[str, Callable[..., Any]]
) -> None:
    chain: Any = Lying(ape, **lies)
    assert diverges(chain, opened()).startswith(f"block 1: {what} differ between revm and {ape.name}: ")


def test_views_of_a_probe_are_asked_there_too(ape: Chain) -> None:
    instance: Any = arena().instance
    feed = instance.addresses.sources["BTC-USD"]
    trial = Trial((), (Sent(0, ()),), ((feed, selector("latestRoundData()")),))
    assert diverges(ape, opened(), trial) == ""
    chain: Any = Lying(ape, view=lambda receipt: other(receipt) if len(receipt.data) == 160 else receipt)
    assert diverges(chain, opened(), trial).startswith("block 3: a probe's views differ between revm and ")


def test_a_trial_that_lets_time_pass_is_made_in_blocks_of_its_own(ape: Chain) -> None:
    instance: Any = arena().instance
    feed, publisher = instance.addresses.sources["BTC-USD"], instance.address_of["publisher"]
    time_s = BUNDLED.begin_s + 10_000
    later = Call(publisher, feed, selector("publish(int256,uint256)") + words(7, time_s))
    trial = Trial((), (Sent(0, ()), Sent(3_600, (later,))), ((feed, selector("latestRoundData()")),))
    assert diverges(ape, opened(), trial) == ""
    chain: Any = Lying(ape, view=lambda receipt: other(receipt) if len(receipt.data) == 160 else receipt)
    assert diverges(chain, opened(), trial).startswith("block 4: a probe's views differ between revm and ")


FLOOR = "fee-has-a-floor"


def test_every_way_of_a_trial_is_gone_there_too(ape: Chain) -> None:
    trial = trial_of(opened(), FLOOR, "META-02")
    assert len(trial.ways) == 2
    before = ape.number, ape.time_s
    assert diverges(ape, opened(), trial, FLOOR) == ""
    assert (ape.number, ape.time_s) == before
    shown = watch(arena(0, FLOOR).chain, arena(0, FLOOR).instance, opened(), trial)
    assert [seen.number for seen in shown] == [1, 2, 3, 3]
    one, two = shown[-2:]
    assert one.receipts[0] == two.receipts[0]
    assert len(two.receipts) == len(one.receipts) + 1
    arena(0, FLOOR).reset()


@pytest.mark.parametrize("way", [0, 1])
def test_a_difference_on_either_way_is_named(ape: Chain, way: int) -> None:
    instance: Any = arena().instance
    feed = instance.addresses.sources["BTC-USD"]
    asked, silent = ((feed, selector("latestRoundData()")),), ()
    views = (asked, silent) if way == 0 else (silent, asked)
    trial = Trial((), (Sent(0, ()),), views[1], (Way((Sent(0, ()),), views[0]),))
    assert diverges(ape, opened(), trial) == ""
    chain: Any = Lying(ape, view=lambda receipt: other(receipt) if len(receipt.data) == 160 else receipt)
    assert diverges(chain, opened(), trial).startswith("block 3: a probe's views differ between revm and ")


def test_a_trial_that_does_not_fit_into_a_block_is_left_out(ape: Chain) -> None:
    """Six calls that burn all their gas: no chain has room for them beside each other."""
    instance: Any = arena().instance
    feed, sender = instance.addresses.sources["BTC-USD"], instance.address_of["trader-1"]
    history = blocks(Action("set_feed_mode", "publisher", ("BTC-USD", BURNS_GAS)))
    burning = Trial((), (Sent(0, (Call(sender, feed, selector("latestRoundData()")),) * 6),), ())
    before = ape.number, ape.time_s
    assert compared(ape, history, burning) == Compared("", probe_left_out=True)
    assert (ape.number, ape.time_s) == before


# ---- deployments that are refused

DEAR = "dear"
"""By which a listing is refused whose feed may answer as much as it may."""


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """The parameter file, but for a collateral whose feed may answer that, and without a gateway; with a zoo of refusals."""
    plant(tmp_path)
    monkeypatch.setattr(faults, "FOLDER", tmp_path)
    default = BUNDLED.default_deployment()
    settlement, first, second = default.parameters.collaterals
    feed = replace(first.feed, maximum_answer=MAXIMUM_PRICE_WAD // 10**10)
    listed = (settlement, replace(first, feed=feed), replace(second, wraps_ether=False))
    deployment: Deployment = replace(default, parameters=replace(default.parameters, collaterals=listed))
    return deployment


def test_chains_agree_on_a_deployment_that_is_refused(ape: Chain, refused: Deployment) -> None:
    before = ape.number, ape.time_s
    for fault in (DEAR, "creation", "every"):
        assert compare(ape, BUNDLED, refused, artifacts_of(fault), ()) == Compared("", probe_left_out=False)
    assert (ape.number, ape.time_s) == before


def test_a_deployment_that_one_chain_alone_refuses_is_a_difference(ape: Chain, refused: Deployment) -> None:
    accepting: Any = Lying(ape, block=lambda receipts: [Receipt(True, b"", ()) for _ in receipts])
    differs, _ = compare(accepting, BUNDLED, refused, artifacts_of(DEAR), ())
    words = "'list collateral WBTC', transaction 16 of 99, is refused: UnsafeParameter(feed)"
    assert differs == f"deploying differs between revm and {ape.name}: {words} and done"
    refusing: Any = Lying(ape, block=lambda receipts: [Receipt(False, b"", ()) for _ in receipts])
    differs, _ = compare(refusing, BUNDLED, refused, artifacts_of(None), opened())
    assert differs.startswith(f"deploying differs between revm and {ape.name}: done and 'list collateral USDC', ")
    assert differs.endswith(" is refused: Reverted(0x)")
