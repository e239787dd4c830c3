"""A deployment that the contracts refuse, as users meet it: hunted, replayed, accepted, counted in a zoo."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import Result

from tests.commands.support import hunt, run, said
from tests.commands.test_replay import STUCK
from tests.hunt.refusals import SHORTEST, plant
from underwater.case.file import read_case
from underwater.case.finding import UNSHRUNK
from underwater.engine import faults
from underwater.engine.vocabulary import NEVER


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The case that a hunt for the fault leaves behind, and what it said."""
    folder = tmp_path_factory.mktemp("refused")
    result = run(
        *(
            "hunt",
            "--runs",
            folder,
            "--workers",
            "1",
            "--fault",
            SHORTEST,
            "--seed",
            "2",
            "--steps",
            "20000",
            "--first",
        ),
        *("--json", folder / "summary.json"),
    )
    (case,) = folder.glob("*/*.yaml")
    return case, result


def test_a_hunt_ends_with_1_and_tells_of_it_in_words(refused: tuple[Path, Result]) -> None:
    case, result = refused
    assert result.exit_code == 1, result.stderr
    assert re.search(r"  found: ACCESS-07, 'create the orders', transaction \d+ of \d+, is refused: ", result.stdout)
    assert "ACCESS-07 does not hold of the deployment: a deployment that is safe is accepted" in result.stdout
    assert re.search(r"> 7 +0 s +deployment +create the orders +done +refused: UnsafeParameter", result.stdout)
    assert "\n  orders: {minimum_delay_s: 1, binding_s: 60, maximum_lifetime_s: 86400}\n" in result.stdout
    assert "Confirmed on ethereum:local:test." in result.stdout
    assert not re.search("0x[0-9a-f]{8}", result.stdout), "no raw data"
    (finding,) = json.loads((case.parent.parent / "summary.json").read_text())["findings"]
    assert (finding["check"], finding["steps"], finding["confirmed_on"]) == ("ACCESS-07", 0, "ethereum:local:test")
    assert read_case(case).deploying
    assert (case.parent / UNSHRUNK / case.name).exists()


def test_its_case_still_fails_or_is_fixed(refused: tuple[Path, Result]) -> None:
    case, _ = refused
    result = run("replay", case, "--network", "ethereum:local:test")
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{case}: still fails: ACCESS-07, a deployment that is safe is accepted\n")
    assert "The same on ethereum:local:test." in result.stdout
    result = run("replay", case, "--sound", "--network", "ethereum:local:test")
    assert result.exit_code == 0
    assert f"{case}: fixed: ACCESS-07, " in result.stdout
    assert "  the deployment is accepted, and the check holds" in result.stdout.splitlines()


def test_it_can_be_accepted(refused: tuple[Path, Result], tmp_path: Path) -> None:
    case, _ = refused
    baseline = tmp_path / "baseline.yaml"
    result = run("accept", case, "--baseline", baseline, "--reason", "known", "--until", "2999-12-31")
    assert result.exit_code == 0, result.stderr
    assert "ACCESS-07 after deployment, done expected and UnsafeParameter(orders) observed" in result.stdout
    assert run("replay", case, "--baseline", baseline).exit_code == 0
    result = hunt(tmp_path, "--fault", SHORTEST, "--seed", "2", "--steps", "8000", "--baseline", baseline)
    assert result.exit_code == 0, result.stdout
    assert "  accepted: ACCESS-07, " in result.stdout


def test_the_zoo_counts_it_with_no_steps(tmp_path: Path) -> None:
    path = tmp_path / "zoo.json"
    result = run("zoo", "--fault", SHORTEST, "--seed", "2", "--json", path)
    assert result.exit_code == 0, result.stdout
    assert re.search(rf"{SHORTEST}  ACCESS-07   0 steps  after", result.stdout)
    (fault,) = json.loads(path.read_text())["faults"]
    assert (fault["caught"], fault["check"], fault["steps"]) == (True, "ACCESS-07", 0)


# ---- errors by which the parameter file itself is refused


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zoo of refusals."""
    folder = tmp_path / "faults"
    folder.mkdir()
    plant(folder)
    monkeypatch.setattr(faults, "FOLDER", folder)


@pytest.mark.usefixtures("planted")
def test_a_zoo_goes_on_past_faults_by_which_the_parameter_file_is_refused(tmp_path: Path) -> None:
    result = run("zoo", "--fault", "default", "--fault", "every", "--seconds-per-fault", "5")
    assert result.exit_code == 0, result.stderr
    assert "2 of 2 caught." in result.stdout


@pytest.mark.usefixtures("planted")
def test_a_case_whose_deployment_is_refused_now_no_longer_applies(tmp_path: Path) -> None:
    case = tmp_path / "stuck.yaml"
    case.write_text(STUCK.replace("dated-0", NEVER).replace("leaving-needs-a-price", "default"))
    result = run("replay", case)
    assert result.exit_code == 0
    assert ": no longer applies: HEALTH-05, " in result.stdout
    why = r"  its deployment cannot be made any more: 'create the orders', .* is refused: UnsafeParameter\(orders\)"
    assert re.search(why, result.stdout)
    refused = run("accept", case, "--baseline", tmp_path / "b.yaml", "--reason", "x", "--until", "2999-12-31")
    assert refused.exit_code == 2
    assert said(refused) == f"{case}: does not fail any more: there is nothing to accept"
