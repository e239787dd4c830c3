"""A failing history in plainer words: no shorter, but easier to read, and what moved only numbers can then be left out."""

from __future__ import annotations

from collections.abc import Iterator

from underwater.actions import Act, Bundle
from underwater.aims import AT_MARK, unit_of
from underwater.hunt.attempts import Attempts
from underwater.hunt.retell import Flat, actors_of, plainer_numbers, renamed


def calm(attempts: Attempts, best: Flat) -> Flat:
    """Every act in a block of its own, a second after the one before."""
    return attempts.each(best, lambda item: ((1, item[1]) for _ in range(item[0] != 1)))


def at_mark(attempts: Attempts, best: Flat) -> Flat:
    """Prices that follow the mark, so that acts which only moved it can be left out."""

    def follows(item: tuple[int, Act]) -> Iterator[tuple[int, Act]]:
        after_s, act = item
        if (
            not isinstance(act, Bundle)
            and act.aim != AT_MARK
            and any(parameter.type == "price" for parameter in attempts.kinds[act.kind].parameters)
        ):
            yield after_s, act._replace(aim=AT_MARK)

    return attempts.each(best, follows)


def plain_numbers(attempts: Attempts, best: Flat) -> Flat:
    """Rounder and smaller numbers, a boundary where one serves as well."""

    def simpler(item: tuple[int, Act]) -> Iterator[tuple[int, Act]]:
        after_s, act = item
        if isinstance(act, Bundle):
            return
        for argument, parameter in enumerate(attempts.kinds[act.kind].parameters):
            value = act.arguments[argument]
            if isinstance(value, bool) or not isinstance(value, int) or value <= 1:
                continue
            if parameter.type not in ("units", "size", "price", "answer", "amount", "ether"):
                continue
            if act.aim == AT_MARK and parameter.type == "price":
                continue
            unit = unit_of(attempts.arena.start, act, argument)
            for plain in plainer_numbers(value, unit):
                arguments = (*act.arguments[:argument], plain, *act.arguments[argument + 1 :])
                yield after_s, act._replace(arguments=arguments, aim=act.aim if act.aim == AT_MARK else None)
        if act.aim is not None and act.aim.offset not in (-1, 0, 1):
            for offset in (0, 1, -1):
                yield after_s, act._replace(aim=act.aim._replace(offset=offset))

    return attempts.each(best, simpler)


def plain_names(attempts: Attempts, best: Flat) -> Flat:
    """The first accounts instead of later ones, and of the attacker; those with a role of their own keep it."""
    cast = attempts.arena.engine.cast
    taking_part = {name for _, act in best for name in actors_of(act, attempts.kinds)}
    names = [name for name in cast.accounts if name in taking_part and name not in attempts.by_role]
    ordered = [name for name in cast.accounts[:3] if name not in taking_part]
    for name in names:
        for other in ordered:
            if cast.accounts.index(other) < cast.accounts.index(name):
                taken = attempts.take(tuple((after_s, renamed(act, name, other)) for after_s, act in best))
                if taken is not None:
                    best = taken
                    ordered.remove(other)
                    break
    return best
