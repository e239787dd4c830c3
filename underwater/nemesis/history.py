"""True paths of a market: dated closes, as ratios that a price of any magnitude can follow.

Closes come from a file of the user's (``read_closes``) or from the daily history that the ``arch`` package ships
(``shipped_history``). They are read as decimal text into exact integers; no float takes part. What a market follows
is never the close itself but its ratio to another day's: a market at 0.00002 quote can live through the oil price of
1986.

A ratio needs positive closes. Closes that are not, real as they may be (West Texas oil for delivery in May settled at
-37.63 on 2020-04-20), are no part of a path: in a user's file they are an error that says so, in shipped data the day
is left out. What a feed makes of a negative answer is for its bounds to decide, and for a nemesis that publishes odd
answers.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

from underwater.choices import Choices
from underwater.errors import EnvironmentFailure, UserError

WAD = 10**18

MOVES_KEPT = 24
"""How many of a series' largest moves windows are drawn around."""
MOVES_APART = 20
"""Closes between two kept moves: one crisis of many wild days should not take every place."""
CRASH_PERCENT = 65
"""How often a window is drawn around one of the largest moves; else it begins anywhere."""

_CLOSE = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,18}))?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMERICAN_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """One market's closes, oldest first: at least two, dates rising, closes positive.

    ``closes_wad`` are exact; ``days`` are the dates as proleptic Gregorian ordinals. Small, immutable and picklable.
    """

    name: str
    days: tuple[int, ...] = field(repr=False)
    closes_wad: tuple[int, ...] = field(repr=False)
    largest_moves: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """Indices of the days that a large move, up or down, begins on; the largest first."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "largest_moves", _largest_moves(self.closes_wad))

    @property
    def steps(self) -> int:
        """Moves from one close to the next: one less than there are closes."""
        return len(self.closes_wad) - 1

    def day(self, index: int) -> date:
        """The date of a close."""
        return date.fromordinal(self.days[index])

    def ratio(self, index: int) -> tuple[int, int]:
        """The move from close ``index`` (0 to ``steps - 1``) to the next, exactly: (numerator, denominator)."""
        if not 0 <= index < self.steps:
            raise IndexError(f"{self.name} has no move {index}")
        return self.closes_wad[index + 1], self.closes_wad[index]

    def next_price_down(self, price: int, index: int) -> int:
        """A price in any unit, say a feed's answer, after the move from close ``index`` to the next.

        Rounded down, but at least 1: a price of 0 would be the end of the path: no ratio leads back from it.
        """
        numerator, denominator = self.ratio(index)
        return max(1, price * numerator // denominator)


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a series: ``steps`` moves from the close at ``start`` on."""

    series: PriceSeries
    start: int
    steps: int


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """One or more series from one origin, in the order of their columns."""

    origin: str
    series: tuple[PriceSeries, ...]

    def draw_window(self, choices: Choices, steps: int) -> Window:
        """A window of ``steps`` moves (fewer if the series drawn has no more), every series equally likely.

        In ``CRASH_PERCENT`` of draws it is placed around one of the largest moves, so that this comes in its first
        half.
        """
        series = choices.pick(self.series)
        steps = min(steps, series.steps)
        latest = series.steps - steps
        if not choices.chance(CRASH_PERCENT):
            return Window(series, choices.integer(0, latest), steps)
        move = choices.pick(series.largest_moves)
        before = choices.integer(0, max(0, steps // 2 - 1))
        return Window(series, min(max(0, move - before), latest), steps)


def _largest_moves(closes_wad: tuple[int, ...]) -> tuple[int, ...]:
    # The larger close over the smaller, so that halving and doubling are one size; in wad, which settles all but ties.
    sizes = [max(pair) * WAD // min(pair) for pair in pairwise(closes_wad)]
    kept: list[int] = []
    for index in sorted(range(len(sizes)), key=lambda index: (-sizes[index], index)):
        if all(abs(index - other) >= MOVES_APART for other in kept):
            kept.append(index)
            if len(kept) == MOVES_KEPT:
                break
    return tuple(kept)


def _exact_wad(text: str) -> int | None:
    """Decimal text as a wad; None if it is no decimal number or has more than 18 digits before or after the point."""
    match = _CLOSE.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction = match.groups(default="")
    return int(sign + whole + fraction.ljust(18, "0"))


def read_closes(path: Path) -> PriceHistory:
    """A CSV file of closes: a header ``date,close``, or ``date`` and several named columns, then a line for each day.

    Each column is a series. Dates are ISO 8601 (``2020-03-12``) and rise; days may be missing. Closes are positive
    decimal numbers of at most 18 digits before and after the point, in any unit. Every line has every close. Raises
    ``UserError`` naming file, line and field.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not a text file") from None
    if "\0" in text:
        raise UserError(f"{path}: is not a text file")
    rows = _rows(text, str(path))
    line, header = next(rows, (1, []))
    if not header:
        raise UserError(f"{path}:1: the file is empty; it should begin with a header like 'date,close'")
    names = _column_names(header, f"{path}:{line}")
    days: list[int] = []
    columns: list[list[int]] = [[] for _ in names]
    for line, row in rows:
        place = f"{path}:{line}"
        if len(row) != len(header):
            missing = f"; '{header[len(row)]}' is missing" if len(row) < len(header) else ""
            raise UserError(f"{place}: the line has {len(row)} fields, the header {len(header)}{missing}")
        day = _iso_day(row[0], place)
        if days and day <= days[-1]:
            raise UserError(
                f"{place}: date: {row[0]} does not come after {date.fromordinal(days[-1])}; dates must rise"
            )
        days.append(day)
        for name, column, close in zip(names, columns, row[1:], strict=True):
            column.append(_positive_wad(close, f"{place}: {name}"))
    if len(days) < 2:
        raise UserError(f"{path}:{line}: date: a path needs at least two days of closes, the file has {len(days)}")
    every_day = tuple(days)
    return PriceHistory(
        str(path), tuple(PriceSeries(name, every_day, tuple(c)) for name, c in zip(names, columns, strict=True))
    )


def _rows(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    """(number of the line, fields) of every line that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            fields = [cell.strip() for cell in row]
            if any(fields):
                yield reader.line_num, fields
    except csv.Error as error:
        raise UserError(f"{file}:{max(1, reader.line_num)}: not valid CSV: {error}") from None


def _column_names(header: list[str], place: str) -> list[str]:
    if re.match(r"date\s*[;\t|]", header[0], re.IGNORECASE):
        raise UserError(f"{place}: header: '{header[0]}' is one field: separate fields by commas")
    if header[0].lower() != "date":
        raise UserError(
            f"{place}: header: the first column is '{header[0]}', not 'date'; a header like 'date,close' is needed"
        )
    names = header[1:]
    if not names:
        raise UserError(f"{place}: header: there is no column of closes after 'date'")
    for number, name in enumerate(names):
        if not name:
            raise UserError(f"{place}: header: column {number + 2} has no name")
        if name.lower() in (other.lower() for other in header[: number + 1]):
            raise UserError(f"{place}: header: '{name}' appears twice")
    return names


def _iso_day(text: str, place: str) -> int:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).toordinal()
    except ValueError:
        pass
    raise UserError(f"{place}: date: '{text}' is not a date like 2020-03-12")


def _positive_wad(text: str, place: str) -> int:
    close_wad = _exact_wad(text)
    if close_wad is None:
        raise UserError(
            f"{place}: '{text[:40]}' is not a decimal number of at most 18 digits on either side of the point"
        )
    if close_wad <= 0:
        raise UserError(f"{place}: {text} is not positive; markets follow ratios of closes: leave that day out")
    return close_wad


SHIPPED_ORIGIN = "the daily closes of S&P 500, NASDAQ and WTI oil that come with the package arch"
_SHIPPED = (("S&P 500", "sp500", "Close"), ("NASDAQ", "nasdaq", "Close"), ("WTI", "wti", "DCOILWTICO"))
"""Name of the series, and file and column in ``arch.data``."""


@cache
def shipped_history() -> PriceHistory:
    """Daily closes that ship in ``arch``: S&P 500 and NASDAQ of 1999 to 2018, West Texas oil of 1986 to January 2019.

    Days without a close (oil's holidays) are left out, and so would be closes that are not positive; the data ends
    before oil's day below zero. Nothing of ``arch`` is imported, which would import pandas. Raises
    ``EnvironmentFailure`` if the package or its data is missing.
    """
    spec = find_spec("arch")
    if spec is None or not spec.submodule_search_locations:
        raise EnvironmentFailure("the package 'arch', whose price history is used, is missing: run 'make setup'")
    data = Path(spec.submodule_search_locations[0]) / "data"
    return PriceHistory(SHIPPED_ORIGIN, tuple(_shipped_series(data, *entry) for entry in _SHIPPED))


def _shipped_series(data: Path, name: str, file: str, column: str) -> PriceSeries:
    path = data / file / f"{file}.csv.gz"
    days: list[int] = []
    closes: list[int] = []
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            reader = csv.reader(lines)
            at = next(reader).index(column)
            for row in reader:
                close_wad = _exact_wad(row[at])
                if close_wad is not None and close_wad > 0:
                    days.append(_american_day(row[0]))
                    closes.append(close_wad)
    except (OSError, EOFError, StopIteration, ValueError, IndexError) as error:
        raise EnvironmentFailure(f"price history {path} cannot be read ({error}): run 'make setup'") from None
    return PriceSeries(name, tuple(days), tuple(closes))


def _american_day(text: str) -> int:
    match = _AMERICAN_DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a date")
    month, day, year = map(int, match.groups())
    return date(year, month, day).toordinal()
