"""Where everything drawn comes from: one small interface, two sources.

``SeededChoices`` is the hunt's: a seed gives the same draws on every machine. ``HypothesisChoices`` (in ``generate.hypothesis_choices``)
lets Hypothesis draw, so that property tests shrink and replay as users of pytest expect. Generators know the interface alone.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from random import Random
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
_SMALL = 1 << 20


class Choices(Protocol):
    """A source of draws."""

    def integer(self, least: int, most: int) -> int:
        """A whole number, both ends included, every one equally likely."""

    def chance(self, percent: int) -> bool:
        """True in ``percent`` of a hundred draws."""

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, each equally likely."""

    def weighted(self, cumulative: Sequence[int]) -> int:
        """An index, drawn by cumulative weights (rising; the last is the sum)."""


class SeededChoices:
    """Draws from a seed and a path of labels: independent streams for independent parts of a campaign."""

    def __init__(self, seed: int, *path: object) -> None:
        text = ":".join(map(str, (seed, *path)))
        # A hash, not Random's own seeding of strings: stable by definition, on every version of Python.
        self._random = Random(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big"))
        # 53 bits in [0, 1): the fastest draw there is, and the same everywhere. Small spans lose nothing by it.
        self._unit = self._random.random

    def integer(self, least: int, most: int) -> int:
        """See ``Choices``."""
        span = most - least + 1
        if span < _SMALL:
            return least + int(self._unit() * span)
        bits = span.bit_length()
        draw = self._random.getrandbits(bits)
        while draw >= span:
            draw = self._random.getrandbits(bits)
        return least + draw

    def chance(self, percent: int) -> bool:
        """See ``Choices``."""
        return self._unit() * 100 < percent

    def pick(self, options: Sequence[T]) -> T:
        """See ``Choices``."""
        return options[int(self._unit() * len(options))]

    def weighted(self, cumulative: Sequence[int]) -> int:
        """See ``Choices``."""
        return bisect_right(cumulative, int(self._unit() * cumulative[-1]))


class Ways:
    """The ways that something deterministic has gone by its draws: from one start, the same answers lead the same way."""

    def __init__(self) -> None:
        self._asked: dict[tuple[int, ...], tuple[str, tuple[Any, ...]] | None] = {}
        """The question after such answers; None at the end of a way."""

    def has(self, choices: Choices) -> bool:
        """Whether what draws from these choices goes a way that was gone already. Draws from them."""
        answers: tuple[int, ...] = ()
        while answers in self._asked:
            question = self._asked[answers]
            if question is None:
                return True
            answers += (getattr(choices, question[0])(*question[1]),)
        return False

    def going(self, choices: Choices) -> NotedChoices:
        """The same choices for one who goes; ``end`` says that it is over."""
        return NotedChoices(choices, self._asked)


class NotedChoices:
    """Choices, and a note of what was asked of them."""

    def __init__(self, choices: Choices, asked: dict[tuple[int, ...], tuple[str, tuple[Any, ...]] | None]) -> None:
        self._choices = choices
        self._asked = asked
        self._answers: tuple[int, ...] = ()

    def _ask(self, question: str, *about: Any) -> Any:
        self._asked[self._answers] = (question, about)
        answer = getattr(self._choices, question)(*about)
        self._answers += (answer,)
        return answer

    def integer(self, least: int, most: int) -> int:
        """See ``Choices``."""
        return int(self._ask("integer", least, most))

    def chance(self, percent: int) -> bool:
        """See ``Choices``."""
        return bool(self._ask("chance", percent))

    def pick(self, options: Sequence[T]) -> T:
        """See ``Choices``."""
        return options[self.integer(0, len(options) - 1)]

    def weighted(self, cumulative: Sequence[int]) -> int:
        """See ``Choices``."""
        return int(self._ask("weighted", cumulative))

    def end(self) -> None:
        """Nothing more is asked."""
        self._asked[self._answers] = None
