"""Roles and what they may change (A3, section 12)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reference.governance import ADMIN, GUARDIAN, ORACLE, RISK, ROLES, TREASURER
from reference.machine import RULES
from reference.parameters import Feed, MarketLimits
from tests.reference.support import (
    ADMINISTRATOR,
    BYSTANDER,
    COPPER,
    COUNTERPARTY,
    GOLD,
    ORACLE_MANAGER,
    RECIPIENT,
    RISK_MANAGER,
    SILVER,
    SMALL,
    STRANGER,
    TIN,
    TRADER,
    TREASURY,
    USD,
    WATCH,
    Scene,
    exact,
    wad,
)

UNKNOWN = 99
WRONG = 10**40
"""No parameter may be this."""
SAFE_LIMITS = (wad("0.005"), wad("0.002"), wad("0.01"), wad("500"))
TIN_FEED = ("TIN", 18, 120, wad("0.01"), wad("500"))
GOLD_FEED = ("GOLD", 8, 60, 1, exact("5000", 8))


@pytest.mark.parametrize(
    ("kind", "arguments", "role"),
    [
        ("set_market_limits", (UNKNOWN, WRONG, WRONG, WRONG, WRONG), RISK),
        ("set_open_interest_scaling", (UNKNOWN, 1, 0), RISK),
        ("set_deposit_cap", (UNKNOWN, 10**40), RISK),
        ("set_liquidation_parameters", (WRONG, WRONG, WRONG), RISK),
        ("set_market_feed", (UNKNOWN, "TIN", 18, 0, 0, 0), ORACLE),
        ("set_collateral_feed", (UNKNOWN, "GOLD", 8, 0, 0, 0), ORACLE),
        ("collect_fees", (RECIPIENT, 0), TREASURER),
        ("set_breaker", (UNKNOWN, WRONG, 0, 0, 1), RISK),
        ("set_reduce_only", (UNKNOWN, True), RISK),
        ("set_outflow_limit", (UNKNOWN, 1, 0), RISK),
        ("set_pause_parameters", (1, 0, 0), RISK),
        ("pause", (0,), GUARDIAN),
        ("unpause", (), GUARDIAN),
        ("grant_role", (RISK, STRANGER), ADMIN),
        ("revoke_role", (RISK, RISK_MANAGER), ADMIN),
    ],
)
def test_caller_without_the_role_is_refused_before_anything_else_is_looked_at(
    kind: str, arguments: tuple[object, ...], role: str
) -> None:
    scene = Scene()
    holders = {ADMIN: ADMINISTRATOR, RISK: RISK_MANAGER, ORACLE: ORACLE_MANAGER, TREASURER: TREASURY, GUARDIAN: WATCH}
    for caller in (STRANGER, TRADER, *(holder for held, holder in holders.items() if held != role)):
        assert scene.refused(kind, caller, *arguments) == ("AccessControlUnauthorizedAccount", caller, role)


def test_every_rule_of_the_machine_is_named_in_this_list() -> None:
    """A new rule has to be tested: this list names what the tests of this folder reach."""
    assert set(RULES) == {
        *("deposit", "withdraw", "settle", "set_operator", "fund_insurance", "donate", "collect_fees"),
        *("isolate", "join", "move_margin", "trade", "liquidate", "seize"),
        *("set_market_limits", "set_open_interest_scaling", "set_deposit_cap", "set_liquidation_parameters"),
        *("accrue_funding", "set_funding", "set_market_feed", "set_second_source"),
        *("set_breaker", "set_reduce_only", "set_outflow_limit", "set_pause_parameters", "pause", "unpause"),
        *("set_collateral_feed", "grant_role", "revoke_role", "renounce_role", "publish", "set_feed_mode"),
        *("upgrade", "initialize", "initialize_implementation", "set_operator_by_signature", "burn_nonces"),
        *("request_order", "execute_order", "cancel_order"),
        *("pause_token", "refuse_holder", "set_transfer_fee", "set_callback"),
        *("deposit_ether", "withdraw_ether", "send_ether", "refuse_ether"),
    }


# --- Limits, caps and liquidation parameters (C1)


def test_limits_are_set_for_a_known_market_and_bind_from_the_next_action_on() -> None:
    scene = Scene()
    refused = scene.refused("set_market_limits", RISK_MANAGER, UNKNOWN, *SAFE_LIMITS)
    assert refused == ("UnknownMarket", UNKNOWN)
    for name in (TRADER, COUNTERPARTY):
        scene.fund(name, "1000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "1", "101")
    before = scene.risk(TRADER)
    events = scene.do("set_market_limits", RISK_MANAGER, COPPER, *SAFE_LIMITS)
    assert events == (("MarketLimitsSet", COPPER, *SAFE_LIMITS),)
    assert scene.risk(TRADER) == before
    assert scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "1", "101")[0] == "PriceOutsideBand"
    # The new fee is 0.2 %.
    assert scene.trade(COPPER, TRADER, COUNTERPARTY, "1", "100")[0][-1] == wad("0.2")


def test_scaling_binds_from_the_next_action_on_and_changes_initial_margin_alone() -> None:
    scene = Scene()
    assert scene.refused("set_open_interest_scaling", RISK_MANAGER, UNKNOWN, 0, 1) == ("UnknownMarket", UNKNOWN)
    for name in (TRADER, COUNTERPARTY):
        scene.fund(name, "1000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "1", "100")
    equity, initial, maintenance = scene.risk(TRADER)
    # Open interest is 100: three quarters of the way, and so 10 % and three quarters of the other 90 %.
    events = scene.do("set_open_interest_scaling", RISK_MANAGER, COPPER, wad("40"), wad("120"))
    assert events == (("OpenInterestScalingSet", COPPER, wad("40"), wad("120")),)
    assert initial == wad("10")
    assert scene.risk(TRADER) == (equity, wad("77.5"), maintenance)
    # A trade is tested at the open interest after it.
    assert scene.refused_trade(COPPER, TRADER, COUNTERPARTY, "9.95", "100")[0] == "InsufficientMargin"
    scene.trade(COPPER, TRADER, COUNTERPARTY, "8", "100")
    assert scene.risk(TRADER).initial_margin_wad == wad("900")


@pytest.mark.parametrize(("lower", "upper"), [(0, 0), (5, 5), (6, 5), (0, 10**38 + 1)])
def test_scaling_that_does_not_rise_or_ends_nowhere_is_unsafe(lower: int, upper: int) -> None:
    scene = Scene()
    refused = scene.refused("set_open_interest_scaling", RISK_MANAGER, COPPER, lower, upper)
    assert refused == ("UnsafeParameter", "openInterestScaling")
    scene.do("set_open_interest_scaling", RISK_MANAGER, COPPER, 10**38 - 1, 10**38)


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        ((wad("0.01"), wad("0.01") + 1, wad("0.02"), wad("1000")), "tradingFeeRate"),
        ((wad("0.03"), wad("0.001"), wad("0.02"), wad("1000")), "penaltyAndBand"),
        ((wad("0.01"), wad("0.001"), wad("0.02"), 0), "positionLimit"),
        ((wad("0.01"), wad("0.001"), wad("0.02"), wad("0.015")), "positionLimit"),
        # 10^16 quote at the largest price, 10 000, are 10^12 copper.
        ((wad("0.01"), wad("0.001"), wad("0.02"), wad("1000000000000.01")), "positionLimit"),
    ],
)
def test_unsafe_limits_are_refused_by_name(limits: tuple[int, ...], name: str) -> None:
    refused = Scene().refused("set_market_limits", RISK_MANAGER, COPPER, *limits)
    assert refused == ("UnsafeParameter", name)


@pytest.mark.parametrize(
    "limits",
    [
        (wad("0.03") - 1, wad("0.01"), wad("0.02"), wad("1000")),
        (0, 0, 0, wad("0.01")),
        (wad("0.01"), wad("0.001"), wad("0.02"), wad("1000000000000")),
    ],
)
def test_limits_at_the_edge_of_safety_are_accepted(limits: tuple[int, ...]) -> None:
    Scene().do("set_market_limits", RISK_MANAGER, COPPER, *limits)


def test_deposit_cap_is_set_for_a_known_collateral_up_to_its_range() -> None:
    scene = Scene()
    assert scene.refused("set_deposit_cap", RISK_MANAGER, UNKNOWN, 1) == ("UnknownCollateral", UNKNOWN)
    refused = scene.refused("set_deposit_cap", RISK_MANAGER, GOLD, 10**33 + 1)
    assert refused == ("UnsafeParameter", "depositCap")
    assert scene.do("set_deposit_cap", RISK_MANAGER, GOLD, 10**33) == (("DepositCapSet", GOLD, 10**33),)
    assert scene.do("set_deposit_cap", RISK_MANAGER, USD, 0) == (("DepositCapSet", USD, 0),)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ((wad("1") + 1, wad("0.5"), 0), "liquidatorShare"),
        ((wad("0.5"), 0, 0), "closeFactor"),
        ((wad("0.5"), wad("1") + 1, 0), "closeFactor"),
        ((wad("0.5"), wad("0.5"), 10**34 + 1), "smallPositionNotional"),
    ],
)
def test_unsafe_liquidation_parameters_are_refused_by_name(parameters: tuple[int, ...], name: str) -> None:
    refused = Scene().refused("set_liquidation_parameters", RISK_MANAGER, *parameters)
    assert refused == ("UnsafeParameter", name)


@pytest.mark.parametrize("parameters", [(0, 1, 0), (wad("1"), wad("1"), 10**34)])
def test_liquidation_parameters_at_the_edge_of_safety_are_accepted(parameters: tuple[int, ...]) -> None:
    events = Scene().do("set_liquidation_parameters", RISK_MANAGER, *parameters)
    assert events == (("LiquidationParametersSet", *parameters),)


# --- Feeds (C2)


def test_market_feed_is_set_for_a_known_market_and_judged_by_its_own_bounds() -> None:
    scene = Scene()
    assert scene.refused("set_market_feed", ORACLE_MANAGER, UNKNOWN, *TIN_FEED) == ("UnknownMarket", UNKNOWN)
    assert scene.do("set_market_feed", ORACLE_MANAGER, TIN, *TIN_FEED) == (("MarketFeedSet", TIN, *TIN_FEED),)
    for name in (TRADER, COUNTERPARTY):
        scene.fund(name, "1000")
    scene.wait(120)
    scene.trade(TIN, TRADER, COUNTERPARTY, "1", "10")
    scene.publish("TIN", "500.01")
    refused = scene.refused_trade(TIN, TRADER, COUNTERPARTY, "1", "10")
    assert refused == ("PriceOutOfBounds", "TIN", wad("500.01"))


def test_market_may_move_to_another_source() -> None:
    scene = Scene()
    feed = ("GOLD", 8, 600, 1, exact("1000", 8))
    scene.do("set_market_feed", ORACLE_MANAGER, TIN, *feed)
    scene.do("publish", STRANGER, "GOLD", exact("123.456", 8), 0)
    assert scene.mark(TIN) == wad("123.45")


@pytest.mark.parametrize(
    ("feed", "name"),
    [
        (("TIN", 8, 120, 1, 10), "feed"),
        (("TIN", 18, 0, 1, wad("500")), "feed"),
        (("TIN", 18, 604_801, 1, wad("500")), "feed"),
        (("TIN", 18, 120, 0, wad("500")), "feed"),
        (("TIN", 18, 120, 5, 5), "feed"),
        # Below one tick, and above the largest price as listed (N6).
        (("TIN", 18, 120, 1, wad("0.01") - 1), "feed"),
        (("TIN", 18, 120, 1, wad("1000") + 1), "feed"),
    ],
)
def test_unsafe_market_feed_is_refused(feed: tuple[object, ...], name: str) -> None:
    assert Scene().refused("set_market_feed", ORACLE_MANAGER, TIN, *feed) == ("UnsafeParameter", name)


@pytest.mark.parametrize(
    "feed",
    [("TIN", 18, 604_800, 1, wad("0.01")), ("TIN", 18, 1, wad("1000") - 1, wad("1000"))],
)
def test_market_feed_at_the_edge_of_safety_is_accepted(feed: tuple[object, ...]) -> None:
    Scene().do("set_market_feed", ORACLE_MANAGER, TIN, *feed)


def test_largest_price_of_a_market_is_the_listed_one_whatever_feed_was_in_between() -> None:
    scene = Scene()
    scene.do("set_market_feed", ORACLE_MANAGER, TIN, "TIN", 18, 120, 1, wad("10"))
    # 10^16 quote at 1000 (not at 10) are 10^13 tin.
    limits = SMALL.markets[TIN].limits
    rates = (limits.price_band_rate_wad, limits.trading_fee_rate_wad, limits.liquidation_penalty_rate_wad)
    refused = scene.refused("set_market_limits", RISK_MANAGER, TIN, *rates, wad("10000000000001"))
    assert refused == ("UnsafeParameter", "positionLimit")
    scene.do("set_market_limits", RISK_MANAGER, TIN, *rates, wad("10000000000000"))
    scene.do("set_market_feed", ORACLE_MANAGER, TIN, "TIN", 18, 120, 1, wad("1000"))


def test_collateral_feed_is_set_for_a_known_collateral_but_the_settlement_token_has_none() -> None:
    scene = Scene()
    refused = scene.refused("set_collateral_feed", ORACLE_MANAGER, UNKNOWN, *GOLD_FEED)
    assert refused == ("UnknownCollateral", UNKNOWN)
    refused = scene.refused("set_collateral_feed", ORACLE_MANAGER, USD, *GOLD_FEED)
    assert refused == ("UnsafeParameter", "feed")
    events = scene.do("set_collateral_feed", ORACLE_MANAGER, GOLD, *GOLD_FEED)
    assert events == (("CollateralFeedSet", GOLD, *GOLD_FEED),)
    refused = scene.refused("set_collateral_feed", ORACLE_MANAGER, SILVER, "SILVER", 2, 604_801, 1, 2)
    assert refused == ("UnsafeParameter", "feed")


def test_new_feed_of_a_collateral_changes_what_it_counts() -> None:
    scene = Scene()
    scene.do("deposit", TRADER, TRADER, SILVER, wad("1"))
    assert scene.risk(TRADER).equity_wad == wad("12.5")
    scene.do("set_collateral_feed", ORACLE_MANAGER, SILVER, "GOLD", 8, 600, 1, exact("5000", 8))
    assert scene.risk(TRADER).equity_wad == wad("1000")


@pytest.mark.parametrize("number", range(3))
def test_change_touches_only_the_market_or_collateral_that_it_names(number: int) -> None:
    scene = Scene()
    scene.state = scene.state._replace(parameters=replace(SMALL, markets=(*SMALL.markets, SMALL.markets[TIN])))
    before = scene.state.parameters
    scene.do("set_market_limits", RISK_MANAGER, number, 0, 0, 0, wad("7"))
    scene.do("set_market_feed", ORACLE_MANAGER, number, "TIN", 18, 7, 1, wad("7"))
    scene.do("set_deposit_cap", RISK_MANAGER, number, 7)
    if number != USD:
        scene.do("set_collateral_feed", ORACLE_MANAGER, number, "TIN", 18, 7, 1, wad("7"))
    after = scene.state.parameters
    for markets in (before.markets, after.markets):
        assert len(markets) == 3
    for other in range(3):
        assert (after.markets[other] == before.markets[other]) is (other != number)
        assert (after.collaterals[other] == before.collaterals[other]) is (other != number)
    feed = Feed("TIN", 18, 7, 1, wad("7"))
    limits = MarketLimits(0, 0, 0, wad("7"))
    assert after.markets[number] == replace(before.markets[number], limits=limits, feed=feed)
    assert after.collaterals[number].deposit_cap_units == 7
    assert after.liquidation == before.liquidation


# --- Roles


def test_administrator_grants_and_revokes_and_only_changes_are_events() -> None:
    scene = Scene()
    granted = scene.do("grant_role", ADMINISTRATOR, RISK, BYSTANDER)
    assert granted == (("RoleGranted", RISK, BYSTANDER, ADMINISTRATOR),)
    assert scene.do("grant_role", ADMINISTRATOR, RISK, BYSTANDER) == ()
    scene.do("set_deposit_cap", BYSTANDER, USD, 1)
    revoked = scene.do("revoke_role", ADMINISTRATOR, RISK, BYSTANDER)
    assert revoked == (("RoleRevoked", RISK, BYSTANDER, ADMINISTRATOR),)
    assert scene.do("revoke_role", ADMINISTRATOR, RISK, BYSTANDER) == ()
    assert scene.refused("set_deposit_cap", BYSTANDER, USD, 1)[0] == "AccessControlUnauthorizedAccount"


def test_role_is_renounced_only_for_oneself_and_only_where_it_is_said_twice() -> None:
    scene = Scene()
    refused = scene.refused("renounce_role", STRANGER, RISK, RISK_MANAGER)
    assert refused == ("AccessControlBadConfirmation",)
    assert scene.do("renounce_role", STRANGER, RISK, STRANGER) == ()
    renounced = scene.do("renounce_role", RISK_MANAGER, RISK, RISK_MANAGER)
    assert renounced == (("RoleRevoked", RISK, RISK_MANAGER, RISK_MANAGER),)
    assert scene.refused("set_deposit_cap", RISK_MANAGER, USD, 1)[0] == "AccessControlUnauthorizedAccount"


def test_no_role_gives_a_right_over_an_account() -> None:
    scene = Scene()
    scene.fund(TRADER, "1")
    for role in ROLES:
        scene.do("grant_role", ADMINISTRATOR, role, STRANGER)
    assert scene.refused("withdraw", STRANGER, TRADER, USD, 1) == ("Unauthorized", STRANGER, TRADER)
    assert scene.refused("settle", STRANGER, TRADER, COPPER) == ("Unauthorized", STRANGER, TRADER)
