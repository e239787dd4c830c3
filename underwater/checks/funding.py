"""FUND: what one side of a market pays the other."""

from __future__ import annotations

from reference.funding import first_end_s, intervals_ended
from reference.margin import health_of
from reference.parameters import DAY_S
from reference.prices import FRESH, mark_status
from reference.rounding import WAD, div_ceil
from reference.state import parts_of
from underwater.checks import MARKET_AT, Check, Probe, Step, Verdict, kinds, market_name, quote

_ACCRUES = ("trade", "settle", "liquidate", "accrue_funding", "set_funding", "execute_order")
"""After which kinds of action funding may have accrued."""
_WRITES_DOWN = kinds(*_ACCRUES)


def _market(step: Step) -> int | None:
    """The market in which an action has written funding down; None where it has not."""
    assert step.action is not None
    market: int = step.action.arguments[MARKET_AT[step.kind]]
    before, after = step.before.funding, step.after.funding
    if before is after or before[market].written_at_s == after[market].written_at_s:
        return None
    return market


def _sums_to_zero(step: Step) -> Verdict:
    """FUND-01. Of what fell due since funding was written down last, on the sizes that stood all that time."""
    market = _market(step)
    if market is None:
        return False
    before, after = step.before, step.after
    rise_wad = after.funding[market].due_wad - before.funding[market].due_wad
    total = 0
    for name, account in before.accounts.items():
        paid = account.sizes_wad[market] * rise_wad
        if paid % WAD:
            return f"{name} pays {quote(paid // WAD)} quote and a part of 10^-18 in {market_name(before, market)}"
        total += paid
    if total:
        return f"funding in {market_name(before, market)} takes {quote(total // WAD)} quote more than it gives"
    return rise_wad != 0 and any(account.sizes_wad[market] for account in before.accounts.values())


def _side_that_pays(step: Step) -> Verdict:
    """FUND-02. The rate goes where the premium is; longs pay while it is positive."""
    market = _market(step)
    if market is None:
        return False
    before, after = step.before.funding[market], step.after.funding[market]
    rest_s = first_end_s(step.before.parameters.markets[market].funding, before) - before.written_at_s
    # What trades pushed to until the interval ended that ran, and after it.
    pushes = (before.exposure_wad_s + before.premium_wad * rest_s, before.premium_wad)
    change_wad = after.rate_wad - before.rate_wad
    if change_wad and step.kind != "set_funding" and max(change_wad * push for push in pushes) <= 0:
        return (
            f"{market_name(step.after, market)}: the rate went from {quote(before.rate_wad)} to {quote(after.rate_wad)}, "
            f"though trades were at a premium of {quote(before.premium_wad)}"
        )
    rise_wad = after.due_wad - before.due_wad
    # The rate was what it had been, and went where trades pushed it.
    if rise_wad and max(sign * rise_wad for sign in (before.rate_wad, *pushes)) <= 0:
        side, rate, premium = "longs" if rise_wad > 0 else "shorts", quote(before.rate_wad), quote(before.premium_wad)
        return (
            f"{market_name(step.after, market)}: {side} pay {quote(abs(rise_wad))} a unit, though the rate was {rate} a day "
            f"and trades were at a premium of {premium}"
        )
    return rise_wad != 0


def _accruing_changes_nothing(probe: Probe) -> Verdict:
    """FUND-03. Nobody's health depends on when funding is written down, by the contract's own word; and twice is once."""
    state, choices = probe.state, probe.choices
    market = choices.integer(0, len(state.parameters.markets) - 1)
    listed = state.parameters.markets[market]
    # At once, or when the next intervals have ended and the source has said again what it says now.
    intervals = choices.pick((0, 1, 1, 3))
    if intervals:
        interval_s, source = listed.funding.interval_s, listed.feed.feed
        probe.wait(intervals * interval_s - state.time_s % interval_s)
        probe.do("publish", probe.cast.publisher, source, state.feeds[source].answer, 0)
        state = probe.state
    if mark_status(state, listed)[0] != FRESH:
        return False
    parts = [part for name in probe.cast.accounts for part in parts_of(name, state.accounts[name])]
    before = [probe.health(part) for part in parts]
    if not probe.do("accrue_funding", choices.pick(probe.cast.accounts), market).done:
        return f"{market_name(state, market)}: funding cannot be accrued, though the mark is usable"
    once = probe.state
    for part, health in zip(parts, before, strict=True):
        after = probe.health(part)
        if after != health:
            words = ["unknown" if one is None else quote(one.risk.equity_wad) for one in (health, after)]
            return f"accruing funding in {market_name(state, market)} took the equity of {part} from {words[0]} to {words[1]}"
    probe.do("accrue_funding", choices.pick(probe.cast.accounts), market)
    if probe.state.funding != once.funding or probe.state.accounts != once.accounts:
        return f"accruing funding in {market_name(state, market)} twice is not accruing it once"
    return once.funding[market].due_wad != state.funding[market].due_wad


def _within_the_cap(step: Step) -> Verdict:
    """FUND-04. The rate, and what an interval charges."""
    market = _market(step)
    if market is None:
        return False
    listed, before, after = (
        step.before.parameters.markets[market],
        step.before.funding[market],
        step.after.funding[market],
    )
    most_wad = step.after.parameters.markets[market].funding.maximum_rate_wad
    name = market_name(step.after, market)
    if abs(after.rate_wad) > most_wad:
        return f"{name}: the rate is {quote(after.rate_wad)} a day, the most it may be is {quote(most_wad)}"
    intervals = intervals_ended(listed.funding, before.written_at_s, step.before.time_s)
    most_fallen = listed.funding.maximum_rate_wad * listed.funding.interval_s * intervals * before.index_wad
    # In whole ticks, of which one may have been under way.
    cap_wad = div_ceil(most_fallen, DAY_S * WAD) + listed.tick_wad
    rise_wad = after.due_wad - before.due_wad
    if abs(rise_wad) >= cap_wad:
        return f"{name}: {quote(rise_wad)} fell due on one unit in {intervals} intervals, the cap is {quote(cap_wad)}"
    return rise_wad != 0


def _only_in_accrual(step: Step) -> Verdict:
    """FUND-05."""
    before, after = step.before.funding, step.after.funding
    if before is after or step.kind == "bundle":
        return False
    changed = [number for number, stored in enumerate(before) if stored != after[number]]
    place = MARKET_AT[step.kind] if step.kind in _ACCRUES else None
    for market in changed:
        name, was, now = market_name(step.after, market), before[market], after[market]
        if place is None or step.action is None or step.action.arguments[place] != market:
            return f"{name}: funding changed in an action that has nothing to do with it"
        if now.premium_wad != was.premium_wad and step.kind not in ("trade", "execute_order"):
            return f"{name}: the premium went from {quote(was.premium_wad)} to {quote(now.premium_wad)} without a trade"
        parameters, now_s = step.before.parameters.markets[market].funding, step.before.time_s
        ended = intervals_ended(parameters, was.written_at_s, now_s)
        if not ended and (now.due_wad, now.carry) != (was.due_wad, was.carry):
            return f"{name}: {quote(now.due_wad - was.due_wad)} fell due on one unit, though no interval has ended"
        if now.index_wad != was.index_wad and not intervals_ended(parameters, was.index_read_at_s, now_s):
            return f"{name}: the index went from {quote(was.index_wad)} to {quote(now.index_wad)}, though no interval has ended"
        if not ended and now.rate_wad != was.rate_wad and step.kind != "set_funding":
            return f"{name}: the rate went from {quote(was.rate_wad)} to {quote(now.rate_wad)}, though no interval has ended"
    if step.kind == "set_funding":
        for part in step.healths:
            # What is stored, valued by one rule on both sides: only what the change itself has done to it can differ.
            then, here = health_of(step.before, part), health_of(step.after, part)
            if here.status == then.status and here.risk.equity_wad != then.risk.equity_wad:
                equity = quote(then.risk.equity_wad), quote(here.risk.equity_wad)
                return f"new parameters of funding took the equity of {part} from {equity[0]} to {equity[1]}"
    return bool(changed)


def _as_far_as_it_carries(step: Step) -> Verdict:
    """FUND-06. Nobody moves what all will pay by trading next to nothing."""
    assert step.action is not None
    market, _, _, size_wad, price_wad = step.action.arguments
    listed = step.before.parameters.markets[market]
    was_wad, now_wad = step.before.funding[market].premium_wad, step.after.funding[market].premium_wad
    status, mark_wad = mark_status(step.before, listed)
    if now_wad == was_wad:
        return False
    if status != FRESH:
        return f"{market_name(step.after, market)}: a trade moved the premium while there was no one mark (status {status})"
    scale_wad, depth_wad = listed.funding.premium_scale_wad, listed.funding.premium_depth_wad
    moved_wad, name = abs(now_wad - was_wad), market_name(step.after, market)
    if moved_wad * depth_wad * WAD > size_wad * price_wad * scale_wad:
        reach = quote(size_wad * price_wad * scale_wad // (depth_wad * WAD))
        return f"{name}: a trade moved the premium by {quote(moved_wad)}, its amount carries {reach}"
    # Between where it was and the trade's own, compared without dividing; rounding towards 0 passes neither.
    away_wad = price_wad - mark_wad
    low, high = sorted((was_wad * mark_wad, away_wad * WAD))
    if not low - mark_wad < now_wad * mark_wad < high + mark_wad:
        return f"{name}: a trade took the premium from {quote(was_wad)} to {quote(now_wad)}, past its own"
    return True


CHECKS = (
    Check("FUND-01", "funding payments are whole and sum to zero", _sums_to_zero, _WRITES_DOWN, of_done=True),
    Check("FUND-02", "the side pays towards which trades push the price", _side_that_pays, _WRITES_DOWN, of_done=True),
    Check(
        "FUND-03",
        "accruing funding changes nothing of what anybody is worth, and accruing twice is accruing once",
        probe=_accruing_changes_nothing,
        probe_weight=9,
    ),
    Check(
        "FUND-04",
        "the funding rate, and what falls due, is never above its cap",
        _within_the_cap,
        _WRITES_DOWN,
        of_done=True,
    ),
    Check(
        "FUND-05",
        "funding moves only when it accrues, and new parameters bind no earlier",
        _only_in_accrual,
        of_done=True,
    ),
    Check(
        "FUND-06",
        "a trade moves the premium no further than its amount carries, and not past its own",
        _as_far_as_it_carries,
        kinds("trade"),
        of_done=True,
    ),
)
