"""What is configured of circuit breakers, and which configurations are unsafe (S1 to S3)."""

from __future__ import annotations

from dataclasses import dataclass

from reference.rounding import WAD
from reference.unsafe import require

MAXIMUM_HALT_S = 86_400
MAXIMUM_OUTFLOW_WINDOW_S = 7 * 86_400
MAXIMUM_REST_S = 30 * 86_400
MAXIMUM_OUTFLOW_UNITS = 10**33


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a market stops growing (S1). Without a trip rate no move halts it; a cap of 0 is none."""

    trip_rate_wad: int
    window_s: int
    cooldown_s: int
    open_interest_cap_wad: int

    def validate(self, lot_wad: int) -> None:
        """S1. Raises ``Unsafe``."""
        require(
            self.open_interest_cap_wad % lot_wad == 0, "breaker", "the open interest cap is not a multiple of the lot"
        )
        if self.trip_rate_wad == 0:
            require(
                self.window_s == self.cooldown_s == 0, "breaker", "a window or a cooldown needs a trip rate beside it"
            )
            return
        require(self.trip_rate_wad <= WAD, "breaker", "the trip rate is above 1")
        require(
            1 <= self.window_s <= MAXIMUM_HALT_S and 1 <= self.cooldown_s <= MAXIMUM_HALT_S,
            "breaker",
            f"a breaker's window and cooldown are 1 to {MAXIMUM_HALT_S} s each",
        )


NO_BREAKER = Breaker(0, 0, 0, 0)
"""Nothing stops a market."""


@dataclass(frozen=True, slots=True)
class OutflowLimit:
    """How much of a collateral may leave (S2): ``limit_units`` in any window that begins with nothing used. Both 0: all."""

    limit_units: int
    window_s: int

    def validate(self) -> None:
        """S2. Raises ``Unsafe``."""
        if self.limit_units == self.window_s == 0:
            return
        require(
            1 <= self.limit_units <= MAXIMUM_OUTFLOW_UNITS,
            "outflowLimit",
            "the outflow limit is not 1 to 10^33 units",
        )
        require(
            1 <= self.window_s <= MAXIMUM_OUTFLOW_WINDOW_S,
            "outflowLimit",
            f"the outflow limit's window is not 1 to {MAXIMUM_OUTFLOW_WINDOW_S} s",
        )


NO_OUTFLOW_LIMIT = OutflowLimit(0, 0)
"""Whatever is there may leave."""


@dataclass(frozen=True, slots=True)
class PauseParameters:
    """How a guardian may pause (S3): how long at most, how long nobody is liquidated after it, and how long there is no other."""

    longest_s: int
    grace_s: int
    rest_s: int

    def validate(self) -> None:
        """S3. Raises ``Unsafe``."""
        require(
            max(self.longest_s, self.grace_s) <= MAXIMUM_HALT_S,
            "pause",
            f"a pause or its grace is longer than {MAXIMUM_HALT_S} s",
        )
        require(
            self.longest_s + self.grace_s <= self.rest_s <= MAXIMUM_REST_S,
            "pause",
            f"between pauses there must be at least as long as a pause and its grace last, and at most {MAXIMUM_REST_S} s",
        )


NO_PAUSE = PauseParameters(0, 0, 0)
"""Nobody can pause."""
