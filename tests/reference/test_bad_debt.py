"""Bad debt (Q7): recorded once, when nothing is left but debt, and paid by insurance first."""

from __future__ import annotations

import pytest

from tests.reference.support import (
    COPPER,
    COUNTERPARTY,
    GOLD,
    LIQUIDATOR,
    STRANGER,
    TIN,
    TRADER,
    gold,
    liquidate,
    owing,
    refused_liquidation,
    usd,
    wad,
)


def test_closing_the_last_position_into_debt_records_the_shortfall_once() -> None:
    scene = owing("10", "1")
    # A loss of 30 beyond the cash, and the liquidator's 9.7 besides.
    scene.publish("COPPER", "97")
    events = liquidate(scene, "10")
    assert events[1] == ("BadDebtRecorded", TRADER, wad("38.7"), 0)
    assert scene.account(TRADER) == scene.account(TRADER)._replace(cash_wad=0, sizes_wad=(0, 0), quotes_wad=(0, 0))
    assert (scene.state.insurance_wad, scene.state.bad_debt_wad) == (0, wad("38.7"))
    assert refused_liquidation(scene, "10") == ("NoPosition", TRADER, COPPER)


@pytest.mark.parametrize(
    ("insurance", "paid", "insurance_left", "recorded"),
    [
        ("100", "38.7", "61.3", "0"),
        ("38.7", "38.7", "0", "0"),
        ("38.699999", "38.699999", "0", "0.000001"),
        ("5", "5", "0", "33.7"),
    ],
)
def test_insurance_pays_what_it_has_and_the_rest_is_bad_debt(
    insurance: str, paid: str, insurance_left: str, recorded: str
) -> None:
    scene = owing("10", "1")
    scene.do("fund_insurance", STRANGER, usd(insurance))
    scene.publish("COPPER", "97")
    assert liquidate(scene, "10")[1] == ("BadDebtRecorded", TRADER, wad("38.7"), wad(paid))
    assert scene.state.insurance_wad == wad(insurance_left)
    assert scene.state.bad_debt_wad == wad(recorded)


def test_no_bad_debt_while_a_position_in_another_market_is_left() -> None:
    scene = owing("10", "10000")
    scene.trade(TIN, TRADER, COUNTERPARTY, "1", "10")
    scene.set_cash(TRADER, -wad("50"))
    assert len(liquidate(scene, "10")) == 1
    assert scene.state.bad_debt_wad == 0
    events = liquidate(scene, "1", TIN)
    # 10 to the liquidator from copper, 0.25 from tin.
    assert events[1] == ("BadDebtRecorded", TRADER, wad("60.25"), 0)


def test_no_bad_debt_while_a_unit_of_collateral_is_left_and_the_last_seizure_records_it() -> None:
    scene = owing("10", "1")
    scene.do("deposit", TRADER, TRADER, GOLD, 2)
    scene.publish("COPPER", "97")
    assert len(liquidate(scene, "10")) == 1
    assert scene.account(TRADER).cash_wad == -wad("38.7")
    assert len(scene.do("seize", LIQUIDATOR, LIQUIDATOR, TRADER, GOLD, 1)) == 1
    events = scene.do("seize", LIQUIDATOR, LIQUIDATOR, TRADER, GOLD, 1)
    shortfall_wad = wad("38.7") - 36 * 10**12
    assert events[1] == ("BadDebtRecorded", TRADER, shortfall_wad, 0)
    assert scene.state.bad_debt_wad == shortfall_wad
    assert scene.account(TRADER).cash_wad == 0


def test_last_seizure_that_covers_the_debt_records_nothing() -> None:
    scene = owing("10", "1")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("0.02"))
    scene.publish("COPPER", "97")
    liquidate(scene, "10")
    # 0.02 of gold is paid with 36.
    scene.set_cash(TRADER, -wad("36"))
    assert len(scene.do("seize", LIQUIDATOR, LIQUIDATOR, TRADER, GOLD, gold("0.02"))) == 1
    assert (scene.account(TRADER).cash_wad, scene.state.bad_debt_wad) == (0, 0)


def test_closing_whole_with_equity_left_records_nothing() -> None:
    scene = owing("10", "20")
    assert len(liquidate(scene, "10")) == 1
    assert (scene.account(TRADER).cash_wad, scene.state.bad_debt_wad) == (0, 0)
