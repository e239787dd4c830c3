"""Where a reduction begins to do harm (T6), solved as ``boundaries`` solves where other decisions flip."""

from __future__ import annotations

from reference.margin import health
from reference.parts import behind, without_position
from reference.prices import FRESH, mark_status
from reference.requirements import notional_wad, requirements_wad
from reference.rounding import WAD, ceil_to_multiple, div_ceil, floor_to_multiple
from reference.state import State


def worst_harmless_price_wad(state: State, name: str, market: int, size_wad: int) -> int | None:
    """T6: the worst price, for the account, at which closing so much of its position does no harm.

    The lowest for a long position, the highest for a short one; None where the size closes all of it or more, where a price is missing
    or a mark uncertain, and where no price is so bad, or none good enough. That the account has its initial margin after it would let a
    worse price pass, and the band (T3) may refuse this one: neither is asked here.

    What must be left, ``max(ceil(equity * MM' / MM), MM')`` (the second for who was healthy), does not depend on the price. Sold for
    ``a`` of quote, ``floor(a * (W - fee rate) / W)`` is what comes in; bought, ``ceil(a * (W + fee rate) / W)`` is what goes out: each
    is solved for ``a``, and ``a`` for the price.
    """
    listed, account = state.parameters.markets[market], behind(state.accounts[name], market)
    held_wad = account.sizes_wad[market]
    status, risk = health(state, account)
    if status != FRESH or not 0 < size_wad < abs(held_wad) or size_wad % listed.lot_wad:
        return None
    side = 1 if held_wad > 0 else -1
    _, mark_wad = mark_status(state, listed)
    _, others = health(state, without_position(account, market))
    left_wad = requirements_wad(listed, notional_wad(held_wad - side * size_wad, mark_wad), 0)[1]
    left_wad += others.maintenance_margin_wad
    needed_wad = div_ceil(risk.equity_wad * left_wad, risk.maintenance_margin_wad)
    if risk.equity_wad >= risk.maintenance_margin_wad:
        needed_wad = max(needed_wad, left_wad)
    worth_wad, fee_wad = notional_wad(size_wad, mark_wad), listed.limits.trading_fee_rate_wad
    # The position that goes was worth this; what comes in, or goes out, may fall short of it by what is to spare.
    spare_wad = risk.equity_wad - needed_wad
    if side > 0:
        amount_wad = div_ceil((worth_wad - spare_wad) * WAD, WAD - fee_wad)
        price_wad = ceil_to_multiple(div_ceil(amount_wad * WAD, size_wad), listed.tick_wad)
    else:
        amount_wad = (worth_wad + spare_wad) * WAD // (WAD + fee_wad)
        price_wad = floor_to_multiple(amount_wad * WAD // size_wad, listed.tick_wad)
    return price_wad if price_wad > 0 else None
