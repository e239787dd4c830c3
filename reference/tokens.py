"""Tokens that behave badly (section 18): what of a transfer arrives, and which transfers a token refuses.

Tokens are the world's: the engine meets what they do, and has no say in it.
"""

from __future__ import annotations

from typing import NamedTuple

from reference.rounding import WAD


class Token(NamedTuple):
    """How a collateral's token behaves now."""

    is_paused: bool = False
    fee_rate_wad: int = 0
    """What of a transfer is destroyed; all of it from one on."""
    refused: frozenset[str] = frozenset()
    """Who neither sends nor receives."""
    calls_back: bool = False
    """Whether it calls whom a transfer concerns. Nothing that rules decide rests on it: while an action runs, all else is refused (G1)."""

    @property
    def is_plain(self) -> bool:
        """Whether every transfer that its sender can pay goes through and arrives whole."""
        return not (self.is_paused or self.fee_rate_wad or self.refused)

    def refuses(self, holder: str) -> bool:
        """Whether a transfer from or to this holder is refused; what the holder has aside."""
        return self.is_paused or holder in self.refused

    def received_units(self, units: int) -> int:
        """What arrives of so many units: the fee is rounded down."""
        return units - units * min(self.fee_rate_wad, WAD) // WAD


PLAIN = Token()
