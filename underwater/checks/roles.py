"""ACCESS-02: what only a role may do, and within which bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reference.governance import ADMIN, NO_SOURCE, ORACLE, RISK, ROLES, TREASURER
from reference.parameters import Feed
from reference.rounding import WAD
from reference.upgrades import NOTHING
from underwater.actions import Outcome
from underwater.checks import Probe, Step, Verdict
from underwater.checks.bounds import unsafe_change

BY_ROLE = {
    "collect_fees": TREASURER,
    "set_market_limits": RISK,
    "set_open_interest_scaling": RISK,
    "set_funding": RISK,
    "set_second_source": ORACLE,
    "set_deposit_cap": RISK,
    "set_liquidation_parameters": RISK,
    "set_market_feed": ORACLE,
    "set_collateral_feed": ORACLE,
    "grant_role": ADMIN,
    "revoke_role": ADMIN,
    "upgrade": ADMIN,
}
"""The kinds of action that a role may do, and which (A3)."""
LISTINGS = ("list a market", "list a collateral")
"""What an admin may do besides. No kinds of action: what is listed decides how states and slots are laid out, so that a history
lists nothing; probes alone try to, and take it back.
"""
_NO_ROLE = "AccessControlUnauthorizedAccount"
_UNKNOWN = 77
"""A number that no market and no collateral has."""


def within_bounds(step: Step) -> Verdict:
    """ACCESS-02. Of what was done: by whom it may be, and what may be."""
    assert step.action is not None
    _, caller, arguments, _ = step.action
    role = BY_ROLE.get(step.kind)
    if role is not None and caller not in step.before.roles[role]:
        return f"{caller}, who has not {role}, did what only that may"
    if step.kind == "renounce_role" and arguments[1] != caller:
        return f"{caller} renounced what is {arguments[1]}'s"
    return unsafe_change(step.before, step.kind, arguments) or True


def refused_without_role(probe: Probe) -> Verdict:
    """ACCESS-02. Somebody without the role is refused for that, whatever he asks for; somebody with it for other reasons alone."""
    state, cast, choices = probe.state, probe.cast, probe.choices
    what = choices.pick((*LISTINGS, *LISTINGS, *BY_ROLE))
    role = BY_ROLE.get(what, ADMIN)
    officers = cast.admin, cast.risk_manager, cast.oracle_manager, cast.treasurer
    may = choices.chance(20)
    callers = [
        name for name in (cast.outsider, cast.delegate, *officers, *cast.accounts) if (name in state.roles[role]) == may
    ]
    if not callers:
        return False
    caller = choices.pick(callers)
    outcome = _attempt(probe, what, caller, acceptable=may or choices.chance(70))
    words = what.replace("_", " ")
    if may:
        return f"{caller} has {role}, and may not {words}" if outcome.error == _NO_ROLE else True
    if outcome.done:
        return f"{caller}, who has not {role}, could {words}"
    if (outcome.error, outcome.error_arguments) != (_NO_ROLE, (caller, role)):
        return f"{caller}, who has not {role}, tried to {words} and was refused for something else: {outcome.error}"
    return True


def _attempt(probe: Probe, what: str, caller: str, *, acceptable: bool) -> Outcome:
    """Try what a role may, as it may be or as nobody may."""
    state, choices = probe.state, probe.choices
    if what == LISTINGS[0]:
        market = choices.pick(state.parameters.markets)
        return probe.list_market(caller, market if acceptable else replace(market, lot_wad=0))
    if what == LISTINGS[1]:
        # A source says its decimals as a token does, and is listed as none.
        token = choices.pick(tuple(state.feed_decimals))
        collateral = choices.pick(state.parameters.collaterals[1:] or state.parameters.collaterals)
        listed = replace(collateral, decimals=state.feed_decimals[token])
        return probe.list_collateral(caller, listed if acceptable else replace(listed, haircut_rate_wad=2 * WAD), token)
    arguments = _ARGUMENTS[what](probe)
    if not acceptable and what not in ("grant_role", "revoke_role"):
        arguments = _MADE_WRONG.get(what, _of_unknown)(arguments)
    return probe.do(what, caller, *arguments)


def _of_unknown(given: tuple[Any, ...]) -> tuple[Any, ...]:
    return (_UNKNOWN, *given[1:])


def _market(probe: Probe) -> int:
    return probe.choices.integer(0, len(probe.state.parameters.markets) - 1)


def _collateral(probe: Probe) -> int:
    count = len(probe.state.parameters.collaterals)
    return probe.choices.integer(min(1, count - 1), count - 1)


def _as_fed(feed: Feed | None) -> tuple[Any, ...]:
    if feed is None:
        return NO_SOURCE, 0, 0, 0, 0
    return feed.feed, feed.decimals, feed.heartbeat_s, feed.minimum_answer, feed.maximum_answer


def _fees(probe: Probe) -> tuple[Any, ...]:
    return probe.cast.treasurer, 1


def _limits(probe: Probe) -> tuple[Any, ...]:
    number = _market(probe)
    limits = probe.state.parameters.markets[number].limits
    rates = limits.price_band_rate_wad, limits.trading_fee_rate_wad, limits.liquidation_penalty_rate_wad
    return number, *rates, limits.position_limit_wad


def _scaling(probe: Probe) -> tuple[Any, ...]:
    number = _market(probe)
    scaling = probe.state.parameters.markets[number].scaling
    return number, scaling.lower_wad, scaling.upper_wad


def _funding(probe: Probe) -> tuple[Any, ...]:
    number = _market(probe)
    funding = probe.state.parameters.markets[number].funding
    rates = funding.maximum_rate_wad, funding.maximum_velocity_wad
    return number, funding.interval_s, *rates, funding.premium_scale_wad, funding.premium_depth_wad


def _deposit_cap(probe: Probe) -> tuple[Any, ...]:
    number = _collateral(probe)
    return number, probe.state.parameters.collaterals[number].deposit_cap_units


def _liquidation(probe: Probe) -> tuple[Any, ...]:
    given = probe.state.parameters.liquidation
    return given.liquidator_share_rate_wad, given.close_factor_rate_wad, given.small_position_notional_wad


def _market_feed(probe: Probe) -> tuple[Any, ...]:
    number = _market(probe)
    return number, *_as_fed(probe.state.parameters.markets[number].feed)


def _second_source(probe: Probe) -> tuple[Any, ...]:
    number = _market(probe)
    second = probe.state.parameters.markets[number].second
    return (number, *_as_fed(None), 0) if second is None else (number, *_as_fed(second.feed), second.deviation_rate_wad)


def _collateral_feed(probe: Probe) -> tuple[Any, ...]:
    number = _collateral(probe)
    feed = probe.state.parameters.collaterals[number].feed
    return number, *_as_fed(feed or probe.state.parameters.markets[0].feed)


def _role(probe: Probe) -> tuple[Any, ...]:
    return probe.choices.pick(ROLES), probe.cast.delegate


_ARGUMENTS: dict[str, Callable[[Probe], tuple[Any, ...]]] = {
    "collect_fees": _fees,
    "set_market_limits": _limits,
    "set_open_interest_scaling": _scaling,
    "set_funding": _funding,
    "set_second_source": _second_source,
    "set_deposit_cap": _deposit_cap,
    "set_liquidation_parameters": _liquidation,
    "set_market_feed": _market_feed,
    "set_collateral_feed": _collateral_feed,
    "grant_role": _role,
    "revoke_role": _role,
    "upgrade": lambda probe: (probe.state.implementation,),
}
"""What is acceptable: mostly that all stays as it is."""
_MADE_WRONG: dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]] = {
    "collect_fees": lambda given: (given[0], 0),
    "set_liquidation_parameters": lambda given: (2 * WAD, *given[1:]),
    "upgrade": lambda _given: (NOTHING,),
}
"""What nobody may; for the others it is an unknown number."""
