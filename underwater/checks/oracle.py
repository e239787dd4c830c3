"""ORACLE: what decisions rest on."""

from __future__ import annotations

from collections.abc import Iterator

from reference.parameters import Feed
from reference.parts import behind, cross_of, is_unencumbered, part_of
from reference.prices import FRESH, STALE, collateral_price_status, mark_status, prices
from reference.state import Account, State
from underwater.checks import MARKET_AT, Check, Step, Verdict, kinds

_DECISIONS = kinds(
    *("withdraw", "trade", "settle", "liquidate", "seize"),
    *("accrue_funding", "isolate", "join", "move_margin"),
)


def _needed(state: State, account: Account) -> Iterator[tuple[Feed, int]]:
    """O5: (feed, status) of every price that valuing an account, as far as it is cross, or a bucket needs."""
    parameters = state.parameters
    account = cross_of(account)
    for number, size in enumerate(account.sizes_wad):
        if size:
            market = parameters.markets[number]
            yield market.feed, mark_status(state, market)[0]
    for number, units in enumerate(account.units):
        feed = parameters.collaterals[number].feed
        if units and feed is not None:
            yield feed, collateral_price_status(state, parameters.collaterals[number])[0]


_AT_THE_MARK = ("trade", "settle", "liquidate", "accrue_funding")


def _of_buckets(step: Step) -> Iterator[tuple[Feed, int]]:
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
            yield from _needed(step.before, part)


def _decided_on(step: Step) -> Iterator[tuple[Feed, int]]:
    """The prices that a done action rested on."""
    assert step.action is not None
    arguments, state = step.action.arguments, step.before
    market_number = arguments[MARKET_AT[step.kind]] if step.kind in MARKET_AT else -1
    if step.kind in _AT_THE_MARK:
        market = state.parameters.markets[market_number]
        yield market.feed, mark_status(state, market)[0]
    if step.kind in ("settle", "accrue_funding"):
        return
    if step.kind in ("isolate", "join", "move_margin"):
        yield from _of_buckets(step)
        return
    if step.kind in ("liquidate", "seize"):
        liquidated = state.accounts[arguments[1]]
        yield from _needed(state, behind(liquidated, arguments[2]) if step.kind == "liquidate" else liquidated)
    tested = {"withdraw": arguments[:1], "trade": arguments[1:3], "liquidate": arguments[:1], "seize": arguments[:1]}
    for name in tested[step.kind]:
        account = step.after.accounts[name]
        if step.kind in ("trade", "liquidate"):
            account = behind(account, market_number)
        if not is_unencumbered(account):
            yield from _needed(state, account)


def _rested_on(step: Step) -> tuple[bool, str, str]:
    """(whether any price was needed, what rested on a stale one, what rested on one that is no price); kept on the step."""
    kept = step.rested_on
    if kept is None:
        kept = step.rested_on = _work_out(step)
    return kept


def _work_out(step: Step) -> tuple[bool, str, str]:
    exercised, stale, no_price = False, "", ""
    if prices(step.before).all_fresh and prices(step.after).all_fresh:
        return any(True for _ in _decided_on(step)), stale, no_price
    for feed, status in _decided_on(step):
        exercised = True
        if status != FRESH:
            reading = step.before.feeds[feed.feed]
            words = f"answer {reading.answer}, {step.before.time_s - reading.updated_at_s} s old, heartbeat {feed.heartbeat_s} s"
            if status == STALE:
                stale = stale or f"{step.kind} rested on {feed.feed}, which is older than its heartbeat: {words}"
            else:
                no_price = no_price or f"{step.kind} rested on {feed.feed}, which is no price: {words}"
    for name, health in step.healths.items():
        if health is not None and health.status == FRESH:
            for feed, status in _needed(step.after, part_of(step.after, name)):
                if status == STALE:
                    stale = stale or f"the health view of {name} trusts {feed.feed}, which is older than its heartbeat"
                elif status != FRESH:
                    no_price = no_price or f"the health view of {name} trusts {feed.feed}, which is no price"
    return exercised, stale, no_price


def _fresh(step: Step) -> Verdict:
    """ORACLE-01."""
    exercised, stale, _ = _rested_on(step)
    return stale or exercised


def _in_bounds(step: Step) -> Verdict:
    """ORACLE-02."""
    exercised, _, no_price = _rested_on(step)
    return no_price or exercised


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
)
