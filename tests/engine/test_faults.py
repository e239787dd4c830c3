"""Files of faults: what they may say, and where a patch fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from underwater.engine import faults
from underwater.engine.faults import Drawn, Fault, read_fault, with_fault
from underwater.errors import UserError

TWICE = """contract A { function f(uint256 a) {} constructor() { g(1); } }
contract B { function f(uint256 a) { if (a > 0) { g(2); } } function g(uint256) { g(2); } }"""
CHOSEN = "idea: x\nafter: y\nfile: F.sol\nfunction: f\nold: a\nnew: b\ncaught_by: [MODEL-01]\nshortest: {MODEL-01: 2}\n"
DRAWN = """idea: x
file: F.sol
function: f
old: a
new: ""
drawn: {operator: boundary, seed: 3, number: 7}
caught_by: []
shortest: {}
"""


def written(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Fault:
    (folder / "one.yaml").write_text(text)
    monkeypatch.setattr(faults, "FOLDER", folder)
    return read_fault("one")


def test_a_chosen_fault_says_after_what_and_a_drawn_one_from_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = written(CHOSEN, tmp_path, monkeypatch)
    assert (chosen.after, chosen.drawn, chosen.equivalent) == ("y", None, "")
    assert chosen.shortest_by("MODEL-02") == 2
    drawn = written(DRAWN, tmp_path, monkeypatch)
    assert (drawn.after, drawn.drawn, drawn.new) == ("", Drawn("boundary", 3, 7), "")
    assert drawn.shortest_by("MODEL-01") is None
    assert written(DRAWN + "equivalent: Because.\n", tmp_path, monkeypatch).equivalent == "Because."


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (CHOSEN.replace("after: y\n", ""), "1: the document: should have either 'after' or 'drawn'"),
        (
            CHOSEN + "drawn: {operator: boundary, seed: 3, number: 7}\n",
            "1: the document: should have either 'after' or 'drawn'",
        ),
        (
            CHOSEN + "equivalent: Because.\n",
            "9: equivalent: nobody chooses a fault that changes nothing: only a drawn one may be argued away",
        ),
        (
            DRAWN.replace("caught_by: []", "caught_by: [MODEL-01]") + "equivalent: Because.\n",
            "9: equivalent: what a check has caught is not equivalent",
        ),
        (DRAWN.replace("number: 7", "number: 0"), "6: drawn.number: 0 is below 1"),
        (DRAWN.replace("seed: 3, ", ""), "6: drawn: 'seed' is missing"),
    ],
)
def test_a_file_that_says_too_little_or_too_much_is_refused_in_a_line(
    text: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError) as raised:
        written(text, tmp_path, monkeypatch)
    assert str(raised.value) == f"{tmp_path / 'one.yaml'}:{line}"


def patch(function: str, old: str) -> Fault:
    return Fault("x", "F.sol", function, old, "NEW", "", "", (), {}, None, "", Path("x.yaml"))


@pytest.mark.parametrize(
    ("function", "old", "expected"),
    [
        ("f", "g(2);", TWICE.replace("{ g(2); } }", "{ NEW } }", 1)),
        ("g", "g(2);", TWICE.replace("(uint256) { g(2);", "(uint256) { NEW")),
        ("constructor", "g(1);", TWICE.replace("g(1);", "NEW")),
    ],
)
def test_a_patch_finds_its_place_among_functions_of_one_name(function: str, old: str, expected: str) -> None:
    assert with_fault({"F.sol": TWICE}, patch(function, old)) == {"F.sol": expected}


@pytest.mark.parametrize(
    ("function", "old", "line"),
    [
        ("f", "uint256 a", "old: occurs 2 times in f of F.sol, not exactly once"),
        ("f", "g(3);", "old: occurs 0 times in f of F.sol, not exactly once"),
        ("h", "g(2);", "function: F.sol has no function h"),
    ],
)
def test_a_patch_that_fits_nowhere_or_twice_is_refused_in_a_line(function: str, old: str, line: str) -> None:
    with pytest.raises(UserError) as raised:
        with_fault({"F.sol": TWICE}, patch(function, old))
    assert str(raised.value) == f"x.yaml: {line}"
