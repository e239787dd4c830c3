"""One step of the reference: ``apply(state, action) -> (state, outcome)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from reference import buckets, delegation, gateway, governance, guardian, ledger, liquidation, orders, trading, upgrades
from reference.funding import due_at
from reference.governance import TREASURER, require_role
from reference.ledger import Effect, Event
from reference.rejection import Rejected
from reference.state import FeedReading, State, with_item
from reference.tokens import Token


class Outcome(NamedTuple):
    """What came of an action: done (``error`` is None) with its events, or rejected with an error and its arguments."""

    error: str | None
    error_arguments: tuple[Any, ...]
    events: tuple[tuple[Any, ...], ...]

    @property
    def done(self) -> bool:
        """Whether the action happened."""
        return self.error is None


def _collect_fees(state: State, caller: str, to: str, units: int) -> Effect:
    require_role(state, caller, TREASURER)
    return ledger.collect_fees(state, caller, to, units)


def _publish(state: State, caller: str, feed: str, answer: int, age_s: int | None) -> Effect:
    """The world: a source's next answer, dated ``age_s`` before now (None: dated 0, as an unfinished round is).

    Odd answers are published as they are; judging them is O1's business.
    """
    updated_at_s = 0 if age_s is None else state.time_s - age_s
    reading = state.feeds[feed]
    return state._replace(feeds={**state.feeds, feed: FeedReading(answer, updated_at_s, reading.mode)}), ()


def _set_feed_mode(state: State, caller: str, feed: str, mode: int) -> Effect:
    """The world: a source begins or ceases to fail when it is read."""
    return state._replace(feeds={**state.feeds, feed: state.feeds[feed]._replace(mode=mode)}), ()


def _with_token(state: State, collateral: int, token: Token) -> Effect:
    if collateral == state.parameters.wrapped_ether:
        # It has no issuer: what it does not know it takes for a deposit of the ether that comes along, which is none.
        return state, ()
    tokens = tuple(map(state.token, range(len(state.pool_units))))
    return state._replace(tokens=(*tokens[:collateral], token, *tokens[collateral + 1 :])), ()


def _pause_token(state: State, caller: str, collateral: int, paused: bool) -> Effect:
    """The world: a token's issuer stops all transfers, or lets them go on."""
    return _with_token(state, collateral, state.token(collateral)._replace(is_paused=paused))


def _refuse_holder(state: State, caller: str, collateral: int, holder: str, refused: bool) -> Effect:
    """The world: a token's issuer has nobody pay a holder or be paid by it, or no longer."""
    token = state.token(collateral)
    changed = token.refused | {holder} if refused else token.refused - {holder}
    return _with_token(state, collateral, token._replace(refused=changed))


def _set_transfer_fee(state: State, caller: str, collateral: int, rate_wad: int) -> Effect:
    """The world: a token begins to take a part of each transfer, or ceases to."""
    return _with_token(state, collateral, state.token(collateral)._replace(fee_rate_wad=rate_wad))


def _set_callback(state: State, caller: str, collateral: int, calls: bool) -> Effect:
    """The world: a token begins to call whom its transfers concern, or ceases to."""
    return _with_token(state, collateral, state.token(collateral)._replace(calls_back=calls))


RULES: dict[str, Callable[..., Effect]] = {
    "deposit": ledger.deposit,
    "withdraw": ledger.withdraw,
    "settle": ledger.settle,
    "accrue_funding": ledger.accrue_funding,
    "set_operator": ledger.set_operator,
    "fund_insurance": ledger.fund_insurance,
    "donate": ledger.donate,
    "isolate": buckets.isolate,
    "join": buckets.join,
    "move_margin": buckets.move_margin,
    "trade": trading.trade,
    "liquidate": liquidation.liquidate,
    "seize": liquidation.seize,
    "collect_fees": _collect_fees,
    "set_market_limits": governance.set_market_limits,
    "set_open_interest_scaling": governance.set_open_interest_scaling,
    "set_funding": governance.set_funding,
    "set_deposit_cap": governance.set_deposit_cap,
    "set_liquidation_parameters": governance.set_liquidation_parameters,
    "set_market_feed": governance.set_market_feed,
    "set_second_source": governance.set_second_source,
    "set_collateral_feed": governance.set_collateral_feed,
    "grant_role": governance.grant_role,
    "revoke_role": governance.revoke_role,
    "renounce_role": governance.renounce_role,
    "set_breaker": guardian.set_breaker,
    "set_reduce_only": guardian.set_reduce_only,
    "set_outflow_limit": guardian.set_outflow_limit,
    "set_pause_parameters": guardian.set_pause_parameters,
    "pause": guardian.pause,
    "unpause": guardian.unpause,
    "publish": _publish,
    "set_feed_mode": _set_feed_mode,
    "upgrade": upgrades.upgrade,
    "initialize": upgrades.initialize,
    "initialize_implementation": upgrades.initialize_implementation,
    "set_operator_by_signature": delegation.set_operator_by_signature,
    "burn_nonces": delegation.burn_nonces,
    "request_order": orders.request_order,
    "execute_order": orders.execute_order,
    "cancel_order": orders.cancel_order,
    "pause_token": _pause_token,
    "refuse_holder": _refuse_holder,
    "set_transfer_fee": _set_transfer_fee,
    "set_callback": _set_callback,
    "deposit_ether": gateway.deposit_ether,
    "withdraw_ether": gateway.withdraw_ether,
    "send_ether": gateway.send_ether,
    "refuse_ether": gateway.refuse_ether,
}
"""What can happen, by name. Each takes (state, caller, *arguments)."""


def apply(state: State, kind: str, caller: str, arguments: tuple[Any, ...]) -> tuple[State, Outcome]:
    """One action. A refused action leaves the state as it was."""
    try:
        after, events = RULES[kind](state, caller, *arguments)
    except Rejected as rejected:
        return state, Outcome(rejected.error, rejected.arguments, ())
    return after, Outcome(None, (), events)


Call = tuple[str, tuple[Any, ...]]
"""(kind, arguments)"""


def apply_all(
    state: State,
    caller: str,
    actions: tuple[Call, ...],
    loan: tuple[int, int] | None = None,
    during: tuple[Call, ...] = (),
) -> tuple[State, Outcome]:
    """Several actions of one caller in one transaction: all happen, or none, with the first refusal as the outcome.

    ``loan`` is (collateral, units) that the caller borrows from the token itself meanwhile (K7): what it cannot pay back undoes all.
    ``during`` are tried whenever a token calls the caller. In the middle of an action they are refused (G1); a plain transfer is none (K5).
    """
    if loan is not None and loan[0] == state.parameters.wrapped_ether:
        # It lends nothing.
        return state, Outcome("Reverted", ("0x",), ())
    current = state if loan is None else borrowed(state, caller, *loan)
    events: list[Event] = []
    for kind, arguments in actions:
        if during and kind == "donate" and current.token(arguments[0]).calls_back:
            for tried, its_arguments in during:
                current, outcome = apply(current, tried, caller, its_arguments)
                events.extend(outcome.events)
        current, outcome = apply(current, kind, caller, arguments)
        if outcome.error is not None:
            return state, outcome
        events.extend(outcome.events)
    if loan is not None:
        collateral, units = loan
        left_units = current.wallets[caller][collateral]
        if left_units < units:
            return state, Outcome("ERC20InsufficientBalance", (caller, left_units, units), ())
        current = borrowed(current, caller, collateral, -units)
    return current, Outcome(None, (), tuple(events))


def borrowed(state: State, borrower: str, collateral: int, units: int) -> State:
    """The world: a holder with so many units more, created for it; or fewer, if negative, which are no more."""
    wallet = state.wallets[borrower]
    return state._replace(
        wallets={**state.wallets, borrower: with_item(wallet, collateral, wallet[collateral] + units)}
    )


def at_time(state: State, time_s: int) -> State:
    """The world: time passes, and funding falls due (F2). Nothing else changes by itself."""
    later = state.at(time_s)
    return later if time_s <= state.due.until_s else with_due(later)


def with_due(state: State) -> State:
    """The state with what is due, by F2, at its time."""
    due = due_at(state.parameters, state.funding, state.time_s)
    if due.per_unit_wad == state.due.per_unit_wad:
        # The same object: what rests on it still holds.
        due = due._replace(per_unit_wad=state.due.per_unit_wad)
    return state._replace(due=due)
