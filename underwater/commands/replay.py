"""`ape underwater replay`."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import click

from underwater.case.baseline import met_cause, read_baseline, today
from underwater.case.file import Case, read_case, vocabulary_of
from underwater.checks import check_named
from underwater.commands import cli, plain_errors
from underwater.engine.registry import engine_named
from underwater.hunt.arena import Arena
from underwater.hunt.confirm import compare
from underwater.hunt.replay import Replayed, replay
from underwater.report.console import acceptance_text
from underwater.report.table import explain_case
from underwater.report.words import outcome_text, phrase

STILL_FAILS, FIXED, NO_LONGER_APPLIES = "still fails", "fixed", "no longer applies"


class Verdict(NamedTuple):
    """What became of a case, why in a line, and (where it still fails) the finding as a table."""

    word: str
    why: str
    table: str = ""
    elsewhere: str = ""
    """What another network made of it, if one was asked."""


@cli.command("replay")
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--network", help="Ape network to run it on as well, such as ethereum:local:foundry.")
@click.option("--sound", is_flag=True, help="Leave out the planted fault that a case was found with.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Findings in this file are told of and do not count.")
@plain_errors
def replay_command(cases: tuple[Path, ...], network: str | None, sound: bool, baseline: Path | None) -> None:
    """Run saved cases again: each still fails, is fixed, or no longer applies.

    A case that was found with a planted fault is run with it, unless --sound leaves it out. One case is shown as a table if it still
    fails, of several each gets its verdict. Exit 1 if any still fails.
    """
    read = [(path, read_case(path)) for path in cases]
    for _, case in read:
        check_named(case.check)
    engines = {case.engine for _, case in read}
    baselines = {engine: read_baseline(baseline, engine, today()) for engine in engines} if baseline else {}
    verdicts: Counter[str] = Counter()
    accepted = 0
    for path, case in read:
        verdict = _verdict(case, network, sound)
        verdicts[verdict.word] += 1
        click.echo(f"{path}: {verdict.word}: {case.check}, {case.says}")
        if case.fault is not None:
            click.echo(f"  {'without' if sound else 'with'} the planted fault '{case.fault}' that it was found with")
        if verdict.table and len(read) == 1:
            click.echo("\n" + verdict.table.rstrip("\n"))
        else:
            click.echo(f"  {verdict.why}")
        if verdict.elsewhere:
            click.echo(f"  {verdict.elsewhere}")
        if verdict.word == STILL_FAILS and baselines:
            acceptance = baselines[case.engine].acceptance(met_cause(path))
            if acceptance is not None:
                click.echo(f"  {acceptance_text(acceptance)}")
                accepted += not acceptance.is_over
    if len(read) > 1:
        counted = ", ".join(f"{word} {verdicts[word]}" for word in (STILL_FAILS, FIXED, NO_LONGER_APPLIES))
        click.echo(f"Of {len(read)} cases: {counted}{f' ({accepted} accepted)' if accepted else ''}.")
    sys.exit(1 if verdicts[STILL_FAILS] > accepted else 0)


def _verdict(case: Case, network: str | None, sound: bool) -> Verdict:
    engine = engine_named(case.engine)
    deployment = engine.default_deployment() if case.deployment is None else case.deployment
    artifacts = engine.artifacts(None if sound else case.fault)
    replayed = replay(Arena(engine, deployment, artifacts), case.blocks, check_named(case.check))
    elsewhere = ""
    if network is not None:
        from underwater.chain.ape import connected

        with connected(network) as chain:
            differs, left_out = compare(chain, engine, deployment, artifacts, case.blocks, replayed.trial)
        elsewhere = f"A divergence between chains: {differs}" if differs else f"The same on {network}"
        elsewhere += ", but for what the check tried itself: no block has room for it." if left_out else "."
    if replayed.violation is not None:
        return Verdict(STILL_FAILS, replayed.violation.why, explain_case(case, replayed), elsewhere)
    if replayed.refusal is not None:
        why = f"its deployment cannot be made any more: {replayed.refusal.words}"
        return Verdict(NO_LONGER_APPLIES, why, elsewhere=elsewhere)
    if case.deploying:
        return Verdict(FIXED, "the deployment is accepted, and the check holds", elsewhere=elsewhere)
    # What was accepted when the case was found and is refused now: the history no longer leads where it led.
    # Not so the failing act itself: refusing it may be how it was fixed.
    failing_act = set() if case.by_probe else {len(replayed.steps)}
    newly_refused = sorted(set(replayed.refused) - set(case.refused) - failing_act)
    if newly_refused:
        why = f"{_told(case, replayed, newly_refused[0])}; when the case was found, it was done"
        return Verdict(NO_LONGER_APPLIES, why, elsewhere=elsewhere)
    if not replayed.steps:
        return Verdict(FIXED, "the check holds, and was not asked of any step", elsewhere=elsewhere)
    failing = min(case.step or len(replayed.steps), len(replayed.steps))
    return Verdict(FIXED, f"{_told(case, replayed, failing)}, and the check holds", elsewhere=elsewhere)


def _told(case: Case, replayed: Replayed, number: int) -> str:
    """What a step is and what came of it, in words."""
    step = replayed.steps[number - 1]
    return f"step {number}, {phrase(step.act, vocabulary_of(case))}: {outcome_text(step.outcome)}"
