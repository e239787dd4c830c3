"""What a hunt says on a terminal or in a log, from its events alone."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pytest

from underwater.events import Event, FindingReady, Finished, Met, Started, Summary
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
