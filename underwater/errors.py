"""The two ways a command can fail that are not findings. Each is one clear line for the user."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Something the user gave cannot be used. The message says what, where and what to do. Exit code 2."""

    exit_code = 2


class EnvironmentFailure(Exception):  # noqa: N818 (the name is a noun of its own)
    """Something around the run failed: a node went away, a compiler is missing. Exit code 3."""

    exit_code = 3


def unknown(noun: str, name: str, known: Iterable[str]) -> UserError:
    """The error to raise where a name stands for nothing: what was meant, if that can be guessed, and all known ones."""
    names = sorted(known)
    near = get_close_matches(name, names, 1)
    meant = f" (did you mean '{near[0]}'?)" if near else ""
    return UserError(f"unknown {noun} '{name}'{meant}; known are {', '.join(names) or 'none'}")
