"""Choices that Hypothesis makes: property tests draw with the hunt's own generators, and shrink and replay as pytest's users expect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies
from hypothesis.strategies import DataObject

T = TypeVar("T")


class HypothesisChoices:
    """See ``underwater.choices.Choices``. Smaller draws are simpler: generators put what is plain first."""

    def __init__(self, data: DataObject) -> None:
        self._data = data

    def integer(self, least: int, most: int) -> int:
        """See ``Choices``."""
        return self._data.draw(strategies.integers(least, most))

    def chance(self, percent: int) -> bool:
        """See ``Choices``."""
        return self.integer(0, 99) >= 100 - percent

    def pick(self, options: Sequence[T]) -> T:
        """See ``Choices``."""
        return options[self.integer(0, len(options) - 1)]

    def weighted(self, cumulative: Sequence[int]) -> int:
        """See ``Choices``."""
        draw = self.integer(0, cumulative[-1] - 1)
        return next(index for index, bound in enumerate(cumulative) if draw < bound)
