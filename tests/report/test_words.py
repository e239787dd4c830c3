"""Actions, numbers and outcomes in words, letter by letter."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.rounding import WAD
from tests.report.support import DONE, WORDS
from underwater.actions import Action, Bundle, Loan, Outcome
from underwater.engine.bundled.kinds import KINDS
from underwater.report.words import (
    duration_text,
    exact_text,
    margin_ratio_text,
    number_text,
    outcomes_text,
    pair_text,
    phrase,
)

MAX = 2**256 - 1


# ---- actions in words

PHRASES: list[tuple[str, str, tuple[Any, ...], str]] = [
    ("trader-1", "withdraw", ("trader-1", 2, 15 * 10**17), "trader-1 withdraws 1.5 WETH"),
    ("trader-1", "withdraw", ("maker", 1, 1), "trader-1 withdraws 1 unit of WBTC from maker"),
    ("trader-1", "withdraw", ("maker", 2, 15 * 10**17 + 1), "trader-1 withdraws ~1.5 WETH from maker"),
    ("maker", "deposit", ("maker", 0, 1_250_000 * 10**6), "maker deposits 1,250,000 USDC"),
    ("maker", "deposit", ("maker", 99, 7), "maker deposits 7 units of collateral 99"),
    ("trader-1", "settle", ("trader-1", 1), "trader-1 settles itself in ETH-PERP"),
    ("outsider", "settle", ("maker", 99), "outsider settles maker in market 99"),
    ("outsider", "accrue_funding", (1,), "outsider accrues the funding of ETH-PERP"),
    ("maker", "isolate", ("maker", 0, 5 * WAD), "maker isolates BTC-PERP of itself with 5"),
    ("matcher", "join", ("maker", 1), "matcher joins ETH-PERP of maker to the rest"),
    ("maker", "move_margin", ("maker", 1, -7 * WAD), "maker moves -7 into the margin of ETH-PERP of itself"),
    ("maker", "set_operator", ("matcher", True), "maker sets operator matcher to yes"),
    ("maker", "fund_insurance", (10**6,), "maker pays 1 USDC into insurance"),
    ("treasurer", "collect_fees", ("maker", 25 * 10**5), "treasurer collects 2.5 USDC of fees for maker"),
    ("attacker", "donate", (1, 10**8), "attacker sends 1 WBTC to the engine outside its ledger"),
    (
        "matcher",
        "trade",
        (1, "trader-1", "maker", 10 * WAD, 3000 * WAD),
        "trader-1 buys 10 ETH-PERP from maker at 3,000 (by matcher)",
    ),
    ("maker", "trade", (0, "maker", "maker", 0, WAD), "maker buys 0 BTC-PERP from itself at 1"),
    (
        "liquidator",
        "liquidate",
        ("liquidator", "trader-1", 2, MAX),
        "liquidator liquidates ~1.16e59 SOL-PERP of trader-1",
    ),
    ("maker", "seize", ("liquidator", "maker", 2, WAD // 4), "liquidator seizes 0.25 WETH of maker (by maker)"),
    (
        "risk-manager",
        "set_market_limits",
        (0, WAD // 200, WAD // 2000, WAD // 80, 500 * WAD),
        "risk-manager sets BTC-PERP to band 0.5 %, fee 0.05 %, penalty 1.25 %, limit 500",
    ),
    (
        "risk-manager",
        "set_open_interest_scaling",
        (1, 2_000_000 * WAD, 20_000_000 * WAD),
        "risk-manager has the initial margin of ETH-PERP grow with open interest from 2,000,000 to 20,000,000",
    ),
    (
        "risk-manager",
        "set_breaker",
        (1, WAD // 10, 900, 600, 10_000 * WAD),
        "risk-manager halts ETH-PERP for 600 s by a move of 10 % in 900 s, and caps its open interest at 10,000",
    ),
    ("risk-manager", "set_reduce_only", (0, True), "risk-manager sets BTC-PERP to only shrink: yes"),
    ("risk-manager", "set_outflow_limit", (0, 5 * 10**6, 60), "risk-manager lets 5 USDC leave in 60 s"),
    (
        "risk-manager",
        "set_pause_parameters",
        (60, 30, 90),
        "risk-manager sets pauses to 60 s at most, 30 s of grace, 90 s between",
    ),
    ("guardian", "pause", (60,), "guardian pauses the engine for 60 s"),
    ("guardian", "unpause", (), "guardian ends the pause"),
    (
        "risk-manager",
        "set_funding",
        (0, 3_600, 3 * WAD // 100, 3 * WAD // 1_000, WAD // 200, 5_000_000 * WAD),
        "risk-manager sets the funding of BTC-PERP to every 3,600 s, rate up to 3 % by 0.3 %, premium 0.5 % by 5,000,000",
    ),
    ("risk-manager", "set_deposit_cap", (2, 20_000 * WAD), "risk-manager caps deposits at 20,000 WETH"),
    (
        "risk-manager",
        "set_liquidation_parameters",
        (WAD // 2, WAD, 100 * WAD),
        "risk-manager sets liquidator's share 50 %, close factor 100 %, small position 100",
    ),
    (
        "oracle-manager",
        "set_market_feed",
        (1, "ETH-USD", 8, 3600, 50 * 10**8, 100_000 * 10**8),
        "oracle-manager feeds ETH-PERP from ETH-USD (8 decimals, 3,600 s, 50 to 100,000)",
    ),
    (
        "oracle-manager",
        "set_second_source",
        (1, "ETH-USD", 8, 3600, 50 * 10**8, 100_000 * 10**8, WAD // 50),
        "oracle-manager has ETH-USD beside the feed of ETH-PERP (8 decimals, 3,600 s, 50 to 100,000), at most 2 % apart",
    ),
    (
        "oracle-manager",
        "set_second_source",
        (1, "none", 0, 0, 0, 0, 0),
        "oracle-manager has none beside the feed of ETH-PERP (0 decimals, 0 s, 0 to 0), at most 0 % apart",
    ),
    (
        "oracle-manager",
        "set_collateral_feed",
        (99, "WTI-USD", 18, 60, -1, WAD),
        "oracle-manager feeds collateral 99 from WTI-USD (18 decimals, 60 s, -1e-18 to 1)",
    ),
    ("admin", "grant_role", ("RISK_ROLE", "outsider"), "admin grants RISK_ROLE to outsider"),
    ("admin", "revoke_role", ("RISK_ROLE", "admin"), "admin revokes RISK_ROLE of itself"),
    ("admin", "renounce_role", ("ORACLE_ROLE", "admin"), "admin renounces ORACLE_ROLE, confirming as itself"),
    ("publisher", "publish", ("ETH-USD", 287_050_000_000, 0), "ETH-USD answers 2,870.5"),
    ("publisher", "publish", ("ETH-USD", 10**8, 3601), "ETH-USD answers 1, 1 h 1 s old"),
    ("publisher", "publish", ("ETH-USD", -(10**8), -60), "ETH-USD answers -1, dated 1 min ahead"),
    ("publisher", "publish", ("ETH-USD", 10**8, None), "ETH-USD answers 1, dated 0"),
    ("publisher", "set_feed_mode", ("ETH-USD", 2), "ETH-USD burns all gas when read"),
    ("publisher", "set_feed_mode", ("ETH-USD", 9), "ETH-USD does as in mode 9 when read"),
    (
        "outsider",
        "set_operator_by_signature",
        ("maker", "delegate", True, 3, 2_000_000_060, "trader-1", "another-chain"),
        "outsider hands in for maker: operator delegate to yes, nonce 3, until 2,000,000,060; trader-1 signed another-chain",
    ),
    ("maker", "burn_nonces", (2,), "maker burns 2 of its nonces"),
    ("admin", "upgrade", ("next",), "admin has next be the engine's implementation"),
    (
        "outsider",
        "initialize",
        ("outsider", WAD // 2, WAD, 0),
        "outsider initialises the engine with itself as its admin, liquidator's share 50 %, close factor 100 %, small position 0",
    ),
    (
        "outsider",
        "initialize_implementation",
        ("views", "admin", 0, 0, 2 * WAD),
        "outsider initialises views, where it stands, with admin as its admin, liquidator's share 0 %, close factor 0 %, small position 2",
    ),
    (
        "trader-1",
        "request_order",
        ("trader-1", 0, WAD // 2, 60_000 * WAD, 2, 60),
        "trader-1 orders 0.5 BTC-PERP with limit 60,000 in 2 s, for 60 s more",
    ),
    (
        "matcher",
        "request_order",
        ("trader-1", 0, -WAD // 2, 60_000 * WAD, 2, 60),
        "matcher orders -0.5 BTC-PERP with limit 60,000 in 2 s, for 60 s more for trader-1",
    ),
    (
        "matcher",
        "execute_order",
        ("trader-1", 0, "maker"),
        "matcher executes the order of trader-1 in BTC-PERP with maker",
    ),
    ("trader-1", "cancel_order", ("trader-1", 0), "trader-1 cancels the order in BTC-PERP of itself"),
    ("trader-1", "deposit_ether", ("trader-1", 3 * WAD // 2), "trader-1 deposits 1.5 ether"),
    ("matcher", "deposit_ether", ("trader-1", 1), "matcher deposits 1 wei for trader-1"),
    ("trader-1", "withdraw_ether", ("trader-1", 700), "trader-1 withdraws 700 wei"),
    ("matcher", "withdraw_ether", ("trader-1", WAD), "matcher withdraws 1 ether from trader-1"),
    ("outsider", "send_ether", (0,), "outsider sends 0 ether to the gateway, which did not ask"),
    ("publisher", "refuse_ether", (True,), "publisher has the attacker's contract refuse ether: yes"),
    ("publisher", "pause_token", (0, True), "USDC pauses all transfers: yes"),
    ("publisher", "refuse_holder", (1, "trader-1", False), "WBTC refuses trader-1 as a holder: no"),
    ("publisher", "set_transfer_fee", (0, 10**16), "USDC takes 1 % of each transfer"),
    ("publisher", "set_callback", (1, True), "WBTC calls whom a transfer concerns: yes"),
]


@pytest.mark.parametrize(("caller", "kind", "arguments", "sentence"), PHRASES)
def test_action_reads_as_a_sentence(caller: str, kind: str, arguments: tuple[Any, ...], sentence: str) -> None:
    assert phrase(Action(kind, caller, arguments), WORDS) == sentence


def test_every_kind_has_a_sentence_in_these_tests() -> None:
    assert {kind for _, kind, _, _ in PHRASES} == set(KINDS)


def test_a_loan_and_what_is_tried_meanwhile_are_told() -> None:
    bundle = Bundle(
        "attacker",
        (Action("deposit", "attacker", ("attacker", 0, 10**6)),),
        (Action("withdraw", "attacker", ("attacker", 0, 10**6)), Action("fund_insurance", "attacker", (1,))),
        Loan(2, 10**18),
    )
    assert phrase(bundle, WORDS) == (
        "attacker, on a loan of 1 WETH, in one transaction: deposits 1 USDC; "
        "and whenever a token calls: withdraws 1 USDC; pays 0.000001 USDC into insurance"
    )


def test_bundle_reads_as_one_sentence() -> None:
    bundle = Bundle(
        "attacker",
        (Action("deposit", "attacker", ("attacker", 0, 10**6)), Action("settle", "attacker", ("maker", 0))),
    )
    assert phrase(bundle, WORDS) == "attacker, in one transaction: deposits 1 USDC; settles maker in BTC-PERP"


# ---- numbers in words


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 18, "0"),
        (1_234_567_800, 2, "12,345,678"),
        (123_456_789_012, 6, "~123,456.79"),
        (123_456_789_012_345_678, 18, "~0.1234568"),
        (10**24, 18, "1,000,000"),
        (10**33, 18, "1e15"),
        (999_999_999_999_999_999, 18, "~1"),
        (1, 18, "1e-18"),
        (1_234_567, 18, "~1.23e-12"),
        (-1_500_000, 6, "-1.5"),
        (-123_456_789_012, 6, "~-123,456.79"),
        (MAX, 0, "~1.16e77"),
    ],
)
def test_number_is_exact_where_short_and_marked_where_not(value: int, decimals: int, text: str) -> None:
    assert number_text(value, decimals) == text


@given(st.integers(-(2**256), 2**256), st.integers(0, 18))
def test_shortened_number_is_near_and_unmarked_only_if_exact(value: int, decimals: int) -> None:
    text = number_text(value, decimals)
    shown = Fraction(text.lstrip("~").replace(",", ""))
    exact = Fraction(value, 10**decimals)
    assert (shown == exact) if not text.startswith("~") else abs(shown - exact) <= abs(exact) / 150
    assert len(text) <= 24
    assert Fraction(exact_text(value, decimals).replace(",", "")) == exact


@given(st.integers(-(2**128), 2**128), st.integers(-3, 3), st.integers(0, 18))
def test_different_numbers_never_look_the_same_side_by_side(value: int, difference: int, decimals: int) -> None:
    left, right = pair_text(value, value + difference, decimals)
    assert (left == right) == (difference == 0)


@pytest.mark.parametrize(
    ("equity_wad", "maintenance_wad", "text"),
    [
        (1034 * WAD, 1000 * WAD, "1.034"),
        (WAD, WAD, "1.000"),
        (WAD - 1, WAD, "0.999"),
        (0, WAD, "0.000"),
        (5, 0, "none"),
        (0, 0, "none"),
        (-1, 0, "negative"),
        (-1, WAD, "negative"),
        (123_456 * WAD, WAD, "123,456"),
        (10**40, 1, "1e40"),
    ],
)
def test_margin_ratio_never_flatters(equity_wad: int, maintenance_wad: int, text: str) -> None:
    assert margin_ratio_text(equity_wad, maintenance_wad) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59, "59 s"), (3600, "1 h"), (90_061, "1 d 1 h 1 min 1 s"), (-60, "-1 min")]
)
def test_duration_is_exact(seconds: int, text: str) -> None:
    assert duration_text(seconds) == text


# ---- outcomes in words


@pytest.mark.parametrize(
    ("expected", "observed", "texts"),
    [
        (DONE, DONE, ("done", "done")),
        (Outcome("Unauthorized", ("a", "b"), ()), DONE, ("refused: Unauthorized", "done")),
        (
            Outcome("PriceStale", ("ETH-USD", 1), ()),
            Outcome("PriceStale", ("ETH-USD", 2), ()),
            ("refused: PriceStale(ETH-USD, 1)", "refused: PriceStale(ETH-USD, 2)"),
        ),
        (
            Outcome(None, (), (("Settled", 1),)),
            Outcome(None, (), (("Settled", 2),)),
            ("done: Settled(1)", "done: Settled(2)"),
        ),
        (Outcome(None, (), (("Settled", 1),)), DONE, ("done, 1 event", "done, 0 events")),
    ],
)
def test_outcomes_say_how_they_differ(expected: Outcome, observed: Outcome, texts: tuple[str, str]) -> None:
    assert outcomes_text(expected, observed) == texts
