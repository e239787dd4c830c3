"""`ape underwater accept`."""

from __future__ import annotations

from pathlib import Path

import click

from underwater.case.baseline import add_entries, cause_text, met_cause, today
from underwater.case.file import read_case
from underwater.commands import cli, plain_errors
from underwater.document import iso_day, write_whole
from underwater.errors import UserError


@cli.command("accept")
@click.argument("cases", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--reason", required=True, help="Why it is accepted.")
@click.option("--until", "until_text", required=True, help="The last day on which it is, such as 2027-01-31.")
@click.option("--baseline", type=click.Path(path_type=Path), required=True, help="The file to add it to.")
@plain_errors
def accept_command(cases: tuple[Path, ...], reason: str, until_text: str, baseline: Path) -> None:
    """Accept findings for a while: hunts with this baseline tell of them, and do not fail.

    Each case is run again to see what it fails. The file is made if there is none; what stands in it stays as it is.
    """
    until = iso_day(until_text)
    if until is None:
        raise UserError(f"--until '{until_text}': is not a date: write it like 2027-01-31")
    if until < today():
        raise UserError(f"--until {until}: is over already")
    engines = {read_case(path).engine for path in cases}
    if len(engines) > 1:
        raise UserError(f"the cases are of several engines ({', '.join(sorted(engines))}): a baseline is of one")
    causes = list(dict.fromkeys(met_cause(path) for path in cases))
    write_whole(baseline, add_entries(baseline, engines.pop(), causes, reason, until))
    for cause in causes:
        click.echo(f"{baseline}: accepts {cause_text(cause)} until {until}")
