"""How a configuration is refused (P7)."""

from __future__ import annotations


class Unsafe(Exception):  # noqa: N818 (a refusal, as in ``rejection``)
    """A configuration is refused: ``name`` is P7's name of the parameter, ``reason`` says why in words."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


def require(holds: bool, name: str, reason: str) -> None:
    """Raises ``Unsafe`` unless something holds."""
    if not holds:
        raise Unsafe(name, reason)
