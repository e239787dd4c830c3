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
    main(["--seconds", "5", "--seed", "1", "--fault", "some-fault"], ape_ending_with(tmp_path, 0, 1))
    assert (tmp_path / "calls").read_text().splitlines() == [
        "underwater hunt --seconds 5 --seed 1",
        "underwater hunt --seconds 5 --seed 1 --fault some-fault --first",
    ]
