"""A safe deployment that the contracts refuse is a finding like any other: met, saved, shrunk, replayed; and the hunt goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reference.parameters import MAXIMUM_PRICE_WAD
from tests.hunt.refusals import ANSWERS, SHORTEST, plant
from tests.hunt.support import SEED, arena, opened, settings
from underwater import session
from underwater.case.file import Case, read_case
from underwater.case.finding import UNSHRUNK
from underwater.checks import check_named
from underwater.engine import faults
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.faults import CONTRACTS, artifacts_of, with_fault
from underwater.errors import EnvironmentFailure
from underwater.events import Cloned, Event, FindingReady, Finished, Met
from underwater.hunt import campaign
from underwater.hunt.arena import Arena, deployment_number
from underwater.hunt.campaign import ROUNDS_WITHOUT_A_STEP, Budget, Campaign, Kept
from underwater.hunt.replay import replay
from underwater.hunt.sequence import DEPLOYMENT
from underwater.hunt.shrink import shrink

ACCEPTED = check_named("ACCESS-07")


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of few short sequences, so that a small budget draws many deployments."""
    monkeypatch.setattr(campaign, "SEQUENCES_A_TASK", 2)
    monkeypatch.setattr(campaign, "LENGTHS", (10, 20))


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zoo of refusals."""
    folder = tmp_path / "faults"
    folder.mkdir()
    plant(folder)
    monkeypatch.setattr(faults, "FOLDER", folder)


def hunted(
    folder: Path,
    fault: str,
    steps: int = 800,
    workers: int = 1,
    checks: tuple[str, ...] | None = None,
    *,
    first: bool = False,
) -> tuple[Campaign, list[Met], dict[str, Any]]:
    ran = Campaign(settings(folder, fault=fault, checks=checks), Budget(steps=steps, first_finding=first), workers)
    events = list(ran.run())
    assert isinstance(events[-1], Finished)
    summary = events[-1].summary.as_json()
    for key in ("seconds", "steps_per_second"):
        del summary[key]
    return ran, [event for event in events if isinstance(event, Met)], summary


# ---- met


def test_a_drawn_deployment_that_is_refused_is_on_disk_and_the_hunt_goes_on(tmp_path: Path) -> None:
    ran, (met,), summary = hunted(tmp_path, SHORTEST, 1_500)
    assert summary["steps"] == 1_500
    assert ran.causes.keys() == {("ACCESS-07", DEPLOYMENT, "done", "UnsafeParameter(orders)")}
    assert ran.causes[met.cause] > 1, "deployments of one cause are joined"
    assert met.steps == 0
    assert met.unshrunk.name.startswith("ACCESS-07-deployment-")
    assert [path.name for path in (tmp_path / UNSHRUNK).iterdir()] == [met.unshrunk.name]
    case = read_case(met.unshrunk)
    assert (case.check, case.fault, case.seed, case.blocks, case.step) == ("ACCESS-07", SHORTEST, SEED, (), None)
    assert case.deploying
    assert case.note == met.why
    assert case.deployment.parameters.orders.minimum_delay_s == 1
    assert all(kept.steps for kept in ran.kept)


def test_any_number_of_workers_meets_the_same(tmp_path: Path) -> None:
    one, two = (hunted(tmp_path / str(workers), SHORTEST, workers=workers) for workers in (1, 2))
    assert one[2] == two[2]
    assert [met.unshrunk.read_text() for met in one[1]] == [met.unshrunk.read_text() for met in two[1]] != []


def test_what_is_refused_is_part_of_the_digest(tmp_path: Path) -> None:
    assert (
        hunted(tmp_path / "one", SHORTEST, 600)[2]["history_digest"]
        != hunted(tmp_path / "two", FAULTLESS, 600)[2]["history_digest"]
    )


FAULTLESS = "withdraw-skips-margin"
"""A fault by which nothing is refused."""


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("fault", ANSWERS)
def test_every_way_to_be_refused_is_told_in_words(tmp_path: Path, fault: str) -> None:
    _, all_met, _ = hunted(tmp_path, fault, 8_000, checks=("ACCESS-07",), first=True)
    assert {met.cause for met in all_met} == {("ACCESS-07", DEPLOYMENT, "done", ANSWERS[fault])}
    (met,) = all_met
    assert met.why.endswith(f" is refused: {ANSWERS[fault]}")
    here = read_case(met.unshrunk).deployment or BUNDLED.default_deployment()
    refusal = Arena(BUNDLED, here, artifacts_of(fault)).refusal
    assert refusal is not None
    assert refusal.words == met.why
    plan, _ = BUNDLED.deploy(here, artifacts_of(fault))
    assert (plan[refusal.number - 1].label, len(plan)) == (refusal.label, refusal.of)


@pytest.mark.usefixtures("planted")
def test_the_default_deployment_refused_is_a_finding_and_others_are_hunted(tmp_path: Path) -> None:
    _, (met,), summary = hunted(tmp_path, "default", 200)
    assert summary["steps"] == 200
    assert met.why.startswith("'create the orders', transaction ")


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("checks", [None, ("HEALTH-01",)], ids=["every check", "another check alone"])
def test_a_hunt_ends_where_nothing_can_be_hunted(tmp_path: Path, checks: tuple[str, ...] | None) -> None:
    ran, all_met, summary = hunted(tmp_path, "every", checks=checks)
    assert summary["steps"] == 0
    assert ran._idle_rounds == ROUNDS_WITHOUT_A_STEP
    assert [met.check for met in all_met] == (["ACCESS-07"] if checks is None else [])


def test_a_seed_whose_deployment_is_refused_stays_in_its_corpus(tmp_path: Path) -> None:
    brought = replace(settings(tmp_path, fault=SHORTEST), brought=(drawn_at_the_bound(),))
    ran = Campaign(brought, Budget(steps=100), seeds=(Kept(-1, opened()), Kept(0, opened())))
    met = [event for event in ran.run() if isinstance(event, Met)]
    assert ran.spent == {1}, "the other ran to its end"
    case = read_case(met[0].unshrunk)
    assert (case.sequence, case.deployment) == (0, brought.brought[0])


def test_deployments_put_their_check_to_the_test_once_a_task(tmp_path: Path) -> None:
    _, _, summary = hunted(tmp_path, FAULTLESS, 300)
    assert summary["checks"]["ACCESS-07"]["exercised"] == summary["checks"]["ACCESS-07"]["evaluated"] >= 10


# ---- replayed


@pytest.mark.usefixtures("planted")
def test_nothing_is_done_on_a_deployment_that_is_refused() -> None:
    refused = Arena(BUNDLED, BUNDLED.default_deployment(), artifacts_of("default"))
    for check, speaks in (("ACCESS-07", True), ("HEALTH-01", False)):
        found = replay(refused, opened(), check_named(check))
        assert (found.violation is not None) == speaks
        assert (found.blocks, found.steps, found.refusal) == ((), (), refused.refusal)
    with pytest.raises(
        EnvironmentFailure, match="cannot be deployed: 'create the orders', transaction 14 of 117, is refused: "
    ):
        refused.reset()


def test_a_deployment_that_is_accepted_fails_nothing() -> None:
    found = replay(arena(), (), ACCEPTED)
    assert (found.violation, found.refusal, found.steps) == (None, None, ())


# ---- shrunk


def drawn_at_the_bound() -> Any:
    """The first drawn deployment whose orders wait for a second."""
    drawn = (deployment_number(BUNDLED, SEED, number) for number in range(1, 100))
    return next(one for one in drawn if one.parameters.orders.minimum_delay_s == 1)


@pytest.mark.parametrize("same_cause", [False, True])
def test_a_refused_deployment_is_brought_to_the_parameter_file_but_for_what_is_refused(same_cause: bool) -> None:
    default = BUNDLED.default_deployment()
    small = shrink(BUNDLED, drawn_at_the_bound(), artifacts_of(SHORTEST), ACCEPTED, (), same_cause=same_cause)
    assert small is not None
    assert small.blocks == ()
    there, here = default.parameters, small.deployment.parameters
    assert here.markets == there.markets[:1]
    assert here.collaterals == there.collaterals[:1]
    assert here.orders == replace(there.orders, minimum_delay_s=1)
    assert (here.liquidation, here.pause) == (there.liquidation, there.pause)
    assert set(small.deployment.sources) == {"BTC-USD"}
    again = shrink(BUNDLED, small.deployment, artifacts_of(SHORTEST), ACCEPTED, ())
    assert again is not None
    assert again.deployment == small.deployment


@pytest.mark.usefixtures("planted")
def test_a_listing_that_is_refused_keeps_one_field_of_its_own(tmp_path: Path) -> None:
    _, (met,), _ = hunted(tmp_path, "dear", 8_000, checks=("ACCESS-07",), first=True)
    case = read_case(met.unshrunk)
    small = shrink(BUNDLED, case.deployment, artifacts_of("dear"), ACCEPTED, ())
    assert small is not None
    feeds = [feed for feed in small.deployment.parameters.feeds if feed.maximum_price_wad == MAXIMUM_PRICE_WAD]
    assert len(feeds) == 1
    listed = len(small.deployment.parameters.markets) + len(small.deployment.parameters.collaterals)
    assert listed <= 3, "a market, the settlement token, and what is refused"


@pytest.mark.usefixtures("planted")
def test_a_deployment_is_the_parameter_file_where_that_is_refused_too() -> None:
    small = shrink(BUNDLED, deployment_number(BUNDLED, SEED, 1), artifacts_of("every"), ACCEPTED, ())
    assert small is not None
    assert small.deployment is None


def test_what_is_accepted_is_not_shrunk() -> None:
    assert shrink(BUNDLED, drawn_at_the_bound(), artifacts_of(None), ACCEPTED, ()) is None


# ---- told


def test_a_finding_is_told_saved_small_and_joined(tmp_path: Path) -> None:
    events = list(session.hunt(settings(tmp_path, fault=SHORTEST), Budget(steps=800), 1, network=None))
    (ready,) = (event for event in events if isinstance(event, FindingReady))
    assert (ready.check, ready.steps, ready.by_probe) == ("ACCESS-07", 0, False)
    assert ready.why == "'create the orders', transaction 7 of 53, is refused: UnsafeParameter(orders)"
    assert "ACCESS-07 does not hold of the deployment: a deployment that is safe is accepted" in ready.table
    case: Case = read_case(ready.case)
    assert case.deploying
    assert replay(Arena(BUNDLED, case.deployment, artifacts_of(SHORTEST)), case.blocks, ACCEPTED).violation is not None
    assert isinstance(events[-1], Finished)
    (entry,) = events[-1].summary.findings
    assert (entry["check"], entry["case"], entry["steps"]) == ("ACCESS-07", str(ready.case), 0)


@pytest.fixture
def broken_contracts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contracts, planted with nothing, that do not accept the parameter file any more."""
    plant(tmp_path)
    with monkeypatch.context() as here:
        here.setattr(faults, "FOLDER", tmp_path)
        fault = faults.read_fault("default")
    for path, text in with_fault(faults.sources_of(CONTRACTS), fault).items():
        copy = tmp_path / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)
    sources = with_fault(faults.sources_of(CONTRACTS), fault)
    monkeypatch.setattr(faults, "sources_of", lambda _: sources)


@pytest.mark.usefixtures("broken_contracts")
def test_contracts_that_refuse_the_parameter_file_are_a_finding_too(tmp_path: Path) -> None:
    events: list[Event] = list(session.hunt(settings(tmp_path / "one"), Budget(steps=400), 1, network=None))
    assert not any(isinstance(event, Cloned) for event in events), "there is nothing to compare with"
    (ready,) = (event for event in events if isinstance(event, FindingReady))
    assert read_case(ready.case).deployment is None
    assert isinstance(events[-1], Finished)


@pytest.mark.usefixtures("broken_contracts")
def test_where_nobody_asks_after_deployments_that_is_a_failure_in_one_line(tmp_path: Path) -> None:
    only = settings(tmp_path / "one", checks=("HEALTH-01",))
    with pytest.raises(EnvironmentFailure, match="the engine 'bundled' cannot be deployed: 'create the orders', "):
        list(session.hunt(only, Budget(steps=50), 1, network=None))
