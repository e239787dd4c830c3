"""Matched trades (section 7): the order of tests, the band, the limit, the effects, and what a reduction is allowed."""

from __future__ import annotations

import pytest
from hypothesis import event, given

from reference.machine import apply
from reference.margin import Risk
from reference.parameters import Bracket
from reference.rounding import WAD
from reference.state import REVERTS
from reference.trading import is_reduction
from tests.reference.drawn import CHOICES, Choices, aim, held_market, secured_trade, traded
from tests.reference.support import (
    BYSTANDER,
    COPPER,
    COUNTERPARTY,
    GOLD,
    MATCHER,
    RISK_MANAGER,
    STRANGER,
    TIN,
    TRADER,
    Scene,
    drawn,
    gold,
    wad,
)

UNKNOWN = 99


def funded(cash: str = "100000") -> Scene:
    """Trader and counterparty with the same cash."""
    scene = Scene()
    for name in (TRADER, COUNTERPARTY):
        scene.fund(name, cash)
    return scene


def held(size: str, cash: str, market: int = COPPER, price: str = "100") -> Scene:
    """The trader holds a size (sold with a minus) from the mark, and exactly so much cash."""
    scene = funded("1000000")
    sides = (COUNTERPARTY, TRADER) if size.startswith("-") else (TRADER, COUNTERPARTY)
    scene.trade(market, *sides, size.removeprefix("-"), price)
    scene.set_cash(TRADER, wad(cash))
    return scene


# --- The order of tests (T2)


def test_trade_tests_market_parties_size_and_price_in_this_order_before_any_feed() -> None:
    scene = funded("0.000001")
    scene.do("set_feed_mode", STRANGER, "COPPER", REVERTS)
    half_lot, half_tick = wad("0.005"), wad("0.05")
    trade = ("trade", MATCHER)
    assert scene.refused(*trade, UNKNOWN, TRADER, TRADER, 0, 0) == ("UnknownMarket", UNKNOWN)
    assert scene.refused(*trade, COPPER, TRADER, TRADER, 0, 0) == ("SelfTrade", TRADER)
    for size_wad in (0, 1, half_lot, wad("1") + 1):
        assert scene.refused(*trade, COPPER, TRADER, COUNTERPARTY, size_wad, 0) == ("InvalidSize", size_wad)
    for price_wad in (0, 1, half_tick, wad("100") + 1):
        refused = scene.refused(*trade, COPPER, TRADER, COUNTERPARTY, wad("5000"), price_wad)
        assert refused == ("InvalidPrice", price_wad)
    refused = scene.refused(*trade, COPPER, TRADER, COUNTERPARTY, wad("5000"), wad("500"))
    assert refused == ("FeedUnavailable", "COPPER")


def test_trade_tests_the_band_then_the_limits_then_the_margins_buyer_before_seller() -> None:
    scene = funded("0.000001")
    # 1000 is the limit: 1001 break it for both, and neither could carry a single lot.
    assert scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "1001", "101.1")[0] == "PriceOutsideBand"
    refused = scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "1001", "100")
    assert refused == ("PositionLimitExceeded", TRADER, wad("1001"))
    refused = scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "1001", "100")
    assert refused == ("PositionLimitExceeded", COUNTERPARTY, wad("1001"))
    assert scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "1000", "100")[:2] == ("InsufficientMargin", TRADER)
    assert scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "1000", "100")[:2] == ("InsufficientMargin", COUNTERPARTY)


def test_sellers_limit_is_tested_before_the_buyers_margin() -> None:
    scene = held("-1000", "100000")
    scene.set_cash(COUNTERPARTY, 0)
    # The counterparty comes from 1000 to 999.99 and has no margin for it; the trader would go to 1000.01.
    refused = scene.refused_trade(COPPER, BYSTANDER, TRADER, "0.01", "100")
    assert refused == ("PositionLimitExceeded", TRADER, wad("1000.01"))


def test_sellers_margin_is_tested_after_the_buyers() -> None:
    scene = funded("10")
    scene.fund(TRADER, "1000")
    refused = scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "1", "100")
    assert refused == ("InsufficientMargin", COUNTERPARTY, wad("9.9"), wad("10"))


@pytest.mark.parametrize(
    ("answer", "age_s", "refused"),
    [
        (10**8 // 1000, 0, ("PriceOutOfBounds", "COPPER", 10**8 // 1000)),
        (-1, 0, ("PriceOutOfBounds", "COPPER", -1)),
        (100 * 10**8, 601, ("PriceStale", "COPPER", 1_000_000 - 601)),
        (100 * 10**8, None, ("PriceStale", "COPPER", 0)),
        (100 * 10**8, -1, ("PriceStale", "COPPER", 1_000_001)),
    ],
)
def test_trade_without_a_usable_mark_is_refused(answer: int, age_s: int | None, refused: tuple[object, ...]) -> None:
    scene = funded()
    scene.do("publish", STRANGER, "COPPER", answer, age_s)
    assert scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "1", "100") == refused


# --- The band (T3)


@pytest.mark.parametrize(("price", "inside"), [("99", True), ("101", True), ("98.9", False), ("101.1", False)])
def test_price_at_the_edge_of_the_band_is_accepted_and_a_tick_further_is_refused(price: str, inside: bool) -> None:
    scene = funded()
    if inside:
        scene.trade(COPPER, TRADER, COUNTERPARTY, "1", price)
    else:
        refused = scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "1", price)
        assert refused == ("PriceOutsideBand", wad(price), wad("100"))


def test_band_of_no_width_admits_the_mark_alone() -> None:
    scene = funded()
    scene.set_limits(COPPER, price_band_rate_wad=0)
    scene.trade(COPPER, TRADER, COUNTERPARTY, "1", "100")
    assert scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "1", "100.1")[0] == "PriceOutsideBand"


# --- The position limit (T4)


def test_position_reaches_its_limit_exactly_and_one_lot_more_is_refused() -> None:
    scene = funded("1000000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "1000", "100")
    refused = scene.refused_trade(COPPER, TRADER, BYSTANDER, "0.01", "100")
    assert refused == ("PositionLimitExceeded", TRADER, wad("1000.01"))


def test_position_above_a_lowered_limit_may_shrink_though_it_stays_above() -> None:
    scene = funded("1000000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "1000", "100")
    scene.do("set_market_limits", RISK_MANAGER, COPPER, wad("0.01"), wad("0.001"), wad("0.02"), wad("10"))
    scene.trade(COPPER, COUNTERPARTY, TRADER, "1", "100")
    refused = scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "0.01", "100")
    assert refused == ("PositionLimitExceeded", TRADER, wad("999.01"))


# --- Effects (T5)


def test_trade_off_the_mark_settles_both_sides_at_once_by_hand() -> None:
    scene = funded("1000")
    events = scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    # 1005 change hands, each side pays 1.005; the buyer paid 5 too much, which is the seller's cash at once.
    assert events == (("Traded", COPPER, TRADER, COUNTERPARTY, wad("10"), wad("100.5"), wad("1.005")),)
    assert scene.account(TRADER).cash_wad == wad("993.995")
    assert scene.account(COUNTERPARTY).cash_wad == wad("1003.995")
    assert scene.account(TRADER).sizes_wad == (wad("10"), 0)
    assert scene.account(TRADER).quotes_wad == (-wad("1000"), 0)
    assert scene.account(COUNTERPARTY).quotes_wad == (wad("1000"), 0)
    assert scene.state.fees_wad == wad("2.01")
    assert scene.state.open_interest_wad == (wad("10"), 0)


def test_trade_settles_what_the_price_has_moved_since_the_last_one() -> None:
    scene = funded("1000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    scene.publish("COPPER", "110")
    scene.fund(BYSTANDER, "10")
    scene.trade(COPPER, TRADER, BYSTANDER, "0.01", "110")
    # 1000 less fees 1 and 0.0011, plus 10 * 10.
    assert scene.account(TRADER).cash_wad == wad("1098.9989")
    assert scene.account(TRADER).quotes_wad[COPPER] == -wad("1101.1")
    # The counterparty is no party to this trade.
    assert scene.account(COUNTERPARTY).quotes_wad[COPPER] == wad("1000")


def test_closed_position_has_no_quote_left() -> None:
    scene = funded("1000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "99.5")
    scene.publish("COPPER", "103.3")
    scene.trade(COPPER, COUNTERPARTY, TRADER, "10", "103.9")
    for name in (TRADER, COUNTERPARTY):
        account = scene.account(name)
        assert (account.sizes_wad, account.quotes_wad) == ((0, 0), (0, 0))
    # Bought for 995, sold for 1039, fees 0.995 and 1.039.
    assert scene.account(TRADER).cash_wad == wad("1000") + wad("44") - wad("2.034")
    assert scene.state.open_interest_wad == (0, 0)


def test_fee_rounds_up_against_each_trader() -> None:
    scene = funded("1")
    scene.set_market(TIN, lot_wad=1, tick_wad=WAD)
    scene.set_limits(TIN, trading_fee_rate_wad=wad("0.001"))
    events = scene.do("trade", MATCHER, TIN, TRADER, COUNTERPARTY, 1, wad("10"))
    # 10 wad of quote cost 0.01 wad, which is one.
    assert events[0][-1] == 1
    assert scene.account(TRADER).cash_wad == scene.account(COUNTERPARTY).cash_wad == wad("1") - 1
    assert scene.state.fees_wad == 2
    events = scene.do("trade", MATCHER, TIN, TRADER, COUNTERPARTY, 100, wad("10"))
    assert events[0][-1] == 1
    events = scene.do("trade", MATCHER, TIN, TRADER, COUNTERPARTY, 101, wad("10"))
    assert events[0][-1] == 2


def test_open_interest_is_the_sum_of_longs_whoever_they_pass_to() -> None:
    scene = funded()
    scene.fund(BYSTANDER, "100000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    scene.trade(COPPER, BYSTANDER, TRADER, "4", "100")
    assert scene.state.open_interest_wad[COPPER] == wad("10")
    scene.trade(COPPER, BYSTANDER, TRADER, "10", "100")
    # Trader -4, bystander 14, counterparty -10.
    assert scene.state.open_interest_wad[COPPER] == wad("14")
    scene.trade(COPPER, COUNTERPARTY, BYSTANDER, "14", "100")
    # Trader -4, bystander 0, counterparty 4.
    assert scene.state.open_interest_wad[COPPER] == wad("4")


# --- The margin test (T6)


def test_trade_that_leaves_the_initial_margin_exactly_is_accepted_and_a_wad_less_is_refused() -> None:
    scene = funded()
    # 10 at 100: IM 100 and a fee of 1.
    scene.set_cash(TRADER, wad("101") - 1)
    refused = scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    assert refused == ("InsufficientMargin", TRADER, wad("100") - 1, wad("100"))
    scene.set_cash(TRADER, wad("101"))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")


def test_loss_of_a_bad_price_counts_against_the_initial_margin_at_once() -> None:
    scene = funded()
    # At 101 ten cost 1010: a loss of 10 and a fee of 1.01.
    scene.set_cash(TRADER, wad("111.01") - 1)
    refused = scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "10", "101")
    assert refused == ("InsufficientMargin", TRADER, wad("100") - 1, wad("100"))
    scene.set_cash(TRADER, wad("111.01"))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "101")


@pytest.mark.parametrize(
    ("before", "after", "reduces"),
    [
        (10, 9, True),
        (10, 0, True),
        (10, 10, False),
        (10, 11, False),
        (10, -1, False),
        (-10, -9, True),
        (-10, 0, True),
        (-10, -10, False),
        (-10, -11, False),
        (-10, 1, False),
        (0, 1, False),
        (0, -1, False),
    ],
)
def test_reduction_comes_nearer_to_zero_and_not_past_it(before: int, after: int, reduces: bool) -> None:
    assert is_reduction(before, after) is reduces


@pytest.mark.parametrize("size", ["10", "-10"])
def test_reduction_below_the_initial_margin_is_accepted_at_the_mark(size: str) -> None:
    # Equity 60, IM 100, MM 50. Half of it costs a fee of 0.5: 59.5 of 25 is a better ratio than 60 of 50.
    scene = held(size, "60")
    sides = (COUNTERPARTY, TRADER) if size == "10" else (TRADER, COUNTERPARTY)
    scene.trade(COPPER, *sides, "5", "100")
    assert scene.risk(TRADER) == Risk(wad("59.5"), wad("50"), wad("25"))


def test_trade_below_the_initial_margin_that_grows_or_turns_round_is_refused() -> None:
    scene = held("10", "60")
    assert scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "0.01", "100")[0] == "InsufficientMargin"
    # From 10 to -9: smaller, but past zero. It would need 90.
    refused = scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "19", "100")
    assert refused == ("InsufficientMargin", TRADER, wad("58.1"), wad("90"))


def test_reduction_that_keeps_the_ratio_exactly_is_accepted_and_a_wad_less_is_refused() -> None:
    # MM 50 to 49.5 for 0.1 sold (1 %), fee 0.01: equity may fall by 1 %, so 0.01 + loss = equity / 100.
    # Sold at 99.3 the loss is 0.07 and the fee 0.00993: the ratio is kept exactly by an equity of 7.993.
    scene = held("10", "7.993")
    scene.trade(COPPER, COUNTERPARTY, TRADER, "0.1", "99.3")
    assert scene.risk(TRADER) == Risk(wad("7.91307"), wad("99"), wad("49.5"))
    scene = held("10", "7.993")
    scene.set_cash(TRADER, wad("7.993") - 1)
    refused = scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "0.1", "99.3")
    assert refused == ("InsufficientMargin", TRADER, wad("7.91307") - 1, wad("99"))


def test_reduction_that_lowers_the_ratio_is_refused_even_far_above_the_maintenance_margin() -> None:
    # A fee of 5 % (no safe parameter, but the clause by itself): 10 sold cost 50 of 95 while MM halves.
    scene = held("20", "95")
    scene.set_limits(COPPER, trading_fee_rate_wad=wad("0.05"))
    assert scene.risk(TRADER) == Risk(wad("95"), wad("200"), wad("100"))
    refused = scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "10", "100")
    assert refused == ("InsufficientMargin", TRADER, wad("45"), wad("100"))
    scene.set_cash(TRADER, wad("100"))
    scene.trade(COPPER, COUNTERPARTY, TRADER, "10", "100")
    assert scene.risk(TRADER) == Risk(wad("50"), wad("100"), wad("50"))


def crossing(cash: str) -> Scene:
    """Ten copper, which need next to nothing, beside tin: a reduction of copper barely lowers MM."""
    scene = held("10", "100000")
    scene.set_market(COPPER, brackets=(Bracket(0, wad("0.1"), wad("0.0001")),))
    scene.trade(TIN, TRADER, COUNTERPARTY, "100", "10")
    scene.set_cash(TRADER, wad(cash))
    return scene


def test_reduction_that_carries_the_account_across_its_maintenance_margin_is_refused() -> None:
    # Copper needs 0.1 of 100.1 altogether, tin 100. Selling it all at 99 costs 10.99: from 105 to 94.01, below 100.
    scene = crossing("105")
    assert scene.risk(TRADER) == Risk(wad("105"), wad("300"), wad("100.1"))
    refused = scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "10", "99")
    assert refused == ("InsufficientMargin", TRADER, wad("94.01"), wad("200"))


def test_closing_whole_into_negative_equity_is_refused() -> None:
    # Equity is the maintenance margin, 0.9; closing costs a fee of 1.
    scene = held("10", "0.9")
    scene.set_market(COPPER, brackets=(Bracket(0, wad("0.1"), wad("0.0009")),))
    assert scene.risk(TRADER) == Risk(wad("0.9"), wad("100"), wad("0.9"))
    refused = scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "10", "100")
    assert refused == ("InsufficientMargin", TRADER, -wad("0.1"), 0)


def test_reduction_from_below_the_maintenance_margin_need_not_reach_it() -> None:
    # Equity 30 of MM 50; five sold leave 29.5 of 25, one sold 29.9 of 45.
    scene = held("10", "30")
    scene.trade(COPPER, COUNTERPARTY, TRADER, "1", "100")
    assert scene.risk(TRADER) == Risk(wad("29.9"), wad("90"), wad("45"))


def test_reduction_with_negative_equity_is_refused_at_the_mark_and_without_fee() -> None:
    # -1 of 100 becomes -1 of 50: a worse ratio.
    scene = held("100", "-1", TIN, "10")
    assert scene.refused_trade(TIN, COUNTERPARTY, TRADER, "50", "10") == (
        "InsufficientMargin",
        TRADER,
        -wad("1"),
        wad("100"),
    )
    assert scene.refused_trade(TIN, COUNTERPARTY, TRADER, "100", "10") == ("InsufficientMargin", TRADER, -wad("1"), 0)


def test_reduction_with_negative_equity_is_accepted_where_its_price_raises_equity_enough() -> None:
    # -1 of MM 100. Fifty sold must leave -0.5 of 50: each tick above the mark (0.01) wins 0.5.
    scene = held("100", "-1", TIN, "10")
    scene.trade(TIN, COUNTERPARTY, TRADER, "50", "10.01")
    assert scene.risk(TRADER) == Risk(-wad("0.5"), wad("100"), wad("50"))


def test_reduction_with_equity_of_zero_is_accepted_without_cost() -> None:
    scene = held("100", "0", TIN, "10")
    scene.trade(TIN, COUNTERPARTY, TRADER, "50", "10")
    scene.trade(TIN, COUNTERPARTY, TRADER, "50", "10")


def test_closing_the_last_position_needs_no_other_price_where_cash_is_left() -> None:
    scene = held("10", "60")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.do("set_feed_mode", STRANGER, "GOLD", REVERTS)
    assert scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "9.99", "100") == ("FeedUnavailable", "GOLD")
    scene.trade(COPPER, COUNTERPARTY, TRADER, "10", "100")


def test_closing_the_last_position_into_debt_is_tested_against_the_collateral() -> None:
    scene = held("10", "0.5")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.trade(COPPER, COUNTERPARTY, TRADER, "10", "100")
    assert scene.account(TRADER).cash_wad == -wad("0.5")
    assert scene.risk(TRADER) == Risk(wad("1599.5"), 0, 0)


@given(CHOICES)
@drawn(400)
def test_trade_is_accepted_exactly_where_the_margin_test_of_the_specification_holds(choices: Choices) -> None:
    """T6 once more, from the accounts before and after: the trade is forced through with the other's margin ample."""
    scene = traded(choices, most_trades=3)
    aim(choices, scene)
    number = held_market(choices, scene)
    market, mark_wad, before = scene.state.parameters.markets[number], scene.mark(number), scene.account(TRADER)
    held_wad = before.sizes_wad[number]
    if held_wad == 0:
        return
    scene.set_limits(number, position_limit_wad=10**60 // market.lot_wad * market.lot_wad)
    scene.set_cash(COUNTERPARTY, 10**50)
    size_wad = choices.randint(1, abs(held_wad) * 5 // 4 // market.lot_wad + 1) * market.lot_wad
    reach = market.limits.price_band_rate_wad * mark_wad // WAD // market.tick_wad
    price_wad = mark_wad + choices.between(-reach, reach) * market.tick_wad
    sides = (COUNTERPARTY, TRADER) if held_wad > 0 else (TRADER, COUNTERPARTY)
    arguments = (number, *sides, size_wad, price_wad)
    risk_before = scene.risk(TRADER)
    error = apply(scene.state, "trade", MATCHER, arguments)[1].error
    # The same trade by a trader who cannot fail, and then the cash back.
    lent_wad = 10**50
    scene.set_cash(TRADER, before.cash_wad + lent_wad)
    scene.do("trade", MATCHER, *arguments)
    scene.set_cash(TRADER, scene.account(TRADER).cash_wad - lent_wad)
    after, risk = scene.account(TRADER), scene.risk(TRADER)
    after_wad = after.sizes_wad[number]
    reduced = after_wad * held_wad >= 0 and abs(after_wad) < abs(held_wad)
    kept_ratio = risk.equity_wad * risk_before[2] >= risk_before.equity_wad * risk.maintenance_margin_wad
    kept_health = risk.equity_wad >= risk.maintenance_margin_wad or risk_before.equity_wad < risk_before[2]
    passes = risk.equity_wad >= risk.initial_margin_wad or (reduced and kept_ratio and kept_health)
    # What MM > 0 makes of T6: who keeps the ratio from a healthy account keeps its health, too.
    assert not kept_ratio or kept_health
    event(f"reduces: {reduced}, ratio kept: {kept_ratio}, health kept: {kept_health}, {error}")
    assert error == (None if passes else "InsufficientMargin")


@given(CHOICES)
@drawn(200)
def test_after_a_trade_both_positions_are_settled_at_the_mark(choices: Choices) -> None:
    scene = traded(choices, most_trades=2)
    number = choices.randrange(len(scene.state.parameters.markets))
    before = scene.state.fees_wad
    secured_trade(choices, scene, number)
    if scene.state.fees_wad == before:
        return
    mark_wad = scene.mark(number)
    for name in (TRADER, COUNTERPARTY):
        account = scene.account(name)
        net_wad = mark_wad - scene.state.due.per_unit_wad[number]
        assert account.quotes_wad[number] * WAD == -account.sizes_wad[number] * net_wad
