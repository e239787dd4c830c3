"""The zoo proves the harness: what is planted is found and boiled down, and the sound engine is not accused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from underwater.case.file import read_case
from underwater.case.finding import save_unshrunk, shrink_and_save
from underwater.checks import catalogue
from underwater.engine.artifacts import PROJECT, sources_of
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.faults import CONTRACTS, Fault, fault_ids, read_fault, with_fault
from underwater.events import Finished, Met, Summary
from underwater.hunt.campaign import Budget, Campaign
from underwater.hunt.work import Settings
from underwater.nemesis.history import shipped_history

FAULTS = tuple(map(read_fault, fault_ids()))
SEED = 1
MORE_ACTS_THAN_SHORTEST = 2
"""What a shrunk history may have beyond the shortest one known for its check."""
MOST_EQUIVALENT_PERCENT = 15
"""Of the drawn faults: more would mean that what is not caught is called equivalent."""
every_fault = pytest.mark.parametrize("fault", FAULTS, ids=[fault.id for fault in FAULTS])


def hunt(
    folder: Path, fault: str | None, steps: int, checks: tuple[str, ...] | None = None
) -> tuple[list[Met], Summary]:
    """What a hunt of so many steps meets first, and its counts. Steps and not seconds: the same on every machine."""
    settings = Settings("bundled", fault, SEED, checks, folder, shipped_history(), save_unshrunk)
    events = list(Campaign(settings, Budget(steps=steps, first_finding=True)).run())
    finished = events[-1]
    assert isinstance(finished, Finished)
    return [event for event in events if isinstance(event, Met)], finished.summary


def test_there_are_faults_of_one_idea_each() -> None:
    assert len(FAULTS) >= 42
    assert len({fault.idea for fault in FAULTS}) == len(FAULTS)
    assert all(fault.idea for fault in FAULTS)
    assert all(fault.after for fault in FAULTS if fault.drawn is None)


def test_few_drawn_faults_are_argued_away() -> None:
    drawn = [fault for fault in FAULTS if fault.drawn is not None]
    assert sum(bool(fault.equivalent) for fault in drawn) * 100 <= MOST_EQUIVALENT_PERCENT * len(drawn)


@every_fault
def test_a_patch_fits_once_and_changes_one_file(fault: Fault) -> None:
    sources = sources_of(CONTRACTS)
    planted = with_fault(sources, fault)
    assert [path for path in sources if sources[path] != planted[path]] == [fault.file]


@every_fault
def test_a_fault_names_checks_of_the_catalogue(fault: Fault) -> None:
    known = {check.id for check in catalogue()}
    assert bool(fault.caught_by) == bool(fault.shortest) == (not fault.equivalent)
    assert set(fault.caught_by) <= known
    assert list(fault.caught_by) == sorted(set(fault.caught_by))
    assert set(fault.shortest) <= known
    assert list(fault.shortest) == sorted(fault.shortest)


def test_every_check_is_set_off_by_a_fault() -> None:
    assert {check.id for check in catalogue()} == {check for fault in FAULTS for check in fault.caught_by}


def test_the_page_of_the_zoo_says_what_the_faults_say() -> None:
    """`tools/matrix.py` writes it: a fault that was changed since is measured again."""
    page = (PROJECT / "docs" / "zoo.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in page.splitlines()
        if line.startswith("| ")
    ]
    listed = [row for row in rows if re.fullmatch(r"\d+", row[0])]
    caught = [fault for fault in FAULTS if not fault.equivalent]
    assert [(row[1], row[2]) for row in listed] == [(f"`{fault.id}`", fault.idea) for fault in caught]
    for fault in FAULTS:
        if fault.equivalent:
            assert [f"`{fault.id}`", fault.idea, " ".join(fault.equivalent.split())] in rows
    for row, fault in zip(listed, caught, strict=True):
        assert {part.split()[0]: int(part.split()[1]) for part in row[4].split(", ")} == fault.shortest
    matrix = {row[0]: row[1:] for row in rows if re.fullmatch(r"[A-Z]+-\d+", row[0])}
    assert list(matrix) == [check.id for check in catalogue()]
    for number, fault in enumerate(caught):
        assert set(fault.caught_by) <= {check for check, cells in matrix.items() if cells[number]}, fault.id


@pytest.mark.parametrize(
    ("fault_id", "checks"),
    [
        ("withdraw-skips-margin", None),
        ("fee-from-one-side", None),
        ("fee-from-one-side", ("LEDGER-05",)),
        ("bad-debt-counts-what-insurance-paid", None),
        ("bracket-deduction-of-the-whole-rate", ("MARGIN-05",)),
        ("penalty-on-the-whole-position", ("LIQ-03",)),
    ],
)
def test_a_planted_fault_is_found_and_boiled_down(
    fault_id: str, checks: tuple[str, ...] | None, tmp_path: Path
) -> None:
    fault = read_fault(fault_id)
    found, _ = hunt(tmp_path, fault_id, 8_000, checks)
    assert found
    assert checks is None or found[0].check in checks
    small = shrink_and_save(found[0].unshrunk, read_case(found[0].unshrunk), BUNDLED.artifacts(fault_id))
    assert small is not None
    acts = small.steps + (small.replayed.trial is not None)
    enough = fault.shortest_by(found[0].check)
    assert enough is not None
    assert acts <= enough + MORE_ACTS_THAN_SHORTEST


def test_the_sound_engine_is_not_accused(tmp_path: Path) -> None:
    found, summary = hunt(tmp_path, None, 12_000)
    assert not found
    assert summary.steps == 12_000
    assert len(summary.checks) == len(catalogue())
    assert all(counts["evaluated"] for counts in summary.checks.values())
