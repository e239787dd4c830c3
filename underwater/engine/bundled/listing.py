"""Whether a deployment told what was listed: the logs of its transactions beside those of section 14, from the deployment alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from eth_abi import encode

from reference.ledger import Event
from reference.listing import collateral_listed, market_listed
from underwater.actions import Log
from underwater.engine.abi import canonical_type, selector, signature, topic
from underwater.engine.artifacts import Artifacts
from underwater.engine.bundled.deployment import Deployment
from underwater.engine.bundled.plan import LIST_COLLATERAL, LIST_MARKET, Addresses
from underwater.engine.bundled.verify import Compared

LISTINGS = (selector(LIST_COLLATERAL), selector(LIST_MARKET))
"""How the calldata of a listing begins."""


def listings(deployment: Deployment) -> list[tuple[str, tuple[Event, ...]]]:
    """What each listing of a deployment should tell, with what is listed, in the order of the plan."""
    parameters = deployment.parameters
    told = [
        (f"collateral {collateral.name}", collateral_listed(number, collateral, _token(number)))
        for number, collateral in enumerate(parameters.collaterals)
    ]
    return told + [
        (f"market {market.name}", market_listed(number, market)) for number, market in enumerate(parameters.markets)
    ]


def compare_listings(
    deployment: Deployment, artifacts: Artifacts, addresses: Addresses, logs: Sequence[Sequence[Log]]
) -> list[Compared]:
    """Every event of every listing, in its place. ``logs`` are those of each listing's transaction, in the order of the plan."""
    address_of = {**addresses.sources, **{_token(number): at for number, at in enumerate(addresses.tokens)}}
    entries = {entry["name"]: entry for entry in artifacts["MarginEngine"].abi if entry["type"] == "event"}
    by_topic = {topic(signature(entry)): name for name, entry in entries.items()}
    compared: list[Compared] = []
    for (what, events), all_found in zip(listings(deployment), logs, strict=True):
        wanted = [_log(entries[event[0]], addresses.engine, event[1:], address_of) for event in events]
        found = [log for log in all_found if log.address == addresses.engine]
        compared += _compared(what, wanted, found, by_topic)
    return compared


def _compared(what: str, wanted: list[Log], found: list[Log], by_topic: dict[bytes, str]) -> Iterable[Compared]:
    for place in range(max(len(wanted), len(found))):
        yield Compared(
            f"event {place + 1} of listing {what}",
            *(_words(logs[place : place + 1], by_topic) for logs in (wanted, found)),
        )


def _words(log: list[Log], by_topic: dict[bytes, str]) -> str:
    """An event's name and its words in hex, as a chain keeps them."""
    if not log:
        return "none"
    topics, data = log[0].topics, log[0].data
    name = by_topic.get(topics[0], topics[0].hex()) if topics else "anonymous"
    return f"{name}({' '.join(word.hex().lstrip('0') or '0' for word in (*topics[1:], *_split(data)))})"


def _split(data: bytes) -> list[bytes]:
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def _token(number: int) -> str:
    """How the events name a token: no source is called so."""
    return f"token of collateral {number}"


def _log(entry: dict[str, Any], engine: str, values: Sequence[Any], address_of: dict[str, str]) -> Log:
    topics, data = [topic(signature(entry))], b""
    for parameter, value in zip(entry["inputs"], values, strict=True):
        word = encode([canonical_type(parameter)], [address_of[value] if isinstance(value, str) else value])
        if parameter.get("indexed"):
            topics.append(word)
        else:
            data += word
    return Log(engine, tuple(topics), data)
