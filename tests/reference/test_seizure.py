"""Seizure (Q6): order of tests, what moves, how much may be taken, and which way the payment rounds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import event, given

from reference.liquidation import seizure_payment_wad
from reference.machine import apply
from reference.margin import health
from reference.parameters import Collateral
from reference.state import REVERTS
from tests.reference.drawn import CHOICES, Choices, traded
from tests.reference.support import (
    COPPER,
    COUNTERPARTY,
    GOLD,
    LIQUIDATOR,
    RISK_MANAGER,
    SILVER,
    SMALL,
    STRANGER,
    TRADER,
    UNKNOWN,
    USD,
    Scene,
    drawn,
    exact,
    gold,
    refused_liquidation,
    rich,
    wad,
)


def indebted(cash: str, gold_units: int, liquidator_cash: str = "10000") -> Scene:
    """The trader owes cash against gold at 2000, which counts 1600 and is sold for 1800; MM is 1000, of 150 copper."""
    scene = Scene()
    scene.fund(COUNTERPARTY, "1000000")
    scene.fund(TRADER, "1000000")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "150", "100")
    scene.do("deposit", TRADER, TRADER, GOLD, gold_units)
    scene.set_cash(TRADER, wad(cash))
    if wad(liquidator_cash):
        scene.fund(LIQUIDATOR, liquidator_cash)
    return scene


def refused_seizure(scene: Scene, units: int, collateral: int = GOLD) -> tuple[object, ...]:
    """A seizure that is refused."""
    return scene.refused("seize", LIQUIDATOR, LIQUIDATOR, TRADER, collateral, units)


def test_seizure_tests_collateral_parties_amount_and_balance_in_this_order_before_any_feed() -> None:
    scene = indebted("-100", gold("0.1"))
    for source in scene.state.feeds:
        scene.do("set_feed_mode", STRANGER, source, REVERTS)
    seizure = ("seize", LIQUIDATOR, LIQUIDATOR)
    assert scene.refused(*seizure, LIQUIDATOR, UNKNOWN, 0) == ("UnknownCollateral", UNKNOWN)
    assert scene.refused(*seizure, LIQUIDATOR, USD, 0) == ("NotSeizable", USD)
    assert scene.refused(*seizure, LIQUIDATOR, GOLD, 0) == ("SelfLiquidation", LIQUIDATOR)
    assert refused_seizure(scene, 0) == ("ZeroAmount",)
    refused = refused_seizure(scene, gold("0.1") + 1)
    assert refused == ("InsufficientCollateral", TRADER, gold("0.1"))
    assert refused_seizure(scene, gold("0.1")) == ("FeedUnavailable", "COPPER")


def test_seizure_tests_health_debt_size_cash_and_margin_in_this_order() -> None:
    # Equity: cash and 1600 for the gold; MM 1000 of 150 copper.
    scene = indebted("-600", gold("1"), "0.000001")
    assert refused_seizure(scene, gold("1")) == ("AccountHealthy", TRADER, wad("1000"), wad("1000"))
    scene.set_cash(TRADER, -wad("600") - 1)
    # A third of a coin covers that.
    refused = refused_seizure(scene, gold("1"))
    assert refused == ("SeizureTooLarge", wad("600") + 1)
    refused = refused_seizure(scene, 1000)
    assert refused == ("InsufficientCash", LIQUIDATOR, wad("0.000001"))
    scene.fund(LIQUIDATOR, "1000")
    scene.trade(COPPER, LIQUIDATOR, COUNTERPARTY, "10", "100")
    scene.set_cash(LIQUIDATOR, wad("18"))
    # 0.01 for 18: worth 16 to the liquidator, whose ten copper need 100.
    refused = refused_seizure(scene, gold("0.01"))
    assert refused == ("InsufficientMargin", LIQUIDATOR, wad("16"), wad("100"))


def test_account_without_debt_is_not_seized_from() -> None:
    # 150 copper at 90: -1500, and gold worth 1600.
    scene = indebted("0", gold("1"))
    scene.publish("COPPER", "90")
    assert refused_seizure(scene, 1) == ("NoDebt", TRADER)
    scene.set_cash(TRADER, -1)
    scene.do("seize", LIQUIDATOR, LIQUIDATOR, TRADER, GOLD, 1)


def test_liquidator_pays_its_last_wad_of_cash_and_not_one_more() -> None:
    scene = indebted("-1000", gold("1"), "0.000001")
    scene.set_cash(LIQUIDATOR, wad("180") - 1)
    assert refused_seizure(scene, gold("0.1")) == ("InsufficientCash", LIQUIDATOR, wad("180") - 1)
    scene.set_cash(LIQUIDATOR, wad("180"))
    scene.do("seize", LIQUIDATOR, LIQUIDATOR, TRADER, GOLD, gold("0.1"))
    # Without cash or positions it is unencumbered.
    assert scene.account(LIQUIDATOR).cash_wad == 0


def test_seizure_moves_units_and_payment_and_raises_the_accounts_equity_by_hand() -> None:
    scene = indebted("-1000", gold("1"))
    scene.do("set_deposit_cap", RISK_MANAGER, GOLD, 0)
    before, pool_units = scene.risk(TRADER), scene.state.pool_units
    events = scene.do("seize", LIQUIDATOR, LIQUIDATOR, TRADER, GOLD, gold("0.5"))
    assert events == (("Seized", TRADER, LIQUIDATOR, GOLD, gold("0.5"), wad("900")),)
    assert scene.account(TRADER).cash_wad == -wad("100")
    assert scene.account(TRADER).units == (0, gold("0.5"), 0)
    assert scene.account(LIQUIDATOR).cash_wad == wad("9100")
    assert scene.account(LIQUIDATOR).units == (0, gold("0.5"), 0)
    # Half a coin counted 800 and was paid 900.
    assert scene.risk(TRADER).equity_wad == before.equity_wad + wad("100")
    assert scene.state.pool_units == pool_units


def test_last_unit_may_overpay_the_debt_and_the_account_keeps_the_rest() -> None:
    # A whole coin is one unit here: 1800 for a debt of 1000.
    scene = indebted("-1000", gold("1"))
    collaterals = list(scene.state.parameters.collaterals)
    collaterals[GOLD] = Collateral("GOLD", 0, wad("0.2"), wad("0.1"), 10**9, collaterals[GOLD].feed)
    scene.state = scene.state._replace(
        parameters=replace(scene.state.parameters, collaterals=tuple(collaterals)),
        accounts={
            **scene.state.accounts,
            TRADER: scene.account(TRADER)._replace(units=(0, 2, 0), cash_wad=-wad("2300")),
            STRANGER: scene.account(STRANGER)._replace(cash_wad=scene.account(STRANGER).cash_wad + wad("1300")),
        },
        pool_units=(scene.state.pool_units[USD], 2, 0),
    )
    assert scene.risk(TRADER).equity_wad == wad("900")
    events = scene.do("seize", LIQUIDATOR, LIQUIDATOR, TRADER, GOLD, 2)
    assert events[0][-1] == wad("3600")
    assert scene.account(TRADER).cash_wad == wad("1300")


@pytest.mark.parametrize(
    ("debt_wad", "permitted"),
    [
        # 1800 a coin are 1.8 * 10^13 wad a unit.
        (1, 1),
        (18 * 10**12 - 1, 1),
        (18 * 10**12, 1),
        (18 * 10**12 + 1, 2),
        (36 * 10**12, 2),
        (36 * 10**12 + 1, 3),
    ],
)
def test_seizure_ends_with_the_unit_that_covers_the_debt(debt_wad: int, permitted: int) -> None:
    scene = indebted("-1000", 10)
    scene.set_cash(TRADER, -debt_wad)
    scene.publish("COPPER", "95")
    assert refused_seizure(scene, permitted + 1) == ("SeizureTooLarge", debt_wad)
    scene.do("seize", LIQUIDATOR, LIQUIDATOR, TRADER, GOLD, permitted)
    assert scene.account(TRADER).cash_wad == -debt_wad + permitted * 18 * 10**12


def test_payment_rounds_up_against_the_liquidator() -> None:
    # Silver at one cent: a unit of 10^-18 is worth a hundredth of a wad.
    silver = SMALL.collaterals[SILVER]
    assert [seizure_payment_wad(silver, units, wad("0.01")) for units in (0, 1, 133, 134, 266, 267)] == [
        0,
        1,
        1,
        2,
        2,
        3,
    ]


@given(CHOICES)
@drawn(200)
def test_seizure_never_lowers_the_equity_of_the_seized_account(choices: Choices) -> None:
    # P5: the discount is below the haircut; and the payment rounds up, the value down.
    scene = traded(choices)
    collaterals = scene.state.parameters.collaterals
    number = choices.randrange(len(collaterals))
    if number == 0:
        return
    scene.do("deposit", TRADER, TRADER, number, choices.magnitude(1, 10 ** (collaterals[number].decimals + 1)))
    balance = scene.account(TRADER).units[number]
    scene.set_cash(TRADER, scene.account(TRADER).cash_wad - scene.risk(TRADER).equity_wad - choices.of(0, 1, 10**18))
    state = rich(scene.state, LIQUIDATOR)
    before = health(state, state.accounts[TRADER]).risk.equity_wad
    units = choices.of(1, choices.randint(1, balance), balance)
    after, outcome = apply(state, "seize", LIQUIDATOR, (LIQUIDATOR, TRADER, number, units))
    event(str(outcome.error))
    if outcome.error is None:
        assert health(after, after.accounts[TRADER]).risk.equity_wad >= before


def test_debtor_without_positions_is_seized_from_but_not_liquidated() -> None:
    scene = Scene()
    scene.do("deposit", TRADER, TRADER, GOLD, gold("0.1"))
    scene.set_cash(TRADER, -wad("161"))
    scene.fund(LIQUIDATOR, "1000")
    assert refused_liquidation(scene, "1") == ("NoPosition", TRADER, COPPER)
    scene.do("seize", LIQUIDATOR, LIQUIDATOR, TRADER, GOLD, exact("0.0894", 8))
    assert scene.account(TRADER).cash_wad == -wad("0.08")
