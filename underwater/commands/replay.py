"""`ape underwater replay`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from underwater.case.file import Case, read_case
from underwater.checks import check_named
from underwater.commands import cli, plain_errors
from underwater.engine.registry import engine_named
from underwater.hunt.arena import Arena
from underwater.hunt.confirm import divergence
from underwater.hunt.replay import replay
from underwater.report.table import explain_case

STILL_FAILS, FIXED, NO_LONGER_APPLIES = "still fails", "fixed", "no longer applies"


@cli.command("replay")
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--network", help="Ape network to run it on as well, such as ethereum:local:foundry.")
@click.option("--sound", is_flag=True, help="Leave out the planted fault that a case was found with.")
@plain_errors
def replay_command(cases: tuple[Path, ...], network: str | None, sound: bool) -> None:
    """Run saved cases again: each still fails, is fixed, or no longer applies. Exit 1 if any still fails."""
    read = [(path, read_case(path)) for path in cases]
    worst = 0
    for path, case in read:
        verdict, text = _verdict(case, network, sound)
        click.echo(f"{path}: {verdict}: {case.check}, {case.says}")
        if text:
            click.echo(text)
        worst = max(worst, 1 if verdict == STILL_FAILS else 0)
    sys.exit(worst)


def _verdict(case: Case, network: str | None, sound: bool) -> tuple[str, str]:
    check = check_named(case.check)
    engine = engine_named(case.engine)
    deployment = engine.default_deployment() if case.deployment is None else case.deployment
    artifacts = engine.artifacts(None if sound else case.fault)
    replayed = replay(Arena(engine, deployment, artifacts), case.blocks, check)
    text = ""
    if replayed.violation is not None:
        text = explain_case(case, replayed)
    if network is not None:
        from underwater.chain.ape import connected

        with connected(network) as chain:
            differs = divergence(chain, engine, deployment, artifacts, case.blocks)
        text += f"\nA divergence between chains: {differs}" if differs else f"\nThe same on {network}."
    if replayed.violation is not None:
        return STILL_FAILS, text
    # What was accepted when the case was found and is refused now: the history no longer leads where it led.
    newly_refused = set(replayed.refused) - set(case.refused) - {len(replayed.steps)}
    return NO_LONGER_APPLIES if newly_refused else FIXED, text
