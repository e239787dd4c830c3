"""MARGIN: the requirement."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

from reference.boundaries import NO_LIQUIDATION_PRICE
from reference.margin import Health, exact_risk, prudent_health_of
from reference.parameters import Market
from reference.parts import behind, cross_of, part_of
from reference.prices import FRESH, UNCERTAIN, collateral_price_status, mark_status
from reference.requirements import notional_wad, scaling
from reference.rounding import WAD, ceil_to_multiple, div_ceil, floor_to_multiple
from reference.state import ANSWERS, REVERTS, State, part_behind, parts_of
from underwater.checks import Check, Probe, Step, Verdict, market_name, quote

ONE_CEILING_WAD = 1
"""A requirement is rounded up once a position, so two of them differ from their exact difference by less than this."""


def _equals_reference(step: Step) -> Verdict:
    """MARGIN-01. The contract's view against the reference's valuation of what the contract stores."""
    exercised = False
    for name, observed in step.healths.items():
        if observed is None:
            continue
        expected = step.expected_healths[name]
        if observed is not expected and observed != expected:
            return f"{name}: expected {_words(expected)}, observed {_words(observed)}"
        if not exercised:
            account = part_of(step.after, name)
            exercised = any(account.sizes_wad) or any(account.units)
    return exercised


def _prudent_equals_reference(probe: Probe) -> Verdict:
    """MARGIN-01. The view by which owners are tested, where the two sources of a market have come apart."""
    state, choices = probe.state, probe.choices
    held = [
        (part, number)
        for name in probe.cast.accounts
        for part in parts_of(name, state.accounts[name])
        for number, size in enumerate(part_of(state, part).sizes_wad)
        if size and state.parameters.markets[number].second is not None
    ]
    if not held:
        return False
    part, market = choices.pick(held)
    second = state.parameters.markets[market].second
    assert second is not None
    feed = second.feed
    answer = choices.pick((state.feeds[feed.feed].answer, choices.integer(feed.minimum_answer, feed.maximum_answer)))
    probe.do("publish", probe.cast.publisher, feed.feed, answer, 0)
    observed, expected = probe.prudent_health(part), prudent_health_of(probe.state, part)
    if observed is None:
        return f"the prudent health of {part} cannot be read"
    if observed != expected:
        return f"{part}, prudently: expected {_words(expected)}, observed {_words(observed)}"
    return expected.status in UNCERTAIN


def _words(health: Health) -> str:
    status, (equity, initial, maintenance) = health
    return f"status {status}, equity {quote(equity)}, {_margins((initial, maintenance))}"


def _margins(needed: Sequence[int] | None) -> str:
    """An initial and a maintenance margin in words."""
    if needed is None:
        return "what cannot be read"
    return f"initial margin {quote(needed[0])}, maintenance margin {quote(needed[1])}"


def _ordered(step: Step) -> Verdict:
    """MARGIN-02."""
    exercised = False
    for name, health in step.healths.items():
        if health is None or health.status != FRESH:
            continue
        _, initial, maintenance = health.risk
        if not 0 <= maintenance <= initial:
            return f"{name}: {_margins((initial, maintenance))}"
        exercised = exercised or maintenance > 0
    return exercised


def _nothing_needs_nothing(step: Step) -> Verdict:
    """MARGIN-03."""
    exercised = False
    for name, health in step.healths.items():
        if health is None or health.status != FRESH:
            continue
        _, initial, maintenance = health.risk
        if (initial or maintenance) and not any(part_of(step.after, name).sizes_wad):
            return f"{name} holds no position but needs {_margins(health.risk[1:])}"
        # A position always needs something: one that needs nothing is none.
        exercised = exercised or not maintenance
    return exercised


def _rounding(step: Step) -> Verdict:
    """MARGIN-12. One floor a collateral, one ceiling a position; against rational arithmetic, which is dear."""
    if not step.thorough:
        return False
    exercised = False
    for name, health in step.healths.items():
        if health is None or health.status != FRESH:
            continue
        account = part_of(step.after, name)
        positions = sum(1 for size in account.sizes_wad if size)
        collaterals = sum(1 for units in account.units if units)
        if not positions and not collaterals:
            continue
        equity, initial, maintenance = exact_risk(step.after, account)
        roundings = max(1, collaterals)
        if not equity - roundings < health.risk.equity_wad <= equity:
            least, most = floor(equity - roundings) + 1, floor(equity)
            return f"{name}: equity {quote(health.risk.equity_wad)}, rounded down it is {quote(least)} to {quote(most)}"
        for noun, exact, reported in (
            ("initial", initial, health.risk.initial_margin_wad),
            ("maintenance", maintenance, health.risk.maintenance_margin_wad),
        ):
            if not exact <= reported < exact + max(1, positions):
                least, most = ceil(exact), ceil(exact + max(1, positions)) - 1
                return f"{name}: {noun} margin {quote(reported)}, rounded up it is {quote(least)} to {quote(most)}"
        exercised = True
    return exercised


def _position(probe: Probe) -> tuple[int, int, int] | None:
    """(market, mark, a size in lots worth asking about) of a market that is priced."""
    state, choices = probe.state, probe.choices
    market = choices.integer(0, len(state.parameters.markets) - 1)
    listed = state.parameters.markets[market]
    status, mark_wad = mark_status(state, listed)
    if status != FRESH:
        return None
    lots = listed.limits.position_limit_wad // listed.lot_wad
    magnitude = choices.integer(0, lots.bit_length())
    return market, mark_wad, max(1, min(lots, choices.integer(0, 1 << magnitude))) * listed.lot_wad


def _monotone(probe: Probe) -> Verdict:
    """MARGIN-04."""
    drawn = _position(probe)
    if drawn is None:
        return False
    market, mark_wad, size_wad = drawn
    name, lot_wad = market_name(probe.state, market), probe.state.parameters.markets[market].lot_wad
    previous = (0, 0)
    for size in sorted({lot_wad, size_wad, size_wad + lot_wad, size_wad * 2, size_wad * 7}):
        needed = probe.requirements(market, size, mark_wad)
        if needed is None or needed[0] < previous[0] or needed[1] < previous[1]:
            return f"{name}: size {quote(size)} needs {_margins(needed)}; a smaller one {_margins(previous)}"
        short = probe.requirements(market, -size, mark_wad)
        if short != needed:
            return f"{name}: size {quote(size)} long needs {_margins(needed)}; short {_margins(short)}"
        previous = needed
    return True


def _continuous(probe: Probe) -> Verdict:
    """MARGIN-05. Across an edge a requirement rises by at most the notional times the highest rate, and one rounding."""
    state, choices = probe.state, probe.choices
    market = choices.integer(0, len(state.parameters.markets) - 1)
    listed = state.parameters.markets[market]
    status, mark_wad = mark_status(state, listed)
    if status != FRESH or len(listed.brackets) == 1:
        return False
    for bracket in listed.brackets[1:]:
        below = bracket.floor_wad * WAD // mark_wad // listed.lot_wad * listed.lot_wad
        if below == 0:
            continue
        lower, upper = (
            probe.requirements(market, below, mark_wad),
            probe.requirements(market, below + listed.lot_wad, mark_wad),
        )
        if lower is None or upper is None:
            return f"{market_name(state, market)}: the requirement of size {quote(below)} cannot be read"
        # One lot may span several edges: its rate is at most the last bracket's.
        added_notional = listed.lot_wad * mark_wad // WAD
        part, whole = scaling(listed, notional_wad(state.open_interest_wad[market], mark_wad))
        highest = listed.initial_rates_wad[-1]
        initial_rate = highest + div_ceil((WAD - highest) * part, whole)
        for which, rate in ((0, initial_rate), (1, listed.maintenance_rates_wad[-1])):
            most = -(-added_notional * rate // WAD) + ONE_CEILING_WAD
            if not 0 <= upper[which] - lower[which] <= most:
                return (
                    f"{market_name(state, market)}: across the edge at {quote(bracket.floor_wad)} one lot adds "
                    f"{quote(upper[which] - lower[which])} to the requirement; it should add 0 to {quote(most)}"
                )
    return True


def _homogeneous(probe: Probe) -> Verdict:
    """MARGIN-06. k times the requirement is at most the requirement of k times the position, k roundings aside."""
    drawn = _position(probe)
    if drawn is None:
        return False
    market, mark_wad, size_wad = drawn
    name = market_name(probe.state, market)
    single = probe.requirements(market, size_wad, mark_wad)
    for k in (2, 3, 10):
        multiple = probe.requirements(market, k * size_wad, mark_wad)
        if single is None or multiple is None:
            return f"{name}: the requirement of size {quote(size_wad)} cannot be read"
        for which in (0, 1):
            if k * single[which] > multiple[which] + k * ONE_CEILING_WAD:
                return (
                    f"{name}: {k} times size {quote(size_wad)} needs {quote(multiple[which])}, "
                    f"once needs {quote(single[which])}"
                )
    return True


def _order_and_names(probe: Probe) -> Verdict:
    """MARGIN-10. The same two positions, opened in either order by two fresh accounts against the backstop, need the same."""
    state = probe.state
    marks = [mark_status(state, market) for market in state.parameters.markets]
    priced = [number for number, (status, _) in enumerate(marks) if status == FRESH]
    flat = [
        name
        for name in probe.cast.accounts
        if not any(state.accounts[name].sizes_wad) and not state.accounts[name].isolated
    ]
    if len(priced) < 2 or len(flat) < 2:
        return False
    first, second = flat[0], flat[1]
    whole = [10**9 * 10**collateral.decimals for collateral in state.parameters.collaterals]
    for name in (first, second, probe.cast.backstop):
        probe.fund(name, [whole[0]])
    markets = (priced[0], priced[-1])
    for name, order in ((first, markets), (second, markets[::-1])):
        for number in order:
            lot_wad = state.parameters.markets[number].lot_wad
            if not probe.do(
                "trade", probe.cast.matcher, number, name, probe.cast.backstop, lot_wad * (3 + number), marks[number][1]
            ).done:
                return False
    left, right = probe.health(first), probe.health(second)
    if left is None or right is None:
        return f"the health of {first} or {second} cannot be read"
    if left.risk[1:] != right.risk[1:]:
        return (
            f"{first} and {second} hold the same positions, but one needs {_margins(left.risk[1:])}; "
            f"the other {_margins(right.risk[1:])}"
        )
    return True


def _liquidation_price(probe: Probe) -> Verdict:
    """MARGIN-11."""
    state = probe.state
    holders = [
        (name, number)
        for name in probe.cast.accounts
        for number, size in enumerate(state.accounts[name].sizes_wad)
        if size
    ]
    if not holders:
        return False
    name, market = probe.choices.pick(holders)
    reported = probe.liquidation_price(name, market)
    if reported is None:
        return f"{name}, {market_name(state, market)}: the liquidation price cannot be read"
    status, price_wad = reported
    listed = state.parameters.markets[market]
    if status not in (FRESH, NO_LIQUIDATION_PRICE):
        if _others_are_fresh(state, name, market):
            return f"{name}, {market_name(state, market)}: status {status}, though every other price that it needs is usable"
        return True
    if _shares_source(state, name, market):
        return False
    tick_wad = listed.tick_wad
    long = state.accounts[name].sizes_wad[market] > 0
    if status == NO_LIQUIDATION_PRICE:
        # Of the marks that the source can answer.
        feed = listed.feed
        lowest = max(tick_wad, ceil_to_multiple(feed.minimum_answer * feed.scale, tick_wad))
        highest = floor_to_multiple(feed.maximum_price_wad, tick_wad)
        healthy = [_healthy_at(probe, name, market, price) for price in (lowest, highest)]
        if None in healthy:
            return False
        if healthy[0] != healthy[1]:
            span = f"between {quote(lowest)} and {quote(highest)}"
            return f"{name}, {market_name(state, market)}: no liquidation price, but health changes {span}"
        return True
    beyond_wad = price_wad - tick_wad if long else price_wad + tick_wad
    at, beyond = _healthy_at(probe, name, market, price_wad), _healthy_at(probe, name, market, beyond_wad)
    if at is None or beyond is None:
        return False
    if not at or beyond:
        there, further = ("healthy" if healthy else "not healthy" for healthy in (at, beyond))
        return f"{name}, {market_name(state, market)}: liquidation price {quote(price_wad)}: {there} there, {further} one tick beyond"
    return True


def _others_are_fresh(state: State, name: str, market: int) -> bool:
    """Whether every price that the account's value rests on is usable, that of one market aside."""
    account, parameters = cross_of(behind(state.accounts[name], market)), state.parameters
    statuses = [
        mark_status(state, parameters.markets[number])[0]
        for number, size in enumerate(account.sizes_wad)
        if size and number != market
    ]
    statuses += [
        collateral_price_status(state, parameters.collaterals[number])[0]
        for number, units in enumerate(account.units)
        if units
    ]
    return all(status == FRESH for status in statuses)


def _shares_source(state: State, name: str, market: int) -> bool:
    """Whether moving this market's source would move anything else that the account holds."""
    account, parameters = cross_of(behind(state.accounts[name], market)), state.parameters
    sources = _sources_of(parameters.markets[market])
    for number, size in enumerate(account.sizes_wad):
        if size and number != market and not sources.isdisjoint(_sources_of(parameters.markets[number])):
            return True
    for number, units in enumerate(account.units):
        feed = parameters.collaterals[number].feed
        if units and feed is not None and feed.feed in sources:
            return True
    return False


def _sources_of(market: Market) -> set[str]:
    return {market.feed.feed} if market.second is None else {market.feed.feed, market.second.feed.feed}


def _healthy_at(probe: Probe, name: str, market: int, price_wad: int) -> bool | None:
    """The contract's own word on an account's health with the market's source at a price; None if the source cannot say it."""
    feed = probe.state.parameters.markets[market].feed
    answer = -(-price_wad // feed.scale)
    if not feed.minimum_answer <= answer <= feed.maximum_answer:
        return None
    if (
        answer * feed.scale // probe.state.parameters.markets[market].tick_wad
        != price_wad // probe.state.parameters.markets[market].tick_wad
    ):
        return None
    second = probe.state.parameters.markets[market].second
    if second is not None:
        probe.do("set_feed_mode", probe.cast.publisher, second.feed.feed, REVERTS)
    probe.do("set_feed_mode", probe.cast.publisher, feed.feed, ANSWERS)
    probe.do("publish", probe.cast.publisher, feed.feed, answer, 0)
    health = probe.health(part_behind(probe.state, name, market))
    if health is None or health.status != FRESH:
        return None
    return health.risk.equity_wad >= health.risk.maintenance_margin_wad


CHECKS = (
    Check(
        "MARGIN-01",
        "equity, initial and maintenance margin equal the reference to the unit",
        _equals_reference,
        probe=_prudent_equals_reference,
        uses_model=True,
    ),
    Check("MARGIN-02", "0 <= maintenance margin <= initial margin", _ordered),
    Check("MARGIN-03", "no size, no requirement", _nothing_needs_nothing),
    Check(
        "MARGIN-04",
        "the requirement of a position alone never falls as its size grows",
        probe=_monotone,
    ),
    Check("MARGIN-05", "the requirement is continuous at bracket edges", probe=_continuous),
    Check(
        "MARGIN-06",
        "k times a position needs at least k times as much, roundings aside",
        probe=_homogeneous,
    ),
    Check(
        "MARGIN-10",
        "the order of positions and the names of accounts do not matter",
        probe=_order_and_names,
        probe_weight=4,
    ),
    Check(
        "MARGIN-11",
        "the liquidation price is the last price at which the account is healthy",
        probe=_liquidation_price,
        probe_weight=9,
    ),
    Check("MARGIN-12", "rounding is against the account and within one unit each", _rounding),
)
