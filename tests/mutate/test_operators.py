"""What each operator makes of one place, and what it leaves alone."""

from __future__ import annotations

from functools import cache

import pytest

from tests.mutate.support import changes, of, of_all, source
from underwater.mutate.mutants import Mutant
from underwater.mutate.operators import OPERATORS

ROUNDING = """library Sums {
    function shareUp(uint256 a, uint256 b) internal pure returns (uint256) { return (a + b - 1) / b; }
    function shareDown(uint256 a, uint256 b) internal pure returns (uint256) { return a / b; }
    function product(uint256 a, uint256 b) internal pure returns (uint256) { return a * b; }
    function negative(int256 a) internal pure returns (int256) { return -a; }
}"""
PAIR = "struct Pair { uint256 low; uint256 high; int256 net; } Pair pair; enum Way { UP, FLAT, DOWN } Way way;"


CASES = [
    ("boundary", "return a < b ? a : b;", [("a < b", "a <= b")]),
    ("boundary", "return a == b ? a : b;", []),
    ("relation", "return a < b ? a : b;", [("a < b", "a >= b")]),
    ("relation", "return a == b ? a : b;", [("a == b", "a != b")]),
    ("arithmetic", "return a + b * a;", [("a + b * a", "a - b * a"), ("b * a", "b / a")]),
    (
        "arithmetic",
        "return a /* + not this one */ + b;",
        [("a /* + not this one */ + b", "a /* + not this one */ - b")],
    ),
    (
        "logic",
        "return a > b && flag ? 1 : 0;",
        [("a > b && flag", new) for new in ("a > b || flag", "a > b", "flag")],
    ),
    (
        "condition",
        "if (flag) sum = a;",
        [("if (flag) sum = a;", f"if ({new}) sum = a;") for new in ("!flag", "true", "false")],
    ),
    (
        "condition",
        "if (a > b || flag) sum = a;",
        [("a > b || flag", new) for new in ("!(a > b || flag)", "true", "false")],
    ),
    ("condition", "if (a > b) revert();", [("a > b", "true")]),
    ("condition", "while (a > b) ++b;", [("a > b", "false")]),
    ("statement", "sum = a; sum += b;", [("sum = a;", ""), ("sum += b;", "")]),
    ("statement", "if (flag) sum = a; return b;", [("sum = a;", "{}")]),
    ("statement", "for (uint256 k; k < a; ++k) if (k > b) break;", [("break;", "{}")]),
    ("constant", "return a + 1;", [("a + 1", "a + 2"), ("a + 1", "a + 0")]),
    ("constant", "return a + 0;", [("a + 0", "a + 1")]),
    ("constant", "return a + 1e18;", [("a + 1e18", "a + (1e18 + 1)"), ("a + 1e18", "a + (1e18 - 1)")]),
    ("constant", "return a + 7 days;", [("a + 7 days", "a + (7 days + 1)"), ("a + 7 days", "a + (7 days - 1)")]),
    ("constant", "return flag == true ? a : b;", [("flag == true", "flag == false")]),
    ("sign", "c = -c; return a;", [("-c", "c")]),
    ("sign", "return !flag ? a : b;", [("!flag", "flag")]),
    ("sign", "++a; b--; return a;", [("++a", "--a"), ("b--", "b++")]),
    ("assignment", "sum += a;", [("sum += a", "sum -= a"), ("sum += a", "sum = a")]),
    ("assignment", "sum = a;", []),
    ("division", "return a * b / 3;", [("a * b / 3", "a / 3 * b")]),
    ("division", "return (a * b) / (a + 1);", [("(a * b) / (a + 1)", "a / (a + 1) * b")]),
    ("division", "return a / b * 3;", []),
]


@cache
def mutants_of_cases() -> list[Mutant]:
    """Of all cases at once: the compiler takes a second to begin."""
    return of_all({f"{number}.sol": source(body) for number, (_, body, _) in enumerate(CASES)})


@pytest.mark.parametrize(
    ("number", "operator", "expected"), [(number, case[0], case[2]) for number, case in enumerate(CASES)]
)
def test_an_operator_changes_one_thing(number: int, operator: str, expected: list[tuple[str, str]]) -> None:
    found = (one for one in mutants_of_cases() if one.file == f"{number}.sol" and one.operator == operator)
    assert [(one.old, one.new) for one in found] == expected


def test_a_guard_is_left_out_as_a_whole_whatever_braces_it_has() -> None:
    for guard in ("if (a > b) revert();", "if (a > b) { revert(); }"):
        assert changes(f"{guard} return a;", "statement") == [(guard, "")]


def test_a_function_is_replaced_by_its_counterpart_or_by_another_of_its_signature() -> None:
    body = "return Sums.shareUp(a, b);"
    assert changes(body, "counterpart", ROUNDING) == [("Sums.shareUp(a, b)", "Sums.shareDown(a, b)")]
    assert changes(body, "sibling", ROUNDING) == [("Sums.shareUp(a, b)", "Sums.product(a, b)")]


def test_no_function_is_made_to_call_itself() -> None:
    calling = ROUNDING.replace("return a * b;", "return shareUp(a, b);")
    within = [mutant for mutant in of(source("return a;", calling), "sibling") if mutant.function == "product"]
    assert within == []


def test_a_member_of_an_enumeration_and_a_field_are_replaced_by_others_of_their_type() -> None:
    assert changes("way = Way.UP; return a;", "enumeration", PAIR) == [("Way.UP", "Way.FLAT"), ("Way.UP", "Way.DOWN")]
    assert changes("return pair.low;", "member", PAIR) == [("pair.low", "pair.high")]


def test_arguments_change_places_where_their_types_agree() -> None:
    taking = "function take(uint256, uint256, int256) private pure returns (uint256) { return 1; }"
    assert changes("return take(a, b, c);", "argument", taking) == [("take(a, b, c)", "take(b, a, c)")]
    assert changes("return take(a, a, c);", "argument", taking) == []
    smaller = (
        "function min(uint256 one, uint256 other) private pure returns (uint256) { return one < other ? one : other; }"
    )
    assert changes("return min(a, b);", "argument", smaller) == []


def test_a_modifier_is_left_out_with_the_space_before_it() -> None:
    text = source("return a;", "modifier only() { require(msg.sender != address(0)); _; }")
    (mutant,) = of(text.replace("external returns", "external only returns"), "modifier")
    assert (mutant.old, mutant.new) == (" only", "")


@pytest.mark.parametrize(
    "body",
    [
        "assembly { a := add(a, 1) }",
        "emit Worked(a + 1, !flag);",
        "revert Failed(a + 1, !flag);",
        "uint256[3] memory three;",
        "int256 other = c;",
    ],
)
def test_assembly_events_and_what_a_refusal_says_are_left_alone(body: str) -> None:
    around = "event Worked(uint256, bool); error Failed(uint256, bool);"
    whole = [(f"{body}", "")] if body.startswith("revert") else []
    assert [(one.old, one.new) for one in of(source(body, around))] == whole


def test_operators_have_a_name_and_words_of_their_own() -> None:
    assert len({operator.name for operator in OPERATORS}) == len(OPERATORS)
    assert len({operator.words for operator in OPERATORS}) == len(OPERATORS)
