"""Orders in two steps: who requests, executes and takes back what, and whole ways of an order, timed to the second.

A way of an order ends at an edge: in the first or last second in which it may be executed, or taken back, or beside it; at a round of
its source dated exactly at the request, or after it; at its limit or a tick beyond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from reference.parameters import Market
from reference.prices import UNCERTAIN, mark
from reference.rounding import WAD
from reference.state import ANSWERS, Order, State
from underwater.actions import Act, Action, Cast
from underwater.aims import known_mark_wad
from underwater.choices import Choices
from underwater.generate.draws import Draws
from underwater.generate.tempers import Temper

FAR_S = 3 * 86_400
"""Nobody waits longer for an edge of an order."""
NEAR = 10
"""A limit is near within a tenth of the mark: to reach it, the price need not jump."""
Now = Callable[[], State]
Key = tuple[str, int]


class Publisher(Protocol):
    """What the world's prices come from."""

    def tell(self, state: State, source: str, answer: int, age_s: int = 0) -> Action:
        """A source says what is true from then on, ``age_s`` ago."""

    def tell_at(self, state: State, source: str, boundary: str, offset: int, age_s: int) -> Action | None:
        """The same, at a boundary; None where that has no value that is believed."""

    def mend(self, state: State, source: str) -> Action:
        """A source is brought back to the truth."""


class OrderDraws(Draws):
    """Draws single requests, executions and cancels."""

    def request_order(self, state: State) -> Action:
        """A request: mostly of what can be executed some time."""
        choices, account, market = self.choices, self._account(), self._market(state)
        if choices.chance(75):
            account = self._holder_of(state, 0) or account
        caller = self._caller_for(account)
        parameters = state.parameters.orders
        room_s = parameters.maximum_lifetime_s - parameters.minimum_delay_s
        delay_s = parameters.minimum_delay_s + (
            -1 if choices.chance(3) else min(room_s, choices.pick((0, 0, 0, 1, 10)))
        )
        most_s = parameters.maximum_lifetime_s - delay_s
        window_s = (
            most_s + 1 if choices.chance(3) else min(most_s, choices.pick((0, 1, 12, 60, 60, 600, 600, 600, most_s)))
        )
        blank = Action("request_order", caller, (account, market, WAD, WAD, delay_s, max(0, window_s)))
        if market >= len(state.parameters.markets):
            return blank
        listed = state.parameters.markets[market]
        side = choices.pick((1, -1))
        size_wad = side * self._some_lots(listed.lot_wad)
        held_wad = state.accounts[account].sizes_wad[market]
        if held_wad and choices.chance(30):
            size_wad = -held_wad
        limit_wad = self._limit_wad(state, market, listed, size_wad)
        return blank._replace(arguments=(account, market, size_wad, limit_wad, delay_s, max(0, window_s)))

    def _limit_wad(self, state: State, market: int, listed: Market, size_wad: int) -> int:
        """A limit: one that hardly binds, the mark or a few ticks beside it; seldom nonsense."""
        choices, tick_wad = self.choices, listed.tick_wad
        mark_wad = known_mark_wad(state, market) or tick_wad
        if choices.chance(2):
            return choices.pick((0, mark_wad + 1))
        if choices.chance(50):
            return 2 * mark_wad if size_wad > 0 else max(tick_wad, mark_wad // 2 // tick_wad * tick_wad)
        return max(tick_wad, mark_wad + choices.pick((0, 0, 1, -1, 2, -2)) * tick_wad)

    def execute_order(self, state: State) -> Action:
        """An execution, as it comes."""
        account, market = self._some_order(state) or (self._account(), self._market(state))
        order = state.orders.get((account, market))
        if order is not None and state.time_s > order.expires_at_s and not self.choices.chance(10):
            return Action("cancel_order", account, (account, market))
        return self._execution_of(account, market)

    def _execution_of(self, account: str, market: int) -> Action:
        choices, cast = self.choices, self.cast
        counterparty = choices.pick((cast.maker, cast.maker, self._account()))
        if counterparty == account and not choices.chance(5):
            counterparty = cast.maker if account != cast.maker else cast.liquidator
        caller = choices.pick((cast.matcher, counterparty))
        if choices.chance(6):
            caller = choices.pick((cast.outsider, cast.delegate, account, self._account()))
        return Action("execute_order", caller, (account, market, counterparty))

    def cancel_order(self, state: State) -> Action:
        """A cancel, as it comes."""
        account, market = self._some_order(state) or (self._account(), self._market(state))
        return Action("cancel_order", self._caller_for(account), (account, market))

    def _some_order(self, state: State) -> Key | None:
        """A pending order, if there is one and not for nonsense."""
        orders = [key for key in state.orders if key[0] in self.cast.accounts]
        return self.choices.pick(orders) if orders and not self.choices.chance(8) else None


class OrderWays(OrderDraws):
    """Draws whole ways of an order: acts, and seconds until the next block, which an act follows."""

    def __init__(self, choices: Choices, cast: Cast, temper: Temper, publisher: Publisher) -> None:
        super().__init__(choices, cast, temper)
        self.publisher = publisher

    def draw(self, now: Now) -> Iterator[Act | int]:
        """A way of a pending order, or of a new one: seconds first."""
        choices = self.choices
        key = self._some_order(now())
        if key is not None and now().time_s > now().orders[key].expires_at_s:
            yield choices.pick((1, 2, 12))
            if choices.chance(15):
                yield self._execution_of(*key)
            yield Action("cancel_order", choices.pick((key[0], self.cast.outsider, self._account())), key)
            return
        if key is None or choices.chance(60):
            yield choices.pick((1, 2, 12))
            request = self.request_order(now())
            yield request
            key = request.arguments[0], request.arguments[1]
            if key not in now().orders:
                return
        order = now().orders[key]
        ends = (self._executed, self._taken_back, self._expired)
        yield from ends[choices.weighted((8, 11, 12))](now, key, order)
        if choices.chance(35):
            yield self._execution_of(*key) if choices.chance(60) else Action("cancel_order", key[0], key)

    def _executed(self, now: Now, key: Key, order: Order) -> Iterator[Act | int]:
        choices, window_s = self.choices, order.expires_at_s - order.executable_from_s
        moment_s = choices.pick(
            (
                order.executable_from_s + choices.pick((0, 0, -1, choices.integer(0, window_s))),
                order.executable_from_s + choices.integer(0, min(window_s, 60)),
                order.expires_at_s + choices.pick((0, 0, 1)),
            )
        )
        yield self._until(now(), moment_s)
        yield from self._round(now, key, order)
        yield self._execution_of(*key)

    def _taken_back(self, now: Now, key: Key, order: Order) -> Iterator[Act | int]:
        """By its owner as soon as he may, or a second earlier; at once; or by somebody who may not."""
        choices, binding_s = self.choices, now().parameters.orders.binding_s
        from_s = order.executable_from_s + binding_s
        moments_s = from_s, from_s - 1, from_s + 1, order.executable_from_s, order.requested_at_s + 1
        yield self._until(now(), choices.pick(moments_s))
        caller = (
            key[0] if choices.chance(70) else choices.pick((self.cast.outsider, self.cast.matcher, self._account()))
        )
        yield Action("cancel_order", caller, key)

    def _expired(self, now: Now, key: Key, order: Order) -> Iterator[Act | int]:
        """In its last second or the one after it, by anybody."""
        yield self._until(now(), order.expires_at_s + self.choices.pick((0, 1)))
        caller = self.choices.pick((key[0], self.cast.outsider, self._account()))
        yield Action("cancel_order", caller, key)

    def _until(self, state: State, moment_s: int) -> int:
        """Seconds until a moment; a short while where it is past, or nobody waits as long."""
        wait_s = moment_s - state.time_s
        return wait_s if 1 <= wait_s <= FAR_S else self.choices.pick((1, 2, 12, 60))

    def _round(self, now: Now, key: Key, order: Order) -> Iterator[Act]:
        """What the source of an order's market says before it is executed, and when it is dated."""
        choices, state = self.choices, now()
        listed = state.parameters.markets[key[1]]
        source = listed.feed.feed
        if state.feeds[source].mode != ANSWERS:
            yield self.publisher.mend(state, source)
        if choices.chance(8):
            return
        dated_s = state.time_s
        if choices.chance(30):
            dated_s = order.requested_at_s + choices.pick((0, 1))
        age_s = max(0, now().time_s - dated_s)
        told = None
        mark_wad = known_mark_wad(now(), key[1])
        if abs(order.limit_wad - mark_wad) * NEAR <= mark_wad and choices.chance(85):
            beyond = max(1, listed.tick_wad // listed.feed.scale) if order.size_wad > 0 else -1
            offset = choices.pick((0, 0, -beyond, beyond))
            boundary = f"limit price of {key[0]} in market {key[1]}"
            told = self.publisher.tell_at(now(), source, boundary, offset, age_s)
        yield told or self.publisher.tell(now(), source, now().feeds[source].answer, age_s)
        state = now()
        if listed.second is not None and mark(state, listed).status in UNCERTAIN:
            said_wad, second = state.feeds[source].answer * listed.feed.scale, listed.second.feed
            yield self.publisher.tell(state, second.feed, said_wad // second.scale)
