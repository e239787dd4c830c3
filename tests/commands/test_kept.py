"""What hunts share: `--corpus`; `--baseline` and `accept`: what is accepted does not count, until it does again."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result

from tests.commands.support import FAULT, SEED, STEPS, hunt, run, said
from underwater.case.baseline import read_baseline, today
from underwater.case.file import read_case
from underwater.commands import hunt as hunt_module
from underwater.commands import replay as replay_module

UNTIL = "2999-12-31"
AFTERWARDS = date(3000, 1, 1)
HUNT = ("--fault", FAULT, "--seed", SEED, "--steps", STEPS)


def cases(found: tuple[Path, Result]) -> list[Path]:
    return sorted(found[0].glob("runs/*/*.yaml"))


def accept(baseline: Path, *cases: Path, until: str = UNTIL, reason: str = "known") -> Result:
    return run("accept", *cases, "--baseline", baseline, "--reason", reason, "--until", until)


@pytest.fixture
def baseline(tmp_path: Path, found: tuple[Path, Result]) -> Path:
    """Everything that the hunt found."""
    path = tmp_path / "baseline.yaml"
    result = accept(path, *cases(found))
    assert result.exit_code == 0, result.stderr
    assert all(line.startswith(f"{path}: accepts ") and line.endswith(UNTIL) for line in result.stdout.splitlines())
    return path


def findings(runs: Path) -> list[dict[str, object]]:
    (summary,) = runs.glob("*/summary.json")
    return list(json.loads(summary.read_text())["findings"])


# ---- hunts


def test_what_is_accepted_is_told_of_and_does_not_count(tmp_path: Path, baseline: Path) -> None:
    result = hunt(tmp_path / "runs", *HUNT, "--baseline", baseline)
    assert result.exit_code == 0
    assert "FINDING" not in result.stdout
    assert "  accepted: HEALTH-01, " in result.stdout
    assert f"is accepted until {UNTIL}: known" in result.stdout
    met = findings(tmp_path / "runs")
    assert result.stdout.splitlines()[-1] == f"Nothing found. {len(met)} accepted."
    for finding in met:
        assert finding["accepted"] == {"reason": "known", "until": UNTIL, "is_over": False}
        assert run("replay", str(finding["case"])).exit_code == 1, "it is on disk all the same"


def test_what_is_over_counts_again_and_says_so(tmp_path: Path, baseline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunt_module, "today", lambda: AFTERWARDS)
    result = hunt(tmp_path / "runs", *HUNT, "--baseline", baseline)
    assert result.exit_code == 1
    assert f"It had been accepted until {UNTIL}, which is over: known" in result.stdout
    assert "FINDING" in result.stdout


def test_what_is_not_among_it_counts_and_says_how_it_is_accepted(tmp_path: Path, baseline: Path) -> None:
    kept = baseline.read_text()
    kept = kept[: kept.index("  #", kept.index("- check"))]  # the first entry alone
    baseline.write_text(kept)
    result = hunt(tmp_path / "runs", *HUNT, "--baseline", baseline)
    assert result.exit_code == 1
    assert "  accepted: " in result.stdout
    assert result.stdout.count("Accept it with: ") == result.stdout.count("FINDING") > 0
    assert f"--baseline {baseline} --reason WHY --until DATE" in result.stdout
    assert " 1 accepted." in result.stdout.splitlines()[-1]


def test_the_first_finding_is_the_first_that_nobody_accepted(tmp_path: Path, baseline: Path) -> None:
    result = hunt(tmp_path / "runs", *HUNT, "--baseline", baseline, "--first")
    assert result.exit_code == 0
    assert "1,500 steps" in result.stdout


def test_entries_that_met_nothing_are_named_in_a_line(tmp_path: Path, baseline: Path) -> None:
    result = hunt(tmp_path / "runs", "--steps", "50", "--baseline", baseline)
    assert result.exit_code == 0
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("Not met in this run, of ")]
    assert line.count("(line ") == len(read_baseline(baseline, "bundled", today()).entries)
    assert result.stdout.splitlines()[-1] == "Nothing found."


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "cannot be read: No such file or directory"),
        ("underwater: 1\nengine: bundled\naccepted: 3\n", "accepted: should be a list"),
    ],
)
def test_a_baseline_that_cannot_be_used_ends_a_hunt_before_it_begins(
    tmp_path: Path, text: str | None, line: str
) -> None:
    path = tmp_path / "baseline.yaml"
    if text is not None:
        path.write_text(text)
    result = hunt(tmp_path / "runs", "--baseline", path)
    assert result.exit_code == 2
    assert said(result).startswith(str(path))
    assert line in said(result)
    assert not (tmp_path / "runs").exists()


# ---- replays


def test_accepted_cases_do_not_fail_a_replay(found: tuple[Path, Result], baseline: Path) -> None:
    paths = cases(found)
    result = run("replay", *paths, "--baseline", baseline)
    assert result.exit_code == 0
    assert result.stdout.count(f"  is accepted until {UNTIL}: known") == len(paths)
    assert f"({len(paths)} accepted)." in result.stdout.splitlines()[-1]


def test_cases_fail_a_replay_again_when_their_day_is_over(
    found: tuple[Path, Result], baseline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_module, "today", lambda: AFTERWARDS)
    result = run("replay", cases(found)[0], "--baseline", baseline)
    assert result.exit_code == 1
    assert f"  had been accepted until {UNTIL}, which is over: known" in result.stdout


# ---- accept


def test_a_case_alone_is_accepted_for_what_it_fails_by_itself(tmp_path: Path, found: tuple[Path, Result]) -> None:
    path = tmp_path / "alone.yaml"
    shutil.copy(next(path for path in cases(found) if path.name.startswith("HEALTH-01")), path)
    result = accept(tmp_path / "baseline.yaml", path)
    assert result.exit_code == 0
    (entry,) = read_baseline(tmp_path / "baseline.yaml", "bundled", today()).entries
    assert entry.cause == ("HEALTH-01", "withdraw", "InsufficientMargin", "done")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"until": "tomorrow"}, "--until 'tomorrow': is not a date: write it like 2027-01-31"),
        ({"until": "2020-01-01"}, "--until 2020-01-01: is over already"),
        ({"reason": " "}, "--reason: should say why this is accepted"),
    ],
)
def test_what_accept_refuses(tmp_path: Path, found: tuple[Path, Result], options: dict[str, str], line: str) -> None:
    result = accept(tmp_path / "baseline.yaml", cases(found)[0], **options)
    assert result.exit_code == 2
    assert said(result) == line
    assert not list(tmp_path.iterdir())


def test_what_is_fixed_is_not_accepted(tmp_path: Path, found: tuple[Path, Result]) -> None:
    path = tmp_path / "fixed.yaml"
    path.write_text(cases(found)[0].read_text().replace(f", fault: {FAULT}", ""))
    assert read_case(path).fault is None
    result = accept(tmp_path / "baseline.yaml", path)
    assert result.exit_code == 2
    assert said(result) == f"{path}: does not fail any more: there is nothing to accept"


def test_a_case_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    result = accept(tmp_path / "baseline.yaml", tmp_path / "nowhere.yaml")
    assert result.exit_code == 2
    assert said(result).endswith("nowhere.yaml: cannot be read: No such file or directory")


# ---- a corpus


def test_a_hunt_keeps_a_corpus_and_goes_on_from_it(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    for seed, line in (("1", "nothing to go on from yet."), ("2", "sequences run first.")):
        result = hunt(tmp_path / "runs", "--seed", seed, "--steps", "300", "--corpus", corpus)
        assert result.exit_code == 0
        assert f"The corpus {corpus}: " in result.stdout
        assert line in result.stdout
    assert list(corpus.glob("*.yaml"))


def test_a_damaged_corpus_ends_a_hunt_before_it_begins(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "bad.yaml").write_text("\0")
    result = hunt(tmp_path / "runs", "--corpus", corpus)
    assert result.exit_code == 2
    assert said(result).startswith(f"{corpus / 'bad.yaml'}: is damaged, or was edited: remove it")
    assert not (tmp_path / "runs").exists()
