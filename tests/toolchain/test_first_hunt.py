"""`make hunt` judges two hunts by how they end; a stand-in for `ape` ends as each test wants."""

import importlib.util
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "first_hunt.py"
Main = Callable[[list[str], Path], int]


@pytest.fixture
def main() -> Iterator[Main]:
    spec = importlib.util.spec_from_file_location("first_hunt", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler = signal.getsignal(signal.SIGINT)
    yield module.main
    signal.signal(signal.SIGINT, handler)


def ape_ending_with(folder: Path, sound: int, faulty: int) -> Path:
    ape = folder / "ape"
    ape.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/calls\ncase "$*" in *--fault*) exit {faulty};; *) exit {sound};; esac\n'
    )
    ape.chmod(0o755)
    return ape


@pytest.mark.parametrize(
    ("sound", "faulty", "result", "hunts"), [(0, 1, 0, 2), (1, 1, 1, 1), (3, 1, 3, 1), (0, 0, 1, 2), (0, 2, 2, 2)]
)
def test_succeeds_only_when_nothing_is_found_first_and_the_fault_is_found_then(
    main: Main, tmp_path: Path, sound: int, faulty: int, result: int, hunts: int
):
    assert main([], ape_ending_with(tmp_path, sound, faulty)) == result
    assert len((tmp_path / "calls").read_text().splitlines()) == hunts


def test_arguments_reach_both_hunts(main: Main, tmp_path: Path):
    main(["--seconds", "5", "--seed", "1", "--fault", "fee-from-one-side"], ape_ending_with(tmp_path, 0, 1))
    assert (tmp_path / "calls").read_text().splitlines() == [
        "underwater hunt --seconds 5 --seed 1",
        "underwater hunt --seconds 5 --seed 1 --fault fee-from-one-side --first",
    ]


@pytest.mark.parametrize(
    ("given", "seed"), [([], " --seed 1"), (["--seed", "7"], " --seed 7"), (["--fault", "fee-from-one-side"], "")]
)
def test_a_newcomer_gets_a_plain_finding_and_whoever_chooses_gets_the_choice(
    main: Main, tmp_path: Path, given: list[str], seed: str
):
    main(given, ape_ending_with(tmp_path, 0, 1))
    fault = given[1] if "--fault" in given else "withdraw-skips-margin"
    faulty = (tmp_path / "calls").read_text().splitlines()[1]
    assert faulty == f"underwater hunt --seconds 30{seed} --fault {fault} --first"


def test_a_budget_of_steps_takes_the_place_of_seconds(main: Main, tmp_path: Path):
    main(["--steps", "100"], ape_ending_with(tmp_path, 0, 1))
    assert (tmp_path / "calls").read_text().splitlines()[0] == "underwater hunt --steps 100"


def test_an_unknown_fault_is_told_of_before_the_sound_engine_is_hunted(main: Main, tmp_path: Path):
    assert main(["--fault", "of-old"], ape_ending_with(tmp_path, 0, 2)) == 2
    assert (tmp_path / "calls").read_text().splitlines() == ["underwater hunt --seconds 30 --fault of-old --first"]


def test_what_is_no_result_is_not_commented_on(main: Main, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A mistake, or an environment that failed, has been told of by the hunt itself."""
    for sound, faulty in ((2, 1), (3, 1), (0, 2), (0, 3)):
        main([], ape_ending_with(tmp_path, sound, faulty))
        assert "should have" not in capsys.readouterr().out.replace("Nothing should", "").replace("hunt should", "")
    main([], ape_ending_with(tmp_path, 1, 1))
    assert "ended with 1 and should have ended with 0" in capsys.readouterr().out
    main(["--seconds", "2.5"], ape_ending_with(tmp_path, 0, 0))
    assert "found nothing, and should have" in capsys.readouterr().out
