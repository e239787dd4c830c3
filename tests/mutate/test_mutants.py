"""Mutants as patches: they fit one place, are drawn evenly and again, and what does not matter is thrown away."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from tests.mutate.support import FILE, of, source
from underwater.choices import SeededChoices
from underwater.engine.artifacts import code_hash, compile_sources, sources_of, syntax_of
from underwater.engine.faults import CONTRACTS, Fault, with_fault
from underwater.errors import UserError
from underwater.mutate.mutants import Mutant, distinct, draw, mutants_of, mutated


def as_fault(mutant: Mutant) -> Fault:
    return Fault(
        "drawn",
        mutant.file,
        mutant.function,
        mutant.old,
        mutant.new,
        mutant.idea,
        "",
        (),
        {},
        None,
        "",
        Path("drawn.yaml"),
    )


def test_every_mutant_of_the_contracts_fits_the_form_of_a_fault() -> None:
    sources = sources_of(CONTRACTS)
    mutants = mutants_of(sources, syntax_of(sources))
    assert len(mutants) > 1_000
    for mutant in mutants:
        assert with_fault(sources, as_fault(mutant)) == mutated(sources, mutant), mutant


def test_what_stands_twice_is_told_apart_by_what_stands_around_it() -> None:
    (first, second) = of(source("if (a > 0) sum += 1; if (b > 0) sum += 1;"), "assignment")[::2]
    assert (first.old, first.new) == ("if (a > 0) sum += 1;", "if (a > 0) sum -= 1;")
    assert (second.old, second.new) == ("if (b > 0) sum += 1;", "if (b > 0) sum -= 1;")


def test_overloads_and_letters_of_several_bytes_are_no_trouble() -> None:
    more = "// naïve\n    function work(uint256 a) external pure returns (uint256) { return a + 2; }"
    text = source("return a + b; // é", more)
    mutants = of(text)
    assert {mutant.function for mutant in mutants} == {"work"}
    for mutant in mutants:
        assert with_fault({FILE: text}, as_fault(mutant)) == mutated({FILE: text}, mutant) != {FILE: text}


def test_a_mutant_says_where_it_is_and_what_is_wrong() -> None:
    text = source("return a < b ? a\n            : b;")
    (mutant,) = of(text, "boundary")
    assert (mutant.file, mutant.contract, mutant.function) == (FILE, "Small", "work")
    assert text.splitlines()[mutant.line - 1].strip() == "return a < b ? a"
    assert mutant.idea == "the bound itself falls on the other side: in work, `a < b` is now `a <= b`"
    (left_out,) = of(source("sum\n  = a;"), "statement")
    assert left_out.idea == "a statement is left out: in work, `sum = a;`"


def test_a_draw_takes_each_once_and_a_seed_takes_the_same_again() -> None:
    mutants = of(source("if (a < b && flag) sum += a * b / 3; return sum + 1;"))
    drawn = list(draw(mutants, SeededChoices(7)))
    assert drawn == list(draw(mutants, SeededChoices(7)))
    assert drawn != list(draw(mutants, SeededChoices(8)))
    assert sorted(drawn) == sorted(mutants)


def test_neither_a_long_function_nor_a_common_operator_is_most_of_what_is_drawn() -> None:
    longs = "".join(f"sum = a + {number} + b;" for number in range(200))
    mutants = of(
        source(longs + "return sum;", "function brief(int256 a) public pure returns (int256) { return -a + 1; }")
    )
    few = [next(draw(mutants, SeededChoices(seed))) for seed in range(100)]
    assert sum(mutant.function == "brief" for mutant in few) > 25
    assert sum(mutant.operator == "sign" for mutant in few) > 15
    assert sum(mutant.function == "brief" for mutant in mutants) * 50 < len(mutants)


def test_what_has_the_same_code_or_none_is_thrown_away() -> None:
    text = source("return a < 5 ? a - b : b;")
    mutants = of(text)
    (first,) = (mutant for mutant in mutants if mutant.operator == "boundary")
    same_as_first = Mutant(*first[:6], first.start, "a < 5", "a <= 4 + 1")
    same_as_sound = Mutant(*first[:6], first.start, "a < 5", "a < 1 + 4")
    broken = Mutant(*first[:6], first.start, "a < 5", "a <")

    def code_of(sources: dict[str, str]) -> str:
        try:
            return code_hash(compile_sources(sources))
        except UserError:
            raise UserError("does not compile") from None

    tried = distinct([broken, first, same_as_sound, same_as_first], {FILE: text}, code_of)
    assert [(one.number, one.thrown_away) for one in tried] == [
        (1, "does not compile"),
        (2, ""),
        (3, "the same code as without it"),
        (4, "the same code as number 2"),
    ]


def test_a_draw_is_made_no_further_than_it_is_asked() -> None:
    asked: list[dict[str, str]] = []

    def code_of(sources: dict[str, str]) -> str:
        asked.append(sources)
        return str(len(asked))

    text = source("return a + b;")
    assert len(list(islice(distinct(draw(of(text), SeededChoices(1)), {FILE: text}, code_of), 1))) == 1
    assert len(asked) == 2  # the sound one, and the first drawn
