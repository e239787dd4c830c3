"""A history of one deployment told in another: the same worth in other tokens, sizes and prices.

A finding made with drawn parameters is easier to read with those of the parameter file, if it fails there as well. Nothing here needs to be
exact: what is told is run again, and only what still fails is kept.
"""

from __future__ import annotations

from typing import Any

from reference.governance import NO_SOURCE
from reference.parameters import Market
from reference.rounding import floor_to_multiple
from underwater.actions import Action
from underwater.engine.bundled.actors import MOST_ETHER_WEI
from underwater.engine.bundled.deployment import Deployment
from underwater.engine.bundled.kinds import KINDS, OF_GATEWAY


def translated(action: Action, here: Deployment, there: Deployment) -> Action | None:
    """The action as it would be with another deployment; None where it names a market or collateral that is not there."""
    kind = KINDS[action.kind]
    named = dict(zip((parameter.name for parameter in kind.parameters), action.arguments, strict=True))
    market, collateral = named.get("market", 0), named.get("collateral", 0)
    if market >= len(there.parameters.markets) or collateral >= len(there.parameters.collaterals):
        return None
    if market >= len(here.parameters.markets) or collateral >= len(here.parameters.collaterals):
        return None
    wrapped_here, wrapped_there = here.parameters.wrapped_ether, there.parameters.wrapped_ether
    if action.kind in OF_GATEWAY and (wrapped_here is None or wrapped_there is None):
        return None
    sources = _sources(here, there)
    arguments: list[Any] = []
    for parameter, value in zip(kind.parameters, action.arguments, strict=True):
        if not isinstance(value, int) or isinstance(value, bool):
            is_source = parameter.type in ("source", "source_or_none")
            arguments.append(sources[str(value)] if is_source else value)
        elif parameter.type == "units":
            arguments.append(_units(value, collateral, here, there))
        elif parameter.type == "ether" and wrapped_here is not None and wrapped_there is not None:
            worth_here, worth_there = _worth(wrapped_here, here), _worth(wrapped_there, there)
            arguments.append(min(MOST_ETHER_WEI, value * worth_here[0] // worth_there[0]))
        elif parameter.type == "size":
            old, new = here.parameters.markets[market], there.parameters.markets[market]
            size = abs(value) * _first_price_wad(old, here) // _first_price_wad(new, there)
            lots = max(new.lot_wad, floor_to_multiple(size, new.lot_wad)) if value else 0
            arguments.append(lots if value >= 0 else -lots)
        elif parameter.type == "price":
            old, new = here.parameters.markets[market], there.parameters.markets[market]
            price = value * _first_price_wad(new, there) // _first_price_wad(old, here)
            arguments.append(floor_to_multiple(price, new.tick_wad))
        elif parameter.type == "answer" and named.get("source", NO_SOURCE) != NO_SOURCE:
            source = named["source"]
            arguments.append(value * there.sources[sources[source]].answer // here.sources[source].answer)
        else:
            arguments.append(value)
    return action._replace(arguments=tuple(arguments))


def _sources(here: Deployment, there: Deployment) -> dict[str, str]:
    """Each source, by the source that feeds the market of the same number there."""
    names = dict.fromkeys(here.sources, next(iter(there.sources)))
    shared = min(len(here.parameters.markets), len(there.parameters.markets))
    pairs = zip(here.parameters.markets[:shared], there.parameters.markets[:shared], strict=True)
    found = {NO_SOURCE: NO_SOURCE}
    for market, counterpart in reversed(list(pairs)):
        found[market.feed.feed] = counterpart.feed.feed
        if market.second is not None:
            found[market.second.feed.feed] = (counterpart.second or counterpart).feed.feed
    return names | found


def _first_price_wad(market: Market, deployment: Deployment) -> int:
    return deployment.sources[market.feed.feed].answer * market.feed.scale


def _units(units: int, collateral: int, here: Deployment, there: Deployment) -> int:
    """The same worth at first prices, in the token of the same number."""
    (price_here, whole_here), (price_there, whole_there) = _worth(collateral, here), _worth(collateral, there)
    return units * price_here * whole_there // (price_there * whole_here)


def _worth(collateral: int, deployment: Deployment) -> tuple[int, int]:
    """A whole token's first price in quote wad, and its units."""
    token = deployment.parameters.collaterals[collateral]
    price_wad = 10**18 if token.feed is None else deployment.sources[token.feed.feed].answer * token.feed.scale
    return price_wad, int(10**token.decimals)
