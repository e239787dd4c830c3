"""Funding (section 8): its rules by hand, its two forms beside each other and beside exact arithmetic, and what must never depend on it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import event, given

from reference.funding import (
    CARRY_OF_A_TICK,
    Funding,
    accrued,
    after_intervals,
    due_now,
    fallen_due_exact,
    premium_after,
    rate_and_sum,
    velocity_wad,
)
from reference.machine import apply, at_time
from reference.margin import health, health_without
from reference.parameters import FundingParameters
from reference.rounding import WAD
from tests.reference.drawn import CHOICES, Choices, traded, wait, world
from tests.reference.support import (
    ACCOUNTS,
    COPPER,
    COPPER_MARKET,
    COUNTERPARTY,
    NOW_S,
    STRANGER,
    TRADER,
    UNKNOWN,
    Scene,
    drawn,
    wad,
)

HOURLY = FundingParameters(3_600, wad("0.024"), wad("0.0024"), wad("0.005"), wad("1000"))
"""At a premium of half a percent, which trades worth 1000 bring about, the daily rate rises by 0.24 % an hour, up to 2.4 %."""
HOURLY_FIELDS = (3_600, wad("0.024"), wad("0.0024"), wad("0.005"), wad("1000"))
FIRST_END_S = 1_000_800
"""The first full hour after the tests' beginning."""


def hourly() -> Scene:
    """Copper at 100 with hourly funding, accrued at a full hour; trader and counterparty have a thousand each."""
    scene = Scene()
    scene.set_market(COPPER, funding=HOURLY, tick_wad=wad("0.01"))
    for name in (TRADER, COUNTERPARTY):
        scene.fund(name, "1000")
    scene.wait(FIRST_END_S - NOW_S)
    scene.publish("COPPER", "100")
    assert scene.do("accrue_funding", STRANGER, COPPER) == (("FundingAccrued", COPPER, 0, 0, wad("100")),)
    return scene


# --- By hand


def test_longs_pay_shorts_more_every_hour_while_trades_stay_above_the_mark() -> None:
    scene = hourly()
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    assert scene.state.funding[COPPER].premium_wad == wad("0.005")
    long, short = scene.risk(TRADER).equity_wad, scene.risk(COUNTERPARTY).equity_wad
    # 0.24 %, 0.48 % and 0.72 % a day are 1, 2 and 3 cents an hour on 100.
    for hours, due in ((1, "0.01"), (2, "0.03"), (3, "0.06")):
        scene.wait(3_599)
        assert scene.state.due.per_unit_wad[COPPER] == wad(due) - hours * wad("0.01")
        scene.wait(1)
        scene.publish("COPPER", "100")
        assert scene.state.due.per_unit_wad[COPPER] == wad(due)
        assert scene.risk(TRADER).equity_wad == long - 10 * wad(due)
        assert scene.risk(COUNTERPARTY).equity_wad == short + 10 * wad(due)


def test_rate_stays_at_its_maximum() -> None:
    scene = hourly()
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    scene.wait(13 * 3_600)
    # Ten hours of rising, 1 + 2 + ... + 10 cents, and three at 10 cents.
    assert scene.state.due.per_unit_wad[COPPER] == wad("0.55") + 3 * wad("0.1")
    scene.publish("COPPER", "100")
    assert scene.do("accrue_funding", STRANGER, COPPER) == (
        ("FundingAccrued", COPPER, wad("0.024"), wad("0.85"), wad("100")),
    )


def test_trades_below_the_mark_turn_who_pays() -> None:
    scene = hourly()
    scene.trade(COPPER, TRADER, COUNTERPARTY, "20", "99.5")
    assert scene.state.funding[COPPER].premium_wad == -wad("0.005")
    scene.wait(3_600)
    assert scene.state.due.per_unit_wad[COPPER] == -wad("0.01")


def test_index_counts_from_the_accrual_on_at_which_it_was_read() -> None:
    scene = hourly()
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    scene.publish("COPPER", "200")
    scene.wait(3_600)
    scene.publish("COPPER", "200")
    assert scene.state.due.per_unit_wad[COPPER] == wad("0.01")
    events = scene.do("settle", TRADER, TRADER, COPPER)
    # A thousand's worth that doubled, less ten times a cent.
    assert events == (
        ("FundingAccrued", COPPER, wad("0.0024"), wad("0.01"), wad("200")),
        ("Settled", TRADER, COPPER, wad("999.9")),
    )
    scene.wait(3_600)
    # 0.48 % a day, on 200.
    assert scene.state.due.per_unit_wad[COPPER] == wad("0.05")


def test_what_does_not_make_a_tick_is_carried_and_falls_due_later() -> None:
    scene = hourly()
    scene.set_market(COPPER, tick_wad=wad("0.1"))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    dues = []
    for _ in range(5):
        scene.wait(3_600)
        dues.append(scene.state.due.per_unit_wad[COPPER])
    # 1, 3, 6, 10 and 15 cents in all.
    assert dues == [0, 0, 0, wad("0.1"), wad("0.1")]
    scene.publish("COPPER", "100")
    scene.do("accrue_funding", STRANGER, COPPER)
    assert scene.state.funding[COPPER].carry == CARRY_OF_A_TICK // 2


def test_whoever_joins_late_owes_nothing_for_the_time_before() -> None:
    scene = hourly()
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    scene.wait(3_600)
    scene.publish("COPPER", "100")
    scene.fund("bystander", "1000")
    fee = scene.trade(COPPER, "bystander", COUNTERPARTY, "5", "100")[-1][-1]
    assert isinstance(fee, int)
    assert scene.risk("bystander").equity_wad == wad("1000") - fee


def test_accrual_needs_a_known_market_and_a_usable_mark_and_happens_once_an_interval() -> None:
    scene = hourly()
    assert scene.refused("accrue_funding", STRANGER, UNKNOWN) == ("UnknownMarket", UNKNOWN)
    assert scene.do("accrue_funding", STRANGER, COPPER) == ()
    scene.wait(3_600)
    assert scene.refused("accrue_funding", STRANGER, COPPER)[0] == "PriceStale"
    scene.publish("COPPER", "100")
    assert len(scene.do("accrue_funding", STRANGER, COPPER)) == 1
    assert scene.do("accrue_funding", STRANGER, COPPER) == ()


# --- The premium (F4)


@pytest.mark.parametrize(
    ("price", "amount", "before", "after"),
    [
        ("100.5", "1000", "0", "0.005"),
        ("100.5", "500", "0", "0.0025"),
        ("100.5", "99999", "0.001", "0.005"),
        ("99.5", "400", "0.001", "-0.001"),
        ("100", "1000", "0.004", "0"),
        ("100", "0.0000001", "0.004", "0.0039999999995"),
    ],
)
def test_premium_moves_towards_a_trades_own_as_far_as_its_amount_carries(
    price: str, amount: str, before: str, after: str
) -> None:
    market = replace(COPPER_MARKET, funding=HOURLY)
    assert premium_after(market, wad(before), wad(amount), wad(price), wad("100")) == wad(after)


@drawn(300)
@given(CHOICES)
def test_two_trades_move_the_premium_as_far_as_one_of_both_amounts(choices: Choices) -> None:
    market = world(choices).state.parameters.markets[0]
    mark_wad = market.tick_wad * choices.randint(100, 10_000)
    price_wad = mark_wad + choices.randint(-50, 50) * market.tick_wad
    first, second = (choices.magnitude(1, 10**26) for _ in range(2))
    start = choices.randint(-WAD // 2, WAD // 2)
    once = premium_after(market, start, first + second, price_wad, mark_wad)
    twice = premium_after(market, premium_after(market, start, first, price_wad, mark_wad), second, price_wad, mark_wad)
    assert abs(twice - once) <= 1


def test_premium_counts_for_as_long_as_it_stood() -> None:
    scene = hourly()
    scene.wait(2_700)
    scene.publish("COPPER", "100")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    scene.wait(900)
    # Half a percent for a quarter of the hour: a quarter of the 0.24 % that it raises the rate by in a whole one.
    scene.publish("COPPER", "100")
    assert scene.do("accrue_funding", STRANGER, COPPER) == (("FundingAccrued", COPPER, wad("0.0006"), 0, wad("100")),)
    assert scene.state.funding[COPPER].carry == CARRY_OF_A_TICK // 4


def test_premium_of_the_last_second_moves_a_payment_by_a_second() -> None:
    scene = hourly()
    scene.wait(3_599)
    scene.publish("COPPER", "100")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    scene.trade(COPPER, COUNTERPARTY, TRADER, "10", "100.5")
    scene.wait(1)
    scene.do("accrue_funding", STRANGER, COPPER)
    assert scene.state.funding[COPPER].rate_wad == wad("0.0024") // 3_600


def test_premiums_of_one_interval_add_up_each_for_its_time() -> None:
    scene = hourly()
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    scene.wait(1_200)
    scene.publish("COPPER", "100")
    # Twice the amount takes it from half a percent above to half a percent below.
    scene.trade(COPPER, TRADER, COUNTERPARTY, "22", "99.5")
    assert scene.state.funding[COPPER].premium_wad == -wad("0.005")
    scene.wait(2_400)
    # A third of the hour above and two thirds below: a third of it below, in sum.
    scene.publish("COPPER", "100")
    scene.do("accrue_funding", STRANGER, COPPER)
    assert scene.state.funding[COPPER].rate_wad == -wad("0.0008")


def test_first_accrual_reads_the_index_whenever_it_comes() -> None:
    scene = hourly()
    unread = scene.state.funding[COPPER]._replace(index_wad=0, index_read_at_s=0)
    scene.state = scene.state._replace(funding=(unread, *scene.state.funding[1:]))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    assert scene.state.funding[COPPER].index_wad == wad("100")
    scene.wait(3_600)
    assert scene.state.due.per_unit_wad[COPPER] == wad("0.01")


# --- Both forms, and exact arithmetic


def some_funding(choices: Choices) -> tuple[Scene, Funding]:
    """A market's funding in mid-course, with any parameters."""
    scene = world(choices)
    market = scene.state.parameters.markets[0]
    most = market.funding.maximum_rate_wad
    index_wad = market.tick_wad * choices.magnitude(1, 10**6)
    written_at_s = choices.randint(0, NOW_S)
    # An interval that has run since parameters were others may be longer than one of these, or begin in its middle.
    begun_at_s = choices.choice((written_at_s, written_at_s - written_at_s % market.funding.interval_s))
    begun_at_s = max(0, begun_at_s - choices.choice((0, 0, choices.randint(0, 90_000))))
    premium_wad = choices.choice((0, choices.between(-WAD // 2, WAD // 2)))
    return scene, Funding(
        choices.between(-most, most),
        premium_wad,
        written_at_s,
        choices.between(0, CARRY_OF_A_TICK - 1),
        choices.randint(-50, 50) * market.tick_wad,
        index_wad,
        choices.between(-WAD // 2, WAD // 2) * (written_at_s - begun_at_s),
        begun_at_s,
        choices.randint(0, written_at_s),
    )


@drawn(400)
@given(CHOICES)
def test_any_number_of_intervals_at_once_is_one_after_the_other(choices: Choices) -> None:
    scene, funding = some_funding(choices)
    market, intervals = scene.state.parameters.markets[0], choices.magnitude(1, 300)
    one_by_one = after_intervals(market, funding, intervals)
    interval_s = market.funding.interval_s
    now_s = (funding.written_at_s // interval_s + intervals) * interval_s + choices.randint(0, interval_s - 1)
    at_once = due_now(market, funding, now_s)
    event(f"at the bound: {abs(at_once.rate_wad) == market.funding.maximum_rate_wad}")
    assert at_once == one_by_one
    part = choices.randint(0, intervals)
    first = after_intervals(market, funding, part)
    assert after_intervals(market, first, intervals - part) == at_once


@drawn(300)
@given(CHOICES)
def test_due_is_exact_but_for_less_than_a_tick_however_often_it_accrues(choices: Choices) -> None:
    scene, funding = some_funding(choices)
    market = scene.state.parameters.markets[0]
    exact, begun = Fraction(0), Fraction(funding.carry * market.tick_wad, CARRY_OF_A_TICK)
    stored, now_s = funding, funding.written_at_s
    for _ in range(choices.randint(1, 6)):
        before_s = now_s
        now_s += choices.magnitude(1, 40) * market.funding.interval_s
        intervals = now_s // market.funding.interval_s - before_s // market.funding.interval_s
        exact += fallen_due_exact(market, stored, intervals)
        stored = accrued(market, stored, stored.index_wad, now_s) or stored
    fallen = stored.due_wad - funding.due_wad
    assert 0 <= exact + begun - fallen < market.tick_wad
    assert fallen % market.tick_wad == 0


@drawn(300)
@given(CHOICES)
def test_rate_never_passes_its_maximum_and_moves_with_the_premium(choices: Choices) -> None:
    scene, funding = some_funding(choices)
    parameters = scene.state.parameters.markets[0].funding
    rate_wad, rates_wad = rate_and_sum(parameters, funding, choices.magnitude(1, 10**9))
    assert abs(rate_wad) <= parameters.maximum_rate_wad
    assert (rate_wad - funding.rate_wad) * funding.premium_wad >= 0
    duration_s = choices.randint(1, 200_000)
    velocity = velocity_wad(parameters, funding.exposure_wad_s, duration_s)
    assert abs(velocity) <= parameters.maximum_velocity_wad
    assert velocity * funding.exposure_wad_s >= 0
    if funding.rate_wad >= 0 and funding.premium_wad >= 0:
        assert rates_wad >= 0


def test_what_no_engine_should_store_is_worked_out_all_the_same() -> None:
    """A faulty engine's funding, dated in the future or before its interval began: what differs is told, and nothing breaks."""
    market = replace(COPPER_MARKET, funding=HOURLY)
    odd = Funding(wad("0.01"), wad("0.005"), 7_100, 0, 0, wad("100"), wad("9"), 7_200, 0)
    assert due_now(market, odd, 7_300).rate_wad == wad("0.01")
    assert due_now(market, odd._replace(written_at_s=10**9), 7_300).due_wad == 0


# --- What must not depend on it


@drawn(200)
@given(CHOICES)
def test_accruing_changes_nobodys_health_and_payments_are_whole_and_sum_to_zero(choices: Choices) -> None:
    scene = traded(choices)
    wait(choices, scene)
    state = scene.state
    number = choices.randrange(len(state.parameters.markets))
    after, outcome = apply(state, "accrue_funding", STRANGER, (number,))
    assert outcome.error is None
    for name in ACCOUNTS:
        assert health(after, after.accounts[name]) == health(state, state.accounts[name])
    again, outcome = apply(after, "accrue_funding", STRANGER, (number,))
    assert (again.funding, outcome.events) == (after.funding, ())
    due_wad = after.funding[number].due_wad
    assert due_wad == state.due.per_unit_wad[number]
    rise_wad = due_wad - state.funding[number].due_wad
    event(f"something fell due: {rise_wad != 0}")
    paid = [account.sizes_wad[number] * rise_wad for account in state.accounts.values()]
    assert all(payment % WAD == 0 for payment in paid)
    assert sum(paid) == 0


@drawn(200)
@given(CHOICES)
def test_time_in_one_step_is_time_in_several(choices: Choices) -> None:
    scene = traded(choices)
    state = scene.state
    later_s = state.time_s + choices.magnitude(1, 10**6)
    middle_s = choices.randint(state.time_s, later_s)
    at_once, in_two = at_time(state, later_s), at_time(at_time(state, middle_s), later_s)
    assert at_once == in_two
    for name in ACCOUNTS:
        assert health(at_once, at_once.accounts[name]) == health(in_two, in_two.accounts[name])
        for number in range(len(state.parameters.markets)):
            account = at_once.accounts[name]
            apart = account._replace(
                sizes_wad=tuple(0 if market == number else size for market, size in enumerate(account.sizes_wad)),
                quotes_wad=tuple(0 if market == number else size for market, size in enumerate(account.quotes_wad)),
            )
            assert health_without(at_once, account, number) == health(at_once, apart)
