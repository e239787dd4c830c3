"""Ether in and out (section 19): the order of tests, whose ether it is, and what is left on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reference.ether import GATEWAY, WRAPPED, Ether
from reference.machine import apply_all
from reference.state import State
from tests.reference.support import (
    BYSTANDER,
    EVERYONE,
    MATCHER,
    RISK_MANAGER,
    SILVER,
    SMALL,
    STRANGER,
    TRADER,
    Scene,
    wad,
)

EACH = wad("1000")
ONE = wad("1")


def at_hand() -> Scene:
    """Silver wraps ether; everybody has some, trader and bystander approve the gateway. The bystander is a contract."""
    scene = Scene()
    usd, gold, silver = SMALL.collaterals
    parameters = replace(SMALL, collaterals=(usd, gold, replace(silver, wraps_ether=True)))
    scene.state = scene.state._replace(
        parameters=parameters,
        ether=Ether(dict.fromkeys(EVERYONE, EACH) | {GATEWAY: 0, WRAPPED: 0}, BYSTANDER),
        wallets={**dict.fromkeys(scene.state.wallets, (0, 0, 0)), GATEWAY: (0, 0, 0)},
    )
    for name in (TRADER, BYSTANDER):
        scene.do("set_operator", name, GATEWAY, True)
    return scene


def with_margin() -> Scene:
    scene = at_hand()
    for name in (TRADER, BYSTANDER):
        scene.do("deposit_ether", name, name, 5 * ONE)
    return scene


def units(state: State, name: str) -> int:
    return state.accounts[name].units[SILVER]


def test_ether_in_is_margin_of_the_account_and_paid_by_the_caller() -> None:
    scene = at_hand()
    events = scene.do("deposit_ether", MATCHER, TRADER, 3 * ONE)
    state = scene.state
    assert events == (("Deposited", TRADER, SILVER, 3 * ONE), ("EtherDeposited", TRADER, MATCHER, 3 * ONE))
    assert units(state, TRADER) == state.pool_units[SILVER] == state.held_units[SILVER] == 3 * ONE
    assert (state.ether.wei[MATCHER], state.ether.wei[TRADER], state.ether.wei[WRAPPED]) == (
        EACH - 3 * ONE,
        EACH,
        3 * ONE,
    )
    assert (state.ether.wei[GATEWAY], state.wallets[GATEWAY][SILVER]) == (0, 0)


def test_margin_out_is_ether_of_the_account_whoever_calls() -> None:
    scene = with_margin()
    wallets = scene.state.wallets
    events = scene.do("withdraw_ether", MATCHER, TRADER, 2 * ONE)
    state = scene.state
    assert events == (("Withdrawn", TRADER, SILVER, 2 * ONE), ("EtherWithdrawn", TRADER, 2 * ONE))
    assert units(state, TRADER) == 3 * ONE
    assert (state.ether.wei[TRADER], state.ether.wei[MATCHER]) == (EACH - 3 * ONE, EACH)
    assert state.wallets == wallets
    assert state.ether.wei[WRAPPED] == state.held_units[SILVER] == 8 * ONE


@pytest.mark.parametrize(("kind", "amount"), [("deposit_ether", ONE), ("withdraw_ether", 10**30)])
def test_the_right_of_the_caller_comes_first(kind: str, amount: int) -> None:
    assert at_hand().refused(kind, STRANGER, TRADER, amount) == ("Unauthorized", STRANGER, TRADER)


@pytest.mark.parametrize("kind", ["deposit_ether", "withdraw_ether"])
def test_an_account_that_does_not_approve_the_gateway_is_not_served(kind: str) -> None:
    scene = with_margin()
    scene.do("set_operator", TRADER, GATEWAY, False)
    assert scene.refused(kind, TRADER, TRADER, ONE) == ("Unauthorized", GATEWAY, TRADER)
    assert scene.refused(kind, STRANGER, TRADER, ONE) == ("Unauthorized", STRANGER, TRADER)


def test_what_the_engine_refuses_is_refused() -> None:
    scene = with_margin()
    assert scene.refused("deposit_ether", TRADER, TRADER, 0) == ("ZeroAmount",)
    assert scene.refused("withdraw_ether", TRADER, TRADER, 0) == ("ZeroAmount",)
    assert scene.refused("withdraw_ether", TRADER, TRADER, 5 * ONE + 1) == ("InsufficientCollateral", TRADER, 5 * ONE)
    scene.do("set_deposit_cap", RISK_MANAGER, SILVER, 10 * ONE)
    assert scene.refused("deposit_ether", TRADER, TRADER, 1) == ("DepositCapExceeded", SILVER, 10 * ONE, 10 * ONE)


def test_ether_that_is_refused_undoes_the_withdrawal() -> None:
    scene = with_margin()
    scene.do("refuse_ether", STRANGER, True)
    assert scene.refused("withdraw_ether", BYSTANDER, BYSTANDER, ONE) == ("EtherNotDelivered", BYSTANDER, ONE)
    scene.do("withdraw_ether", TRADER, TRADER, ONE)
    scene.do("refuse_ether", STRANGER, False)
    scene.do("withdraw_ether", BYSTANDER, BYSTANDER, ONE)


def test_what_the_engine_refuses_comes_before_what_the_account_does() -> None:
    scene = with_margin()
    scene.do("refuse_ether", STRANGER, True)
    assert scene.refused("withdraw_ether", BYSTANDER, BYSTANDER, 0) == ("ZeroAmount",)


@pytest.mark.parametrize("amount", [0, 1, ONE])
def test_plain_ether_is_refused(amount: int) -> None:
    assert at_hand().refused("send_ether", TRADER, amount) == ("EtherNotAccepted", TRADER)


@pytest.mark.parametrize("kind", ["deposit_ether", "send_ether"])
def test_nobody_brings_what_he_does_not_have(kind: str) -> None:
    arguments = (EACH + 1,) if kind == "send_ether" else (BYSTANDER, EACH + 1)
    assert at_hand().refused(kind, BYSTANDER, *arguments) == ("Reverted", "0x")


def test_wrapped_ether_has_no_issuer_and_lends_nothing() -> None:
    scene = with_margin()
    before = scene.state
    for kind, arguments in (
        ("pause_token", (SILVER, True)),
        ("refuse_holder", (SILVER, TRADER, True)),
        ("set_transfer_fee", (SILVER, ONE)),
        ("set_callback", (SILVER, True)),
    ):
        assert scene.do(kind, STRANGER, *arguments) == ()
        assert scene.state == before
    assert scene.refused("donate", TRADER, SILVER, 1) == ("Reverted", "0x")
    after, outcome = apply_all(before, TRADER, (), (SILVER, 1))
    assert (after, outcome.error, outcome.error_arguments) == (before, "Reverted", ("0x",))
