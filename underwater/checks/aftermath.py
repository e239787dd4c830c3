"""LIQ, what comes after a liquidation: a second one, what insurance pays, and what an emptied account can do."""

from __future__ import annotations

from reference.boundaries import largest_seizure_units, liquidation_price_wad
from reference.liquidation import permitted_close_wad
from reference.margin import is_liquidatable
from reference.parts import has_positions, part_of
from reference.prices import FRESH, UNUSABLE
from reference.requirements import notional_wad
from reference.rounding import WAD, div_ceil, floor_to_multiple
from reference.state import ANSWERS, REVERTS, Bucket, Part, State, margin_of
from underwater.checks import Check, Probe, Step, Verdict, kinds, market_name, quote
from underwater.checks.liquidation import (
    has_means,
    lenient_mark_wad,
    liquidated,
    prey_of,
)

MOST_LIQUIDATIONS = 12
"""After so many an account is given up as one that is closed in small parts."""


def _second_liquidation(probe: Probe) -> Verdict:
    """LIQ-07. The same backstop, twice in one block, in the same market."""
    choices, backstop = probe.choices, probe.cast.backstop
    if choices.chance(60):
        _make_just_liquidatable(probe)
    state = probe.state
    prey = [part for part in prey_of(probe) if has_positions(part_of(state, part))]
    if not prey:
        return False
    part = choices.pick(prey)
    name, account = part.account if isinstance(part, Bucket) else part, part_of(state, part)
    market = choices.pick([number for number, size in enumerate(account.sizes_wad) if size])
    listed, held_wad = state.parameters.markets[market], account.sizes_wad[market]
    mark_wad = lenient_mark_wad(state, market, held_wad)
    most_wad = permitted_close_wad(
        state.parameters.liquidation, listed, held_wad, mark_wad, probe.expected_health(part).risk
    )
    part_wad = floor_to_multiple(most_wad * choices.integer(1, 50) // 100, listed.lot_wad)
    size_wad = choices.pick((listed.lot_wad, most_wad, part_wad or listed.lot_wad))
    if not has_means(probe, 2 * notional_wad(size_wad, mark_wad)):
        return False
    if not probe.do("liquidate", backstop, backstop, name, market, size_wad).done:
        return False
    left_wad = abs(probe.state.accounts[name].sizes_wad[market])
    _, between = probe.expected_health(part)
    seen = probe.health(part)
    again_wad = min(size_wad, left_wad) or listed.lot_wad
    if not probe.do("liquidate", backstop, backstop, name, market, again_wad).done:
        return True
    position = f"the position of {part} in {market_name(state, market)}"
    if not left_wad:
        return f"{position} had been closed whole, and could be liquidated again"
    if not is_liquidatable(between):
        margins = f"equity {quote(between.equity_wad)}, maintenance margin {quote(between.maintenance_margin_wad)}"
        return f"{position} was liquidated again, although the first liquidation had left it healthy: {margins}"
    seen_after = probe.health(part)
    if seen is None or seen_after is None or seen_after.status in UNUSABLE:
        return True
    # Of the liquidator, what the contract stores is not observed: what he is paid beyond the penalty, others' equity pays.
    lost_wad = seen.risk.equity_wad - seen_after.risk.equity_wad
    penalty_wad = div_ceil(notional_wad(again_wad, mark_wad) * listed.limits.liquidation_penalty_rate_wad, WAD)
    if lost_wad > penalty_wad:
        return f"the second liquidation of {part} cost it {quote(lost_wad)} quote, the penalty on what it closed is {quote(penalty_wad)}"
    return True


def _make_just_liquidatable(probe: Probe) -> None:
    """Have a market's first source, alone, answer a tick beyond where one of its holders is healthy; a small part closed may do then."""
    state = probe.state
    held = [
        (name, number)
        for name in probe.cast.accounts
        for number, size in enumerate(state.accounts[name].sizes_wad)
        if size
    ]
    if not held:
        return
    name, market = probe.choices.pick(held)
    listed, side = state.parameters.markets[market], 1 if state.accounts[name].sizes_wad[market] > 0 else -1
    status, price_wad = liquidation_price_wad(state, name, market)
    if status != FRESH:
        return
    if listed.second is not None:
        probe.do("set_feed_mode", probe.cast.publisher, listed.second.feed.feed, REVERTS)
    answer = div_ceil(price_wad - side * listed.tick_wad, listed.feed.scale)
    probe.do("set_feed_mode", probe.cast.publisher, listed.feed.feed, ANSWERS)
    probe.do("publish", probe.cast.publisher, listed.feed.feed, answer, 0)


def _insurance(step: Step) -> Verdict:
    """LIQ-09. What the events tell of insurance, told again from what it had: it pays what it can and no more, owes nothing, and keeps
    nothing while there is bad debt.
    """
    before, after = step.before, step.after
    insurance_wad, bad_debt_wad = before.insurance_wad, before.bad_debt_wad
    exercised = False
    for event in step.outcome.events:
        if event[0] == "BadDebtRecorded":
            _, name, shortfall_wad, paid_wad = event
            if paid_wad > insurance_wad:
                return f"insurance paid {quote(paid_wad)} quote for {name}, and had {quote(insurance_wad)}"
            if paid_wad > shortfall_wad or (paid_wad < shortfall_wad and paid_wad < insurance_wad):
                had = f"{quote(insurance_wad)} quote of insurance"
                return f"{quote(paid_wad)} of {quote(shortfall_wad)} that {name} owed were paid, with {had}"
            insurance_wad, bad_debt_wad = insurance_wad - paid_wad, bad_debt_wad + shortfall_wad - paid_wad
        else:
            credited_wad = _credited_wad(before, event)
            if not credited_wad:
                continue
            repaid_wad = min(credited_wad, bad_debt_wad)
            insurance_wad, bad_debt_wad = insurance_wad + credited_wad - repaid_wad, bad_debt_wad - repaid_wad
        exercised = True
    for noun, told_wad, stored_wad in (
        ("insurance", insurance_wad, after.insurance_wad),
        ("bad debt", bad_debt_wad, after.bad_debt_wad),
    ):
        if told_wad != stored_wad:
            return f"{noun} is {quote(stored_wad)} quote, by what was told it is {quote(told_wad)}"
    if after.insurance_wad and after.bad_debt_wad:
        return f"{quote(after.insurance_wad)} quote of insurance stand beside {quote(after.bad_debt_wad)} of bad debt"
    return exercised


def _credited_wad(state: State, event: tuple[object, ...]) -> int:
    """What an event says that insurance is given (L7, Q5)."""
    if event[0] == "InsuranceFunded":
        units = event[2]
        assert isinstance(units, int)
        return units * state.parameters.collaterals[0].quote_wad_per_unit
    part_wad = event[7] if event[0] == "Liquidated" else 0
    assert isinstance(part_wad, int)
    return part_wad


def _is_empty(state: State, part: Part) -> bool:
    account = part_of(state, part)
    return not has_positions(account) and not any(account.units)


def _left_empty(step: Step) -> Verdict:
    """LIQ-12. Of whoever was liquidated and has nothing left but money."""
    part, after = liquidated(step), step.after
    if isinstance(part, Bucket) and margin_of(after.accounts[part.account], part.market) is None:
        return f"{part} has gone with its liquidation"
    if not _is_empty(after, part):
        return False
    account = part_of(after, part)
    if account.cash_wad < 0:
        return f"{part} has been liquidated to the end and owes {quote(-account.cash_wad)} quote"
    if any(account.quotes_wad):
        unsettled = ", ".join(quote(wad) for wad in account.quotes_wad if wad)
        return f"{part} has no position, and {unsettled} quote of one are not settled"
    health = step.healths.get(part)
    if health is not None and (health.status, *health.risk) != (FRESH, account.cash_wad, 0, 0):
        status, (equity, initial, _) = health
        margin = f"status {status}, equity {quote(equity)}, initial margin {quote(initial)}"
        return f"{part} has {quote(account.cash_wad)} quote and nothing else, its view says {margin}"
    return True


def _starts_anew(probe: Probe) -> Verdict:
    """LIQ-12. Somebody is liquidated to the end; then he pays in and takes out again, or joins what is left of a bucket."""
    prey = prey_of(probe)
    if not prey:
        return False
    part = probe.choices.pick(prey)
    if not _liquidated_to_the_end(probe, part):
        return False
    name = part.account if isinstance(part, Bucket) else part
    if isinstance(part, Bucket):
        outcome = probe.do("join", name, name, part.market)
        return True if outcome.done else f"{part} is empty after its liquidation and cannot be joined: {outcome.error}"
    units = 10 ** probe.state.parameters.collaterals[0].decimals
    probe.fund(name, [units])
    outcome = probe.do("withdraw", name, name, 0, units)
    if outcome.error == "OutflowLimitExceeded":
        return False
    return True if outcome.done else f"{name} cannot take out what it paid in after its liquidation: {outcome.error}"


def _liquidated_to_the_end(probe: Probe, part: Part) -> bool:
    """Take everything that an account or a bucket has by liquidations, as far as the rules let; whether it is empty then."""
    name = part.account if isinstance(part, Bucket) else part
    backstop = probe.cast.backstop
    for _ in range(MOST_LIQUIDATIONS):
        state = probe.state
        account, (status, risk) = part_of(state, part), probe.expected_health(part)
        if _is_empty(state, part) or status in UNUSABLE or not is_liquidatable(risk):
            break
        market = next((number for number, size in enumerate(account.sizes_wad) if size), None)
        if market is not None:
            held_wad = account.sizes_wad[market]
            mark_wad = lenient_mark_wad(state, market, held_wad)
            listed = state.parameters.markets[market]
            size_wad = permitted_close_wad(state.parameters.liquidation, listed, held_wad, mark_wad, risk)
            needed_wad, attempt = notional_wad(size_wad, mark_wad), ("liquidate", market, size_wad)
        else:
            collateral = next(number for number, units in enumerate(account.units) if units)
            units = largest_seizure_units(state, name, collateral)
            if units is None:
                break
            needed_wad, attempt = 2 * abs(account.cash_wad), ("seize", collateral, units)
        kind, number, amount = attempt
        if not has_means(probe, needed_wad) or not probe.do(kind, backstop, backstop, name, number, amount).done:
            break
    return _is_empty(probe.state, part)


CHECKS = (
    Check(
        "LIQ-07",
        "a second liquidation succeeds only while the account is still below its maintenance margin, and pays on newly closed size alone",
        probe=_second_liquidation,
        probe_weight=7,
    ),
    Check(
        "LIQ-09",
        "insurance pays a shortfall as far as it goes, is never below zero, and is not kept beside bad debt",
        _insurance,
        of_done=True,
    ),
    Check(
        "LIQ-12",
        "an account or bucket that was liquidated to the end owes nothing and can start anew",
        _left_empty,
        kinds("liquidate", "seize"),
        _starts_anew,
        of_done=True,
        probe_weight=3,
    ),
)
