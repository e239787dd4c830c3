"""What is stored: accounts, the pool, and the world around the engine (sections 2, 4, 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from reference.breaker import Breakers
from reference.ether import NO_ETHER, Ether
from reference.funding import NO_FUNDING_YET, Due, Funding
from reference.parameters import Parameters
from reference.tokens import PLAIN, Token

ANSWERS, REVERTS, BURNS_GAS, ANSWERS_SHORT = range(4)
"""How a feed behaves when it is read: only ``ANSWERS`` gives a price (O1)."""


FIRST = "first"
"""The implementation that an engine begins with."""


class FeedReading(NamedTuple):
    """What a price source would answer now."""

    answer: int
    updated_at_s: int
    mode: int


class Account(NamedTuple):
    """An account (section 5). Tuples are indexed by market number and by collateral number; ``units[0]`` is always 0.

    ``isolated`` are (market, margin in quote wad) of every isolated market, by number (B1).
    """

    cash_wad: int
    sizes_wad: tuple[int, ...]
    quotes_wad: tuple[int, ...]
    units: tuple[int, ...]
    isolated: tuple[tuple[int, int], ...] = ()


class Bucket(NamedTuple):
    """Names a bucket (B1), as a name alone names what is cross of an account."""

    account: str
    market: int

    def __str__(self) -> str:
        return f"{self.account}'s bucket in market {self.market}"


class Order(NamedTuple):
    """A pending order (D2). ``size_wad`` is signed, positive to buy; times are Unix seconds, the last two both included."""

    size_wad: int
    limit_wad: int
    requested_at_s: int
    executable_from_s: int
    expires_at_s: int

    def admits(self, price_wad: int) -> bool:
        """D6: whether a price is within the limit."""
        return price_wad <= self.limit_wad if self.size_wad > 0 else price_wad >= self.limit_wad


Part = str | Bucket
"""What is valued by itself: an account as far as it is cross, or one of its buckets."""


NO_ORDERS: dict[tuple[str, int], Order] = {}


class _Stored(NamedTuple):
    time_s: int
    parameters: Parameters
    feeds: dict[str, FeedReading]
    feed_decimals: dict[str, int]
    accounts: dict[str, Account]
    operators: frozenset[tuple[str, str]]
    """Pairs (account, operator)."""
    roles: dict[str, frozenset[str]]
    pool_units: tuple[int, ...]
    held_units: tuple[int, ...]
    """Tokens that the engine's address holds, donations included."""
    wallets: dict[str, tuple[int, ...]]
    """Tokens outside the engine, per holder and collateral number."""
    open_interest_wad: tuple[int, ...]
    funding: tuple[Funding, ...]
    """By market, as last written down."""
    due: Due
    """F2: follows from ``funding``, the parameters and the time."""
    insurance_wad: int
    fees_wad: int
    bad_debt_wad: int
    breakers: Breakers
    """Section 15."""
    implementation: str = FIRST
    """Whose code runs (section 16)."""
    initializations: int = 1
    """How often the engine was initialised (U2)."""
    nonces: dict[str, int] = {}  # noqa: RUF012 (treated as immutable, as all of these)
    """Whose next signature needs which nonce (A6); 0 where none is named."""
    orders: dict[tuple[str, int], Order] = NO_ORDERS
    """Pending orders by account and market (D2)."""
    tokens: tuple[Token, ...] = ()
    """How collaterals' tokens behave, by number; those beyond its end are plain."""
    ether: Ether = NO_ETHER
    """Section 19."""


_PLACES = {name: place for place, name in enumerate(_Stored._fields)}


class State(_Stored):
    """Everything the rules read or write. Mappings are treated as immutable: a change makes a new mapping."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def _replace(self, **changes: Any) -> State:
            """As of any named tuple, in a third of the time: every action makes a few states, and each has two dozen fields."""
            values = list(self)
            for name, value in changes.items():
                values[_PLACES[name]] = value
            return tuple.__new__(State, values)

    def at(self, time_s: int) -> State:
        """The same at another time."""
        return tuple.__new__(State, (time_s, *self[1:]))

    def token(self, collateral: int) -> Token:
        """How a collateral's token behaves."""
        return self.tokens[collateral] if collateral < len(self.tokens) else PLAIN


def empty_account(parameters: Parameters) -> Account:
    """A1: an account that nothing has happened to."""
    markets = (0,) * len(parameters.markets)
    return Account(0, markets, markets, (0,) * len(parameters.collaterals))


def margin_of(account: Account, market: int) -> int | None:
    """B1: the margin behind an isolated position, in quote wad; None where the market is cross."""
    for number, margin_wad in account.isolated:
        if number == market:
            return margin_wad
    return None


def parts_of(name: str, account: Account) -> tuple[Part, ...]:
    """Everything of an account that is valued by itself."""
    if not account.isolated:
        return (name,)
    return (name, *[Bucket(name, market) for market, _ in account.isolated])


def part_behind(state: State, name: str, market: int) -> Part:
    """B5: what stands behind an account's position in a market."""
    return name if margin_of(state.accounts[name], market) is None else Bucket(name, market)


def unfunded(parameters: Parameters) -> tuple[tuple[Funding, ...], Due]:
    """``funding`` and ``due`` of a state before anything was traded."""
    count = len(parameters.markets)
    return (NO_FUNDING_YET,) * count, Due((0,) * count, -1)


def with_item(values: tuple[int, ...], index: int, value: int) -> tuple[int, ...]:
    """``values`` with one item replaced."""
    return (*values[:index], value, *values[index + 1 :])
