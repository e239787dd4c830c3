"""Deployments between two others, for what fails while it is deployed: fewer listings, and one field after the other as it is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from reference.unsafe import Unsafe
from underwater.engine.bundled.deployment import WRAPPED_ETHER_DECIMALS, Deployment


def nearer(here: Deployment, there: Deployment) -> Iterator[Deployment]:
    """Safe deployments with fewer listings than ``here``, or with more in common with ``there``; the one that is ``there`` first.

    None lists more than ``here`` but that: who goes on from one of them comes to an end.
    """
    if here == there:
        return
    yield there
    for candidate in _candidates(here, there):
        told = _with_sources(candidate, here, there)
        if told is not None and told != here:
            yield told


def _candidates(here: Deployment, there: Deployment) -> Iterator[Deployment]:
    parameters, wallets = here.parameters, here.wallets_units
    markets, collaterals = parameters.markets, parameters.collaterals
    for kept in _fewer(len(markets), 0):
        yield _with(here, markets=tuple(markets[number] for number in kept))
    for kept in _fewer(len(collaterals), 1):
        listed = tuple(collaterals[number] for number in kept)
        yield replace(_with(here, collaterals=listed), wallets_units=tuple(wallets[number] for number in kept))
    for name in ("liquidation", "orders", "pause"):
        for part in _towards(getattr(parameters, name), getattr(there.parameters, name)):
            yield _with(here, **{name: part})
    for number, market in enumerate(markets):
        for like in _towards(market, _of(there.parameters.markets, number)):
            # As listed: what the feed of this one says.
            listed_market = replace(like, largest_price_wad=-1)
            yield _with(here, markets=(*markets[:number], listed_market, *markets[number + 1 :]))
    for number, collateral in enumerate(collaterals):
        for like in _towards(collateral, _of(there.parameters.collaterals, number)):
            yield _with(here, collaterals=(*collaterals[:number], like, *collaterals[number + 1 :]))
        units = _of(there.wallets_units, number)
        yield replace(here, wallets_units=(*wallets[:number], units, *wallets[number + 1 :]))


def _of(listed: tuple[Any, ...], number: int) -> Any:
    """What is listed under a number, or last: collateral number 0 is like no other."""
    return listed[min(number, len(listed) - 1)]


def _with(deployment: Deployment, **changes: Any) -> Deployment:
    return replace(deployment, parameters=replace(deployment.parameters, **changes))


def _fewer(count: int, always: int) -> Iterator[tuple[int, ...]]:
    """Numbers of what is kept of a list, of which the first ``always`` are: none of the others, one of them, all but one."""
    first, others = tuple(range(always)), range(always, count)
    kept = [first] if first else []
    kept += [(*first, number) for number in others]
    kept += [tuple(number for number in range(count) if number != left_out) for left_out in others]
    yield from (numbers for numbers in dict.fromkeys(kept) if len(numbers) < count)


def _towards(here: Any, there: Any) -> Iterator[Any]:
    """What differs from ``there`` in less than ``here`` does: ``there``, then all but one field of it, then one field of it."""
    if here == there:
        return
    yield there
    if isinstance(here, tuple):
        yield from (here[:place] + here[place + 1 :] for place in range(1, len(here)))
    if type(here) is not type(there) or not is_dataclass(here) or isinstance(here, type):
        return
    names = [field.name for field in fields(here) if field.init]
    for name in names:
        yield replace(there, **{name: getattr(here, name)})
    for name in names:
        for part in _towards(getattr(here, name), getattr(there, name)):
            yield replace(here, **{name: part})


def _with_sources(candidate: Deployment, here: Deployment, there: Deployment) -> Deployment | None:
    """With the sources that it needs, of both; None if it is not safe."""
    known = {**there.sources, **here.sources}
    used = {feed.feed for feed in candidate.parameters.feeds}
    told = replace(candidate, sources={name: source for name, source in known.items() if name in used})
    wrapping = [collateral.decimals for collateral in told.parameters.collaterals if collateral.wraps_ether]
    if wrapping not in ([], [WRAPPED_ETHER_DECIMALS]):
        return None
    try:
        told.parameters.validate(told.feed_decimals)
    except Unsafe:
        return None
    return told
