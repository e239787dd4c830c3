"""The two ways a command can fail that are not findings. Each is one clear line for the user."""

from __future__ import annotations


class UserError(Exception):
    """Something the user gave cannot be used. The message says what, where and what to do. Exit code 2."""

    exit_code = 2


class EnvironmentFailure(Exception):  # noqa: N818 (the name is a noun of its own)
    """Something around the run failed: a node went away, a compiler is missing. Exit code 3."""

    exit_code = 3
