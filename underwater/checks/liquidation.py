"""LIQ: liquidation."""

from __future__ import annotations

from reference.liquidation import permitted_close_wad, seizure_payment_wad
from reference.margin import health_of, is_liquidatable
from reference.parts import cross_of, has_positions, part_of
from reference.prices import FRESH, UNUSABLE, collateral_price_status, mark, mark_status, side_of
from reference.requirements import notional_wad, position_value_wad
from reference.rounding import WAD, div_ceil
from reference.state import Account, Bucket, Part, State, margin_of, part_behind, parts_of
from underwater.checks import Check, Probe, Step, Verdict, kinds, market_name, quote

_LIQUIDATIONS = kinds("liquidate", "seize")


def liquidated(step: Step) -> Part:
    """Who is liquidated: an account, or the bucket behind the position that is closed."""
    assert step.action is not None
    _, name, number, _ = step.action.arguments
    return part_behind(step.before, name, number) if step.kind == "liquidate" else name


def lenient_mark_wad(state: State, market: int, size_wad: int) -> int:
    """At what price a position is liquidated (O7, Q2)."""
    return side_of(mark(state, state.parameters.markets[market]).lenient, size_wad)


def _liquidation_mark_wad(step: Step) -> int:
    assert step.action is not None
    _, name, market, _ = step.action.arguments
    return lenient_mark_wad(step.before, market, step.before.accounts[name].sizes_wad[market])


def _only_liquidatable(step: Step) -> Verdict:
    """LIQ-01."""
    if not step.outcome.done:
        return False
    name = liquidated(step)
    status, risk = health_of(step.before, name)
    if status in UNUSABLE:
        return f"{name} was liquidated while its health could not be known (status {status})"
    if not is_liquidatable(risk):
        return f"{name} was liquidated with equity {quote(risk.equity_wad)}, maintenance margin {quote(risk.maintenance_margin_wad)}"
    return True


def prey_of(probe: Probe) -> list[Part]:
    """Every account and bucket that is below its maintenance margin."""
    prey: list[Part] = []
    for name in probe.cast.accounts:
        for part in parts_of(name, probe.state.accounts[name]):
            status, risk = probe.expected_health(part)
            if status not in UNUSABLE and is_liquidatable(risk):
                prey.append(part)
    return prey


def _can_be_liquidated(probe: Probe) -> Verdict:
    """LIQ-02. By a backstop that has all that it takes, at present prices."""
    state, prey = probe.state, prey_of(probe)
    if not prey:
        return False
    part = probe.choices.pick(prey)
    name, account = part.account if isinstance(part, Bucket) else part, part_of(state, part)
    backstop = probe.cast.backstop
    market = next((number for number, size in enumerate(account.sizes_wad) if size), None)
    if market is not None:
        listed = state.parameters.markets[market]
        mark_wad = lenient_mark_wad(state, market, account.sizes_wad[market])
        _, risk = probe.expected_health(part)
        size_wad = permitted_close_wad(state.parameters.liquidation, listed, account.sizes_wad[market], mark_wad, risk)
        # A requirement is at most the notional.
        if not has_means(probe, notional_wad(size_wad, mark_wad)):
            return False
        outcome = probe.do("liquidate", backstop, backstop, name, market, size_wad)
        if not outcome.done and outcome.error != "PositionLimitExceeded":
            position = f"position in {market_name(state, market)}"
            return f"{part} is below its maintenance margin, but its {position} cannot be closed: {outcome.error}"
        return True
    if account.cash_wad >= 0 or isinstance(part, Bucket):
        return f"{part} is below its maintenance margin without a position or a debt"
    collateral = next((number for number, units in enumerate(account.units) if units), None)
    if collateral is None:
        return f"{name} owes {quote(-account.cash_wad)} quote and has nothing: bad debt that nobody recorded"
    token = state.parameters.collaterals[collateral]
    _, price_wad = collateral_price_status(state, token)
    if not has_means(probe, seizure_payment_wad(token, 1, price_wad)):
        return False
    outcome = probe.do("seize", backstop, backstop, name, collateral, 1)
    if not outcome.done:
        return f"{name} is below its maintenance margin, but its {token.name} cannot be seized: {outcome.error}"
    return True


def has_means(probe: Probe, needed_wad: int) -> bool:
    """Give the backstop as much quote, and some to spare; False where deposits cannot hold so much."""
    settlement = probe.state.parameters.collaterals[0]
    units = max(10**12 * 10**settlement.decimals, 2 * needed_wad // settlement.quote_wad_per_unit + 1)
    probe.fund(probe.cast.backstop, [units])
    return probe.state.accounts[probe.cast.backstop].cash_wad >= needed_wad


TWO_CEILINGS_WAD = 2
"""The penalty and what the remaining position requires are rounded up, each by less than one."""


def _equity_lost(step: Step) -> Verdict:
    """LIQ-03. At most the penalty; and a partial close brings equity nearer to the maintenance margin."""
    if not step.outcome.done:
        return False
    assert step.action is not None
    _, _, number, amount = step.action.arguments
    name = liquidated(step)
    status, before = health_of(step.before, name)
    health = step.healths.get(name)
    if status in UNUSABLE or health is None or health.status in UNUSABLE:
        return False
    lost = before.equity_wad - health.risk.equity_wad
    if step.kind == "seize":
        if lost > 0:
            return f"a seizure lowered the equity of {name} by {quote(lost)} quote"
        return True
    listed = step.before.parameters.markets[number]
    mark_wad = _liquidation_mark_wad(step)
    closed = amount * mark_wad // WAD
    penalty = div_ceil(closed * listed.limits.liquidation_penalty_rate_wad, WAD)
    if lost > penalty:
        return f"{name} lost {quote(lost)} quote of equity, the penalty on what was closed is {quote(penalty)}"
    gap_before = before.maintenance_margin_wad - before.equity_wad
    gap_after = health.risk.maintenance_margin_wad - health.risk.equity_wad
    slope_wad = listed.maintenance_rates_wad[0] - listed.limits.liquidation_penalty_rate_wad
    nearer_by = closed * slope_wad // WAD - TWO_CEILINGS_WAD
    if has_positions(part_of(step.after, name)) and gap_before - gap_after <= nearer_by:
        return f"a partial close left {name} {quote(gap_after)} quote short of its maintenance margin, {quote(gap_before)} before"
    return True


def _stated_reward_wad(step: Step) -> int:
    """The most that the rules let a liquidator earn in this step (Q5, Q6), in equity at the mark without haircuts."""
    assert step.action is not None
    _, _, number, amount = step.action.arguments
    before = step.before
    if step.kind == "liquidate":
        listed = before.parameters.markets[number]
        closed = amount * _liquidation_mark_wad(step) // WAD
        penalty = div_ceil(closed * listed.limits.liquidation_penalty_rate_wad, WAD)
        return penalty * before.parameters.liquidation.liquidator_share_rate_wad // WAD
    token = before.parameters.collaterals[number]
    price_wad = collateral_price_status(before, token)[1]
    return div_ceil(amount * price_wad * token.liquidation_discount_rate_wad, token.value_denominator)


def _worth_wad(state: State, name: str, *, at_least_nothing: bool = False) -> int | None:
    """What an account and its buckets are worth in quote wad at full prices: no haircut, positions at the mark; None if a price is
    missing. ``at_least_nothing``: whichever of them is worth less than nothing counts as nothing.
    """
    total = 0
    for part in parts_of(name, state.accounts[name]):
        worth = _part_worth_wad(state, part_of(state, part))
        if worth is None:
            return None
        total += max(0, worth) if at_least_nothing else worth
    return total


def _part_worth_wad(state: State, account: Account) -> int | None:
    total = account.cash_wad
    held = zip(state.parameters.markets, account.sizes_wad, account.quotes_wad, state.due.per_unit_wad, strict=True)
    for market, size, unsettled, due_wad in held:
        if size:
            status, mark_wad = mark_status(state, market)
            if status != FRESH:
                return None
            total += position_value_wad(size, unsettled, mark_wad, due_wad)
    for collateral, units in zip(state.parameters.collaterals, account.units, strict=True):
        if units:
            status, price_wad = collateral_price_status(state, collateral)
            if status != FRESH:
                return None
            total += units * price_wad // 10**collateral.decimals
    return total


ONE_FLOOR_A_SIDE_WAD = 2
"""Worth at full prices is rounded down for each account that holds the collateral, before and after."""


def _reward(step: Step) -> Verdict:
    """LIQ-04."""
    if not step.outcome.done:
        return False
    assert step.action is not None
    liquidator = step.action.arguments[0]
    before, after = _worth_wad(step.before, liquidator), _worth_wad(step.after, liquidator)
    if before is None or after is None:
        return False
    stated = _stated_reward_wad(step)
    if after - before > stated + ONE_FLOOR_A_SIDE_WAD:
        return f"{liquidator} earned {quote(after - before)} quote, the stated reward is {quote(stated)}"
    return True


def _self_liquidation(step: Step) -> Verdict:
    """LIQ-05. Liquidated account and liquidator taken as one coalition; negative equity counts as zero."""
    if not step.outcome.done:
        return False
    assert step.action is not None
    liquidator, name = step.action.arguments[:2]
    if liquidator == name:
        return f"{name} liquidated itself"
    worths = [
        worth
        for state in (step.before, step.after)
        for worth in (_worth_wad(state, liquidator), _worth_wad(state, name, at_least_nothing=True))
    ]
    if None in worths:
        return False
    first, second, third, fourth = (worth or 0 for worth in worths)
    gain = third + fourth - first - second
    stated = _stated_reward_wad(step)
    if gain > stated + ONE_FLOOR_A_SIDE_WAD:
        return f"{liquidator} and {name} together gained {quote(gain)} quote, a third party would have been paid {quote(stated)}"
    return True


def _close_rule(step: Step) -> Verdict:
    """LIQ-06."""
    if not step.outcome.done:
        return False
    assert step.action is not None
    _, name, market, size_wad = step.action.arguments
    listed = step.before.parameters.markets[market]
    held = step.before.accounts[name].sizes_wad[market]
    left = step.after.accounts[name].sizes_wad[market]
    status, risk = health_of(step.before, liquidated(step))
    if status in UNUSABLE:
        return False
    permitted = permitted_close_wad(step.before.parameters.liquidation, listed, held, _liquidation_mark_wad(step), risk)
    closed = abs(held) - abs(left)
    if held * left < 0 or closed != size_wad:
        return f"{quote(size_wad)} of {name} was to be closed, {quote(held)} became {quote(left)}"
    if closed > permitted:
        return f"{quote(closed)} of {name} was closed, the close rule permits {quote(permitted)}"
    if left % listed.lot_wad:
        return f"{name} is left with {quote(left)}, which is no whole lot and cannot be closed"
    return True


def _bad_debt_once(step: Step) -> Verdict:
    """LIQ-08. What the emptied account owed goes to insurance and bad debt, in full and once; and nothing else does."""
    before, after = step.before, step.after
    recorded = after.bad_debt_wad - before.bad_debt_wad
    if step.kind == "bundle":
        return False
    if step.kind not in ("liquidate", "seize"):
        if recorded > 0:
            return f"bad debt rose by {quote(recorded)} in a {step.kind}"
        return False
    if not step.outcome.done:
        return False
    assert step.action is not None
    liquidator, name = step.action.arguments[:2]
    part = liquidated(step)
    account = cross_of(after.accounts[name])
    empty = not has_positions(account) and not any(account.units)
    own, left = _quote_wad(before, name), _quote_wad(after, name)
    kept_wad = account.cash_wad
    if isinstance(part, Bucket):
        margin_wad = margin_of(after.accounts[name], part.market) or 0
        empty = not after.accounts[name].sizes_wad[part.market]
        if empty and margin_wad < 0:
            return f"{part} has no position and owes {quote(-margin_wad)} quote that nobody recorded"
        if account.cash_wad != before.accounts[name].cash_wad:
            gained_wad = account.cash_wad - before.accounts[name].cash_wad
            return f"the liquidation of {part} changed the cash of {name} by {quote(gained_wad)}"
        kept_wad = margin_wad
    elif empty and account.cash_wad < 0:
        return f"{name} has nothing left but a debt of {quote(-account.cash_wad)} quote that nobody recorded"
    taken = _quote_wad(after, liquidator) - _quote_wad(before, liquidator)
    # Between the two accounts and insurance nothing is created, so what the liquidated account has too much is what was forgiven.
    to_insurance = after.insurance_wad - before.insurance_wad - recorded
    forgiven = left - own + taken + max(0, to_insurance)
    if to_insurance >= 0 and forgiven == 0:
        return False
    if not empty:
        return f"a debt of {name} was forgiven while it holds positions or collateral"
    if kept_wad != 0:
        return f"{part} keeps {quote(kept_wad)} quote after its debt was forgiven"
    if left - own + taken + to_insurance != 0:
        return (
            f"{name} was forgiven {quote(left - own + taken)} quote, insurance and bad debt took {quote(-to_insurance)}"
        )
    return True


def _quote_wad(state: State, name: str) -> int:
    account = state.accounts[name]
    return account.cash_wad + sum(account.quotes_wad) + sum(margin_wad for _, margin_wad in account.isolated)


CHECKS = (
    Check(
        "LIQ-01",
        "only an account below its maintenance margin is liquidated",
        _only_liquidatable,
        _LIQUIDATIONS,
        of_done=True,
    ),
    Check(
        "LIQ-02",
        "every account below its maintenance margin can be liquidated",
        probe=_can_be_liquidated,
        probe_weight=9,
    ),
    Check(
        "LIQ-03",
        "a liquidated account loses at most the penalty, and a partial close leaves it nearer to health",
        _equity_lost,
        _LIQUIDATIONS,
        of_done=True,
    ),
    Check("LIQ-04", "the liquidator earns at most the stated reward", _reward, _LIQUIDATIONS, of_done=True),
    Check(
        "LIQ-05",
        "liquidating oneself gains at most what a third party would have been paid",
        _self_liquidation,
        _LIQUIDATIONS,
        of_done=True,
    ),
    Check(
        "LIQ-06",
        "a partial close takes no more than the close rule, and leaves what can be closed",
        _close_rule,
        kinds("liquidate"),
        of_done=True,
    ),
    Check("LIQ-08", "bad debt recorded = shortfall, exactly once", _bad_debt_once),
)
