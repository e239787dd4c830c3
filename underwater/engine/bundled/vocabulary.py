"""The bundled engine's words: what cases and reports need to write its actions for people."""

from __future__ import annotations

import re

from reference.delegation import SIGNED
from reference.governance import ROLES
from reference.upgrades import CANDIDATES
from underwater.engine.bundled.actors import ACCOUNTS, ADDRESSES, ATTACKER, GATEWAY, MOST_ETHER_WEI, ORDERS
from underwater.engine.bundled.deployment import Deployment
from underwater.engine.bundled.kinds import ANSWER_WORDS, KINDS, OF_GATEWAY, Kind
from underwater.engine.vocabulary import Vocabulary

MODE_PHRASES = {
    "normal": "answers normally",
    "reverts": "reverts",
    "burns-gas": "burns all gas",
    "short": "answers too few bytes",
}
"""What a source in each mode does when it is read."""

_ANY = (-(1 << 255), (1 << 256) - 1)
_NUMBER_TYPE = re.compile(r"(u?)int(\d+)")
_LIMITS = {"age_s": (-(1 << 63), 1 << 63), "collateral": (0, (1 << 256) - 1), "ether": (0, MOST_ETHER_WEI)}
"""Of what no ABI type says it all."""


def _ranges(kind: Kind) -> tuple[tuple[int, int], ...]:
    """The least and the largest number that each argument can hold in the function's ABI type."""
    ranges = []
    for abi_type in kind.types:
        number = _NUMBER_TYPE.fullmatch(abi_type)
        if number is None:
            ranges.append(_ANY)
        else:
            bits = int(number[2])
            ranges.append((0, (1 << bits) - 1) if number[1] else (-(1 << bits - 1), (1 << bits - 1) - 1))
    if kind.parameters and kind.parameters[-1].type == "signed":
        # The signature is two words of the action: whose, over what.
        ranges.append(_ANY)
    # What names the contract called is no argument of the function.
    ranges = [_ANY] * (len(kind.parameters) - len(ranges)) + ranges
    # An age is subtracted from the block's time, and is negative for a round from the future.
    return tuple(_LIMITS.get(p.type, limits) for p, limits in zip(kind.parameters, ranges, strict=True))


_RANGES = {name: _ranges(kind) for name, kind in KINDS.items()}
"""What the arguments of each kind can hold."""


_KINDS_WITHOUT_GATEWAY = {name: kind for name, kind in KINDS.items() if name not in OF_GATEWAY}


def vocabulary(deployment: Deployment) -> Vocabulary:
    """The words of the bundled engine with this deployment."""
    parameters = deployment.parameters
    # The tokens' own addresses are called, so there must be a token.
    listed = (0, len(parameters.collaterals) - 1)
    of_tokens = {name: (listed, *_RANGES[name][1:]) for name, kind in KINDS.items() if kind.target == "token"}
    return Vocabulary(
        kinds=KINDS if parameters.wrapped_ether is not None else _KINDS_WITHOUT_GATEWAY,
        ranges={**_RANGES, **of_tokens},
        actors=(*ADDRESSES, ATTACKER, ORDERS, GATEWAY),
        callers=(*ADDRESSES, ATTACKER),
        accounts=ACCOUNTS,
        bundle_callers=(ATTACKER,),
        markets=tuple(market.name for market in parameters.markets),
        collaterals=tuple((collateral.name, collateral.decimals) for collateral in parameters.collaterals),
        sources=tuple(deployment.feed_decimals.items()),
        roles=ROLES,
        modes=tuple((word, MODE_PHRASES[word]) for word in ANSWER_WORDS),
        words={"implementation": CANDIDATES, "signer": tuple(ADDRESSES), "signed": SIGNED},
    )
