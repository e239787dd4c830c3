"""Sums over all accounts, brought from one step to the next by the accounts that changed."""

from __future__ import annotations

from operator import add, sub
from typing import NamedTuple

from reference.state import Account


class Totals(NamedTuple):
    """Settlement quote (cash, margins and position quotes); units per collateral; signed sizes and longs alone per market."""

    quote_wad: int
    units: tuple[int, ...]
    net_wad: tuple[int, ...]
    longs_wad: tuple[int, ...]


def _part(account: Account) -> tuple[int, ...]:
    """What one account adds to the sums, in a row."""
    sizes = account.sizes_wad
    return (
        account.cash_wad + sum(account.quotes_wad) + sum([margin_wad for _, margin_wad in account.isolated]),
        *account.units,
        *sizes,
        *[size if size > 0 else 0 for size in sizes],
    )


class _Ledger:
    """Every account's part and their sum. Accounts are compared by identity: they are never changed in place."""

    def __init__(self, accounts: dict[str, Account]) -> None:
        self.accounts = accounts
        self.parts = {name: _part(account) for name, account in accounts.items()}
        self.sums = tuple(map(sum, zip(*self.parts.values(), strict=True)))

    def move_to(self, accounts: dict[str, Account]) -> None:
        """Take over another mapping of the same names."""
        before, parts, sums = self.accounts, self.parts, self.sums
        for name, account in accounts.items():
            if account is not before[name]:
                part = _part(account)
                sums = tuple(map(add, sums, map(sub, part, parts[name])))
                parts[name] = part
        self.accounts, self.sums = accounts, sums

    def totals(self) -> Totals:
        """The sums by name."""
        account = next(iter(self.accounts.values()))
        sizes_at = 1 + len(account.units)
        longs_at = sizes_at + len(account.sizes_wad)
        sums = self.sums
        return Totals(sums[0], sums[1:sizes_at], sums[sizes_at:longs_at], sums[longs_at:])


_ledger: _Ledger | None = None
_kept: list[tuple[dict[str, Account], Totals]] = []
"""The last two: a step asks for those before it and after it."""


def totals_of(accounts: dict[str, Account]) -> Totals:
    """The sums over all accounts of a state."""
    global _ledger
    for kept, totals in _kept:
        if kept is accounts:
            return totals
    ledger, _ledger = _ledger, None  # half moved, it would be wrong for good
    if ledger is not None and ledger.accounts.keys() == accounts.keys() and _same_shape(ledger.accounts, accounts):
        ledger.move_to(accounts)
    else:
        ledger = _Ledger(accounts)
    _ledger = ledger
    totals = ledger.totals()
    _kept.insert(0, (accounts, totals))
    del _kept[2:]
    return totals


def _same_shape(one: dict[str, Account], other: dict[str, Account]) -> bool:
    first, second = next(iter(one.values())), next(iter(other.values()))
    return len(first.units) == len(second.units) and len(first.sizes_wad) == len(second.sizes_wad)
