"""The benchmark runs, small: every side does what it says and the result has its fields. Nothing here is timed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
RATES = (
    "hunt_steps_per_second",
    "revm_steps_per_second",
    "revm_steps_per_second_message_calls",
    "revm_transactions_per_second",
    "forge_calls_per_second",
    "forge_calls_per_second_health_of_affected",
    "forge_calls_per_second_health_of_participants",
    "forge_calls_per_second_refusals_unjudged",
    "ape_tx_per_second",
)


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROJECT / "benchmarks" / "run.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    path = tmp_path_factory.mktemp("bench") / "bench.json"
    sizes = ["--rounds", "1", "--steps", "150", "--runs", "2", "--depth", "10", "--transactions", "3"]
    finished = bench(*sizes, "--json", str(path))
    assert path.exists(), finished.stdout + finished.stderr
    return finished, json.loads(path.read_text())


def test_every_rate_is_positive_and_its_rounds_are_kept(small: Any):
    _, result = small
    for name in RATES:
        assert result[name] > 0
        assert [timed["count"] for timed in result["rounds"][name]] == [
            3 if name.startswith("ape") else 20 if name.startswith("forge") else 150
        ]


def test_ratios_are_those_of_the_rates_and_decide_the_exit_code(small: Any):
    finished, result = small
    hunt = result["hunt_steps_per_second"]
    for name, other in (
        ("forge", "forge_calls_per_second"),
        ("revm", "revm_steps_per_second"),
        ("ape", "ape_tx_per_second"),
    ):
        ratio = result["ratios"][f"hunt_to_{name}"]
        assert ratio["measured"] == pytest.approx(hunt / result[other], rel=0.02)
        assert ratio["reached"] == (ratio["measured"] >= ratio["target"])
    assert result["hunt_to_each"] == {name: pytest.approx(hunt / result[name], rel=0.02) for name in RATES[1:]}
    assert finished.returncode == (0 if all(ratio["reached"] for ratio in result["ratios"].values()) else 1)


def test_says_what_each_side_observed_and_where_it_ran(small: Any):
    finished, result = small
    assert set(result["observed"]) == set(RATES)
    assert all(result["observed"].values())
    assert {"forge", "pyrevm", "eth-ape", "python"} <= set(result["versions"])
    assert result["machine"]["cores"] >= 1
    for line in ("hunt, every check", "forge, health of all eight", "Ape, contract calls"):
        assert line in finished.stdout
    assert finished.stdout.count("counts: at least") == 3


def test_what_was_recorded_is_one_transaction_a_step_with_views_and_every_slot(small: Any):
    _, result = small
    recorded = result["counted"]["hunt"]["recorded"]
    assert recorded["transactions"] == 150
    assert recorded["views"] > 0
    assert recorded["slots"] > 150 * 8
    assert sum(result["counted"]["hunt"]["mix"].values()) == 150


def test_forge_is_driven_with_kinds_that_were_measured(small: Any):
    _, result = small
    mix = result["counted"]["forge"]["mix"]
    assert sum(mix.values()) == 20
    assert mix.keys() <= {
        "".join([part if number == 0 else part.capitalize() for number, part in enumerate(kind.split("_"))])
        for kind in result["counted"]["hunt"]["mix"]
    }


def test_a_size_of_nothing_is_refused_in_a_line():
    finished = bench("--rounds", "0")
    assert finished.returncode == 2
    assert "every size should be at least 1" in finished.stderr
    assert "Traceback" not in finished.stderr
