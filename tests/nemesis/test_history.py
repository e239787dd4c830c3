"""True paths: what is read is exact, what is malformed is named, and windows favour the days that hurt."""

from __future__ import annotations

import pickle
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from underwater.choices import SeededChoices
from underwater.errors import UserError
from underwater.nemesis.history import MOVES_APART, PriceHistory, PriceSeries, Window, read_closes, shipped_history

WAD = 10**18


@pytest.fixture
def closes_file(tmp_path: Path) -> Path:
    return tmp_path / "closes.csv"


def history_of(file: Path, text: str) -> PriceHistory:
    file.write_text(text, encoding="utf-8")
    return read_closes(file)


def test_closes_are_read_as_exact_wads(closes_file: Path) -> None:
    history = history_of(
        closes_file, "Date,Close\n2020-03-11,0.1\n2020-03-12,7969.900000000000000001\n2020-03-13,5563\n"
    )
    (series,) = history.series
    assert series.name == "Close"
    assert series.closes_wad == (WAD // 10, 7_969_900_000_000_000_000_001, 5563 * WAD)
    assert series.day(1) == date(2020, 3, 12)
    assert series.steps == 2


def test_each_column_becomes_a_series_of_the_same_days(closes_file: Path) -> None:
    text = "\ufeffdate, BTC ,ETH\r\n2020-03-11,7911,194\r\n\r\n2020-03-12,4970,112\r\n\r\n"
    first, second = history_of(closes_file, text).series
    assert (first.name, second.name) == ("BTC", "ETH")
    assert first.days is second.days
    assert second.ratio(0) == (112 * WAD, 194 * WAD)


GOOD = "date,close\n2020-03-11,1\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: the file is empty"),
        ("\n\n", ":1: the file is empty"),
        ("2020-03-11,1\n2020-03-12,2\n", ":1: header: the first column is '2020-03-11', not 'date'"),
        ("close,date\n1,2020-03-11\n", ":1: header: the first column is 'close'"),
        ("date\n2020-03-11\n", ":1: header: there is no column of closes"),
        ("date,,b\n", ":1: header: column 2 has no name"),
        ("date,BTC,btc\n", ":1: header: 'btc' appears twice"),
        ("date,date\n", ":1: header: 'date' appears twice"),
        ("date,close\n", ":1: date: a path needs at least two days of closes, the file has 0"),
        (GOOD, ":2: date: a path needs at least two days of closes, the file has 1"),
        (GOOD + "12/03/2020,1\n", ":3: date: '12/03/2020' is not a date like 2020-03-12"),
        (GOOD + "2020-02-30,1\n", ":3: date: '2020-02-30' is not a date"),
        (GOOD + "2020-W11-4,1\n", ":3: date: '2020-W11-4' is not a date"),
        (GOOD + ",1\n", ":3: date: '' is not a date"),
        (GOOD + "2020-03-11,1\n", ":3: date: 2020-03-11 does not come after 2020-03-11; dates must rise"),
        (GOOD + "\n2020-03-10,1\n", ":4: date: 2020-03-10 does not come after 2020-03-11; dates must rise"),
        (GOOD + "2020-04-20,-37.63\n", ":3: close: -37.63 is not positive"),
        (GOOD + "2020-03-12,0.00\n", ":3: close: 0.00 is not positive"),
        (GOOD + "2020-03-12,.\n", ":3: close: '.' is not a decimal number"),
        (GOOD + "2020-03-12,\n", ":3: close: '' is not a decimal number"),
        (GOOD + "2020-03-12,1e3\n", ":3: close: '1e3' is not a decimal number"),
        (GOOD + "2020-03-12,nan\n", ":3: close: 'nan' is not a decimal number"),
        (GOOD + '2020-03-12,"1,234"\n', ":3: close: '1,234' is not a decimal number"),
        (GOOD + "2020-03-12,\u0663\n", ":3: close: '\u0663' is not a decimal number"),
        (GOOD + f"2020-03-12,0.{'1' * 19}\n", "is not a decimal number of at most 18 digits"),
        (GOOD + f"2020-03-12,{'9' * 5000}\n", "is not a decimal number of at most 18 digits"),
        (GOOD + "2020-03-12\n", ":3: the line has 1 fields, the header 2; 'close' is missing"),
        (GOOD + "2020-03-12,1,2\n", ":3: the line has 3 fields, the header 2"),
        (GOOD + '2020-03-12,"1\n', ":3: not valid CSV"),
        (GOOD + "2020-03-12,1\0\n", ": is not a text file"),
    ],
)
def test_malformed_file_is_named_by_file_line_and_field(closes_file: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        history_of(closes_file, text)
    assert str(caught.value).startswith(str(closes_file))
    assert message in str(caught.value)


def test_what_is_no_text_file_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "closes.csv.gz"
    binary.write_bytes(b"\x1f\x8b\x08\x00\xff\xfe")
    for path, message in (
        (binary, "is not a text file"),
        (tmp_path, "cannot be read: Is a directory"),
        (tmp_path / "none.csv", "cannot be read: No such file"),
    ):
        with pytest.raises(UserError, match=message):
            read_closes(path)


def test_shipped_history_is_daily_positive_and_rising() -> None:
    history = shipped_history()
    assert [(series.name, series.steps) for series in history.series] == [
        ("S&P 500", 5030),
        ("NASDAQ", 5030),
        ("WTI", 8320),
    ]
    for series in history.series:
        assert all(earlier < later for earlier, later in pairwise(series.days))
        assert min(series.closes_wad) > 0
    oil = history.series[2]
    assert (oil.day(0), oil.closes_wad[0]) == (date(1986, 1, 2), 25_560_000_000_000_000_000)
    assert date(1986, 2, 17).toordinal() not in oil.days, "a holiday has no close"


def test_shipped_history_is_read_without_pandas() -> None:
    code = (
        "import sys; from underwater.nemesis.history import shipped_history; shipped_history(); "
        "sys.exit('pandas' in sys.modules or 'arch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_largest_moves_are_the_known_crises_and_apart() -> None:
    stocks, _, oil = shipped_history().series
    assert stocks.day(stocks.largest_moves[0] + 1) == date(2008, 10, 13)
    assert oil.day(oil.largest_moves[0] + 1) == date(1991, 1, 17)
    for series in (stocks, oil):
        ordered = sorted(series.largest_moves)
        assert all(later - earlier >= MOVES_APART for earlier, later in pairwise(ordered))


def test_next_price_rounds_down_and_never_to_zero() -> None:
    series = PriceSeries("halves", (1, 2, 3), (4 * WAD, 2 * WAD, WAD))
    assert series.next_price_down(101, 0) == 50
    assert series.next_price_down(1, 1) == 1


@pytest.mark.parametrize("step", [-1, 3])
def test_move_outside_the_series_is_an_error(step: int) -> None:
    series = PriceSeries("flat", (1, 2, 3, 4), (WAD,) * 4)
    with pytest.raises(IndexError):
        series.next_price_down(1, step)


def test_windows_lie_inside_their_series_and_mostly_around_large_moves() -> None:
    history = shipped_history()
    around = 0
    for seed in range(500):
        window = history.draw_window(SeededChoices(seed), 40)
        assert window == history.draw_window(SeededChoices(seed), 40), "the same seed, the same window"
        assert window.steps == 40
        assert window.start >= 0
        assert window.start + window.steps <= window.series.steps
        around += any(window.start <= move < window.start + 40 for move in window.series.largest_moves[:24])
    assert around > 325


def test_window_longer_than_its_series_is_the_whole_series() -> None:
    history = PriceHistory("here", (PriceSeries("short", (1, 2, 3), (WAD, 2 * WAD, WAD)),))
    for seed in range(20):
        assert history.draw_window(SeededChoices(seed), 100) == Window(history.series[0], 0, 2)


def test_history_survives_pickling() -> None:
    history = shipped_history()
    data = pickle.dumps(history)
    assert pickle.loads(data) == history
    assert len(data) < 400_000
