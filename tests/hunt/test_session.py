"""A whole hunt: what becomes of findings after they are met."""

from __future__ import annotations

import json
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from tests.hunt.support import FAULT, settings
from underwater import session
from underwater.case.file import read_case
from underwater.case.finding import UNSHRUNK, Finding, shrink_and_save
from underwater.checks import check_named
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.faults import artifacts_of
from underwater.errors import EnvironmentFailure
from underwater.events import Event, FindingReady, Finished, Met
from underwater.hunt.arena import Arena
from underwater.hunt.campaign import Budget
from underwater.hunt.replay import replay


def hunted(folder: Path, fault: str = FAULT, steps: int = 3_000) -> list[Event]:
    return list(session.hunt(settings(folder, fault=fault), Budget(steps=steps), 1, network=None))


def summary_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "summary.json").read_text()))


@pytest.fixture
def all_are_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many a seed meets."""
    monkeypatch.setattr(session, "MOST_SHRUNK", 100)


@pytest.mark.usefixtures("all_are_shrunk")
def test_every_finding_that_is_met_is_told_and_on_disk_twice(tmp_path: Path) -> None:
    events = hunted(tmp_path)
    met = [event for event in events if isinstance(event, Met)]
    ready = [event for event in events if isinstance(event, FindingReady)]
    assert len(met) >= len(ready) > 1
    assert [entry["case"] for entry in summary_of(tmp_path)["findings"]] == [str(event.case) for event in ready]
    assert {path.name for path in tmp_path.glob("*.yaml")} == {event.case.name for event in ready}
    assert {event.unshrunk.name for event in met} == {path.name for path in (tmp_path / UNSHRUNK).iterdir()}
    told = [(case.deployment, case.blocks) for case in (read_case(event.case) for event in ready)]
    assert all(told.count(one) == 1 for one in told), "no history is told twice"


def test_a_finding_can_be_shrunk_without_slipping_into_another_cause(tmp_path: Path) -> None:
    """A fee of one side fails LEDGER-01 whatever moves money: the shortest way to it is not always the one that was met."""
    fault = "fee-from-one-side"
    slipped = 0
    for event in hunted(tmp_path, fault):
        if not isinstance(event, Met) or event.check != "LEDGER-01":
            continue
        case = read_case(event.unshrunk)
        met = replay(
            Arena(BUNDLED, case.deployment or BUNDLED.default_deployment(), artifacts_of(fault)),
            case.blocks,
            check_named(case.check),
            thorough_last_only=True,
        ).cause
        free, kept = (
            shrink_and_save(event.unshrunk, case, artifacts_of(fault), same_cause=same) for same in (False, True)
        )
        assert free is not None
        assert kept is not None
        assert kept.replayed.cause == met
        slipped += free.replayed.cause != met
    assert slipped, "without being held to its cause, none slips: nothing is tested"


@pytest.mark.usefixtures("all_are_shrunk")
def test_a_history_that_was_told_before_is_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is met shrinks to the same here: once is enough, and nothing of the others is left but what was met."""
    first: list[Finding] = []

    def always_the_first(unshrunk: Path, case: Any, artifacts: Any, *, same_cause: bool = False) -> Finding | None:
        if not first:
            found = shrink_and_save(unshrunk, case, artifacts, same_cause=same_cause)
            assert found is not None
            first.append(found)
        path = unshrunk.parent.parent / unshrunk.name
        path.write_text(first[0].path.read_text())
        return first[0]._replace(path=path)

    monkeypatch.setattr(session, "shrink_and_save", always_the_first)
    events = hunted(tmp_path)
    assert sum(isinstance(event, Met) for event in events) > 1
    (ready,) = (event for event in events if isinstance(event, FindingReady))
    assert [path.name for path in tmp_path.glob("*.yaml")] == [ready.case.name]
    assert [entry["case"] for entry in summary_of(tmp_path)["findings"]] == [str(ready.case)]


def test_a_find_that_does_not_fail_again_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Path] = []

    def not_the_first(unshrunk: Path, *given: Any, **options: Any) -> Finding | None:
        calls.append(unshrunk)
        return None if unshrunk == calls[0] else shrink_and_save(unshrunk, *given, **options)

    monkeypatch.setattr(session, "shrink_and_save", not_the_first)
    running = session.hunt(settings(tmp_path, fault=FAULT), Budget(steps=3_000), 1, network=None)
    events = list(takewhile(lambda event: not isinstance(event, Finished), running))
    with pytest.raises(EnvironmentFailure, match="does not fail when run again"):
        next(running)
    assert any(isinstance(event, FindingReady) for event in events)
    cases = [entry["case"] for entry in summary_of(tmp_path)["findings"]]
    assert str(calls[0]) in cases
    assert len(cases) > 1


def test_who_stops_the_shrinking_keeps_a_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any, **__: Any) -> Finding | None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "shrink_and_save", stopped)
    with pytest.raises(KeyboardInterrupt):
        hunted(tmp_path)
    summary = summary_of(tmp_path)
    assert summary["steps"] == 3_000
    assert summary["findings"]
    assert all(Path(entry["case"]).parent.name == UNSHRUNK for entry in summary["findings"])
