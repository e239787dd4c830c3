"""`zoo` as users meet it: what it tells of a fault and of the sound engine, and the mistakes that it names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.commands.support import FAULT, run, said
from underwater.commands import zoo
from underwater.engine import faults
from underwater.engine.faults import fault_ids, read_fault


def test_the_zoo_tells_of_a_fault_and_of_the_sound_engine(tmp_path: Path) -> None:
    path = tmp_path / "zoo.json"
    result = run("zoo", "--fault", FAULT, "--sound", "--seconds-per-fault", "1.5", "--json", path)
    assert result.exit_code == 0, result.stdout
    assert "1 of 1 caught; the sound engine: " in result.stdout
    contents = json.loads(path.read_text())
    assert contents.keys() >= {"faults", "caught", "total", "sound_engine"}
    (fault,) = contents["faults"]
    assert fault.keys() >= {"id", "caught", "check", "steps", "found_after_s"}
    assert (fault["id"], fault["caught"], contents["caught"], contents["total"]) == (FAULT, True, 1, 1)
    assert contents["sound_engine"].keys() >= {"steps", "findings"}
    assert contents["sound_engine"]["findings"] == 0
    assert contents["sound_engine"]["steps"] > 0


def test_a_zoo_of_several_seeds_tells_how_short_each_history_gets(tmp_path: Path) -> None:
    path = tmp_path / "zoo.json"
    result = run("zoo", "--fault", FAULT, "--seconds-per-fault", "1.5", "--seeds", "2", "--json", path)
    assert result.exit_code == 0, result.stdout
    assert re.search(rf"1/1  {FAULT}  2 seeds +\d+ to +\d+ steps  after at most", result.stdout)
    (fault,) = json.loads(path.read_text())["faults"]
    assert [one["seed"] for one in fault["seeds"]] == [1, 2]
    for one in fault["seeds"]:
        assert one["caught"]
        enough = read_fault(FAULT).shortest_by(one["check"])
        assert enough is not None
        assert 1 <= one["steps"] <= enough + 2
    assert "sound_engine" not in json.loads(path.read_text())  # one fault alone: nobody asked after the sound engine
    assert "sound" not in result.stdout


def test_a_zoo_is_not_content_with_histories_that_could_be_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "MOST_STEPS_BEYOND_SHORTEST", -1)
    result = run("zoo", "--fault", FAULT, "--seconds-per-fault", "1.5")
    assert result.exit_code == 1
    assert re.search(r"TOO LONG: \d are enough for [A-Z]+-\d+ \(seed 1\)", result.stdout)


@pytest.fixture
def drawn_zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two drawn faults of which nothing was measured, one of them argued to be equivalent: it is in neither case."""
    file = "file: contracts/Ledger.sol\nfunction: _bookBadDebt\nold: _badDebt += shortfall - paid;\n"
    measured = "drawn: {operator: assignment, seed: 1, number: 1}\ncaught_by: []\nshortest: {}\n"
    for name, new, more in (
        ("seen", "_badDebt = shortfall;", ""),
        ("argued", "_badDebt += shortfall;", "equivalent: No.\n"),
    ):
        text = f"idea: {name}\n{file}new: {new}\n{measured}{more}"
        (tmp_path / f"drawn-{name}.yaml").write_text(text)
    monkeypatch.setattr(faults, "FOLDER", tmp_path)
    return tmp_path


def test_a_drawn_fault_is_caught_before_anything_is_known_of_it(drawn_zoo: Path) -> None:
    result = run("zoo", "--fault", "*-seen", "--seconds-per-fault", "4")
    assert result.exit_code == 0, result.stdout
    assert "1 of 1 caught." in result.stdout


def test_what_was_argued_to_be_equivalent_is_held_to_it(drawn_zoo: Path) -> None:
    result = run("zoo", "--fault", "drawn-arg*", "--seconds-per-fault", "12")
    assert result.exit_code == 1
    assert re.search(r"drawn-argued  NOT EQUIVALENT: seen by [A-Z]+-\d+", result.stdout)
    assert "0 of 0 caught; 1 argued to be equivalent: 1 findings." in result.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--fault", "other"], "unknown fault 'other'; known are " + ", ".join(fault_ids())),
        (["--fault", "other-*"], "unknown fault 'other-*'; known are " + ", ".join(fault_ids())),
        (["--engine", "other"], "unknown engine 'other'; known are bundled"),
        (["--seconds-per-fault", "0"], "--seconds-per-fault 0: should be above 0, and finite"),
        (["--seeds", "0"], "--seeds 0: should be 1 to 1000"),
        (["--seconds-per-fault", "nan"], "--seconds-per-fault nan: should be above 0, and finite"),
    ],
    ids=["an unknown fault", "a pattern that fits none", "an unknown engine", "no time", "no seeds", "no number"],
)
def test_a_mistake_ends_a_zoo_before_it_begins(arguments: list[str], line: str) -> None:
    result = run("zoo", *arguments)
    assert result.exit_code == 2
    assert said(result) == line
