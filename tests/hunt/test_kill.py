"""Killed at any moment, a hunt loses no finding and no seed; interrupted, it sums up and leaves nothing running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hunt.support import FAULT
from underwater.case.corpus import Corpus
from underwater.case.file import read_case
from underwater.case.finding import UNSHRUNK
from underwater.checks import check_named
from underwater.engine.bundled.engine import BUNDLED
from underwater.hunt.arena import Arena
from underwater.hunt.replay import replay

APE = Path(sys.executable).parent / "ape"
PATIENCE_S = 120.0
"""How long a test waits for what should come about at once, before it gives up."""
STEPS = "1500"

# A hunt in which one function, named by module and attribute, is reached and not left: it leaves a mark and sleeps. The
# number is how many calls of it pass by before that.
STOPPING = """
import importlib, sys, time
from pathlib import Path
module, names, passing, mark = sys.argv[1:5]
*holders, name = names.split(".")
place = importlib.import_module(module)
for holder in holders:
    place = getattr(place, holder)
whole = getattr(place, name)
calls = []
def stopping(*arguments, **options):
    calls.append(None)
    if len(calls) > int(passing):
        Path(mark).touch()
        time.sleep(600)
    return whole(*arguments, **options)
setattr(place, name, stopping)
from underwater.commands import cli
sys.argv[1:] = sys.argv[5:]
cli()
"""

# A hunt whose node is killed when it has taken the deployment.
LOSING_ITS_NODE = """
import sys
from underwater.commands import cli
from underwater.hunt import confirm
watch = confirm.watch
def watch_without_node(chain, *others):
    if hasattr(chain, "provider"):
        chain.provider.process.kill()
        chain.provider.process.wait()
    return watch(chain, *others)
confirm.watch = watch_without_node
cli()
"""


class Hunt:
    """A hunt in a process and a process group of its own."""

    def __init__(self, folder: Path, *command: str | Path) -> None:
        self.runs = folder / "runs"
        self.out, self.err = folder / "out", folder / "err"
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(
                [*map(str, command), "--runs", str(self.runs)], stdout=out, stderr=err, start_new_session=True
            )

    def wait_until(self, come_about: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not come_about():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.err.read_text()}"
            assert time.monotonic() < deadline, self.out.read_text()
            time.sleep(0.005)

    def signal(self, number: signal.Signals) -> int:
        """Signal the whole group, as a terminal or a runner of jobs does; how the hunt ended."""
        os.killpg(self.process.pid, number)
        return self.process.wait(PATIENCE_S)

    def left_over(self) -> list[str]:
        """Commands of the group's processes that are still there, when they have had time to go."""
        deadline = time.monotonic() + 10
        while (left := list(self._running())) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def _running(self) -> Iterator[str]:
        listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True)
        for line in listed.stdout.splitlines():
            group, state, command = line.split(None, 2)
            if int(group) == self.process.pid and not state.startswith("Z"):
                yield command

    @property
    def folder(self) -> Path:
        """The run's folder."""
        (folder,) = self.runs.iterdir()
        return folder

    def unshrunk(self) -> list[Path]:
        """Findings as they were met, as far as they are on disk."""
        return sorted(self.runs.glob(f"*/{UNSHRUNK}/*.yaml"))


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Hunt]]:
    begun: list[Hunt] = []

    def hunt(*command: str | Path) -> Hunt:
        begun.append(Hunt(tmp_path, *command))
        return begun[-1]

    yield hunt
    for one in begun:
        if one.process.poll() is None:
            one.signal(signal.SIGKILL)


def still_fails(path: Path) -> bool:
    case = read_case(path)
    deployment = BUNDLED.default_deployment() if case.deployment is None else case.deployment
    arena = Arena(BUNDLED, deployment, BUNDLED.artifacts(case.fault))
    return replay(arena, case.blocks, check_named(case.check)).violation is not None


def assert_nothing_is_lost(hunt: Hunt, seed: int) -> None:
    assert json.loads((hunt.folder / "run.json").read_text())["seed"] == seed
    said = [
        line.split(" saved unshrunk in ")[1]
        for line in hunt.out.read_text().splitlines()
        if " saved unshrunk in " in line
    ]
    for line in said:
        assert Path(line.rsplit(" (", 1)[0]) in hunt.unshrunk(), "what was told of is there"
    for path in hunt.folder.glob("[!.]*.yaml"):
        assert still_fails(path), path


# ---- killed


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_while_it_hunts(begin: Callable[..., Hunt], workers: str) -> None:
    hunt = begin(
        APE, "underwater", "hunt", "--steps", "100000000", "--seed", "31", "--workers", workers, "--fault", FAULT
    )
    hunt.wait_until(hunt.unshrunk)
    hunt.process.kill()  # the hunt alone: nobody tells its workers
    assert hunt.process.wait() == -signal.SIGKILL
    assert hunt.left_over() == []
    assert hunt.unshrunk()
    assert_nothing_is_lost(hunt, 31)


PHASES: dict[str, tuple[str, str, int]] = {
    "before it hunts": ("underwater.session", "Campaign.run", 0),
    "while it saves the first finding": ("underwater.case.finding", "write_whole", 0),
    "while it shrinks": ("underwater.hunt.attempts", "Attempts.fails", 12),
    "when it has saved what is left": ("underwater.case.finding", "Finding", 0),
    "while it writes a file": ("os", "fsync", 2),
    "while it explains": ("underwater.session", "explain_case", 0),
    "while it confirms": ("underwater.session", "_confirm", 0),
    "while it sums up": ("underwater.session", "write_whole", 1),
}
HAS_FINDINGS = set(PHASES) - {"before it hunts", "while it saves the first finding"}
SUMMED_UP = {"while it shrinks", "when it has saved what is left", "while it explains", "while it confirms"}
"""A summary is written before findings are shrunk, and again as each is."""


def stopped(begin: Callable[..., Hunt], tmp_path: Path, phase: str) -> Hunt:
    """A hunt that has come to a phase and stays there."""
    module, names, passing = PHASES[phase]
    mark = tmp_path / "mark"
    hunt = begin(
        *(sys.executable, "-c", STOPPING, module, names, str(passing), mark),
        *(
            "hunt",
            "--steps",
            STEPS,
            "--seed",
            "31",
            "--workers",
            "1",
            "--fault",
            FAULT,
            "--check",
            "HEALTH-01",
            "--first",
        ),
        *("--network", "none"),
    )
    hunt.wait_until(mark.exists)
    return hunt


@pytest.mark.parametrize("phase", PHASES)
def test_killed_in_each_phase(begin: Callable[..., Hunt], tmp_path: Path, phase: str) -> None:
    hunt = stopped(begin, tmp_path, phase)
    assert hunt.signal(signal.SIGKILL) == -signal.SIGKILL
    assert_nothing_is_lost(hunt, 31)
    assert bool(hunt.unshrunk()) == (phase in HAS_FINDINGS)
    summary = hunt.folder / "summary.json"
    assert summary.exists() == (phase in SUMMED_UP)
    if summary.exists():
        cases = [Path(entry["case"]) for entry in json.loads(summary.read_text())["findings"]]
        assert cases
        assert all(still_fails(case) for case in cases)


@pytest.mark.parametrize(("module", "names"), [("underwater.case.corpus", "write_whole"), ("os", "fsync")])
def test_killed_while_it_saves_its_corpus(begin: Callable[..., Hunt], tmp_path: Path, module: str, names: str) -> None:
    mark, corpus = tmp_path / "mark", tmp_path / "corpus"
    hunt = begin(
        *(sys.executable, "-c", STOPPING, module, names, "4", mark),
        *("hunt", "--steps", STEPS, "--workers", "1", "--network", "none", "--corpus", corpus),
    )
    hunt.wait_until(mark.exists)
    assert hunt.signal(signal.SIGKILL) == -signal.SIGKILL
    assert len(Corpus(corpus, "bundled").seeds) >= 3, "what was written is whole, and what was not is not there"


# ---- interrupted


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(("fault", "code"), [(None, 0), (FAULT, 1)], ids=["sound", "with a finding"])
def test_an_interrupted_hunt_sums_up(begin: Callable[..., Hunt], workers: str, fault: str | None, code: int) -> None:
    planted = ["--fault", fault, "--check", "HEALTH-01"] if fault else []
    hunt = begin(APE, "underwater", "hunt", "--seconds", "3000", "--seed", "5", "--workers", workers, *planted)
    hunt.wait_until(lambda: " steps " in hunt.out.read_text() and (fault is None or " found: " in hunt.out.read_text()))
    assert hunt.signal(signal.SIGINT) == code
    assert hunt.left_over() == []
    text = hunt.out.read_text()
    assert "Interrupted after " in text
    assert ("Confirmed on ethereum:local:test." in text) == (fault is not None)
    assert hunt.err.read_text() == ""
    assert_nothing_is_lost(hunt, 5)
    summary = json.loads((hunt.folder / "summary.json").read_text())
    assert summary["interrupted"]
    assert bool(summary["findings"]) == (fault is not None)


@pytest.mark.parametrize("phase", ["while it shrinks", "while it explains", "while it confirms"])
def test_interrupted_with_a_finding_in_hand(begin: Callable[..., Hunt], tmp_path: Path, phase: str) -> None:
    hunt = stopped(begin, tmp_path, phase)
    assert hunt.signal(signal.SIGINT) == 130
    assert hunt.err.read_text() == "Interrupted. Findings that were met are on disk, unshrunk.\n"
    assert hunt.unshrunk()
    assert_nothing_is_lost(hunt, 31)


# ---- without its node


def test_a_node_that_goes_away_leaves_the_findings(begin: Callable[..., Hunt]) -> None:
    hunt = begin(
        *(sys.executable, "-c", LOSING_ITS_NODE, "hunt", "--steps", STEPS, "--seed", "31", "--workers", "1"),
        *("--fault", FAULT, "--check", "HEALTH-01", "--first", "--network", "ethereum:local:foundry"),
    )
    assert hunt.process.wait(PATIENCE_S) == 3
    (line,) = [line for line in hunt.err.read_text().splitlines() if not line.startswith("INFO: ")]
    assert line == "ERROR: ethereum:local:foundry: the node does not answer (ConnectionError)"
    assert hunt.left_over() == []
    assert_nothing_is_lost(hunt, 31)
    summary = json.loads((hunt.folder / "summary.json").read_text())
    assert summary["findings"]
    for finding in summary["findings"]:
        assert finding["confirmed_on"] is None
        assert still_fails(Path(finding["case"]))
        assert finding["case"] in hunt.out.read_text()
