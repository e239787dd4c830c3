"""What is under test. An engine deploys itself, says which actions it takes, turns actions into calls, and back.

The hunt knows these two nouns and no engine by name: ``Engine`` is what there is before a deployment, ``Instance`` what there is after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from reference.margin import Health
from reference.parameters import Collateral, Market
from reference.state import Part, State
from underwater.actions import Act, Action, Attempt, Bundle, Call, Cast, Glimpse, Log, Outcome, Receipt, Transaction
from underwater.choices import Choices
from underwater.document import Field
from underwater.engine.artifacts import Artifacts
from underwater.engine.vocabulary import Kind, Vocabulary

Deployment = Any
"""A deployment's parameters and surroundings: of the engine's own type, opaque to the hunt."""


class Viewed(Protocol):
    """What an instance needs of a chain: answers to views."""

    def view(self, to: str, data: bytes) -> Receipt:
        """Call without a trace."""


class ViewedTogether(Protocol):
    """A chain that answers several views of one contract at once: the hot loop's."""

    def views(self, to: str, datas: Sequence[bytes]) -> list[bytes]:
        """What each returns; empty where one fails."""


class Places(NamedTuple):
    """Where raw slots are, address by address and number by number: as a chain is asked for many."""

    addresses: tuple[str, ...]
    numbers: tuple[int, ...]


class Slots(Protocol):
    """The observed raw slots, in a fixed order; ``pairs`` say where each is, ``labels`` what it holds.

    ``often`` are the first of them, which any act may change; ``seldom`` the others, which are in contracts whose code only some
    acts run (``Instance.may_change_every_slot``).
    """

    pairs: list[tuple[str, int]]
    labels: list[str]
    often: Places
    seldom: Places

    def pack(self, state: State) -> list[int]:
        """What a state of the reference expects in every slot."""

    def repack(self, values: list[int], before: State, after: State) -> list[tuple[int, int]]:
        """Bring packed values from one state to the next, touching only what changed: the hot loop's ``pack``.

        Gives (place, new value) of each that did.
        """

    def unpack(self, values: list[int], state: State) -> State:
        """The state with everything observed replaced by what was read."""

    def wallet(self, holder: str, collateral: int) -> tuple[str, int] | None:
        """Where a token keeps a holder's balance; None for a holder that is no account."""


class Instance(Protocol):
    """An engine as deployed. Knows addresses and encodings, holds no chain and no changing state."""

    @property
    def cast(self) -> Cast:
        """Who takes part."""

    @property
    def slots(self) -> Slots:
        """What is observed after every step."""

    @property
    def declared_errors(self) -> tuple[str, ...]:
        """Every custom error of the engine's ABI."""

    @property
    def contracts(self) -> tuple[str, ...]:
        """The addresses of everything that was created."""

    def initial_state(self, time_s: int) -> State:
        """What the reference starts from: taken from the deployment, never from the chain."""

    def may_change_every_slot(self, act: Act) -> bool:
        """Whether an act can run the code of contracts that keep ``Slots.seldom``."""

    def call(self, act: Act, time_s: int) -> Call:
        """The call that does an act in a block at ``time_s``."""

    def market_listing(self, caller: str, market: Market) -> Call:
        """A call that lists one market more."""

    def collateral_listing(self, caller: str, collateral: Collateral, token: str) -> Call:
        """A call that lists one collateral more, by the name of whatever stands for its token."""

    def error_data(self, outcome: Outcome) -> bytes:
        """What a chain answers when it rejects as ``outcome`` says."""

    def logs(self, outcome: Outcome) -> list[Log]:
        """The engine's logs that ``outcome`` calls for."""

    def own_logs(self, receipt: Receipt) -> list[Log]:
        """The engine's logs in a receipt."""

    def outcome_of(self, receipt: Receipt) -> Outcome:
        """A chain's answer in words. Whatever a contract answers becomes an outcome."""

    def tried(self, bundle: Bundle, receipt: Receipt) -> tuple[tuple[Attempt, ...], tuple[Glimpse, ...]]:
        """What came of a bundle's ``during`` and of the views that were asked with them, each time that a token called."""

    def participants(self, act: Act) -> tuple[str, ...]:
        """The accounts that an act names, each once."""

    def wallets_touched(self, act: Act) -> Iterable[tuple[str, int]]:
        """(holder, collateral) of the token balances outside the engine that an act may change."""

    @property
    def endowed(self) -> Mapping[str, int]:
        """Wei that addresses have before the deployment's first transaction."""

    @property
    def ether_holders(self) -> tuple[str, ...]:
        """Those whose ether is observed, by name."""

    @property
    def ether_addresses(self) -> tuple[str, ...]:
        """Their addresses, in the same order."""

    def may_move_ether(self, act: Act) -> bool:
        """Whether somebody may have more or less ether after an act."""

    def donations(self, act: Act, before: State) -> Iterable[tuple[int, int]]:
        """(collateral, units) that an act brings the engine outside its ledger."""

    def healths_data(self, chain: ViewedTogether, parts: Iterable[Part]) -> list[bytes]:
        """Health views of accounts and buckets as the contract answers them, in raw words; empty where one reverts."""

    def parse_health(self, data: bytes, expected: Health | None = None) -> Health | None:
        """What one of ``healths_data`` says; None if it is not what the view should answer.

        Where it says what is ``expected``, that itself: comparing bytes is cheaper than taking them apart.
        """

    def health(self, chain: Viewed, part: Part) -> Health | None:
        """The health view of one account or bucket."""

    def prudent_health(self, chain: Viewed, part: Part) -> Health | None:
        """The view of one account or bucket by which its owner is tested."""

    def requirements(self, chain: Viewed, market: int, size_wad: int, price_wad: int) -> tuple[int, int] | None:
        """(initial, maintenance) requirement of a position as the contract answers it; None if the view reverts."""

    def liquidation_price(self, chain: Viewed, name: str, market: int) -> tuple[int, int] | None:
        """(status, price) as the contract answers it; None if the view reverts."""

    def funding(self, chain: Viewed, market: int) -> tuple[int, ...] | None:
        """(rate, premium, due) of a market as the contract answers it; None if the view reverts."""

    def mark(self, chain: Viewed, market: int) -> tuple[int, ...] | None:
        """A market's (status, low, high, lenient price of longs, of shorts) as the contract answers it; None if the view reverts."""

    def answer(self, chain: Viewed, view: str, number: int) -> tuple[int, ...] | None:
        """The words of a view's answer about a market or a collateral, 0 where it is about neither; None if it reverts."""

    def mint(self, name: str, collateral: int, units: int) -> Call:
        """A call that gives an account tokens."""


@dataclass(frozen=True)
class Engine:
    """What an engine brings."""

    name: str
    cast: Cast
    kinds: Mapping[str, Kind]
    begin_s: int
    """When local deployments begin: one time for all chains."""
    default_deployment: Callable[[], Deployment]
    read_deployment: Callable[[Field], Deployment]
    write_deployment: Callable[[Deployment], str]
    draw_deployment: Callable[[Choices], Deployment]
    vocabulary: Callable[[Deployment], Vocabulary]
    deploy: Callable[[Deployment, Artifacts], tuple[tuple[Transaction, ...], Instance]]
    """The transactions that deploy it with its actors, and the instance that they make."""
    artifacts: Callable[[str | None], Artifacts]
    """The compiled contracts, sound (None) or with a fault planted."""
    translated: Callable[[Action, Deployment, Deployment], Action | None]
    """An action of one deployment as it would be in another: the same worth; None where it names what is not there."""
    nearer: Callable[[Deployment, Deployment], Iterator[Deployment]]
    """Safe deployments that differ in less from the second than the first does, or list less: what tells most first."""
