"""The reference's valuations, kept while nothing that they rest on has changed."""

from __future__ import annotations

from reference.margin import Health, health
from reference.parameters import Parameters
from reference.prices import FRESH
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

    def __call__(self, state: State, name: str) -> Health:
        """Health of an account in a state."""
        account = state.accounts[name]
        if state.feeds is not self._feeds or state.parameters is not self._parameters:
            self._feeds, self._parameters = state.feeds, state.parameters
            self._kept.clear()
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
