"""MODEL: the contract does what the reference does. The differential checks that catch what no sentence foresees."""

from __future__ import annotations

from dataclasses import replace

from reference.boundaries import liquidation_price_wad
from reference.funding import due_now
from reference.governance import ADMIN
from reference.listing import collateral_listed, market_listed
from reference.prices import mark
from reference.rounding import WAD, floor_to_multiple
from reference.state import State
from reference.stops import outflow_now_units, status_of
from reference.trading import requirement_of
from underwater.actions import Outcome
from underwater.checks import Check, Probe, Step, Verdict, market_name, quote
from underwater.checks.differences import differences_between


def _outcome(step: Step) -> Verdict:
    expected, observed = step.expected, step.outcome
    if expected.error != observed.error:
        return f"expected {expected.error or 'done'}, observed {observed.error or 'done'}"
    if expected.error_arguments != observed.error_arguments and expected.error != "UnsafeParameter":
        # P7 lets an engine name any one of several unsafe parameters.
        return f"expected {_refusal(expected)}, observed {_refusal(observed)}"
    return True


def _refusal(outcome: Outcome) -> str:
    return f"{outcome.error}({', '.join(map(str, outcome.error_arguments))})"


def _state(step: Step) -> Verdict:
    expected, observed = step.expected_state, step.after
    if observed is expected:
        return True
    words = ("expected", "observed")
    differences = [*differences_between(expected, observed, words)]
    for name, account in expected.accounts.items():
        differences += [f"{name} {text}" for text in differences_between(account, observed.accounts[name], words)]
    if expected.operators != observed.operators:
        missing, added = expected.operators - observed.operators, observed.operators - expected.operators
        differences.append(f"approvals missing {sorted(missing)}, not given {sorted(added)}")
    for holder, wallet in expected.wallets.items():
        for number, (wanted, units) in enumerate(zip(wallet, observed.wallets[holder], strict=True)):
            if wanted != units:
                differences.append(
                    f"wallet of {holder}, units of collateral {number}: expected {wanted}, observed {units}"
                )
    # What no field shows, such as an account's bits of what it holds.
    return "; ".join(differences) or step.slots_differ or True


def _events(step: Step) -> Verdict:
    return step.events_differ or True


def _listing_events(probe: Probe) -> Verdict:
    """MODEL-03. Of one market or collateral more, like one that there is: no history lists anything."""
    state, choices = probe.state, probe.choices
    admin, parameters = choices.pick(sorted(state.roles[ADMIN])), state.parameters
    number = choices.integer(0, len(parameters.markets) + len(parameters.collaterals) - 2)
    if number < len(parameters.markets):
        market = parameters.markets[number]
        if choices.chance(50):
            market = replace(market, second=None)
        outcome = probe.list_market(admin, market)
        expected = market_listed(len(parameters.markets), market)
    else:
        # A source says its decimals as a token does.
        token = choices.pick(tuple(state.feed_decimals))
        collateral = replace(
            parameters.collaterals[number - len(parameters.markets) + 1], decimals=state.feed_decimals[token]
        )
        outcome = probe.list_collateral(admin, collateral, token)
        expected = collateral_listed(len(parameters.collaterals), collateral, token)
    if not outcome.done:
        return False  # a second source may answer more than a feed that was changed since
    return True if outcome.events == expected else f"listing: expected events {expected}, observed {outcome.events}"


def _views(probe: Probe) -> Verdict:
    """MODEL-04. Of a drawn position, of funding, and of an account that holds one: health has MARGIN-01."""
    state, choices = probe.state, probe.choices
    market = choices.integer(0, len(state.parameters.markets) - 1)
    held = [number for number, standing_wad in enumerate(state.open_interest_wad) if standing_wad]
    if held and choices.chance(60):
        market = choices.pick(held)
    listed, standing_wad = state.parameters.markets[market], state.open_interest_wad[market]
    ticks, lots = listed.feed.maximum_price_wad // listed.tick_wad, listed.limits.position_limit_wad // listed.lot_wad
    price_wad = listed.tick_wad * max(1, ticks // choices.integer(1, 1 << choices.integer(0, ticks.bit_length())))
    if standing_wad and choices.chance(50):
        # About where open interest begins to add to what is required, or well beyond.
        begins_wad = floor_to_multiple(listed.scaling.lower_wad * WAD // standing_wad, listed.tick_wad)
        price_wad = begins_wad * choices.pick((1, 1, 2, 8)) + listed.tick_wad * choices.integer(0, 1)
        price_wad = min(max(price_wad, listed.tick_wad), ticks * listed.tick_wad)
    size_wad = listed.lot_wad * (lots // choices.integer(1, 1 << choices.integer(0, lots.bit_length())))
    size_wad *= choices.pick((1, -1))
    wanted = requirement_of(listed, size_wad, price_wad, standing_wad)
    found = probe.requirements(market, size_wad, price_wad)
    if found != wanted:
        position = f"{quote(size_wad)} {market_name(state, market)} at {quote(price_wad)}"
        return f"{position} require {_pair(wanted)}, observed {_pair(found)}"
    due = due_now(listed, state.funding[market], state.time_s)
    wanted_funding = due.rate_wad, due.premium_wad, due.due_wad
    found_funding = probe.funding(market)
    if found_funding != wanted_funding:
        told = "nothing" if found_funding is None else ", ".join(map(quote, found_funding))
        wanted_words = ", ".join(map(quote, wanted_funding))
        return f"{market_name(state, market)}: funding (rate, premium, due) {wanted_words}, observed {told}"
    said = probe.mark(market)
    price = mark(state, listed)
    wanted_mark = (price.status, *price.prudent, *price.lenient)
    if said != wanted_mark:
        words = "nothing" if said is None else ", ".join(map(str, said))
        expected_words = ", ".join(map(str, wanted_mark))
        return f"{market_name(state, market)}: mark (status and prices) {expected_words}, observed {words}"
    holders = [
        (name, number)
        for name in probe.cast.accounts
        for number, size in enumerate(state.accounts[name].sizes_wad)
        if size
    ]
    if holders:
        name, market = choices.pick(holders)
        expected, observed = liquidation_price_wad(state, name, market), probe.liquidation_price(name, market)
        if expected != observed:
            return f"{name}, {market_name(state, market)}: liquidation price {_status(expected)}, observed {_status(observed)}"
    return True


OF_MARKETS = ("trading status", "breaker", "open interest", "funding", "mark", "market")
OF_COLLATERALS = ("outflow available", "outflow limit", "pool", "collateral")
_UNLIMITED = 2**256 - 1


def stored_words(state: State, market: int, collateral: int) -> tuple[tuple[str, int, tuple[int, ...]], ...]:
    """What views of a market, of a collateral and of the engine should answer: (view, number, words)."""
    breaker = state.parameters.markets[market].breaker
    status = status_of(state, market, mark(state, state.parameters.markets[market]))
    units, outflow = outflow_now_units(state, collateral), state.parameters.collaterals[collateral].outflow
    pause, running = state.parameters.pause, state.breakers.pause
    return (
        ("trading status", market, (status,)),
        (
            "breaker",
            market,
            (breaker.trip_rate_wad, breaker.window_s, breaker.cooldown_s, breaker.open_interest_cap_wad),
        ),
        ("open interest", market, (state.open_interest_wad[market],)),
        ("outflow available", collateral, (_UNLIMITED if units is None else units,)),
        ("outflow limit", collateral, (outflow.limit_units, outflow.window_s)),
        ("pool", collateral, (state.pool_units[collateral],)),
        ("pause parameters", 0, (pause.longest_s, pause.grace_s, pause.rest_s)),
        ("last pause", 0, (running.until_s, running.grace_until_s, running.pausable_from_s)),
    )


def _answers(probe: Probe) -> Verdict:
    """MODEL-05. Now and then in a pause, which is rare where nobody looks for one."""
    choices = probe.choices
    if choices.chance(30):
        probe.do("pause", probe.cast.guardian, 1)
    state = probe.state
    markets, collaterals = len(state.parameters.markets), len(state.parameters.collaterals)
    market, collateral = choices.integer(0, markets - 1), choices.integer(0, collaterals - 1)
    for view, number, wanted in stored_words(state, market, collateral):
        found = probe.answer(view, number)
        if found != wanted:
            told = "nothing" if found is None else " ".join(map(str, found))
            return f"the {view} (number {number}) is {' '.join(map(str, wanted))}, observed {told}"
    of_market = choices.chance(60)
    view, number = choices.pick(OF_MARKETS if of_market else OF_COLLATERALS), markets if of_market else collaterals
    found = probe.answer(view, number)
    if found is not None:
        return f"the {view} of number {number}, which is not listed, was answered: {' '.join(map(str, found))}"
    return True


def _pair(numbers: tuple[int, int] | None) -> str:
    return "nothing" if numbers is None else f"{quote(numbers[0])} and {quote(numbers[1])}"


def _status(answer: tuple[int, int] | None) -> str:
    return "nothing" if answer is None else f"{quote(answer[1])} (status {answer[0]})"


CHECKS = (
    Check(
        "MODEL-01", "an action is accepted, or refused with the error, as the reference says", _outcome, uses_model=True
    ),
    Check("MODEL-02", "what is stored after an action is what the reference stores", _state, uses_model=True),
    Check(
        "MODEL-03",
        "the events of an action are those that the reference emits",
        _events,
        probe=_listing_events,
        uses_model=True,
    ),
    Check(
        "MODEL-04",
        "views of requirements, marks, funding and liquidation prices answer what the reference answers",
        probe=_views,
        uses_model=True,
    ),
    Check(
        "MODEL-05",
        "views of stops, limits and pools answer what the reference stores, and none about what is not listed",
        probe=_answers,
        probe_weight=2,
        uses_model=True,
    ),
)
