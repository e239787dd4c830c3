"""Who takes over a position that its owner cannot carry, and what is left in the end (section 10)."""

from __future__ import annotations

from typing import NamedTuple

from reference.buckets import bad_debt_recorded, with_bucket_debt_absorbed
from reference.ledger import (
    Effect,
    Event,
    arrived,
    credited_to_insurance,
    require_collateral,
    require_initial_margin,
    require_market,
    require_right,
)
from reference.margin import Risk, is_liquidatable, require_lenient_risk, require_prudent_risk
from reference.parameters import Collateral, LiquidationParameters, Market
from reference.parts import behind, has_positions
from reference.prices import require_collateral_price, require_known_mark, side_of
from reference.rejection import Rejected
from reference.requirements import notional_wad
from reference.rounding import WAD, ceil_to_multiple, div_ceil, div_floor
from reference.state import Account, State, margin_of, with_item
from reference.stops import require_liquidations
from reference.trading import (
    amount_wad,
    open_interest_after,
    position_moved,
    require_margin_after,
    require_position_limit,
)


class Penalty(NamedTuple):
    """Q5: what leaves the liquidated account, in quote wad."""

    liquidator_part_wad: int
    insurance_part_wad: int


def permitted_close_wad(
    parameters: LiquidationParameters, market: Market, size_wad: int, mark_wad: int, risk: Risk
) -> int:
    """Q4: the largest size that may be closed of a position of ``size_wad`` (signed)."""
    held_wad = abs(size_wad)
    if 2 * risk.equity_wad < risk.maintenance_margin_wad:
        return held_wad
    if notional_wad(size_wad, mark_wad) <= parameters.small_position_notional_wad:
        return held_wad
    part_wad = ceil_to_multiple(div_ceil(held_wad * parameters.close_factor_rate_wad, WAD), market.lot_wad)
    return min(held_wad, part_wad)


def penalty(parameters: LiquidationParameters, market: Market, amount: int, equity_wad: int) -> Penalty:
    """Q5: the penalty on a closed (positive) amount: total rounded up, liquidator's part down, insurance never into debt."""
    total_wad = div_ceil(amount * market.limits.liquidation_penalty_rate_wad, WAD)
    liquidator_wad = div_floor(total_wad * parameters.liquidator_share_rate_wad, WAD)
    return Penalty(liquidator_wad, min(total_wad - liquidator_wad, max(0, equity_wad - liquidator_wad)))


def _require_liquidatable(state: State, name: str, account: Account) -> Risk:
    """O5, Q1: of the account, or of a bucket."""
    risk = require_lenient_risk(state, account)
    if not is_liquidatable(risk):
        raise Rejected("AccountHealthy", name, risk.equity_wad, risk.maintenance_margin_wad)
    return risk


def liquidate(state: State, caller: str, liquidator: str, account: str, market: int, size_wad: int) -> Effect:
    """Q1 to Q5."""
    require_right(state, caller, liquidator)
    listed = require_market(state, market)
    if liquidator == account:
        raise Rejected("SelfLiquidation", account)
    if size_wad == 0 or size_wad % listed.lot_wad:
        raise Rejected("InvalidSize", size_wad)
    before = state.accounts[account]
    held_wad = before.sizes_wad[market]
    if held_wad == 0:
        raise Rejected("NoPosition", account, market)
    require_liquidations(state)
    risk = _require_liquidatable(state, account, behind(before, market))
    found = require_known_mark(state, listed)
    mark_wad = side_of(found.lenient, held_wad)
    permitted_wad = permitted_close_wad(state.parameters.liquidation, listed, held_wad, mark_wad, risk)
    if size_wad > permitted_wad:
        raise Rejected("CloseTooLarge", permitted_wad)
    taken_wad = size_wad if held_wad > 0 else -size_wad
    liquidator_part_wad, insurance_part_wad = penalty(
        state.parameters.liquidation, listed, amount_wad(size_wad, mark_wad), risk.equity_wad
    )
    due_wad, penalty_wad = state.due.per_unit_wad[market], liquidator_part_wad + insurance_part_wad
    after = position_moved(before, market, -taken_wad, mark_wad, penalty_wad, mark_wad, due_wad)
    liquidator_before = state.accounts[liquidator]
    liquidator_after = position_moved(
        liquidator_before, market, taken_wad, mark_wad, -liquidator_part_wad, mark_wad, due_wad
    )
    liquidator_size_wad = liquidator_after.sizes_wad[market]
    require_position_limit(listed, liquidator, liquidator_before.sizes_wad[market], liquidator_size_wad)
    there, events = arrived(state, market, found)
    credited = credited_to_insurance(there, insurance_part_wad)
    moved = credited._replace(
        accounts={**state.accounts, account: after, liquidator: liquidator_after},
        open_interest_wad=open_interest_after(
            state,
            market,
            (
                (held_wad, after.sizes_wad[market]),
                (liquidator_before.sizes_wad[market], liquidator_after.sizes_wad[market]),
            ),
        ),
    )
    require_margin_after(moved, liquidator, liquidator_before, liquidator_after, market, may_take_over=True)
    event: Event = (
        "Liquidated",
        account,
        liquidator,
        market,
        size_wad,
        mark_wad,
        liquidator_part_wad,
        insurance_part_wad,
    )
    if margin_of(before, market) is None:
        final, more = _absorb_bad_debt(moved, account)
    else:
        final, more = with_bucket_debt_absorbed(moved, account, market)
    return final, (*events, event, *more)


def seizure_payment_wad(collateral: Collateral, units: int, price_wad: int) -> int:
    """Q6: what a liquidator pays for ``units``, rounded up."""
    return div_ceil(
        units * price_wad * (WAD - collateral.liquidation_discount_rate_wad),
        collateral.value_denominator,
    )


def seize(state: State, caller: str, liquidator: str, account: str, collateral: int, units: int) -> Effect:
    """Q6."""
    require_right(state, caller, liquidator)
    token = require_collateral(state, collateral)
    if collateral == 0:
        raise Rejected("NotSeizable", collateral)
    if liquidator == account:
        raise Rejected("SelfLiquidation", account)
    if units == 0:
        raise Rejected("ZeroAmount")
    before = state.accounts[account]
    if units > before.units[collateral]:
        raise Rejected("InsufficientCollateral", account, before.units[collateral])
    require_liquidations(state)
    _require_liquidatable(state, account, before)
    if before.cash_wad >= 0:
        raise Rejected("NoDebt", account)
    price_wad = require_collateral_price(state, token)
    debt_wad = -before.cash_wad
    if seizure_payment_wad(token, units - 1, price_wad) >= debt_wad:
        raise Rejected("SeizureTooLarge", debt_wad)
    payment_wad = seizure_payment_wad(token, units, price_wad)
    liquidator_before = state.accounts[liquidator]
    if liquidator_before.cash_wad < payment_wad:
        raise Rejected("InsufficientCash", liquidator, liquidator_before.cash_wad)
    after = before._replace(
        cash_wad=before.cash_wad + payment_wad,
        units=with_item(before.units, collateral, before.units[collateral] - units),
    )
    liquidator_after = liquidator_before._replace(
        cash_wad=liquidator_before.cash_wad - payment_wad,
        units=with_item(liquidator_before.units, collateral, liquidator_before.units[collateral] + units),
    )
    require_initial_margin(state, liquidator, liquidator_after, require_prudent_risk)
    moved = state._replace(accounts={**state.accounts, account: after, liquidator: liquidator_after})
    final, more = _absorb_bad_debt(moved, account)
    return final, (("Seized", account, liquidator, collateral, units, payment_wad), *more)


def _absorb_bad_debt(state: State, name: str) -> Effect:
    """Q7: an account with nothing left but negative cash owes nothing more; insurance pays, the rest is recorded."""
    account = state.accounts[name]
    if account.cash_wad >= 0 or has_positions(account) or any(account.units):
        return state, ()
    forgiven = state._replace(accounts={**state.accounts, name: account._replace(cash_wad=0)})
    final, event = bad_debt_recorded(forgiven, name, -account.cash_wad)
    return final, (event,)
