"""A case file reads back to what was written, and whatever is wrong with one is named by file, line and field."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.governance import NO_SOURCE, ROLES
from underwater.actions import Action, Aim, Block, Bundle, Loan
from underwater.case.file import MOST_LOAN_UNITS, Case, aim_text, parse_aim, read_case, write_case
from underwater.document import parse
from underwater.engine.bundled.actors import ACCOUNTS, ADDRESSES, ATTACKER
from underwater.engine.bundled.deployment import Deployment
from underwater.engine.bundled.kinds import KINDS, Parameter
from underwater.engine.registry import ENGINES, engine_named
from underwater.errors import UserError

DEFAULT: Deployment = engine_named("bundled").default_deployment()
WORDS = engine_named("bundled").vocabulary(DEFAULT)
ACTORS = (*ADDRESSES, ATTACKER)

EXAMPLE = """\
# A counterexample, found by Underwater. To replay it: ape underwater replay FILE
underwater: 1
engine: bundled
check: HEALTH-01
says: After an owner's action that adds risk, equity is at least the initial margin.

steps:
  - {by: maker, do: deposit, account: maker, collateral: USDC, units: 100000}
  - {by: trader-1, do: deposit, account: trader-1, collateral: WETH, units: 2}
  - {same_block: true, by: matcher, do: trade, market: ETH-PERP, buyer: trader-1, seller: maker, size: 10, price: 3000}
  - {after_s: 60, by: publisher, do: publish, source: ETH-USD, answer: 2985.5, age_s: 0}
  - by: attacker
    do: bundle
    acts:
      - {do: settle, account: attacker, market: 99}
      - {do: deposit, account: attacker, collateral: 99, units: 7 units}
  - {by: trader-1, do: withdraw, account: trader-1, collateral: WETH, units: 1.5, aim: largest withdrawal + 1}  # fails here

deployment: default

found: {seed: 7, sequence: 12, step: 6, fault: withdraw-without-margin}
"""


def example() -> Case:
    return read_case(parse(EXAMPLE, "example.yaml"))


# ---- what is written, and read back

REFUSED = """\
# A counterexample, found by Underwater. To replay it: ape underwater replay FILE
underwater: 1
engine: bundled
check: ACCESS-07
says: a deployment that is safe is accepted
note: "'create the orders', transaction 14 of 117, is refused: UnsafeParameter(orders)"

steps: []  # fails while it is deployed

deployment: default

found: {seed: 7, sequence: 12, deploying: true}
"""


def test_a_deployment_that_is_refused_is_a_case_without_steps() -> None:
    case = read_case(parse(REFUSED, "refused.yaml"))
    assert (case.blocks, case.step, case.deploying) == ((), None, True)
    assert write_case(case) == REFUSED


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (", deploying: true", "", "8: steps: there are no steps"),
        (", deploying: true", ", deploying: false", "8: steps: there are no steps"),
        (
            "[]",
            "[{by: maker, do: settle, account: maker, market: 0}]",
            "8: steps: a deployment that is refused has no steps after it",
        ),
        ("deploying: true", "deploying: true, step: 1", "12: found.step: step 1, but there are 0 steps"),
    ],
)
def test_steps_and_a_deployment_that_is_refused_exclude_each_other(old: str, new: str, line: str) -> None:
    with pytest.raises(UserError, match=re.escape(f"refused.yaml:{line}")):
        read_case(parse(REFUSED.replace(old, new), "refused.yaml"))


def test_a_loan_and_what_is_tried_meanwhile_are_written_and_read_back() -> None:
    text = EXAMPLE.replace(
        "    do: bundle\n    acts:\n",
        "    do: bundle\n    loan: {collateral: USDC, units: 1.5}\n    acts:\n",
    ).replace(
        "units: 7 units}\n  -",
        "units: 7 units}\n    during:\n      - {do: withdraw, account: attacker, collateral: USDC, units: 1 unit}\n  -",
    )
    case = read_case(parse(text, "example.yaml"))
    (bundle,) = case.blocks[3].acts
    assert isinstance(bundle, Bundle)
    assert bundle.loan == Loan(0, 1_500_000)
    assert bundle.during == (Action("withdraw", "attacker", ("attacker", 0, 1)),)
    assert read_case(parse(write_case(case), "again.yaml")) == case


@pytest.mark.parametrize(
    ("loan", "why"),
    [
        ("{collateral: USDC, units: 0}", "0 cannot be borrowed"),
        ("{collateral: USDC, units: -1}", "is negative"),
        (f"{{collateral: USDC, units: {(1 << 200) + 1} units}}", "at most 2^200 units"),
        ("{collateral: 99, units: 1 unit}", "99"),
        ("{units: 1}", "collateral"),
    ],
)
def test_what_cannot_be_borrowed_is_refused_by_line(loan: str, why: str) -> None:
    text = EXAMPLE.replace("    do: bundle\n", f"    do: bundle\n    loan: {loan}\n")
    with pytest.raises(UserError, match=re.escape(why)):
        read_case(parse(text, "bad.yaml"))


def test_example_reads_as_the_history_it_shows_and_is_written_as_it_was() -> None:
    case = example()
    assert case.fault == "withdraw-without-margin"
    assert (case.seed, case.sequence, case.step, case.deployment) == (7, 12, 6, None)
    assert [block.after_s for block in case.blocks] == [1, 1, 60, 1, 1]
    assert [len(block.acts) for block in case.blocks] == [1, 2, 1, 1, 1]
    assert case.blocks[2].acts == (Action("publish", "publisher", ("ETH-USD", 298_550_000_000, 0)),)
    assert case.blocks[3].acts == (
        Bundle(ATTACKER, (Action("settle", ATTACKER, (ATTACKER, 99)), Action("deposit", ATTACKER, (ATTACKER, 99, 7)))),
    )
    assert case.blocks[4].acts == (
        Action("withdraw", "trader-1", ("trader-1", 2, 15 * 10**17), Aim("largest withdrawal", 1)),
    )
    assert write_case(case) == EXAMPLE


def test_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(EXAMPLE)
    assert read_case(path) == example()


def test_hand_written_numbers_may_be_grouped_and_things_given_by_number() -> None:
    by_hand = EXAMPLE.replace("units: 100000}", "units: 100_000.00}").replace("market: ETH-PERP", "market: 1")
    assert read_case(parse(by_hand, "by-hand.yaml")) == example()


def test_known_tokens_may_be_given_in_units_too() -> None:
    by_hand = EXAMPLE.replace("units: 100000}", "units: 100_000_000_000 units}")
    assert read_case(parse(by_hand, "by-hand.yaml")) == example()


def test_market_whose_name_is_not_its_own_is_written_by_number() -> None:
    market = DEFAULT.parameters.markets[0]
    for name in ("ETH-PERP", "99", ""):
        markets = (replace(market, name=name), *DEFAULT.parameters.markets[1:])
        deployment = replace(DEFAULT, parameters=replace(DEFAULT.parameters, markets=markets))
        case = replace(example(), deployment=deployment)
        case = replace(case, blocks=(Block(1, (Action("settle", "maker", ("maker", 0)),)),), step=None)
        text = write_case(case)
        assert "account: maker, market: 0}" in text
        if name:  # a deployment file cannot name a market with nothing
            assert read_case(parse(text, "case.yaml")) == case


def _argument(parameter: Parameter, limits: tuple[int, int]) -> st.SearchStrategy[Any]:
    named = {
        "actor": ACTORS,
        "account": ACCOUNTS,
        "role": ROLES,
        "source": tuple(DEFAULT.sources),
        "source_or_none": (*DEFAULT.sources, NO_SOURCE),
        **WORDS.words,
    }
    if parameter.type in named:
        return st.sampled_from(named[parameter.type])
    if parameter.type == "flag":
        return st.booleans()
    least, most = limits
    odd = st.sampled_from((least, most)) | st.integers(least, most)
    if parameter.type in ("market", "collateral", "mode"):
        return st.integers(max(0, least), min(4, most)) | odd
    return (st.none() | odd) if parameter.type == "age_s" else odd


def _arguments(kind: str) -> st.SearchStrategy[tuple[Any, ...]]:
    parameters = zip(KINDS[kind].parameters, WORDS.ranges[kind], strict=True)
    return st.tuples(*[_argument(parameter, limits) for parameter, limits in parameters])


_TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)
_ODD_TEXTS = _TEXTS | st.sampled_from(
    ("a: b", "true", "~", "- x", "#", "a #b", '"', "'a'", "{a}", "a, b", "[", "&a b", "!t x", "*a", "|", ">", "%", "a:")
)  # fmt: skip
_NAMES = st.sampled_from(
    ("largest withdrawal", "close rule", "liquidation price of trader-1 in market 2", "a + 1", "b - ")
)
_AIMS = st.builds(Aim, _NAMES | _ODD_TEXTS, st.sampled_from((0, 1, -1)) | st.integers())


def _actions(callers: tuple[str, ...]) -> st.SearchStrategy[Action]:
    def build(kind: str) -> st.SearchStrategy[Action]:
        return st.builds(Action, st.just(kind), st.sampled_from(callers), _arguments(kind), st.none() | _AIMS)

    return st.sampled_from(tuple(KINDS)).flatmap(build)


_BUNDLES = st.builds(
    Bundle,
    st.just(ATTACKER),
    st.lists(_actions((ATTACKER,)), min_size=1, max_size=3).map(tuple),
    st.lists(_actions((ATTACKER,)), max_size=2).map(tuple),
    st.none() | st.builds(Loan, st.integers(0, len(DEFAULT.wallets_units) - 1), st.integers(1, MOST_LOAN_UNITS)),
)
_BLOCKS = st.builds(
    Block, st.just(1) | st.integers(1, 10**9), st.lists(_actions(ACTORS) | _BUNDLES, max_size=3).map(tuple)
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    blocks = tuple(draw(st.lists(_BLOCKS, min_size=1, max_size=4)))
    count = sum(len(block.acts) for block in blocks)
    return Case(
        engine="bundled",
        check=draw(_ODD_TEXTS),
        says=draw(_ODD_TEXTS),
        fault=draw(st.none() | _ODD_TEXTS),
        seed=draw(st.integers()),
        sequence=draw(st.integers(0)),
        deployment=draw(st.sampled_from((None, DEFAULT))),
        blocks=blocks,
        note=draw(st.just("") | _ODD_TEXTS | st.lists(_ODD_TEXTS, min_size=2).map("\n".join)),
        step=draw(st.none() | st.integers(1, count)) if count else None,
        refused=tuple(draw(st.lists(st.integers(1), max_size=3))),
        by_probe=draw(st.booleans()),
    )


@settings(deadline=None)
@given(cases())
def test_written_case_reads_back_and_is_written_the_same_again(case: Case) -> None:
    text = write_case(case)
    again = read_case(parse(text, "case.yaml"))
    assert again == case
    assert write_case(again) == text


@given(_AIMS)
def test_aim_is_read_back_from_its_words(aim: Aim) -> None:
    assert parse_aim(aim_text(aim)) == aim


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_range_for_every_argument(kind: str) -> None:
    assert len(WORDS.ranges[kind]) == len(KINDS[kind].parameters)


# ---- what is refused

_STEP = "  - {by: trader-1, do: deposit, account: trader-1, collateral: WETH, units: 2}"

BAD = {
    "another format": ("underwater: 1", "underwater: 2", "bad.yaml:2: underwater: format 2 is unknown"),
    "no format": ("underwater: 1\n", "", "'underwater', the version of its format, is missing"),
    "format of letters": ("underwater: 1", "underwater: one", "bad.yaml:2: underwater: 'one' is not a whole number"),
    "unknown engine": ("engine: bundled", "engine: bundle", "bad.yaml:3: engine: 'bundle' is not one of bundled"),
    "no check": ("check: HEALTH-01\n", "", "'check' is missing"),
    "empty sentence": ("says: After an", "says: # After an", "bad.yaml:5: says: should be a text"),
    "unknown field": ("engine:", "engin: x\nengine:", "bad.yaml:3: engin: unknown field; known are underwater, engine"),
    "field twice": ("engine:", "check: x\nengine:", "bad.yaml:5: check: appears twice"),
    "no YAML": ("engine: bundled", "engine: {", "not valid YAML"),
    "step without action": (
        "do: deposit, account: trader-1",
        "account: trader-1",
        "bad.yaml:9: steps[1]: 'do' is missing",
    ),
    "unknown action": (
        "do: withdraw",
        "do: withdrw",
        "steps[5].do: 'withdrw' is not one of deposit, withdraw, settle,",
    ),
    "unknown actor as caller": (
        "by: trader-1, do: withdraw",
        "by: alice, do: withdraw",
        "steps[5].by: 'alice' is not one of admin",
    ),
    "unknown actor": ("by: matcher", "by: bob", "bad.yaml:10: steps[2].by: 'bob' is not one of admin"),
    "actor without an account": (
        "seller: maker",
        "seller: outsider",
        "bad.yaml:10: steps[2].seller: 'outsider' is not one of trader-1",
    ),
    "no caller": ("by: trader-1, do: withdraw", "do: withdraw", "bad.yaml:17: steps[5]: 'by' is missing"),
    "missing argument": (", units: 2}", "}", "bad.yaml:9: steps[1]: 'units' is missing"),
    "unknown argument": (
        ", units: 2}",
        ", unit: 2}",
        "bad.yaml:9: steps[1].unit: unknown field; known are by, do, account",
    ),
    "argument of another action": (", units: 2}", ", units: 2, size: 3}", "steps[1].size: unknown field"),
    "too many decimals": (
        "units: 100000}",
        "units: 1.0000001}",
        "bad.yaml:8: steps[0].units: 1.0000001 has more than 6 decimals",
    ),
    "no number": ("units: 2}", "units: two}", "bad.yaml:9: steps[1].units: 'two' is not a decimal number"),
    "power of ten": ("units: 2}", "units: 1e3}", "steps[1].units: '1e3' is not a decimal number"),
    "commas": ("units: 2}", 'units: "29,300.5"}', "steps[1].units: '29,300.5' is not a decimal number; write 29300.5"),
    "commas in a flow": ("units: 2}", "units: 29,300}", "steps[1].300: unknown field; known are by, do, account"),
    "negative units": ("units: 2}", "units: -2}", "steps[1].units: -2 is negative, and should not be"),
    "number beyond a word": ("size: 10,", f"size: {'9' * 60},", "is above what the call can carry"),
    "list for a number": ("units: 2}", "units: [2]}", "steps[1].units: should be a text"),
    "unknown market": (
        "market: ETH-PERP",
        "market: ETH",
        "steps[2].market: 'ETH' is no market; known are BTC-PERP, ETH-PERP",
    ),
    "negative market": ("market: 99", "market: -1", "steps[4].acts[0].market: -1 is negative, and should not be"),
    "unknown collateral": (
        "collateral: WETH, units: 2}",
        "collateral: ETH, units: 2}",
        "'ETH' is no collateral; known are USDC",
    ),
    "decimals of no token": ("units: 7 units", "units: 0.7", "steps[4].acts[1].units: '0.7' should be like '7 units'"),
    "gift of no token": (
        "do: deposit, account: attacker, collateral: 99",
        "do: donate, collateral: 99",
        "steps[4].acts[1].collateral: 99 is above what the call can carry",
    ),
    "unknown source": ("source: ETH-USD", "source: ETHUSD", "steps[3].source: 'ETHUSD' is not one of BTC-USD, ETH-USD"),
    "age of letters": ("age_s: 0", "age_s: nevr", "steps[3].age_s: 'nevr' is not a whole number"),
    "time that stands": ("after_s: 60", "after_s: 0", "steps[3].after_s: 0 is below 1"),
    "time within a block": (
        "same_block: true",
        "same_block: true, after_s: 3",
        "steps[2].after_s: a step of the same block",
    ),
    "odd flag": ("same_block: true", "same_block: yes", "steps[2].same_block: 'yes' is not one of true, false"),
    "first step in no block": (
        "{by: maker",
        "{same_block: true, by: maker",
        "steps[0].same_block: the first step has no block",
    ),
    "bundle by a person": ("by: attacker", "by: maker", "bad.yaml:12: steps[4].by: 'maker' is not one of attacker"),
    "caller within a bundle": ("{do: deposit", "{by: maker, do: deposit", "steps[4].acts[1].by: unknown field"),
    "bundle in a bundle": ("{do: deposit", "{do: bundle", "steps[4].acts[1].do: 'bundle' is not one of deposit"),
    "bundle without acts": (
        "do: bundle",
        "do: bundle\n    act: 1",
        "steps[4].act: unknown field; known are by, do, acts",
    ),
    "deployment by another word": (
        "deployment: default",
        "deployment: defaults",
        "'defaults' should be the word 'default'",
    ),
    "deployment of nothing": (
        "deployment: default",
        "deployment: {}",
        "bad.yaml:19: deployment: 'liquidation' is missing",
    ),
    "no seed": ("seed: 7, ", "", "bad.yaml:21: found: 'seed' is missing"),
    "step beyond the last": ("step: 6", "step: 7", "bad.yaml:21: found.step: step 7, but there are 6 steps"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named_by_file_line_and_field(name: str) -> None:
    old, new, message = BAD[name]
    assert EXAMPLE.count(old) == 1
    with pytest.raises(UserError) as caught:
        read_case(parse(EXAMPLE.replace(old, new), "bad.yaml"))
    assert message in str(caught.value)
    assert str(caught.value).startswith("bad.yaml:")


def _with_steps(steps: str) -> str:
    head, rest = EXAMPLE.split("steps:\n")
    return f"{head}steps:{steps}\n\n{rest.partition(chr(10) * 2)[2]}"


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (" []", "steps: there are no steps"),
        ("", "steps: should be a list"),
        (" {do: deposit}", "steps: should be a list"),
        ("\n  - deposit", "steps[0]: should be a mapping of names to values"),
        ("\n  - {do: nothing}\n  - {do: nothing, same_block: true}", "steps[1]: 'nothing' is a block of its own"),
        ("\n  - {do: nothing, by: maker}", "steps[0].by: unknown field; known are do, after_s, same_block"),
        ("\n  - {by: attacker, do: bundle, acts: []}", "steps[0].acts: a bundle needs an action"),
        ("\n  - {by: attacker, do: bundle, acts: [3]}", "steps[0].acts[0]: should be a mapping"),
        ("\n  - {by: attacker, do: bundle, acts: [{market: 0}]}", "steps[0].acts[0]: 'do' is missing"),
        (
            "\n  - {by: publisher, do: set_feed_mode, source: ETH-USD, mode: sleeps}",
            "'sleeps' is not one of normal, reverts",
        ),
        (
            "\n  - {by: publisher, do: set_feed_mode, source: ETH-USD, mode: 256}",
            "256 is above what the call can carry",
        ),
        ("\n  - {by: admin, do: grant_role, role: RISK, account: maker}", "'RISK' is not one of DEFAULT_ADMIN_ROLE"),
        (
            "\n  - {by: maker, do: set_operator, operator: matcher, approved: 1}",
            "approved: '1' is not one of true, false",
        ),
    ],
)
def test_bad_steps_are_named_by_file_line_and_field(steps: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_case(parse(_with_steps(steps), "bad.yaml"))
    assert message in str(caught.value)
    assert str(caught.value).startswith("bad.yaml:")


@pytest.mark.parametrize("deployment", [None, DEFAULT])
def test_file_cut_off_anywhere_is_refused(deployment: Deployment | None) -> None:
    text = write_case(replace(example(), deployment=deployment)).rstrip("\n")
    for length in range(0, len(text), 1 if deployment is None else 7):
        with pytest.raises(UserError):
            read_case(parse(text[:length], "cut.yaml"))


def test_missing_file_is_a_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_case(tmp_path / "none.yaml")


def test_case_with_addresses_is_refused() -> None:
    text = write_case(replace(example(), deployment=DEFAULT))
    attached = text.replace("BTC-USD: {decimals: 8,", f"BTC-USD: {{decimals: 8, address: '0x{'ab' * 20}',")
    assert attached != text
    with pytest.raises(UserError, match="deployment: a case deploys test doubles"):
        read_case(parse(attached, "attached.yaml"))


def test_unknown_engine_lists_the_known() -> None:
    with pytest.raises(UserError, match="unknown engine 'other'; known are " + ", ".join(ENGINES)):
        engine_named("other")


def test_case_file_holds_nothing_that_code_or_abi_can_change() -> None:
    text = write_case(replace(example(), deployment=DEFAULT))
    assert "0x" not in text
