"""Money in and out, and what is nobody's account (section 6).

Every rule takes the state and the action's caller and arguments, and returns the state after it and the events it emits; or it
raises ``Rejected`` and nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from reference.funding import Funding, accrued
from reference.margin import Risk, require_risk
from reference.parameters import Collateral, Market
from reference.parts import is_unencumbered
from reference.prices import FRESH, Price, require_mark
from reference.rejection import Rejected, refused_without_a_word
from reference.requirements import position_value_wad
from reference.state import Account, State, margin_of, with_item
from reference.stops import after_inflow, after_outflow, observed_at

Event = tuple[object, ...]
"""(name, *arguments in the order of section 14)."""
Effect = tuple[State, tuple[Event, ...]]


def require_right(state: State, caller: str, account: str) -> None:
    """A2."""
    if caller != account and (account, caller) not in state.operators:
        raise Rejected("Unauthorized", caller, account)


def require_market(state: State, market: int) -> Market:
    """P8."""
    if not 0 <= market < len(state.parameters.markets):
        raise Rejected("UnknownMarket", market)
    return state.parameters.markets[market]


def require_collateral(state: State, collateral: int) -> Collateral:
    """P8."""
    if not 0 <= collateral < len(state.parameters.collaterals):
        raise Rejected("UnknownCollateral", collateral)
    return state.parameters.collaterals[collateral]


def with_account(state: State, name: str, account: Account) -> State:
    """The state with one account replaced."""
    return state._replace(accounts={**state.accounts, name: account})


class _Moved(NamedTuple):
    """Token balances after a transfer."""

    wallets: dict[str, tuple[int, ...]]
    held_units: tuple[int, ...]


def _moved_in(state: State, payer: str, collateral: int, units: int) -> _Moved:
    """``units`` from a wallet into the engine, but for what the token takes of them."""
    wallet = state.wallets.get(payer, (0,) * len(state.held_units))
    received_units = state.token(collateral).received_units(units)
    return _Moved(
        {**state.wallets, payer: with_item(wallet, collateral, wallet[collateral] - units)},
        with_item(state.held_units, collateral, state.held_units[collateral] + received_units),
    )


def _pull(state: State, payer: str, collateral: int, units: int) -> _Moved:
    """Tokens from a wallet into the engine, in full (K2); the token refuses what the wallet does not hold, and as it likes (K4)."""
    token = state.token(collateral)
    balance_units = state.wallets.get(payer, (0,) * len(state.held_units))[collateral]
    if token.refuses(payer) or balance_units < units:
        raise Rejected("TransferFromFailed")
    received_units = token.received_units(units)
    if received_units != units:
        raise Rejected("UnexpectedTransfer", collateral, units, received_units)
    return _moved_in(state, payer, collateral, units)


def _push(state: State, to: str, collateral: int, units: int) -> _Moved:
    """Tokens from the engine into a wallet, but for what the token takes of them (K3); it refuses as it likes (K4)."""
    token = state.token(collateral)
    if token.refuses(to):
        raise Rejected("TransferFailed")
    wallet = state.wallets.get(to, (0,) * len(state.held_units))
    return _Moved(
        {**state.wallets, to: with_item(wallet, collateral, wallet[collateral] + token.received_units(units))},
        with_item(state.held_units, collateral, state.held_units[collateral] - units),
    )


def set_operator(state: State, caller: str, operator: str, approved: bool) -> Effect:
    """A2: the caller lets an operator act for it, or no longer."""
    pair = (caller, operator)
    operators = state.operators | {pair} if approved else state.operators - {pair}
    return state._replace(operators=operators), (("OperatorSet", caller, operator, approved),)


def deposit(state: State, caller: str, account: str, collateral: int, units: int) -> Effect:
    """L1."""
    require_right(state, caller, account)
    token = require_collateral(state, collateral)
    if units == 0:
        raise Rejected("ZeroAmount")
    pool_units = state.pool_units[collateral]
    if pool_units + units > token.deposit_cap_units:
        raise Rejected("DepositCapExceeded", collateral, pool_units, token.deposit_cap_units)
    before = state.accounts[account]
    if collateral == 0:
        after = before._replace(cash_wad=before.cash_wad + units * token.quote_wad_per_unit)
    else:
        after = before._replace(units=with_item(before.units, collateral, before.units[collateral] + units))
    wallets, held_units = _pull(state, caller, collateral, units)
    return (
        state._replace(
            accounts={**state.accounts, account: after},
            pool_units=with_item(state.pool_units, collateral, pool_units + units),
            wallets=wallets,
            held_units=held_units,
            breakers=after_inflow(state, collateral, units),
        ),
        (("Deposited", account, collateral, units),),
    )


def withdraw(state: State, caller: str, account: str, collateral: int, units: int) -> Effect:
    """L2, L3, L4."""
    require_right(state, caller, account)
    token = require_collateral(state, collateral)
    if units == 0:
        raise Rejected("ZeroAmount")
    before = state.accounts[account]
    pool_units = state.pool_units[collateral]
    if collateral == 0:
        cash_wad = before.cash_wad - units * token.quote_wad_per_unit
        if cash_wad < 0:
            raise Rejected("InsufficientCash", account, before.cash_wad)
        if units > pool_units:
            raise Rejected("InsufficientLiquidity", pool_units)
        after = before._replace(cash_wad=cash_wad)
    else:
        if units > before.units[collateral]:
            raise Rejected("InsufficientCollateral", account, before.units[collateral])
        after = before._replace(units=with_item(before.units, collateral, before.units[collateral] - units))
    breakers = after_outflow(state, collateral, units)
    require_initial_margin(state, account, after)
    wallets, held_units = _push(state, account, collateral, units)
    return (
        state._replace(
            accounts={**state.accounts, account: after},
            pool_units=with_item(state.pool_units, collateral, pool_units - units),
            wallets=wallets,
            held_units=held_units,
            breakers=breakers,
        ),
        (("Withdrawn", account, collateral, units),),
    )


def require_initial_margin(
    state: State, name: str, account: Account, valued: Callable[[State, Account], Risk] = require_risk
) -> None:
    """The margin test of L2 and Q6: unencumbered (V7), or equity of at least the initial margin."""
    if is_unencumbered(account):
        return
    risk = valued(state, account)
    if risk.equity_wad < risk.initial_margin_wad:
        raise Rejected("InsufficientMargin", name, risk.equity_wad, risk.initial_margin_wad)


def accrue_funding_at(state: State, market: int, mark: Price) -> tuple[tuple[Funding, ...], tuple[Event, ...]]:
    """F3: every market's funding after one of them has accrued, and the event of it. What is due stays as it is.

    At an uncertain mark nothing is written down.
    """
    if mark.status != FRESH:
        return state.funding, ()
    after = accrued(state.parameters.markets[market], state.funding[market], mark.price_wad, state.time_s)
    if after is None:
        return state.funding, ()
    return (
        (*state.funding[:market], after, *state.funding[market + 1 :]),
        (("FundingAccrued", market, after.rate_wad, after.due_wad, after.index_wad),),
    )


def arrived(state: State, market: int, mark: Price) -> Effect:
    """What comes before a market changes: its funding accrues (F3), and its mark is observed (S5)."""
    funding, accrual = accrue_funding_at(state, market, mark)
    breakers, halt = observed_at(state, market, mark)
    if funding is state.funding and breakers is state.breakers:
        return state, ()
    return state._replace(funding=funding, breakers=breakers), (*accrual, *halt)


def accrue_funding(state: State, caller: str, market: int) -> Effect:
    """F3: by anybody."""
    listed = require_market(state, market)
    return arrived(state, market, require_mark(state, listed))


def settled_at(account: Account, market: int, mark_wad: int, due_wad: int) -> tuple[Account, int]:
    """L6: the account with a position's value moved into cash (B5: or margin), and that value in quote wad. Equity stays as it was."""
    value_wad = position_value_wad(account.sizes_wad[market], account.quotes_wad[market], mark_wad, due_wad)
    settled = account._replace(quotes_wad=with_item(account.quotes_wad, market, account.quotes_wad[market] - value_wad))
    return paid(settled, market, value_wad), value_wad


def paid(account: Account, market: int, amount_wad: int) -> Account:
    """B5: the account with an amount (signed) added to the money behind its position in a market."""
    if not account.isolated or margin_of(account, market) is None:
        return account._replace(cash_wad=account.cash_wad + amount_wad)
    return account._replace(
        isolated=tuple(
            (number, margin_wad + amount_wad if number == market else margin_wad)
            for number, margin_wad in account.isolated
        )
    )


def settle(state: State, caller: str, account: str, market: int) -> Effect:
    """L6."""
    require_right(state, caller, account)
    listed = require_market(state, market)
    before = state.accounts[account]
    if before.sizes_wad[market] == 0:
        raise Rejected("NoPosition", account, market)
    mark = require_mark(state, listed)
    there, events = arrived(state, market, mark)
    after, value_wad = settled_at(before, market, mark.price_wad, state.due.per_unit_wad[market])
    settled = with_account(there, account, after)
    return settled, (*events, ("Settled", account, market, value_wad))


def credited_to_insurance(state: State, amount_wad: int) -> State:
    """L8: recorded bad debt is repaid first."""
    repaid_wad = min(amount_wad, state.bad_debt_wad)
    return state._replace(
        bad_debt_wad=state.bad_debt_wad - repaid_wad, insurance_wad=state.insurance_wad + amount_wad - repaid_wad
    )


def fund_insurance(state: State, caller: str, units: int) -> Effect:
    """L7."""
    if units == 0:
        raise Rejected("ZeroAmount")
    amount_wad = units * state.parameters.collaterals[0].quote_wad_per_unit
    wallets, held_units = _pull(state, caller, 0, units)
    return (
        credited_to_insurance(state, amount_wad)._replace(
            pool_units=with_item(state.pool_units, 0, state.pool_units[0] + units),
            wallets=wallets,
            held_units=held_units,
        ),
        (("InsuranceFunded", caller, units),),
    )


def collect_fees(state: State, caller: str, to: str, units: int) -> Effect:
    """L9. The role is the machine's business (A3)."""
    if units == 0:
        raise Rejected("ZeroAmount")
    amount_wad = units * state.parameters.collaterals[0].quote_wad_per_unit
    if amount_wad > state.fees_wad:
        raise Rejected("InsufficientFees", state.fees_wad)
    breakers = after_outflow(state, 0, units)
    if units > state.pool_units[0]:
        raise Rejected("InsufficientLiquidity", state.pool_units[0])
    wallets, held_units = _push(state, to, 0, units)
    return (
        state._replace(
            fees_wad=state.fees_wad - amount_wad,
            pool_units=with_item(state.pool_units, 0, state.pool_units[0] - units),
            wallets=wallets,
            held_units=held_units,
            breakers=breakers,
        ),
        (("FeesCollected", to, units),),
    )


def donate(state: State, caller: str, collateral: int, units: int) -> Effect:
    """L5: a plain transfer of tokens to the engine's address. The token's business, not the engine's."""
    token = state.token(collateral)
    if token.is_paused:
        raise Rejected("TokenPaused")
    if caller in token.refused:
        raise Rejected("HolderRefused", caller)
    balance_units = state.wallets.get(caller, (0,) * len(state.held_units))[collateral]
    if balance_units < units:
        if collateral == state.parameters.wrapped_ether:
            raise refused_without_a_word()
        raise Rejected("ERC20InsufficientBalance", caller, balance_units, units)
    wallets, held_units = _moved_in(state, caller, collateral, units)
    return state._replace(wallets=wallets, held_units=held_units), ()
