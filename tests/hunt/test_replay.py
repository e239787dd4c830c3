"""A history run again fails where it failed, whatever it was met by."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from reference.machine import at_time
from reference.margin import health, is_liquidatable
from reference.requirements import notional_wad
from reference.rounding import WAD
from tests.hunt.support import (
    FAULT,
    SEED,
    USDC,
    USDC_ONE,
    WBTC,
    WETH,
    WETH_ONE,
    arena,
    blocks,
    deposit,
    drawn,
    opened,
    publish,
    settings,
    trade,
    withdraw,
)
from underwater.actions import Action, Aim, Block
from underwater.case.file import read_case
from underwater.checks import Check, Probe, check_named
from underwater.engine.bundled.actors import ACCOUNTS
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.faults import artifacts_of
from underwater.events import Met
from underwater.hunt.arena import Arena, deployment_number
from underwater.hunt.attempts import Attempts
from underwater.hunt.campaign import Budget, Campaign
from underwater.hunt.probe import Parted
from underwater.hunt.replay import replay
from underwater.hunt.retell import flatten

THEFT = withdraw("trader-1", USDC, 9_000 * USDC_ONE)
STOLEN = (*opened(), Block(12, (THEFT,)))


def test_a_history_stops_at_the_act_that_fails() -> None:
    found = replay(arena(0, FAULT), (*STOLEN, *opened()), check_named("HEALTH-01"))
    assert found.blocks == STOLEN
    assert found.violation is not None
    assert found.violation.check == "HEALTH-01"
    assert len(found.steps) == 4
    assert found.steps[-1].act == THEFT


def test_a_history_that_does_not_fail_runs_to_its_end() -> None:
    found = replay(arena(), STOLEN, check_named("HEALTH-01"))
    assert found.violation is None
    assert found.blocks == STOLEN
    assert found.refused == (4,)


def test_only_the_check_of_the_case_is_asked() -> None:
    assert replay(arena(0, FAULT), STOLEN, check_named("LEDGER-01")).violation is None


def test_replays_do_not_depend_on_those_before() -> None:
    first = replay(arena(0, FAULT), STOLEN, check_named("HEALTH-01"))
    replay(arena(0, FAULT), drawn(arena(), 1, 50).blocks, check_named("MODEL-02"))
    again = replay(arena(0, FAULT), STOLEN, check_named("HEALTH-01"))
    assert again.violation == first.violation
    assert [step.after for step in again.steps] == [step.after for step in first.steps]


def test_every_account_is_looked_at_after_every_step() -> None:
    found = replay(arena(), drawn(arena(), 1, 60).blocks, check_named("MARGIN-01"))
    for step in found.steps:
        assert tuple(part for part in step.healths if isinstance(part, str)) == ACCOUNTS
        assert step.thorough


def test_each_step_begins_where_the_one_before_ended() -> None:
    found = replay(arena(), drawn(arena(), 2, 60).blocks, check_named("MODEL-02"))
    for one, other in pairwise(found.steps):
        assert at_time(one.after, other.before.time_s) == other.before


# ---- aims

AIMED = withdraw("trader-1", USDC, 123)._replace(aim=Aim("largest withdrawal", -2))


@pytest.mark.parametrize(("aims", "units"), [(False, 123), (True, 5 * USDC_ONE - 2)])
def test_numbers_are_solved_again_only_where_asked_for(aims: bool, units: int) -> None:
    found = replay(arena(), blocks(deposit("trader-1", USDC, 5 * USDC_ONE), AIMED), check_named("MODEL-01"), aims=aims)
    assert found.steps[-1].act == AIMED._replace(arguments=("trader-1", USDC, units))
    assert found.blocks[-1].acts == (found.steps[-1].act,)


# ---- probes


def counting(most: int) -> tuple[Check, list[int]]:
    """A check whose probe draws a number up to ``most``, and notes how much the pool holds whenever it is tried."""
    pools: list[int] = []

    def probe(here: Probe) -> bool:
        here.choices.integer(0, most)
        pools.append(here.state.pool_units[USDC])
        return True

    return Check("TEST-01", "a sentence", probe=probe), pools


def test_a_probe_is_tried_after_the_last_act_with_every_stream() -> None:
    check, pools = counting(10**9)
    replay(arena(), blocks(*[deposit("trader-1", USDC, 1)] * 3), check)
    assert pools == [3] * 32


def test_a_probe_whose_draws_are_the_same_is_tried_once() -> None:
    check, pools = counting(0)
    replay(arena(), blocks(deposit("trader-1", USDC, 1)), check)
    assert pools == [1]


def test_a_shrinking_tries_no_probe_until_it_asks_for_them() -> None:
    check, pools = counting(0)
    attempts, flat = Attempts(arena(), check, 10, None), flatten(blocks(deposit("trader-1", USDC, 1)))
    attempts.probes = False
    attempts.fails(flat)
    assert pools == []
    attempts.probes = True
    attempts.fails(flat)
    assert pools == [1]


def test_what_a_probe_tried_is_kept_where_it_failed() -> None:
    """A sound history fails no probe; the fault's keeps what was tried, and what came of it."""
    stuck = blocks(
        deposit("trader-1", USDC, 10),
        deposit("trader-1", WBTC, 1),
        Action("publish", "publisher", ("BTC-USD", 60_000 * 10**8, None)),
    )
    check = check_named("HEALTH-05")
    assert replay(arena(), stuck, check).trial is None
    found = replay(arena(0, "leaving-needs-a-price"), stuck, check)
    assert found.trial is not None
    (tried,) = found.trial.acts
    assert tried.action == Action("withdraw", "trader-1", ("trader-1", USDC, 10))
    assert tried.outcome.error == "PriceStale"
    assert tried.before.accounts == found.steps[-1].after.accounts
    assert [len(sent.calls) for sent in found.trial.sent] == [1]
    assert replay(arena(0, FAULT), STOLEN, check_named("HEALTH-01")).trial is None


def test_both_ways_of_a_probe_are_kept_each_from_the_end_of_the_history() -> None:
    def goes_two_ways(probe: Probe) -> str:
        assert probe.do("deposit", "trader-1", "trader-1", USDC, 1).done
        probe.branch()
        probe.do("deposit", "trader-2", "trader-2", USDC, 2)
        probe.wait(60)
        probe.do("deposit", "trader-2", "trader-2", USDC, 3)
        after = probe.state
        probe.back()
        assert probe.state.pool_units[USDC] == 12
        assert probe.state.time_s == after.time_s - 60
        probe.do("withdraw", "trader-1", "trader-1", USDC, 11)
        assert probe.health("trader-1") is not None
        return f"{after.pool_units[USDC]} and {probe.state.pool_units[USDC]}"

    check = Check("TEST-01", "a sentence", probe=goes_two_ways)
    history = blocks(deposit("trader-1", USDC, 10), deposit("trader-3", USDC, 1))
    found = replay(arena(), history, check)
    assert found.violation is not None
    assert found.violation.why == "17 and 1"
    assert found.trial is not None
    assert [act.way for act in found.trial.acts if isinstance(act, Parted)] == [1, 2]
    one, other = found.trial.ways
    assert [(sent.after_s, len(sent.calls)) for sent in one.sent] == [(0, 2), (60, 1)]
    assert [(sent.after_s, len(sent.calls)) for sent in other.sent] == [(0, 2)]
    assert one.sent[0].calls[0] == other.sent[0].calls[0]
    assert (len(one.views), len(other.views)) == (0, 1)


def test_an_empty_last_block_does_not_hide_a_probe() -> None:
    """Time may be what fails: a case can end with nothing but time."""
    check, pools = counting(0)
    replay(arena(), (*blocks(deposit("trader-1", USDC, 1)), Block(3_600, ())), check)
    assert pools


def test_the_backstop_of_a_probe_has_all_that_it_takes() -> None:
    """A drawn deployment where one position is worth more than most means: it can be liquidated all the same."""
    deployment = deployment_number(BUNDLED, 1, 13)
    here = Arena(BUNDLED, deployment, artifacts_of(None))
    listed = deployment.parameters.markets[0]
    source = deployment.sources[listed.feed.feed]
    mark_wad = source.answer * listed.feed.scale // listed.tick_wad * listed.tick_wad
    size_wad = listed.limits.position_limit_wad // 20 // listed.lot_wad * listed.lot_wad
    units = min(here.start.wallets["trader-1"][0] // 2, deployment.parameters.collaterals[0].deposit_cap_units // 2)
    highest = min(feed.maximum_answer for feed in deployment.parameters.feeds if feed.feed == listed.feed.feed)
    history = blocks(
        publish(listed.feed.feed, source.answer),
        deposit("trader-1", USDC, units),
        deposit("trader-2", USDC, units),
        trade("trader-1", "trader-2", 0, size_wad, mark_wad),
        publish(listed.feed.feed, highest),
        after_s=1,
    )
    found = replay(here, history, check_named("LIQ-02"))
    assert found.refused == ()
    state = found.steps[-1].after
    assert is_liquidatable(health(state, state.accounts["trader-2"]).risk)
    notional = notional_wad(size_wad, highest * listed.feed.scale // listed.tick_wad * listed.tick_wad)
    assert notional > 10**12 * WAD, "more than the backstop had once"
    assert found.violation is None


# ---- what hunts met


def met_by_hunts(tmp_path: Path, fault: str, check: str) -> list[Met]:
    campaign = Campaign(settings(tmp_path, fault=fault, checks=(check,)), Budget(steps=20_000, first_finding=True))
    return [event for event in campaign.run() if isinstance(event, Met)]


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        (FAULT, "HEALTH-01"),
        (FAULT, "MODEL-02"),
        ("haircut-counted-twice", "MARGIN-12"),
        ("leaving-needs-a-price", "HEALTH-05"),
        ("liquidation-price-ignores-brackets", "MARGIN-11"),
        ("fee-from-one-side", "LEDGER-05"),
    ],
)
def test_what_a_hunt_met_fails_again_as_it_was_saved(tmp_path: Path, fault: str, check: str) -> None:
    """By a comparison at every step, by one made at some, or by a probe; on the parameter file or a drawn deployment."""
    all_met = met_by_hunts(tmp_path, fault, check)
    assert all_met
    for met in all_met:
        case = read_case(met.unshrunk)
        assert (case.check, case.fault, case.seed) == (check, fault, SEED)
        here = arena(0, fault)
        if case.deployment is not None:
            here = Arena(BUNDLED, case.deployment, artifacts_of(fault))
        found = replay(here, case.blocks, check_named(check))
        assert found.violation is not None
        assert case.step is not None
        assert len(found.steps) <= case.step, "a replay compares at every step what a hunt compares at some"


def test_amounts_of_other_tokens_replay_too() -> None:
    """A case keeps exact numbers: every unit of 18 decimals."""
    odd = deposit("trader-2", WETH, WETH_ONE + 1)
    found = replay(
        arena(), blocks(odd, Action("withdraw", "trader-2", ("trader-2", WETH, WAD + 1))), check_named("MODEL-02")
    )
    assert found.refused == ()
    assert found.steps[-1].after.accounts["trader-2"].units[WETH] == 0
