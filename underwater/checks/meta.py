"""META: relations between runs. Two ways from one state that must come to the same, whatever the rules between are.

Of names, META-04 reaches those of accounts; markets differ in their parameters, so no other market is equally placed. META-06, that
decimals of tokens change nothing, is a relation between deployments: ``tests/hunt/test_decimals.py`` holds whole histories to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reference.boundaries import band_edges_wad
from reference.ledger import paid, with_account
from reference.parts import behind
from reference.prices import FRESH, collateral_price_status, mark_status
from reference.rounding import WAD, floor_to_multiple
from reference.state import Account, State, margin_of, part_behind
from underwater.actions import Action, Outcome
from underwater.checks import Check, Probe, Verdict, market_name, quote, tokens
from underwater.checks.ends import End, as_written_down, end_of, ends_apart, told, told_apart
from underwater.choices import Choices

ONE_FEE_WAD = 1
"""A fee is rounded up once a trade and side (T5): `ceil(a) + ceil(b) - ceil(a + b)` is 0 or this."""
ONE_PREMIUM_WAD = 1
"""How far a trade moves the premium is rounded down once a trade (F4): two move it by at most this less than one."""
_SHARED = ("DepositCapExceeded", "InsufficientLiquidity", "InsufficientMargin", "OutflowLimitExceeded")
"""Why one of two actions on disjoint accounts and markets may be refused because of the other: a cap, the pool's cash that is paid first
come first served (L3), and initial margin, which grows with open interest (V5)."""
_MEANS = 10**9
"""Whole settlement tokens given to those who trade for a probe, so that no margin test decides."""


def _deposit_in_parts(probe: Probe) -> Verdict:
    """META-01. Exact: a deposit rounds nothing (N3)."""
    state, choices = probe.state, probe.choices
    name = choices.pick(probe.cast.accounts)
    collateral = choices.integer(0, len(state.parameters.collaterals) - 1)
    room = state.parameters.collaterals[collateral].deposit_cap_units - state.pool_units[collateral]
    most = min(room, state.wallets[name][collateral])
    if most < 2:
        return False
    units = max(2, min(most, choices.pick((2, 3, 7, 1_001, most // 1_000, most))))
    first = choices.pick((1, units // 2, units - 1))
    probe.branch()
    whole = probe.do("deposit", name, name, collateral, units)
    at_once = end_of(probe, (name,))
    probe.back()
    parts = [probe.do("deposit", name, name, collateral, part) for part in (first, units - first)]
    deposit = f"{name} deposits {tokens(state, collateral, units)}"
    if whole.done != all(part.done for part in parts):
        return f"{deposit}: at once {told(whole)}, in two {' and '.join(map(told, parts))}"
    apart = ends_apart(at_once, end_of(probe, (name,)), ("at once", "in two"))
    return f"{deposit}: {apart}" if apart else whole.done


def _trade_in_parts(probe: Probe) -> Verdict:
    """META-02. Of two accounts of means, which no margin test stops on the way."""
    drawn = _market_and_price(probe)
    if drawn is None:
        return False
    market, price_wad = drawn
    state, choices = probe.state, probe.choices
    first = choices.integer(0, len(probe.cast.accounts) - 1)
    sides = probe.cast.accounts[first], probe.cast.accounts[first - 1]
    for name in sides:
        probe.fund(name, [_MEANS * 10 ** state.parameters.collaterals[0].decimals])
    lots, lot_wad = choices.pick((2, 3, 1_001)), state.parameters.markets[market].lot_wad
    first_lots = choices.integer(1, lots - 1)
    probe.branch()
    whole = probe.do("trade", probe.cast.matcher, market, *sides, lots * lot_wad, price_wad)
    in_one = end_of(probe, sides)
    probe.back()
    for part in (first_lots, lots - first_lots):
        if not probe.do("trade", probe.cast.matcher, market, *sides, part * lot_wad, price_wad).done:
            return False
    if not whole.done:
        return False
    in_two = _but_for_roundings(in_one, end_of(probe, sides), market, sides)
    apart = ends_apart(in_one, in_two, ("in one", "in two"))
    if not apart:
        return True
    size, price = quote(lots * lot_wad), quote(price_wad)
    return (
        f"{sides[0]} buys {size} {market_name(state, market)} from {sides[1]} at {price} in one trade or two: {apart}"
    )


def _market_and_price(probe: Probe) -> tuple[int, int] | None:
    """A market with a usable mark, and a price for a trade: the mark, or an edge of the band around it."""
    state, choices = probe.state, probe.choices
    market = choices.integer(0, len(state.parameters.markets) - 1)
    listed = state.parameters.markets[market]
    status, mark_wad = mark_status(state, listed)
    edges = band_edges_wad(state, market)
    if status != FRESH or edges is None:
        return None
    return market, max(listed.tick_wad, choices.pick((mark_wad, *edges)))


def _but_for_roundings(one: End, other: End, market: int, sides: Sequence[str]) -> End:
    """The end of two trades with what they may differ by from one's taken off. What is beyond that stays as it is."""
    state, healths, fees_wad = other.state, dict(other.healths), other.state.fees_wad
    for name in sides:
        mine, theirs = one.state.accounts[name], state.accounts[name]
        dearer_wad = behind(mine, market).cash_wad - behind(theirs, market).cash_wad
        if 0 <= dearer_wad <= ONE_FEE_WAD:
            state = with_account(state, name, paid(theirs, market, dearer_wad))
            fees_wad -= dearer_wad
            part = part_behind(state, name, market)
            seen = healths[part]
            if seen is not None and seen.status == FRESH:
                risk = seen.risk._replace(equity_wad=seen.risk.equity_wad + dearer_wad)
                healths[part] = seen._replace(risk=risk)
    premium_wad, stored = one.state.funding[market].premium_wad, as_written_down(state).funding[market]
    if abs(premium_wad - stored.premium_wad) <= ONE_PREMIUM_WAD:
        stored = stored._replace(premium_wad=premium_wad)
    funding = (*state.funding[:market], stored, *state.funding[market + 1 :])
    return End(state._replace(fees_wad=fees_wad, funding=funding), healths)


def _commute(probe: Probe) -> Verdict:
    """META-03. Liquidations and what insurance gets are left out: it is shared, and pays first what was recorded first (L8)."""
    state, choices = probe.state, probe.choices
    first_accounts, second_accounts = _halves(choices, probe.cast.accounts)
    first_markets, second_markets = _halves(choices, range(len(state.parameters.markets)))
    first = _drawn(probe, first_accounts, first_markets)
    second = _drawn(probe, second_accounts, second_markets)
    if first is None or second is None or _leave_together(state, first, second):
        return False
    touched = [name for name in probe.cast.accounts if name in (*first.arguments, *second.arguments)]
    probe.branch()
    outcomes = [_do(probe, first), _do(probe, second)]
    in_order = end_of(probe, touched)
    probe.back()
    swapped = [_do(probe, second), _do(probe, first)][::-1]
    if any(outcome.error in _SHARED for outcome in (*outcomes, *swapped)):
        return False
    words = "in this order", "in the other"
    apart = told_apart(outcomes, swapped, words) or ends_apart(in_order, end_of(probe, touched), words)
    if not apart and outcomes != swapped:
        apart = "events differ"
    if apart:
        return f"a {first.kind} of {_of(first)} and a {second.kind} of {_of(second)}: {apart}"
    return all(outcome.done for outcome in outcomes)


def _leave_together(state: State, first: Action, second: Action) -> bool:
    """Whether both move a collateral of which only so much may leave: what comes in counts only against what has left before (S9)."""
    moved = [action.arguments[1] for action in (first, second) if action.kind in ("deposit", "withdraw")]
    return len(moved) == 2 and moved[0] == moved[1] and state.parameters.collaterals[moved[0]].outflow.window_s > 0


def _of(action: Action) -> str:
    """The accounts that one of these actions concerns."""
    names = [value for value in action.arguments if isinstance(value, str)]
    return " and ".join(names or [action.caller])


def _halves(choices: Choices, of: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    """Two disjoint halves, in an order that is drawn."""
    start = choices.integer(0, len(of) - 1)
    turned = [*of[start:], *of[:start]]
    return turned[::2], turned[1::2]


def _do(probe: Probe, action: Action) -> Outcome:
    return probe.do(action.kind, action.caller, *action.arguments)


def _drawn(probe: Probe, accounts: Sequence[str], markets: Sequence[int]) -> Action | None:
    """A small action of some accounts in some markets, likely to be accepted; None where there is nothing to do."""
    state, choices = probe.state, probe.choices
    name = choices.pick([one for one in accounts if state.accounts[one].cash_wad > 0] or accounts)
    account, wallet = state.accounts[name], state.wallets[name]
    collateral = choices.integer(0, len(wallet) - 1)
    manner = choices.integer(0, 9)
    if manner == 0:
        return Action("deposit", name, (name, collateral, max(1, wallet[collateral] // 10**6)))
    if manner == 1:
        units = account.units[collateral] if collateral else max(0, account.cash_wad)
        units //= 1 if collateral else state.parameters.collaterals[0].quote_wad_per_unit
        return Action("withdraw", name, (name, collateral, max(1, units // 1_000)))
    if not markets:
        return None
    market = choices.pick(markets)
    if manner == 2:
        return Action("accrue_funding", name, (market,))
    if manner == 3:
        if margin_of(account, market) is None:
            return Action("isolate", name, (name, market, max(0, account.cash_wad) // 1_000))
        return Action("move_margin", name, (name, market, WAD))
    if manner == 4 and account.sizes_wad[market]:
        return Action("settle", name, (name, market))
    others = [one for one in accounts if one != name]
    status, mark_wad = mark_status(state, state.parameters.markets[market])
    if status != FRESH:
        return None
    size_wad = state.parameters.markets[market].lot_wad * choices.pick((1, 3, 1_001))
    side = choices.pick([one for one in others if state.accounts[one].cash_wad > 0] or others)
    return Action("trade", probe.cast.matcher, (market, name, side, size_wad, mark_wad))


def _renamed(probe: Probe) -> Verdict:
    """META-04, of accounts: two that hold no position do the same, each with means and against the backstop.

    What they held before may differ, so it is what came of it for each that is compared.
    """
    state, choices, matcher = probe.state, probe.choices, probe.cast.matcher
    placed = [name for name in probe.cast.accounts if _is_free(state, name) and (name, matcher) in state.operators]
    drawn = _market_and_price(probe)
    if drawn is None or len(placed) < 2:
        return False
    market, price_wad = drawn
    first = choices.integer(0, len(placed) - 1)
    one, other = placed[first], placed[first - 1]
    for name in (one, other, probe.cast.backstop):
        probe.fund(name, [_MEANS * 10 ** state.parameters.collaterals[0].decimals])
    size_wad = state.parameters.markets[market].lot_wad * choices.pick((1, 3, 1_001))
    buys, start = choices.chance(50), probe.state
    then = choices.pick(_THEN)

    def go(name: str) -> tuple[list[Outcome], End]:
        sides = (name, probe.cast.backstop) if buys else (probe.cast.backstop, name)
        outcomes = [probe.do("trade", matcher, market, *sides, size_wad, price_wad)]
        outcomes += [_do(probe, action) for action in then(name, market)]
        return outcomes, end_of(probe, (name,))

    probe.branch()
    outcomes, end = go(one)
    probe.back()
    again, end_of_other = go(other)
    said = [_named(outcome, other, one) for outcome in again]
    what = f"{one} or {other} {'buys' if buys else 'sells'} {quote(size_wad)} {market_name(state, market)}"
    words = f"by {one}", f"by {other}"
    if apart := told_apart(outcomes, said, words):
        return f"{what}: {apart}"
    if not all(outcome.done for outcome in outcomes):
        return False
    needs, needs_too = (
        [None if health is None else health.risk[1:] for health in ending.healths.values()]
        for ending in (end, end_of_other)
    )
    renamed = End(_of_another(start, end_of_other.state, other, one), {})
    apart = ends_apart(End(end.state, {}), renamed, words)
    if not apart and needs != needs_too:
        apart = "what their positions need differs"
    if not apart and outcomes != said:
        apart = "events differ by more than the name"
    return f"{what}: {apart}" if apart else True


def _is_free(state: State, name: str) -> bool:
    """Whether an account has neither position nor bucket, and a usable price for all that it has: what else it has decides nothing."""
    account = state.accounts[name]
    if any(account.sizes_wad) or account.isolated:
        return False
    return all(
        collateral_price_status(state, state.parameters.collaterals[number])[0] == FRESH
        for number, units in enumerate(account.units)
        if units
    )


_THEN: tuple[Callable[[str, int], list[Action]], ...] = (
    lambda name, market: [Action("settle", name, (name, market))],
    lambda name, market: [Action("isolate", name, (name, market, 10**6 * WAD))],
    lambda name, market: [Action("withdraw", name, (name, 0, 1)), Action("accrue_funding", name, (market,))],
)
"""What an account goes on to do after a trade in a market."""


def _named(outcome: Outcome, was: str, name: str) -> Outcome:
    """An outcome that tells of another account."""
    events = tuple(tuple(name if value == was else value for value in event) for event in outcome.events)
    return outcome._replace(events=events)


def _of_another(start: State, end: State, was: str, name: str) -> State:
    """The end, had ``name`` done since ``start`` what ``was`` has done."""
    mine, before, after = start.accounts[name], start.accounts[was], end.accounts[was]
    moved = Account(
        mine.cash_wad + after.cash_wad - before.cash_wad,
        _moved(mine.sizes_wad, before.sizes_wad, after.sizes_wad),
        _moved(mine.quotes_wad, before.quotes_wad, after.quotes_wad),
        _moved(mine.units, before.units, after.units),
        after.isolated,
    )
    wallet = _moved(start.wallets[name], start.wallets[was], end.wallets[was])
    return end._replace(
        accounts={**end.accounts, was: before, name: moved},
        wallets={**end.wallets, was: start.wallets[was], name: wallet},
    )


def _moved(mine: tuple[int, ...], before: tuple[int, ...], after: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(own + then - was for own, was, then in zip(mine, before, after, strict=True))


def _time_in_parts(probe: Probe) -> Verdict:
    """META-05. Exact: funding that falls due is a sum of whole intervals (F1), and at an index that stays an accrual changes nothing."""
    drawn = _market_and_price(probe)
    if drawn is None:
        return False
    market, price_wad = drawn
    state, choices = probe.state, probe.choices
    listed, matcher = state.parameters.markets[market], probe.cast.matcher
    name = choices.pick(probe.cast.accounts)
    for side in (name, probe.cast.backstop):
        probe.fund(side, [_MEANS * 10 ** state.parameters.collaterals[0].decimals])
    most_wad = min(listed.limits.position_limit_wad, 10**6 * WAD * WAD // price_wad)
    size_wad = max(listed.lot_wad, floor_to_multiple(most_wad // choices.pick((1, 10, 1_000)), listed.lot_wad))
    interval_s = listed.funding.interval_s
    # No cap and no halt is to stand in the way.
    probe.do("set_breaker", probe.cast.risk_manager, market, 0, 0, 0, 0)
    probe.do("trade", matcher, market, name, probe.cast.backstop, size_wad, price_wad)
    # From the end of an interval on, so that the index is read there and is the mark.
    probe.wait(interval_s - state.time_s % interval_s)
    _say_again(probe, market)
    probe.do("accrue_funding", name, market)
    start = probe.state
    seconds = choices.integer(interval_s, 3 * interval_s) + 1
    first = choices.integer(1, seconds - 1)
    touch = choices.pick((Action("settle", name, (name, market)), Action("accrue_funding", name, (market,))))
    holders = [holder for holder in probe.cast.accounts if start.accounts[holder].sizes_wad[market]]
    probe.branch()
    one_step = _pass(probe, market, (seconds,), touch, name)
    in_one = end_of(probe, holders)
    probe.back()
    two_steps = _pass(probe, market, (first, seconds - first), touch, name)
    what = f"{seconds} s pass in {market_name(state, market)} in one step, or in {first} s and the rest"
    if one_step.done != two_steps.done:
        return f"{what}: {name} settles then: {told(one_step)} and {told(two_steps)}"
    if not one_step.done:
        return False  # there is no position, and nothing was written down
    apart = ends_apart(in_one, end_of(probe, holders), ("in one", "in two"))
    if apart:
        return f"{what}: {apart}"
    return probe.state.funding[market].due_wad != start.funding[market].due_wad


def _pass(probe: Probe, market: int, steps: Sequence[int], touch: Action, name: str) -> Outcome:
    """Time passes in steps, with a touch after each but the last, after which the account is settled. The price stays as it is."""
    for number, seconds in enumerate(steps, 1):
        probe.wait(seconds)
        _say_again(probe, market)
        outcome = _do(probe, touch if number < len(steps) else Action("settle", name, (name, market)))
    return outcome


def _say_again(probe: Probe, market: int) -> None:
    """The market's source says now what it has said before, so that it does not grow old."""
    source = probe.state.parameters.markets[market].feed.feed
    probe.do("publish", probe.cast.publisher, source, probe.state.feeds[source].answer, 0)


CHECKS = (
    Check("META-01", "one deposit comes to the same as in two parts", probe=_deposit_in_parts),
    Check(
        "META-02",
        "one trade comes to the same as in two at its price, but for a fee's rounding",
        probe=_trade_in_parts,
        probe_weight=5,
    ),
    Check("META-03", "actions on disjoint accounts and markets commute", probe=_commute, probe_weight=5),
    Check(
        "META-04", "what an account does comes to the same under another account's name", probe=_renamed, probe_weight=4
    ),
    Check("META-05", "time in one step comes to the same as in several", probe=_time_in_parts, probe_weight=7),
)
