"""Accepted findings: what a baseline says, for how long, and what is wrong with one by line."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from underwater.case.baseline import Entry, add_entries, cause_text, read_baseline, today
from underwater.errors import UserError
from underwater.hunt.sequence import DEPLOYMENT, PROBE, Cause

WITHDRAW: Cause = ("HEALTH-01", "withdraw", "InsufficientMargin", "done")
PROBED: Cause = ("LIQ-02", PROBE, "", "")
REFUSED: Cause = ("ACCESS-07", DEPLOYMENT, "done", "UnsafeParameter(orders)")
GOOD = """\
underwater: 1
engine: bundled
accepted:
  - check: HEALTH-01
    after: withdraw
    expected: InsufficientMargin
    observed: done
    reason: known; withdrawals are paused
    until: 2027-01-31
  - {check: LIQ-02, after: probe, reason: "see issue 12", until: 2026-06-30}
"""


def written(tmp_path: Path, text: str = GOOD) -> Path:
    path = tmp_path / "baseline.yaml"
    path.write_text(text)
    return path


def test_entries_are_read_with_their_lines(tmp_path: Path) -> None:
    baseline = read_baseline(written(tmp_path), "bundled", date(2026, 1, 1))
    assert baseline.entries == (
        Entry(WITHDRAW, "known; withdrawals are paused", date(2027, 1, 31), 4),
        Entry(PROBED, "see issue 12", date(2026, 6, 30), 10),
    )


@pytest.mark.parametrize(
    ("day", "is_over"), [(date(2026, 6, 29), False), (date(2026, 6, 30), False), (date(2026, 7, 1), True)]
)
def test_an_entry_holds_until_the_end_of_its_last_day(tmp_path: Path, day: date, is_over: bool) -> None:
    baseline = read_baseline(written(tmp_path), "bundled", day)
    acceptance = baseline.acceptance(PROBED)
    assert acceptance is not None
    assert (acceptance.reason, acceptance.until, acceptance.is_over) == ("see issue 12", "2026-06-30", is_over)
    assert baseline.accepted == ({WITHDRAW} if is_over else {WITHDRAW, PROBED})


@pytest.mark.parametrize("place", range(4))
def test_what_differs_in_any_part_of_its_cause_is_not_accepted(tmp_path: Path, place: int) -> None:
    baseline = read_baseline(written(tmp_path), "bundled", date(2026, 1, 1))
    assert baseline.acceptance(WITHDRAW) is not None
    other = [*WITHDRAW]
    other[place] = "else"
    assert baseline.acceptance(tuple(other)) is None


def test_what_met_nothing_is_named_with_its_line(tmp_path: Path) -> None:
    baseline = read_baseline(written(tmp_path), "bundled", date(2026, 1, 1))
    assert baseline.not_among({WITHDRAW}) == ("LIQ-02 after probe (line 10)",)
    assert baseline.not_among({WITHDRAW, PROBED}) == ()


def test_a_cause_in_words() -> None:
    assert cause_text(WITHDRAW) == "HEALTH-01 after withdraw, InsufficientMargin expected and done observed"
    assert cause_text(PROBED) == "LIQ-02 after probe"


def test_nothing_may_be_accepted_yet(tmp_path: Path) -> None:
    for text in ("underwater: 1\nengine: bundled\n", "underwater: 1\nengine: bundled\naccepted: []\n"):
        assert read_baseline(written(tmp_path, text), "bundled", today()).entries == ()


WRONG: dict[str, tuple[str, str, str]] = {
    "no version": ("underwater: 1\n", "", ":1: the document: is no baseline: 'underwater', the version"),
    "another version": ("underwater: 1", "underwater: 7", ":1: underwater: format 7 is unknown"),
    "another engine": ("engine: bundled", "engine: other", ":2: engine: 'other' is not the engine 'bundled'"),
    "an unknown key": ("accepted:", "excepted:", ":4: excepted: unknown field"),
    "an unknown check": ("check: HEALTH-01", "check: HEALTH-99", ":4: accepted[0].check: 'HEALTH-99' is not one of "),
    "an unknown action": ("after: withdraw", "after: withdrawal", ":5: accepted[0].after: 'withdrawal' is not one of "),
    "no outcome": ("    observed: done\n", "", ":4: accepted[0]: 'observed' is missing"),
    "an outcome of a probe": (
        "after: probe",
        "after: probe, expected: done",
        ":10: accepted[1]: 'expected' is not for a probe",
    ),
    "no reason": ("    reason: known; withdrawals are paused\n", "", ":4: accepted[0]: 'reason' is missing"),
    "an empty reason": (
        "reason: known; withdrawals are paused",
        "reason: ''",
        ":8: accepted[0].reason: should be a text",
    ),
    "a blank reason": ("known; withdrawals are paused", "'  '", ":8: accepted[0].reason: should say why"),
    "no day": ("    until: 2027-01-31\n", "", ":4: accepted[0]: 'until' is missing"),
    "no date": ("2027-01-31", "soon", ":9: accepted[0].until: 'soon' is not a date: write it like 2027-01-31"),
    "no day of any month": ("2027-01-31", "2027-02-30", ":9: accepted[0].until: '2027-02-30' is not a date"),
    "another date": ("2027-01-31", "31.01.2027", ":9: accepted[0].until: '31.01.2027' is not a date"),
    "twice": (
        "{check: LIQ-02, after: probe,",
        "{check: HEALTH-01, after: withdraw, expected: InsufficientMargin, observed: done,",
        ":10: accepted[1]: the same is accepted in line 4: keep one of them",
    ),
    "no YAML": ("engine: bundled", "engine: [", ":4: not valid YAML"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_named_by_file_line_and_field(tmp_path: Path, wrong: str) -> None:
    old, new, line = WRONG[wrong]
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(UserError, match=re.escape(f"{path}{line}")):
        read_baseline(path, "bundled", today())


# ---- adding to one


@pytest.mark.parametrize(
    "text", ["", "underwater: 1\nengine: bundled\n", "# ours\n" + GOOD.replace("LIQ-02", "LIQ-03")]
)
def test_what_is_added_reads_back_and_changes_nothing_else(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    if not text:
        path.unlink()
    before = read_baseline(path, "bundled", today()).entries if text else ()
    reason, until = 'awkward: # "quoted" and [so on]', date(2030, 12, 1)
    causes = [("MODEL-01", "deposit", "done", "Reverted"), REFUSED, PROBED]
    added = add_entries(path, "bundled", causes, reason, until)
    assert added.startswith(text)
    path.write_text(added)
    after = read_baseline(path, "bundled", today()).entries
    assert after[: len(before)] == before
    assert [entry[:3] for entry in after[len(before) :]] == [(cause, reason, until) for cause in causes]


def test_what_is_there_is_not_added_again(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(UserError, match=r":10: LIQ-02 after probe is there already: change its reason or day there"):
        add_entries(path, "bundled", [PROBED], "again", date(2030, 1, 1))


def test_a_file_whose_end_is_something_else_is_left_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "underwater: 1\naccepted: []\nengine: bundled\n")
    with pytest.raises(UserError, match="nothing can be added at its end: make 'accepted' the last key, in lines"):
        add_entries(path, "bundled", [PROBED], "why", date(2030, 1, 1))


def test_a_reason_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--reason: should say why this is accepted"):
        add_entries(tmp_path / "new.yaml", "bundled", [PROBED], "  ", date(2030, 1, 1))
