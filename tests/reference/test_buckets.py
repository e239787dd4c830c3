"""Isolated margin (section 9): each rule by hand, and what holds of every account however it is set apart."""

from __future__ import annotations

import pytest
from hypothesis import event, given

from reference import boundaries
from reference.machine import apply
from reference.margin import NO_RISK, Health, Risk, exact_risk, health, health_of
from reference.parts import bucket_of, cross_of, is_unencumbered
from reference.prices import FRESH, STALE
from reference.state import Bucket, margin_of, part_behind, parts_of
from tests.reference.drawn import CHOICES, Choices, aim, held_market, traded
from tests.reference.support import (
    COPPER,
    COUNTERPARTY,
    GOLD,
    LIQUIDATOR,
    MATCHER,
    STRANGER,
    TIN,
    TRADER,
    UNKNOWN,
    USD,
    Scene,
    drawn,
    exact,
    rich,
    usd,
    wad,
)

COPPER_BUCKET, TIN_BUCKET = Bucket(TRADER, COPPER), Bucket(TRADER, TIN)


def both_markets() -> Scene:
    """The trader has 999 in cash and is long 10 copper from 100 (IM 100) and 50 tin from 10 (IM 100)."""
    scene = Scene()
    scene.fund(TRADER, "1000")
    scene.fund(COUNTERPARTY, "10000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    scene.trade(TIN, TRADER, COUNTERPARTY, "50", "10")
    return scene


def isolated(margin: str = "150") -> Scene:
    """The same with copper isolated."""
    scene = both_markets()
    scene.do("isolate", TRADER, TRADER, COPPER, wad(margin))
    return scene


# --- What is valued (B1)


def test_position_and_margin_are_valued_apart_from_the_rest() -> None:
    scene = isolated()
    assert health_of(scene.state, COPPER_BUCKET) == Health(FRESH, Risk(wad("150"), wad("100"), wad("50")))
    assert health_of(scene.state, TRADER) == Health(FRESH, Risk(wad("849"), wad("100"), wad("50")))
    scene.publish("COPPER", "90")
    scene.publish("TIN", "12")
    # 10 copper at 90 need 90 and 45.
    assert health_of(scene.state, COPPER_BUCKET).risk == Risk(wad("50"), wad("90"), wad("45"))
    assert health_of(scene.state, TRADER).risk == Risk(wad("949"), wad("120"), wad("60"))


def test_market_that_is_not_isolated_has_a_bucket_of_nothing() -> None:
    scene = isolated()
    assert health_of(scene.state, TIN_BUCKET) == Health(FRESH, NO_RISK)
    assert parts_of(TRADER, scene.account(TRADER)) == (TRADER, COPPER_BUCKET)
    assert part_behind(scene.state, TRADER, COPPER) == COPPER_BUCKET
    assert part_behind(scene.state, TRADER, TIN) == TRADER


def test_each_needs_its_own_prices_alone() -> None:
    scene = isolated()
    scene.wait(121)
    scene.publish("TIN", "10")
    assert health_of(scene.state, TRADER).status == FRESH
    scene.wait(3_600)
    assert health_of(scene.state, COPPER_BUCKET).status == STALE
    scene.publish("COPPER", "100")
    assert health_of(scene.state, COPPER_BUCKET).status == FRESH
    assert health_of(scene.state, TRADER).status == STALE


def test_bucket_without_a_position_needs_no_price() -> None:
    scene = Scene()
    scene.fund(TRADER, "100")
    scene.wait(100_000)
    events = scene.do("isolate", TRADER, TRADER, COPPER, wad("60"))
    assert events == (("Isolated", TRADER, COPPER, wad("60")),)
    assert health_of(scene.state, COPPER_BUCKET) == Health(FRESH, Risk(wad("60"), 0, 0))
    assert scene.do("move_margin", TRADER, TRADER, COPPER, -wad("10")) == (("MarginMoved", TRADER, COPPER, -wad("10")),)
    assert scene.do("join", TRADER, TRADER, COPPER) == (("Joined", TRADER, COPPER, wad("50")),)
    assert scene.account(TRADER).cash_wad == wad("100")
    assert scene.account(TRADER).isolated == ()


# --- Isolate (B2)


def test_isolating_leaves_both_sides_with_their_initial_margin_or_is_refused() -> None:
    scene = both_markets()
    # A wad less than copper's initial margin, and a wad more than what tin can spare.
    assert scene.refused("isolate", TRADER, TRADER, COPPER, wad("100") - 1) == (
        "InsufficientMargin",
        *(TRADER, wad("100") - 1, wad("100")),
    )
    assert scene.refused("isolate", TRADER, TRADER, COPPER, wad("899") + 1) == (
        "InsufficientMargin",
        *(TRADER, wad("100") - 1, wad("100")),
    )
    assert boundaries.least_isolation_wad(scene.state, TRADER, COPPER) == wad("100")
    assert boundaries.largest_isolation_wad(scene.state, TRADER, COPPER) == wad("899")
    for amount in ("100", "899"):
        again = both_markets()
        again.do("isolate", TRADER, TRADER, COPPER, wad(amount))
        assert margin_of(again.account(TRADER), COPPER) == wad(amount)


def test_isolating_has_its_tests_in_order() -> None:
    scene = isolated()
    assert scene.refused("isolate", STRANGER, TRADER, UNKNOWN, 0) == ("Unauthorized", STRANGER, TRADER)
    assert scene.refused("isolate", TRADER, TRADER, UNKNOWN, 0) == ("UnknownMarket", UNKNOWN)
    assert scene.refused("isolate", TRADER, TRADER, COPPER, 10**40) == ("AlreadyIsolated", TRADER, COPPER)
    assert scene.refused("isolate", TRADER, TRADER, TIN, wad("849") + 1) == ("InsufficientCash", TRADER, wad("849"))
    assert scene.do("isolate", MATCHER, TRADER, TIN, wad("849")) == (("Isolated", TRADER, TIN, wad("849")),)


def test_nothing_can_be_set_apart_from_a_debt_but_nothing() -> None:
    scene = Scene()
    scene.do("deposit", TRADER, TRADER, GOLD, exact("5", 8))
    scene.set_cash(TRADER, -wad("10"))
    assert scene.refused("isolate", TRADER, TRADER, COPPER, 1) == ("InsufficientCash", TRADER, -wad("10"))
    assert scene.do("isolate", TRADER, TRADER, COPPER, 0) == (("Isolated", TRADER, COPPER, 0),)


# --- Join, and moving margin (B3, B4)


def test_joining_brings_position_and_margin_back_if_the_whole_has_its_initial_margin() -> None:
    scene = isolated()
    equity = scene.risk(TRADER).equity_wad + health_of(scene.state, COPPER_BUCKET).risk.equity_wad
    assert scene.refused("join", STRANGER, TRADER, COPPER) == ("Unauthorized", STRANGER, TRADER)
    assert scene.refused("join", TRADER, TRADER, UNKNOWN) == ("UnknownMarket", UNKNOWN)
    assert scene.refused("join", TRADER, TRADER, TIN) == ("NotIsolated", TRADER, TIN)
    scene.do("join", TRADER, TRADER, COPPER)
    assert scene.risk(TRADER) == Risk(equity, wad("200"), wad("100"))


def test_joining_a_loss_that_the_rest_cannot_carry_is_refused() -> None:
    scene = isolated()
    scene.do("withdraw", TRADER, TRADER, USD, usd("740"))
    scene.publish("COPPER", "86")
    # 109 and 150 less 140; tin needs 100 and copper 86.
    refused = scene.refused("join", TRADER, TRADER, COPPER)
    assert refused == ("InsufficientMargin", TRADER, wad("119"), wad("186"))


def test_margin_moves_as_far_as_what_gives_can_spare() -> None:
    scene = isolated()
    assert boundaries.largest_margin_in_wad(scene.state, TRADER, COPPER) == wad("749")
    assert boundaries.largest_margin_out_wad(scene.state, TRADER, COPPER) == wad("50")
    for amount_wad in (wad("749") + 1, -wad("50") - 1):
        assert scene.refused("move_margin", TRADER, TRADER, COPPER, amount_wad)[0] == "InsufficientMargin"
    assert scene.refused("move_margin", TRADER, TRADER, COPPER, wad("849") + 1) == (
        "InsufficientCash",
        *(TRADER, wad("849")),
    )
    for amount_wad in (-wad("150") - 1, -(2**255)):
        assert scene.refused("move_margin", TRADER, TRADER, COPPER, amount_wad) == (
            "InsufficientCash",
            *(TRADER, wad("150")),
        )
    assert scene.refused("move_margin", TRADER, TRADER, COPPER, 0) == ("ZeroAmount",)
    assert scene.refused("move_margin", TRADER, TRADER, TIN, 0) == ("NotIsolated", TRADER, TIN)
    scene.do("move_margin", TRADER, TRADER, COPPER, wad("749"))
    assert scene.account(TRADER).cash_wad == wad("100")
    scene.do("move_margin", TRADER, TRADER, COPPER, -wad("799"))
    assert margin_of(scene.account(TRADER), COPPER) == wad("100")


def test_whoever_gives_is_tested_and_nobody_else() -> None:
    scene = isolated()
    scene.publish("COPPER", "80")
    # The bucket is far below its margin and gets some all the same; the account is below its own and may take.
    scene.do("move_margin", TRADER, TRADER, COPPER, wad("1"))
    scene = isolated()
    scene.publish("TIN", "1")
    assert scene.risk(TRADER).equity_wad > 0
    scene.do("move_margin", TRADER, TRADER, COPPER, -wad("1"))


# --- In an isolated market (B5)


def test_trades_and_settlements_move_the_margin_and_not_the_cash() -> None:
    scene = isolated()
    cash_wad = scene.account(TRADER).cash_wad
    scene.trade(COPPER, TRADER, COUNTERPARTY, "1", "100.5")
    # A fee of 0.1005, and half a quote too much.
    assert margin_of(scene.account(TRADER), COPPER) == wad("149.3995")
    scene.publish("COPPER", "101")
    scene.do("settle", TRADER, TRADER, COPPER)
    assert margin_of(scene.account(TRADER), COPPER) == wad("160.3995")
    assert scene.account(TRADER).cash_wad == cash_wad


def test_trades_in_an_isolated_market_are_tested_with_the_bucket_alone() -> None:
    scene = isolated("100")
    # The cash of 899 does not help.
    refused = scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "0.01", "100")
    assert refused == ("InsufficientMargin", TRADER, wad("99.999"), wad("100.1"))
    assert boundaries.largest_trade_wad(scene.state, TRADER, COPPER, 1, wad("100")) is None
    scene.do("move_margin", TRADER, TRADER, COPPER, wad("101"))
    # 10 more copper need 100 more and cost a fee of 1.
    assert boundaries.largest_trade_wad(scene.state, TRADER, COPPER, 1, wad("100")) == wad("10")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")


def test_cross_trades_do_not_count_on_buckets() -> None:
    scene = isolated("899")
    assert scene.refused_trade(TIN, TRADER, COUNTERPARTY, "1", "10")[0] == "InsufficientMargin"


# --- Without a position (B6)


def test_bucket_stays_when_its_position_is_closed_and_two_fills_do_what_one_does() -> None:
    turned, closed = isolated("500"), isolated("500")
    turned.trade(COPPER, COUNTERPARTY, TRADER, "15", "100")
    assert len(closed.trade(COPPER, COUNTERPARTY, TRADER, "10", "100")) == 1
    assert margin_of(closed.account(TRADER), COPPER) == wad("499")
    closed.trade(COPPER, COUNTERPARTY, TRADER, "5", "100")
    assert closed.account(TRADER) == turned.account(TRADER)


def test_empty_bucket_is_joined_whatever_the_account_is_in() -> None:
    scene = isolated("500")
    scene.trade(COPPER, COUNTERPARTY, TRADER, "10", "100")
    # What the account holds in tin has lost its price, and cannot be valued.
    scene.wait(100_000)
    assert scene.refused("withdraw", TRADER, TRADER, 0, 1)[0] == "PriceStale"
    cash_wad = scene.account(TRADER).cash_wad
    assert scene.do("join", TRADER, TRADER, COPPER) == (("Joined", TRADER, COPPER, wad("499")),)
    assert scene.account(TRADER).cash_wad == cash_wad + wad("499")
    assert scene.account(TRADER).isolated == ()


def test_bucket_goes_on_where_a_position_turns_round() -> None:
    scene = isolated("500")
    assert len(scene.trade(COPPER, COUNTERPARTY, TRADER, "15", "100")) == 1
    assert margin_of(scene.account(TRADER), COPPER) == wad("498.5")


def test_closing_what_is_insolvent_is_left_to_liquidators() -> None:
    scene = isolated()
    scene.publish("COPPER", "84")
    refused = scene.refused_trade(COPPER, COUNTERPARTY, TRADER, "10", "84")
    assert refused == ("InsufficientMargin", TRADER, -wad("10.84"), 0)


def test_bucket_is_liquidated_by_its_own_health_and_the_account_is_not() -> None:
    scene = isolated()
    scene.fund(LIQUIDATOR, "10000")
    refused = scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("1"))
    assert refused == ("AccountHealthy", TRADER, wad("150"), wad("50"))
    scene.publish("COPPER", "89")
    # 150 - 110 = 40 of the 44.5 that 10 at 89 need: half may be closed.
    assert scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, TIN, wad("1"))[0] == "AccountHealthy"
    assert scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("5.01")) == (
        "CloseTooLarge",
        wad("5"),
    )
    cash_wad = scene.account(TRADER).cash_wad
    scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("5"))
    # 2 % of 445.
    assert margin_of(scene.account(TRADER), COPPER) == wad("40") - wad("8.9")
    assert scene.account(TRADER).cash_wad == cash_wad


def test_loss_beyond_a_bucket_is_bad_debt_and_leaves_the_account_alone() -> None:
    scene = isolated()
    scene.fund(LIQUIDATOR, "10000")
    scene.do("fund_insurance", STRANGER, usd("5"))
    scene.publish("COPPER", "80")
    cash_wad = scene.account(TRADER).cash_wad
    events = scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("10"))
    # 150 - 200, and the liquidator's half of 2 % of 800.
    assert events[1:] == (("BadDebtRecorded", TRADER, wad("58"), wad("5")),)
    assert scene.account(TRADER).cash_wad == cash_wad
    assert margin_of(scene.account(TRADER), COPPER) == 0
    assert (scene.state.insurance_wad, scene.state.bad_debt_wad) == (0, wad("53"))


def test_insolvent_account_does_not_take_its_buckets_along() -> None:
    scene = isolated("800")
    scene.fund(LIQUIDATOR, "10000")
    scene.publish("TIN", "1")
    # The account owes 250; its bucket has 800.
    events = scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, TIN, wad("50"))
    assert events[-1][:2] == ("BadDebtRecorded", TRADER)
    assert scene.account(TRADER).cash_wad == 0
    assert margin_of(scene.account(TRADER), COPPER) == wad("800")


def test_liquidator_with_a_bucket_is_paid_into_it_and_tested_with_it() -> None:
    scene = isolated()
    scene.fund(LIQUIDATOR, "1000")
    scene.do("isolate", LIQUIDATOR, LIQUIDATOR, COPPER, wad("40"))
    scene.publish("COPPER", "89")
    # Half of the penalty of 8.9 is its own; 5 copper at 89 need 44.5.
    refused = scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("5"))
    assert refused == ("InsufficientMargin", LIQUIDATOR, wad("44.45"), wad("44.5"))
    scene.do("move_margin", LIQUIDATOR, LIQUIDATOR, COPPER, wad("1"))
    scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("5"))
    assert margin_of(scene.account(LIQUIDATOR), COPPER) == wad("45.45")
    assert scene.account(LIQUIDATOR).cash_wad == wad("959")


# --- However an account is set apart


@drawn(250)
@given(CHOICES)
def test_sums_of_parts_are_the_sums_of_the_whole(choices: Choices) -> None:
    scene = traded(choices)
    number = held_market(choices, scene)
    whole = scene.account(TRADER)
    status, risk = health(scene.state, whole)
    margin_wad = choices.randint(-(10**20), 10**20)
    apart = whole._replace(cash_wad=whole.cash_wad - margin_wad, isolated=((number, margin_wad),))
    parts = [cross_of(apart), bucket_of(apart, number)]
    assert cross_of(cross_of(apart)) == cross_of(apart)
    healths = [health(scene.state, part) for part in parts]
    assert health(scene.state, apart) == healths[0]
    assert [one.status for one in healths] == [FRESH, FRESH]
    assert status == FRESH
    assert tuple(sum(values) for values in zip(*(one.risk for one in healths), strict=True)) == risk
    exact_parts = [exact_risk(scene.state, part) for part in parts]
    assert tuple(sum(values) for values in zip(*exact_parts, strict=True)) == exact_risk(scene.state, whole)


@drawn(250)
@given(CHOICES)
def test_amounts_at_the_boundaries_pass_and_one_wad_more_does_not(choices: Choices) -> None:
    scene = traded(choices)
    aim(choices, scene)
    number = held_market(choices, scene)
    state = scene.state
    least = boundaries.least_isolation_wad(state, TRADER, number) or 0
    most = boundaries.largest_isolation_wad(state, TRADER, number)
    event(f"can be isolated: {most is not None and least <= most}")
    if most is not None and least <= most:
        for amount_wad, passes in ((least, True), (most, True), (least - 1, False), (most + 1, False)):
            if amount_wad >= 0:
                after, outcome = apply(state, "isolate", TRADER, (TRADER, number, amount_wad))
                if passes:
                    assert outcome.error is None
                    state_then = after
                else:
                    assert outcome.error in ("InsufficientMargin", "InsufficientCash")
        for most_wad, sign in (
            (boundaries.largest_margin_in_wad(state_then, TRADER, number), 1),
            (boundaries.largest_margin_out_wad(state_then, TRADER, number), -1),
        ):
            _, outcome = apply(state_then, "move_margin", TRADER, (TRADER, number, sign * ((most_wad or 0) + 1)))
            assert outcome.error in ("InsufficientMargin", "InsufficientCash")
            if most_wad:
                _, outcome = apply(state_then, "move_margin", TRADER, (TRADER, number, sign * most_wad))
                assert outcome.error is None


@drawn(200)
@given(CHOICES)
def test_liquidation_price_of_an_isolated_position_is_its_buckets(choices: Choices) -> None:
    scene = traded(choices)
    number = held_market(choices, scene)
    account = scene.account(TRADER)
    margin_wad = choices.randint(0, max(1, abs(account.cash_wad)))
    apart = account._replace(cash_wad=account.cash_wad - margin_wad, isolated=((number, margin_wad),))
    alone = bucket_of(apart, number)
    state = scene.state._replace(accounts={**scene.state.accounts, TRADER: apart, STRANGER: alone})
    assert boundaries.liquidation_price_wad(state, TRADER, number) == boundaries.liquidation_price_wad(
        state, STRANGER, number
    )
    assert is_unencumbered(alone) == (account.sizes_wad[number] == 0)
    assert rich(state, TRADER).accounts[TRADER].isolated == ()


@pytest.mark.parametrize("kind", ["isolate", "join", "move_margin"])
def test_a_bucket_changes_nothing_of_anybody_else(kind: str) -> None:
    scene = isolated()
    arguments = {"isolate": (TIN, wad("200")), "join": (COPPER,), "move_margin": (COPPER, wad("7"))}[kind]
    before = scene.state
    scene.do(kind, TRADER, TRADER, *arguments)
    for name, account in before.accounts.items():
        assert name == TRADER or scene.account(name) == account
    assert (scene.state.open_interest_wad, scene.state.funding) == (before.open_interest_wad, before.funding)
