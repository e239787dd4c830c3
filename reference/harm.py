"""Where a reduction begins to do harm (T6), solved as ``boundaries`` solves where other decisions flip."""

from __future__ import annotations

from reference.margin import Risk, health, require_lenient_risk, require_prudent_risk
from reference.parameters import Market
from reference.parts import behind, without_position
from reference.prices import FRESH, UNUSABLE, prices, side_of
from reference.requirements import notional_wad, requirements_wad
from reference.rounding import WAD, ceil_to_multiple, div_ceil, floor_to_multiple
from reference.state import State


def worst_harmless_price_wad(state: State, name: str, market: int, size_wad: int) -> int | None:
    """T6: the worst price, for the account, at which closing so much of its position does no harm.

    The lowest for a long position, the highest for a short one; None where the size is more than the position, where a price is
    missing, and where no price is so bad, or none good enough. That the account has its initial margin after it would let a worse
    price pass, and the band (T3) may refuse this one: neither is asked here. Where a needed mark is uncertain, it is the worst price that
    does no harm at prudent prices and does not end health at lenient ones.
    """
    listed, account = state.parameters.markets[market], behind(state.accounts[name], market)
    held_wad = account.sizes_wad[market]
    status, risk = health(state, account)
    if status in UNUSABLE or not 0 < size_wad <= abs(held_wad) or size_wad % listed.lot_wad:
        return None
    others, mark = without_position(account, market), prices(state).marks[market]
    if status == FRESH:
        ends = [_worst_wad(listed, held_wad, size_wad, mark.price_wad, risk, require_lenient_risk(state, others), True)]
    else:
        prudent_wad, lenient_wad = mark.price_wad, mark.price_wad
        if mark.status != FRESH:
            prudent_wad, lenient_wad = side_of(mark.prudent, held_wad), side_of(mark.lenient, held_wad)
        was, left = require_prudent_risk(state, account), require_prudent_risk(state, others)
        ends = [_worst_wad(listed, held_wad, size_wad, prudent_wad, was, left, True)]
        if risk.equity_wad >= risk.maintenance_margin_wad:
            left = require_lenient_risk(state, others)
            ends.append(_worst_wad(listed, held_wad, size_wad, lenient_wad, risk, left, False))
    price_wad = max(ends) if held_wad > 0 else min(ends)
    return price_wad if price_wad > 0 else None


def _worst_wad(
    listed: Market, held_wad: int, size_wad: int, mark_wad: int, risk: Risk, others: Risk, keeps_ratio: bool
) -> int:
    """The worst price that leaves enough, all valued at one set of marks; not positive where every price does.

    What must be left, ``ceil(equity * MM' / MM)`` if the ratio is to be kept, and ``MM'`` of who was healthy, does not depend on the
    price. Sold for ``a`` of quote, ``floor(a * (W - fee rate) / W)`` is what comes in; bought, ``ceil(a * (W + fee rate) / W)`` is
    what goes out: each is solved for ``a``, and ``a`` for the price.
    """
    side = 1 if held_wad > 0 else -1
    left_wad = requirements_wad(listed, notional_wad(held_wad - side * size_wad, mark_wad), 0)[1]
    left_wad += others.maintenance_margin_wad
    needs = [div_ceil(risk.equity_wad * left_wad, risk.maintenance_margin_wad)] if keeps_ratio else []
    if risk.equity_wad >= risk.maintenance_margin_wad:
        needs.append(left_wad)
    worth_wad, fee_wad = notional_wad(size_wad, mark_wad), listed.limits.trading_fee_rate_wad
    # The position that goes was worth this; what comes in, or goes out, may fall short of it by what is to spare.
    spare_wad = risk.equity_wad - max(needs)
    if side > 0:
        amount_wad = div_ceil((worth_wad - spare_wad) * WAD, WAD - fee_wad)
        return ceil_to_multiple(div_ceil(amount_wad * WAD, size_wad), listed.tick_wad)
    amount_wad = (worth_wad + spare_wad) * WAD // (WAD + fee_wad)
    return floor_to_multiple(amount_wad * WAD // size_wad, listed.tick_wad)
