"""L10: nothing is made and nothing is lost, after every action of any history."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import event, given

from reference import boundaries
from reference.prices import FRESH, mark_status
from tests.reference.drawn import CHOICES, Choices, secured_trade, world
from tests.reference.support import (
    ACCOUNTS,
    BYSTANDER,
    COPPER,
    COUNTERPARTY,
    GOLD,
    LIQUIDATOR,
    MATCHER,
    ORACLE_MANAGER,
    RECIPIENT,
    RISK_MANAGER,
    STRANGER,
    TIN,
    TRADER,
    TREASURY,
    USD,
    Scene,
    drawn,
    gold,
    usd,
    wad,
)

STEPS = 80
OUTCOMES = {
    *("Deposited", "Withdrawn", "Traded", "Settled", "Liquidated", "Seized", "FeesCollected", "InsuranceFunded"),
    *("BadDebtRecorded, paid", "BadDebtRecorded, unpaid", "bad debt repaid"),
}
"""What the histories must reach."""


class History:
    """A scene that random actions move on; what came of them is counted."""

    def __init__(self, choices: Choices, scene: Scene) -> None:
        self.choices = choices
        self.scene = scene
        self.outcomes: Counter[str] = Counter()

    def attempt(self, kind: str, caller: str, *arguments: Any) -> None:
        """An action, accepted or not. Whom it does not name, it does not touch."""
        before = self.scene.state
        error = self.scene.attempt(kind, caller, *arguments)
        after = self.scene.state
        if error is not None:
            assert after is before
            self.outcomes[error] += 1
            return
        for name, account in after.accounts.items():
            assert name in arguments or account == before.accounts[name]
        if after.bad_debt_wad < before.bad_debt_wad:
            self.outcomes["bad debt repaid"] += 1

    def do(self, kind: str, caller: str, *arguments: Any) -> None:
        """An action, and the events of an accepted one."""
        before = self.scene.state
        self.attempt(kind, caller, *arguments)
        after = self.scene.state
        if after is before:
            return
        names = {"deposit": "Deposited", "withdraw": "Withdrawn", "trade": "Traded", "settle": "Settled"}
        names |= {"liquidate": "Liquidated", "seize": "Seized", "collect_fees": "FeesCollected"}
        names |= {"fund_insurance": "InsuranceFunded"}
        self.outcomes[names.get(kind, kind)] += 1
        if kind in ("liquidate", "seize"):
            if after.bad_debt_wad > before.bad_debt_wad:
                self.outcomes["BadDebtRecorded, unpaid"] += 1
            elif after.insurance_wad < before.insurance_wad:
                self.outcomes["BadDebtRecorded, paid"] += 1

    def step(self) -> None:
        """One random action."""
        choices, state = self.choices, self.scene.state
        name = choices.of(TRADER, TRADER, COUNTERPARTY, BYSTANDER)
        collateral = choices.randrange(len(state.parameters.collaterals))
        market = choices.randrange(len(state.parameters.markets))
        kind = choices.of(
            *("deposit", "withdraw", "settle", "donate", "fund", "collect"),
            *("trade", "trade", "trade", "price", "price", "liquidate", "liquidate", "seize", "seize", "time"),
        )
        if kind == "deposit":
            decimals = state.parameters.collaterals[collateral].decimals
            self.do("deposit", name, name, collateral, choices.magnitude(1, 10 ** (decimals + choices.of(1, 3))))
        elif kind == "withdraw":
            largest = boundaries.largest_withdrawal_units(state, name, collateral) or 0
            self.do("withdraw", name, name, collateral, largest + choices.of(0, 0, 1))
        elif kind == "settle":
            self.do("settle", name, name, market)
        elif kind == "donate":
            self.do("donate", STRANGER, collateral, choices.magnitude(1, 10**9))
        elif kind == "fund":
            self.do("fund_insurance", STRANGER, choices.magnitude(1, 10**9))
        elif kind == "collect":
            self.do("collect_fees", TREASURY, RECIPIENT, boundaries.largest_fee_collection_units(state) or 1)
        elif kind == "trade":
            self.trade(name, market)
        elif kind == "price":
            self.move(choices.choice(sorted(state.feeds)))
            if choices.happens(0.5):
                self.do("settle", TRADER, TRADER, market)
        elif kind == "time":
            self.scene.wait(choices.magnitude(1, 1000))
            for source in state.feeds:
                self.move(source)
        else:
            self.close_out(market, collateral, kind)

    def trade(self, name: str, market: int) -> None:
        """A trade near the largest that both can carry, or one that deposits secure first."""
        choices, state = self.choices, self.scene.state
        edges = boundaries.band_edges_wad(state, market)
        if edges is None:
            return
        listed = state.parameters.markets[market]
        if choices.happens(0.1):
            secured_trade(choices, self.scene, market)
            return
        other = choices.choice([account for account in ACCOUNTS if account != name])
        price_wad = choices.between(edges[0] // listed.tick_wad, edges[1] // listed.tick_wad) * listed.tick_wad
        most_wad = boundaries.largest_trade_wad(state, name, market, 1, price_wad) or listed.lot_wad
        held_wad = abs(state.accounts[name].sizes_wad[market])
        size_wad = choices.of(most_wad, most_wad // 2, held_wad) // listed.lot_wad * listed.lot_wad
        self.do("trade", MATCHER, market, name, other, max(listed.lot_wad, size_wad), price_wad)

    def move(self, source: str) -> None:
        """A new answer, mostly a usable one."""
        answer = self.scene.state.feeds[source].answer
        moved = answer * self.choices.of(100, 99, 102, 90, 111, 50, 180) // 100
        self.scene.do("publish", STRANGER, source, max(1, moved), 10**6 if self.choices.happens(0.03) else 0)

    def close_out(self, market: int, collateral: int, kind: str) -> None:
        """Liquidations or seizures of every account, at what is permitted or a little beside it."""
        choices = self.choices
        for name in ACCOUNTS:
            liquidator = LIQUIDATOR if name != LIQUIDATOR else BYSTANDER
            state = self.scene.state
            if kind == "liquidate":
                lot_wad = state.parameters.markets[market].lot_wad
                largest_wad = boundaries.largest_close_wad(state, name, market) or lot_wad
                if mark_status(state, state.parameters.markets[market])[0] == FRESH:
                    # A liquidator needs cash of its own.
                    needed_wad = largest_wad * self.scene.mark(market) // 10**18
                    settlement = state.parameters.collaterals[0]
                    units = needed_wad // settlement.quote_wad_per_unit + 1
                    self.do("deposit", liquidator, liquidator, USD, units)
                size_wad = largest_wad + choices.of(0, 0, 0, lot_wad)
                self.do("liquidate", liquidator, liquidator, name, market, size_wad)
            else:
                units = boundaries.largest_seizure_units(state, name, collateral) or 1
                self.do("seize", liquidator, liquidator, name, collateral, units + choices.of(0, 0, 1))


@given(CHOICES)
@drawn(60)
def test_every_action_of_a_random_history_conserves_every_token(choices: Choices) -> None:
    scene = Scene() if choices.happens(0.5) else world(choices)
    history = History(choices, scene)
    for _ in range(STEPS):
        history.step()
    for outcome in sorted(history.outcomes):
        event(outcome)


def test_random_histories_reach_every_outcome() -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(120):
        history = History(Choices(seed), Scene())
        for _ in range(STEPS):
            history.step()
        outcomes += history.outcomes
    assert set(outcomes) >= OUTCOMES, sorted(OUTCOMES - set(outcomes))
    refused = {"InsufficientCash", "InsufficientMargin", "AccountHealthy", "CloseTooLarge", "NoDebt", "PriceStale"}
    assert refused <= set(outcomes), sorted(refused - set(outcomes))


def ruined() -> Scene:
    """Long copper and short tin against gold, all of it lost: liquidated, but for the gold."""
    scene = Scene()
    scene.fund(COUNTERPARTY, "100000")
    scene.fund(LIQUIDATOR, "100000")
    scene.do("deposit", TRADER, TRADER, GOLD, gold("1"))
    scene.trade(COPPER, TRADER, COUNTERPARTY, "100", "100")
    scene.trade(TIN, COUNTERPARTY, TRADER, "200", "10")
    # Gold counts 1600; copper loses 2000, tin 200, the fee was 10: equity -610.
    scene.publish("COPPER", "80")
    scene.publish("TIN", "11")
    assert scene.risk(TRADER).equity_wad == -wad("610")
    scene.do("settle", TRADER, TRADER, COPPER)
    scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("60"))
    scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, COPPER, wad("40"))
    scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, TIN, wad("200"))
    # The liquidator's halves: 80 for 8000 of copper, 55 for 2200 of tin.
    assert scene.account(TRADER).cash_wad == -wad("2210") - wad("135")
    return scene


def test_ruin_without_insurance_ends_in_recorded_bad_debt_that_funding_repays() -> None:
    scene = ruined()
    events = scene.do("seize", LIQUIDATOR, LIQUIDATOR, TRADER, GOLD, gold("1"))
    # 1800 for the gold.
    assert events[1] == ("BadDebtRecorded", TRADER, wad("545"), 0)
    assert (scene.state.bad_debt_wad, scene.state.insurance_wad) == (wad("545"), 0)
    scene.do("fund_insurance", STRANGER, usd("600"))
    assert (scene.state.bad_debt_wad, scene.state.insurance_wad) == (0, wad("55"))


def test_ruin_with_insurance_is_paid_and_everyone_else_withdraws_everything() -> None:
    scene = ruined()
    scene.do("fund_insurance", STRANGER, usd("1000"))
    events = scene.do("seize", LIQUIDATOR, LIQUIDATOR, TRADER, GOLD, gold("1"))
    assert events[1] == ("BadDebtRecorded", TRADER, wad("545"), wad("545"))
    assert (scene.state.bad_debt_wad, scene.state.insurance_wad) == (0, wad("455"))
    scene.trade(COPPER, COUNTERPARTY, LIQUIDATOR, "100", "80")
    scene.trade(TIN, LIQUIDATOR, COUNTERPARTY, "200", "11")
    for name in (COUNTERPARTY, LIQUIDATOR):
        scene.do("withdraw", name, name, USD, scene.account(name).cash_wad // 10**12)
    scene.do("withdraw", LIQUIDATOR, LIQUIDATOR, GOLD, gold("1"))
    scene.do("collect_fees", TREASURY, RECIPIENT, scene.state.fees_wad // 10**12)
    # Insurance is all that is left, of nobody's account.
    assert scene.state.pool_units == (usd("455"), 0, 0)


def test_governance_moves_no_money() -> None:
    scene = ruined()
    before = scene.state
    scene.do("set_market_limits", RISK_MANAGER, COPPER, 0, 0, 0, wad("1"))
    scene.do("set_deposit_cap", RISK_MANAGER, USD, 0)
    scene.do("set_liquidation_parameters", RISK_MANAGER, wad("1"), wad("1"), 0)
    scene.do("set_market_feed", ORACLE_MANAGER, TIN, "TIN", 18, 1, 1, wad("1000"))
    scene.do("set_operator", BYSTANDER, STRANGER, True)
    assert scene.state.accounts == before.accounts
    assert scene.state.pool_units == before.pool_units
    assert scene.state.insurance_wad == before.insurance_wad
