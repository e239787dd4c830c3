"""`zoo` as users meet it: what it tells of a fault and of the sound engine, and the mistakes that it names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.commands.support import FAULT, run, said
from underwater.commands import zoo
from underwater.engine.faults import fault_ids, read_fault


def test_the_zoo_tells_of_a_fault_and_of_the_sound_engine(tmp_path: Path) -> None:
    path = tmp_path / "zoo.json"
    result = run("zoo", "--fault", FAULT, "--seconds-per-fault", "1.5", "--json", path)
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
    result = run("zoo", "--fault", FAULT, "--seconds-per-fault", "1.5", "--seeds", "3", "--json", path)
    assert result.exit_code == 0, result.stdout
    assert re.search(rf"1/1  {FAULT}  3 seeds +\d+ to +\d+ steps  after at most", result.stdout)
    (fault,) = json.loads(path.read_text())["faults"]
    assert [one["seed"] for one in fault["seeds"]] == [1, 2, 3]
    for one in fault["seeds"]:
        assert one["caught"]
        assert 1 <= one["steps"] <= read_fault(FAULT).shortest_by(one["check"]) + 2


def test_a_zoo_is_not_content_with_histories_that_could_be_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "MOST_STEPS_BEYOND_SHORTEST", -1)
    result = run("zoo", "--fault", FAULT, "--seconds-per-fault", "1.5")
    assert result.exit_code == 1
    assert re.search(r"TOO LONG: \d are enough for [A-Z]+-\d+ \(seed 1\)", result.stdout)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--fault", "other"], "unknown fault 'other'; known are " + ", ".join(fault_ids())),
        (["--seconds-per-fault", "0"], "--seconds-per-fault 0: should be above 0, and finite"),
        (["--seeds", "0"], "--seeds 0: should be 1 to 1000"),
        (["--seconds-per-fault", "nan"], "--seconds-per-fault nan: should be above 0, and finite"),
    ],
    ids=["an unknown fault", "no time", "no seeds", "no number"],
)
def test_a_mistake_ends_a_zoo_before_it_begins(arguments: list[str], line: str) -> None:
    result = run("zoo", *arguments)
    assert result.exit_code == 2
    assert said(result) == line
