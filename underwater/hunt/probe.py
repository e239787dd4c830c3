"""Counterfactuals: what would happen, tried on a snapshot that is always reverted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from reference.gateway import wrapped_for
from reference.machine import apply, at_time
from reference.margin import Health, health_of
from reference.parameters import Collateral, Market
from reference.state import Part, State, with_item
from underwater.actions import Action, Call, Outcome, Receipt
from underwater.chain.revm import RevmChain
from underwater.choices import Choices
from underwater.hunt.observer import Awaited, Observer


class Tried(NamedTuple):
    """An action of a probe, the state that it met, and what the contract answered."""

    before: State
    action: Action
    outcome: Outcome


class Asked(NamedTuple):
    """A question of a probe to the contract's views, and the numbers of the answer; None if there was none.

    ``view`` and ``about`` are ``requirements`` of (market, size, price), ``liquidation price`` of (account, market), ``funding`` of
    (market,), ``mark`` of (market,), or ``answer`` of (view, number).
    """

    view: str
    about: tuple[Any, ...]
    answer: tuple[int, ...] | None


class Waited(NamedTuple):
    """A probe let time pass: how many seconds, and what the time then was."""

    after_s: int
    time_s: int


class Listed(NamedTuple):
    """A probe tried to list something more, and what the contract answered."""

    caller: str
    what: str
    outcome: Outcome


class Parted(NamedTuple):
    """From here on a probe went the way of this number, from the state in which its ways part; and what the time was there."""

    way: int
    time_s: int


class Sent(NamedTuple):
    """What a probe sent in one block, ``after_s`` seconds after the one before; 0 for the block that the history ends with."""

    after_s: int
    calls: tuple[Call, ...]


class Way(NamedTuple):
    """All that a probe sent on one way, what came before the ways part included, and the views that it asked at its end."""

    sent: tuple[Sent, ...]
    views: tuple[tuple[str, bytes], ...]


class Trial(NamedTuple):
    """What a probe did and asked: to tell of it, and to try it on another chain.

    ``sent`` is all that it sent, block by block; ``views`` (address, calldata) those that it asked after the last of it.
    ``taken_back`` are the ways that it had gone before, where it went several.
    """

    acts: tuple[Tried | Asked | Waited | Listed | Parted, ...]
    sent: tuple[Sent, ...]
    views: tuple[tuple[str, bytes], ...]
    taken_back: tuple[Way, ...] = ()

    @property
    def ways(self) -> tuple[Way, ...]:
        """Every way that it went, each from the end of the history."""
        return *self.taken_back, Way(self.sent, self.views)


class _Parting(NamedTuple):
    """Where the ways of a probe part, and what it had stored, sent and asked until then."""

    snapshot: Any
    state: State
    values: list[int]
    way: Way


class _Tape(RevmChain):
    """The chain of a probe, which remembers what is sent and asked. It shares everything else with the chain it is made from."""

    def __init__(self, chain: RevmChain) -> None:
        self.__dict__.update(chain.__dict__)
        self.sent: list[tuple[int, list[Call]]] = [(0, [])]
        self.asked: list[tuple[str, bytes]] = []

    def open_block(self, after_s: int) -> None:
        """See ``RevmChain``."""
        self.sent.append((after_s, []))
        self.asked.clear()
        super().open_block(after_s)

    def transact(self, call: Call) -> Receipt:
        """See ``RevmChain``."""
        self.sent[-1][1].append(call)
        self.asked.clear()
        return super().transact(call)

    def view(self, to: str, data: bytes) -> Receipt:
        """See ``RevmChain``."""
        self.asked.append((to, data))
        return super().view(to, data)

    @property
    def way(self) -> Way:
        """What was sent and asked so far."""
        return Way(tuple(Sent(after_s, tuple(calls)) for after_s, calls in self.sent), tuple(self.asked))

    @way.setter
    def way(self, way: Way) -> None:
        self.sent = [(sent.after_s, list(sent.calls)) for sent in way.sent]
        self.asked = list(way.views)


class Probe:
    """See ``underwater.checks.Probe``. The chain is at the probed step's block, until the probe waits."""

    def __init__(self, observer: Observer, state: State, choices: Choices) -> None:
        instance = self.instance = observer.instance
        self.chain = _Tape(observer.chain)
        self.observer = Observer(self.chain, instance, observer.values)
        self._tried: list[Tried | Asked | Waited | Listed | Parted] = []
        self._parting: _Parting | None = None
        self._taken_back: list[Way] = []
        self._state = state
        self._unread: Awaited | None = None
        """What is expected of actions after which nothing was read yet; all came out as the reference says."""
        self.choices = choices
        self.cast = instance.cast

    @property
    def state(self) -> State:
        """See ``underwater.checks.Probe``. Read when it is asked for: many actions follow one another before anybody looks."""
        if self._unread is not None:
            awaited = self._unread._replace(state=self._state)
            self._unread = None
            self._state = self.observer.decode(self.observer.fetch(awaited), awaited)
        return self._state

    def do(self, kind: str, caller: str, *arguments: Any) -> Outcome:
        """See ``underwater.checks.Probe``."""
        instance, before = self.instance, self._state
        action = Action(kind, caller, arguments)
        receipt = self.chain.transact(instance.call(action, self.chain.time_s))
        if receipt.ok:
            after, expected = apply(before, kind, caller, arguments)
            awaited = self.observer.await_act(action, before, after)
            self._unread = awaited if self._unread is None else awaited.with_earlier(self._unread)
            self._state = after
            as_expected = expected.error is None and instance.own_logs(receipt) == instance.logs(expected)
            outcome = expected
            if not as_expected:
                # What comes next rests on what the contract stores, and not on what the reference says.
                outcome, _ = instance.outcome_of(receipt), self.state
        else:
            outcome = instance.outcome_of(receipt)
        self._tried.append(Tried(before, action, outcome))
        return outcome

    def list_market(self, caller: str, market: Market) -> Outcome:
        """See ``underwater.checks.Probe``."""
        return self._list(caller, f"another {market.name or 'market'}", self.instance.market_listing(caller, market))

    def list_collateral(self, caller: str, collateral: Collateral, token: str) -> Outcome:
        """See ``underwater.checks.Probe``."""
        call = self.instance.collateral_listing(caller, collateral, token)
        return self._list(caller, f"{token} as another {collateral.name}", call)

    def _list(self, caller: str, what: str, call: Call) -> Outcome:
        # No kind of action: slots and model know what was listed at the start. The probe's state does not grow by it.
        outcome = self.instance.outcome_of(self.chain.transact(call))
        self._tried.append(Listed(caller, what, outcome))
        return outcome

    def wait(self, seconds: int) -> None:
        """See ``underwater.checks.Probe``."""
        self.chain.open_block(seconds)
        self._state = at_time(self._state, self.chain.time_s)
        self._tried.append(Waited(seconds, self.chain.time_s))

    def branch(self) -> None:
        """See ``underwater.checks.Probe``."""
        assert self._parting is None, "the ways of a probe part once"
        self._parting = _Parting(self.chain.snapshot(), self.state, self.observer.values, self.chain.way)
        self._tried.append(Parted(1, self.chain.time_s))

    def back(self) -> None:
        """See ``underwater.checks.Probe``."""
        assert self._parting is not None, "nothing to go back to"
        self._taken_back.append(self.chain.way)
        snapshot, self._state, self.observer.values, self.chain.way = self._parting
        self._unread = None
        self.chain.restore(snapshot)
        self._tried.append(Parted(len(self._taken_back) + 1, self.chain.time_s))

    def trial(self) -> Trial:
        """What was done and asked so far."""
        return Trial(tuple(self._tried), *self.chain.way, tuple(self._taken_back))

    def health(self, part: Part) -> Health | None:
        """See ``underwater.checks.Probe``."""
        return self.instance.health(self.chain, part)

    def prudent_health(self, part: Part) -> Health | None:
        """See ``underwater.checks.Probe``."""
        found = self.instance.prudent_health(self.chain, part)
        answer = None if found is None else (found.status, *found.risk)
        self._tried.append(Asked("prudent health", (str(part),), answer))
        return found

    def expected_health(self, part: Part) -> Health:
        """See ``underwater.checks.Probe``."""
        return health_of(self.state, part)

    def requirements(self, market: int, size_wad: int, price_wad: int) -> tuple[int, int] | None:
        """See ``underwater.checks.Probe``."""
        found = self.instance.requirements(self.chain, market, size_wad, price_wad)
        self._tried.append(Asked("requirements", (market, size_wad, price_wad), found))
        return found

    def liquidation_price(self, name: str, market: int) -> tuple[int, int] | None:
        """See ``underwater.checks.Probe``."""
        found = self.instance.liquidation_price(self.chain, name, market)
        self._tried.append(Asked("liquidation price", (name, market), found))
        return found

    def funding(self, market: int) -> tuple[int, ...] | None:
        """See ``underwater.checks.Probe``."""
        found = self.instance.funding(self.chain, market)
        self._tried.append(Asked("funding", (market,), found))
        return found

    def mark(self, market: int) -> tuple[int, ...] | None:
        """See ``underwater.checks.Probe``."""
        found = self.instance.mark(self.chain, market)
        self._tried.append(Asked("mark", (market,), found))
        return found

    def answer(self, view: str, number: int = 0) -> tuple[int, ...] | None:
        """See ``underwater.checks.Probe``."""
        found = self.instance.answer(self.chain, view, number)
        self._tried.append(Asked("answer", (view, number), found))
        return found

    def fund(self, name: str, units: Sequence[int]) -> None:
        """See ``underwater.checks.Probe``."""
        for collateral, amount in enumerate(units):
            self.chain.transact(self.instance.mint(name, collateral, amount))
            state = self.state
            if collateral == state.parameters.wrapped_ether:
                self._state = wrapped_for(state, name, amount)
            else:
                wallet = state.wallets.get(name, (0,) * len(state.held_units))
                wallets = {**state.wallets, name: with_item(wallet, collateral, wallet[collateral] + amount)}
                self._state = state._replace(wallets=wallets)
            self.do("set_deposit_cap", self.cast.risk_manager, collateral, state.pool_units[collateral] + amount)
            self.do("deposit", name, name, collateral, amount)


@contextmanager
def probing(observer: Observer, state: State, choices: Choices) -> Iterator[Probe]:
    """A probe on a snapshot of what was observed last; the chain is as it was afterwards, whatever happened."""
    chain = observer.chain
    snapshot = chain.snapshot()
    try:
        yield Probe(observer, state, choices)
    finally:
        chain.restore(snapshot)
