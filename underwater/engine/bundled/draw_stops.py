"""Circuit breakers of drawn deployments: most have some, at times so tight that they bind from the first trade on."""

from __future__ import annotations

from reference.breaker_parameters import (
    MAXIMUM_HALT_S,
    MAXIMUM_OUTFLOW_WINDOW_S,
    MAXIMUM_REST_S,
    NO_BREAKER,
    NO_OUTFLOW_LIMIT,
    NO_PAUSE,
    Breaker,
    OutflowLimit,
    PauseParameters,
)
from reference.rounding import WAD, floor_to_multiple
from underwater.choices import Choices


def draw_breaker(choices: Choices, position_limit_wad: int, lot_wad: int) -> Breaker:
    """S1: a third halt by a move; half of them have a cap, of a tenth to ten of the position limit."""
    cap_wad = 0
    if choices.chance(50):
        tenths = choices.pick((1, 5, 10, 20, 100))
        cap_wad = max(lot_wad, floor_to_multiple(position_limit_wad * tenths // 10, lot_wad))
    if not choices.chance(35):
        return NO_BREAKER if cap_wad == 0 else Breaker(0, 0, 0, cap_wad)
    rate_wad = choices.pick((WAD // 100, WAD // 50, WAD // 20, WAD // 10, WAD // 5, WAD))
    window_s = choices.pick((12, 60, 300, 3_600, MAXIMUM_HALT_S))
    return Breaker(rate_wad, window_s, choices.pick((12, 60, 300, MAXIMUM_HALT_S)), cap_wad)


def draw_outflow_limit(choices: Choices, wallet_units: int) -> OutflowLimit:
    """S2: every fourth collateral has one, of a hundredth of a wallet to all of it."""
    if not choices.chance(25):
        return NO_OUTFLOW_LIMIT
    limit_units = max(1, wallet_units // choices.pick((1, 10, 10, 100)))
    return OutflowLimit(limit_units, choices.pick((12, 60, 600, 3_600, MAXIMUM_OUTFLOW_WINDOW_S)))


def draw_pause(choices: Choices) -> PauseParameters:
    """S3: in most a guardian may pause."""
    if choices.chance(20):
        return NO_PAUSE
    longest_s = choices.pick((60, 120, 600, MAXIMUM_HALT_S))
    grace_s = choices.pick((0, 12, 60, 300, MAXIMUM_HALT_S))
    return PauseParameters(longest_s, grace_s, choices.pick((longest_s + grace_s, longest_s + grace_s, MAXIMUM_REST_S)))
