"""`ape underwater checks`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from underwater.checks import catalogue
from underwater.commands import cli, plain_errors
from underwater.engine.artifacts import PROJECT
from underwater.errors import UserError


@cli.command("checks")
@click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path),
    help="A hunt's summary to take the counts from. [default: the last run]",
)
@plain_errors
def checks_command(json_path: Path | None) -> None:
    """List every check: its sentence, and how often the last hunt evaluated and exercised it."""
    if json_path is None:
        summaries = sorted((PROJECT / "runs").glob("*/summary.json"), key=lambda path: path.stat().st_mtime)
        json_path = summaries[-1] if summaries else None
    counts = {}
    if json_path is not None:
        counts = _counts(json_path)
        click.echo(f"Counts are from {json_path}.\n")
    click.echo(f"{'check':<11} {'evaluated':>11} {'exercised':>11}  sentence")
    for check in sorted(catalogue(), key=lambda check: check.id):
        evaluated, exercised = counts.get(check.id, (0, 0))
        star = " " if check.uses_model else "*"
        click.echo(f"{check.id + star:<11} {evaluated:>11,} {exercised:>11,}  {check.sentence}")
    click.echo("\n* needs no reference model, and so holds a foreign engine to account too.")


def _counts(path: Path) -> dict[str, tuple[int, int]]:
    """How often each check was evaluated and exercised, by a hunt's summary."""
    try:
        checks = json.loads(path.read_text(encoding="utf-8"))["checks"]
        return {check_id: (int(count["evaluated"]), int(count["exercised"])) for check_id, count in checks.items()}
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path}: is no summary of a hunt") from None
