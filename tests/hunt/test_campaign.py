"""Rounds, budgets, what is kept and what is joined."""

from __future__ import annotations

import gc
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hunt.support import FAULT, SEED, arena, settings
from underwater.actions import Block
from underwater.case.file import read_case
from underwater.case.finding import UNSHRUNK, save_unshrunk
from underwater.engine import Deployment
from underwater.errors import EnvironmentFailure
from underwater.events import Event, Finished, Met, Progress, Started, Summary
from underwater.hunt import campaign
from underwater.hunt.campaign import Budget, Campaign, Stop
from underwater.hunt.sequence import Find
from underwater.hunt.work import Done, Settings, Task, Worker, enabled_checks


@pytest.fixture
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of few short sequences, so that a small budget holds many of them."""
    monkeypatch.setattr(campaign, "TASKS_A_ROUND", 4)
    monkeypatch.setattr(campaign, "SEQUENCES_A_TASK", 2)
    monkeypatch.setattr(campaign, "LENGTHS", (20, 40, 60))


def run(campaign: Campaign) -> tuple[list[Event], Summary]:
    events = list(campaign.run())
    assert isinstance(events[-1], Finished)
    return events, events[-1].summary


# ---- budget


@pytest.mark.parametrize("steps", [1, 2, 19, 20, 21, 333])
@pytest.mark.usefixtures("short_rounds")
def test_a_budget_of_steps_is_kept_exactly(tmp_path: Path, steps: int) -> None:
    _, summary = run(Campaign(settings(tmp_path), Budget(steps=steps)))
    assert summary.steps == steps
    assert sum(done["done"] + done["rejected"] for done in summary.actions.values()) == steps


@pytest.mark.usefixtures("short_rounds")
def test_a_budget_of_steps_is_kept_where_findings_cut_sequences_short(tmp_path: Path) -> None:
    ran = Campaign(settings(tmp_path, fault=FAULT), Budget(steps=5_000))
    _, summary = run(ran)
    assert summary.steps == 5_000
    assert ran.causes


def test_the_first_finding_ends_a_hunt_where_it_is_enough(tmp_path: Path) -> None:
    ran = Campaign(settings(tmp_path, fault=FAULT), Budget(steps=10**9, first_finding=True))
    events, summary = run(ran)
    assert sum(isinstance(event, Met) for event in events) >= 1
    assert summary.steps < 10**5


def test_a_budget_of_time_ends(tmp_path: Path) -> None:
    _, summary = run(Campaign(settings(tmp_path), Budget(seconds=0.01)))
    assert summary.sequences >= 1


@pytest.mark.parametrize(("budget", "words"), [(Budget(steps=12_345), "12,345 steps"), (Budget(seconds=1.5), "1.5 s")])
def test_a_budget_in_words(budget: Budget, words: str) -> None:
    assert budget.words() == words


@pytest.mark.usefixtures("short_rounds")
def test_a_hunt_that_is_asked_to_stop_sums_up_what_it_did(tmp_path: Path) -> None:
    stop = Stop()
    ran = Campaign(settings(tmp_path), Budget(steps=10**9), stop=stop)
    steps = 0
    for event in ran.run():
        if isinstance(event, Progress):
            steps = event.steps
            stop.ask()
    assert ran.summary.interrupted
    assert ran.summary.steps == steps > 0
    assert ran.summary.history_digest


@pytest.mark.usefixtures("short_rounds")
def test_who_asks_twice_or_before_it_hunts_interrupts_at_once(tmp_path: Path) -> None:
    stop = Stop()
    with pytest.raises(KeyboardInterrupt):
        stop.ask()
    events = Campaign(settings(tmp_path), Budget(steps=10**9), stop=stop).run()
    next(event for event in events if isinstance(event, Progress))
    stop.ask()
    with pytest.raises(KeyboardInterrupt):
        stop.ask()
    *_, finished = events
    assert isinstance(finished, Finished)
    with pytest.raises(KeyboardInterrupt):
        stop.ask()


def test_an_interrupt_where_nobody_listens_ends_a_hunt_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Done:
        raise KeyboardInterrupt

    monkeypatch.setattr(Worker, "run", interrupted)
    events, summary = run(Campaign(settings(tmp_path), Budget(steps=100)))
    assert summary.interrupted
    assert summary.steps == 0
    assert len(events) == 2


# ---- rounds


@pytest.mark.usefixtures("short_rounds")
def test_events_tell_a_hunt_from_its_start_to_its_end(tmp_path: Path) -> None:
    events, summary = run(Campaign(settings(tmp_path, fault=FAULT), Budget(steps=600)))
    assert isinstance(events[0], Started)
    steps = [event.steps for event in events if isinstance(event, Progress)]
    assert steps == sorted(steps)
    assert steps[-1] == summary.steps == 600
    assert [event.share_done for event in events if isinstance(event, Progress)][-1] == 1.0


def planned(ran: Campaign, rounds: int) -> list[Task]:
    """The tasks of some rounds, run here."""
    worker = Worker(ran.settings)
    tasks = []
    for _ in range(rounds):
        for task in ran.plan():
            tasks.append(task)
            list(ran.merge(worker.run(task)))
    return tasks


@pytest.mark.usefixtures("short_rounds")
def test_kept_sequences_are_gone_on_from_on_their_own_deployment(tmp_path: Path) -> None:
    ran = Campaign(settings(tmp_path), Budget(steps=10**6))
    tasks = planned(ran, 6)
    origins = {kept.blocks: kept.deployment for kept in ran.kept}
    begun = [(task.deployment, prefix) for task in tasks for _, _, prefix in task.sequences if prefix]
    assert len(begun) > 5
    for deployment, prefix in begun:
        assert any(blocks[: len(prefix)] == prefix and origins[blocks] == deployment for blocks in origins)
    assert {task.deployment for task in tasks} > {0}
    assert [index for task in tasks for index, _, _ in task.sequences] == list(range(4 * 2 * 6))


@pytest.mark.usefixtures("short_rounds")
def test_without_mutation_every_sequence_begins_anew(tmp_path: Path) -> None:
    ran = Campaign(settings(tmp_path), Budget(steps=10**6), mutate=False)
    assert all(not prefix for task in planned(ran, 3) for _, _, prefix in task.sequences)


@pytest.mark.usefixtures("short_rounds")
def test_only_what_no_sequence_showed_before_is_kept(tmp_path: Path) -> None:
    ran = Campaign(settings(tmp_path), Budget(steps=10**6))
    worker = Worker(ran.settings)
    task = ran.plan()[0]
    done = worker.run(task)
    list(ran.merge(done))
    first, seen = len(ran.kept), len(ran.seen)
    assert first > 0
    list(ran.merge(worker.run(task)))
    assert (len(ran.kept), len(ran.seen)) == (first, seen), "the same again shows nothing new"
    for kept in ran.kept:
        assert kept.blocks, "a sequence is kept up to its last new state"


def test_the_oldest_are_forgotten_where_too_many_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "MOST_KEPT", 3)
    ran = Campaign(settings(tmp_path), Budget(steps=1))
    for number in range(5):
        ran._keep(campaign.Kept(number, (Block(number, ()),)))
    assert [kept.deployment for kept in ran.kept] == [2, 3, 4]


def test_only_enabled_checks_are_asked(tmp_path: Path) -> None:
    _, summary = run(Campaign(settings(tmp_path, checks=("LEDGER-01", "LIQ-02")), Budget(steps=300)))
    assert set(summary.checks) == {"LEDGER-01", "LIQ-02"}
    assert [check.id for check in enabled_checks(None)] == list(
        run(Campaign(settings(tmp_path), Budget(steps=10)))[1].checks
    )


def test_errors_that_never_occurred_are_named(tmp_path: Path) -> None:
    _, summary = run(Campaign(settings(tmp_path), Budget(steps=2_000)))
    declared = set(arena().instance.declared_errors)
    assert set(summary.never_seen_errors) == declared - set(summary.errors)
    assert 0 < len(summary.never_seen_errors) < len(declared)


# ---- findings


@pytest.mark.usefixtures("short_rounds")
def test_a_finding_is_on_disk_before_it_is_told(tmp_path: Path) -> None:
    met = 0
    for event in Campaign(settings(tmp_path, fault=FAULT), Budget(steps=5_000)).run():
        if isinstance(event, Met):
            case = read_case(event.unshrunk)
            assert (case.check, case.fault, case.seed) == (event.check, FAULT, SEED)
            assert case.step == event.steps
            assert case.note == event.why
            met += 1
    assert met
    assert [path.name for path in tmp_path.iterdir()] == [UNSHRUNK]
    assert {path.suffix for path in (tmp_path / UNSHRUNK).iterdir()} == {".yaml"}, "nothing half written"


@pytest.mark.usefixtures("short_rounds")
def test_findings_of_one_cause_are_joined(tmp_path: Path) -> None:
    ran = Campaign(settings(tmp_path, fault=FAULT, checks=("HEALTH-01",)), Budget(steps=10_000))
    events, _ = run(ran)
    met = [event for event in events if isinstance(event, Met)]
    assert len(met) == len(ran.causes)
    assert {cause[0] for cause in ran.causes} == {"HEALTH-01"}
    assert max(ran.causes.values()) > 1


def test_what_tasks_under_way_met_is_told_when_the_hunt_ends(tmp_path: Path) -> None:
    """Two workers, and an end after the first finding: the other one's task runs on, and what it saves is not left untold."""
    events, _ = run(Campaign(settings(tmp_path, fault=FAULT), Budget(steps=20_000, first_finding=True), 2))
    told = {event.unshrunk for event in events if isinstance(event, Met)}
    assert told == set((tmp_path / UNSHRUNK).iterdir())
    assert isinstance(events[-1], Finished)


def test_the_same_finding_gets_the_same_name(tmp_path: Path) -> None:
    names = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        run(Campaign(settings(folder, fault=FAULT), Budget(steps=1_000, first_finding=True)))
        names.append({path.name: path.read_text() for path in (folder / UNSHRUNK).iterdir()})
    assert names[0] == names[1]


# ---- workers


def die(settings: Settings, find: Find, sequence: int, deployment: Deployment | None) -> Path:
    """Save a find, and take the whole process down."""
    save_unshrunk(settings, find, sequence, deployment)
    os._exit(9)


def test_a_worker_that_dies_is_an_environment_that_failed(tmp_path: Path) -> None:
    deadly = replace(settings(tmp_path, fault=FAULT), save=die)
    with pytest.raises(EnvironmentFailure, match="a worker went away"):
        run(Campaign(deadly, Budget(steps=50_000), workers=2))
    assert [read_case(path).check for path in tmp_path.glob(f"{UNSHRUNK}/*.yaml")], "what it met is there"


def test_a_task_gives_the_same_in_any_worker(tmp_path: Path) -> None:
    task = Task(2, ((5, 60, ()), (6, 60, ())), frozenset())
    one, other = (Worker(settings(tmp_path)).run(task) for _ in range(2))
    fresh = Worker(settings(tmp_path))
    for number in (9, 0, 1, 2, 3, 4, 5):  # more deployments than a worker keeps
        fresh.arena(number)
    third: Done = fresh.run(task)
    assert one == other == third


def test_a_hunt_leaves_nothing_to_the_garbage_collector(tmp_path: Path) -> None:
    """It collects seldom: what refers to itself would be kept for hundreds of thousands of steps."""
    for steps in (500, 4_000):  # the first fills what is kept once
        gc.collect()
        gc.disable()
        try:
            run(Campaign(settings(tmp_path), Budget(steps=steps)))
            left = gc.collect()
        finally:
            gc.enable()
    assert left < 50, f"{left} objects were reachable only from themselves"
