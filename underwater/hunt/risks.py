"""The reference's valuations, kept while nothing that they rest on has changed."""

from __future__ import annotations

from reference.margin import Health, health
from reference.parameters import Parameters
from reference.prices import FRESH, status_of
from reference.state import Account, FeedReading, State


class Risks:
    """Health of accounts by the reference.

    A value is kept for the same account, sources and parameters (by identity: they are immutable), as long as every price that it
    rests on stays fresh. What is not ``FRESH`` is never kept.
    """

    def __init__(self) -> None:
        self._feeds: dict[str, FeedReading] | None = None
        self._parameters: Parameters | None = None
        self._kept: dict[int, tuple[Account, Health, int]] = {}
        self._broken: tuple[str | None, int] = (None, -1)

    def _forget_if_changed(self, state: State) -> None:
        if state.feeds is not self._feeds or state.parameters is not self._parameters:
            self._feeds, self._parameters = state.feeds, state.parameters
            self._kept.clear()
            self._broken = (None, -1)

    def broken_source(self, state: State) -> str | None:
        """A source that some use of it finds unusable now, if there is one."""
        self._forget_if_changed(state)
        source, until_s = self._broken
        if state.time_s <= until_s:
            return source
        until_s = 1 << 62
        parameters, now_s = state.parameters, state.time_s
        uses = [market.feed for market in parameters.markets]
        uses += [collateral.feed for collateral in parameters.collaterals if collateral.feed is not None]
        for feed in uses:
            reading = state.feeds[feed.feed]
            if status_of(feed, reading, now_s) != FRESH:
                return feed.feed
            until_s = min(until_s, reading.updated_at_s + feed.heartbeat_s)
        self._broken = (None, until_s)
        return None

    def __call__(self, state: State, name: str) -> Health:
        """Health of an account in a state."""
        account = state.accounts[name]
        self._forget_if_changed(state)
        kept = self._kept.get(id(account))
        if kept is not None and kept[0] is account and state.time_s <= kept[2]:
            return kept[1]
        found = health(state, account)
        if found.status == FRESH:
            if len(self._kept) > 64:
                self._kept.clear()
            self._kept[id(account)] = (account, found, self._fresh_until_s(state, account))
        return found

    def _fresh_until_s(self, state: State, account: Account) -> int:
        parameters, feeds = state.parameters, state.feeds
        until_s = 1 << 62
        for number, size in enumerate(account.sizes_wad):
            if size:
                feed = parameters.markets[number].feed
                until_s = min(until_s, feeds[feed.feed].updated_at_s + feed.heartbeat_s)
        for number, units in enumerate(account.units):
            if units:
                configured = parameters.collaterals[number].feed
                assert configured is not None
                until_s = min(until_s, feeds[configured.feed].updated_at_s + configured.heartbeat_s)
        return until_s
