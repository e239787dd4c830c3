"""Which health views are due: those for which anything that they rest on has changed, and no others."""

from __future__ import annotations

import pytest

from reference.machine import apply, apply_all, at_time
from reference.margin import Health, health_of
from reference.prices import STALE
from reference.rounding import WAD
from reference.state import Part, State, parts_of
from tests.hunt.support import arena, drawn
from underwater.actions import actions_of
from underwater.engine.bundled.actors import ACCOUNTS
from underwater.hunt.views import DueViews

BTC_PERP, ETH_PERP = 0, 1
USDC, WETH = 0, 2


def _do(state: State, kind: str, caller: str, *arguments: object) -> State:
    after, outcome = apply(state, kind, caller, arguments)
    assert outcome.error is None, outcome
    return after


def _traded() -> State:
    """trader-1 is long and maker short in BTC-PERP; trader-2 holds WETH alone."""
    state = arena().start
    state = _do(state, "deposit", "trader-1", "trader-1", USDC, 10**11)
    state = _do(state, "deposit", "maker", "maker", USDC, 10**12)
    state = _do(state, "deposit", "trader-2", "trader-2", WETH, 10**18)
    return _do(state, "trade", "matcher", BTC_PERP, "trader-1", "maker", 10**17, 60_000 * 10**18)


def _read(state: State) -> DueViews:
    due = DueViews(ACCOUNTS)
    assert due.take(state) == ACCOUNTS
    assert due.take(state) == ()
    return due


def test_after_an_action_those_whose_account_changed_are_due() -> None:
    state = _traded()
    due = _read(state)
    state = _do(state, "deposit", "trader-3", "trader-3", USDC, 1)
    assert due.take(state) == ("trader-3",)
    assert due.take(state) == ()


def test_after_a_refusal_nobody_is_due() -> None:
    state = _traded()
    due = _read(state)
    after, outcome = apply(state, "withdraw", "trader-3", ("trader-3", USDC, 1))
    assert outcome.error is not None
    assert due.take(after) == ()


def test_after_a_price_those_who_hold_what_it_feeds_are_due() -> None:
    state = _traded()
    due = _read(state)
    state = _do(state, "publish", "publisher", "BTC-USD", 61_000 * 10**8, 0)
    assert due.take(state) == ("trader-1", "maker")
    state = _do(state, "publish", "publisher", "ETH-USD", 3_100 * 10**8, 0)
    assert due.take(state) == ("trader-2",)
    state = _do(state, "publish", "publisher", "SOL-USD", 151 * 10**8, 0)
    assert due.take(state) == ()


def test_when_a_price_goes_stale_those_who_hold_what_it_feeds_are_due_once() -> None:
    state = _traded()
    due = _read(state)
    begun_s, markets = state.time_s, state.parameters.markets
    first_s = min(listed.feed.heartbeat_s for listed in markets)
    assert first_s < markets[BTC_PERP].feed.heartbeat_s
    # Of a market that nobody holds.
    assert due.take(at_time(state, begun_s + first_s + 1)) == ()
    stale_s = state.feeds["BTC-USD"].updated_at_s + markets[BTC_PERP].feed.heartbeat_s + 1
    assert set(due.take(at_time(state, stale_s))) >= {"trader-1", "maker"}
    assert due.take(at_time(state, stale_s)) == ()
    assert health_of(at_time(state, stale_s), "trader-1").status == STALE


def test_after_a_change_of_a_market_or_a_collateral_its_holders_are_due() -> None:
    state = _traded()
    due = _read(state)
    limits = state.parameters.markets[BTC_PERP]
    state = _do(state, "set_open_interest_scaling", "risk-manager", BTC_PERP, 10**23, 10**24)
    assert limits is not state.parameters.markets[BTC_PERP]
    assert due.take(state) == ("trader-1", "maker")
    state = _do(state, "set_deposit_cap", "risk-manager", WETH, 10**22)
    assert due.take(state) == ("trader-2",)


def test_other_code_makes_all_due() -> None:
    state = _traded()
    due = _read(state)
    assert due.take(state._replace(implementation="other")) == ACCOUNTS


def test_the_same_price_again_concerns_nobody() -> None:
    state = _traded()
    due = _read(state)
    state = _do(state, "publish", "publisher", "BTC-USD", state.feeds["BTC-USD"].answer, 0)
    assert due.take(state) == ()


def test_what_changed_together_with_a_price_is_due_too() -> None:
    state = _traded()
    due = _read(state)
    state = _do(state, "publish", "publisher", "SOL-USD", 151 * 10**8, 0)
    state = _do(state, "deposit", "trader-4", "trader-4", USDC, 1)
    assert due.take(state) == ("trader-4",)


def _with_scaling(lower: int, upper: int) -> State:
    """``_traded`` (an open interest of 6,000 quote in BTC-PERP) with two more who can trade, where initial margin grows from ``lower``."""
    state = _traded()
    for name in ("trader-3", "trader-4"):
        state = _do(state, "deposit", name, name, USDC, 10**12)
    return _do(state, "set_open_interest_scaling", "risk-manager", BTC_PERP, lower * WAD, upper * WAD)


def test_open_interest_that_adds_to_what_is_needed_makes_all_holders_due() -> None:
    state = _with_scaling(10_000, 100_000)
    due = _read(state)
    trade = ("trade", "matcher", BTC_PERP, "trader-3", "trader-4")
    # Up to where scaling begins only those who traded are concerned; beyond it, and back from there, all who hold.
    state = _do(state, *trade, 6 * 10**16, 60_000 * WAD)
    assert due.take(state) == ("trader-3", "trader-4")
    state = _do(state, *trade, 10**16, 60_000 * WAD)
    assert due.take(state) == ("trader-1", "trader-3", "trader-4", "maker")
    state = _do(state, "trade", "matcher", BTC_PERP, "trader-4", "trader-3", 7 * 10**16, 60_000 * WAD)
    assert due.take(state) == ("trader-1", "trader-3", "trader-4", "maker")
    state = _do(state, "deposit", "trader-1", "trader-1", USDC, 1)
    assert due.take(state) == ("trader-1",)


@pytest.mark.parametrize("number", [0, 7, 12])
def test_whoever_is_not_due_is_worth_and_needs_what_it_did(number: int) -> None:
    place = arena(number)
    known: dict[Part, Health] = {}
    due, state, rescaled = DueViews(ACCOUNTS), place.start, 0
    for block in drawn(place, number, 400).blocks:
        state = at_time(state, state.time_s + block.after_s)
        for act in block.acts:
            parts = tuple((part.kind, part.arguments) for part in actions_of(act))
            before = state
            state, _ = apply_all(state, act.caller, parts)
            names = due.take(state)
            known.update({name: health_of(state, name) for name in names})
            parts_now = [part for name in ACCOUNTS for part in parts_of(name, state.accounts[name])]
            # A bucket that has ended is not asked after any more.
            known = {part: health for part, health in known.items() if part in parts_now}
            assert known == {part: health_of(state, part) for part in parts_now}, act
            rescaled += state.open_interest_wad != before.open_interest_wad and len(names) > 2
    place.reset()
    assert rescaled > 0
