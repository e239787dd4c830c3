"""What a finding says to someone who never saw the tool, letter by letter."""

from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from reference.breaker import unbroken
from reference.machine import apply, at_time
from reference.margin import Health, Risk, health
from reference.rounding import WAD
from reference.state import ANSWERS, REVERTS, FeedReading, State, empty_account, unfunded
from tests.report.support import DEFAULT, DONE, WORDS
from underwater.actions import Action, Aim, Bundle, Outcome, Refusal
from underwater.case.file import Case
from underwater.checks import Step
from underwater.engine.bundled.actors import ACCOUNTS
from underwater.hunt.probe import Asked, Listed, Parted, Trial, Tried, Waited
from underwater.report.table import (
    MOST_LINES_SHOWN,
    MOST_TRIED_SHOWN,
    Component,
    Explanation,
    StepRow,
    components,
    explain,
    explain_refusal,
    plain_text,
    render,
    side_by_side,
    unlike_the_parameter_file,
)
from underwater.report.words import phrase

# ---- components


def start(time_s: int = 1_000_000) -> State:
    """The default deployment before anything happened."""
    parameters = DEFAULT.parameters
    empty = empty_account(parameters)
    nothing = (0,) * len(parameters.collaterals)
    return State(
        time_s=time_s,
        parameters=parameters,
        feeds={name: FeedReading(source.answer, time_s, ANSWERS) for name, source in DEFAULT.sources.items()},
        feed_decimals=DEFAULT.feed_decimals,
        accounts=dict.fromkeys(ACCOUNTS, empty),
        operators=frozenset((name, "matcher") for name in ACCOUNTS),
        roles={},
        pool_units=nothing,
        held_units=nothing,
        wallets=dict.fromkeys(ACCOUNTS, DEFAULT.wallets_units),
        open_interest_wad=(0,) * len(parameters.markets),
        funding=unfunded(parameters)[0],
        due=unfunded(parameters)[1],
        insurance_wad=0,
        fees_wad=0,
        bad_debt_wad=0,
        breakers=unbroken(parameters),
    )


HISTORY = (
    (0, Action("deposit", "maker", ("maker", 0, 100_000 * 10**6))),
    (1, Action("deposit", "trader-1", ("trader-1", 2, 2 * WAD))),
    (1, Action("trade", "matcher", (1, "trader-1", "maker", 10 * WAD, 3000 * WAD))),
    (60, Action("publish", "publisher", ("ETH-USD", 2950 * 10**8, 0))),
    (1, Action("withdraw", "trader-1", ("trader-1", 2, 1_206_380_857_427_716_850), Aim("largest withdrawal", 1))),
)


def steps_of(history: tuple[tuple[int, Action], ...] = HISTORY, *, lets_pass: int | None = None) -> list[Step]:
    """The history as checks see it. The contract does what the reference does, but lets one withdrawal pass that it should refuse."""
    steps = []
    state = start()
    for number, (after_s, action) in enumerate(history):
        state = at_time(state, state.time_s + after_s)
        step = Step()
        step.act, step.kind, step.action = action, action.kind, action
        step.before = state
        step.expected_state, outcome = apply(state, action.kind, action.caller, action.arguments)
        step.after = state = step.expected_state
        step.expected = step.outcome = Outcome(*outcome)
        step.events_differ = ""
        if number == lets_pass:
            account = state.accounts["trader-1"]
            units = account.units[2] - action.arguments[2]
            passed = account._replace(units=(*account.units[:2], units))
            step.after = state = state._replace(accounts={**state.accounts, "trader-1": passed})
            step.outcome = DONE
        step.participants = tuple(name for name in action.arguments if name in ACCOUNTS)
        step.healths = {name: health(state, state.accounts[name]) for name in step.participants}
        steps.append(step)
    return steps


def test_components_add_up_to_equity() -> None:
    state = steps_of()[-1].after
    parts = components(state, "trader-1")
    assert list(parts) == [
        "cash",
        "position ETH-PERP",
        "collateral WETH",
        "equity",
        "initial margin",
        "maintenance margin",
    ]
    assert sum(value or 0 for value in list(parts.values())[:3]) == parts["equity"]
    risk = health(state, state.accounts["trader-1"]).risk
    assert list(parts.values())[3:] == list(risk)


def test_components_show_what_the_contract_answers_where_it_is_given() -> None:
    parts = components(start(), "maker", Health(0, Risk(3, 2, 1)))
    assert parts == {"cash": 0, "equity": 3, "initial margin": 2, "maintenance margin": 1}


def test_component_without_a_price_is_unknown_and_so_are_the_sums() -> None:
    state = steps_of()[-1].after
    stopped = state._replace(feeds={**state.feeds, "ETH-USD": state.feeds["ETH-USD"]._replace(mode=REVERTS)})
    parts = components(stopped, "trader-1")
    assert parts["cash"] is not None
    assert {name for name, value in parts.items() if value is None} == set(parts) - {"cash"}


def test_markets_of_one_name_stay_apart() -> None:
    state = start()
    markets = (state.parameters.markets[0], replace(state.parameters.markets[1], name="BTC-PERP"))
    state = state._replace(parameters=replace(state.parameters, markets=markets))
    account = state.accounts["maker"]._replace(sizes_wad=(WAD, WAD), quotes_wad=(0, 0))
    state = state._replace(accounts={**state.accounts, "maker": account})
    assert list(components(state, "maker"))[1:3] == ["position BTC-PERP", "position BTC-PERP (number 1)"]


def test_component_of_one_side_is_zero_on_the_other() -> None:
    sums = {"equity": 1, "initial margin": 0, "maintenance margin": 0}
    both = side_by_side({"cash": 1, **sums}, {"cash": 1, "collateral WETH": 5, **sums})
    assert [part.name for part in both] == ["cash", "collateral WETH", "equity", "initial margin", "maintenance margin"]
    assert both[1] == Component("collateral WETH", 0, 5)


# ---- the whole finding

SAYS = "After an owner's action that adds risk, equity is at least the initial margin."
WHY = "equity of trader-1 is below its initial margin"
FOUND = """\
HEALTH-01 does not hold at step 5: After an owner's action that adds risk, equity is at least the
initial margin.
equity of trader-1 is below its initial margin

                                                                                              margin
step        time  actor      action                    expected                  observed      ratio
────────────────────────────────────────────────────────────────────────────────────────────────────
   1         0 s  maker      deposits 100,000 USDC     done                      done           none
   2        +1 s  trader-1   deposits 2 WETH           done                      done           none
   3        +2 s  matcher    trader-1 buys 10          done                      done          6.780
                             ETH-PERP from maker at
                             3,000
   4  +1 min 2 s  publisher  ETH-USD answers 2,950     done                      done          6.101
 > 5  +1 min 3 s  trader-1   withdraws ~1.206381 WETH  refused:                  done          1.999
                             (largest withdrawal + 1)  InsufficientMargin

trader-1 after step 5: equity and requirement by component, in quote
component           expected                  observed  difference
──────────────────────────────────────────────────────────────────
cash                     -15                       -15
position ETH-PERP       -500                      -500
collateral WETH        5,015                    ~1,990     ~-3,025

equity                 4,500  1,474.999999999999998625     ~-3,025
initial margin         1,475                     1,475
maintenance margin     737.5                     737.5

expected: by the reference model. observed: on the chain. margin ratio: equity / maintenance margin
of trader-1; below 1 it may be liquidated.
"""


def found() -> Explanation:
    return explain("HEALTH-01", SAYS, WHY, steps_of(lets_pass=4), WORDS)


def test_finding_reads_as_printed() -> None:
    assert plain_text(found()) == FOUND


@pytest.mark.parametrize("width", [80, 100, 140])
def test_nothing_is_truncated_at_usual_widths(width: int) -> None:
    text = plain_text(found(), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "\x1b" not in text
    for heading in ("step", "time", "actor", "action", "expected", "observed", "ratio", "component", "difference"):
        assert re.search(rf"\b{heading}( |\n)", text)


def test_no_column_is_lost_where_the_console_is_too_narrow() -> None:
    text = plain_text(found(), 40)
    assert "observed" in text
    assert "1.999\n" in text


def test_long_action_wraps_and_keeps_every_word() -> None:
    action = Bundle("attacker", tuple(action for _, action in HISTORY) * 3)
    row = StepRow(1, 0, "attacker", phrase(action, WORDS), "done", "refused: AccessControlUnauthorizedAccount", "none")
    text = plain_text(Explanation("X-01", "A sentence.", "", (row,), 1))
    assert max(map(len, text.splitlines())) <= 100
    assert "…" not in text
    assert text.count("deposits") == 6


def test_words_are_never_taken_for_markup() -> None:
    row = StepRow(1, 0, "[bold]trader[/bold]", ":smile: [red]", "done", "done")
    text = plain_text(Explanation("X-01", "[i]sentence[/i]", "[b]", (row,), None))
    for word in ("[bold]trader[/bold]", ":smile: [red]", "[i]sentence[/i]", "[b]"):
        assert word.replace(" ", "") in text.replace(" ", "").replace("\n", "")


def test_finding_of_no_account_has_no_ratio_and_no_components() -> None:
    steps = steps_of(HISTORY[3:4])
    text = plain_text(explain("ORACLE-02", "A sentence.", "", steps, WORDS))
    assert "margin ratio" not in text
    assert "component" not in text


def test_what_a_probe_tried_follows_the_step_that_fails() -> None:
    steps = steps_of(HISTORY[:2])
    attempt = Action("withdraw", "trader-2", ("trader-2", 0, 10**30))
    tried = Tried(steps[-1].after, attempt, Outcome(None, (), ()))
    trial = Trial((tried,) * (MOST_TRIED_SHOWN + 3), (), ())
    text = plain_text(explain("HEALTH-05", "A sentence.", "trader-2 cannot leave", steps, WORDS, trial))
    rows = [line for line in text.splitlines() if re.match(r"[ >] try ", line)]
    assert len(rows) == MOST_TRIED_SHOWN
    assert [row.startswith("> ") for row in rows] == [False] * (MOST_TRIED_SHOWN - 1) + [True]
    assert text.startswith("HEALTH-05 does not hold after step 2: ")
    assert all(re.search(r"trader-2 +withdraws .* refused: \w+ +done", row) for row in rows)
    assert "try: tried by the check after step 2, and taken back (3 more before it are not shown)." in " ".join(
        text.split()
    )
    assert "trader-2 after step 2: " in text, "the account that is spoken of"


def test_ways_of_a_probe_are_told_apart() -> None:
    steps = steps_of(HISTORY[:2])
    attempt = Action("withdraw", "trader-2", ("trader-2", 0, 10**30))
    tried, start_s = Tried(steps[-1].after, attempt, Outcome(None, (), ())), steps[-1].before.time_s
    acts = (tried, Parted(1, start_s), Waited(30, start_s + 30), tried, Parted(2, start_s), tried)
    text = plain_text(explain("META-02", "A sentence.", "", steps, WORDS, Trial(acts, (), ())))
    rows = re.findall(r"(?m)^[ >]+(try(?: \d)?) +(\S+)", text)
    assert [row[0] for row in rows] == ["try", "try 1", "try 1", "try 2"]
    assert rows[1][1] == rows[2][1] != rows[3][1] == rows[0][1], "the second way begins when the first did"
    assert "try 1, try 2: two ways from the same state." in " ".join(text.split())


def test_what_a_probe_asked_is_told_with_its_answer() -> None:
    asked = (
        Asked("requirements", (1, 2 * WAD, 3_000 * WAD), (600 * WAD, 300 * WAD)),
        Asked("requirements", (1, 2 * WAD, 3_000 * WAD), None),
        Asked("liquidation price", ("trader-1", 1), (0, 2_500 * WAD)),
        Asked("liquidation price", ("trader-1", 1), (4, 0)),
        Waited(3_600, 2_000_003_700),
        Asked("funding", (1,), (-WAD // 100, WAD // 200, 3 * WAD)),
        Asked("funding", (1,), None),
        Asked("answer", ("trading status", 1), (3,)),
    )
    text = plain_text(explain("MARGIN-04", "A sentence.", "", steps_of(HISTORY[:2]), WORDS, Trial(asked, (), ())), 160)
    for words in (
        "asks what 2 ETH-PERP require at 3,000 +initial 600, maintenance 300",
        "asks what 2 ETH-PERP require at 3,000 +no answer",
        "asks at what price of ETH-PERP trader-1 can be liquidated +2,500",
        r"asks at what price of ETH-PERP trader-1 can be liquidated +none \(status 4\)",
        "nobody +acts for 3,600 s",
        "asks for the funding of ETH-PERP +rate -0.01, premium 0.005, due 3",
        "asks for the funding of ETH-PERP +no answer",
        r"asks for the trading status \(number 1\) +3",
    ):
        assert re.search(f"try +.* (anyone +)?{words}", text), text


def test_what_a_probe_listed_is_told_with_the_answer() -> None:
    listed = (
        Listed("outsider", "another ETH-PERP", Outcome("AccessControlUnauthorizedAccount", ("outsider", "ADMIN"), ())),
        Listed("admin", "BTC-USD as another WETH", Outcome(None, (), (("CollateralListed", 3),))),
    )
    text = plain_text(explain("ACCESS-02", "A sentence.", "", steps_of(HISTORY[:2]), WORDS, Trial(listed, (), ())), 160)
    assert re.search(r"try +.* outsider +lists another ETH-PERP +refused: AccessControlUnauthorizedAccount", text), text
    assert re.search(r"try +.* admin +lists BTC-USD as another WETH +done", text), text


def test_price_that_stops_and_view_that_does_not_answer_are_said() -> None:
    steps = steps_of((*HISTORY[:3], (1, Action("publish", "publisher", ("ETH-USD", 0, 0)))))
    steps[2].healths["trader-1"] = None
    text = plain_text(explain("HEALTH-04", "A sentence.", "", steps[:3], WORDS))
    assert "no answer" in text
    steps[3].participants = ("trader-1",)
    steps[3].healths = {}
    text = plain_text(explain("HEALTH-04", "A sentence.", "", steps, WORDS))
    assert "no price" in text


def test_console_gets_colour_where_it_can_show_it() -> None:
    out = StringIO()
    render(found(), Console(file=out, width=100, force_terminal=True, color_system="truecolor"))
    assert "\x1b[1;31mHEALTH-01" in out.getvalue()


def test_a_deployment_that_is_refused_is_told_by_its_transaction() -> None:
    refusal = Refusal(14, 117, "create the orders", Outcome("UnsafeParameter", ("orders",), ()))
    text = plain_text(explain_refusal("ACCESS-07", "A sentence.", refusal.words, refusal))
    first, why, _, _, _, row, *_ = text.splitlines()
    assert first == "ACCESS-07 does not hold of the deployment: A sentence."
    assert why == "'create the orders', transaction 14 of 117, is refused: UnsafeParameter(orders)"
    assert re.fullmatch(r"> 14 +0 s +deployment +create the orders +done +refused: UnsafeParameter", row)


def test_what_a_refused_deployment_says_otherwise_is_told_line_by_line() -> None:
    parameters = replace(DEFAULT.parameters, orders=replace(DEFAULT.parameters.orders, minimum_delay_s=1))
    case = Case("bundled", "ACCESS-07", "A sentence.", None, 1, 1, replace(DEFAULT, parameters=parameters), ())
    assert unlike_the_parameter_file(replace(case, deployment=None)) == ()
    unlike = unlike_the_parameter_file(case)
    assert unlike == ("orders: {minimum_delay_s: 1, binding_s: 60, maximum_lifetime_s: 86400}",)
    refusal = Refusal(14, 117, "create the orders", Outcome("UnsafeParameter", ("orders",), ()))
    text = plain_text(explain_refusal("ACCESS-07", "A sentence.", refusal.words, refusal, unlike))
    assert f"\nwhat the deployment says otherwise than the parameter file\n  {unlike[0]}\n" in text
    many = tuple(f"line {number}" for number in range(MOST_LINES_SHOWN + 3))
    text = plain_text(explain_refusal("ACCESS-07", "A sentence.", refusal.words, refusal, many))
    assert f"  line {MOST_LINES_SHOWN - 1}\n  and 3 lines more\n" in text
