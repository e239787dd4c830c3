"""The catalogue of checks is whole, and a roster counts what was asked and what was put to the test."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.checks.probes import ReferenceProbe, refusing
from tests.checks.support import (
    BUY,
    IDS,
    PART,
    before_source,
    opened,
    refused,
    slipping,
    taken,
)
from tests.hunt.support import settings
from underwater.checks import Check, Roster, catalogue, check_named
from underwater.checks.upgrades import BEGINNINGS
from underwater.errors import UserError
from underwater.events import Finished
from underwater.hunt.campaign import Budget, Campaign

# ---- the catalogue


def test_no_id_appears_twice_and_numbers_rise_within_a_family() -> None:
    assert len(set(IDS)) == len(IDS)
    for check_id in IDS:
        assert re.fullmatch(r"[A-Z]+-\d\d", check_id)
    families = [check_id.split("-")[0] for check_id in IDS]
    assert len([1 for one, other in pairwise(families) if one != other]) == len(set(families)) - 1, "families together"
    for one, other in pairwise(IDS):
        assert one < other or one.split("-")[0] != other.split("-")[0]


def test_the_first_of_each_family_are_there() -> None:
    numbers = {
        "MARGIN": (1, 2, 3, 4, 5, 6, 10, 11, 12),
        "HEALTH": (1, 2, 3, 4, 5, 6),
        "LEDGER": (1, 2, 3, 4, 5, 6, 7, 10),
        "LIQ": (1, 2, 3, 4, 5, 6, 7, 8, 9, 12),
        "ORACLE": (1, 2),
        "ACCESS": (1, 2, 3, 4, 5),
    }
    assert {f"{family}-{number:02}" for family, all_ in numbers.items() for number in all_} <= set(IDS)


@pytest.mark.parametrize("check", catalogue(), ids=IDS)
def test_check_has_a_sentence_and_something_to_run(check: Check) -> None:
    assert len(check.sentence.split()) >= 4
    assert not check.sentence.endswith(".")
    assert check.judge is not None or check.probe is not None or check.deployed is not None
    assert check.kinds is None or check.judge is not None
    assert check.probe_weight >= 1


def test_the_reference_page_lists_every_check() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "checks.md").read_text()
    for check in catalogue():
        assert check.id in page
        assert check.sentence in page


def test_an_unknown_check_lists_the_known_ones() -> None:
    with pytest.raises(UserError) as failure:
        check_named("MARGIN-99")
    for check_id in IDS:
        assert check_id in str(failure.value)


def test_checks_of_what_was_done_are_not_asked_of_a_refusal() -> None:
    asked = {check_id for check_id, _ in Roster(catalogue()).judges("withdraw", done=False)}
    all_ = {check_id for check_id, _ in Roster(catalogue()).judges("withdraw", done=True)}
    assert all_ - asked == {check.id for check in catalogue() if check.of_done and check.id in all_}
    assert {"MODEL-01", "MODEL-02", "HEALTH-03"} <= asked


# ---- counting


def test_a_roster_counts_what_was_asked_and_what_was_put_to_the_test() -> None:
    roster = Roster([check_named(check_id) for check_id in ("LIQ-01", "LEDGER-03", "HEALTH-05", "MODEL-01")])
    assert roster.judge(taken(opened(), BUY)) == []
    assert roster.judge(refused()) == []
    (wrong,) = roster.judge(before_source(taken(slipping(), PART), "BTC-USD", answer=60_000 * 10**8))
    assert wrong.check == "LIQ-01"
    assert roster.evaluated == {"LIQ-01": 1, "LEDGER-03": 2, "HEALTH-05": 0, "MODEL-01": 3}
    assert roster.exercised == {"LIQ-01": 1, "LEDGER-03": 2, "HEALTH-05": 0, "MODEL-01": 3}
    assert roster.try_probe(check_named("HEALTH-05"), ReferenceProbe(opened())) == []
    (wrong,) = roster.try_probe(check_named("HEALTH-05"), refusing("withdraw")(opened()))
    assert wrong.check == "HEALTH-05"
    assert (roster.evaluated["HEALTH-05"], roster.exercised["HEALTH-05"]) == (2, 2)


def test_a_probe_without_its_occasion_is_not_counted_as_a_test() -> None:
    roster = Roster([check_named("LIQ-02")])
    assert roster.try_probe(roster.checks[0], ReferenceProbe(opened())) == []
    assert (roster.evaluated["LIQ-02"], roster.exercised["LIQ-02"]) == (1, 0)


def test_every_check_is_put_to_the_test_by_a_short_hunt(tmp_path: Path) -> None:
    *_, finished = Campaign(settings(tmp_path, seed=1), Budget(steps=30_000)).run()
    assert isinstance(finished, Finished)
    summary = finished.summary
    assert list(tmp_path.iterdir()) == [], "the sound engine is not accused"
    assert list(summary.checks) == IDS
    for check_id, counts in summary.checks.items():
        assert counts["exercised"] >= 3, check_id
        assert counts["exercised"] <= counts["evaluated"], check_id
    # An engine that stands is never initialised, and its gateway takes no ether that it did not ask for: that there is anybody who
    # tries is enough.
    assert summary.actions["send_ether"]["rejected"] > 3
    assert summary.actions["initialize"]["rejected"] > 3
    assert all(action["done"] for kind, action in summary.actions.items() if kind not in (*BEGINNINGS, "send_ether"))
