"""Tempers: how often the participants of one sequence try what, and whether liquidators come."""

from __future__ import annotations

from typing import NamedTuple


class Temper(NamedTuple):
    """How participants of one sequence behave: weights of kinds, and whether liquidators come."""

    weights: tuple[tuple[str, int], ...]
    liquidators_come: bool


_ORDINARY = (
    ("deposit", 14),
    ("withdraw", 16),
    ("trade", 34),
    ("settle", 5),
    ("accrue_funding", 2),
    ("isolate", 4),
    ("join", 2),
    ("move_margin", 5),
    ("liquidate", 3),
    ("seize", 3),
    ("set_operator", 3),
    ("fund_insurance", 2),
    ("collect_fees", 3),
    ("donate", 2),
    ("governance", 6),
    ("roles", 3),
    ("upgrades", 2),
    ("request_order", 2),
    ("execute_order", 2),
    ("cancel_order", 1),
    ("guards", 3),
    ("delegation", 3),
    ("ether", 9),
)
_TRADING = (("deposit", 8), ("withdraw", 10), ("trade", 60), ("settle", 5), ("liquidate", 5), ("seize", 3), ("governance", 2),
            ("accrue_funding", 2), ("isolate", 4), ("join", 1), ("move_margin", 4), ("fund_insurance", 1),
            ("collect_fees", 1), ("upgrades", 1), ("request_order", 2), ("execute_order", 2), ("cancel_order", 1),
            ("guards", 1), ("delegation", 2), ("ether", 6))  # fmt: skip
_CHURNING = (("deposit", 15), ("withdraw", 20), ("trade", 20), ("settle", 5), ("liquidate", 3), ("seize", 3), ("set_operator", 8),
             ("accrue_funding", 4), ("isolate", 5), ("join", 5), ("move_margin", 5),
             ("governance", 20), ("roles", 8), ("donate", 4), ("collect_fees", 4),
             ("fund_insurance", 4), ("upgrades", 2), ("request_order", 2), ("execute_order", 2), ("cancel_order", 2),
             ("guards", 8), ("delegation", 4), ("ether", 9))  # fmt: skip
TEMPERS = (
    Temper(_ORDINARY, True),
    Temper(_ORDINARY, False),
    Temper(_TRADING, True),
    Temper(_TRADING, True),
    Temper(_CHURNING, True),
)


def cumulative(weights: tuple[tuple[str, int], ...]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The kinds, and the running sums of their weights, as ``Choices.weighted`` takes them."""
    total, sums = 0, []
    for _, weight in weights:
        total += weight
        sums.append(total)
    return tuple(kind for kind, _ in weights), tuple(sums)
