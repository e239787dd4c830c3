"""Which accounts' health views a step has to read again."""

from __future__ import annotations

from collections.abc import Sequence

from reference.prices import Price, Prices, prices
from reference.state import Account, FeedReading, Part, State, parts_of


class DueViews:
    """Keeps, for every account, what its health view rested on when it was last read.

    A view rests on the account's stored state, on the prices and the parameters of what it holds, on the open interest of its markets
    where that adds to initial margin, on what funding has fallen due, and on the code that runs. It is due again as soon as any of
    these has changed, by whatever it was: so after every step the view of every account has been read as it stands.
    """

    def __init__(self, accounts: tuple[str, ...]) -> None:
        self._names = accounts
        self._read: dict[str, Account] = {}
        self._accounts: dict[str, Account] = {}
        self._feeds: dict[str, FeedReading] = {}
        self._prices: Prices | None = None
        self._implementation = ""
        self._open_interest_wad: tuple[int, ...] = ()
        self._due_wad: tuple[int, ...] = ()

    def take(self, state: State) -> tuple[Part, ...]:
        """The accounts and buckets whose views are due in a state; they count as read."""
        last, accounts = self._prices, state.accounts
        if last is None or state.implementation is not self._implementation:
            # Nothing was read, or by other code: nothing is known.
            due = self._names
            self._prices, self._implementation = prices(state), state.implementation
        else:
            if (
                state.feeds is self._feeds
                and state.parameters is last.parameters
                and state.time_s <= last.until_s
                and state.due.per_unit_wad is self._due_wad
                and state.open_interest_wad is self._open_interest_wad
            ):
                if accounts is self._accounts:
                    return ()
                markets, collaterals = [], []
            else:
                now = self._prices = prices(state)
                markets, collaterals = _repriced(last.marks, now.marks), _repriced(last.collaterals, now.collaterals)
                markets += self._moved(state, now)
            read = self._read
            if markets or collaterals:
                due = self._concerned(accounts, markets, collaterals)
            else:
                due = tuple([name for name in self._names if accounts[name] is not read[name]])
        self._feeds, self._accounts = state.feeds, accounts
        self._open_interest_wad, self._due_wad = state.open_interest_wad, state.due.per_unit_wad
        for name in due:
            self._read[name] = accounts[name]
        return _with_buckets(state, due)

    def take_all(self, state: State) -> tuple[Part, ...]:
        """Every account and bucket; all count as read."""
        self.take(state)
        self._read = {name: state.accounts[name] for name in self._names}
        return _with_buckets(state, self._names)

    def _concerned(self, accounts: dict[str, Account], markets: list[int], collaterals: list[int]) -> tuple[str, ...]:
        """Those that have changed, or hold one of these markets or collaterals."""
        read = self._read
        due = []
        for name in self._names:
            account = accounts[name]
            if account is read[name]:
                sizes, units = account.sizes_wad, account.units
                for market in markets:
                    if sizes[market]:
                        break
                else:
                    for collateral in collaterals:
                        if units[collateral]:
                            break
                    else:
                        continue
            due.append(name)
        return tuple(due)

    def _moved(self, state: State, now: Prices) -> list[int]:
        """The markets whose open interest has changed where it adds to initial margin, or in which funding has fallen due."""
        moved, due_wad, open_interest_wad = [], state.due.per_unit_wad, state.open_interest_wad
        if due_wad is not self._due_wad:
            moved = [market for market, (was, due) in enumerate(zip(self._due_wad, due_wad, strict=True)) if was != due]
        if open_interest_wad is not self._open_interest_wad:
            moved += [
                market
                for market, (was, size) in enumerate(zip(self._open_interest_wad, open_interest_wad, strict=True))
                if was != size and max(was, size) > now.marks[market].unscaled_open_interest_wad
            ]
        return moved


def _repriced(last: Sequence[Price | None], now: Sequence[Price | None]) -> list[int]:
    """The places of what is worth something else now, or counts in another way."""
    if last is now:
        return []
    return [
        place
        for place, (was, price) in enumerate(zip(last, now, strict=True))
        if was is not price
        and was is not None
        and price is not None
        and not (was.of is price.of and was.status == price.status and was.lenient == price.lenient)
    ]


def _with_buckets(state: State, names: tuple[str, ...]) -> tuple[Part, ...]:
    """Accounts, each followed by its buckets."""
    accounts = state.accounts
    for name in names:
        if accounts[name].isolated:
            return tuple([part for one in names for part in parts_of(one, accounts[one])])
    return names
