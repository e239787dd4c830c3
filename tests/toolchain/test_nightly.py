"""`make nightly` keeps what a night leaves and judges by how hunt and replay end; a stand-in for `ape` ends as each test wants."""

import importlib.util
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "nightly.py"
Night = Callable[..., int]
SUMMARY = {"findings": [], "steps": 1_234, "seconds": 5.2, "seed": 7, "history_digest": "abc", "interrupted": False}
ACCEPTED = {"reason": "known", "until": "2027-01-31", "is_over": False}


@pytest.fixture
def nightly() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("nightly", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler = signal.getsignal(signal.SIGINT)
    yield module
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def night(tmp_path: Path, nightly: ModuleType) -> Night:
    """A night whose replay and hunt end so, the hunt leaving this summary, the replay saying this of every case."""

    def run(
        *arguments: str, replay: int = 0, hunt: int = 0, summary: object = SUMMARY, verdict: str = "still fails"
    ) -> int:
        (tmp_path / "given.json").write_text(json.dumps(summary))
        leave = f"cp {tmp_path}/given.json {tmp_path}/nightly/summary.json" if summary is not None else "true"
        (tmp_path / "ape").write_text(
            f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nif [ $2 = hunt ]; then {leave}; exit {hunt}; fi\n'
            f'for case in "$@"; do case $case in *.yaml) echo "$case: {verdict}: LIQ-01, a sentence";; esac; done\n'
            f"exit {replay}\n"
        )
        (tmp_path / "ape").chmod(0o755)
        folder = ("--folder", str(tmp_path / "nightly"), "--baseline", "accepted.yml")
        return int(nightly.main([*folder, *arguments], tmp_path / "ape"))

    return run


def found(tmp_path: Path, name: str) -> Path:
    """A case that the last night left, shrunk and summed up; its run."""
    run = tmp_path / "nightly" / "runs" / "a-run"
    (run / "unshrunk").mkdir(parents=True, exist_ok=True)
    (run / "unshrunk" / name).write_text("long")
    (run / name).write_text("short")
    (run / "summary.json").write_text(json.dumps({"findings": [{"case": str(run / name), "accepted": None}]}))
    return run


def calls(tmp_path: Path) -> list[str]:
    return (tmp_path / "calls").read_text().splitlines()


def test_the_first_night_hunts_alone(tmp_path: Path, night: Night) -> None:
    assert night("--seconds", "5", "--seed", "7", "--workers", "2") == 0
    folder = tmp_path / "nightly"
    kept = f"--corpus {folder}/corpus --baseline accepted.yml --runs {folder}/runs --json {folder}/summary.json"
    assert calls(tmp_path) == [f"underwater hunt --seconds 5 --seed 7 {kept} --workers 2"]


def test_the_seed_is_the_date_and_is_told(tmp_path: Path, night: Night, capsys: pytest.CaptureFixture[str]) -> None:
    assert night("--steps", "5") == 0
    (call,) = calls(tmp_path)
    seed = call.split("--seed ")[1].split()[0]
    assert len(seed) == 8
    assert seed.isdigit()
    assert f"Tonight's seed is {seed}." in capsys.readouterr().out
    assert "--seconds" not in call


def test_what_a_night_found_is_run_again_the_next(tmp_path: Path, night: Night) -> None:
    found(tmp_path, "LIQ-01-a.yaml")
    assert night(replay=1) == 1, "red until it is mended or accepted"
    folder = tmp_path / "nightly"
    assert calls(tmp_path)[0] == f"underwater replay {folder}/found/LIQ-01-a.yaml --baseline accepted.yml"
    assert calls(tmp_path)[1].startswith("underwater hunt ")
    assert (folder / "found" / "unshrunk" / "LIQ-01-a.yaml").read_text() == "long"
    assert not (folder / "runs").exists()
    assert f"- {folder}/found/LIQ-01-a.yaml: still fails: LIQ-01" in (folder / "summary.md").read_text()


def test_what_a_killed_night_met_is_not_lost(tmp_path: Path, night: Night) -> None:
    run = found(tmp_path, "LIQ-01-a.yaml")
    (run / "summary.json").unlink()
    (run / "unshrunk" / "LIQ-02-b.yaml").write_text("never shrunk")
    assert night(replay=1) == 1
    kept = {path.name: path.read_text() for path in (tmp_path / "nightly" / "found").glob("*.yaml")}
    assert kept == {"LIQ-01-a.yaml": "short", "LIQ-02-b.yaml": "never shrunk"}


def test_what_was_accepted_is_not_put_by(tmp_path: Path, night: Night) -> None:
    run = found(tmp_path, "LIQ-01-a.yaml")
    known = {"case": str(run / "unshrunk" / "LIQ-01-a.yaml"), "accepted": ACCEPTED}
    (run / "summary.json").write_text(json.dumps({"findings": [known]}))
    assert night() == 0
    assert not (tmp_path / "nightly" / "found").exists()


@pytest.mark.parametrize("verdict", ["fixed", "no longer applies"])
def test_what_does_not_fail_any_more_is_told_of_once(tmp_path: Path, night: Night, verdict: str) -> None:
    found(tmp_path, "LIQ-01-a.yaml")
    assert night(verdict=verdict) == 0
    assert not list((tmp_path / "nightly" / "found").rglob("*.yaml"))
    assert f": {verdict}: LIQ-01" in (tmp_path / "nightly" / "summary.md").read_text()
    assert night() == 0
    assert [call.split()[1] for call in calls(tmp_path)] == ["replay", "hunt", "hunt"]


def test_the_oldest_cases_go_where_there_are_too_many(
    tmp_path: Path, night: Night, nightly: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nightly, "MOST_FOUND", 2)
    for number in range(4):
        found(tmp_path, f"LIQ-01-{number}.yaml")
        night(replay=1)
    assert len(list((tmp_path / "nightly" / "found").glob("*.yaml"))) == 2
    assert len(list((tmp_path / "nightly" / "found" / "unshrunk").glob("*.yaml"))) == 2


@pytest.mark.parametrize(
    ("replay", "hunt", "result"),
    [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1), (0, 3, 3), (1, 3, 3), (2, 0, 2), (3, 0, 3)],
)
def test_a_night_ends_as_the_worse_of_both(tmp_path: Path, night: Night, replay: int, hunt: int, result: int) -> None:
    found(tmp_path, "LIQ-01-a.yaml")
    assert night(replay=replay, hunt=hunt) == result
    assert len(calls(tmp_path)) == (1 if replay > 1 else 2), "what cannot be replayed is put right first"


def test_a_summary_for_people(tmp_path: Path, night: Night) -> None:
    case = {"check": "LIQ-01", "steps": 4, "case": "runs/x.yaml"}
    findings = [case | {"accepted": known} for known in (None, ACCEPTED, ACCEPTED | {"is_over": True})]
    assert night(hunt=1, summary=SUMMARY | {"findings": findings, "interrupted": True}) == 1
    text = (tmp_path / "nightly" / "summary.md").read_text()
    assert "3 findings in 1,234 steps, 5 s; seed 7, history digest `abc`, interrupted." in text
    assert [line.rsplit("| ", 1)[1] for line in text.splitlines() if line.startswith("| LIQ-01")] == [
        "no |",
        "until 2027-01-31 |",
        "until 2027-01-31, which is over |",
    ]


def test_a_hunt_without_a_summary_says_so(tmp_path: Path, night: Night) -> None:
    assert night() == 0
    assert night(hunt=3, summary=None) == 3
    assert "did not come to its end: exit code 3" in (tmp_path / "nightly" / "summary.md").read_text()
