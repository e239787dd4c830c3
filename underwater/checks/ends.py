"""What the ways of a probe come to, and how two of them differ, in words for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reference.funding import written_down
from reference.margin import Health
from reference.rounding import floor_to_multiple
from reference.state import Part, State, parts_of
from underwater.actions import Outcome
from underwater.checks import Probe, quote, tokens
from underwater.checks.differences import differences_between


class End(NamedTuple):
    """What a way came to: what the contract stores, and what it says of some accounts and their buckets."""

    state: State
    healths: dict[Part, Health | None]


def end_of(probe: Probe, names: Sequence[str]) -> End:
    """The end of a way: everything stored, and the views of these accounts and their buckets."""
    state = probe.state
    parts = [part for name in names for part in parts_of(name, state.accounts[name])]
    return End(state, {part: probe.health(part) for part in parts})


def ends_apart(one: End, other: End, words: tuple[str, str]) -> str:
    """What differs between two ends, in words; empty if nothing does. ``words`` name the two ways."""
    left, right = as_written_down(one.state), as_written_down(other.state)
    found = []
    for name, account in left.accounts.items():
        if account != right.accounts[name]:
            changes = differences_between(account, right.accounts[name], words)
            found += [f"{name}'s {change}" for change in changes]
    found += differences_between(left, right, words)
    for holder, wallet in left.wallets.items():
        for number, (mine, theirs) in enumerate(zip(wallet, right.wallets[holder], strict=True)):
            if mine != theirs:
                amounts = tokens(left, number, mine), tokens(left, number, theirs)
                found.append(f"{holder}'s wallet: {words[0]} {amounts[0]}, {words[1]} {amounts[1]}")
    if left.operators != right.operators:
        found.append("approvals")
    for part, health in one.healths.items():
        if not found and health != other.healths[part]:
            said = [_words(view) for view in (health, other.healths[part])]
            found.append(f"how {part} is seen: {words[0]} {said[0]}, {words[1]} {said[1]}")
    return "; ".join(found)


def as_written_down(state: State) -> State:
    """The state with all funding written down now. When it was, and in which second of its interval the index was read, is nobody's
    loss: what is due follows from either (F2, F3).
    """
    moved = []
    for market, stored in zip(state.parameters.markets, state.funding, strict=True):
        read_at_s = floor_to_multiple(stored.index_read_at_s, market.funding.interval_s)
        moved.append(written_down(market, stored, state.time_s)._replace(index_read_at_s=read_at_s))
    return state._replace(funding=tuple(moved))


def _words(health: Health | None) -> str:
    if health is None:
        return "no answer"
    equity, initial, maintenance = map(quote, health.risk)
    return f"status {health.status}, equity {equity}, margins {initial} and {maintenance}"


def told_apart(one: Sequence[Outcome], other: Sequence[Outcome], words: tuple[str, str]) -> str:
    """What differs between what was done and refused on two ways; empty if nothing does."""
    if [outcome.error for outcome in one] == [outcome.error for outcome in other]:
        return ""
    return ", ".join(f"{word} {' and '.join(map(told, way))}" for word, way in zip(words, (one, other), strict=True))


def told(outcome: Outcome) -> str:
    """What came of one action, in a word or two."""
    return "done" if outcome.error is None else f"refused ({outcome.error})"
