"""What an account is worth and what it needs (section 5): the formulas of ``reference.requirements`` over what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from reference.parameters import Collateral, Market, Parameters
from reference.parts import bucket_of, cross_of, without_position
from reference.prices import (
    FRESH,
    UNCERTAIN,
    UNUSABLE,
    Price,
    collateral_price_status,
    mark_status,
    prices,
    refuse,
    side_of,
)
from reference.rejection import Rejected
from reference.requirements import (
    collateral_value_exact,
    collateral_value_wad,
    initial_from_base_wad,
    notional_wad,
    requirements_exact,
    requirements_wad,
    unscaled,
)
from reference.rounding import WAD
from reference.state import Account, Bucket, FeedReading, Part, State, margin_of


class Risk(NamedTuple):
    """Equity, initial and maintenance margin of an account in quote wad (V3, V6)."""

    equity_wad: int
    initial_margin_wad: int
    maintenance_margin_wad: int


class Health(NamedTuple):
    """W1: a price status, and the account's risk: at lenient prices where the status is uncertain, zeros where it is unusable."""

    status: int
    risk: Risk


NO_RISK = Risk(0, 0, 0)


def health(state: State, account: Account) -> Health:
    """W1: the account's risk (V3, V6), at lenient prices where a mark is uncertain; or the status of the first unusable price (O5)."""
    return _valuation(state, account).health


def health_of(state: State, part: Part) -> Health:
    """``health`` of the account that has this name (W1), or of a bucket (W5)."""
    if isinstance(part, Bucket):
        account = state.accounts[part.account]
        if margin_of(account, part.market) is None:
            return Health(FRESH, NO_RISK)
        return _valuation(state, bucket_of(account, part.market)).health
    return _valuation(state, state.accounts[part]).health


def prudent_health_of(state: State, part: Part) -> Health:
    """W8: ``health_of``, but at prudent prices where a mark is uncertain."""
    found = health_of(state, part)
    if found.status not in UNCERTAIN:
        return found
    account = state.accounts[part.account if isinstance(part, Bucket) else part]
    held = bucket_of(account, part.market) if isinstance(part, Bucket) else cross_of(account)
    return Health(found.status, _prudent_risk(state, held))


def health_without(state: State, account: Account, market: int) -> Health:
    """W3: the account's risk as if it had no cross position in one market, or the status of the first other price that is not usable.

    A sum less one of its terms, where it can be known.
    """
    size_wad, mark = account.sizes_wad[market], prices(state).marks[market]
    if size_wad == 0 or mark.status != FRESH:
        account = without_position(account, market) if size_wad else account
        found = _valuation(state, account)
        return found.health if found.health.status == FRESH else Health(_first_status(found), NO_RISK)
    found = _valuation(state, account)
    if found.health.status != FRESH:
        return Health(_first_status(found), NO_RISK)
    risk = found.health.risk
    value_wad, base_wad2, maintenance_wad = _position(mark, state.parameters.markets[market], size_wad)
    worth_open_wad = notional_wad(state.open_interest_wad[market], mark.price_wad)
    initial_wad = initial_from_base_wad(state.parameters.markets[market], abs(value_wad), base_wad2, worth_open_wad)
    return Health(
        FRESH,
        Risk(
            risk.equity_wad - value_wad - account.quotes_wad[market] + funding_due_wad(state, market, size_wad),
            risk.initial_margin_wad - initial_wad,
            risk.maintenance_margin_wad - maintenance_wad,
        ),
    )


def funding_due_wad(state: State, market: int, size_wad: int) -> int:
    """F6: what is due on a size (signed) since the market began, in quote wad; a position's quote has what was due before it."""
    return size_wad * state.due.per_unit_wad[market] // WAD


def require_risk(state: State, account: Account) -> Risk:
    """V3, V6. Raises ``Rejected`` for the first price, in the order of O5, that is not usable."""
    found = _valuation(state, account)
    if found.health.status != FRESH:
        raise _refuse_first(state, found, but=(FRESH,))
    return found.health.risk


def require_lenient_risk(state: State, account: Account) -> Risk:
    """V3, V6, O7: as a liquidation sees it. Raises ``Rejected`` for the first unusable price."""
    found = _valuation(state, account)
    if found.health.status in UNUSABLE:
        raise _refuse_first(state, found, but=(FRESH, *UNCERTAIN))
    return found.health.risk


def require_prudent_risk(state: State, account: Account) -> Risk:
    """V3, V6, O7: as what its owner does is tested. Raises ``Rejected`` for the first unusable price."""
    found = _valuation(state, account)
    if found.health.status == FRESH:
        return found.health.risk
    if found.health.status in UNUSABLE:
        raise _refuse_first(state, found, but=(FRESH, *UNCERTAIN))
    return _prudent_risk(state, cross_of(account))


def _first_status(found: _Valuation) -> int:
    """O5: that of the first price that is not usable; one is not."""
    return next(price.status for price in found.prices if price.status != FRESH)


def _refuse_first(state: State, found: _Valuation, but: tuple[int, ...]) -> Rejected:
    first = next(price for price in found.prices if price.status not in but)
    assert first.of.feed is not None
    return refuse(state, first.of.feed, first.status)


def _prudent_risk(state: State, account: Account) -> Risk:
    """O7, of an account without buckets: what differs from the lenient valuation is the uncertain positions."""
    equity_wad, initial_wad, maintenance_wad = _valuation(state, account).health.risk
    for number, (size_wad, price) in enumerate(zip(account.sizes_wad, prices(state).marks, strict=True)):
        if size_wad and price.status in UNCERTAIN:
            market, open_wad = state.parameters.markets[number], state.open_interest_wad[number]
            for pair, sign in ((price.lenient, -1), (price.prudent, 1)):
                mark_wad = side_of(pair, size_wad)
                needs = requirements_wad(market, notional_wad(size_wad, mark_wad), notional_wad(open_wad, mark_wad))
                equity_wad += sign * (size_wad * mark_wad // WAD)
                initial_wad += sign * needs[0]
                maintenance_wad += sign * needs[1]
    return Risk(equity_wad, initial_wad, maintenance_wad)


@dataclass(slots=True)
class _Valuation:
    """What an account is worth, and what that rests on.

    It holds for the same account, parameters and readings (by identity: they are immutable) from ``since_s`` to ``until_s``.
    It is lenient at uncertain marks. ``prices`` are those that it needs, in the order of O5, up to the first unusable one, if one is.
    ``rests_on`` are (market, least, most, due), of each market in which the account has a position: between which open interests it
    holds, at which funding due on one unit.
    """

    account: Account
    parameters: Parameters
    feeds: dict[str, FeedReading]
    prices: list[Price]
    rests_on: list[tuple[int, int, int, int]]
    open_interest_wad: tuple[int, ...]
    """One at which it holds."""
    due_wad: tuple[int, ...]
    """The same."""
    since_s: int
    until_s: int
    health: Health
    earlier: _Valuation | None = None
    """The one that was made before it, of the same account."""


_MOST_KEPT = 512
_kept: dict[int, _Valuation] = {}
"""An account's last valuation. It holds the account, so that its number is not given to another."""


def _valuation(state: State, account: Account) -> _Valuation:
    """The one place where an account is valued. Its last two values are kept: it is asked after again and again, before and
    after what happens.
    """
    parameters, feeds, now_s = state.parameters, state.feeds, state.time_s
    last = _kept.get(id(account))
    if last is not None and last.account is not account:
        last = None
    found = last
    while found is not None:
        if (
            found.feeds is feeds
            and found.parameters is parameters
            and found.since_s <= now_s <= found.until_s
            and _holds_in(found, state)
        ):
            return found
        found = found.earlier
    if last is None:
        found = _value(state, account)
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
    else:
        found = _renewed(last, state) or _value(state, account)
        found.earlier, last.earlier = last, None
    _kept[id(account)] = found
    return found


def _holds_in(found: _Valuation, state: State) -> bool:
    """Whether open interest and funding are where the valuation holds; it remembers so."""
    open_interest_wad, due_wad = state.open_interest_wad, state.due.per_unit_wad
    if found.open_interest_wad is open_interest_wad and found.due_wad is due_wad:
        return True
    for market, least, most, due in found.rests_on:
        if not least <= open_interest_wad[market] <= most or due_wad[market] != due:
            return False
    found.open_interest_wad, found.due_wad = open_interest_wad, due_wad
    return True


def _renewed(last: _Valuation, state: State) -> _Valuation | None:
    """The valuation again, if no price that it rests on is another now."""
    feeds = state.feeds
    if last.parameters is not state.parameters or not last.since_s <= state.time_s <= last.until_s:
        return None
    for price in last.prices:
        if feeds[price.source] is not price.reading:
            return None
        if price.second_source is not None and feeds[price.second_source] is not price.second_reading:
            return None
    if not _holds_in(last, state):
        return None
    return _Valuation(
        last.account,
        last.parameters,
        feeds,
        last.prices,
        last.rests_on,
        last.open_interest_wad,
        last.due_wad,
        last.since_s,
        last.until_s,
        last.health,
    )


def _value(state: State, account: Account) -> _Valuation:
    parameters, open_interest_wad, due_wad = state.parameters, state.open_interest_wad, state.due.per_unit_wad
    priced = prices(state)
    needed: list[Price] = []
    rests_on: list[tuple[int, int, int, int]] = []
    equity_wad, sizes_wad, quotes_wad, units, pairs = account
    initial_wad = maintenance_wad = status = uncertain = 0
    isolated = dict(pairs) if pairs else pairs
    for number, price in enumerate(priced.marks):
        size_wad = sizes_wad[number]
        if not size_wad or number in isolated:
            continue
        needed.append(price)
        status = price.status
        if status != FRESH:
            if status in UNUSABLE:
                break
            uncertain = uncertain or status
            status = FRESH
        value_wad, base_wad2, maintenance = price.worth.get(size_wad) or _position(
            price, parameters.markets[number], size_wad
        )
        due, size_open_wad, most_wad = due_wad[number], open_interest_wad[number], price.unscaled_open_interest_wad
        equity_wad += value_wad + quotes_wad[number]
        if due:
            equity_wad -= size_wad * due // WAD
        maintenance_wad += maintenance
        if size_open_wad <= most_wad:
            rests_on.append((number, 0, most_wad, due))
            initial_wad -= -base_wad2 // WAD
        else:
            rests_on.append((number, size_open_wad, size_open_wad, due))
            worth_open_wad = size_open_wad * side_of(price.lenient, size_wad) // WAD
            initial_wad += initial_from_base_wad(parameters.markets[number], abs(value_wad), base_wad2, worth_open_wad)
    if status == FRESH:
        for number, listed in enumerate(priced.collaterals):
            held = units[number]
            if held:
                assert listed is not None, "the settlement token is cash (N3)"
                needed.append(listed)
                status = listed.status
                if status != FRESH:
                    break
                (value_wad,) = listed.worth.get(held) or _collateral(listed, parameters.collaterals[number], held)
                equity_wad += value_wad
    return _Valuation(
        account,
        parameters,
        state.feeds,
        needed,
        rests_on,
        open_interest_wad,
        due_wad,
        priced.since_s,
        priced.until_s,
        Health(uncertain, Risk(equity_wad, initial_wad, maintenance_wad))
        if status == FRESH
        else Health(status, NO_RISK),
    )


_MOST_WORTHS_KEPT = 256


def _position(price: Price, market: Market, size_wad: int) -> tuple[int, int, int]:
    """A position's (value before what its quote adds, ``base`` of its initial margin in wad squared, maintenance margin).

    V1 and V5, but for what open interest adds, at the lenient price of its side; kept with the price.
    """
    value_wad = size_wad * side_of(price.lenient, size_wad) // WAD
    found = (value_wad, *unscaled(market, abs(value_wad)))
    _keep_worth(price, size_wad, found)
    return found


def _collateral(price: Price, collateral: Collateral, units: int) -> tuple[int]:
    """What a balance is worth, V2; kept with the price."""
    found = (collateral_value_wad(collateral, units, price.price_wad),)
    _keep_worth(price, units, found)
    return found


def _keep_worth(price: Price, amount: int, worth: tuple[int, ...]) -> None:
    if len(price.worth) >= _MOST_WORTHS_KEPT:
        price.worth.clear()
    price.worth[amount] = worth


def exact_risk(state: State, account: Account) -> tuple[Fraction, Fraction, Fraction]:
    """Equity, initial and maintenance margin of an account without buckets in quote wad, without any rounding. Prices must be usable."""
    assert not account.isolated
    equity = Fraction(account.cash_wad)
    initial = maintenance = Fraction(0)
    for market, size_wad, quote_wad, interest_wad, due_wad in zip(
        state.parameters.markets,
        account.sizes_wad,
        account.quotes_wad,
        state.open_interest_wad,
        state.due.per_unit_wad,
        strict=True,
    ):
        if size_wad:
            _, mark_wad = mark_status(state, market)
            value = Fraction(size_wad * mark_wad, WAD)
            equity += value + quote_wad - Fraction(size_wad * due_wad, WAD)
            parts = requirements_exact(market, abs(value), Fraction(interest_wad * mark_wad, WAD))
            initial += parts[0]
            maintenance += parts[1]
    for collateral, units in zip(state.parameters.collaterals, account.units, strict=True):
        if units:
            _, price_wad = collateral_price_status(state, collateral)
            equity += collateral_value_exact(collateral, units, price_wad)
    return equity, initial, maintenance


def is_liquidatable(risk: Risk) -> bool:
    """V8."""
    return risk.equity_wad < risk.maintenance_margin_wad
