"""`hunt` as users meet it: how it ends, what it writes, and the mistakes and prices that it names."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result

from tests.commands.support import FAULT, SEED, STEPS, hunt, run, said
from underwater.case.file import read_case
from underwater.case.finding import UNSHRUNK
from underwater.checks import catalogue
from underwater.engine import faults
from underwater.engine.bundled.kinds import KINDS
from underwater.engine.faults import fault_ids
from underwater.nemesis.history import SHIPPED_ORIGIN
from underwater.report.console import ape_command

APE = Path(sys.executable).parent / "ape"


def process(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own."""
    return subprocess.run([APE, "underwater", *map(str, arguments)], capture_output=True, text=True, check=False)


# ---- hunt: how it ends


def test_a_hunt_that_finds_nothing_ends_with_0(tmp_path: Path) -> None:
    result = hunt(tmp_path, "--steps", "300")
    assert result.exit_code == 0
    assert "Nothing found." in result.stdout
    assert "300 steps" in result.stdout
    (folder,) = tmp_path.iterdir()
    assert sorted(path.name for path in folder.iterdir()) == ["run.json", "summary.json"]


def test_a_hunt_that_finds_something_ends_with_1_and_shows_it(found: tuple[Path, Result]) -> None:
    folder, result = found
    assert result.exit_code == 1
    assert "FINDING" in result.stdout
    for path in folder.glob("runs/**/*.yaml"):
        read_case(path)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["findings"]
    for finding in summary["findings"]:
        assert f"Replay it with: {ape_command()} underwater replay {finding['case']}" in result.stdout
        assert read_case(Path(finding["case"])).check == finding["check"]
        path = Path(finding["case"])
        assert (path.parent / UNSHRUNK / path.name).exists(), "the unshrunk history stays beside it"


def test_processes_end_as_their_hunts_do(tmp_path: Path) -> None:
    sound = process("hunt", "--runs", tmp_path, "--steps", "50", "--workers", "1")
    assert (sound.returncode, sound.stderr) == (0, "")
    faulty = process("hunt", "--runs", tmp_path, "--steps", STEPS, "--workers", "1", "--fault", FAULT, "--first")
    assert (faulty.returncode, faulty.stderr) == (1, "")
    assert "Confirmed on ethereum:local:test." in faulty.stdout
    mistaken = process("hunt", "--runs", tmp_path, "--engine", "another")
    assert (mistaken.returncode, mistaken.stdout) == (2, "")
    assert mistaken.stderr == "ERROR: unknown engine 'another'; known are bundled\n"


def test_a_network_that_is_not_there_ends_a_hunt_with_3_and_its_findings_kept(tmp_path: Path) -> None:
    nowhere = "ethereum:local:http://127.0.0.1:1"
    summary = tmp_path / "summary.json"
    result = process(
        *("hunt", "--runs", tmp_path / "runs", "--steps", STEPS, "--workers", "1", "--fault", FAULT, "--first"),
        *("--network", nowhere, "--json", summary),
    )
    assert result.returncode == 3
    assert re.fullmatch(f"ERROR: Ape cannot connect to '{nowhere}': .*\n", result.stderr)
    assert "FINDING" in result.stdout
    findings = json.loads(summary.read_text())["findings"]
    assert findings
    for finding in findings:
        assert finding["confirmed_on"] is None
        assert run("replay", finding["case"]).exit_code == 1


# ---- hunt: what it writes

FINDING_KEYS = {"check", "case", "steps", "found_after_s", "confirmed_on"}
SUMMARY_KEYS = {
    *("engine", "fault", "seed", "sequences", "steps", "seconds", "steps_per_second", "history_digest"),
    *("actions", "checks", "findings"),
}


def test_the_summary_holds_what_it_promises(found: tuple[Path, Result]) -> None:
    summary = json.loads((found[0] / "summary.json").read_text())
    assert summary.keys() >= SUMMARY_KEYS
    assert (summary["engine"], summary["fault"], summary["seed"], summary["steps"]) == (
        "bundled",
        FAULT,
        int(SEED),
        int(STEPS),
    )
    assert re.fullmatch("[0-9a-f]{32}", summary["history_digest"])
    assert set(summary["actions"]) <= {*KINDS, "bundle"}
    for counts in summary["actions"].values():
        assert counts.keys() == {"done", "rejected"}
    assert list(summary["checks"]) == [check.id for check in catalogue()]
    for counts in summary["checks"].values():
        assert counts.keys() == {"evaluated", "exercised"}
    for finding in summary["findings"]:
        assert finding.keys() >= FINDING_KEYS
        assert finding["steps"] == sum(len(block.acts) for block in read_case(Path(finding["case"])).blocks)
        assert finding["found_after_s"] >= 0
    (kept,) = found[0].glob("runs/*/summary.json")
    assert json.loads(kept.read_text()) == summary


def test_a_run_says_how_it_is_repeated(found: tuple[Path, Result]) -> None:
    (facts,) = (json.loads(path.read_text()) for path in found[0].glob("runs/*/run.json"))
    assert (facts["engine"], facts["fault"], facts["seed"], facts["budget"]) == (
        "bundled",
        FAULT,
        int(SEED),
        "1,500 steps",
    )
    assert facts["checks"] == [check.id for check in catalogue()]


def test_runs_of_one_second_get_folders_of_their_own(tmp_path: Path) -> None:
    for _ in range(3):
        assert hunt(tmp_path, "--steps", "1").exit_code == 0
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("option", ["--runs", "--json"])
def test_what_cannot_be_written_is_one_line(tmp_path: Path, option: str) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "below"
    result = run("hunt", "--runs", tmp_path / "runs", "--workers", "1", "--steps", "1", option, place)
    assert result.exit_code in (2, 3)
    assert said(result).startswith(f"{place}: ")


# ---- hunt: mistakes

MISTAKES: list[tuple[list[str], str]] = [
    (["--seconds", "0"], "--seconds 0: should be above 0, and finite"),
    (["--seconds", "-3"], "--seconds -3: should be above 0, and finite"),
    (["--seconds", "nan"], "--seconds nan: should be above 0, and finite"),
    (["--seconds", "inf"], "--seconds inf: should be above 0, and finite"),
    (["--steps", "0"], "--steps 0: should be at least 1"),
    (["--steps", "-5"], "--steps -5: should be at least 1"),
    (["--steps", "5", "--seconds", "5"], "--steps and --seconds exclude each other: give one"),
    (["--workers", "0"], "--workers 0: should be 1 to 256"),
    (["--engine", "other"], "unknown engine 'other'; known are bundled"),
    (["--fault", "other"], "unknown fault 'other'; known are " + ", ".join(fault_ids())),
    (
        ["--fault", "withdraw-skip-margins"],
        f"unknown fault 'withdraw-skip-margins' (did you mean '{FAULT}'?); known are " + ", ".join(fault_ids()),
    ),
    (["--check", "nothing"], "unknown check 'nothing'; known are " + ", ".join(sorted(c.id for c in catalogue()))),
    (["--prices", "nowhere.csv"], "nowhere.csv: cannot be read: No such file or directory"),
]


@pytest.mark.parametrize(("arguments", "line"), MISTAKES, ids=[" ".join(row[0]) for row in MISTAKES])
def test_a_mistake_ends_a_hunt_before_it_begins(tmp_path: Path, arguments: list[str], line: str) -> None:
    result = run("hunt", "--runs", tmp_path / "runs", *arguments)
    assert result.exit_code == 2
    assert said(result) == line
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("arguments", [["--steps", "five"], ["--nothing"], ["--seed"], ["surplus"]])
def test_what_is_no_option_is_refused(arguments: list[str]) -> None:
    result = run("hunt", *arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_a_hunt_does_not_begin_on_a_network_that_ape_does_not_know(tmp_path: Path) -> None:
    result = run("hunt", "--steps", "100", "--runs", tmp_path / "runs", "--network", "ethereum:local:nothing")
    assert result.exit_code == 2
    assert said(result).startswith("Ape knows no network 'ethereum:local:nothing'")
    assert not (tmp_path / "runs").exists()


# ---- hunt: prices

GOOD_PRICES = "date,copper,tin\n2020-01-01,100,5\n2020-01-02,60.5,5.25\n2020-01-05,0.000000000000000001,4\n"
BAD_PRICES: list[tuple[str, str, str]] = [
    ("empty", "", ":1: the file is empty"),
    ("semicolons", "Date;close\n2020-01-01;1\n", ":1: header: 'Date;close' is one field: separate fields by commas"),
    ("no header", "2020-01-01,100\n", ":1: header: the first column is '2020-01-01'"),
    ("no closes", "date\n2020-01-01\n", ":1: header: there is no column of closes"),
    ("a nameless column", "date,\n2020-01-01,1\n", ":1: header: column 2 has no name"),
    ("a column twice", "date,a,a\n", ":1: header: 'a' appears twice"),
    ("no date", "date,close\n2020-01-01,1\nyesterday,2\n", ":3: date: 'yesterday' is not a date"),
    ("an American date", "date,close\n01/02/2020,1\n", ":2: date: '01/02/2020' is not a date"),
    ("no day of any month", "date,close\n2020-02-30,1\n", ":2: date: '2020-02-30' is not a date"),
    ("backwards", "date,close\n2020-01-02,1\n2020-01-01,2\n", ":3: date: 2020-01-01 does not come after 2020-01-02"),
    ("no number", "date,copper\n2020-01-01,1\n2020-01-02,n/a\n", ":3: copper: 'n/a' is not a decimal number"),
    ("a power of ten", "date,copper\n2020-01-01,1e5\n", ":2: copper: '1e5' is not a decimal number"),
    ("negative", "date,oil\n2020-04-17,18.31\n2020-04-20,-37.63\n", ":3: oil: -37.63 is not positive"),
    ("zero", "date,oil\n2020-04-17,0\n", ":2: oil: 0 is not positive"),
    ("a field too few", "date,a,b\n2020-01-01,1\n", ":2: the line has 2 fields, the header 3; 'b' is missing"),
    ("a field too many", "date,a\n2020-01-01,1,2\n", ":2: the line has 3 fields, the header 2"),
    ("one day", "date,a\n2020-01-01,1\n", ":2: date: a path needs at least two days"),
    ("no text", "date,\0", ": is not a text file"),
    ("a quote that does not end", 'date,a\n2020-01-01,"1\n', ":2: not valid CSV"),
]


def test_a_hunt_follows_the_prices_that_it_is_given(tmp_path: Path) -> None:
    prices = tmp_path / "prices.csv"
    prices.write_text(GOOD_PRICES)
    digests = set()
    for number, arguments in enumerate(([], ["--prices", prices], ["--prices", prices])):
        summary = tmp_path / f"{number}.json"
        result = hunt(tmp_path / "runs", "--steps", "400", "--json", summary, *arguments)
        assert result.exit_code == 0
        assert ("True prices follow " + (str(prices) if arguments else SHIPPED_ORIGIN)) in result.stdout
        digests.add(json.loads(summary.read_text())["history_digest"])
    assert len(digests) == 2


@pytest.mark.parametrize(("text", "line"), [row[1:] for row in BAD_PRICES], ids=[row[0] for row in BAD_PRICES])
def test_malformed_prices_are_named_by_file_line_and_field(tmp_path: Path, text: str, line: str) -> None:
    prices = tmp_path / "prices.csv"
    prices.write_text(text)
    result = run("hunt", "--runs", tmp_path / "runs", "--prices", prices)
    assert result.exit_code == 2
    assert said(result).startswith(f"{prices}{line}")


# ---- contracts that do what nobody expects

BROKEN = {
    "reverts-without-reason": "if (units % 5 == 1) revert();",
    "burns-all-gas": 'if (units % 5 == 1) assembly ("memory-safe") { invalid() }',
    "answers-too-little": 'if (units % 5 == 1) assembly ("memory-safe") { mstore(0, 7) revert(0, 3) }',
}


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Faults of another zoo: a deposit that ends in every way that is no answer, by the collateral that is deposited."""
    folder = tmp_path / "faults"
    folder.mkdir()
    line = " else ".join(
        f"if (collateral == {number}) {{ {statement} }}" for number, statement in enumerate(BROKEN.values())
    )
    (folder / "broken.yaml").write_text(
        "idea: deposits end in every way that is no answer\nafter: nothing that happened\n"
        "file: contracts/Ledger.sol\nfunction: deposit\n"
        f"old: '        _requireAmount(units);'\nnew: '        _requireAmount(units); {line}'\n"
        "caught_by: [MODEL-01]\nshortest: {MODEL-01: 1}\n"
    )
    monkeypatch.setattr(faults, "FOLDER", folder)
    return folder


@pytest.mark.usefixtures("broken")
def test_a_contract_that_gives_no_answer_is_an_outcome(tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    result = hunt(tmp_path / "runs", "--fault", "broken", "--check", "MODEL-01", "--steps", "2000", "--json", summary)
    assert result.exit_code == 1, result.stdout
    contents = json.loads(summary.read_text())
    # Whatever halts behind a proxy reaches its caller as a revert without a word.
    assert contents["errors"]["Reverted"]
    assert contents["steps"] == 2000
    shrunk = [finding for finding in contents["findings"] if "unshrunk" not in finding["case"]]
    assert {finding["check"] for finding in shrunk} == {"MODEL-01"}
    # A call alone; or, of a second cause, a call that needs a position.
    assert {1} <= {finding["steps"] for finding in shrunk} <= {1, 2, 3, 4}
    assert len(shrunk) >= 3
    for finding in shrunk:
        replayed = run("replay", finding["case"], "--network", "ethereum:local:test")
        assert replayed.exit_code == 1
        assert "The same on ethereum:local:test." in replayed.stdout
