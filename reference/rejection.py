"""How a rule refuses an action."""

from __future__ import annotations


class Rejected(Exception):  # noqa: N818 (a refusal is an outcome, not an error of the program)
    """An action was refused: the error's name and arguments as the specification's section 14 states them."""

    def __init__(self, error: str, *arguments: object) -> None:
        super().__init__(error, *arguments)
        self.error = error
        self.arguments = arguments


def refused_without_a_word() -> Rejected:
    """How a call ends where whoever refuses it says nothing."""
    return Rejected("Reverted", "0x")
