"""What `ape underwater` offers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from underwater.errors import EnvironmentFailure, UserError


def plain_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """A user's mistake, or an environment that failed, is one line and an exit code, never a traceback."""

    @wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except (UserError, EnvironmentFailure) as failure:
            click.echo(f"ERROR: {failure}", err=True)
            sys.exit(failure.exit_code)
        except KeyboardInterrupt:
            click.echo("Interrupted. Findings that were met are on disk, unshrunk.", err=True)
            sys.exit(130)

    return wrapped


@click.group()
def cli() -> None:
    """Hunt for what leaves a margin engine underwater."""


from underwater.commands import accept, checks, hunt, replay, zoo  # noqa: E402, F401 (each adds its command to the group)
