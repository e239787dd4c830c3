"""Examples that others have published, with where: the reference gives their numbers, or the text says why not.

Only what a venue says of rules that are this engine's too: rounding, fees and what a venue leaves out are not compared.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from reference.boundaries import liquidation_price_wad
from reference.parameters import Bracket, FundingParameters, OpenInterestScaling
from reference.prices import FRESH
from reference.requirements import notional_wad, requirements_exact, requirements_wad
from reference.rounding import WAD
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


BINANCE = (
    Bracket(0, wad("0.02"), wad("0.004")),
    Bracket(wad("50000"), wad("0.02"), wad("0.005")),
    Bracket(wad("250000"), wad("0.02"), wad("0.01")),
)
"""BTCUSDT as in Binance, "How to Calculate Liquidation Price of USDT-M Futures Contracts" (support article
b3c689c1f50a44cabb3a84e663b81d93).

Only what maintains a position matters there; the initial rates are ours."""


@pytest.mark.parametrize(("notional", "rate", "amount"), [("200000", "0.005", "50"), ("500000", "0.01", "1300")])
def test_maintenance_amount(notional: str, rate: str, amount: str) -> None:
    """The same article: "Maintenance Margin = Position Notional * Maintenance Margin Rate - Maintenance Amount", with its amounts."""
    market = replace(COPPER_MARKET, brackets=BINANCE)
    _, maintenance = requirements_wad(market, wad(notional), 0)
    assert maintenance == int(notional) * wad(rate) - wad(amount)


@pytest.mark.parametrize(
    ("side", "size", "entry", "balance", "other_profit", "rate", "amount"),
    [
        (1, "10", "10000", "20000", "0", "0.005", "50"),
        (1, "40", "10000", "100000", "0", "0.01", "1300"),
        (-1, "10", "10000", "20000", "0", "0.005", "50"),
        (-1, "30", "10000", "70000", "0", "0.01", "1300"),
        (1, "10", "10000", "20000", "-5000", "0.005", "50"),
        (-1, "10", "10000", "20000", "4000", "0.005", "50"),
    ],
)
def test_liquidation_price_of_cross_margin(
    side: int, size: str, entry: str, balance: str, other_profit: str, rate: str, amount: str
) -> None:
    """The same article's formula, of which only one contract's part is needed, since the other market here has no maintenance margin.

    Here (W3) it is the last tick at which the account is not liquidated yet.
    """
    scene = Scene()
    largest = wad("1000000")
    scene.set_market(
        COPPER, brackets=BINANCE, feed=replace(COPPER_MARKET.feed, maximum_answer=10**14), largest_price_wad=largest
    )
    scene.set_limits(COPPER, trading_fee_rate_wad=0, position_limit_wad=wad("1000000"))
    scene.publish("COPPER", entry)
    scene.fund(TRADER, balance)
    scene.fund(COUNTERPARTY, "1000000")
    buyer, seller = (TRADER, COUNTERPARTY) if side == 1 else (COUNTERPARTY, TRADER)
    scene.trade(COPPER, buyer, seller, size, entry)
    # What another contract has won or lost is in the account's cash here as soon as it is settled.
    scene.set_cash(TRADER, wad(balance) + wad(other_profit))
    position, entry_price, maintenance_rate = Fraction(size), Fraction(entry), Fraction(rate)
    expected = (Fraction(balance) + Fraction(other_profit) + Fraction(amount) - side * position * entry_price) / (
        position * maintenance_rate - side * position
    )
    status, price_wad = liquidation_price_wad(scene.state, TRADER, COPPER)
    tick_wad = scene.state.parameters.markets[COPPER].tick_wad
    assert status == FRESH
    assert 0 <= side * (price_wad - expected * WAD) < tick_wad, (float(expected), price_wad / WAD)


def test_the_highest_funding_of_an_hour() -> None:
    """Kraken, "Inverse Crypto Collateral Perpetual Contract Specifications" (support.kraken.com, article 360022835911), example 2.

    At a premium of 7.142 %, realized in 24 hours, an hour would cost 0.2975 %; it is bounded by 0.25 %, "so that the maximum 24-hour
    realisation will not exceed 6%". That is a maximum of 6 % a day here, and 17.5 an hour on one unit at 7,000.
    """
    scene = Scene()
    funding = FundingParameters(3_600, wad("0.06"), wad("0.06"), wad("0.0714"), wad("1000"))
    scene.set_market(
        COPPER,
        funding=funding,
        feed=replace(COPPER_MARKET.feed, maximum_answer=10**14),
        largest_price_wad=wad("1000000"),
    )
    scene.set_limits(COPPER, trading_fee_rate_wad=0, price_band_rate_wad=wad("0.08"))
    for name in (TRADER, COUNTERPARTY):
        scene.fund(name, "1000000")
    scene.wait(3_600 - scene.state.time_s % 3_600)
    scene.publish("COPPER", "7000")
    scene.do("accrue_funding", TRADER, COPPER)
    scene.trade(COPPER, TRADER, COUNTERPARTY, "1", "7500")
    assert scene.state.funding[COPPER].premium_wad > wad("0.0713")
    equity = scene.risk(TRADER).equity_wad
    paid = []
    for _ in range(3):
        scene.wait(3_600)
        scene.publish("COPPER", "7000")
        paid.append(equity - scene.risk(TRADER).equity_wad)
        equity -= paid[-1]
    assert paid[-1] == paid[-2] == wad("17.5")
