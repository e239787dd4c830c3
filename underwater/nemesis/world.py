"""The world of one sequence: a market's true path, what sources make of it, and how time passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple, Protocol

from reference.parameters import SecondSource
from reference.rounding import WAD
from reference.state import ANSWERS, BURNS_GAS, REVERTS, State, margin_of
from reference.stop_boundaries import turning_times_s
from underwater.actions import Action, Aim
from underwater.aims import aimed
from underwater.choices import Choices
from underwater.nemesis.issuer import draw_token_act, plain_again


class TruePath(Protocol):
    """Where a market's true price goes next, from where it is: exact answers of a feed."""

    def next_answer(self, source: str, answer: int) -> int:
        """The source's next true answer after ``answer``."""


class Weather(NamedTuple):
    """What kind of world a sequence lives in; weights are of a hundred draws."""

    name: str
    world_percent: int
    """How often the world acts instead of a participant."""
    jump: int
    aim: int
    odd: int
    stop: int
    path: int
    long_pause_percent: int
    tokens: int = 6
    """How often a token's issuer does something."""


WEATHERS = (
    Weather("calm", 10, jump=5, aim=20, odd=1, stop=1, path=73, long_pause_percent=1),
    Weather("crash", 22, jump=45, aim=25, odd=1, stop=1, path=28, long_pause_percent=1),
    Weather("hunted", 22, jump=5, aim=75, odd=1, stop=1, path=18, long_pause_percent=1),
    Weather("odd", 20, jump=10, aim=20, odd=35, stop=15, path=20, long_pause_percent=3),
    Weather("silent", 16, jump=10, aim=20, odd=5, stop=15, path=50, long_pause_percent=12),
    Weather("history", 20, jump=0, aim=10, odd=0, stop=0, path=90, long_pause_percent=1),
)

CATCHES_UP_PERCENT = 60
_AIMS = ("liquidation", "liquidation", "liquidation", "initial margin", "close-out", "penalty", "bracket")


class World:
    """Draws what the world does next."""

    def __init__(
        self,
        choices: Choices,
        weather: Weather,
        path: TruePath,
        publisher: str,
        accounts: tuple[str, ...],
        start: State,
    ) -> None:
        self.choices = choices
        self.weather = weather
        self.path = path
        self.publisher = publisher
        self.accounts = accounts
        self.truth = {name: reading.answer for name, reading in start.feeds.items()}
        self._sources = tuple(start.feeds)
        self._twins = _twins(start)
        self._late: list[str] = []
        """Sources that have yet to say what one that quotes the same has said."""
        self._parting: tuple[SecondSource, int] | None = None
        """A second source that is to come apart from the first next, and the position that it is to be worse for."""
        total, sums = 0, []
        for weight in (weather.jump, weather.aim, weather.odd, weather.stop, weather.path, weather.tokens):
            total += weight
            sums.append(total)
        self._weights = tuple(sums)

    def pause_s(self, state: State) -> int:
        """Seconds until the next block: mostly a block time; now and then to the edge of a source's heartbeat, to the end of a
        funding interval, or beyond.
        """
        choices = self.choices
        turning_s = turning_times_s(state)
        if turning_s and choices.chance(6):
            # About when a pause, a grace, a cooldown or a window ends; not when it is far off.
            left_s = turning_s[0] - state.time_s + choices.pick((0, 0, 0, -1, 1))
            if left_s <= 3_600:
                return max(1, left_s)
        if not choices.chance(self.weather.long_pause_percent):
            return choices.pick((1, 2, 12, 12, 12, 15, 60))
        manner = choices.integer(0, 99)
        if manner < 40:
            feed = choices.pick(state.parameters.feeds)
            edge_s = state.feeds[feed.feed].updated_at_s + feed.heartbeat_s + choices.pick((0, 0, 1, -1))
            if state.time_s < edge_s < state.time_s + 10**7:
                return edge_s - state.time_s
        elif manner < 70:
            interval_s = choices.pick(state.parameters.markets).funding.interval_s
            left_s = interval_s - state.time_s % interval_s + choices.pick((0, 0, 0, -1, interval_s, 5 * interval_s))
            return max(1, left_s)
        return choices.pick((600, 3_600, 86_400))

    def mend(self, state: State, source: str) -> Action:
        """The action that brings a source back to the truth."""
        if state.feeds[source].mode != ANSWERS:
            return Action("set_feed_mode", self.publisher, (source, ANSWERS))
        if not self._is_believed(state, source, self.truth[source]):
            self.truth[source] = self._believable(state, source)
        return Action("publish", self.publisher, (source, self.truth[source], 0))

    def mend_token(self, state: State, collateral: int) -> Action:
        """The action that takes a token nearer to letting all transfers through whole."""
        return plain_again(self.publisher, state, collateral)

    def draw(self, state: State) -> Action:
        """What the world does next. A source mostly follows soon where another has gone that quotes the same."""
        if self._parting is not None:
            parting, self._parting = self._parting, None
            return self._part(state, *parting)
        if self._late and self.choices.chance(CATCHES_UP_PERCENT):
            source = self._late.pop(0)
            return self._publish(state, source, self.truth[source])
        return self._DRAWS[self.choices.weighted(self._weights)](self, state)

    def _bounds(self, state: State, source: str) -> tuple[int, int]:
        """The answers that every use of a source believes; (1, 0) if no answer is."""
        uses = [feed for feed in state.parameters.feeds if feed.feed == source]
        if not uses:
            return 1, 10**30
        return max(use.minimum_answer for use in uses), min(use.maximum_answer for use in uses)

    def _is_believed(self, state: State, source: str, answer: int) -> bool:
        low, high = self._bounds(state, source)
        return low <= answer <= high or low > high

    def _believable(self, state: State, source: str) -> int:
        low, high = self._bounds(state, source)
        return min(max(self.truth[source], low), high) if low <= high else low

    def tell(self, state: State, source: str, answer: int, age_s: int = 0) -> Action:
        """A source says what is true from then on, ``age_s`` ago."""
        action = self._publish(state, source, answer)
        return action._replace(arguments=(*action.arguments[:2], age_s))

    def tell_at(self, state: State, source: str, boundary: str, offset: int, age_s: int) -> Action | None:
        """The same, at a boundary; None where that has no value that is believed."""
        blank = Action("publish", self.publisher, (source, self.truth[source], age_s), Aim(boundary, offset))
        action = aimed(state, blank, boundary, offset)
        if action is None or not self._is_near(state, source, action.arguments[1]):
            return None
        self._is_true(source, action.arguments[1])
        return action

    def _is_near(self, state: State, source: str, answer: int) -> bool:
        """Whether an answer is believed, and no more than so far from the last true one."""
        truth = self.truth[source]
        return truth // 20 < answer < truth * 20 and self._is_believed(state, source, answer)

    def _publish(self, state: State, source: str, answer: int) -> Action:
        low, high = self._bounds(state, source)
        if low <= high:
            answer = min(max(answer, low), high)
        self._is_true(source, answer)
        return Action("publish", self.publisher, (source, answer, 0))

    def _is_true(self, source: str, answer: int) -> None:
        """The truth about a source has changed; and so about those that quote the same, which have yet to say so."""
        if answer != self.truth[source]:
            self.truth[source] = answer
            for twin, numerator, denominator in self._twins.get(source, ()):
                told = answer * numerator // denominator
                if told != self.truth[twin]:
                    self.truth[twin] = told
                    if twin not in self._late:
                        self._late.append(twin)
        if source in self._late:
            self._late.remove(source)

    def _follow(self, state: State) -> Action:
        source = self.choices.pick(self._sources)
        return self._publish(state, source, self.path.next_answer(source, self.truth[source]))

    def _jump(self, state: State) -> Action:
        choices = self.choices
        source = choices.pick(self._sources)
        percent = choices.pick((1, 2, 3, 5, 8, 12, 20, 35, 60))
        truth = self.truth[source]
        answer = truth * (100 - percent) // 100 if choices.chance(52) else truth * 100 // (100 - percent)
        return self._publish(state, source, answer)

    def _trip(self, state: State) -> Action | None:
        """A price at which a market's breaker only just trips, or not yet."""
        choices = self.choices
        market = choices.integer(0, len(state.parameters.markets) - 1)
        source = state.parameters.markets[market].feed.feed
        boundary = f"{choices.pick(('lower', 'upper'))} trip price of market {market}"
        blank = Action("publish", self.publisher, (source, self.truth[source], 0))
        action = aimed(state, blank, boundary, choices.pick((0, 0, 1, -1, 2, -2)))
        if action is None or action.arguments[1] <= 0 or not self._is_believed(state, source, action.arguments[1]):
            return None
        self._is_true(source, action.arguments[1])
        return action

    def _aim(self, state: State) -> Action:
        """A price at which some account changes sides."""
        choices = self.choices
        if choices.chance(20):
            action = self._trip(state)
            if action is not None:
                return action
        holders = [
            (name, number)
            for name in self.accounts
            for number, size in enumerate(state.accounts[name].sizes_wad)
            if size
        ]
        if not holders:
            return self._follow(state)
        if choices.chance(25):
            action = self._ruin(state, holders)
            if action is not None:
                return action
        name, market = choices.pick(holders)
        source = state.parameters.markets[market].feed.feed
        boundary = f"{choices.pick(_AIMS)} price of {name} in market {market}"
        offset = choices.pick((0, 0, 1, -1, -1, 1, choices.integer(-50, 50)))
        blank = Action("publish", self.publisher, (source, self.truth[source], 0), Aim(boundary, offset))
        action = aimed(state, blank, boundary, offset)
        if action is None:
            return self._follow(state)
        answer = action.arguments[1]
        if self._is_near(state, source, answer):
            self._is_true(source, answer)
            second = state.parameters.markets[market].second
            if second is not None and choices.chance(30):
                self._parting = (second, state.accounts[name].sizes_wad[market])
            return action
        return self._follow(state)

    def _ruin(self, state: State, holders: list[tuple[str, int]]) -> Action | None:
        """A price that leaves less than nothing of an account which has a bucket beside the position that it moves."""
        choices = self.choices
        beside = [
            (name, market)
            for name, market in holders
            if state.accounts[name].isolated and margin_of(state.accounts[name], market) is None
        ]
        if not beside:
            return None
        name, market = choices.pick(beside)
        source = state.parameters.markets[market].feed.feed
        blank = Action("publish", self.publisher, (source, self.truth[source], 0))
        closing = aimed(state, blank, f"close-out price of {name} in market {market}", 0)
        if closing is None:
            return None
        percent = choices.pick((2, 5, 10, 25))
        answer = closing.arguments[1]
        is_long = state.accounts[name].sizes_wad[market] > 0
        answer = answer * (100 - percent) // 100 if is_long else answer * 100 // (100 - percent)
        if not self._is_near(state, source, answer):
            return None
        self._is_true(source, answer)
        return Action("publish", self.publisher, (source, answer, 0))

    def _part(self, state: State, second: SecondSource, size_wad: int) -> Action:
        """A second source that says what is worse for a position, by some of what the two may be apart.

        Nothing has happened to the asset: the first source need not follow.
        """
        source = second.feed.feed
        truth = self.truth[source]
        if source in self._late:
            self._late.remove(source)
        away = truth * second.deviation_rate_wad * self.choices.pick((1, 1, 2, 4, 8)) // WAD
        answer = truth - away - 1 if size_wad > 0 else truth + away + 1
        low, high = self._bounds(state, source)
        return Action("publish", self.publisher, (source, min(max(answer, low), high) if low <= high else answer, 0))

    def _odd(self, state: State) -> Action:
        """An answer that must not be believed, or only just may."""
        choices = self.choices
        source = choices.pick(self._sources)
        low, high = self._bounds(state, source)
        truth = self.truth[source]
        answer = choices.pick((0, -1, -truth, low - 1, high + 1, low, high, 2**190, -(2**190), truth, truth, truth))
        heartbeats = [market.feed.heartbeat_s for market in state.parameters.markets if market.feed.feed == source]
        heartbeat_s = heartbeats[0] if heartbeats else 3600
        age_s = choices.pick((0, 0, 0, heartbeat_s, heartbeat_s + 1, heartbeat_s - 1, -1, None))
        return Action("publish", self.publisher, (source, answer, age_s))

    def _stop(self, _state: State) -> Action:
        choices = self.choices
        # One that has another beside it, mostly: what is read next is read with what the first has left.
        paired = tuple(self._twins)
        source = choices.pick(paired if paired and choices.chance(60) else self._sources)
        return Action("set_feed_mode", self.publisher, (source, choices.pick((REVERTS, 3, BURNS_GAS))))

    def _issue(self, state: State) -> Action:
        return draw_token_act(self.choices, self.publisher, self.accounts, state)

    # In the order of a weather's weights. Of the class: an object that holds its own methods is freed only by the garbage collector.
    _DRAWS: ClassVar[tuple[Callable[[World, State], Action], ...]] = (_jump, _aim, _odd, _stop, _follow, _issue)


def _twins(start: State) -> dict[str, tuple[tuple[str, int, int], ...]]:
    """For each source the others that quote the same: the two of a market with a second one.

    Each with what takes an answer of the first to one of the other: a numerator and a denominator.
    """
    found: dict[str, tuple[tuple[str, int, int], ...]] = {}
    for market in start.parameters.markets:
        if market.second is not None:
            first, second = market.feed, market.second.feed
            for one, other in ((first, second), (second, first)):
                if other.feed not in [name for name, _, _ in found.get(one.feed, ())]:
                    found[one.feed] = (*found.get(one.feed, ()), (other.feed, one.scale, other.scale))
    return found
