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
    Feed,
)
from reference.rounding import WAD
from reference.state import State
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


def standing(choices: Choices, state: State, kind: str) -> Action | None:
    """An action of a kind of ``EDGES`` that sets what is set already, for some market or collateral, by nobody yet; None where nothing is.

    Of a breaker and a limit that are not there, it is one that might be: beside nothing all else is refused.
    """
    parameters = state.parameters
    number = choices.integer(0, len(parameters.markets) - 1)
    market = parameters.markets[number]
    limits, scaling, funding, breaker = market.limits, market.scaling, market.funding, market.breaker
    place = choices.integer(0, len(parameters.collaterals) - 1)
    collateral = parameters.collaterals[place]
    second, outflow, pause, liquidation = market.second, collateral.outflow, parameters.pause, parameters.liquidation
    stops = (
        (breaker.trip_rate_wad, breaker.window_s, breaker.cooldown_s) if breaker.trip_rate_wad else (WAD // 10, 60, 60)
    )
    told: dict[str, tuple[object, ...] | None] = {
        "set_market_limits": (
            number,
            limits.price_band_rate_wad,
            limits.trading_fee_rate_wad,
            limits.liquidation_penalty_rate_wad,
            limits.position_limit_wad,
        ),
        "set_open_interest_scaling": (number, scaling.lower_wad, scaling.upper_wad),
        "set_funding": (
            number,
            funding.interval_s,
            funding.maximum_rate_wad,
            funding.maximum_velocity_wad,
            funding.premium_scale_wad,
            funding.premium_depth_wad,
        ),
        "set_deposit_cap": (place, collateral.deposit_cap_units),
        "set_liquidation_parameters": (
            liquidation.liquidator_share_rate_wad,
            liquidation.close_factor_rate_wad,
            liquidation.small_position_notional_wad,
        ),
        "set_market_feed": (number, *_of_feed(market.feed)),
        "set_collateral_feed": None if collateral.feed is None else (place, *_of_feed(collateral.feed)),
        "set_second_source": None if second is None else (number, *_of_feed(second.feed), second.deviation_rate_wad),
        "set_breaker": (number, *stops, breaker.open_interest_cap_wad),
        "set_outflow_limit": (place, outflow.limit_units or 1, outflow.window_s or 60),
        "set_pause_parameters": (pause.longest_s, pause.grace_s, pause.rest_s),
    }
    arguments = told[kind]
    return None if arguments is None else Action(kind, "", arguments)


def _of_feed(feed: Feed) -> tuple[object, ...]:
    return feed.feed, feed.decimals, feed.heartbeat_s, feed.minimum_answer, feed.maximum_answer


def _edges_of(action: Action) -> dict[int, tuple[int, int]]:
    """By place: what the rule allows least and most. Of a feed's answers each bounds the other."""
    edges = EDGES.get(action.kind, {})
    if action.kind not in _FEEDS:
        return edges
    decimals, minimum, maximum = (action.arguments[at] for at in (_DECIMALS_AT, _MINIMUM_AT, _MAXIMUM_AT))
    most = MAXIMUM_PRICE_WAD // 10 ** max(0, 18 - decimals)
    return {**edges, _MINIMUM_AT: (1, maximum - 1), _MAXIMUM_AT: (minimum + 1, most)}


def along_an_edge(choices: Choices, action: Action) -> tuple[Action, ...]:
    """The action with one of its numbers at either bound and beside it, one after the other; none where none has a bound."""
    edges = _edges_of(action)
    if not edges:
        return ()
    place = choices.pick(tuple(edges))
    least, most = edges[place]
    beside = (least - 1, least, least + 1, most - 1, most, most + 1)
    return tuple([_with(action, place, number) for number in beside if number >= 0])


def at_an_edge(choices: Choices, action: Action) -> Action:
    """The action with one of its numbers at a bound or beside it; as it is where none has one."""
    every = along_an_edge(choices, action)
    return choices.pick(every) if every else action


def _with(action: Action, place: int, number: int) -> Action:
    arguments = list(action.arguments)
    arguments[place] = number
    if action.kind == "set_pause_parameters" and place < 2:
        # The rest is never shorter than both: it must not be what refuses.
        arguments[2] = max(arguments[2], arguments[0] + arguments[1])
    return action._replace(arguments=tuple(arguments))
