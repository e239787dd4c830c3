"""Drawn faults on their way into the zoo: what the tools write of them, and read again."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from underwater.engine import faults
from underwater.engine.artifacts import PROJECT, code_hash, sources_of
from underwater.engine.faults import Drawn, Fault, read_fault
from underwater.errors import UserError
from underwater.mutate.mutants import Mutant

MUTANT = Mutant(
    "logic",
    "conditions are joined in another way",
    "contracts/Some.sol",
    "Some",
    "_isDueNow",
    7,
    100,
    'a == "\\n" ||\n            b',
    'a == "\\n" &&\n            b',
)


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PROJECT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fault:
    """A fault as it is drawn, read from the file that the tool makes of it."""
    monkeypatch.setattr(faults, "FOLDER", tmp_path)
    draw_mutants = tool("draw_mutants")
    fault_id = draw_mutants.fault_id_of(MUTANT, 3, 12)
    assert fault_id == "drawn-3-012-logic-in-is-due-now"
    (tmp_path / f"{fault_id}.yaml").write_text(draw_mutants.fault_text(MUTANT, 3, 12))
    return read_fault(fault_id)


def test_what_is_drawn_reads_back(drawn: Fault) -> None:
    assert (drawn.file, drawn.function, drawn.old, drawn.new, drawn.idea) == (
        MUTANT.file,
        MUTANT.function,
        MUTANT.old,
        MUTANT.new,
        MUTANT.idea,
    )
    assert (drawn.drawn, drawn.caught_by, drawn.shortest) == (Drawn("logic", 3, 12), (), {})


def test_what_is_drawn_is_compiled_and_deployed_as_the_zoo_does() -> None:
    code_of, sources = tool("draw_mutants").code_of, sources_of(faults.CONTRACTS)
    assert code_of(sources) == code_hash(faults.artifacts_of(None))
    with pytest.raises(UserError, match="does not compile"):
        code_of({**sources, "contracts/Orders.sol": "contract Orders"})


def test_a_seed_that_draws_something_else_is_told_from_one_that_draws_the_same(drawn: Fault) -> None:
    is_drawn_again = tool("draw_mutants").is_drawn_again
    assert is_drawn_again(drawn, MUTANT)
    assert not is_drawn_again(drawn, MUTANT._replace(new="a"))
    assert not is_drawn_again(drawn, None)


def test_what_was_measured_of_a_drawn_fault_is_written_once(drawn: Fault) -> None:
    write_caught_by = tool("matrix").write_caught_by
    write_caught_by(drawn, {"MODEL-02": 4, "LIQ-01": 9})
    measured = read_fault(drawn.id)
    assert measured.caught_by == ("LIQ-01", "MODEL-02")
    write_caught_by(measured, {"MODEL-01": 1})
    assert read_fault(drawn.id) == measured


def test_the_page_tells_drawn_faults_from_chosen_ones_and_lists_equivalents_with_their_reason(drawn: Fault) -> None:
    matrix = tool("matrix")
    caught = drawn._replace(id="caught", caught_by=("MODEL-01",), shortest={"MODEL-01": 3})
    argued = drawn._replace(id="argued", equivalent="a is b.\nSo a || b is a.")
    page = matrix.page([matrix.Row(caught, {"MODEL-01": 17}), matrix.Row(argued, {})], 1, 1000)
    idea = MUTANT.idea.replace("|", "\\|")
    assert f"| 1 | `caught` | {idea} | drawn (logic, seed 3, number 12) | MODEL-01 3 |" in page
    assert "Of 2 faults 2 were chosen by nobody" in page
    assert "at the end of this page: 1." in page
    assert "| check | 1 | faults |" in page
    assert f"| `argued` | {idea} | a is b. So a \\|\\| b is a. |" in page
