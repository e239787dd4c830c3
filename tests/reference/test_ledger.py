"""Money in and out (section 6), and who may move it (section 2): each rule, its order of tests and its edges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reference.machine import apply, apply_all
from reference.parameters import Collateral
from reference.state import REVERTS
from tests.reference.support import (
    BYSTANDER,
    COPPER,
    COUNTERPARTY,
    GOLD,
    LIQUIDATOR,
    MATCHER,
    RECIPIENT,
    RISK_MANAGER,
    SILVER,
    SMALL,
    STRANGER,
    TIN,
    TRADER,
    TREASURY,
    USD,
    Scene,
    assert_conserved,
    gold,
    usd,
    wad,
)

UNKNOWN = 99


def empty_wallet(scene: Scene, name: str) -> None:
    """Nothing is left outside the engine."""
    scene.state = scene.state._replace(wallets={**scene.state.wallets, name: (0, 0, 0)})


def ten_copper(side: str = "long") -> Scene:
    """The trader holds ten copper from 100, secured with 1000 less the fee of 1; IM is 100."""
    scene = Scene()
    scene.fund(TRADER, "1000")
    scene.fund(COUNTERPARTY, "100000")
    sides = (TRADER, COUNTERPARTY) if side == "long" else (COUNTERPARTY, TRADER)
    scene.trade(COPPER, *sides, "10", "100")
    return scene


# --- Rights (A2)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("deposit", (TRADER, UNKNOWN, 0)),
        ("withdraw", (TRADER, UNKNOWN, 0)),
        ("settle", (TRADER, UNKNOWN)),
        ("trade", (UNKNOWN, TRADER, TRADER, 0, 0)),
        ("liquidate", (TRADER, TRADER, UNKNOWN, 0)),
        ("seize", (TRADER, TRADER, UNKNOWN, 0)),
    ],
)
def test_stranger_is_refused_before_anything_else_is_looked_at(kind: str, arguments: tuple[object, ...]) -> None:
    assert Scene().refused(kind, STRANGER, *arguments) == ("Unauthorized", STRANGER, TRADER)


def test_right_is_asked_for_the_buyer_before_the_seller() -> None:
    scene = Scene()
    assert scene.refused("trade", STRANGER, COPPER, TRADER, COUNTERPARTY, 0, 0) == ("Unauthorized", STRANGER, TRADER)
    refused = scene.refused("trade", TRADER, COPPER, TRADER, COUNTERPARTY, 0, 0)
    assert refused == ("Unauthorized", TRADER, COUNTERPARTY)


def test_operator_acts_for_the_account_until_the_approval_ends_and_not_the_other_way_round() -> None:
    scene = Scene()
    approved = scene.do("set_operator", BYSTANDER, STRANGER, True)
    assert approved == (("OperatorSet", BYSTANDER, STRANGER, True),)
    scene.do("deposit", STRANGER, BYSTANDER, USD, usd("1"))
    assert scene.refused("deposit", BYSTANDER, STRANGER, USD, 1) == ("Unauthorized", BYSTANDER, STRANGER)
    ended = scene.do("set_operator", BYSTANDER, STRANGER, False)
    assert ended == (("OperatorSet", BYSTANDER, STRANGER, False),)
    assert scene.refused("withdraw", STRANGER, BYSTANDER, USD, 1) == ("Unauthorized", STRANGER, BYSTANDER)


def test_right_for_the_liquidated_account_is_not_needed_and_no_right_over_the_liquidator_is_given() -> None:
    scene = ten_copper()
    scene.set_cash(TRADER, wad("49"))
    scene.fund(LIQUIDATOR, "1000")
    refused = scene.refused("liquidate", TRADER, LIQUIDATOR, TRADER, COPPER, wad("1"))
    assert refused == ("Unauthorized", TRADER, LIQUIDATOR)
    scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("1"))


@pytest.mark.parametrize(
    ("kind", "arguments", "error"),
    [
        ("deposit", (TRADER, 3, 1), ("UnknownCollateral", 3)),
        ("withdraw", (TRADER, 3, 1), ("UnknownCollateral", 3)),
        ("seize", (LIQUIDATOR, TRADER, 3, 1), ("UnknownCollateral", 3)),
        ("settle", (TRADER, 2), ("UnknownMarket", 2)),
        ("trade", (2, TRADER, COUNTERPARTY, wad("1"), wad("10")), ("UnknownMarket", 2)),
        ("liquidate", (LIQUIDATOR, TRADER, 2, wad("1")), ("UnknownMarket", 2)),
    ],
)
def test_number_after_the_last_is_unknown(kind: str, arguments: tuple[object, ...], error: tuple[object, ...]) -> None:
    assert Scene().refused(kind, MATCHER, *arguments) == error


# --- Deposits (L1)


def test_deposit_tests_collateral_then_amount_then_cap_then_the_tokens() -> None:
    scene = Scene()
    cap_units = SMALL.collaterals[USD].deposit_cap_units
    assert scene.refused("deposit", TRADER, TRADER, UNKNOWN, 0) == ("UnknownCollateral", UNKNOWN)
    assert scene.refused("deposit", TRADER, TRADER, USD, 0) == ("ZeroAmount",)
    empty_wallet(scene, TRADER)
    assert scene.refused("deposit", TRADER, TRADER, USD, cap_units + 1) == ("DepositCapExceeded", USD, 0, cap_units)
    assert scene.refused("deposit", TRADER, TRADER, USD, cap_units) == ("TransferFromFailed",)


def test_deposit_reaches_the_cap_exactly_and_one_unit_more_is_refused() -> None:
    scene = Scene()
    cap_units = SMALL.collaterals[GOLD].deposit_cap_units
    scene.do("deposit", TRADER, TRADER, GOLD, cap_units - 1)
    assert scene.refused("deposit", BYSTANDER, BYSTANDER, GOLD, 2)[0] == "DepositCapExceeded"
    scene.do("deposit", BYSTANDER, BYSTANDER, GOLD, 1)
    refused = scene.refused("deposit", TRADER, TRADER, GOLD, 1)
    assert refused == ("DepositCapExceeded", GOLD, cap_units, cap_units)


def test_cap_below_what_is_deposited_stands_and_binds_growth_only() -> None:
    scene = Scene()
    scene.do("deposit", TRADER, TRADER, GOLD, gold("2"))
    scene.do("set_deposit_cap", RISK_MANAGER, GOLD, gold("1"))
    refused = scene.refused("deposit", TRADER, TRADER, GOLD, 1)
    assert refused == ("DepositCapExceeded", GOLD, gold("2"), gold("1"))
    scene.do("withdraw", TRADER, TRADER, GOLD, gold("1"))


def test_deposit_is_pulled_from_the_caller_to_the_last_unit_and_credited_to_the_account() -> None:
    scene = Scene()
    scene.state = scene.state._replace(wallets={**scene.state.wallets, MATCHER: (usd("5"), 0, 0)})
    assert scene.refused("deposit", MATCHER, TRADER, USD, usd("5") + 1) == ("TransferFromFailed",)
    events = scene.do("deposit", MATCHER, TRADER, USD, usd("5"))
    assert events == (("Deposited", TRADER, USD, usd("5")),)
    assert scene.state.wallets[MATCHER] == (0, 0, 0)
    assert scene.account(TRADER).cash_wad == wad("5")
    assert scene.account(MATCHER).cash_wad == 0
    assert scene.state.pool_units[USD] == usd("5")


def test_settlement_token_becomes_cash_and_any_other_becomes_units() -> None:
    scene = Scene()
    scene.do("deposit", TRADER, TRADER, USD, 1)
    scene.do("deposit", TRADER, TRADER, SILVER, 7)
    account = scene.account(TRADER)
    assert (account.cash_wad, account.units) == (10**12, (0, 0, 7))


@pytest.mark.parametrize("decimals", [0, 6, 18])
def test_whole_settlement_token_is_one_quote_whatever_its_decimals(decimals: int) -> None:
    settlement = Collateral("USD", decimals, 0, 0, 10**33, None)
    scene = Scene()
    parameters = replace(SMALL, collaterals=(settlement,))
    scene.state = scene.state._replace(parameters=parameters)
    after, outcome = apply(scene.state, "deposit", TRADER, (TRADER, USD, 10**decimals))
    assert outcome.error is None
    assert after.accounts[TRADER].cash_wad == wad("1")


def test_deposit_needs_no_price_even_into_an_account_in_trouble() -> None:
    scene = ten_copper()
    scene.set_cash(TRADER, -wad("500"))
    for source in scene.state.feeds:
        scene.do("set_feed_mode", STRANGER, source, REVERTS)
    scene.fund(TRADER, "1")
    scene.do("deposit", TRADER, TRADER, GOLD, 1)


# --- Withdrawals (L2 to L4)


def test_withdrawal_of_cash_tests_collateral_amount_cash_pool_then_margin() -> None:
    scene = ten_copper()
    assert scene.refused("withdraw", TRADER, TRADER, UNKNOWN, 0) == ("UnknownCollateral", UNKNOWN)
    assert scene.refused("withdraw", TRADER, TRADER, USD, 0) == ("ZeroAmount",)
    scene.state = scene.state._replace(pool_units=(usd("900"), 0, 0))
    # Cash is 999, the pool 900, and 899 are above the initial margin: each refusal hides the next.
    assert scene.refused("withdraw", TRADER, TRADER, USD, usd("999") + 1) == ("InsufficientCash", TRADER, wad("999"))
    assert scene.refused("withdraw", TRADER, TRADER, USD, usd("999")) == ("InsufficientLiquidity", usd("900"))
    assert scene.refused("withdraw", TRADER, TRADER, USD, usd("900") + 1) == ("InsufficientLiquidity", usd("900"))
    refused = scene.refused("withdraw", TRADER, TRADER, USD, usd("900"))
    assert refused == ("InsufficientMargin", TRADER, wad("99"), wad("100"))
    after, outcome = apply(scene.state, "withdraw", TRADER, (TRADER, USD, usd("899")))
    assert outcome.error is None
    assert after.pool_units[USD] == usd("1")


def test_withdrawal_leaves_the_initial_margin_exactly_and_one_unit_more_is_refused() -> None:
    scene = ten_copper()
    refused = scene.refused("withdraw", TRADER, TRADER, USD, usd("899") + 1)
    assert refused == ("InsufficientMargin", TRADER, wad("99.999999"), wad("100"))
    events = scene.do("withdraw", TRADER, TRADER, USD, usd("899"))
    assert events == (("Withdrawn", TRADER, USD, usd("899")),)
    assert scene.risk(TRADER).equity_wad == wad("100")


def test_withdrawal_of_collateral_tests_balance_then_margin_and_is_not_stopped_by_cash() -> None:
    scene = ten_copper()
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.set_cash(TRADER, -wad("100"))
    refused = scene.refused("withdraw", TRADER, TRADER, GOLD, gold("1") + 1)
    assert refused == ("InsufficientCollateral", TRADER, gold("1"))
    # Gold is worth 1600 and must stay worth 200, an eighth: 0.875 may go.
    refused = scene.refused("withdraw", TRADER, TRADER, GOLD, gold("0.875") + 1)
    assert refused == ("InsufficientMargin", TRADER, wad("99.999984"), wad("100"))
    scene.do("withdraw", TRADER, TRADER, GOLD, gold("0.875"))
    assert scene.account(TRADER).cash_wad == -wad("100")


def test_withdrawal_never_makes_cash_negative_even_where_equity_is_ample() -> None:
    scene = Scene()
    scene.do("deposit", TRADER, TRADER, GOLD, gold("100"))
    scene.fund(TRADER, "10")
    scene.fund(COUNTERPARTY, "1000")
    assert scene.refused("withdraw", TRADER, TRADER, USD, usd("10") + 1) == ("InsufficientCash", TRADER, wad("10"))
    scene.do("withdraw", TRADER, TRADER, USD, usd("10"))


def test_part_of_a_unit_of_cash_cannot_be_withdrawn() -> None:
    scene = Scene()
    scene.fund(TRADER, "1")
    scene.set_cash(TRADER, wad("1") - 1)
    assert scene.refused("withdraw", TRADER, TRADER, USD, usd("1")) == ("InsufficientCash", TRADER, wad("1") - 1)
    scene.do("withdraw", TRADER, TRADER, USD, usd("1") - 1)


def test_tokens_go_to_the_account_whoever_calls() -> None:
    scene = Scene()
    scene.fund(TRADER, "10")
    before = scene.state.wallets
    scene.do("withdraw", MATCHER, TRADER, USD, usd("10"))
    assert scene.state.wallets[MATCHER] == before[MATCHER]
    assert scene.state.wallets[TRADER][USD] == before[TRADER][USD] + usd("10")


def test_winner_is_paid_from_the_pool_first_come_first_served() -> None:
    # The trader's loss of 900 is owed against gold, so that 900 of the counterparty's cash is not in the pool.
    scene = Scene()
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.fund(COUNTERPARTY, "1000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    scene.publish("COPPER", "10")
    scene.trade(COPPER, COUNTERPARTY, TRADER, "10", "10")
    # Fees of 1 and 0.1 on each side.
    assert scene.account(COUNTERPARTY).cash_wad == wad("1898.9")
    assert scene.account(TRADER).cash_wad == -wad("901.1")
    refused = scene.refused("withdraw", COUNTERPARTY, COUNTERPARTY, USD, usd("1000") + 1)
    assert refused == ("InsufficientLiquidity", usd("1000"))
    scene.do("withdraw", COUNTERPARTY, COUNTERPARTY, USD, usd("1000"))
    assert scene.refused("withdraw", COUNTERPARTY, COUNTERPARTY, USD, 1) == ("InsufficientLiquidity", 0)
    scene.fund(TRADER, "898.9")
    scene.do("withdraw", COUNTERPARTY, COUNTERPARTY, USD, usd("898.9"))


# --- Settling (L6)


def test_settling_tests_market_then_position_then_mark() -> None:
    scene = ten_copper()
    assert scene.refused("settle", TRADER, TRADER, UNKNOWN) == ("UnknownMarket", UNKNOWN)
    scene.do("set_feed_mode", STRANGER, "TIN", REVERTS)
    assert scene.refused("settle", TRADER, TRADER, TIN) == ("NoPosition", TRADER, TIN)
    scene.do("set_feed_mode", STRANGER, "COPPER", REVERTS)
    assert scene.refused("settle", TRADER, TRADER, COPPER) == ("FeedUnavailable", "COPPER")


@pytest.mark.parametrize(("side", "value"), [("long", "-25"), ("short", "25")])
def test_settling_moves_the_value_into_cash_and_leaves_equity_as_it_was(side: str, value: str) -> None:
    scene = ten_copper(side)
    scene.publish("COPPER", "97.5")
    before = scene.risk(TRADER)
    assert scene.do("settle", TRADER, TRADER, COPPER) == (("Settled", TRADER, COPPER, wad(value)),)
    account = scene.account(TRADER)
    assert account.cash_wad == wad("999") + wad(value)
    assert account.quotes_wad[COPPER] == -account.sizes_wad[COPPER] * 975 // 10
    assert scene.risk(TRADER) == before
    assert scene.do("settle", TRADER, TRADER, COPPER) == (("Settled", TRADER, COPPER, 0),)


def test_settling_a_loss_needs_no_other_price_and_may_leave_a_debt() -> None:
    scene = ten_copper()
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.set_cash(TRADER, wad("5"))
    scene.do("set_feed_mode", STRANGER, "GOLD", REVERTS)
    scene.publish("COPPER", "99")
    assert scene.do("settle", TRADER, TRADER, COPPER) == (("Settled", TRADER, COPPER, -wad("10")),)
    assert scene.account(TRADER).cash_wad == -wad("5")


# --- Insurance, fees, donations (L5, L7 to L9)


def test_insurance_is_funded_by_anyone_past_the_deposit_cap() -> None:
    scene = Scene()
    scene.do("set_deposit_cap", RISK_MANAGER, USD, 0)
    assert scene.refused("fund_insurance", STRANGER, 0) == ("ZeroAmount",)
    assert scene.do("fund_insurance", STRANGER, usd("3")) == (("InsuranceFunded", STRANGER, usd("3")),)
    assert scene.state.insurance_wad == wad("3")
    assert scene.state.pool_units[USD] == usd("3")
    empty_wallet(scene, STRANGER)
    assert scene.refused("fund_insurance", STRANGER, 1) == ("TransferFromFailed",)


@pytest.mark.parametrize(
    ("bad_debt", "funded", "bad_debt_after", "insurance_after"),
    [("5", "3", "2", "0"), ("5", "5", "0", "0"), ("5", "5.000001", "0", "0.000001"), ("0", "3", "0", "3")],
)
def test_funding_repays_recorded_bad_debt_first(
    bad_debt: str, funded: str, bad_debt_after: str, insurance_after: str
) -> None:
    scene = Scene()
    scene.set_cash(TRADER, wad(bad_debt))
    scene.state = scene.state._replace(
        bad_debt_wad=wad(bad_debt),
        accounts={**scene.state.accounts, STRANGER: scene.state.accounts[STRANGER]._replace(cash_wad=0)},
    )
    assert_conserved(scene.state)
    scene.do("fund_insurance", BYSTANDER, usd(funded))
    assert scene.state.bad_debt_wad == wad(bad_debt_after)
    assert scene.state.insurance_wad == wad(insurance_after)


def test_fees_are_collected_by_the_treasury_alone_and_tested_in_order() -> None:
    scene = ten_copper()
    # Both sides paid 1.
    assert scene.state.fees_wad == wad("2")
    refused = scene.refused("collect_fees", STRANGER, RECIPIENT, 0)
    assert refused == ("AccessControlUnauthorizedAccount", STRANGER, "TREASURER_ROLE")
    assert scene.refused("collect_fees", TREASURY, RECIPIENT, 0) == ("ZeroAmount",)
    scene.state = scene.state._replace(pool_units=(usd("1"), 0, 0))
    assert scene.refused("collect_fees", TREASURY, RECIPIENT, usd("2") + 1) == ("InsufficientFees", wad("2"))
    assert scene.refused("collect_fees", TREASURY, RECIPIENT, usd("2")) == ("InsufficientLiquidity", usd("1"))
    assert scene.refused("collect_fees", TREASURY, RECIPIENT, usd("1") + 1) == ("InsufficientLiquidity", usd("1"))
    assert apply(scene.state, "collect_fees", TREASURY, (RECIPIENT, usd("1")))[1].error is None


def test_fees_are_collected_to_the_last_unit() -> None:
    scene = ten_copper()
    before = scene.state.wallets[RECIPIENT][USD]
    events = scene.do("collect_fees", TREASURY, RECIPIENT, usd("2"))
    assert events == (("FeesCollected", RECIPIENT, usd("2")),)
    assert scene.state.fees_wad == 0
    assert scene.state.wallets[RECIPIENT][USD] == before + usd("2")
    assert scene.refused("collect_fees", TREASURY, RECIPIENT, 1) == ("InsufficientFees", 0)


def test_donation_changes_nobodys_claim() -> None:
    scene = ten_copper()
    before = scene.state
    assert scene.do("donate", STRANGER, USD, usd("50")) == ()
    assert scene.state.held_units[USD] == before.held_units[USD] + usd("50")
    assert scene.state._replace(held_units=before.held_units, wallets=before.wallets) == before
    scene.state = scene.state._replace(wallets={**scene.state.wallets, STRANGER: (0, 7, 0)})
    assert scene.refused("donate", STRANGER, GOLD, 8) == ("ERC20InsufficientBalance", STRANGER, 7, 8)
    scene.do("donate", STRANGER, GOLD, 7)


def test_whoever_never_held_a_token_pays_nothing_and_can_be_paid() -> None:
    scene = ten_copper()
    assert scene.refused("donate", "newcomer", GOLD, 1) == ("ERC20InsufficientBalance", "newcomer", 0, 1)
    assert scene.refused("fund_insurance", "newcomer", 1) == ("TransferFromFailed",)
    scene.do("collect_fees", TREASURY, "newcomer", usd("2"))
    assert scene.state.wallets["newcomer"] == (usd("2"), 0, 0)


# --- Several actions at once


def test_actions_in_one_transaction_happen_together() -> None:
    scene = Scene()
    actions = (("deposit", (TRADER, USD, usd("5"))), ("withdraw", (TRADER, USD, usd("2"))))
    after, outcome = apply_all(scene.state, TRADER, actions)
    assert outcome.events == (("Deposited", TRADER, USD, usd("5")), ("Withdrawn", TRADER, USD, usd("2")))
    assert after.accounts[TRADER].cash_wad == wad("3")


def test_one_refused_action_undoes_the_transaction() -> None:
    scene = Scene()
    actions = (("deposit", (TRADER, USD, usd("5"))), ("withdraw", (TRADER, USD, usd("5") + 1)))
    after, outcome = apply_all(scene.state, TRADER, actions)
    assert after is scene.state
    assert (outcome.error, outcome.error_arguments) == ("InsufficientCash", (TRADER, wad("5")))
    assert outcome.events == ()
