"""`replay` as users meet it: the verdict on each case, and the cases that it refuses."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from click.testing import Result

from tests.commands.support import FAULT, run, said
from underwater.case.file import read_case
from underwater.case.finding import UNSHRUNK
from underwater.engine.vocabulary import NEVER


@pytest.fixture
def case(found: tuple[Path, Result]) -> Path:
    """A saved case."""
    return sorted(found[0].glob("runs/*/HEALTH-01*.yaml"))[0]


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
