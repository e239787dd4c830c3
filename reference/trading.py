"""Matched trades and the margin test of an owner's action (section 7)."""

from __future__ import annotations

from reference.funding import premium_after, with_premium
from reference.ledger import Effect, arrived, paid, require_market, require_right
from reference.margin import is_liquidatable, require_lenient_risk, require_prudent_risk, require_risk
from reference.parameters import Market
from reference.parts import behind, is_unencumbered
from reference.prices import FRESH, Price, require_known_mark, side_of
from reference.rejection import Rejected
from reference.requirements import notional_wad, requirements_wad
from reference.rounding import WAD, div_ceil
from reference.state import Account, State, with_item
from reference.stops import require_open


def amount_wad(size_wad: int, price_wad: int) -> int:
    """N5: the quote that changes hands, exact. Signed like the size."""
    return size_wad * price_wad // WAD


def trading_fee_wad(market: Market, amount: int) -> int:
    """T5: each side's fee on a positive amount, rounded up."""
    return div_ceil(amount * market.limits.trading_fee_rate_wad, WAD)


def is_within_band(market: Market, price_wad: int, mark_wad: int) -> bool:
    """T3."""
    return abs(price_wad - mark_wad) * WAD <= market.limits.price_band_rate_wad * mark_wad


def nearest_mark_wad(mark: Price, price_wad: int) -> int:
    """T3: what a trade's price is compared with: the mark, or the nearest of all that it may be."""
    lowest_wad, highest_wad = mark.span_wad
    return min(max(price_wad, lowest_wad), highest_wad)


def position_moved(
    account: Account, market: int, size_wad: int, price_wad: int, paid_wad: int, mark_wad: int, due_wad: int
) -> Account:
    """T5: ``size_wad`` (signed) added at a price, ``paid_wad`` taken from the money behind it, and the position settled at the mark (L6).

    ``due_wad`` is the funding due on one unit: the position owes it for the time before it came to be as little as for none.
    """
    size_after_wad = account.sizes_wad[market] + size_wad
    worth_wad = amount_wad(size_after_wad, mark_wad - due_wad)
    value_wad = worth_wad + account.quotes_wad[market] - amount_wad(size_wad, price_wad - due_wad)
    moved = Account(
        account.cash_wad,
        with_item(account.sizes_wad, market, size_after_wad),
        with_item(account.quotes_wad, market, -worth_wad),
        account.units,
        account.isolated,
    )
    return paid(moved, market, value_wad - paid_wad)


def require_position_limit(market: Market, name: str, size_before_wad: int, size_after_wad: int) -> None:
    """T4."""
    size_wad = abs(size_after_wad)
    if size_wad > abs(size_before_wad) and size_wad > market.limits.position_limit_wad:
        raise Rejected("PositionLimitExceeded", name, size_wad)


def is_reduction(size_before_wad: int, size_after_wad: int) -> bool:
    """T6: nearer to zero, and not past it."""
    if size_before_wad > 0:
        return 0 <= size_after_wad < size_before_wad
    return size_before_wad < size_after_wad <= 0


def require_margin_after(
    state: State, name: str, before: Account, after: Account, market: int, *, may_take_over: bool = False
) -> None:
    """T6: the margin test of the account (B5: or the bucket) that an action of its owner's took from ``before`` to ``after`` in one market.

    ``state`` has the open interest after the action. The account before it is valued at the same prices; its equity and maintenance
    margin, which are all that is asked of it, do not depend on open interest. ``may_take_over``: at uncertain marks too (Q2).
    """
    before, after = behind(before, market), behind(after, market)
    if is_unencumbered(after):
        return
    size_before_wad, size_after_wad = before.sizes_wad[market], after.sizes_wad[market]
    reduced = is_reduction(size_before_wad, size_after_wad)
    risk = require_prudent_risk(state, after) if reduced or may_take_over else require_risk(state, after)
    if risk.equity_wad >= risk.initial_margin_wad:
        return
    if reduced:
        equity_before_wad, _, maintenance_before_wad = require_prudent_risk(state, before)
        did_not_lower_ratio = (
            risk.equity_wad * maintenance_before_wad >= equity_before_wad * risk.maintenance_margin_wad
        )
        did_not_cross = risk.equity_wad >= risk.maintenance_margin_wad or equity_before_wad < maintenance_before_wad
        if did_not_lower_ratio and did_not_cross and _stays_out_of_reach(state, before, after):
            return
    raise Rejected("InsufficientMargin", name, risk.equity_wad, risk.initial_margin_wad)


def _stays_out_of_reach(state: State, before: Account, after: Account) -> bool:
    """T6: at lenient prices too, by which he is liquidated, nobody became liquidatable. (At usable marks they are the same.)"""
    return not is_liquidatable(require_lenient_risk(state, after)) or is_liquidatable(
        require_lenient_risk(state, before)
    )


def open_interest_after(state: State, market: int, changes: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """T5: the sum of all positive sizes, after accounts' sizes went from the first to the second of each pair."""
    change = sum(max(after, 0) - max(before, 0) for before, after in changes)
    return with_item(state.open_interest_wad, market, state.open_interest_wad[market] + change)


def trade(state: State, caller: str, market: int, buyer: str, seller: str, size_wad: int, price_wad: int) -> Effect:
    """T1 to T6."""
    require_right(state, caller, buyer)
    require_right(state, caller, seller)
    listed = require_market(state, market)
    if buyer == seller:
        raise Rejected("SelfTrade", buyer)
    if size_wad == 0 or size_wad % listed.lot_wad:
        raise Rejected("InvalidSize", size_wad)
    if price_wad == 0 or price_wad % listed.tick_wad:
        raise Rejected("InvalidPrice", price_wad)
    mark = require_known_mark(state, listed)
    nearest_wad = nearest_mark_wad(mark, price_wad)
    if not is_within_band(listed, price_wad, nearest_wad):
        raise Rejected("PriceOutsideBand", price_wad, nearest_wad)
    due_wad = state.due.per_unit_wad[market]
    buyer_before, seller_before = state.accounts[buyer], state.accounts[seller]
    fee_wad = trading_fee_wad(listed, amount_wad(size_wad, price_wad))
    # At a usable mark both of the pair are it.
    buyer_mark_wad = side_of(mark.prudent, buyer_before.sizes_wad[market])
    seller_mark_wad = side_of(mark.prudent, seller_before.sizes_wad[market])
    buyer_after = position_moved(buyer_before, market, size_wad, price_wad, fee_wad, buyer_mark_wad, due_wad)
    seller_after = position_moved(seller_before, market, -size_wad, price_wad, fee_wad, seller_mark_wad, due_wad)
    sides = ((buyer, buyer_before, buyer_after), (seller, seller_before, seller_after))
    for name, before, after in sides:
        require_position_limit(listed, name, before.sizes_wad[market], after.sizes_wad[market])
    changes = tuple((before.sizes_wad[market], after.sizes_wad[market]) for _, before, after in sides)
    open_interest_wad = open_interest_after(state, market, changes)
    require_open(state, market, mark, changes, open_interest_wad[market])
    there, events = arrived(state, market, mark)
    funding = there.funding
    if mark.status == FRESH:
        moved = funding[market]
        amount = amount_wad(size_wad, price_wad)
        premium_wad = premium_after(listed, moved.premium_wad, amount, price_wad, mark.price_wad)
        if premium_wad != moved.premium_wad:
            moved = with_premium(listed, moved, premium_wad, state.time_s)
            funding = (*funding[:market], moved, *funding[market + 1 :])
    booked = there._replace(
        funding=funding,
        accounts={**state.accounts, buyer: buyer_after, seller: seller_after},
        fees_wad=state.fees_wad + 2 * fee_wad,
        open_interest_wad=open_interest_wad,
    )
    for name, before, after in sides:
        require_margin_after(booked, name, before, after, market)
    return booked, (*events, ("Traded", market, buyer, seller, size_wad, price_wad, fee_wad))


def requirement_of(market: Market, size_wad: int, price_wad: int, open_interest_wad: int) -> tuple[int, int]:
    """W2: (initial, maintenance) requirement of a size (signed, whole lots) at a price (whole ticks) and an open interest (base)."""
    if size_wad == 0:
        return 0, 0
    return requirements_wad(market, notional_wad(size_wad, price_wad), notional_wad(open_interest_wad, price_wad))
