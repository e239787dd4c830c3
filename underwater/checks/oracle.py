"""ORACLE: what decisions rest on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from reference.parameters import Feed
from reference.parts import behind, cross_of, is_unencumbered, part_of
from reference.prices import (
    DEVIATING,
    FRESH,
    STALE,
    UNCERTAIN,
    UNUSABLE,
    collateral_price_status,
    mark_status,
    price_of,
    prices,
)
from reference.state import REVERTS, Account, State
from reference.trading import is_reduction
from underwater.checks import MARKET_AT, Check, Probe, Step, Verdict, kinds, market_name, parties_of, quote, tokens

_DECISIONS = kinds(
    *("withdraw", "withdraw_ether", "trade", "settle", "liquidate", "seize"),
    *("accrue_funding", "isolate", "join", "move_margin", "execute_order"),
)


class _Needed(NamedTuple):
    """A price that a decision rested on: the feed, its status, and whether an uncertain one will do (O4)."""

    feed: Feed
    status: int
    may_be_uncertain: bool


def _needed(state: State, account: Account, *, may_be_uncertain: bool) -> Iterator[_Needed]:
    """O5: every price that valuing an account, as far as it is cross, or a bucket needs."""
    parameters = state.parameters
    account = cross_of(account)
    for number, size in enumerate(account.sizes_wad):
        if size:
            market = parameters.markets[number]
            yield _Needed(market.feed, mark_status(state, market)[0], may_be_uncertain)
    for number, units in enumerate(account.units):
        feed = parameters.collaterals[number].feed
        if units and feed is not None:
            status = collateral_price_status(state, parameters.collaterals[number])[0]
            yield _Needed(feed, status, may_be_uncertain)


def _of_buckets(step: Step) -> Iterator[_Needed]:
    """The prices that a done action of section 9 rested on: of the account, of the bucket, or of what gave."""
    assert step.action is not None
    name, market = step.action.arguments[:2]
    account = step.after.accounts[name]
    tested = [account]
    if step.kind == "join" and not account.sizes_wad[market]:
        return
    if step.kind == "isolate":
        tested.append(behind(account, market))
    elif step.kind == "move_margin" and step.action.arguments[2] < 0:
        tested = [behind(account, market)]
    for part in tested:
        if not is_unencumbered(part):
            yield from _needed(step.before, part, may_be_uncertain=False)


_AT_A_MARK = frozenset(("trade", "settle", "liquidate", "accrue_funding", "execute_order"))
"""What always needs its market's price."""


def _decided_on(step: Step) -> Iterator[_Needed]:
    """The prices that a done action rested on."""
    assert step.action is not None
    arguments, state, kind = step.action.arguments, step.before, step.kind
    market_number = arguments[MARKET_AT[kind]] if kind in MARKET_AT else -1
    if kind in _AT_A_MARK:
        market = state.parameters.markets[market_number]
        yield _Needed(market.feed, mark_status(state, market)[0], kind in ("trade", "liquidate"))
    if kind in ("settle", "accrue_funding"):
        return
    if kind in ("isolate", "join", "move_margin"):
        yield from _of_buckets(step)
        return
    if kind in ("liquidate", "seize"):
        liquidated = state.accounts[arguments[1]]
        liquidated = behind(liquidated, arguments[2]) if kind == "liquidate" else liquidated
        yield from _needed(state, liquidated, may_be_uncertain=True)
    for name in parties_of(kind, arguments):
        account, may = step.after.accounts[name], kind in ("liquidate", "seize")
        if kind in ("trade", "execute_order"):
            may = is_reduction(state.accounts[name].sizes_wad[market_number], account.sizes_wad[market_number])
        if kind in ("trade", "liquidate", "execute_order"):
            account = behind(account, market_number)
        if not is_unencumbered(account):
            yield from _needed(state, account, may_be_uncertain=may)


class RestedOn(NamedTuple):
    """Whether any price was needed, and an uncertain one; and what rested on a stale one, on what is no price, on an uncertain one."""

    needed: bool = False
    uncertain: bool = False
    on_stale: str = ""
    on_no_price: str = ""
    on_uncertain: str = ""


_NEEDED, _NOT_NEEDED = RestedOn(needed=True), RestedOn()


def _rested_on(step: Step) -> RestedOn:
    """Kept on the step: three checks ask."""
    kept = step.rested_on
    if kept is None:
        kept = step.rested_on = _work_out(step)
    return kept


def _work_out(step: Step) -> RestedOn:
    if prices(step.before).all_fresh and prices(step.after).all_fresh:
        return _NEEDED if step.kind in _AT_A_MARK or any(True for _ in _decided_on(step)) else _NOT_NEEDED
    needed, uncertain, stale, no_price, no_one_price = False, False, "", "", ""
    for feed, status, may_be_uncertain in _decided_on(step):
        needed = True
        if status == FRESH:
            continue
        reading = step.before.feeds[feed.feed]
        words = f"answer {reading.answer}, {step.before.time_s - reading.updated_at_s} s old, heartbeat {feed.heartbeat_s} s"
        if status in UNCERTAIN:
            uncertain = True
            if not may_be_uncertain:
                no_one_price = no_one_price or f"{step.kind} rested on {feed.feed}, beside which another says otherwise"
        elif status == STALE:
            stale = stale or f"{step.kind} rested on {feed.feed}, which is older than its heartbeat: {words}"
        else:
            no_price = no_price or f"{step.kind} rested on {feed.feed}, which is no price: {words}"
    for part, health in step.healths.items():
        if health is None or health.status not in (FRESH, *UNCERTAIN):
            continue
        for feed, status, _ in _needed(step.after, part_of(step.after, part), may_be_uncertain=True):
            if status in UNCERTAIN:
                uncertain = True
                if health.status == FRESH:
                    no_one_price = no_one_price or f"the health view of {part} takes {feed.feed} for the only price"
            elif status == STALE:
                stale = stale or f"the health view of {part} trusts {feed.feed}, which is older than its heartbeat"
            elif status != FRESH:
                no_price = no_price or f"the health view of {part} trusts {feed.feed}, which is no price"
    return RestedOn(needed, uncertain, stale, no_price, no_one_price)


def _fresh(step: Step) -> Verdict:
    """ORACLE-01."""
    found = _rested_on(step)
    return found.on_stale or found.needed


def _in_bounds(step: Step) -> Verdict:
    """ORACLE-02."""
    found = _rested_on(step)
    return found.on_no_price or found.needed


def _no_new_risk(step: Step) -> Verdict:
    """ORACLE-03. Only who reduces, and who takes over from the liquidated, acts on an uncertain mark."""
    found = _rested_on(step)
    return found.on_uncertain or found.uncertain


def _fail_over(probe: Probe) -> Verdict:
    """ORACLE-04. The first source fails, or grows old: no side is better off by the pair of prices that counts then."""
    state, choices = probe.state, probe.choices
    paired = [number for number, market in enumerate(state.parameters.markets) if market.second is not None]
    if not paired:
        return False
    market = choices.pick(paired)
    listed, publisher = state.parameters.markets[market], probe.cast.publisher
    assert listed.second is not None
    first, second = listed.feed.feed, listed.second.feed.feed
    usable, _ = price_of(listed.second.feed, state.feeds[second], state.time_s, listed.tick_wad)
    before = probe.mark(market)
    if before is None or before[0] not in (FRESH, DEVIATING) or usable != FRESH:
        return False
    # A source that fails outright says no more what it said: where it deviated, nothing is promised of that (decision 0011).
    if choices.chance(50) and before[0] == FRESH:
        probe.do("set_feed_mode", publisher, first, REVERTS)
    else:
        probe.wait(max(1, state.feeds[first].updated_at_s + listed.feed.heartbeat_s + 1 - state.time_s))
    probe.do("publish", publisher, second, state.feeds[second].answer, 0)
    after = probe.mark(market)
    if after is None or after[0] in UNUSABLE:
        return False
    if after[0] == FRESH:
        return f"{market_name(state, market)}: {quote(after[1])}, by {second} alone, counts as if both sources said so"
    if after[1] > before[1] or after[2] < before[2]:
        prices_then = f"{quote(before[1])} for longs and {quote(before[2])} for shorts"
        prices_now = f"{quote(after[1])} and {quote(after[2])}"
        return f"{market_name(state, market)}: {prices_then} count before a fail-over, {prices_now} after it"
    return True


def _time_goes_on(step: Step) -> Verdict:
    """ORACLE-06. Of what is dated on chain: funding of each market."""
    if step.before.funding is step.after.funding:
        return False
    for number, (before, after) in enumerate(zip(step.before.funding, step.after.funding, strict=True)):
        times = (before.written_at_s, after.written_at_s, step.after.time_s)
        if (
            not times[0] <= times[1] <= times[2]
            or after.begun_at_s < before.begun_at_s
            or after.index_read_at_s < before.index_read_at_s
        ):
            return f"{market_name(step.after, number)}: funding was written down at {times[0]}, then at {times[1]}, and now is {times[2]}"
    return True


def _one_mark(step: Step) -> Verdict:
    """ORACLE-07. In the events of one transaction, of a market whose mark is usable: index of an accrual and marks of liquidations."""
    marks: dict[int, int] = {}
    compared = False
    events = step.outcome.events
    for event, following in zip_longest(events, events[1:]):
        if event[0] == "FundingAccrued":
            if following is not None and following[0] == "FundingSet":
                continue  # new parameters read no mark
            market, mark_wad = event[1], event[4]
        elif event[0] == "Liquidated":
            market, mark_wad = event[3], event[5]
        else:
            continue
        if market in marks:
            compared = True
            if marks[market] != mark_wad:
                found = f"{quote(marks[market])} and {quote(mark_wad)}"
                return f"{market_name(step.after, market)} had two marks in one transaction: {found}"
        elif mark_status(step.before, step.before.parameters.markets[market])[0] == FRESH:
            marks[market] = mark_wad
    return compared


def _without_a_price(probe: Probe) -> Verdict:
    """ORACLE-08. A deposit, which makes every account safer, needs no price."""
    state, choices = probe.state, probe.choices
    source = choices.pick(state.parameters.feeds).feed
    name = choices.pick(probe.cast.accounts)
    collateral = choices.integer(0, len(state.pool_units) - 1)
    listed = state.parameters.collaterals[collateral]
    units = min(
        state.wallets[name][collateral], listed.deposit_cap_units - state.pool_units[collateral], 10**listed.decimals
    )
    if units <= 0:
        return False
    probe.do("set_feed_mode", probe.cast.publisher, source, REVERTS)
    outcome = probe.do("deposit", name, name, collateral, units)
    if not outcome.done:
        return f"{name} cannot deposit {tokens(state, collateral, units)} while {source} is silent: {outcome.error}"
    return True


CHECKS = (
    Check(
        "ORACLE-01",
        "no decision rests on a price older than its own feed's heartbeat",
        _fresh,
        _DECISIONS,
        of_done=True,
    ),
    Check(
        "ORACLE-02",
        "zero, negative and answers outside the feed's bounds never become prices",
        _in_bounds,
        _DECISIONS,
        of_done=True,
    ),
    Check(
        "ORACLE-03",
        "while two sources are apart, or the first has failed, nobody's risk grows but a liquidator's",
        _no_new_risk,
        _DECISIONS,
        of_done=True,
    ),
    Check(
        "ORACLE-04",
        "a fail-over to the second source improves no account's position",
        probe=_fail_over,
        probe_weight=3,
    ),
    Check("ORACLE-06", "time never runs backwards", _time_goes_on, of_done=True),
    Check(
        "ORACLE-07",
        "a mark is the same throughout a transaction",
        _one_mark,
        kinds("bundle", "liquidate"),
        of_done=True,
    ),
    Check(
        "ORACLE-08",
        "a reduction of risk that needs no price works while a source is silent",
        probe=_without_a_price,
        probe_weight=2,
    ),
)
