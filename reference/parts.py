"""What of an account is valued by itself (B1): all that is cross, and each bucket."""

from __future__ import annotations

from reference.state import Account, Bucket, Part, State, margin_of, with_item


def cross_of(account: Account) -> Account:
    """B1: the account as far as it is cross."""
    return _kept(account, None) if account.isolated else account


def bucket_of(account: Account, market: int) -> Account:
    """B1: the bucket of an isolated market, as an account that has nothing else: its margin is its cash."""
    return _kept(account, market)


def _cross(account: Account) -> Account:
    for market, _ in account.isolated:
        account = without_position(account, market)
    return account._replace(isolated=())


def _bucket(account: Account, market: int) -> Account:
    margin_wad = margin_of(account, market)
    assert margin_wad is not None
    nothing = (0,) * len(account.sizes_wad)
    return Account(
        margin_wad,
        with_item(nothing, market, account.sizes_wad[market]),
        with_item(nothing, market, account.quotes_wad[market]),
        (0,) * len(account.units),
    )


_parts: dict[tuple[int, int | None], tuple[Account, Account]] = {}
_MOST_KEPT = 512


def _kept(account: Account, market: int | None) -> Account:
    """A part (of a market, or None: the rest). What is asked after again and again should be one object: its value is then kept too."""
    found = _parts.get((id(account), market))
    if found is not None and found[0] is account:
        return found[1]
    part = _cross(account) if market is None else _bucket(account, market)
    if len(_parts) >= _MOST_KEPT:
        _parts.clear()
    _parts[id(account), market] = account, part
    return part


def part_of(state: State, part: Part) -> Account:
    """What a part names, as an account without buckets."""
    if isinstance(part, Bucket):
        return bucket_of(state.accounts[part.account], part.market)
    return cross_of(state.accounts[part])


def behind(account: Account, market: int) -> Account:
    """B5: what stands behind a position in a market: its bucket, or the account."""
    return account if margin_of(account, market) is None else bucket_of(account, market)


def has_positions(account: Account) -> bool:
    """Whether any size that is cross is not 0."""
    return any(cross_of(account).sizes_wad)


def is_unencumbered(account: Account) -> bool:
    """V7: no cross positions and no debt, so that no margin test needs a price."""
    return account.cash_wad >= 0 and not has_positions(account)


def without_position(account: Account, market: int) -> Account:
    """The account as if it had no position in one market, cross or isolated."""
    return account._replace(
        sizes_wad=with_item(account.sizes_wad, market, 0), quotes_wad=with_item(account.quotes_wad, market, 0)
    )
