"""A failing history with plainer acts in the place of others that did as much for it, so that what led to those can be left out."""

from __future__ import annotations

from collections.abc import Iterator

from underwater.actions import Act, Action
from underwater.hunt.attempts import Attempts
from underwater.hunt.omission import delete
from underwater.hunt.rescaling import elsewhere, from_the_start
from underwater.hunt.retell import Flat, accruing, by_its_owner, of_the_order, values_of


def by_themselves(attempts: Attempts, best: Flat) -> Flat:
    """Everybody acts alone, and the matcher trades: whoever was approved for it need not be."""
    cast = attempts.arena.engine.cast

    def alone(item: tuple[int, Act]) -> Iterator[tuple[int, Act]]:
        after_s, act = item
        own = by_its_owner(act, attempts.kinds, cast)
        if own != act:
            yield after_s, own

    everybody = tuple(next(alone(item), item) for item in best)
    if everybody == best:
        return best
    return attempts.take(everybody) or attempts.each(best, alone)


def traded_at_once(attempts: Attempts, best: Flat) -> Flat:
    """A trade in the place of an order that is executed, and no request of it."""
    matcher = attempts.arena.engine.cast.matcher
    place = len(best) - 1
    while place >= 0:
        told = of_the_order(best, place, matcher)
        best = best if told is None else attempts.take(told) or best
        place = min(place, len(best)) - 1
    return best


def merely_accrued(attempts: Attempts, best: Flat) -> Flat:
    """Funding accrued in the place of a trade, a liquidation or a settlement that only brought a market up to date."""
    accrued = attempts.each(best, accruing)
    return best if accrued == best else delete(attempts, accrued)


def first_sources(attempts: Attempts, best: Flat) -> Flat:
    """A market's first source in the place of its second as the one that misbehaves: more rests on it."""
    markets = attempts.arena.start.parameters.markets
    firsts = {market.second.feed.feed: market.feed.feed for market in markets if market.second is not None}

    def first(item: tuple[int, Act]) -> Iterator[tuple[int, Act]]:
        after_s, act = item
        if isinstance(act, Action) and act.kind == "set_feed_mode" and act.arguments[0] in firsts:
            yield after_s, act._replace(arguments=(firsts[act.arguments[0]], *act.arguments[1:]))

    return attempts.each(best, first)


def in_plain_markets(attempts: Attempts, best: Flat) -> Flat:
    """What happens in a market of two sources in one that has one, with sizes of the same worth and prices that move as far."""
    markets = attempts.arena.start.parameters.markets
    used = sorted({market for _, act in best for market in values_of(act, attempts.kinds, "market")})
    for here in used:
        for there, market in enumerate(markets):
            if here < len(markets) and markets[here].second is not None and market.second is None:
                taken = attempts.take(elsewhere(best, attempts.kinds, attempts.arena.start, here, there))
                if taken is not None:
                    taken = from_first_prices(attempts, delete(attempts, taken))
                    if len(taken) < len(best):
                        return taken
    return best


def from_first_prices(attempts: Attempts, best: Flat) -> Flat:
    """What happens at a price that was published first, at the one that stood before it: the same, with other numbers."""
    start = attempts.arena.start
    for market in range(len(start.parameters.markets)):
        for told in from_the_start(best, attempts.kinds, start, market):
            taken = attempts.take(told)
            if taken is not None:
                best = taken
                break
    return best
