"""Probes of the reference itself: engines without error, and engines whose answers are wrong in one way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reference import boundaries
from reference.funding import due_now
from reference.governance import ADMIN
from reference.ledger import Event
from reference.listing import collateral_listed, market_listed
from reference.machine import apply, at_time
from reference.margin import Health, health_of, prudent_health_of
from reference.parameters import Collateral, Market
from reference.prices import mark
from reference.state import Part, State, with_item
from reference.trading import requirement_of
from reference.unsafe import Unsafe
from underwater.actions import Outcome
from underwater.checks.model import OF_COLLATERALS, stored_words
from underwater.choices import SeededChoices
from underwater.engine.bundled.actors import CAST


class ReferenceProbe:
    """A probe of the reference itself: an engine without error. Changes of single answers are written into it."""

    cast = CAST

    def __init__(self, state: State, stream: int = 0) -> None:
        self.state = state
        self.choices = SeededChoices(stream, "tests")

    def do(self, kind: str, caller: str, *arguments: Any) -> Outcome:
        self.state, outcome = apply(self.state, kind, caller, arguments)
        return Outcome(*outcome)

    def list_market(self, caller: str, market: Market) -> Outcome:
        decimals, second = self.state.feed_decimals, market.second
        of_second = None if second is None else decimals[second.feed.feed]
        events = market_listed(len(self.state.parameters.markets), market)
        return self._list(caller, events, lambda: market.validate(decimals[market.feed.feed], of_second))

    def list_collateral(self, caller: str, collateral: Collateral, token: str) -> Outcome:
        number, feed = len(self.state.parameters.collaterals), collateral.feed
        assert feed is not None
        of_feed = self.state.feed_decimals[feed.feed]
        return self._list(
            caller, collateral_listed(number, collateral, token), lambda: collateral.validate(number, of_feed)
        )

    def _list(self, caller: str, events: tuple[Event, ...], validate: Callable[[], None]) -> Outcome:
        if caller not in self.state.roles[ADMIN]:
            return Outcome("AccessControlUnauthorizedAccount", (caller, ADMIN), ())
        try:
            validate()
        except Unsafe as unsafe:
            return Outcome("UnsafeParameter", (unsafe.name,), ())
        return Outcome(None, (), events)

    def wait(self, seconds: int) -> None:
        self.state = at_time(self.state, self.state.time_s + seconds)

    def branch(self) -> None:
        self._parting = self.state

    def back(self) -> None:
        self.state = self._parting

    def funding(self, market: int) -> tuple[int, ...] | None:
        due = due_now(self.state.parameters.markets[market], self.state.funding[market], self.state.time_s)
        return due.rate_wad, due.premium_wad, due.due_wad

    def mark(self, market: int) -> tuple[int, ...] | None:
        found = mark(self.state, self.state.parameters.markets[market])
        return (found.status, *found.prudent, *found.lenient)

    def health(self, part: Part) -> Health | None:
        return health_of(self.state, part)

    def prudent_health(self, part: Part) -> Health | None:
        return prudent_health_of(self.state, part)

    def expected_health(self, part: Part) -> Health:
        return health_of(self.state, part)

    def requirements(self, market: int, size_wad: int, price_wad: int) -> tuple[int, int] | None:
        return requirement_of(
            self.state.parameters.markets[market], size_wad, price_wad, self.state.open_interest_wad[market]
        )

    def liquidation_price(self, name: str, market: int) -> tuple[int, int] | None:
        return boundaries.liquidation_price_wad(self.state, name, market)

    def answer(self, view: str, number: int = 0) -> tuple[int, ...] | None:
        parameters, of_collateral = self.state.parameters, view in OF_COLLATERALS
        if number >= len(parameters.collaterals if of_collateral else parameters.markets):
            return None
        about = (0, number) if of_collateral else (number, 0)
        return next(words for name, _, words in stored_words(self.state, *about) if name == view)

    def fund(self, name: str, units: Sequence[int]) -> None:
        for collateral, amount in enumerate(units):
            wallet = self.state.wallets.get(name, (0,) * len(self.state.held_units))
            wallet = with_item(wallet, collateral, wallet[collateral] + amount)
            self.state = self.state._replace(wallets={**self.state.wallets, name: wallet})
            self.do("set_deposit_cap", "risk-manager", collateral, self.state.pool_units[collateral] + amount)
            self.do("deposit", name, name, collateral, amount)


def listing(change: Callable[[Outcome], Outcome]) -> type[ReferenceProbe]:
    """An engine that answers otherwise whoever lists something."""

    class Listing(ReferenceProbe):
        def _list(self, caller: str, events: tuple[Event, ...], validate: Callable[[], None]) -> Outcome:
            return change(super()._list(caller, events, validate))

    return Listing


def setting(change: Callable[[Outcome], Outcome]) -> type[ReferenceProbe]:
    """An engine that answers otherwise whoever sets something."""

    class Setting(ReferenceProbe):
        def do(self, kind: str, caller: str, *arguments: Any) -> Outcome:
            return change(super().do(kind, caller, *arguments))

    return Setting


def refusing(kind: str) -> type[ReferenceProbe]:
    """An engine that refuses every action of a kind."""

    class Refusing(ReferenceProbe):
        def do(self, kind_done: str, caller: str, *arguments: Any) -> Outcome:
            return Outcome("Refused", (), ()) if kind_done == kind else super().do(kind_done, caller, *arguments)

    return Refusing


def accepting(kind: str) -> type[ReferenceProbe]:
    """An engine that says of every action of a kind that it is done, and does what is right of it."""

    class Accepting(ReferenceProbe):
        def do(self, kind_done: str, caller: str, *arguments: Any) -> Outcome:
            outcome = super().do(kind_done, caller, *arguments)
            return Outcome(None, (), ()) if kind_done == kind else outcome

    return Accepting


def cheating(kind: str, cheat: Callable[[State, tuple[Any, ...]], State]) -> type[ReferenceProbe]:
    """An engine that does something more after every accepted action of a kind."""

    class Cheating(ReferenceProbe):
        def do(self, kind_done: str, caller: str, *arguments: Any) -> Outcome:
            outcome = super().do(kind_done, caller, *arguments)
            if kind_done == kind and outcome.done:
                self.state = cheat(self.state, arguments)
            return outcome

    return Cheating


def requiring(change: Callable[[int, tuple[int, int]], tuple[int, int] | None]) -> type[ReferenceProbe]:
    """An engine whose view of a requirement is changed: (size, sound answer) -> answer."""

    class Requiring(ReferenceProbe):
        def requirements(self, market: int, size_wad: int, price_wad: int) -> tuple[int, int] | None:
            sound = super().requirements(market, size_wad, price_wad)
            assert sound is not None
            return change(size_wad, sound)

    return Requiring


def pricing(change: Callable[[tuple[int, int]], tuple[int, int] | None]) -> type[ReferenceProbe]:
    """An engine whose view of a liquidation price is changed."""

    class Pricing(ReferenceProbe):
        def liquidation_price(self, name: str, market: int) -> tuple[int, int] | None:
            sound = super().liquidation_price(name, market)
            assert sound is not None
            return change(sound)

    return Pricing


def marking(change: Callable[[tuple[int, ...]], tuple[int, ...] | None]) -> type[ReferenceProbe]:
    """An engine whose view of a mark is changed."""

    class Marking(ReferenceProbe):
        def mark(self, market: int) -> tuple[int, ...] | None:
            sound = super().mark(market)
            assert sound is not None
            return change(sound)

    return Marking


def telling_funding(change: Callable[[tuple[int, ...]], tuple[int, ...] | None]) -> type[ReferenceProbe]:
    """An engine whose view of funding is changed."""

    class Telling(ReferenceProbe):
        def funding(self, market: int) -> tuple[int, ...] | None:
            sound = super().funding(market)
            assert sound is not None
            return change(sound)

    return Telling


def answering(view: str, change: Callable[[tuple[int, ...]], tuple[int, ...] | None]) -> type[ReferenceProbe]:
    """An engine of which one view is changed, and answers about whatever number."""

    class Answering(ReferenceProbe):
        def answer(self, asked: str, number: int = 0) -> tuple[int, ...] | None:
            sound = super().answer(asked, number)
            return change(sound or ()) if asked == view else sound

    return Answering


def seeing_prudently(change: Callable[[Health], Health | None]) -> type[ReferenceProbe]:
    """An engine whose view of prudent health is changed."""

    class Seeing(ReferenceProbe):
        def prudent_health(self, part: Part) -> Health | None:
            sound = super().prudent_health(part)
            assert sound is not None
            return change(sound)

    return Seeing


def viewing(change: Callable[[Part, Health], Health | None]) -> type[ReferenceProbe]:
    """An engine whose view of health is changed."""

    class Viewing(ReferenceProbe):
        def health(self, part: Part) -> Health | None:
            sound = super().health(part)
            assert sound is not None
            return change(part, sound)

    return Viewing
