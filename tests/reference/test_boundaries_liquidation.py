"""Boundaries of liquidation: the largest close and the largest seizure are accepted, a lot or a unit more is not."""

from __future__ import annotations

from hypothesis import event, given

from reference import boundaries
from reference.margin import health
from reference.prices import FRESH
from reference.state import REVERTS
from tests.reference.drawn import CHOICES, Choices, aim, held_market, spoil, traded
from tests.reference.support import (
    LIQUIDATOR,
    SILVER,
    STRANGER,
    TRADER,
    UNUSABLE,
    Scene,
    decided,
    drawn,
    rich,
    unlimited,
    wad,
)


@drawn(600)
@given(CHOICES)
def test_largest_close_is_accepted_and_one_lot_more_is_too_large(choices: Choices) -> None:
    scene = traded(choices)
    aim(choices, scene)
    number = held_market(choices, scene)
    market = scene.state.parameters.markets[number]
    state = rich(unlimited(scene, number), LIQUIDATOR)
    largest_wad = boundaries.largest_close_wad(state, TRADER, number)
    size_wad = abs(scene.account(TRADER).sizes_wad[number])
    if largest_wad is None:
        error = decided(state, "liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, number, market.lot_wad)
        assert error == ("AccountHealthy" if size_wad else "NoPosition")
        event(f"none: {error}")
        return
    event("whole" if largest_wad == size_wad else "part")
    assert decided(state, "liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, number, largest_wad) is None
    more_wad = largest_wad + market.lot_wad
    assert decided(state, "liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, number, more_wad) == "CloseTooLarge"


@drawn(200)
@given(CHOICES)
def test_no_largest_close_while_a_needed_price_is_unusable(choices: Choices) -> None:
    scene = traded(choices)
    spoil(choices, scene)
    status, _ = health(scene.state, scene.account(TRADER))
    for number, market in enumerate(scene.state.parameters.markets):
        if status != FRESH and scene.account(TRADER).sizes_wad[number]:
            assert boundaries.largest_close_wad(scene.state, TRADER, number) is None
            error = decided(scene.state, "liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, number, market.lot_wad)
            assert error in UNUSABLE


@drawn(500)
@given(CHOICES)
def test_largest_seizure_is_accepted_and_one_unit_more_is_refused(choices: Choices) -> None:
    scene = traded(choices)
    collaterals = scene.state.parameters.collaterals
    collateral = choices.randrange(max(1, len(collaterals) - 1)) + (len(collaterals) > 1)
    if collateral and choices.happens(0.5):
        held = choices.magnitude(1, 10 ** (collaterals[collateral].decimals + 1))
        scene.do("deposit", TRADER, TRADER, collateral, held)
        _, risk = health(scene.state, scene.account(TRADER))
        # Debt from next to nothing to more than the collateral is worth.
        collateral_wad = max(0, risk.equity_wad - scene.account(TRADER).cash_wad)
        debt_wad = choices.of(1, 2, choices.randint(1, max(1, 2 * collateral_wad)))
        scene.set_cash(TRADER, -debt_wad)
    state = rich(scene.state, LIQUIDATOR)
    account = state.accounts[TRADER]
    largest = boundaries.largest_seizure_units(state, TRADER, collateral)
    error = decided(state, "seize", LIQUIDATOR, LIQUIDATOR, TRADER, collateral, largest or 1)
    if largest is None:
        event(f"none: {error}")
        assert error in ("NotSeizable", "InsufficientCollateral", "AccountHealthy", "NoDebt")
        return
    assert largest <= account.units[collateral]
    event(f"{'balance' if largest == account.units[collateral] else 'debt'} decides: {error}")
    # Whether the account is liquidatable is no part of this boundary.
    assert error in (None, "AccountHealthy")
    if error is None:
        beyond = decided(state, "seize", LIQUIDATOR, LIQUIDATOR, TRADER, collateral, largest + 1)
        assert beyond == ("InsufficientCollateral" if largest == account.units[collateral] else "SeizureTooLarge")


def test_largest_seizure_is_none_while_its_price_is_unusable() -> None:
    scene = Scene()
    scene.do("deposit", TRADER, TRADER, SILVER, wad("1"))
    scene.set_cash(TRADER, -wad("20"))
    assert boundaries.largest_seizure_units(scene.state, TRADER, SILVER) == wad("1")
    scene.do("set_feed_mode", STRANGER, "SILVER", REVERTS)
    assert boundaries.largest_seizure_units(scene.state, TRADER, SILVER) is None
