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
        try:
            counts = json.loads(json_path.read_text(encoding="utf-8"))["checks"]
        except OSError as error:
            raise UserError(f"{json_path}: cannot be read: {error.strerror}") from None
        except (ValueError, KeyError):
            raise UserError(f"{json_path}: is no summary of a hunt") from None
        click.echo(f"Counts are from {json_path}.\n")
    click.echo(f"{'check':<11} {'evaluated':>11} {'exercised':>11}  sentence")
    for check in sorted(catalogue(), key=lambda check: check.id):
        count = counts.get(check.id, {"evaluated": 0, "exercised": 0})
        star = " " if check.uses_model else "*"
        click.echo(f"{check.id + star:<11} {count['evaluated']:>11,} {count['exercised']:>11,}  {check.sentence}")
    click.echo("\n* needs no reference model, and so holds a foreign engine to account too.")
