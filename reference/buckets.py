"""Positions with margin of their own (section 9)."""

from __future__ import annotations

from reference.ledger import Effect, Event, require_initial_margin, require_market, require_right, with_account
from reference.parts import bucket_of
from reference.rejection import Rejected
from reference.state import Account, State, margin_of


def _require_bucket(state: State, caller: str, account: str, market: int) -> tuple[Account, int]:
    """The account and its bucket's margin. Raises ``Rejected`` as B3 and B4 begin."""
    require_right(state, caller, account)
    require_market(state, market)
    before = state.accounts[account]
    margin_wad = margin_of(before, market)
    if margin_wad is None:
        raise Rejected("NotIsolated", account, market)
    return before, margin_wad


def with_margin(account: Account, market: int, margin_wad: int | None) -> Account:
    """The account whose market is isolated with a margin, or cross where it is None."""
    others = tuple(pair for pair in account.isolated if pair[0] != market)
    if margin_wad is None:
        return account._replace(isolated=others)
    return account._replace(isolated=tuple(sorted((*others, (market, margin_wad)))))


def isolate(state: State, caller: str, account: str, market: int, amount_wad: int) -> Effect:
    """B2."""
    require_right(state, caller, account)
    require_market(state, market)
    before = state.accounts[account]
    if margin_of(before, market) is not None:
        raise Rejected("AlreadyIsolated", account, market)
    if amount_wad and before.cash_wad < amount_wad:
        raise Rejected("InsufficientCash", account, before.cash_wad)
    after = with_margin(before._replace(cash_wad=before.cash_wad - amount_wad), market, amount_wad)
    require_initial_margin(state, account, after)
    require_initial_margin(state, account, bucket_of(after, market))
    return with_account(state, account, after), (("Isolated", account, market, amount_wad),)


def join(state: State, caller: str, account: str, market: int) -> Effect:
    """B3."""
    before, margin_wad = _require_bucket(state, caller, account, market)
    after = with_margin(before._replace(cash_wad=before.cash_wad + margin_wad), market, None)
    if after.sizes_wad[market]:
        require_initial_margin(state, account, after)
    return with_account(state, account, after), (("Joined", account, market, margin_wad),)


def move_margin(state: State, caller: str, account: str, market: int, amount_wad: int) -> Effect:
    """B4."""
    before, margin_wad = _require_bucket(state, caller, account, market)
    if amount_wad == 0:
        raise Rejected("ZeroAmount")
    giver_wad = before.cash_wad if amount_wad > 0 else margin_wad
    if giver_wad < abs(amount_wad):
        raise Rejected("InsufficientCash", account, giver_wad)
    after = with_margin(before._replace(cash_wad=before.cash_wad - amount_wad), market, margin_wad + amount_wad)
    require_initial_margin(state, account, after if amount_wad > 0 else bucket_of(after, market))
    return with_account(state, account, after), (("MarginMoved", account, market, amount_wad),)


def with_bucket_debt_absorbed(state: State, name: str, market: int) -> Effect:
    """B6: the state in which a closed bucket owes nothing."""
    account = state.accounts[name]
    margin_wad = margin_of(account, market)
    if margin_wad is None or margin_wad >= 0 or account.sizes_wad[market]:
        return state, ()
    final, recorded = bad_debt_recorded(with_account(state, name, with_margin(account, market, 0)), name, -margin_wad)
    return final, (recorded,)


def bad_debt_recorded(state: State, name: str, shortfall_wad: int) -> tuple[State, Event]:
    """Q7: a shortfall that nobody owes any more: insurance pays, the rest is bad debt."""
    paid_wad = min(state.insurance_wad, shortfall_wad)
    return (
        state._replace(
            insurance_wad=state.insurance_wad - paid_wad,
            bad_debt_wad=state.bad_debt_wad + shortfall_wad - paid_wad,
        ),
        ("BadDebtRecorded", name, shortfall_wad, paid_wad),
    )
