"""What a hunt says on a terminal or in a log, from its events alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from underwater.events import (
    Acceptance,
    CorpusRead,
    CorpusSaved,
    Event,
    FindingReady,
    Finished,
    Met,
    Started,
    Summary,
    Unmet,
)
from underwater.report.console import Console, ape_command, show_all, shown_path


def told(*events: Event) -> list[str]:
    """The lines of a hunt that ends."""
    out = StringIO()
    show_all(events, Console(out))
    return out.getvalue().splitlines()


def started(folder: Path) -> Started:
    return Started("bundled", None, 1, 1, "30 s", folder, "somewhere")


def met(folder: Path, name: str) -> Met:
    return Met("LIQ-01", "too early", folder / "unshrunk" / name, 60, 0.5)


def ready(folder: Path, name: str) -> FindingReady:
    return FindingReady("LIQ-01", "only below", "too early", folder / name, 4, False, 0.5, None, False, "", "table")


def finished(findings: int) -> Finished:
    return Finished(Summary("bundled", None, 1, findings=[{}] * findings))


@pytest.mark.parametrize(
    ("meetings", "shown", "findings", "line"),
    [
        (0, 0, 0, "Nothing found."),
        (1, 1, 1, "1 finding."),
        (2, 2, 2, "2 findings."),
        (7, 5, 7, "7 findings. 2 not shrunk, in /runs/one/unshrunk."),
        (3, 1, 1, "1 finding. 2 more shrank to the same steps."),
        (8, 2, 5, "5 findings. 3 not shrunk, in /runs/one/unshrunk. 3 more shrank to the same steps."),
    ],
)
def test_the_last_line_accounts_for_whatever_was_met(meetings: int, shown: int, findings: int, line: str) -> None:
    folder = Path("/runs/one")
    events = [met(folder, f"{number}.yaml") for number in range(meetings)]
    tables = [ready(folder, f"{number}.yaml") for number in range(shown)]
    assert told(started(folder), *events, *tables, finished(findings))[-1] == line


def test_what_was_met_while_it_was_deployed_has_no_steps() -> None:
    folder = Path("/runs/one")
    found = Met("ACCESS-07", "refused", folder / "unshrunk" / "one.yaml", 0, 0.5)
    lines = told(started(folder), found, finished(1))
    assert "  found: ACCESS-07, refused" in lines
    assert "         saved unshrunk in /runs/one/unshrunk/one.yaml (while it was deployed)" in lines


@pytest.mark.parametrize(
    ("sequences", "dropped", "line"),
    [
        (0, 0, "The corpus /kept: nothing to go on from yet."),
        (7, 0, "The corpus /kept: 7 sequences run first."),
        (7, 2, "The corpus /kept: 7 sequences run first; 2 no longer apply and are dropped."),
    ],
)
def test_a_corpus_is_told_of_before_and_after(sequences: int, dropped: int, line: str) -> None:
    folder = Path("/kept")
    lines = told(CorpusRead(folder, sequences, dropped), CorpusSaved(folder, 9, 4, 2), finished(0))
    assert line in lines
    assert "The corpus /kept: 9 sequences, 4 new, 2 gone." in lines


def test_what_is_accepted_is_told_quietly_and_what_was_is_told_with_its_finding() -> None:
    folder = Path("/runs/one")
    now, over = Acceptance("issue 12", "2027-01-31", False), Acceptance("issue 9", "2020-01-31", True)
    lines = told(
        started(folder),
        replace(met(folder, "a.yaml"), acceptance=now),
        replace(met(folder, "b.yaml"), acceptance=over),
        replace(ready(folder, "b.yaml"), acceptance=over, baseline=Path("/accepted.yaml")),
        replace(ready(folder, "c.yaml"), baseline=Path("/accepted.yaml")),
        Unmet(Path("/accepted.yaml"), ("LIQ-02 after probe (line 4)", "LIQ-03 after probe (line 8)")),
        Finished(Summary("bundled", None, 1, findings=[{"accepted": {"is_over": False}}, {"accepted": None}, {}])),
    )
    assert "  accepted: LIQ-01, too early" in lines
    assert "         is accepted until 2027-01-31: issue 12" in lines
    assert "         had been accepted until 2020-01-31, which is over: issue 9" in lines
    assert "It had been accepted until 2020-01-31, which is over: issue 9" in lines
    (command,) = [line for line in lines if line.startswith("Accept it with: ")]
    assert command.endswith("accept /runs/one/c.yaml --baseline /accepted.yaml --reason WHY --until DATE")
    unmet = "Not met in this run, of /accepted.yaml: LIQ-02 after probe (line 4); LIQ-03 after probe (line 8)."
    assert unmet in lines
    assert lines[-1].startswith("2 findings.")
    assert lines[-1].endswith(" 1 accepted.")


def test_a_finding_is_told_with_a_command_that_can_be_pasted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "runs" / "one"
    lines = told(started(folder), met(folder, "a.yaml"), ready(folder, "a.yaml"), finished(1))
    assert f"Replay it with: {ape_command()} underwater replay runs/one/a.yaml" in lines
    assert "         saved unshrunk in runs/one/unshrunk/a.yaml (60 steps)" in lines


def test_paths_elsewhere_are_shown_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert shown_path(Path("/elsewhere/a.yaml")) == Path("/elsewhere/a.yaml")
    assert shown_path(tmp_path / "a.yaml") == Path("a.yaml")


def test_ape_is_named_as_it_can_be_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "ape").write_text("#!/bin/sh\n")
    (folder / "ape").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    assert ape_command() == "venv/bin/ape"
    monkeypatch.setenv("PATH", str(folder))
    assert ape_command() == "ape"
