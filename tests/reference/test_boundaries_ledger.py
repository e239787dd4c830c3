"""Boundaries of the ledger: the largest deposit, withdrawal and fee collection are accepted, one unit more is not."""

from __future__ import annotations

from hypothesis import event, given

from reference import boundaries
from reference.state import REVERTS, with_item
from tests.reference.drawn import CHOICES, Choices, aim, spoil, traded
from tests.reference.support import (
    BYSTANDER,
    COPPER,
    COUNTERPARTY,
    GOLD,
    RECIPIENT,
    RISK_MANAGER,
    STRANGER,
    TRADER,
    TREASURY,
    UNUSABLE,
    USD,
    Scene,
    decided,
    drawn,
    gold,
)


@drawn(200)
@given(CHOICES)
def test_largest_deposit_is_accepted_and_one_unit_more_exceeds_the_cap(choices: Choices) -> None:
    scene = traded(choices, most_trades=1)
    collateral = choices.randrange(len(scene.state.parameters.collaterals))
    cap_units = max(0, scene.state.pool_units[collateral] + choices.of(-1, 0, 1, choices.magnitude(1, 10**9)))
    scene.do("set_deposit_cap", RISK_MANAGER, collateral, cap_units)
    largest = boundaries.largest_deposit_units(scene.state, collateral)
    event("none" if largest is None else "some")
    if largest is not None:
        assert decided(scene.state, "deposit", BYSTANDER, BYSTANDER, collateral, largest) is None
    assert decided(scene.state, "deposit", BYSTANDER, BYSTANDER, collateral, (largest or 0) + 1) == "DepositCapExceeded"


WITHDRAWAL_ERRORS = {
    "InsufficientCash",
    "InsufficientLiquidity",
    "InsufficientCollateral",
    "InsufficientMargin",
    *UNUSABLE,
}


def hold_withdrawal(scene: Scene, collateral: int) -> None:
    """The rule of the largest withdrawal, in one state."""
    largest = boundaries.largest_withdrawal_units(scene.state, TRADER, collateral)
    if largest is not None:
        assert decided(scene.state, "withdraw", TRADER, TRADER, collateral, largest) is None
    error = decided(scene.state, "withdraw", TRADER, TRADER, collateral, (largest or 0) + 1)
    assert error in WITHDRAWAL_ERRORS
    event(f"{'none' if largest is None else 'some'}, then {error}")
    if largest is None:
        balance = scene.account(TRADER).units[collateral] or scene.state.pool_units[collateral]
        for units in (2, 3, balance // 2, balance - 1, balance):
            assert units <= 0 or decided(scene.state, "withdraw", TRADER, TRADER, collateral, units) is not None


@drawn(1000)
@given(CHOICES)
def test_largest_withdrawal_is_accepted_and_one_unit_more_is_refused(choices: Choices) -> None:
    scene = traded(choices)
    aim(choices, scene)
    if choices.happens(0.25):
        spoil(choices, scene)
    if choices.happens(0.25):
        # The counterparty's realised profit leaves the pool first (L3).
        largest = boundaries.largest_withdrawal_units(scene.state, COUNTERPARTY, USD)
        if largest is not None:
            scene.do("withdraw", COUNTERPARTY, COUNTERPARTY, USD, largest)
    for collateral in range(len(scene.state.parameters.collaterals)):
        hold_withdrawal(scene, collateral)


def test_largest_withdrawal_of_a_collateral_whose_price_is_gone_is_all_of_it_or_nothing() -> None:
    scene = Scene()
    scene.fund(TRADER, "200")
    scene.fund(COUNTERPARTY, "1000")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    scene.do("set_feed_mode", STRANGER, "GOLD", REVERTS)
    assert boundaries.largest_withdrawal_units(scene.state, TRADER, GOLD) == gold("1")
    assert scene.refused("withdraw", TRADER, TRADER, GOLD, gold("1") - 1) == ("FeedUnavailable", "GOLD")
    scene.do("withdraw", TRADER, TRADER, GOLD, gold("1"))


def test_no_withdrawal_of_a_collateral_whose_price_is_gone_where_the_rest_does_not_carry_the_positions() -> None:
    scene = Scene()
    scene.fund(TRADER, "50")
    scene.fund(COUNTERPARTY, "1000")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100")
    scene.do("set_feed_mode", STRANGER, "GOLD", REVERTS)
    assert boundaries.largest_withdrawal_units(scene.state, TRADER, GOLD) is None
    assert scene.refused("withdraw", TRADER, TRADER, GOLD, gold("1"))[0] == "InsufficientMargin"
    assert scene.refused("withdraw", TRADER, TRADER, GOLD, 1) == ("FeedUnavailable", "GOLD")


@drawn(200)
@given(CHOICES)
def test_largest_fee_collection_is_accepted_and_one_unit_more_is_refused(choices: Choices) -> None:
    scene = traded(choices)
    if choices.happens(0.5):
        # Fees of a whole unit, and a pool that may hold less than that.
        scene.state = scene.state._replace(fees_wad=choices.magnitude(1, 10**20))
        scene.state = scene.state._replace(pool_units=with_item(scene.state.pool_units, 0, choices.between(0, 150)))
    largest = boundaries.largest_fee_collection_units(scene.state)
    if largest is not None:
        assert decided(scene.state, "collect_fees", TREASURY, RECIPIENT, largest) is None
    error = decided(scene.state, "collect_fees", TREASURY, RECIPIENT, (largest or 0) + 1)
    event(f"{'none' if largest is None else 'some'}, then {error}")
    assert error in ("InsufficientFees", "InsufficientLiquidity")
