"""`checks` as users meet it: the catalogue, with the counts of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.commands.support import FAULT, SEED, hunt, run, said
from underwater.checks import catalogue
from underwater.commands import checks as checks_module


def test_checks_are_listed_with_their_sentences_and_counts(found: tuple[Path, Result]) -> None:
    path = found[0] / "summary.json"
    counts = json.loads(path.read_text())["checks"]
    result = run("checks", "--json", path)
    assert result.exit_code == 0
    assert f"1,500 steps on the engine 'bundled' with the planted fault '{FAULT}', seed {SEED}: {path}" in result.stdout
    for check in catalogue():
        (line,) = [line for line in result.stdout.splitlines() if line.startswith(check.id)]
        assert line.endswith(check.sentence)
        assert line.startswith(check.id + " " if check.uses_model else check.id + "*")
        assert f"{counts[check.id]['evaluated']:,} " in line
        exercised = counts[check.id]["exercised"]
        assert f" {exercised:,} " in line if exercised else " NEVER " in line


def test_checks_take_the_last_run_where_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_module, "PROJECT", tmp_path)
    empty = run("checks")
    assert empty.exit_code == 0
    assert "Counts are" not in empty.stdout
    assert "NEVER" not in empty.stdout
    assert hunt(tmp_path / "runs", "--steps", "20").exit_code == 0
    counted = run("checks").stdout
    assert f"20 steps on the engine 'bundled' as it stands, seed 1: {tmp_path / 'runs'}" in counted


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"checks": 5}', '{"checks": {"LIQ-01": 3}}', "not json"])
def test_what_is_no_summary_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "summary.json"
    path.write_text(text)
    result = run("checks", "--json", path)
    assert result.exit_code == 2
    assert said(result) == f"{path}: is no summary of a hunt"
