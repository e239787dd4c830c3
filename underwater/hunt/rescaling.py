"""Histories told in another market or from another price: sizes of the same worth, prices that move as far. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from reference.parameters import Market
from reference.prices import mark
from reference.state import State
from underwater.actions import Act, Action, Bundle
from underwater.engine.vocabulary import Kind
from underwater.hunt.retell import Flat, values_of


class _Move(NamedTuple):
    """From one market to another, or to the same; where a price of ``old`` becomes one of ``new``."""

    here: int
    there: int
    market: Market
    """The market where it goes on."""
    old: int
    new: int

    def of(self, action: Action, kinds: Mapping[str, Kind], *, sizes: bool = True) -> Action:
        """An action in the market as it is after the move."""
        market, arguments = self.market, list(action.arguments)
        if self.here not in values_of(action, kinds, "market"):
            return action
        for place, parameter in enumerate(kinds[action.kind].parameters):
            value = arguments[place]
            if parameter.type == "market":
                arguments[place] = self.there
            elif parameter.type == "size" and value and sizes:
                lots = max(1, abs(value) * self.old // self.new // market.lot_wad)
                arguments[place] = lots * market.lot_wad * (1 if value > 0 else -1)
            elif parameter.type == "price":
                arguments[place] = max(1, value * self.new // self.old // market.tick_wad) * market.tick_wad
        return action._replace(arguments=tuple(arguments))


def _published(act: Act) -> str | None:
    """Whose answer an act changes."""
    return act.arguments[0] if isinstance(act, Action) and act.kind == "publish" else None


def _answering(act: Act, source: str, old: int, new: int) -> Act:
    """A publication by ``source`` that is as far from ``new`` as it was from ``old``."""
    assert isinstance(act, Action)
    _, answer, age_s = act.arguments
    return act._replace(arguments=(source, answer * new // old, age_s), aim=None)


def elsewhere(flat: Flat, kinds: Mapping[str, Kind], state: State, here: int, there: int) -> Flat:
    """What happens in one market in another, without its second source."""
    old, new = state.parameters.markets[here], state.parameters.markets[there]
    old_answer, new_answer = (state.feeds[market.feed.feed].answer for market in (old, new))
    old_wad, new_wad = (mark(state, market).span_wad[0] for market in (old, new))
    if min(old_answer, new_answer, old_wad, new_wad) <= 0:
        return flat
    move = _Move(here, there, new, old_wad, new_wad)
    told: list[tuple[int, Act]] = []
    for after_s, act in flat:
        source = _published(act)
        if source == old.feed.feed:
            told.append((after_s, _answering(act, new.feed.feed, old_answer, new_answer)))
        elif source is None or old.second is None or source != old.second.feed.feed:
            told.append((after_s, act if isinstance(act, Bundle) else move.of(act, kinds)))
    return tuple(told)


def from_the_start(flat: Flat, kinds: Mapping[str, Kind], state: State, number: int) -> Iterator[Flat]:
    """A market's history without the first prices of its sources, from where they stood at the start; also with the sizes as they were."""
    market = state.parameters.markets[number]
    sources = [market.feed.feed] + ([market.second.feed.feed] if market.second is not None else [])
    firsts = {}
    for place, (_, act) in reversed(tuple(enumerate(flat))):
        if (source := _published(act)) in sources:
            firsts[source] = place
    begun = {source: (flat[place][1].arguments[1], state.feeds[source].answer) for source, place in firsts.items()}
    if market.feed.feed not in firsts or any(min(answers) <= 0 for answers in begun.values()):
        return
    move = _Move(number, number, market, *begun[market.feed.feed])
    for sizes in (True, False):
        told: list[tuple[int, Act]] = []
        for place, (after_s, act) in enumerate(flat):
            source = _published(act)
            if source in firsts:
                if place != firsts[source]:
                    told.append((after_s, _answering(act, source, *begun[source])))
            elif place < firsts[market.feed.feed] or isinstance(act, Bundle):
                told.append((after_s, act))
            else:
                told.append((after_s, move.of(act, kinds, sizes=sizes)))
        yield tuple(told)
