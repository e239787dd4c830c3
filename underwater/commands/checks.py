"""`ape underwater checks`."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import click

from underwater.checks import catalogue
from underwater.commands import cli, plain_errors
from underwater.engine.artifacts import PROJECT
from underwater.errors import UserError
from underwater.report.console import shown_path


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
    counted: _Counted | None = None
    if json_path is not None:
        counted = _counts(json_path)
        click.echo(f"Counts are of {counted.hunt}: {shown_path(json_path)}\n")
    click.echo(f"{'check':<11} {'evaluated':>11} {'exercised':>11}  sentence")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    for check in sorted(catalogue(), key=lambda check: check.id):
        star = " " if check.uses_model else "*"
        head = f"{check.id + star:<11} {'':>11} {'':>11}  "
        if counted is not None:
            evaluated, exercised = counted.checks.get(check.id, (None, 0))
            if evaluated is None:
                head = f"{check.id + star:<11} {'not asked':>11} {'':>11}  "
            else:
                head = f"{check.id + star:<11} {evaluated:>11,} {f'{exercised:,}' if exercised else 'NEVER':>11}  "
        lines = textwrap.wrap(check.sentence, max(24, width - len(head))) or [""]
        click.echo(head + ("\n" + " " * len(head)).join(lines))
    click.echo("\n* judges by a sentence of its own, not by whether contract and reference agree.")


class _Counted(NamedTuple):
    """What a hunt was, in words, and how often it evaluated and exercised each check."""

    hunt: str
    checks: dict[str, tuple[int, int]]


def _counts(path: Path) -> _Counted:
    """The counts of a hunt's summary."""
    try:
        summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        fault = f"with the planted fault '{summary['fault']}'" if summary["fault"] else "as it stands"
        hunt = f"{summary['steps']:,} steps on the engine '{summary['engine']}' {fault}, seed {summary['seed']}"
        checks = {
            check_id: (int(count["evaluated"]), int(count["exercised"]))
            for check_id, count in summary["checks"].items()
        }
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path}: is no summary of a hunt") from None
    return _Counted(hunt, checks)
