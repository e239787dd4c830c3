"""HEALTH: who may get worse."""

from __future__ import annotations

from reference.boundaries import band_edges_wad, liquidation_price_wad
from reference.margin import health_of, is_liquidatable, require_prudent_risk
from reference.parts import is_unencumbered, part_of
from reference.prices import FRESH, UNCERTAIN, UNUSABLE
from reference.requirements import notional_wad, requirements_wad
from reference.rounding import WAD, div_ceil, floor_to_multiple
from reference.state import Account, Bucket, Part, part_behind
from reference.stop_boundaries import largest_outflow_units
from reference.trading import is_reduction
from underwater.checks import MARKET_AT, Check, Probe, Step, Verdict, kinds, market_name, parties_of, quote, tokens
from underwater.checks.differences import differences_between, order_text

_ADDS_RISK = kinds(
    *("withdraw", "trade", "liquidate", "seize", "isolate", "join", "move_margin", "execute_order", "withdraw_ether")
)
_OF_ORDERS = kinds("request_order", "cancel_order")


def _by_own_will(step: Step) -> tuple[tuple[Part, int | None], ...]:
    """(account or bucket, market traded or None) of those whom a done action changed by their owner's will."""
    assert step.action is not None
    arguments, before = step.action.arguments, step.before
    name = arguments[0]
    if step.kind in ("trade", "execute_order"):
        market = arguments[MARKET_AT[step.kind]]
        return tuple((part_behind(before, side, market), market) for side in parties_of(step.kind, arguments))
    if step.kind == "liquidate":
        return ((part_behind(before, name, arguments[2]), arguments[2]),)
    if step.kind == "isolate":
        return ((name, None), (Bucket(name, arguments[1]), None))
    if step.kind == "join" and not before.accounts[name].sizes_wad[arguments[1]]:
        return ()  # no risk comes with a bucket without a position
    if step.kind == "move_margin" and arguments[2] < 0:
        return ((Bucket(name, arguments[1]), None),)
    return ((name, None),)


def _keeps_initial_margin(step: Step) -> Verdict:
    """HEALTH-01."""
    if not step.outcome.done:
        return False
    for name, market in _by_own_will(step):
        health = step.healths.get(name)
        if health is None or is_unencumbered(after := part_of(step.after, name)):
            continue
        if health.status in UNUSABLE:
            return f"{name} acted while its equity could not be known (status {health.status})"
        # At an uncertain mark the view is lenient, and owners are tested prudently: of what the contract stores.
        prudent = health.risk if health.status == FRESH else require_prudent_risk(step.after, after)
        equity, initial, maintenance = prudent
        if equity >= initial:
            continue
        reduced = market is not None and is_reduction(
            part_of(step.before, name).sizes_wad[market], after.sizes_wad[market]
        )
        if not reduced:
            return (
                f"{name} added risk and is left with equity {quote(equity)} below its initial margin {quote(initial)}"
            )
        before = part_of(step.before, name)
        status = health_of(step.before, name).status
        if status in UNUSABLE:
            continue
        equity_before, _, maintenance_before = require_prudent_risk(step.before, before)
        if equity * maintenance_before < equity_before * maintenance:
            return f"{name} reduced while below its initial margin, and lowered its equity over maintenance margin"
        if equity < maintenance and equity_before >= maintenance_before:
            return f"{name} reduced while below its initial margin, and became liquidatable"
    return True


def _stays_healthy(step: Step) -> Verdict:
    """HEALTH-02. For those who take part; others are HEALTH-03's business."""
    if not step.outcome.done or step.kind in ("publish", "set_feed_mode"):
        return False
    exercised = False
    for name, health in step.healths.items():
        if health is None or health.status in UNUSABLE:
            continue
        if (name.account if isinstance(name, Bucket) else name) not in step.participants:
            continue
        stayed = health.risk.equity_wad >= health.risk.maintenance_margin_wad
        if stayed and exercised:
            continue
        status, before = health_of(step.before, name)
        if status in UNUSABLE or before.equity_wad < before.maintenance_margin_wad:
            continue
        if not stayed:
            return (
                f"{name} was healthy before and is not after: equity {quote(before.equity_wad)} -> {quote(health.risk.equity_wad)}, "
                f"maintenance margin {quote(before.maintenance_margin_wad)} -> {quote(health.risk.maintenance_margin_wad)}"
            )
        exercised = True
    return exercised


def _reduces_out_of_reach(probe: Probe) -> Verdict:
    """HEALTH-02. Somebody who is only just healthy reduces where two sources are apart, as badly as the band admits."""
    state, choices = probe.state, probe.choices
    held = [
        (name, number)
        for name in probe.cast.accounts
        for number, size in enumerate(state.accounts[name].sizes_wad)
        if size and state.parameters.markets[number].second is not None
    ]
    if not held:
        return False
    name, market = choices.pick(held)
    part, size_wad = part_behind(state, name, market), state.accounts[name].sizes_wad[market]
    listed, side = state.parameters.markets[market], 1 if size_wad > 0 else -1
    others = [other for other in probe.cast.accounts if state.accounts[other].sizes_wad[market] * side < 0]
    status, price_wad = liquidation_price_wad(state, name, market)
    if status != FRESH or not others:
        return False
    assert listed.second is not None
    other, second = choices.pick(others), listed.second.feed
    first_answer = div_ceil(price_wad + side * choices.pick((0, 1, 4)) * listed.tick_wad, listed.feed.scale)
    # About as far apart as the position must be worth: less harms nobody by T6, more leaves no equity to lose.
    needs_wad = requirements_wad(listed, notional_wad(size_wad, price_wad), 0)[1]
    away_wad = needs_wad * WAD // abs(size_wad) * choices.integer(60, 150) // 100
    probe.do("publish", probe.cast.publisher, listed.feed.feed, first_answer, 0)
    second_wad = floor_to_multiple(price_wad - side * away_wad, listed.tick_wad)
    probe.do("publish", probe.cast.publisher, second.feed, second_wad // second.scale, 0)
    edges, before = band_edges_wad(probe.state, market), probe.health(part)
    if edges is None or before is None or before.status not in UNCERTAIN or is_liquidatable(before.risk):
        return False
    for one in (name, other):
        probe.do("set_operator", one, probe.cast.matcher, True)
    most_wad = min(abs(state.accounts[one].sizes_wad[market]) for one in (name, other))
    part_wad = floor_to_multiple(most_wad // choices.pick((1, 2, 3, 10)), listed.lot_wad) or listed.lot_wad
    buyer, seller, worst_wad = (other, name, edges[0]) if side > 0 else (name, other, edges[1])
    worst_wad += side * listed.tick_wad * choices.integer(0, max(0, side * (second_wad - worst_wad) // listed.tick_wad))
    if not probe.do("trade", probe.cast.matcher, market, buyer, seller, part_wad, worst_wad).done:
        return True
    after = probe.health(part)
    if after is None or after.status in UNUSABLE or not is_liquidatable(after.risk):
        return True
    equity, maintenance = quote(after.risk.equity_wad), quote(after.risk.maintenance_margin_wad)
    return f"{part} reduced where two sources are apart, and can be liquidated: equity {equity}, maintenance margin {maintenance}"


def _bystanders(step: Step) -> Verdict:
    """HEALTH-03. Stored state of everyone else; at the same prices their equity and maintenance margin
    follow from it. (Their initial margin moves with open interest, by rule V5.)
    """
    if step.before.orders is not step.after.orders:
        for name, market in {*step.before.orders, *step.after.orders}:
            was, now = step.before.orders.get((name, market)), step.after.orders.get((name, market))
            if was != now and name not in step.participants:
                where = market_name(step.before, market)
                return f"the order of {name} in {where} is no part of this action, but changed: {order_text(was)}, now {order_text(now)}"
    before, after = step.before.accounts, step.after.accounts
    if before is after:
        return True
    for name, account in after.items():
        if account is not before[name] and account != before[name] and name not in step.participants:
            changes = "; ".join(differences_between(before[name], account, ("was", "is")))
            return f"the account of {name} is no part of this action, but changed: {changes}"
    return True


def _views_answer(step: Step) -> Verdict:
    """HEALTH-04."""
    exercised = False
    for name, health in step.healths.items():
        if health is None:
            return f"the health of {name} cannot be read"
        exercised = exercised or health.status != FRESH
    return exercised


def _leaves_with_something(account: Account) -> bool:
    """Whether an account has something, and neither a position nor a debt, in itself or in a bucket."""
    if any(account.sizes_wad) or account.cash_wad < 0:
        return False
    margins_wad = [margin_wad for _, margin_wad in account.isolated]
    return all(margin_wad >= 0 for margin_wad in margins_wad) and bool(
        account.cash_wad or any(account.units) or any(margins_wad)
    )


def _can_leave(probe: Probe) -> Verdict:
    """HEALTH-05. Cash as far as the pool has it, everything else in full, and what was in buckets first of all; once a pause has
    ended, and as far as what may leave is limited.
    """
    paused_s = probe.state.breakers.pause.until_s - probe.state.time_s
    if paused_s > 0:
        probe.wait(paused_s)
    state = probe.state
    free = [name for name in probe.cast.accounts if _leaves_with_something(state.accounts[name])]
    if not free:
        return False
    name = probe.choices.pick(free)
    for market, _ in state.accounts[name].isolated:
        outcome = probe.do("join", name, name, market)
        if not outcome.done:
            return f"{name} has no positions and no debt, but cannot join {market_name(state, market)}: {outcome.error}"
    account = probe.state.accounts[name]
    settlement = state.parameters.collaterals[0]
    owed = [min(account.cash_wad // settlement.quote_wad_per_unit, state.pool_units[0]), *account.units[1:]]
    for collateral, whole_units in enumerate(owed):
        most_units = largest_outflow_units(state, collateral)
        units = whole_units if most_units is None else min(whole_units, most_units)
        if units:
            outcome = probe.do("withdraw", name, name, collateral, units)
            if not outcome.done:
                amount = tokens(state, collateral, units)
                return f"{name} has no positions and no debt, but cannot withdraw {amount}: {outcome.error}"
    return True


def _out_of_reach(step: Step) -> Verdict:
    """HEALTH-06. By the contract's own view, whose prices are those of a liquidation."""
    exercised = False
    for part, market in _by_own_will(step):
        health = step.healths.get(part)
        if health is None or health.status in UNUSABLE:
            continue
        after = part_of(step.after, part)
        exercised = exercised or any(after.sizes_wad)
        if not is_liquidatable(health.risk):
            continue
        if step.kind in _OF_ORDERS and is_liquidatable(health_of(step.before, part).risk):
            continue  # nothing has changed
        if market is not None:
            before = part_of(step.before, part)
            reduced = is_reduction(before.sizes_wad[market], after.sizes_wad[market])
            if reduced and is_liquidatable(health_of(step.before, part).risk):
                continue  # nobody has to wait for a liquidator
        equity, maintenance = quote(health.risk.equity_wad), quote(health.risk.maintenance_margin_wad)
        return f"{part} can be liquidated right after its own {step.kind}: equity {equity}, maintenance margin {maintenance}"
    return exercised


CHECKS = (
    Check(
        "HEALTH-01",
        "after an owner's action that adds risk, equity >= initial margin; a reduction below it does no harm",
        _keeps_initial_margin,
        _ADDS_RISK,
        of_done=True,
    ),
    Check(
        "HEALTH-02",
        "an account becomes liquidatable only by prices, time or announced parameters",
        _stays_healthy,
        probe=_reduces_out_of_reach,
        probe_weight=6,
        of_done=True,
    ),
    Check("HEALTH-03", "an account that takes no part in an action stays as it was", _bystanders),
    Check("HEALTH-04", "views used for health return a status instead of reverting", _views_answer),
    Check(
        "HEALTH-05", "an account without positions or debts can withdraw everything", probe=_can_leave, probe_weight=4
    ),
    Check(
        "HEALTH-06",
        "no account is liquidatable right after its own trade, or its order's execution or cancel, unless it was before and reduced",
        _out_of_reach,
        _ADDS_RISK | _OF_ORDERS,
        of_done=True,
    ),
)
