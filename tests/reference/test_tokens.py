"""Tokens that behave badly (section 18): what the engine refuses, what goes on regardless, and what the books say of it."""

from __future__ import annotations

import pytest

from reference.machine import apply_all
from reference.rounding import WAD
from tests.reference.support import (
    COPPER,
    COUNTERPARTY,
    STRANGER,
    TRADER,
    TREASURY,
    USD,
    Scene,
    assert_conserved,
    gold,
    liquidate,
    owing,
    usd,
    wad,
)

ISSUER = STRANGER


def funded() -> Scene:
    """The trader has 1000 of cash and 10 of gold."""
    scene = Scene()
    scene.fund(TRADER, "1000")
    scene.do("deposit", TRADER, TRADER, 1, gold("10"))
    return scene


def test_a_deposit_that_does_not_arrive_in_full_is_refused() -> None:
    scene = funded()
    scene.do("set_transfer_fee", ISSUER, USD, WAD // 100)
    assert scene.refused("deposit", TRADER, TRADER, USD, 1_000) == ("UnexpectedTransfer", USD, 1_000, 990)
    assert scene.refused("fund_insurance", TRADER, 100) == ("UnexpectedTransfer", USD, 100, 99)


def test_a_fee_that_rounds_to_nothing_is_none() -> None:
    scene = funded()
    scene.do("set_transfer_fee", ISSUER, USD, WAD // 100)
    scene.do("deposit", TRADER, TRADER, USD, 99)
    assert scene.refused("deposit", TRADER, TRADER, USD, 100) == ("UnexpectedTransfer", USD, 100, 99)
    scene.do("set_transfer_fee", ISSUER, USD, 0)
    scene.do("deposit", TRADER, TRADER, USD, 100)
    assert_conserved(scene.state)


def test_a_fee_beyond_the_whole_takes_the_whole() -> None:
    scene = funded()
    scene.do("set_transfer_fee", ISSUER, USD, 2 * WAD)
    assert scene.refused("deposit", TRADER, TRADER, USD, 7) == ("UnexpectedTransfer", USD, 7, 0)


def test_what_is_paid_out_leaves_the_books_whole_whatever_the_token_keeps() -> None:
    scene = funded()
    scene.do("set_transfer_fee", ISSUER, USD, WAD // 4)
    pool, held, wallet = scene.state.pool_units[USD], scene.state.held_units[USD], scene.state.wallets[TRADER][USD]
    scene.do("withdraw", TRADER, TRADER, USD, 400)
    assert scene.state.pool_units[USD] == pool - 400
    assert scene.state.held_units[USD] == held - 400
    assert scene.state.wallets[TRADER][USD] == wallet + 300
    assert scene.account(TRADER).cash_wad == wad("1000") - 400 * WAD // usd("1")


def test_a_donation_is_what_arrives_of_it() -> None:
    scene = funded()
    scene.do("set_transfer_fee", ISSUER, USD, WAD // 4)
    held = scene.state.held_units[USD]
    scene.do("donate", TRADER, USD, 400)
    assert scene.state.held_units[USD] == held + 300


@pytest.mark.parametrize("manner", [("pause_token", USD, True), ("refuse_holder", USD, TRADER, True)])
def test_a_token_that_refuses_holds_up_its_own_transfers_alone(manner: tuple[object, ...]) -> None:
    scene = funded()
    kind, *arguments = manner
    scene.do(str(kind), ISSUER, *arguments)
    assert scene.refused("deposit", TRADER, TRADER, USD, 1) == ("TransferFromFailed",)
    assert scene.refused("withdraw", TRADER, TRADER, USD, 1) == ("TransferFailed",)
    assert scene.refused("fund_insurance", TRADER, 1) == ("TransferFromFailed",)
    scene.do("withdraw", TRADER, TRADER, 1, gold("1"))
    scene.do(str(kind), ISSUER, *arguments[:-1], False)
    scene.do("withdraw", TRADER, TRADER, USD, 1)


def test_who_is_not_refused_does_not_wait_for_who_is() -> None:
    scene = funded()
    scene.do("refuse_holder", ISSUER, USD, COUNTERPARTY, True)
    scene.do("withdraw", TRADER, TRADER, USD, 1)
    assert scene.refused("deposit", COUNTERPARTY, COUNTERPARTY, USD, 1) == ("TransferFromFailed",)


def test_margin_is_tested_before_the_token_is_asked() -> None:
    scene = Scene()
    scene.do("pause_token", ISSUER, USD, True)
    assert scene.refused("withdraw", TRADER, TRADER, USD, 1)[0] == "InsufficientCash"
    assert scene.refused("collect_fees", TREASURY, TRADER, 1)[0] == "InsufficientFees"


def test_a_refused_holder_s_account_is_liquidated_like_any_other() -> None:
    scene = owing("10", "20")
    for collateral in range(len(scene.state.pool_units)):
        scene.do("pause_token", ISSUER, collateral, True)
        scene.do("refuse_holder", ISSUER, collateral, TRADER, True)
    before = scene.account(TRADER).sizes_wad[COPPER]
    events = liquidate(scene, "1")
    assert any(event[0] == "Liquidated" for event in events)
    assert abs(scene.account(TRADER).sizes_wad[COPPER]) < abs(before)


def test_a_donation_that_the_token_refuses_says_why() -> None:
    scene = funded()
    scene.do("refuse_holder", ISSUER, USD, TRADER, True)
    assert scene.refused("donate", TRADER, USD, 1) == ("HolderRefused", TRADER)
    scene.do("pause_token", ISSUER, USD, True)
    assert scene.refused("donate", TRADER, USD, 1) == ("TokenPaused",)


# --- Loans and callbacks (K5, K7)

BRING = ("deposit", (TRADER, USD, usd("7")))
TAKE = ("withdraw", (TRADER, USD, usd("7")))


def test_what_is_borrowed_is_paid_back_or_nothing_happens() -> None:
    scene = Scene()
    scene.state = scene.state._replace(wallets={**scene.state.wallets, TRADER: (0, 0, 0)})
    assert apply_all(scene.state, TRADER, (BRING,))[1].error == "TransferFromFailed"
    after, outcome = apply_all(scene.state, TRADER, (BRING, TAKE), (USD, usd("7")))
    assert outcome.done
    assert after.wallets[TRADER] == (0, 0, 0)
    after, outcome = apply_all(scene.state, TRADER, (BRING,), (USD, usd("7")))
    assert (outcome.error, outcome.error_arguments) == ("ERC20InsufficientBalance", (TRADER, 0, usd("7")))
    assert after is scene.state


def test_a_callback_in_the_middle_of_an_action_changes_nothing() -> None:
    scene = funded()
    scene.do("set_callback", ISSUER, USD, True)
    assert apply_all(scene.state, TRADER, (BRING,), None, (TAKE,)) == apply_all(scene.state, TRADER, (BRING,))


def test_a_callback_in_the_middle_of_a_plain_transfer_acts_as_at_any_other_time() -> None:
    scene = funded()
    gift = ("donate", (USD, 1))
    assert apply_all(scene.state, TRADER, (gift,), None, (TAKE,)) == apply_all(scene.state, TRADER, (gift,))
    scene.do("set_callback", ISSUER, USD, True)
    assert apply_all(scene.state, TRADER, (gift,), None, (TAKE,)) == apply_all(scene.state, TRADER, (TAKE, gift))
