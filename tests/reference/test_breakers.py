"""Section 15: what stops, and when it begins again."""

from __future__ import annotations

import pytest

from reference.breaker import HALTED, IN_GRACE, OPEN, PAUSED, REDUCE_ONLY, REOPENING
from reference.prices import mark
from reference.stop_boundaries import largest_growth_wad, largest_outflow_units, trip_answers, turning_times_s
from reference.stops import status_of
from tests.reference.support import (
    BYSTANDER,
    COUNTERPARTY,
    MATCHER,
    RISK_MANAGER,
    STRANGER,
    TRADER,
    WATCH,
    Scene,
    usd,
    wad,
)

ALICE, BOB, CAROL = TRADER, COUNTERPARTY, BYSTANDER
COPPER = 0
DAY = 86_400


def scene(**settings: tuple[object, ...]) -> Scene:
    """Two accounts of means, each long or short ten copper, and what is set."""
    made = Scene()
    for name in (ALICE, BOB, CAROL):
        made.do("deposit", name, name, 0, usd("100000"))
    made.do("trade", MATCHER, COPPER, ALICE, BOB, wad("10"), wad("100"))
    for kind, arguments in settings.items():
        made.do(kind, RISK_MANAGER, *arguments)
    return made


def later(made: Scene, seconds: int) -> None:
    """Time passes, and every source says again what it said."""
    made.wait(seconds)
    for source, reading in list(made.state.feeds.items()):
        made.do("publish", STRANGER, source, reading.answer, 0)


def says(made: Scene, price: str) -> None:
    """Copper is now at a price."""
    made.do("publish", STRANGER, "COPPER", int(price) * 10**8, 0)


def status(made: Scene) -> int:
    """S4, at the present mark."""
    return status_of(made.state, COPPER, mark(made.state, made.state.parameters.markets[COPPER]))


def trade(size: str, buyer: str = ALICE, seller: str = BOB, price: str = "100") -> tuple[object, ...]:
    """A trade in copper, as ``do`` and ``refused`` take it."""
    return ("trade", MATCHER, COPPER, buyer, seller, wad(size), wad(price))


HALTING = (COPPER, wad("0.05"), 600, 300, 0)


def test_mark_exactly_the_trip_rate_away_halts_nothing_and_a_tick_more_does() -> None:
    made = scene(set_breaker=HALTING)
    made.do("accrue_funding", ALICE, COPPER)
    assert trip_answers(made.state, COPPER) == (95 * 10**8, 10_509_999_999)
    says(made, "105")
    assert status(made) == OPEN
    made.do("publish", STRANGER, "COPPER", 10_510_000_000, 0)
    assert status(made) == HALTED
    assert made.refused(*trade("1", price="105")) == ("OnlyReductions", COPPER, HALTED)
    made.do("publish", STRANGER, "COPPER", 95 * 10**8 - 1, 0)
    assert status(made) == HALTED


def test_refused_trade_records_no_halt_and_the_market_opens_when_the_mark_comes_back() -> None:
    made = scene(set_breaker=HALTING)
    made.do("accrue_funding", ALICE, COPPER)
    says(made, "120")
    made.refused(*trade("1", price="120"))
    says(made, "100")
    made.do(*trade("1"))


def test_recorded_halt_cools_down_and_reopens_in_two_stages() -> None:
    made = scene(set_breaker=HALTING)
    made.do("accrue_funding", ALICE, COPPER)
    says(made, "110")
    assert made.do("accrue_funding", ALICE, COPPER)[-1] == ("MarketHalted", COPPER, wad("110"), wad("100"))
    made.do(*trade("1", BOB, ALICE, "110"))
    later(made, 299)
    assert status(made) == HALTED
    later(made, 1)
    assert status(made) == REOPENING
    standing = made.state.open_interest_wad[COPPER]
    made.do(*trade("1", CAROL, ALICE, "110"))
    grown = made.refused(*trade("1", ALICE, BOB, "110"))
    assert grown == ("OpenInterestCapExceeded", COPPER, standing + wad("1"), standing)
    later(made, 300)
    made.do(*trade("1", ALICE, BOB, "110"))


def test_price_that_stays_where_it_went_halts_once() -> None:
    made = scene(set_breaker=HALTING)
    made.do("accrue_funding", ALICE, COPPER)
    says(made, "110")
    made.do("accrue_funding", ALICE, COPPER)
    for _ in range(20):
        later(made, 60)
        assert all(event[0] != "MarketHalted" for event in made.do("accrue_funding", BOB, COPPER))
    assert status(made) == OPEN


def test_unrecorded_trip_ends_when_the_anchor_is_too_old() -> None:
    made = scene(set_breaker=HALTING)
    made.do("accrue_funding", ALICE, COPPER)
    says(made, "110")
    later(made, 1_200)
    assert status(made) == HALTED
    later(made, 1)
    made.do(*trade("1", price="110"))


def test_anchor_slides_on_after_a_window() -> None:
    made = scene(set_breaker=HALTING)
    made.do("accrue_funding", ALICE, COPPER)
    for price in ("104", "108", "112"):
        later(made, 600)
        says(made, price)
        made.do("accrue_funding", ALICE, COPPER)
        assert made.state.breakers.stops[COPPER].anchor_wad == wad(price)
    assert status(made) == OPEN


@pytest.mark.parametrize("turned", ["10.01", "20", "30"])
def test_market_that_only_shrinks_lets_no_position_turn(turned: str) -> None:
    made = scene(set_reduce_only=(COPPER, True))
    assert made.refused(*trade(turned, BOB, ALICE)) == ("OnlyReductions", COPPER, REDUCE_ONLY)
    assert made.refused(*trade("1", CAROL, ALICE)) == ("OnlyReductions", COPPER, REDUCE_ONLY)
    made.do(*trade("10", BOB, ALICE))
    made.do("set_reduce_only", RISK_MANAGER, COPPER, False)
    made.do(*trade("1"))


def test_cap_binds_what_raises_open_interest_and_nothing_else() -> None:
    made = scene(set_breaker=(COPPER, 0, 0, 0, wad("12")))
    assert largest_growth_wad(made.state, ALICE, BOB, COPPER) == wad("2")
    assert largest_growth_wad(made.state, BOB, ALICE, COPPER) == wad("22")
    assert made.refused(*trade("2.01")) == ("OpenInterestCapExceeded", COPPER, wad("12.01"), wad("12"))
    made.do(*trade("2"))
    made.do(*trade("12", CAROL, ALICE))
    made.do("set_breaker", RISK_MANAGER, COPPER, 0, 0, 0, wad("1"))
    made.do(*trade("5", ALICE, CAROL))
    assert made.refused(*trade("0.01")) == ("OpenInterestCapExceeded", COPPER, wad("12.01"), wad("1"))


def test_outflow_is_forgotten_evenly_and_exactly() -> None:
    made = scene(set_outflow_limit=(0, usd("600"), 600))
    made.do("withdraw", ALICE, ALICE, 0, usd("600"))
    assert made.refused("withdraw", ALICE, ALICE, 0, 1) == ("OutflowLimitExceeded", 0, 0)
    for _ in range(7):
        later(made, 1)
        made.do("withdraw", ALICE, ALICE, 0, usd("1"))
    assert largest_outflow_units(made.state, 0) == 0
    later(made, 600)
    assert largest_outflow_units(made.state, 0) == usd("600")


def test_deposit_makes_good_what_has_left_and_no_more() -> None:
    made = scene(set_outflow_limit=(0, usd("600"), 600))
    made.do("withdraw", ALICE, ALICE, 0, usd("200"))
    made.do("deposit", BOB, BOB, 0, usd("150"))
    assert largest_outflow_units(made.state, 0) == usd("550")
    made.do("deposit", BOB, BOB, 0, usd("1000"))
    assert largest_outflow_units(made.state, 0) == usd("600")


def test_lower_limit_is_all_there_again_after_one_window() -> None:
    made = scene(set_outflow_limit=(0, usd("60000"), 600))
    made.do("withdraw", ALICE, ALICE, 0, usd("60000"))
    made.do("set_outflow_limit", RISK_MANAGER, 0, 7, 100)
    assert largest_outflow_units(made.state, 0) == 0
    later(made, 100)
    assert largest_outflow_units(made.state, 0) == 7
    made.do("set_outflow_limit", RISK_MANAGER, 0, 0, 0)
    assert largest_outflow_units(made.state, 0) is None


PAUSES = (600, 120, 720)


def test_pause_stops_growth_withdrawals_and_liquidations_and_ends_by_itself() -> None:
    made = scene(set_pause_parameters=PAUSES)
    begun_s = made.state.time_s
    assert made.do("pause", WATCH, 600) == (("Paused", begun_s + 600, begun_s + 720),)
    assert status(made) == PAUSED
    assert made.refused(*trade("1")) == ("OnlyReductions", COPPER, PAUSED)
    assert made.refused("withdraw", CAROL, CAROL, 0, 1) == ("WithdrawalsPaused", begun_s + 600)
    made.do("deposit", CAROL, CAROL, 0, 1)
    made.do("settle", ALICE, ALICE, COPPER)
    made.do(*trade("1", BOB, ALICE))
    says(made, "1")
    refused = made.refused("liquidate", CAROL, CAROL, BOB, COPPER, wad("1"))
    assert refused == ("LiquidationsPaused", begun_s + 720)
    later(made, 600)
    assert status(made) == IN_GRACE
    made.do("withdraw", CAROL, CAROL, 0, 1)
    assert made.refused("liquidate", CAROL, CAROL, BOB, COPPER, wad("1"))[0] == "LiquidationsPaused"
    later(made, 120)
    assert status(made) == OPEN
    assert made.refused("liquidate", CAROL, CAROL, BOB, COPPER, wad("1"))[0] == "AccountHealthy"


def test_unpausing_gives_the_whole_grace() -> None:
    made = scene(set_pause_parameters=PAUSES)
    made.do("pause", WATCH, 600)
    later(made, 100)
    now_s = made.state.time_s
    assert made.do("unpause", WATCH) == (("Unpaused", now_s + 120),)
    assert status(made) == IN_GRACE
    assert made.refused("unpause", WATCH) == ("NotPaused",)
    assert turning_times_s(made.state)[0] == now_s + 120


def test_pauses_leave_as_much_time_between_them_as_was_announced() -> None:
    made = scene(set_pause_parameters=PAUSES)
    made.do("pause", WATCH, 10)
    free_s = made.state.time_s + 10 + 120 + 720
    assert made.refused("pause", WATCH, 10) == ("PausedTooRecently", free_s)
    later(made, free_s - made.state.time_s - 1)
    assert made.refused("pause", WATCH, 10) == ("PausedTooRecently", free_s)
    later(made, 1)
    made.do("pause", WATCH, 600)


@pytest.mark.parametrize("duration_s", [0, 601])
def test_pause_lasts_no_longer_than_it_may(duration_s: int) -> None:
    made = scene(set_pause_parameters=PAUSES)
    assert made.refused("pause", WATCH, duration_s) == ("InvalidPause", duration_s, 600)
    assert made.refused("pause", RISK_MANAGER, 1)[0] == "AccessControlUnauthorizedAccount"


@pytest.mark.parametrize(
    ("kind", "arguments", "name"),
    [
        ("set_breaker", (COPPER, 0, 1, 0, 0), "breaker"),
        ("set_breaker", (COPPER, 0, 0, 1, 0), "breaker"),
        ("set_breaker", (COPPER, wad("1") + 1, 60, 60, 0), "breaker"),
        ("set_breaker", (COPPER, 1, 0, 60, 0), "breaker"),
        ("set_breaker", (COPPER, 1, 60, DAY + 1, 0), "breaker"),
        ("set_breaker", (COPPER, 0, 0, 0, 1), "breaker"),
        ("set_outflow_limit", (0, 0, 1), "outflowLimit"),
        ("set_outflow_limit", (0, 1, 0), "outflowLimit"),
        ("set_outflow_limit", (0, 10**33 + 1, 1), "outflowLimit"),
        ("set_outflow_limit", (0, 1, 7 * DAY + 1), "outflowLimit"),
        ("set_pause_parameters", (DAY + 1, 0, 30 * DAY), "pause"),
        ("set_pause_parameters", (60, DAY + 1, 30 * DAY), "pause"),
        ("set_pause_parameters", (60, 60, 119), "pause"),
        ("set_pause_parameters", (60, 60, 30 * DAY + 1), "pause"),
    ],
)
def test_breaker_outside_its_bounds_is_refused(kind: str, arguments: tuple[int, ...], name: str) -> None:
    assert scene().refused(kind, RISK_MANAGER, *arguments) == ("UnsafeParameter", name)
