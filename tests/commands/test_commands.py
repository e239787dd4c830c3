"""The commands as a user meets them: what they print, what they leave on disk, how they end."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from underwater.case.file import read_case
from underwater.case.finding import UNSHRUNK
from underwater.checks import catalogue
from underwater.commands import checks as checks_module
from underwater.commands import cli, zoo
from underwater.engine import faults
from underwater.engine.bundled.kinds import KINDS
from underwater.engine.faults import fault_ids, read_fault
from underwater.engine.vocabulary import NEVER
from underwater.nemesis.history import SHIPPED_ORIGIN
from underwater.report.console import ape_command

APE = Path(sys.executable).parent / "ape"
FAULT = "withdraw-skips-margin"
STEPS = "1500"


@pytest.fixture(autouse=True)
def interrupt_as_before() -> Iterator[None]:
    """A hunt sets its own answer to Ctrl-C; here it runs in the tests' process."""
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


def run(*arguments: str | Path) -> Result:
    """A command in this process."""
    return CliRunner(mix_stderr=False).invoke(cli, list(map(str, arguments)))


def hunt(runs: Path, *arguments: str | Path) -> Result:
    return run("hunt", "--runs", runs, "--workers", "1", "--network", "none", *arguments)


def process(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own."""
    return subprocess.run([APE, "underwater", *map(str, arguments)], capture_output=True, text=True, check=False)


def said(result: Result) -> str:
    """The one line of a command that cannot do what it should."""
    assert isinstance(result.exception, SystemExit), result.exception
    (line,) = result.stderr.splitlines()
    assert line.startswith("ERROR: ")
    return line.removeprefix("ERROR: ")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """What a hunt for a planted fault leaves behind, and what it said."""
    folder = tmp_path_factory.mktemp("found")
    handler = signal.getsignal(signal.SIGINT)
    result = hunt(folder / "runs", "--fault", FAULT, "--steps", STEPS, "--json", folder / "summary.json")
    signal.signal(signal.SIGINT, handler)
    return folder, result


@pytest.fixture
def case(found: tuple[Path, Result]) -> Path:
    """A saved case."""
    return sorted(found[0].glob("runs/*/HEALTH-01*.yaml"))[0]


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
    assert (summary["engine"], summary["fault"], summary["seed"], summary["steps"]) == ("bundled", FAULT, 1, int(STEPS))
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
    assert (facts["engine"], facts["fault"], facts["seed"], facts["budget"]) == ("bundled", FAULT, 1, "1,500 steps")
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
        "idea: deposits end in every way that is no answer\n"
        "file: contracts/Ledger.sol\nfunction: deposit\n"
        f"old: '        _requireAmount(units);'\nnew: '        _requireAmount(units); {line}'\n"
        "caught_by: [MODEL-01]\nshortest: 1\n"
    )
    monkeypatch.setattr(faults, "FOLDER", folder)
    return folder


@pytest.mark.usefixtures("broken")
def test_a_contract_that_gives_no_answer_is_an_outcome(tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    result = hunt(tmp_path / "runs", "--fault", "broken", "--check", "MODEL-01", "--steps", "2000", "--json", summary)
    assert result.exit_code == 1, result.stdout
    contents = json.loads(summary.read_text())
    assert contents["errors"]["Halted"]
    assert contents["errors"]["Reverted"]
    assert contents["steps"] == 2000
    shown = {(finding["check"], finding["steps"]) for finding in contents["findings"]}
    assert shown == {("MODEL-01", 1)}
    for finding in contents["findings"]:
        replayed = run("replay", finding["case"], "--network", "ethereum:local:test")
        assert replayed.exit_code == 1
        assert "The same on ethereum:local:test." in replayed.stdout


# ---- replay


def test_a_case_still_fails(case: Path) -> None:
    result = run("replay", case)
    assert result.exit_code == 1
    first, *table = result.stdout.splitlines()
    assert first.startswith(f"{case}: still fails: HEALTH-01, ")
    assert table[0] == f"  with the planted fault '{FAULT}' that it was found with"
    assert any("withdraw" in line for line in table)


def test_a_case_is_fixed_where_the_engine_is_sound(case: Path) -> None:
    result = run("replay", case, "--sound")
    assert result.exit_code == 0
    verdict, planted, why = result.stdout.splitlines()
    assert verdict.startswith(f"{case}: fixed: HEALTH-01, ")
    assert planted == f"  without the planted fault '{FAULT}' that it was found with"
    step = read_case(case).step
    assert re.fullmatch(rf"  step {step}, \S+ withdraws .*: refused: InsufficientMargin, and the check holds", why)


def test_a_case_whose_history_is_refused_no_longer_applies(case: Path, tmp_path: Path) -> None:
    """The first deposit is too small now for the trade after it."""
    edited = tmp_path / "edited.yaml"
    text, count = re.subn(r"(do: deposit, .*units: )[0-9_.]+", r"\g<1>1", case.read_text(), count=1)
    assert count == 1
    edited.write_text(text)
    for arguments in (["--sound"], []):
        result = run("replay", edited, *arguments)
        assert result.exit_code == 0
        assert f"{edited}: no longer applies: HEALTH-01, " in result.stdout
        why = r"  step \d, .* (buys|sells) .*: refused: InsufficientMargin; when the case was found, it was done"
        assert re.search(why, result.stdout)


STUCK = """\
underwater: 1
engine: bundled
check: HEALTH-05
says: an account without positions or debts can withdraw everything

steps:
  - {by: trader-1, do: deposit, account: trader-1, collateral: USDC, units: 10}
  - {by: publisher, do: publish, source: BTC-USD, answer: 60000, age_s: dated-0}
  - {by: trader-1, do: deposit, account: trader-1, collateral: WBTC, units: 1}

deployment: default

found: {seed: 1, sequence: 1, step: 3, fault: leaving-needs-a-price, by_probe: true}
"""


def test_a_probe_s_case_no_longer_applies_where_its_last_act_is_refused(tmp_path: Path) -> None:
    """Of a case that failed in its last act, that act may be refused because it is fixed; a probe only came after it."""
    case = tmp_path / "stuck.yaml"
    case.write_text(STUCK.replace("dated-0", NEVER))
    assert run("replay", case).exit_code == 1
    assert ": fixed: " in run("replay", case, "--sound").stdout
    case.write_text(case.read_text().replace("collateral: WBTC, units: 1}", "collateral: WBTC, units: 1000000}"))
    result = run("replay", case)
    assert result.exit_code == 0
    assert ": no longer applies: " in result.stdout
    assert re.search(r"step 3, .* deposits .*: refused: \w+; when the case was found, it was done", result.stdout)


def test_the_unshrunk_history_replays_too(found: tuple[Path, Result]) -> None:
    cases = sorted(found[0].glob(f"runs/*/{UNSHRUNK}/*.yaml"))
    assert cases
    result = run("replay", *cases)
    assert result.exit_code == 1
    assert result.stdout.count(": still fails: ") == len(cases)


def test_of_several_cases_each_gets_its_verdict_and_all_a_total(case: Path, tmp_path: Path) -> None:
    sound = tmp_path / "sound.yaml"
    sound.write_text(re.sub(r", fault: [a-z-]+", "", case.read_text()))
    result = run("replay", case, sound, case)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{case}: still fails: ")
    assert lines[2] == f"  {read_case(case).note}"
    assert lines[3].startswith(f"{sound}: fixed: ")
    assert lines[-1] == "Of 3 cases: still fails 2, fixed 1, no longer applies 0."


def test_several_cases_replay_on_another_chain_one_after_the_other(case: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.yaml"
    shutil.copy(case, again)
    result = run("replay", case, again, "--network", "ethereum:local:test")
    assert result.exit_code == 1
    assert result.stdout.count("The same on ethereum:local:test.") == 2


def test_one_case_that_still_fails_decides(case: Path, tmp_path: Path) -> None:
    sound = tmp_path / "sound.yaml"
    sound.write_text(re.sub(r", fault: [a-z-]+", "", case.read_text()))
    assert run("replay", sound).exit_code == 0
    assert run("replay", sound, case).exit_code == 1
    assert run("replay", case, sound).exit_code == 1


BAD_CASES: list[tuple[str, str, str, str]] = [
    (
        "a check that is unknown",
        "check: HEALTH-01",
        "check: HEALTH-99",
        r"unknown check 'HEALTH-99' \(did you mean 'HEALTH-0\d'\?\); known are .*LIQ-01",
    ),
    ("a fault that is unknown", FAULT, "of-old", rf"unknown fault 'of-old'; known are .*{FAULT}"),
    (
        "an engine that is unknown",
        "engine: bundled",
        "engine: other",
        r"{file}:3: engine: 'other' is not one of bundled",
    ),
    ("another format", "underwater: 1", "underwater: 9", r"{file}:2: underwater: format 9 is unknown"),
    ("an action that is unknown", "do: deposit", "do: depose", r"{file}:\d+: steps\[0\].do: 'depose' is not one of"),
    ("an account that is unknown", "by: trader-1", "by: nobody", r"{file}:\d+: steps\[\d\].by: 'nobody' is not one of"),
    ("no number", "size: ", "size: x", r"{file}:\d+: steps\[\d\].size: "),
    (
        "a field too few",
        "do: deposit, account: trader-1, ",
        "do: deposit, ",
        r"{file}:\d+: steps\[\d\]: 'account' is missing",
    ),
    ("no YAML", "steps:", "steps: {", r"{file}:\d+: not valid YAML: "),
    ("cut off", "found: ", "fou", r"{file}:\d+: "),
]


@pytest.mark.parametrize(("old", "new", "line"), [row[1:] for row in BAD_CASES], ids=[row[0] for row in BAD_CASES])
def test_a_malformed_case_is_named_by_file_line_and_field(
    case: Path, tmp_path: Path, old: str, new: str, line: str
) -> None:
    bad = tmp_path / "bad.yaml"
    text = case.read_text()
    assert old in text
    bad.write_text(text.replace(old, new, 1))
    result = run("replay", bad)
    assert result.exit_code == 2
    assert re.match(line.replace("{file}", re.escape(str(bad))), said(result)), said(result)


@pytest.mark.parametrize("place", ["nowhere.yaml", "."])
def test_a_case_that_cannot_be_read_is_one_line(place: str) -> None:
    result = run("replay", place)
    assert result.exit_code == 2
    assert said(result).startswith(f"{place}: cannot be read: ")


def test_a_mistake_in_one_case_is_found_before_any_is_replayed(case: Path) -> None:
    result = run("replay", case, "nowhere.yaml")
    assert result.exit_code == 2
    assert result.stdout == ""


def test_a_network_that_ape_does_not_know_is_a_mistake(case: Path) -> None:
    result = run("replay", case, "--network", "ethereum:local:nothing")
    assert result.exit_code == 2
    assert said(result).startswith("Ape knows no network 'ethereum:local:nothing'")


def test_a_hunt_does_not_begin_on_a_network_that_ape_does_not_know(tmp_path: Path) -> None:
    result = run("hunt", "--steps", "100", "--runs", tmp_path / "runs", "--network", "ethereum:local:nothing")
    assert result.exit_code == 2
    assert said(result).startswith("Ape knows no network 'ethereum:local:nothing'")
    assert not (tmp_path / "runs").exists()


# ---- checks


def test_checks_are_listed_with_their_sentences_and_counts(found: tuple[Path, Result]) -> None:
    path = found[0] / "summary.json"
    counts = json.loads(path.read_text())["checks"]
    result = run("checks", "--json", path)
    assert result.exit_code == 0
    assert f"1,500 steps on the engine 'bundled' with the planted fault '{FAULT}', seed 1: {path}" in result.stdout
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


# ---- zoo


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
    assert all(one["caught"] and 1 <= one["steps"] <= read_fault(FAULT).shortest + 2 for one in fault["seeds"])


def test_a_zoo_is_not_content_with_histories_that_could_be_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "MOST_STEPS_BEYOND_SHORTEST", -1)
    result = run("zoo", "--fault", FAULT, "--seconds-per-fault", "1.5")
    assert result.exit_code == 1
    assert f"TOO LONG: {read_fault(FAULT).shortest} are enough" in result.stdout


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


# ---- all of them


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_explains_itself(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[2].strip()
