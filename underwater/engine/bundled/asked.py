"""Views of a market, a collateral or the engine that answer numbers alone, by what they are about."""

from __future__ import annotations

from typing import NamedTuple

from underwater.engine.abi import selector


class View(NamedTuple):
    """A view as it is asked: ``of`` is ``market`` or ``collateral`` where it takes a number, ``words`` how many it answers at least."""

    selector: bytes
    of: str | None
    words: int


_FUNCTIONS = (
    ("trading status", "tradingStatus(uint256)", "market", 1),
    ("outflow available", "outflowAvailable(uint256)", "collateral", 1),
    ("breaker", "breakerOf(uint256)", "market", 4),
    ("outflow limit", "outflowLimitOf(uint256)", "collateral", 2),
    ("pause parameters", "pauseParameters()", None, 3),
    ("last pause", "lastPause()", None, 3),
    ("open interest", "openInterest(uint256)", "market", 1),
    ("pool", "poolUnits(uint256)", "collateral", 1),
    ("funding", "fundingOf(uint256)", "market", 3),
    ("mark", "markOf(uint256)", "market", 5),
    ("market", "marketAt(uint256)", "market", 1),
    ("collateral", "collateralAt(uint256)", "collateral", 1),
)
ASKED = {name: View(selector(function), of, count) for name, function, of, count in _FUNCTIONS}
"""Sections 11 and 15: what can be asked with one number or none."""
