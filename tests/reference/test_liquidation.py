"""Liquidation (section 10): order of tests, the close rule, and who gets the penalty."""

from __future__ import annotations

import pytest
from hypothesis import event, given

from reference.liquidation import penalty, permitted_close_wad
from reference.machine import apply
from reference.margin import Risk, health
from reference.parameters import Bracket, LiquidationParameters
from reference.prices import FRESH
from reference.rounding import WAD, div_ceil
from reference.state import REVERTS
from tests.reference.drawn import CHOICES, Choices, aim, held_market, traded
from tests.reference.support import (
    BYSTANDER,
    COPPER,
    COPPER_MARKET,
    COUNTERPARTY,
    GOLD,
    LIQUIDATOR,
    RISK_MANAGER,
    SILVER,
    STRANGER,
    TIN,
    TRADER,
    UNKNOWN,
    drawn,
    liquidate,
    owing,
    refused_liquidation,
    rich,
    wad,
)

# --- The order of tests (Q3)


def test_liquidation_tests_market_parties_size_and_position_in_this_order_before_any_feed() -> None:
    scene = owing("10", "49")
    for source in scene.state.feeds:
        scene.do("set_feed_mode", STRANGER, source, REVERTS)
    liquidation = ("liquidate", LIQUIDATOR)
    assert scene.refused(*liquidation, LIQUIDATOR, LIQUIDATOR, UNKNOWN, 0) == ("UnknownMarket", UNKNOWN)
    assert scene.refused(*liquidation, LIQUIDATOR, LIQUIDATOR, TIN, 0) == ("SelfLiquidation", LIQUIDATOR)
    for size_wad in (0, 1, wad("0.005"), wad("1") + 1):
        assert scene.refused(*liquidation, LIQUIDATOR, TRADER, COPPER, size_wad) == ("InvalidSize", size_wad)
    assert scene.refused(*liquidation, LIQUIDATOR, TRADER, TIN, wad("1")) == ("NoPosition", TRADER, TIN)
    assert refused_liquidation(scene, "1") == ("FeedUnavailable", "COPPER")


def test_liquidation_tests_value_health_close_rule_limit_and_margin_in_this_order() -> None:
    # A liquidator without a penny, and a limit that it would break: each refusal hides the next.
    scene = owing("600", "60000", "0.000001")
    scene.do("set_market_limits", RISK_MANAGER, COPPER, wad("0.01"), wad("0.001"), wad("0.02"), wad("200"))
    scene.do("deposit", TRADER, TRADER, GOLD, 1)
    scene.do("set_feed_mode", STRANGER, "GOLD", REVERTS)
    assert refused_liquidation(scene, "600") == ("FeedUnavailable", "GOLD")
    scene.do("set_feed_mode", STRANGER, "GOLD", 0)
    # 600 at 100: MM 500 + 4000 + 2500 = 7000. A unit of gold is worth 0.000016.
    refused = refused_liquidation(scene, "600")
    assert refused == ("AccountHealthy", TRADER, wad("60000.000016"), wad("7000"))
    scene.set_cash(TRADER, wad("6000"))
    assert refused_liquidation(scene, "300.01") == ("CloseTooLarge", wad("300"))
    assert refused_liquidation(scene, "300") == ("PositionLimitExceeded", LIQUIDATOR, wad("300"))
    refused = refused_liquidation(scene, "200")
    # 200 at 100 need 3000; the liquidator's half of a penalty of 400 is all it has.
    assert refused == ("InsufficientMargin", LIQUIDATOR, wad("200.000001"), wad("3000"))


def test_account_at_its_maintenance_margin_is_safe_and_a_wad_less_is_not() -> None:
    scene = owing("10", "50")
    assert refused_liquidation(scene, "1") == ("AccountHealthy", TRADER, wad("50"), wad("50"))
    scene.set_cash(TRADER, wad("50") - 1)
    liquidate(scene, "1")


def test_liquidators_own_unusable_price_stops_it_and_a_strangers_does_not() -> None:
    scene = owing("10", "40")
    scene.do("deposit", BYSTANDER, BYSTANDER, GOLD, 1)
    scene.do("set_feed_mode", STRANGER, "GOLD", REVERTS)
    liquidate(scene, "1")
    scene.do("set_feed_mode", STRANGER, "GOLD", 0)
    scene.do("deposit", LIQUIDATOR, LIQUIDATOR, GOLD, 1)
    scene.do("set_feed_mode", STRANGER, "GOLD", REVERTS)
    assert refused_liquidation(scene, "1") == ("FeedUnavailable", "GOLD")


def test_liquidator_is_tested_like_a_trader_and_may_reduce_below_its_initial_margin() -> None:
    # The liquidator is short 10 with 60, below its IM of 100: taking over a long reduces it; taking a short does not.
    scene = owing("10", "40", "1000")
    scene.trade(COPPER, COUNTERPARTY, LIQUIDATOR, "10", "100")
    scene.set_cash(LIQUIDATOR, wad("60"))
    liquidate(scene, "5")
    assert scene.risk(LIQUIDATOR) == Risk(wad("65"), wad("50"), wad("25"))
    scene = owing("-10", "40", "1000")
    scene.trade(COPPER, COUNTERPARTY, LIQUIDATOR, "10", "100")
    scene.set_cash(LIQUIDATOR, wad("60"))
    assert refused_liquidation(scene, "5") == ("InsufficientMargin", LIQUIDATOR, wad("65"), wad("150"))


def test_liquidator_takes_over_to_its_initial_margin_exactly() -> None:
    # 5 at 100 need 50; the penalty is 10, the liquidator's half 5.
    scene = owing("10", "40", "0.000001")
    scene.set_cash(LIQUIDATOR, wad("45") - 1)
    refused = refused_liquidation(scene, "5")
    assert refused == ("InsufficientMargin", LIQUIDATOR, wad("50") - 1, wad("50"))
    scene.set_cash(LIQUIDATOR, wad("45"))
    liquidate(scene, "5")


# --- The close rule (Q4)


@pytest.mark.parametrize(
    ("equity_wad", "permitted"),
    [(wad("49.99"), "5"), (wad("25"), "5"), (wad("25") - 1, "10"), (0, "10"), (-1, "10")],
)
def test_half_may_be_closed_down_to_half_the_maintenance_margin_and_all_below(equity_wad: int, permitted: str) -> None:
    # Ten copper: MM 50, close factor 50 %.
    scene = owing("10", "1")
    scene.set_cash(TRADER, equity_wad)
    larger_wad = wad(permitted) + wad("0.01")
    refused = scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, larger_wad)
    assert refused == ("CloseTooLarge", wad(permitted))
    liquidate(scene, permitted)


@pytest.mark.parametrize(("size", "permitted"), [("1", "1"), ("-1", "1"), ("1.01", "0.51"), ("-1.01", "0.51")])
def test_position_of_the_small_notional_is_closed_whole_and_one_lot_more_in_part(size: str, permitted: str) -> None:
    # 100 is small: 1 copper at 100 is just that. Half of 1.01 is 0.505, rounded up to a lot.
    scene = owing(size, "4")
    assert scene.risk(TRADER).equity_wad * 2 >= scene.risk(TRADER).maintenance_margin_wad
    larger_wad = wad(permitted) + wad("0.01")
    refused = scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, larger_wad)
    assert refused == ("CloseTooLarge", wad(permitted))
    liquidate(scene, permitted)


@pytest.mark.parametrize(
    ("factor_wad", "held", "permitted"),
    [
        (WAD, "10", "10"),
        (1, "10", "0.01"),
        (wad("0.001"), "10", "0.01"),
        (wad("0.001") + 1, "10", "0.02"),
        (wad("0.999"), "10", "9.99"),
        (wad("0.999") + 1, "10", "10"),
        (1, "0.01", "0.01"),
    ],
)
def test_permitted_part_rounds_up_to_a_lot_and_never_beyond_the_position(
    factor_wad: int, held: str, permitted: str
) -> None:
    parameters = LiquidationParameters(0, factor_wad, 0)
    risk = Risk(wad("30"), wad("100"), wad("50"))
    for size_wad in (wad(held), -wad(held)):
        assert permitted_close_wad(parameters, COPPER_MARKET, size_wad, wad("100"), risk) == wad(permitted)


def test_what_is_left_can_be_liquidated_again_down_to_a_single_lot() -> None:
    scene = owing("0.02", "0.09")
    liquidate(scene, "0.01")
    assert scene.account(TRADER).sizes_wad[COPPER] == wad("0.01")
    scene.set_cash(TRADER, wad("0.04"))
    liquidate(scene, "0.01")
    assert scene.account(TRADER).sizes_wad[COPPER] == 0


def test_second_liquidation_needs_the_account_to_be_still_liquidatable() -> None:
    # Equity 49 of MM 50; half closed costs 10 and leaves 39 of 25.
    scene = owing("10", "49")
    liquidate(scene, "5")
    assert scene.risk(TRADER) == Risk(wad("39"), wad("50"), wad("25"))
    assert refused_liquidation(scene, "0.01")[0] == "AccountHealthy"


# --- Effects (Q5)


@pytest.mark.parametrize(("size", "sign"), [("10", 1), ("-10", -1)])
def test_liquidation_moves_position_and_penalty_by_hand(size: str, sign: int) -> None:
    scene = owing(size, "70", "1000")
    # Ten at 97.5 (long) or 102.5 (short): 70 less a loss of 25 is 45, below MM of 48.75 or 51.25.
    scene.publish("COPPER", "97.5" if sign > 0 else "102.5")
    mark = "97.5" if sign > 0 else "102.5"
    # Five closed: amount 487.5 or 512.5, penalty 2 %, half each.
    part_wad = wad("4.875") if sign > 0 else wad("5.125")
    before = scene.state
    events = liquidate(scene, "5")
    assert events == (("Liquidated", TRADER, LIQUIDATOR, COPPER, wad("5"), wad(mark), part_wad, part_wad),)
    trader, liquidator = scene.account(TRADER), scene.account(LIQUIDATOR)
    assert trader.sizes_wad == liquidator.sizes_wad == (sign * wad("5"), 0)
    assert trader.quotes_wad == liquidator.quotes_wad == (-sign * wad("5") * wad(mark) // WAD, 0)
    assert trader.cash_wad == wad("45") - 2 * part_wad
    assert liquidator.cash_wad == wad("1000") + part_wad
    assert scene.state.insurance_wad == part_wad
    assert scene.state.fees_wad == before.fees_wad
    assert scene.state.open_interest_wad == before.open_interest_wad


def test_liquidator_that_held_the_other_side_closes_open_interest() -> None:
    scene = owing("10", "40", "1000")
    scene.fund(BYSTANDER, "1000")
    scene.trade(COPPER, BYSTANDER, LIQUIDATOR, "5", "100")
    assert scene.state.open_interest_wad[COPPER] == wad("15")
    liquidate(scene, "5")
    assert scene.account(LIQUIDATOR).sizes_wad[COPPER] == 0
    assert scene.account(LIQUIDATOR).quotes_wad[COPPER] == 0
    assert scene.state.open_interest_wad[COPPER] == wad("10")


@pytest.mark.parametrize(
    ("amount", "share_wad", "liquidator_part", "insurance_part"),
    [
        # A penalty of 2 %: 0.02, 1, 1.02 and 3 wad, rounded up; the liquidator's part of it down.
        (1, wad("0.5"), 0, 1),
        (50, wad("0.5"), 0, 1),
        (51, wad("0.5"), 1, 1),
        (150, wad("0.5"), 1, 2),
        (150, 0, 0, 3),
        (150, WAD, 3, 0),
        (150, WAD - 1, 2, 1),
    ],
)
def test_penalty_rounds_up_and_the_liquidators_part_down(
    amount: int, share_wad: int, liquidator_part: int, insurance_part: int
) -> None:
    parameters = LiquidationParameters(share_wad, WAD, 0)
    assert penalty(parameters, COPPER_MARKET, amount, 10**6) == (liquidator_part, insurance_part)


@pytest.mark.parametrize(
    ("equity_wad", "insurance_part_wad"),
    [
        (wad("20"), wad("10")),
        (wad("20") - 1, wad("10") - 1),
        (wad("10") + 1, 1),
        (wad("10"), 0),
        (wad("10") - 1, 0),
        (0, 0),
        (-wad("5"), 0),
    ],
)
def test_insurance_takes_no_more_than_the_equity_that_the_liquidator_leaves(
    equity_wad: int, insurance_part_wad: int
) -> None:
    # Ten at 100 closed whole: penalty 20, half to the liquidator whatever the account has.
    scene = owing("10", "1")
    scene.set_cash(TRADER, equity_wad)
    # A unit of silver at one cent counts nothing, and keeps what is owed from being written off.
    scene.publish("SILVER", "0.01")
    scene.do("deposit", TRADER, TRADER, SILVER, 1)
    events = liquidate(scene, "10")
    assert events[0][-2:] == (wad("10"), insurance_part_wad)
    assert scene.account(TRADER).cash_wad == equity_wad - wad("10") - insurance_part_wad
    assert scene.state.insurance_wad == insurance_part_wad


def test_insurances_part_repays_recorded_bad_debt_first() -> None:
    scene = owing("10", "20")
    # Somebody's shortfall of 4, recorded earlier: it stands on the stranger's cash here.
    stranger = scene.account(STRANGER)
    scene.state = scene.state._replace(
        bad_debt_wad=wad("4"),
        accounts={**scene.state.accounts, STRANGER: stranger._replace(cash_wad=stranger.cash_wad + wad("4"))},
    )
    liquidate(scene, "10")
    assert (scene.state.bad_debt_wad, scene.state.insurance_wad) == (0, wad("6"))


def test_liquidation_settles_what_the_price_has_moved_for_both_sides() -> None:
    scene = owing("10", "100", "2000")
    scene.trade(COPPER, LIQUIDATOR, COUNTERPARTY, "10", "100")
    scene.publish("COPPER", "94")
    # The trader: 100 - 60 = 40 of MM 47; the liquidator: 1999 - 60, and half of 9.4.
    liquidate(scene, "5")
    assert scene.account(TRADER).cash_wad == wad("40") - wad("9.4")
    assert scene.account(LIQUIDATOR).cash_wad == wad("1939") + wad("4.7")
    assert scene.account(LIQUIDATOR).quotes_wad[COPPER] == -wad("15") * 94


@given(CHOICES)
@drawn(300)
def test_liquidation_costs_the_account_its_penalty_and_no_more_and_earns_the_liquidator_its_part(
    choices: Choices,
) -> None:
    scene = traded(choices)
    aim(choices, scene)
    number = held_market(choices, scene)
    market, size_wad = scene.state.parameters.markets[number], scene.account(TRADER).sizes_wad[number]
    if size_wad == 0:
        return
    state = rich(scene.state, LIQUIDATOR)
    _, before = health(state, state.accounts[TRADER])
    lots = choices.randint(1, abs(size_wad) // market.lot_wad)
    closed_wad = lots * market.lot_wad
    after, outcome = apply(state, "liquidate", LIQUIDATOR, (LIQUIDATOR, TRADER, number, closed_wad))
    event(str(outcome.error))
    if outcome.error is not None:
        return
    total_wad = div_ceil(closed_wad * scene.mark(number) // WAD * market.limits.liquidation_penalty_rate_wad, WAD)
    events = [one for one in outcome.events if one[0] != "FundingAccrued"]
    liquidator_part_wad, insurance_part_wad = events[0][-2:]
    assert isinstance(liquidator_part_wad, int)
    assert isinstance(insurance_part_wad, int)
    assert 0 <= liquidator_part_wad + insurance_part_wad <= total_wad
    status, risk = health(after, after.accounts[TRADER])
    assert status == FRESH
    if len(events) == 1:
        assert risk.equity_wad == before.equity_wad - liquidator_part_wad - insurance_part_wad
        assert before.equity_wad < liquidator_part_wad or risk.equity_wad >= 0
    else:
        assert risk.equity_wad == 0
        # Only the liquidator's part can exceed what the account had.
        assert insurance_part_wad == 0
        assert events[1][:3] == ("BadDebtRecorded", TRADER, liquidator_part_wad - before.equity_wad)
    gained_wad = health(after, after.accounts[LIQUIDATOR]).risk.equity_wad - 10**50
    assert gained_wad == liquidator_part_wad
    assert abs(after.accounts[TRADER].sizes_wad[number]) == abs(size_wad) - closed_wad


def test_bracket_of_the_liquidated_position_does_not_change_its_penalty() -> None:
    scene = owing("10", "40")
    scene.set_market(COPPER, brackets=(Bracket(0, wad("0.1"), wad("0.05")), Bracket(1, wad("0.5"), wad("0.25"))))
    assert liquidate(scene, "5")[0][-2:] == (wad("5"), wad("5"))
