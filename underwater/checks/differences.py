"""How two accounts, or two states' sums, differ, in words for people."""

from __future__ import annotations

from collections.abc import Iterator

from reference.funding import Funding
from reference.state import Account, Order, State
from underwater.checks import quote

_FIELDS = {
    Account: ("cash_wad", "sizes_wad", "quotes_wad", "units"),
    State: ("insurance_wad", "fees_wad", "bad_debt_wad", "open_interest_wad", "pool_units", "held_units"),
}
_OF = {"sizes_wad": "market", "quotes_wad": "market", "open_interest_wad": "market"}
"""What the numbers of a row are of; collaterals where this does not say."""
_WORDS = {
    "cash_wad": "cash",
    "sizes_wad": "size",
    "quotes_wad": "quote",
    "units": "units",
    "insurance_wad": "insurance",
    "fees_wad": "fees",
    "bad_debt_wad": "bad debt",
    "open_interest_wad": "open interest",
    "pool_units": "pool units",
    "held_units": "held units",
}


def differences_between(one: Account | State, other: Account | State, words: tuple[str, str]) -> Iterator[str]:
    """One text for each number that differs, wads as decimals and units whole; ``words`` say which side is which."""
    for field in _FIELDS[type(one)]:
        left, right = getattr(one, field), getattr(other, field)
        if left == right:
            continue
        show = quote if field.endswith("_wad") else str
        if not isinstance(left, tuple):
            yield f"{_WORDS[field]}: {words[0]} {show(left)}, {words[1]} {show(right)}"
            continue
        for number, (mine, theirs) in enumerate(zip(left, right, strict=True)):
            if mine != theirs:
                of = f"{_OF.get(field, 'collateral')} {number}"
                yield f"{_WORDS[field]} of {of}: {words[0]} {show(mine)}, {words[1]} {show(theirs)}"
    if isinstance(one, Account) and isinstance(other, Account) and one.isolated != other.isolated:
        mine_by_market, theirs_by_market = dict(one.isolated), dict(other.isolated)
        for market in sorted({*mine_by_market, *theirs_by_market}):
            margins = (mine_by_market.get(market), theirs_by_market.get(market))
            if margins[0] != margins[1]:
                left, right = ("cross" if margin_wad is None else quote(margin_wad) for margin_wad in margins)
                yield f"margin of market {market}: {words[0]} {left}, {words[1]} {right}"
    if isinstance(one, State) and isinstance(other, State):
        yield from _of_funding(one.funding, other.funding, words)
        for name, market in sorted({*one.orders, *other.orders}):
            mine_order, theirs_order = one.orders.get((name, market)), other.orders.get((name, market))
            if mine_order != theirs_order:
                yield f"order of {name} in market {market}: {words[0]} {order_text(mine_order)}, {words[1]} {order_text(theirs_order)}"


def order_text(order: Order | None) -> str:
    """An order for people."""
    if order is None:
        return "none"
    times = f"from {order.executable_from_s} to {order.expires_at_s}"
    return f"{quote(order.size_wad)} at {quote(order.limit_wad)}, requested at {order.requested_at_s}, {times}"


_FUNDING_WORDS = {
    "rate_wad": "funding rate",
    "premium_wad": "premium",
    "written_at_s": "time of writing funding down",
    "carry": "carried funding",
    "due_wad": "funding due",
    "index_wad": "index of funding",
    "exposure_wad_s": "exposure to the premium",
    "begun_at_s": "beginning of the interval",
    "index_read_at_s": "time of reading the index",
}


def _of_funding(one: tuple[Funding, ...], other: tuple[Funding, ...], words: tuple[str, str]) -> Iterator[str]:
    for number, (mine, theirs) in enumerate(zip(one, other, strict=True)):
        for field, left, right in zip(Funding._fields, mine, theirs, strict=True):
            if left != right:
                show = quote if field.endswith("_wad") else str
                yield f"{_FUNDING_WORDS[field]} of market {number}: {words[0]} {show(left)}, {words[1]} {show(right)}"
