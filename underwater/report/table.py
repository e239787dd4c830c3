"""A finding explained in one table: who did what, what should have come of it, and what did.

At the step that fails a second block shows the account's equity and requirement by component, expected beside observed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reference.machine import apply
from reference.margin import NO_RISK, Health, health_of
from reference.parts import part_of
from reference.prices import FRESH, UNAVAILABLE, UNCERTAIN, UNUSABLE, collateral_price_status, mark, side_of
from reference.requirements import collateral_value_wad, position_value_wad
from reference.state import Bucket, Part, State, parts_of
from underwater.actions import Bundle, Outcome, Refusal
from underwater.case.file import Case, aim_text, vocabulary_of
from underwater.checks import Step
from underwater.engine.registry import engine_named
from underwater.engine.vocabulary import WAD_DECIMALS, Vocabulary
from underwater.hunt.probe import Asked, Listed, Parted, Trial, Tried, Waited
from underwater.hunt.replay import Replayed
from underwater.report.words import (
    asked_text,
    duration_text,
    exact_text,
    margin_ratio_text,
    number_text,
    outcomes_text,
    pair_text,
    predicate,
)

PLAIN_WIDTH = 100
TRIED, MOST_TRIED_SHOWN = "try", 12
MOST_LINES_SHOWN = 12
NO_PRICE, NO_ANSWER, UNKNOWN = "no price", "no answer", "unknown"
EQUITY, INITIAL_MARGIN, MAINTENANCE_MARGIN = "equity", "initial margin", "maintenance margin"


@dataclass(frozen=True)
class StepRow:
    """One act of a history, or of what a probe tried after it (``number`` 0).

    ``time_s`` counts from the first act; ``margin_ratio`` is that of the account explained. ``way`` is the number of the way
    to which what a probe tried belongs, 0 before its ways part, or if it goes but one.
    """

    number: int
    time_s: int
    actor: str
    action: str
    expected: str
    observed: str
    margin_ratio: str = ""
    way: int = 0


@dataclass(frozen=True)
class Component:
    """A part of an account's equity or requirement, in quote wad; None where a price that it needs is unusable."""

    name: str
    expected_wad: int | None
    observed_wad: int | None


@dataclass(frozen=True)
class Explanation:
    """A finding as it is told.

    ``says`` is the check's sentence, ``why`` what was seen instead. ``account`` is the one (or the bucket) whose margin ratio and
    ``components`` (as they stand after the last step) are shown, None where no account is concerned. ``failed`` is the
    number of the failing step.
    """

    check: str
    says: str
    why: str
    rows: tuple[StepRow, ...]
    failed: int | None
    account: Part | None = None
    components: tuple[Component, ...] = ()
    tried: tuple[StepRow, ...] = ()
    """What the check's probe did after the failing step; taken back afterwards."""
    deploying: bool = False
    """Whether the one row is the transaction of its deployment that was refused."""
    deployment: tuple[str, ...] = ()
    """What a deployment that was refused says otherwise than the parameter file, line by line."""


_SUMS = (EQUITY, INITIAL_MARGIN, MAINTENANCE_MARGIN)
_NO_VIEW = Health(UNAVAILABLE, NO_RISK)

Parts = Mapping[str, int | None]
"""Components of one side by name, in the order in which they are shown."""


def components(state: State, part: Part, view: Health | None = None) -> dict[str, int | None]:
    """An account's or a bucket's equity by component, then equity, initial and maintenance margin; quote wad, rounded as V1-V6 say.

    ``view`` gives the three sums as a contract answers them; without it they are the reference's. Nothing that is zero
    is listed but cash (of a bucket, margin) and the sums. None stands for what an unusable price leaves unknown. At an uncertain mark
    they are what a liquidation goes by (O7).
    """
    account = part_of(state, part)
    parameters = state.parameters
    parts: dict[str, int | None] = {"margin" if isinstance(part, Bucket) else "cash": account.cash_wad}
    for number, (market, size_wad) in enumerate(zip(parameters.markets, account.sizes_wad, strict=True)):
        if size_wad:
            price = mark(state, market)
            mark_wad = side_of(price.lenient, size_wad)
            value_wad = position_value_wad(
                size_wad, account.quotes_wad[number], mark_wad, state.due.per_unit_wad[number]
            )
            name = f"position {market.name}" + (", two prices" if price.status in UNCERTAIN else "")
            parts[_label(name, number, parts)] = None if price.status in UNUSABLE else value_wad
    for number, (collateral, units) in enumerate(zip(parameters.collaterals, account.units, strict=True)):
        if units:
            status, price_wad = collateral_price_status(state, collateral)
            value_wad = collateral_value_wad(collateral, units, price_wad)
            parts[_label(f"collateral {collateral.name}", number, parts)] = value_wad if status == FRESH else None
    status, risk = health_of(state, part) if view is None else view
    sums = (risk.equity_wad, risk.initial_margin_wad, risk.maintenance_margin_wad)
    for name, value_wad in zip(_SUMS, sums, strict=True):
        parts[name] = None if status in UNUSABLE else value_wad
    return parts


def _label(name: str, number: int, taken: Parts) -> str:
    return f"{name} (number {number})" if name in taken else name


def side_by_side(expected: Parts, observed: Parts) -> tuple[Component, ...]:
    """Both sides' components; what only one side has is zero on the other."""
    names = [name for name in dict.fromkeys((*expected, *observed)) if name not in _SUMS]
    return tuple(Component(name, expected.get(name, 0), observed.get(name, 0)) for name in (*names, *_SUMS))


def account_to_explain(step: Step, why: str = "") -> Part | None:
    """The account, or the bucket, that a failing step is about.

    One that is not as expected; else one that ``why`` names; else a party to the step; else the one with the least above its
    maintenance margin.
    """
    state, expected = step.after, step.expected_state
    names = [*step.participants, *(name for name in state.accounts if name not in step.participants)]
    for name in names:
        parts = _parts_on_both_sides(name, state, expected)
        if state.accounts[name] != expected.accounts[name]:
            differ = [part for part in parts if part_of(state, part) != part_of(expected, part)]
            return differ[0] if differ else name
        for part in parts:
            if part in step.healths and step.healths[part] != health_of(expected, part):
                return part
    buckets = [part for name in names for part in _parts_on_both_sides(name, state, expected)[1:]]
    for part in buckets:
        if str(part) in why:
            return part
    spoken_of = re.search(rf"(?<![\w-])({'|'.join(map(re.escape, names))})(?![\w-])", why)
    if spoken_of is not None:
        return spoken_of[1]
    if step.participants:
        return step.participants[0]
    distances = []
    for name in names:
        status, risk = health_of(state, name)
        if status == FRESH and risk.maintenance_margin_wad:
            distances.append((risk.equity_wad - risk.maintenance_margin_wad, name))
    return min(distances)[1] if distances else None


def _parts_on_both_sides(name: str, state: State, expected: State) -> list[Part]:
    wanted = parts_of(name, expected.accounts[name])
    return [part for part in parts_of(name, state.accounts[name]) if part in wanted]


def explain(
    check: str, says: str, why: str, steps: Sequence[Step], vocabulary: Vocabulary, trial: Trial | None = None
) -> Explanation:
    """A finding from the steps of its history, the last of which fails, or what a probe tried after it."""
    last = steps[-1]
    account = account_to_explain(last, why)
    start_s = steps[0].before.time_s
    rows = tuple(_row(number, step, start_s, account, vocabulary) for number, step in enumerate(steps, 1))
    parts: tuple[Component, ...] = ()
    if account is not None:
        expected = components(last.expected_state, account)
        view = last.healths[account] or _NO_VIEW if account in last.healths else None
        parts = side_by_side(expected, components(last.after, account, view))
    time_s = last.before.time_s - start_s
    tried = _tried_rows(trial, time_s, start_s, vocabulary) if trial is not None else []
    return Explanation(check, says, why, rows, len(steps), account, parts, tuple(tried))


def explain_refusal(check: str, says: str, why: str, refusal: Refusal, deployment: tuple[str, ...] = ()) -> Explanation:
    """A finding from where a deployment was refused, and what it says otherwise than the parameter file."""
    expected, observed = outcomes_text(Outcome(None, (), ()), refusal.outcome)
    row = StepRow(refusal.number, 0, "deployment", refusal.label, expected, observed)
    return Explanation(check, says, why, (row,), refusal.number, deploying=True, deployment=deployment)


def unlike_the_parameter_file(case: Case) -> tuple[str, ...]:
    """The lines of a case's deployment that the parameter file's does not have."""
    engine = engine_named(case.engine)
    deployments = (engine.default_deployment(), case.deployment or engine.default_deployment())
    usual, own = ([line.strip() for line in engine.write_deployment(each).splitlines()] for each in deployments)
    return tuple(line for line in own if line not in usual)


def _tried_rows(trial: Trial, time_s: int, start_s: int, vocabulary: Vocabulary) -> list[StepRow]:
    rows, way = [], 0
    for act in trial.acts:
        if isinstance(act, Parted):
            way, time_s = act.way, act.time_s - start_s
        elif isinstance(act, Waited):
            time_s = act.time_s - start_s
            rows.append(StepRow(0, time_s, "nobody", f"acts for {number_text(act.after_s, 0)} s", "", "", way=way))
        else:
            rows.append(replace(_tried_row(act, time_s, vocabulary), way=way))
    return rows


def _tried_row(tried: Tried | Asked | Listed, time_s: int, vocabulary: Vocabulary) -> StepRow:
    if isinstance(tried, Listed):
        _, observed = outcomes_text(tried.outcome, tried.outcome)
        return StepRow(0, time_s, tried.caller, f"lists {tried.what}", "", observed)
    if isinstance(tried, Asked):
        return StepRow(0, time_s, "anyone", *asked_text(*tried, vocabulary))
    before, action, outcome = tried
    _, wanted = apply(before, action.kind, action.caller, action.arguments)
    expected, observed = outcomes_text(wanted, outcome)
    return StepRow(0, time_s, action.caller, predicate(action, vocabulary), expected, observed)


def _row(number: int, step: Step, start_s: int, account: Part | None, vocabulary: Vocabulary) -> StepRow:
    act = step.act
    action = predicate(act, vocabulary)
    if not isinstance(act, Bundle) and act.aim is not None:
        action += f" ({aim_text(act.aim)})"
    ratio = ""
    if account is not None:
        ratio = _ratio(step, account)
    expected, observed = outcomes_text(step.expected, step.outcome)
    return StepRow(number, step.before.time_s - start_s, act.caller, action, expected, observed, ratio)


def _ratio(step: Step, account: Part) -> str:
    """An account's or a bucket's margin ratio as the contract's view answers it, else as the reference values what the contract stores."""
    view = step.healths.get(account, health_of(step.after, account))
    if view is None:
        return NO_ANSWER
    return (
        NO_PRICE
        if view.status in UNUSABLE
        else margin_ratio_text(view.risk.equity_wad, view.risk.maintenance_margin_wad)
    )


def _steps_table(explanation: Explanation) -> Table:
    table = _table()
    table.add_column("step", justify="right", no_wrap=True)
    table.add_column("time", justify="right", min_width=4, overflow="fold")
    for name, least in (("actor", 9), ("action", 12), ("expected", 8), ("observed", 8)):
        table.add_column(name, min_width=least, overflow="fold")
    if explanation.account is not None:
        table.add_column("margin ratio", justify="right", min_width=len(NO_ANSWER), max_width=len(NO_ANSWER))
    rows = (*explanation.rows, *explanation.tried[-MOST_TRIED_SHOWN:])
    for row in rows:
        failed = row is rows[-1] if explanation.tried else row.number == explanation.failed
        differs = "bold red" if row.expected and row.expected != row.observed else ""
        table.add_row(
            Text(f"{'> ' if failed else ''}{row.number or TRIED}{f' {row.way}' if row.way else ''}"),
            Text(f"+{duration_text(row.time_s)}" if row.time_s else "0 s"),
            Text(row.actor),
            Text(row.action),
            Text(row.expected),
            Text(row.observed, style=differs),
            *([] if explanation.account is None else [Text(row.margin_ratio)]),
            style="bold" if failed else "",
        )
    return table


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")


def _components_table(parts: Sequence[Component]) -> Table:
    table = _table()
    table.add_column("component", overflow="fold")
    exact = _look_the_same(parts)
    for name in ("expected", "observed", "difference"):
        table.add_column(name, justify="right", overflow="fold")
    for part in parts:
        expected, observed, difference = _amounts(part, exact=exact and part.name in _SUMS)
        if part.name == EQUITY and part is not parts[0]:
            table.add_section()
        style = "bold red" if expected != observed else ""
        table.add_row(Text(part.name), Text(expected), Text(observed, style=style), Text(difference, style=style))
    return table


def _look_the_same(parts: Sequence[Component]) -> bool:
    """Whether equity and a requirement that differ would not be told apart once shortened."""
    sums = [part for part in parts if part.name in _SUMS]
    for side in ([part.expected_wad for part in sums], [part.observed_wad for part in sums]):
        values = {wad for wad in side if wad is not None}
        if len({number_text(wad, WAD_DECIMALS).lstrip("~") for wad in values}) < len(values):
            return True
    return False


def _amounts(part: Component, *, exact: bool) -> tuple[str, str, str]:
    """Expected, observed, and their difference if there is one."""
    expected_wad, observed_wad = part.expected_wad, part.observed_wad
    if expected_wad is None or observed_wad is None:
        return _amount(expected_wad, exact=exact), _amount(observed_wad, exact=exact), ""
    if exact:
        expected, observed = exact_text(expected_wad, WAD_DECIMALS), exact_text(observed_wad, WAD_DECIMALS)
    else:
        expected, observed = pair_text(expected_wad, observed_wad, WAD_DECIMALS)
    difference_wad = observed_wad - expected_wad
    if not difference_wad:
        return expected, observed, ""
    return expected, observed, ("+" if difference_wad > 0 else "") + number_text(difference_wad, WAD_DECIMALS)


def _amount(value_wad: int | None, *, exact: bool) -> str:
    if value_wad is None:
        return UNKNOWN
    return (exact_text if exact else number_text)(value_wad, WAD_DECIMALS)


def render(explanation: Explanation, console: Console) -> None:
    """Print a finding to a console."""
    at = (
        f" {'after' if explanation.tried else 'at'} step {explanation.failed}" if explanation.failed is not None else ""
    )
    if explanation.deploying:
        at = " of the deployment"
    console.print(Text.assemble((explanation.check, "bold red"), (f" does not hold{at}: ", "bold"), explanation.says))
    if explanation.why:
        console.print(Text(explanation.why))
    console.print()
    # A console too narrow for all columns breaks lines; cropped, the last columns would be lost.
    console.print(_steps_table(explanation), crop=False)
    if explanation.deployment:
        console.print()
        console.print(Text("what the deployment says otherwise than the parameter file", style="bold"))
        for line in explanation.deployment[:MOST_LINES_SHOWN]:
            console.print(Text(f"  {line}"))
        if (hidden := len(explanation.deployment) - MOST_LINES_SHOWN) > 0:
            console.print(Text(f"  and {hidden} lines more"))
    if explanation.components:
        console.print()
        at = f" after step {explanation.failed}" if explanation.failed is not None else ""
        console.print(Text(f"{explanation.account}{at}: equity and requirement by component, in quote", style="bold"))
        console.print(_components_table(explanation.components), crop=False)
    console.print()
    legend = "expected: by the reference model. observed: on the chain."
    if explanation.tried:
        hidden = len(explanation.tried) - MOST_TRIED_SHOWN
        legend += f" {TRIED}: tried by the check after step {explanation.failed}, and taken back"
        legend += f" ({hidden} more before it are not shown)." if hidden > 0 else "."
        if any(row.way for row in explanation.tried):
            legend += f" {TRIED} 1, {TRIED} 2: two ways from the same state."
    if explanation.account:
        legend += f" margin ratio: equity / maintenance margin of {explanation.account}; below 1 it may be liquidated."
    console.print(Text(legend, style="dim"))


def plain_text(explanation: Explanation, width: int = PLAIN_WIDTH) -> str:
    """A finding as text without colour."""
    text = StringIO()
    console = Console(file=text, width=width, color_system=None, force_terminal=False, highlight=False, emoji=False)
    render(explanation, console)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def explain_case(case: Case, replayed: Replayed) -> str:
    """A replayed case as text: what was done, what the model expects, what the contracts did."""
    why = replayed.violation.why if replayed.violation is not None else ""
    if replayed.refusal is not None:
        unlike = unlike_the_parameter_file(case)
        return plain_text(explain_refusal(case.check, case.says, why, replayed.refusal, unlike))
    return plain_text(explain(case.check, case.says, why, replayed.steps, vocabulary_of(case), replayed.trial))
