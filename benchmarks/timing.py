"""How a round is timed."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Timed(NamedTuple):
    """What a round did, and how long it took: by the clock, and of the processor."""

    done: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """A second of processor time: every side runs on one core, and other load on the machine is not its doing."""
        return self.done / self.cpu_seconds

    @property
    def clock_rate(self) -> float:
        """A second of the clock."""
        return self.done / self.seconds


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    """Seconds by the clock and of this process's processor time, there when the block is left."""
    gc.collect()
    took: list[float] = []
    cpu, clock = time.process_time(), time.perf_counter()
    yield took
    took += [time.perf_counter() - clock, time.process_time() - cpu]
