"""Where decisions flip, solved from the rules in closed form.

Each function returns the last value on the accepted side of a decision, so that one unit more (a lot, a tick, a token
unit, a second) is decided the other way for the stated reason; or None where there is no such value. Generators aim at
them, and tests hold each of them to the rule that it inverts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from reference.liquidation import permitted_close_wad
from reference.margin import funding_due_wad, health, health_without
from reference.parts import behind, bucket_of, cross_of, is_unencumbered, without_position
from reference.prices import FRESH, UNUSABLE, collateral_price_status, mark, mark_status, side_of
from reference.requirements import (
    collateral_value_wad,
    initial_requirement_wad,
    notional_wad,
    position_value_wad,
    scaling,
)
from reference.rounding import WAD, ceil_to_multiple, div_ceil, floor_to_multiple
from reference.state import ANSWERS, Account, State, margin_of, with_item
from reference.stop_boundaries import largest_outflow_units
from reference.trading import amount_wad, is_within_band, trading_fee_wad

NO_LIQUIDATION_PRICE = 6
"""W3's status where no price is the boundary."""


def largest_deposit_units(state: State, collateral: int) -> int | None:
    """L1: what the deposit cap still admits."""
    room = state.parameters.collaterals[collateral].deposit_cap_units - state.pool_units[collateral]
    return room if room > 0 else None


def largest_withdrawal_units(state: State, name: str, collateral: int) -> int | None:
    """L2: the largest withdrawal that cash or balance, the pool, the outflow limit (S9) and the margin test all admit.

    A collateral taken out whole needs no price of its own (O5 reads the account after the withdrawal).
    """
    account = state.accounts[name]
    token = state.parameters.collaterals[collateral]
    if collateral == 0:
        limit = min(account.cash_wad // token.quote_wad_per_unit, state.pool_units[0])
    else:
        limit = account.units[collateral]
    outflow_units = largest_outflow_units(state, collateral)
    if outflow_units is not None:
        limit = min(limit, outflow_units)
    if limit <= 0:
        return None
    if is_unencumbered(account):
        return limit
    status, risk = health(state, account)
    if status != FRESH:
        if collateral == 0:
            return None
        status, risk = health(state, account._replace(units=with_item(account.units, collateral, 0)))
        return limit if status == FRESH and risk.equity_wad >= risk.initial_margin_wad else None
    slack_wad = risk.equity_wad - risk.initial_margin_wad
    if slack_wad < 0:
        return None
    if collateral == 0:
        limit = min(limit, slack_wad // token.quote_wad_per_unit)
    else:
        _, price_wad = collateral_price_status(state, token)
        balance = account.units[collateral]
        # The smallest balance still worth (rounded down) today's value less the slack.
        worth_wad = collateral_value_wad(token, balance, price_wad) - slack_wad
        if worth_wad > 0:
            per_unit = price_wad * (WAD - token.haircut_rate_wad)
            limit = min(limit, balance - div_ceil(worth_wad * token.value_denominator, per_unit))
    return limit if limit > 0 else None


def _givable_wad(state: State, account: Account) -> int | None:
    """How much of its cash an account without buckets, or a bucket of its margin, can give and still pass L2's test."""
    if account.cash_wad <= 0:
        return None
    if is_unencumbered(account):
        return account.cash_wad
    status, risk = health(state, account)
    if status != FRESH:
        return None
    givable_wad = min(account.cash_wad, risk.equity_wad - risk.initial_margin_wad)
    return givable_wad if givable_wad > 0 else None


def largest_isolation_wad(state: State, name: str, market: int) -> int | None:
    """B2: the most that can be set apart with a market's position, as far as the rest of the account decides."""
    account = state.accounts[name]
    if margin_of(account, market) is not None:
        return None
    rest = without_position(account, market) if account.sizes_wad[market] else account
    return _givable_wad(state, cross_of(rest))


def least_isolation_wad(state: State, name: str, market: int) -> int | None:
    """B2: the least that has to be set apart with a market's position, as far as the bucket decides; None if nothing has."""
    account = state.accounts[name]
    size_wad = account.sizes_wad[market]
    if size_wad == 0 or margin_of(account, market) is not None:
        return None
    alone = bucket_of(account._replace(isolated=((market, 0),)), market)
    status, risk = health(state, alone)
    missing_wad = risk.initial_margin_wad - risk.equity_wad
    return missing_wad if status == FRESH and missing_wad > 0 else None


def largest_margin_out_wad(state: State, name: str, market: int) -> int | None:
    """B4: the most that can be moved from a bucket to cash."""
    account = state.accounts[name]
    return None if margin_of(account, market) is None else _givable_wad(state, bucket_of(account, market))


def largest_margin_in_wad(state: State, name: str, market: int) -> int | None:
    """B4: the most that can be moved from cash to a bucket."""
    account = state.accounts[name]
    return None if margin_of(account, market) is None else _givable_wad(state, cross_of(account))


def largest_fee_collection_units(state: State) -> int | None:
    """L9: what fees and pool admit."""
    units = min(state.fees_wad // state.parameters.collaterals[0].quote_wad_per_unit, state.pool_units[0])
    outflow_units = largest_outflow_units(state, 0)
    if outflow_units is not None:
        units = min(units, outflow_units)
    return units if units > 0 else None


def band_edges_wad(state: State, market: int) -> tuple[int, int] | None:
    """T3: the lowest and the highest price of a trade; None where the mark is unusable."""
    listed = state.parameters.markets[market]
    found = mark(state, listed)
    if found.status in UNUSABLE:
        return None
    rate_wad, tick_wad = listed.limits.price_band_rate_wad, listed.tick_wad
    lowest_wad, highest_wad = found.span_wad
    return (
        lowest_wad - floor_to_multiple(rate_wad * lowest_wad // WAD, tick_wad),
        highest_wad + floor_to_multiple(rate_wad * highest_wad // WAD, tick_wad),
    )


def position_limit_room_wad(state: State, name: str, market: int, direction: int) -> int:
    """T4: the largest size in ``direction`` (1 buys, -1 sells) that the position limit admits (may be 0).

    A position turned round without growing is not limited, even where it stands above the limit (P9).
    """
    limit_wad = state.parameters.markets[market].limits.position_limit_wad
    held_wad = state.accounts[name].sizes_wad[market] * direction
    if held_wad < 0:
        return max(limit_wad, -held_wad) - held_wad
    return max(0, limit_wad - held_wad)


def largest_trade_wad(
    state: State, name: str, market: int, direction: int, price_wad: int, *, against: str | None = None
) -> int | None:
    """T6: the largest size in ``direction`` (1 buys, -1 sells) at a price, after which the initial margin is there.

    ``against`` is the other side, whose position decides what becomes of open interest; None is somebody without one. The position
    limit is not part of it. None where prices are unusable, where the price is outside the band, or where
    no size that grows a position, or closes at least the whole of one held the other way, has the initial margin after
    it (a smaller reduction may still pass).

    Where the position grows, ``equity' - IM'`` never rises with the size: a price inside the band gains at most the
    band on each unit, and the band is below every rate (P3). There it is linear in each bracket but for the roundings
    of fee and requirement (both up, less than one quote wad each). The root without them is too far by less than two
    quote wad of slack, which is walked back: seldom more than one lot, by doubling steps where a lot is worth little.
    Where the trade raises open interest so that the requirement grows with it, the roots at the open interest before it and after the
    most of it lie on either side.
    """
    listed = state.parameters.markets[market]
    account = behind(state.accounts[name], market)
    status, mark_wad = mark_status(state, listed)
    if status != FRESH or not is_within_band(listed, price_wad, mark_wad):
        return None
    held_wad = account.sizes_wad[market] * direction
    start_wad = max(0, -held_wad)
    due_wad = state.due.per_unit_wad[market]
    spare_wad = position_value_wad(account.sizes_wad[market], account.quotes_wad[market], mark_wad, due_wad)
    status, risk = health_without(state, account, market)
    if status != FRESH:
        # Only closing the last position needs no other price, where it leaves no debt (V7).
        amount = amount_wad(start_wad, price_wad)
        gain_wad = direction * (amount_wad(start_wad, mark_wad) - amount)
        cash_wad = account.cash_wad + spare_wad + gain_wad - trading_fee_wad(listed, amount)
        closed = without_position(account, market)._replace(cash_wad=cash_wad)
        return start_wad if start_wad and is_unencumbered(closed) else None
    spare_wad += risk.equity_wad - risk.initial_margin_wad

    held_by_other_wad = 0 if against is None else state.accounts[against].sizes_wad[market] * direction
    open_wad = state.open_interest_wad[market]
    # Of the two sides, whoever is long or becomes so is who counts (T5).
    buys_wad, sells_wad = (held_wad, held_by_other_wad) if direction > 0 else (-held_by_other_wad, -held_wad)

    def open_interest_after_wad(size_wad: int) -> int:
        longer, shorter = (
            max(buys_wad + size_wad, 0) - max(buys_wad, 0),
            max(sells_wad - size_wad, 0) - max(sells_wad, 0),
        )
        return (open_wad + longer + shorter) * mark_wad // WAD

    def slack_wad(size_wad: int) -> int:
        amount = size_wad * price_wad // WAD
        gain_wad = direction * (size_wad * mark_wad // WAD - amount)
        notional = abs(held_wad + size_wad) * mark_wad // WAD
        initial = initial_requirement_wad(listed, notional, open_interest_after_wad(size_wad))
        return spare_wad + gain_wad - trading_fee_wad(listed, amount) - initial

    def root_wad(size_wad: int) -> int:
        """The root at the open interest that a trade of a size leaves.

        With n = held + size (the new exposure, positive): W^2 * slack(n) = intercept_k - slope_k * n on each bracket's line, and the
        requirement is the largest of the lines (rates never fall), so the binding root is the smallest. All of it times ``whole``, of
        which ``part`` is what open interest adds to each rate's distance from 1.
        """
        part, whole = scaling(listed, open_interest_after_wad(size_wad))
        drift = (price_wad * listed.limits.trading_fee_rate_wad - direction * (mark_wad - price_wad) * WAD) * whole
        root = min(
            [
                ((spare_wad * WAD * whole + deduction * (whole - part)) * WAD + drift * held_wad)
                // ((rate_wad * whole + (WAD - rate_wad) * part) * mark_wad + drift)
                for rate_wad, deduction in zip(listed.initial_rates_wad, listed.initial_deductions_wad2, strict=True)
            ]
        )
        return max(start_wad, floor_to_multiple(root - held_wad, listed.lot_wad))

    if slack_wad(start_wad) < 0:
        return None
    best_wad = beyond_wad = root_wad(start_wad)
    slack = slack_beyond = slack_wad(best_wad)
    if slack < 0 and open_interest_after_wad(best_wad) > listed.scaling.lower_wad:
        # What this trade adds to open interest was left out, and so too much found; with all that the most of it adds, too little.
        best_wad = root_wad(best_wad)
        slack = slack_wad(best_wad)
    step_wad = listed.lot_wad
    while slack < 0:
        beyond_wad, slack_beyond = best_wad, slack
        best_wad, step_wad = max(start_wad, best_wad - step_wad), 2 * step_wad
        slack = slack_wad(best_wad)
    best_wad = _last_before_zero(slack_wad, (best_wad, slack), (beyond_wad, slack_beyond), listed.lot_wad)
    return best_wad if best_wad > 0 else None


def _last_before_zero(value_at: Callable[[int], int], good: tuple[int, int], bad: tuple[int, int], step: int) -> int:
    """The last number, in steps from the good one, whose value is not negative; both are given with their values.

    By the Illinois method: where the straight line between both meets zero, the value of an end that stays being halved, so that the other
    comes nearer too.
    """
    (best, above), (beyond, below) = good, bad
    while beyond - best > step:
        steps = (beyond - best) // step
        middle = best + min(max(above * steps // (above - below), 1), steps - 1) * step
        value = value_at(middle)
        if value < 0:
            beyond, below, above = middle, value, above // 2
        else:
            best, above, below = middle, value, below // 2
    return best


def size_at_notional_wad(state: State, market: int, notional: int) -> int | None:
    """V4: the largest size whose notional is at most ``notional``: where a bracket ends, or a position is small."""
    listed = state.parameters.markets[market]
    status, mark_wad = mark_status(state, listed)
    if status != FRESH:
        return None
    size_wad = floor_to_multiple(notional * WAD // mark_wad, listed.lot_wad)
    return size_wad if size_wad > 0 else None


def liquidation_price_wad(state: State, name: str, market: int) -> tuple[int, int]:
    """W3: (status, price in wad), in closed form.

    With ``v`` the value of the size (``size * price / W``, an integer), the account is healthy iff
    ``K + v - ceil((|v| r_k - D_k) / W) >= 0``, where ``K`` is everything that does not move with the price. For a long
    that is ``v (W - r_k) >= -(K W + D_k)``, for a short with ``n = -v`` it is ``n (W + r_k) <= K W + D_k``: leaving out
    the rounding is exact because all else is an integer. The requirement is the largest of the brackets' lines, so all
    of their bounds hold at once, and the tightest decides.
    """
    return _price_boundary_wad(state, name, market, 1, "maintenance")


def initial_margin_price_wad(state: State, name: str, market: int) -> tuple[int, int]:
    """The same boundary for ``equity >= initial margin``: where withdrawals and new risk stop.

    Only where open interest does not yet add to the requirement, at the price and one tick beyond: what it adds is not linear in
    the price, so that there may be several such prices; status 6 then.
    """
    status, price_wad = _price_boundary_wad(state, name, market, 1, "initial")
    if status == FRESH:
        listed, open_wad = state.parameters.markets[market], state.open_interest_wad[market]
        if scaling(listed, notional_wad(open_wad, price_wad + listed.tick_wad))[0]:
            return NO_LIQUIDATION_PRICE, 0
    return status, price_wad


def size_at_open_interest_wad(
    state: State, buyer: str, seller: str, market: int, open_interest_notional_wad: int
) -> int | None:
    """V5: the largest trade after which open interest has at most this notional.

    None where either side would first close something (open interest then rises later than the size), and where there is no room.
    """
    listed = state.parameters.markets[market]
    status, mark_wad = mark_status(state, listed)
    closes = state.accounts[buyer].sizes_wad[market] < 0 or state.accounts[seller].sizes_wad[market] > 0
    if status != FRESH or closes:
        return None
    room_wad = open_interest_notional_wad * WAD // mark_wad - state.open_interest_wad[market]
    size_wad = floor_to_multiple(room_wad, listed.lot_wad)
    return size_wad if size_wad > 0 else None


def close_out_price_wad(state: State, name: str, market: int) -> tuple[int, int]:
    """The same boundary for ``2 * equity >= maintenance margin``: where Q4 lets a position be closed whole."""
    return _price_boundary_wad(state, name, market, 2, "maintenance")


def penalty_price_wad(state: State, name: str, market: int) -> tuple[int, int]:
    """The same boundary for ``equity >=`` the penalty on all of the position (Q5): beyond it insurance gets less than its part."""
    return _price_boundary_wad(state, name, market, 1, "penalty")


def _price_boundary_wad(state: State, name: str, market: int, equity_weight: int, requirement: str) -> tuple[int, int]:
    account = behind(state.accounts[name], market)
    listed = state.parameters.markets[market]
    size_wad = account.sizes_wad[market]
    if size_wad == 0:
        return NO_LIQUIDATION_PRICE, 0
    status, risk = health_without(state, account, market)
    if status != FRESH:
        return status, 0
    if requirement == "initial":
        rates, deductions, rest_wad = listed.initial_rates_wad, listed.initial_deductions_wad2, risk.initial_margin_wad
    elif requirement == "penalty":
        rates, deductions, rest_wad = (listed.limits.liquidation_penalty_rate_wad,), (0,), 0
    else:
        rates, deductions = listed.maintenance_rates_wad, listed.maintenance_deductions_wad2
        rest_wad = risk.maintenance_margin_wad
    unpriced_wad = account.quotes_wad[market] - funding_due_wad(state, market, size_wad)
    constant = equity_weight * (risk.equity_wad + unpriced_wad) - rest_wad
    tick_wad = listed.tick_wad
    ticks = floor_to_multiple(listed.feed.maximum_price_wad, tick_wad) // tick_wad
    value_per_tick = abs(size_wad) * tick_wad // WAD
    weight = equity_weight * WAD
    if size_wad > 0:
        needed = 0
        for rate, deduction in zip(rates, deductions, strict=True):
            missing = -(constant * WAD + deduction)
            if missing > 0:
                if rate == weight:
                    # An initial rate of 1 (P2) rises as fast as the value: what is missing, no price makes good.
                    return NO_LIQUIDATION_PRICE, 0
                needed = max(needed, div_ceil(missing, weight - rate))
        tick = div_ceil(needed, value_per_tick)
        return (FRESH, tick * tick_wad) if 1 < tick <= ticks else (NO_LIQUIDATION_PRICE, 0)
    affordable = min(
        (constant * WAD + deduction) // (weight + rate) for rate, deduction in zip(rates, deductions, strict=True)
    )
    tick = affordable // value_per_tick
    return (FRESH, tick * tick_wad) if 1 <= tick < ticks else (NO_LIQUIDATION_PRICE, 0)


def bracket_price_wad(state: State, name: str, market: int) -> int | None:
    """V5: the lowest price, in ticks above today's mark, at which the position reaches its next bracket.

    None for the last bracket, and where that price is above the feed's largest answer.
    """
    listed = state.parameters.markets[market]
    size_wad = abs(state.accounts[name].sizes_wad[market])
    status, mark_wad = mark_status(state, listed)
    if size_wad == 0 or status != FRESH:
        return None
    k = bisect_right(listed.floors_wad, size_wad * mark_wad // WAD)
    if k == len(listed.floors_wad):
        return None
    price_wad = ceil_to_multiple(div_ceil(listed.floors_wad[k] * WAD, size_wad), listed.tick_wad)
    return price_wad if price_wad <= listed.feed.maximum_price_wad else None


def largest_close_wad(state: State, name: str, market: int) -> int | None:
    """Q4: the largest size that may be closed now; None if the account is not liquidatable there."""
    account = behind(state.accounts[name], market)
    listed = state.parameters.markets[market]
    size_wad = account.sizes_wad[market]
    status, risk = health(state, account)
    if size_wad == 0 or status in UNUSABLE or risk.equity_wad >= risk.maintenance_margin_wad:
        return None
    mark_wad = side_of(mark(state, listed).lenient, size_wad)
    return permitted_close_wad(state.parameters.liquidation, listed, size_wad, mark_wad, risk)


def largest_seizure_units(state: State, name: str, collateral: int) -> int | None:
    """Q6: the largest seizure that balance and debt admit; None where there is no debt or no balance."""
    account = state.accounts[name]
    token = state.parameters.collaterals[collateral]
    if collateral == 0 or account.cash_wad >= 0 or account.units[collateral] == 0:
        return None
    status, price_wad = collateral_price_status(state, token)
    if status != FRESH:
        return None
    per_unit = price_wad * (WAD - token.liquidation_discount_rate_wad)
    units = (-account.cash_wad - 1) * token.value_denominator // per_unit + 1
    return min(units, account.units[collateral])


def last_fresh_second_s(state: State, feed: str, heartbeat_s: int) -> int | None:
    """O1: the last second at which the source's present answer is fresh under a heartbeat, whatever its bounds.

    None for a source that fails, or whose answer is dated 0: neither is fresh at any time.
    """
    reading = state.feeds[feed]
    return reading.updated_at_s + heartbeat_s if reading.mode == ANSWERS and reading.updated_at_s else None
