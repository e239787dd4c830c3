"""Hunts that go on from what earlier ones kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hunt.support import FAULT, SEED, settings
from underwater import session
from underwater.case.corpus import Corpus
from underwater.errors import EnvironmentFailure
from underwater.events import CorpusRead, CorpusSaved, Event, FindingReady, Finished, Progress
from underwater.hunt import campaign
from underwater.hunt.campaign import Budget, Campaign, Stop
from underwater.hunt.work import Worker


@pytest.fixture(autouse=True)
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of few short sequences, so that a small budget holds many of them."""
    monkeypatch.setattr(campaign, "TASKS_A_ROUND", 4)
    monkeypatch.setattr(campaign, "SEQUENCES_A_TASK", 2)
    monkeypatch.setattr(campaign, "LENGTHS", (20, 40, 60))


def hunted(
    folder: Path,
    corpus: Path | None,
    *,
    steps: int = 1_000,
    seed: int = SEED,
    fault: str | None = None,
    workers: int = 1,
) -> list[Event]:
    kept = None if corpus is None else Corpus(corpus, "bundled")
    return list(session.hunt(settings(folder, seed=seed), Budget(steps=steps), workers, network=None, corpus=kept))


def summary_of(folder: Path) -> dict[str, object]:
    summary: dict[str, object] = json.loads((folder / "summary.json").read_text())
    return {key: value for key, value in summary.items() if key not in ("seconds", "steps_per_second")}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """What a hunt under another seed has kept."""
    hunted(tmp_path / "first", tmp_path / "corpus", steps=600, seed=SEED + 2)
    return tmp_path / "corpus"


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def copied(corpus: Path, name: str) -> Path:
    folder = corpus.with_name(name)
    folder.mkdir()
    for name, text in contents(corpus).items():
        (folder / name).write_text(text)
    return folder


def test_a_corpus_changes_nothing_of_the_hunt_that_begins_it(tmp_path: Path) -> None:
    hunted(tmp_path / "with", tmp_path / "corpus")
    hunted(tmp_path / "without", None)
    assert summary_of(tmp_path / "with") == summary_of(tmp_path / "without")


def test_one_seed_and_one_corpus_give_one_history_for_any_number_of_workers(tmp_path: Path, corpus: Path) -> None:
    folders = [copied(corpus, "one"), copied(corpus, "two")]
    for folder, workers in zip(folders, (1, 2), strict=True):
        hunted(tmp_path / f"run-{workers}", folder, steps=1_500, workers=workers)
    assert summary_of(tmp_path / "run-1") == summary_of(tmp_path / "run-2")
    assert contents(folders[0]) == contents(folders[1]) != contents(corpus)
    hunted(tmp_path / "without", None, steps=1_500)
    assert summary_of(tmp_path / "without")["history_digest"] != summary_of(tmp_path / "run-1")["history_digest"]


def test_seeds_run_first_and_as_they_are(tmp_path: Path, corpus: Path) -> None:
    kept = Corpus(corpus, "bundled")
    ran = Campaign(replace(settings(tmp_path), brought=kept.deployments), Budget(steps=10**6), seeds=kept.seeds)
    worker = Worker(ran.settings)
    begun = []
    while len(ran.spent) < len(kept.seeds):
        for task in ran.plan():
            begun += [(task.deployment, prefix, length) for _, length, prefix in task.sequences]
            list(ran.merge(worker.run(task)))
    assert begun == [(seed.deployment, seed.blocks, seed.steps) for seed in kept.seeds]
    assert -1 in {deployment for deployment, _, _ in begun}
    assert ran.summary.steps == sum(seed.steps for seed in kept.seeds)
    later = [task for _ in range(4) for task in ran.plan()]
    assert any(task.deployment < 0 for task in later), "they are gone on from, on deployments that this seed never drew"
    assert next(index for task in later for index, _, _ in task.sequences) == len(kept.seeds)


def test_what_a_corpus_reached_is_reached_again(tmp_path: Path, corpus: Path) -> None:
    """Nothing new: a hunt whose budget is its seeds leaves a corpus no larger, of no more steps."""
    before = Corpus(corpus, "bundled").seeds
    steps = sum(seed.steps for seed in before)
    read, *_, saved = [
        event
        for event in hunted(tmp_path / "again", corpus, steps=steps)
        if isinstance(event, CorpusRead | CorpusSaved)
    ]
    assert isinstance(read, CorpusRead)
    assert isinstance(saved, CorpusSaved)
    assert (read.sequences, read.dropped) == (len(before), 0)
    after = Corpus(corpus, "bundled").seeds
    assert len(after) == saved.sequences <= len(before)
    assert sum(seed.steps for seed in after) <= steps
    once = contents(corpus)
    hunted(tmp_path / "once more", corpus, steps=sum(seed.steps for seed in after))
    assert contents(corpus) == once, "what is minimal stays as it is"


def test_a_budget_spent_on_some_seeds_leaves_the_others(tmp_path: Path, corpus: Path) -> None:
    before = contents(corpus)
    hunted(tmp_path / "short", corpus, steps=5)
    assert contents(corpus) == before


def test_a_seed_that_meets_a_finding_is_not_spent(tmp_path: Path, corpus: Path) -> None:
    """The sound engine's histories go on to what a fault lets through; they stay for when it is mended."""
    kept = Corpus(corpus, "bundled")
    faulty = replace(settings(tmp_path, fault="fee-from-one-side"), brought=kept.deployments)
    ran = Campaign(faulty, Budget(steps=sum(seed.steps for seed in kept.seeds)), seeds=kept.seeds)
    list(ran.run())
    assert ran.causes
    assert ran.spent < set(range(len(kept.seeds)))
    kept.save(ran)
    assert kept.saved().sequences >= len(kept.seeds) - len(ran.spent)


def test_a_run_says_what_corpus_it_began_with(tmp_path: Path, corpus: Path) -> None:
    other = copied(corpus, "other")
    sequences = len(Corpus(corpus, "bundled").seeds)
    facts = []
    for name, folder in (("one", corpus), ("two", other)):
        hunted(tmp_path / name, folder, steps=20)
        facts.append(json.loads((tmp_path / name / "run.json").read_text())["corpus"])
    assert facts[0]["folder"] == str(corpus)
    assert facts[0]["sequences"] == sequences
    assert facts[0]["digest"] == facts[1]["digest"]


def test_it_is_saved_while_the_hunt_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SAVE_CORPUS_EVERY_S", 0.0)
    corpus = tmp_path / "corpus"
    running = session.hunt(
        settings(tmp_path / "run"), Budget(steps=10**9), 1, network=None, corpus=Corpus(corpus, "bundled")
    )
    progress = (event for event in running if isinstance(event, Progress))
    next(progress)
    next(progress)
    assert Corpus(corpus, "bundled").seeds


def test_who_stops_a_hunt_keeps_its_corpus(tmp_path: Path) -> None:
    stop = Stop()
    corpus = Corpus(tmp_path / "corpus", "bundled")
    for event in session.hunt(
        settings(tmp_path / "run"), Budget(steps=10**9), 1, network=None, stop=stop, corpus=corpus
    ):
        if isinstance(event, Progress):
            stop.ask()
    assert Corpus(tmp_path / "corpus", "bundled").seeds


def test_a_corpus_that_cannot_be_written_hides_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise EnvironmentFailure("no room")

    monkeypatch.setattr(Corpus, "save", full)
    monkeypatch.setattr(session, "SAVE_CORPUS_EVERY_S", 0.0)
    events: list[Event] = []
    running = session.hunt(
        settings(tmp_path / "run", fault=FAULT),
        Budget(steps=2_000),
        1,
        network=None,
        corpus=Corpus(tmp_path / "corpus", "bundled"),
    )
    with pytest.raises(EnvironmentFailure, match="no room"):
        events.extend(running)
    assert any(isinstance(event, FindingReady) for event in events)
    assert isinstance(events[-1], Finished)
