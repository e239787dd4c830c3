"""Examples that others have published, with where: the reference gives their numbers, or the text says why not.

Only what a venue says of rules that are this engine's too: rounding, fees and what a venue leaves out are not compared.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from reference.parameters import Bracket, OpenInterestScaling
from reference.requirements import notional_wad, requirements_exact, requirements_wad
from tests.reference.support import COPPER, COPPER_MARKET, COUNTERPARTY, TRADER, Scene, wad


def test_brackets_of_a_collateral_table() -> None:
    """WhiteBIT, "Collateral brackets" (whitebit.com/trading-data/collateral-brackets): 200,000 of which 50,000 at 100x, the rest at 10x."""
    market = replace(
        COPPER_MARKET, brackets=(Bracket(0, wad("0.01"), wad("0.005")), Bracket(wad("50000"), wad("0.1"), wad("0.005")))
    )
    initial, _ = requirements_wad(market, wad("200000"), 0)
    assert initial == wad("15500")


@pytest.mark.parametrize(
    ("open_notional", "fraction"),
    [("0", "0.2"), ("25000000", "0.2"), ("37500000", "0.6"), ("50000000", "1"), ("60000000", "1")],
)
def test_initial_fraction_that_grows_with_open_interest(open_notional: str, fraction: str) -> None:
    """dYdX, "Open Interest Initial Margin Fraction" (help.dydx.trade, article 228341): the formula.

    With the 20 %, 25 and 50 million that its own tests use (dydxprotocol/v4-chain, protocol/testutil/constants/perpetuals.go, tier 9).
    """
    base, lower, upper = Fraction(1, 5), 25_000_000, 50_000_000
    scaling_factor = Fraction(int(open_notional) - lower, upper - lower)
    effective = min(base + max(scaling_factor * (1 - base), 0), 1)
    assert effective == Fraction(fraction)
    market = replace(
        COPPER_MARKET,
        brackets=(Bracket(0, wad("0.2"), wad("0.1")),),
        scaling=OpenInterestScaling(wad("25000000"), wad("50000000")),
    )
    initial, maintenance = requirements_wad(market, wad("1000"), wad(open_notional))
    assert initial == 1_000 * wad(fraction)
    assert maintenance == wad("100"), "which does not grow"
    assert requirements_exact(market, Fraction(wad("1000")), Fraction(wad(open_notional))) == (initial, maintenance)


@pytest.mark.parametrize(("price", "left"), [("36000", "900"), ("28000", "100"), ("26000", "-100")])
def test_margin_that_is_left_of_a_position_at_ten_times(price: str, left: str) -> None:
    """Flipster, "Margin Trading Explained" (support.flipster.io, article 7352962731663): 0.1 BTC from 30,000 with 300 as margin.

    They need 10 % initially and 1 % to stay. (There 1 % is of the notional when it was opened; here, as in V4, of what it is now.)
    """
    scene = Scene()
    scene.set_market(
        COPPER,
        brackets=(Bracket(0, wad("0.1"), wad("0.01")),),
        feed=replace(COPPER_MARKET.feed, maximum_answer=10**6 * 10**8),
        largest_price_wad=wad("1000000"),
    )
    scene.set_limits(COPPER, trading_fee_rate_wad=0)
    scene.publish("COPPER", "30000")
    scene.fund(TRADER, "300")
    scene.fund(COUNTERPARTY, "300")
    scene.trade(COPPER, TRADER, COUNTERPARTY, "0.1", "30000")
    assert scene.risk(TRADER).initial_margin_wad == wad("300")
    scene.publish("COPPER", price)
    risk = scene.risk(TRADER)
    assert risk.equity_wad == wad(left)
    assert risk.maintenance_margin_wad == notional_wad(wad("0.1"), wad(price)) // 100
    assert (risk.equity_wad < risk.maintenance_margin_wad) == (price == "26000")
