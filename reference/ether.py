"""Ether outside the engine: who has how much of it, and who takes none (section 19). The world's, as tokens are."""

from __future__ import annotations

from typing import NamedTuple

GATEWAY = "gateway"
"""E1: the operator that wraps and unwraps."""
WRAPPED = "wrapped-ether"
"""The token that wraps ether, as a holder of it."""

_NOBODY: dict[str, int] = {}


class Ether(NamedTuple):
    """Ether by holder, in wei."""

    wei: dict[str, int] = _NOBODY
    """Treated as immutable; empty where nothing wraps ether."""
    contract: str = ""
    """The account that is a contract, and so can refuse it."""
    is_refused: bool = False
    """Whether it does."""

    def moved(self, payer: str, payee: str, amount_wei: int) -> Ether:
        """After a payment."""
        wei = {**self.wei, payer: self.wei[payer] - amount_wei}
        wei[payee] += amount_wei
        return self._replace(wei=wei)

    def is_refused_by(self, account: str) -> bool:
        """Whether ether cannot be delivered to an account."""
        return self.is_refused and account == self.contract


NO_ETHER = Ether()
