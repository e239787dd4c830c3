"""What happens: actions, atomic bundles of them, blocks; and what came of each.

These are plain data. Actors, markets' feeds and roles appear by name, so that a history reads the same on any chain and outlives
addresses and ABIs. What kinds there are, and what their arguments are called, is the engine's to say.

What came of an act is an ``Outcome``, the reference's and the chain's alike. Of a chain's, an error that the engine does not declare is
``Reverted`` with the raw data in hex, or ``Halted`` with the chain's reason; neither is a crash of the harness.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from reference.machine import Outcome as Outcome  # one noun for what the reference says and what a chain does


class Aim(NamedTuple):
    """Where a number came from: a boundary that the model solves for, and how far from it.

    ``boundary`` names a function of the engine's aims, ``offset`` counts the boundary's own unit (token unit, lot, tick, second).
    """

    boundary: str
    offset: int


class Cast(NamedTuple):
    """Who takes part, by name.

    ``accounts`` are driven and observed, in this order. ``operators`` are those whose approvals are observed, ``matcher``
    one that every account approves at the start. ``maker`` and ``liquidator`` are accounts of some means; ``attacker`` is the
    account that is a contract, ``backstop`` one that only probes use, which are given what they need. ``publisher`` is the world's
    hand on price sources; the last five hold the roles.
    """

    accounts: tuple[str, ...]
    operators: tuple[str, ...]
    matcher: str
    delegate: str
    outsider: str
    attacker: str
    publisher: str
    backstop: str
    maker: str
    liquidator: str
    admin: str
    risk_manager: str
    oracle_manager: str
    treasurer: str
    guardian: str


class Action(NamedTuple):
    """One call by one caller. ``arguments`` are in the order of the engine's ``Kind``; numbers are exact integers."""

    kind: str
    caller: str
    arguments: tuple[Any, ...]
    aim: Aim | None = None


class Loan(NamedTuple):
    """Tokens borrowed for as long as a transaction takes, without a fee."""

    collateral: int
    units: int


class Bundle(NamedTuple):
    """Several actions in one transaction by a contract: all happen, or none does.

    ``loan`` is borrowed before them and paid back after them, or none happens. ``during`` are tried one by one whenever a token calls the
    contract in the middle of one of its own transfers; whether they are done or refused, what comes next goes on.
    """

    caller: str
    actions: tuple[Action, ...]
    during: tuple[Action, ...] = ()
    loan: Loan | None = None

    @property
    def kind(self) -> str:
        """A bundle is a kind of its own in counts."""
        return "bundle"


Act = Action | Bundle


def unaimed(act: Act) -> Act:
    """The act with its numbers alone, wherever they came from."""
    if isinstance(act, Bundle):
        return act._replace(actions=tuple(action._replace(aim=None) for action in act.actions))
    return act._replace(aim=None)


class Attempt(NamedTuple):
    """One of a bundle's ``during``, and what came of it."""

    action: Action
    outcome: Outcome


class Glimpse(NamedTuple):
    """What a view answered in the middle of a transfer, in words of 256 bits; None where it refused. ``about`` is a number or empty."""

    view: str
    about: tuple[int, ...]
    answer: tuple[int, ...] | None


class Block(NamedTuple):
    """Acts in order, in one block that comes ``after_s`` seconds (at least 1) after the one before."""

    after_s: int
    acts: tuple[Act, ...]


class Call(NamedTuple):
    """An act as a chain takes it: addresses in lower-case hex, calldata in bytes."""

    sender: str
    to: str
    data: bytes
    value: int = 0
    """Wei that go with it."""


class Transaction(NamedTuple):
    """One transaction of a deployment: the same on every chain.

    ``to`` is None where a contract is created; ``creates`` is then the address it will have (from sender and nonce).
    ``label`` says it in words.
    """

    label: str
    sender: str
    to: str | None
    data: bytes
    creates: str | None = None
    value: int = 0
    """Wei that go with it."""


class Log(NamedTuple):
    """An event as a chain gives it: address in lower-case hex, topics and data in bytes."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes


class Receipt(NamedTuple):
    """What a chain says of a call.

    ``halted`` is the reason where the call ended neither well nor by a revert (out of gas, invalid instruction), else None.
    ``data`` is what it returned or reverted with.
    """

    ok: bool
    data: bytes
    logs: tuple[Log, ...]
    halted: str | None = None


class Refusal(NamedTuple):
    """Where a deployment ended: its transaction of this number, from 1, of so many, and what came of it; ``label`` says it in words."""

    number: int
    of: int
    label: str
    outcome: Outcome

    @property
    def error(self) -> str:
        """What the contracts answer, as they would write it."""
        return f"{self.outcome.error}({', '.join(map(str, self.outcome.error_arguments))})"

    @property
    def words(self) -> str:
        """For people."""
        return f"'{self.label}', transaction {self.number} of {self.of}, is refused: {self.error}"


def actions_of(act: Act) -> tuple[Action, ...]:
    """The actions of an act: its own, or a bundle's."""
    return act.actions if isinstance(act, Bundle) else (act,)
