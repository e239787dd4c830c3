"""Short ways to call a command, and the planted fault that is hunted here."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from underwater.commands import cli

FAULT = "withdraw-skips-margin"
STEPS = "1500"
SEED = "10"
"""One whose first finding is three plain steps and a withdrawal."""


def run(*arguments: str | Path) -> Result:
    """A command in this process."""
    return CliRunner(mix_stderr=False).invoke(cli, list(map(str, arguments)))


def hunt(runs: Path, *arguments: str | Path) -> Result:
    return run("hunt", "--runs", runs, "--workers", "1", "--network", "none", *arguments)


def said(result: Result) -> str:
    """The one line of a command that cannot do what it should."""
    assert isinstance(result.exception, SystemExit), result.exception
    (line,) = result.stderr.splitlines()
    assert line.startswith("ERROR: ")
    return line.removeprefix("ERROR: ")
