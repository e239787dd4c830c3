"""A sequence's true prices, after real history: every source lives through days of one of its series."""

from __future__ import annotations

from underwater.choices import Choices
from underwater.nemesis.history import PriceHistory, Window


class HistoryPath:
    """Each source follows its own window, drawn when it first moves; at the window's end another is drawn."""

    def __init__(self, history: PriceHistory, choices: Choices, steps: int) -> None:
        self._history = history
        self._choices = choices
        self._steps = max(8, steps // 8)
        self._places: dict[str, tuple[Window, int]] = {}

    def next_answer(self, source: str, answer: int) -> int:
        """The next day's answer: today's times the day's exact ratio, rounded down, at least 1."""
        window, step = self._places.get(source) or (self._history.draw_window(self._choices, self._steps), 0)
        if step >= window.steps:
            window, step = self._history.draw_window(self._choices, self._steps), 0
        self._places[source] = (window, step + 1)
        return max(1, window.series.next_price_down(answer, window.start + step))
