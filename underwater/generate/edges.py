"""Where what may be set ends: one number of an action at, or one beside, the least or the most that its rule allows."""

from __future__ import annotations

from reference.breaker_parameters import (
    MAXIMUM_HALT_S,
    MAXIMUM_OUTFLOW_UNITS,
    MAXIMUM_OUTFLOW_WINDOW_S,
    MAXIMUM_REST_S,
)
from reference.parameters import (
    DAY_S,
    MAXIMUM_DEPOSIT_CAP_UNITS,
    MAXIMUM_DEVIATION_RATE_WAD,
    MAXIMUM_FUNDING_RATE_WAD,
    MAXIMUM_HEARTBEAT_S,
    MAXIMUM_NOTIONAL_WAD,
    MAXIMUM_PRICE_WAD,
    MAXIMUM_SCALING_WAD,
    MAXIMUM_TRADING_FEE_RATE_WAD,
)
from reference.rounding import WAD
from underwater.actions import Action
from underwater.choices import Choices

_DECIMALS_AT, _HEARTBEAT_AT, _MINIMUM_AT, _MAXIMUM_AT = 2, 3, 4, 5
_FEED: dict[int, tuple[int, int]] = {_DECIMALS_AT: (0, 18), _HEARTBEAT_AT: (1, MAXIMUM_HEARTBEAT_S)}
_FEEDS = ("set_market_feed", "set_collateral_feed", "set_second_source")

EDGES: dict[str, dict[int, tuple[int, int]]] = {
    "set_market_limits": {2: (0, MAXIMUM_TRADING_FEE_RATE_WAD)},
    "set_open_interest_scaling": {2: (1, MAXIMUM_SCALING_WAD)},
    "set_funding": {
        1: (1, DAY_S),
        2: (0, MAXIMUM_FUNDING_RATE_WAD),
        3: (0, MAXIMUM_FUNDING_RATE_WAD),
        4: (1, WAD),
        5: (1, MAXIMUM_NOTIONAL_WAD),
    },
    "set_deposit_cap": {1: (0, MAXIMUM_DEPOSIT_CAP_UNITS)},
    "set_liquidation_parameters": {0: (0, WAD), 1: (1, WAD), 2: (0, MAXIMUM_NOTIONAL_WAD)},
    "set_market_feed": _FEED,
    "set_collateral_feed": _FEED,
    "set_second_source": {**_FEED, 6: (1, MAXIMUM_DEVIATION_RATE_WAD)},
    "set_breaker": {1: (0, WAD), 2: (1, MAXIMUM_HALT_S), 3: (1, MAXIMUM_HALT_S)},
    "set_outflow_limit": {1: (1, MAXIMUM_OUTFLOW_UNITS), 2: (1, MAXIMUM_OUTFLOW_WINDOW_S)},
    "set_pause_parameters": {0: (0, MAXIMUM_HALT_S), 1: (0, MAXIMUM_HALT_S), 2: (0, MAXIMUM_REST_S)},
}
"""Of each kind, which argument is bounded, and by what."""


def _edges_of(action: Action) -> dict[int, tuple[int, int]]:
    """By place: what the rule allows least and most. Of a feed's answers each bounds the other."""
    edges = EDGES.get(action.kind, {})
    if action.kind not in _FEEDS:
        return edges
    decimals, minimum, maximum = (action.arguments[at] for at in (_DECIMALS_AT, _MINIMUM_AT, _MAXIMUM_AT))
    most = MAXIMUM_PRICE_WAD // 10 ** max(0, 18 - decimals)
    return {**edges, _MINIMUM_AT: (1, maximum - 1), _MAXIMUM_AT: (minimum + 1, most)}


def at_an_edge(choices: Choices, action: Action) -> Action:
    """The action with one of its numbers at an edge; as it is where none has one."""
    edges = _edges_of(action)
    if not edges:
        return action
    place = choices.pick(tuple(edges))
    least, most = edges[place]
    beside = (least - 1, least, least + 1, most - 1, most, most + 1)
    arguments = list(action.arguments)
    arguments[place] = choices.pick(tuple(number for number in beside if number >= 0))
    if action.kind == "set_pause_parameters" and place < 2:
        # The rest is never shorter than both: it must not be what refuses.
        arguments[2] = max(arguments[2], arguments[0] + arguments[1])
    return action._replace(arguments=tuple(arguments))
