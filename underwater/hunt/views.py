"""Which accounts' health views a step has to read again."""

from __future__ import annotations

from reference.parameters import Parameters
from reference.prices import prices
from reference.state import Account, FeedReading, Part, State, parts_of


class DueViews:
    """Keeps, for every account, what its health view rested on when it was last read.

    A view rests on the account's stored state, on the sources that feed what it holds, on the open interest of its markets where that
    adds to initial margin, on what funding has fallen due, on the parameters, on the code that runs, and on time where it makes a
    price stale. It is due again as soon as any of these has changed: so after every step the view of every account has been read as
    it stands.
    """

    def __init__(self, accounts: tuple[str, ...]) -> None:
        self._names = accounts
        self._read: dict[str, Account] = {}
        self._feeds: dict[str, FeedReading] = {}
        self._accounts: dict[str, Account] = {}
        self._parameters: Parameters | None = None
        self._until_s = -1
        self._implementation = ""
        self._open_interest_wad: tuple[int, ...] = ()
        self._due_wad: tuple[int, ...] = ()
        self._markets_of: dict[str, tuple[int, ...]] = {}
        self._collaterals_of: dict[str, tuple[int, ...]] = {}

    def take(self, state: State) -> tuple[Part, ...]:
        """The accounts and buckets whose views are due in a state; they count as read."""
        if state.parameters is not self._parameters:
            self._take_parameters(state.parameters)
            self._until_s = -1
        if state.implementation is not self._implementation:
            # Other code: nothing that was read is known any more.
            self._implementation = state.implementation
            self._until_s = -1
        if state.time_s > self._until_s:
            due = self._names
            self._until_s = prices(state).until_s
        elif state.feeds is not self._feeds:
            due = self._concerned(state, self._moved(state))
            self._until_s = prices(state).until_s
        elif state.accounts is self._accounts and state.due.per_unit_wad is self._due_wad:
            return ()
        elif moved := self._moved(state):
            due = self._concerned(state, moved)
        else:
            read, accounts = self._read, state.accounts
            due = tuple([name for name in self._names if accounts[name] is not read[name]])
        self._feeds, self._accounts = state.feeds, state.accounts
        self._open_interest_wad, self._due_wad = state.open_interest_wad, state.due.per_unit_wad
        for name in due:
            self._read[name] = state.accounts[name]
        return _with_buckets(state, due)

    def take_all(self, state: State) -> tuple[Part, ...]:
        """Every account and bucket; all count as read."""
        self.take(state)
        self._read = {name: state.accounts[name] for name in self._names}
        return _with_buckets(state, self._names)

    def _concerned(self, state: State, markets: list[int]) -> tuple[str, ...]:
        """Those that have changed, or hold one of these markets or what a changed source feeds."""
        read, accounts = self._read, state.accounts
        collaterals: list[int] = []
        for source, reading in state.feeds.items():
            if reading is not self._feeds[source]:
                markets += self._markets_of.get(source, ())
                collaterals += self._collaterals_of.get(source, ())
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

    def _moved(self, state: State) -> list[int]:
        """The markets whose open interest has changed where it counts, or in which funding has fallen due."""
        now = state.due.per_unit_wad
        if now is self._due_wad:
            return self._rescaled(state)
        fallen = [number for number, (was, due) in enumerate(zip(self._due_wad, now, strict=True)) if was != due]
        return fallen + self._rescaled(state)

    def _rescaled(self, state: State) -> list[int]:
        """The markets whose initial margin is scaled, before or now, and whose open interest has changed."""
        if state.open_interest_wad is self._open_interest_wad:
            return []
        marks = prices(state).marks
        return [
            market
            for market, (before, now) in enumerate(zip(self._open_interest_wad, state.open_interest_wad, strict=True))
            if before != now and max(before, now) > marks[market].unscaled_open_interest_wad
        ]

    def _take_parameters(self, parameters: Parameters) -> None:
        self._parameters = parameters
        markets: dict[str, tuple[int, ...]] = {}
        collaterals: dict[str, tuple[int, ...]] = {}
        for number, market in enumerate(parameters.markets):
            for feed in (market.feed,) if market.second is None else (market.feed, market.second.feed):
                markets[feed.feed] = (*markets.get(feed.feed, ()), number)
        for number, collateral in enumerate(parameters.collaterals):
            if collateral.feed is not None:
                source = collateral.feed.feed
                collaterals[source] = (*collaterals.get(source, ()), number)
        self._markets_of, self._collaterals_of = markets, collaterals


def _with_buckets(state: State, names: tuple[str, ...]) -> tuple[Part, ...]:
    """Accounts, each followed by its buckets."""
    accounts = state.accounts
    for name in names:
        if accounts[name].isolated:
            return tuple([part for one in names for part in parts_of(one, accounts[one])])
    return names
