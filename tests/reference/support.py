"""A small deployment to compute by hand, and short ways to act on it.

Numbers in tests are exact decimals in words (``wad("0.1")``), as the specification's rules state them.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings

from reference.breaker import unbroken
from reference.governance import ADMIN, GUARDIAN, ORACLE, RISK, TREASURER
from reference.ledger import Event
from reference.machine import apply, at_time
from reference.margin import Risk, health
from reference.parameters import Bracket, Collateral, Feed, LiquidationParameters, Market, MarketLimits, Parameters
from reference.prices import FRESH, mark_status
from reference.state import ANSWERS, Account, FeedReading, State, empty_account, unfunded

TRADER, COUNTERPARTY, LIQUIDATOR, BYSTANDER = "trader", "counterparty", "liquidator", "bystander"
"""Accounts. The matcher is an operator of each."""
MATCHER, STRANGER, RECIPIENT = "matcher", "stranger", "recipient"
ADMINISTRATOR, RISK_MANAGER, ORACLE_MANAGER, TREASURY = "administrator", "risk manager", "oracle manager", "treasury"
WATCH = "watch"
"""Who may pause."""
ACCOUNTS = (TRADER, COUNTERPARTY, LIQUIDATOR, BYSTANDER)
EVERYONE = (*ACCOUNTS, MATCHER, STRANGER, RECIPIENT, ADMINISTRATOR, RISK_MANAGER, ORACLE_MANAGER, TREASURY, WATCH)

NOW_S = 1_000_000
COPPER, TIN = 0, 1
USD, GOLD, SILVER = 0, 1, 2
BUYS, SELLS = 1, -1
UNKNOWN = 99
UNUSABLE = {"FeedUnavailable", "PriceOutOfBounds", "PriceStale"}


def drawn(examples: int) -> settings:
    """Settings of a test over drawn values: the same values in every run.

    Building a state by trades draws much; that is no fault of a test.
    """
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


def exact(text: str, decimals: int) -> int:
    """A decimal as an exact integer of 10^-decimals."""
    value = Decimal(text.replace("_", "")).scaleb(decimals)
    assert value == int(value), f"{text} has more than {decimals} decimals"
    return int(value)


def wad(text: str) -> int:
    """A decimal as an exact integer of 10^-18."""
    return exact(text, 18)


def usd(text: str) -> int:
    """Units of the small deployment's settlement token (6 decimals)."""
    return exact(text, 6)


def gold(text: str) -> int:
    """Units of the small deployment's gold (8 decimals)."""
    return exact(text, 8)


SMALL = Parameters(
    markets=(
        Market(
            "COPPER-PERP",
            Feed("COPPER", 8, 600, exact("0.01", 8), exact("10000", 8)),
            lot_wad=wad("0.01"),
            tick_wad=wad("0.1"),
            brackets=(
                Bracket(0, wad("0.1"), wad("0.05")),
                Bracket(wad("10000"), wad("0.2"), wad("0.1")),
                Bracket(wad("50000"), wad("0.5"), wad("0.25")),
            ),
            limits=MarketLimits(wad("0.01"), wad("0.001"), wad("0.02"), wad("1000")),
        ),
        Market(
            "TIN-PERP",
            Feed("TIN", 18, 60, wad("0.001"), wad("1000")),
            lot_wad=wad("1"),
            tick_wad=wad("0.01"),
            brackets=(Bracket(0, wad("0.2"), wad("0.1")),),
            limits=MarketLimits(wad("0.02"), 0, wad("0.05"), wad("100000")),
        ),
    ),
    collaterals=(
        Collateral("USD", 6, 0, 0, usd("1000000000"), None),
        Collateral("GOLD", 8, wad("0.2"), wad("0.1"), gold("1000"), Feed("GOLD", 8, 600, 1, exact("1000000", 8))),
        Collateral("SILVER", 18, wad("0.5"), wad("0.25"), wad("100000"), Feed("SILVER", 2, 3600, 1, 1_000_000)),
    ),
    liquidation=LiquidationParameters(wad("0.5"), wad("0.5"), wad("100")),
)
"""Two markets and three collaterals with rates to compute by hand.

Copper at 100: brackets from 0, 10 000 and 50 000 need 10, 20 and 50 % initially and half of that as maintenance; 1 %
band, 0.1 % fee, 2 % penalty. Tin at 10: 20 % and 10 %, 2 % band, no fee, 5 % penalty. Gold at 2000: haircut 20 %,
discount 10 %. Silver at 25: haircut 50 %, discount 25 %.
"""
COPPER_MARKET, TIN_MARKET = SMALL.markets

ANSWERS_AT_START = {
    "COPPER": exact("100", 8),
    "TIN": wad("10"),
    "GOLD": exact("2000", 8),
    "SILVER": exact("25", 2),
}


def new_state(parameters: Parameters, answers: dict[str, int], wallet_units: int = 10**40) -> State:
    """Nothing has happened yet: everyone has tokens, the matcher may act for every account, all answers are new."""
    nothing = (0,) * len(parameters.collaterals)
    funding, due = unfunded(parameters)
    state = State(
        time_s=NOW_S,
        parameters=parameters,
        feeds={name: FeedReading(answer, NOW_S, ANSWERS) for name, answer in answers.items()},
        feed_decimals={feed.feed: feed.decimals for feed in parameters.feeds},
        accounts={name: empty_account(parameters) for name in EVERYONE},
        operators=frozenset((name, MATCHER) for name in ACCOUNTS),
        roles={
            ADMIN: frozenset({ADMINISTRATOR}),
            RISK: frozenset({RISK_MANAGER}),
            ORACLE: frozenset({ORACLE_MANAGER}),
            TREASURER: frozenset({TREASURY}),
            GUARDIAN: frozenset({WATCH}),
        },
        pool_units=nothing,
        held_units=nothing,
        wallets={name: (wallet_units,) * len(parameters.collaterals) for name in EVERYONE},
        open_interest_wad=(0,) * len(parameters.markets),
        funding=funding,
        due=due,
        insurance_wad=0,
        fees_wad=0,
        bad_debt_wad=0,
        breakers=unbroken(parameters),
    )
    # As if it had accrued just now: tests of other things then see no accrual until an interval ends.
    accrued = tuple(
        stored._replace(
            written_at_s=NOW_S,
            begun_at_s=NOW_S - NOW_S % market.funding.interval_s,
            index_read_at_s=NOW_S,
            index_wad=mark_status(state, market)[1] or market.tick_wad,
        )
        for stored, market in zip(funding, parameters.markets, strict=True)
    )
    return state._replace(funding=accrued)


def assert_conserved(state: State) -> None:
    """L10, and T5's open interest, exactly. Tokens held are the pool's and what was donated (L5)."""
    accounts = state.accounts.values()
    claims_wad = sum(account.cash_wad + sum(account.quotes_wad) for account in accounts)
    claims_wad += sum(margin_wad for account in accounts for _, margin_wad in account.isolated)
    claims_wad += state.insurance_wad + state.fees_wad - state.bad_debt_wad
    assert claims_wad == state.pool_units[0] * state.parameters.collaterals[0].quote_wad_per_unit
    for number, pool_units in enumerate(state.pool_units):
        assert number == 0 or sum(account.units[number] for account in accounts) == pool_units
        assert state.held_units[number] >= pool_units
        assert all(account.units[number] >= 0 for account in accounts)
    for number, open_interest_wad in enumerate(state.open_interest_wad):
        sizes = [account.sizes_wad[number] for account in accounts]
        assert sum(size for size in sizes if size > 0) == open_interest_wad
        assert sum(sizes) == 0
    assert min(state.insurance_wad, state.fees_wad, state.bad_debt_wad) >= 0
    assert not (state.insurance_wad and state.bad_debt_wad), "insurance is kept while bad debt stands (L8, Q7)"


class Scene:
    """A state that moves on: actions that must be done, and actions that must be refused."""

    def __init__(self, parameters: Parameters = SMALL, answers: dict[str, int] | None = None) -> None:
        self.state = new_state(parameters, ANSWERS_AT_START if answers is None else answers)

    def do(self, kind: str, caller: str, *arguments: Any) -> tuple[Event, ...]:
        """An action that is accepted, and its events. Conservation is held after it."""
        self.state, outcome = apply(self.state, kind, caller, arguments)
        assert outcome.error is None, f"{kind}{arguments} was refused: {outcome.error}{outcome.error_arguments}"
        assert_conserved(self.state)
        return outcome.events

    def refused(self, kind: str, caller: str, *arguments: Any) -> tuple[object, ...]:
        """An action that is refused: the error and its arguments. Nothing has changed."""
        after, outcome = apply(self.state, kind, caller, arguments)
        assert outcome.error is not None, f"{kind}{arguments} was accepted"
        assert after is self.state
        assert outcome.events == ()
        return outcome.error, *outcome.error_arguments

    def attempt(self, kind: str, caller: str, *arguments: Any) -> str | None:
        """An action that may be refused: the error, or None."""
        self.state, outcome = apply(self.state, kind, caller, arguments)
        assert_conserved(self.state)
        return outcome.error

    def account(self, name: str) -> Account:
        """The account as it stands."""
        return self.state.accounts[name]

    def risk(self, name: str) -> Risk:
        """The account's risk. Its prices must be usable."""
        status, risk = health(self.state, self.state.accounts[name])
        assert status == FRESH
        return risk

    def mark(self, market: int) -> int:
        """The market's mark, which must be usable."""
        status, mark_wad = mark_status(self.state, self.state.parameters.markets[market])
        assert status == FRESH
        return mark_wad

    def publish(self, source: str, price: str, age_s: int | None = 0) -> None:
        """The world: a source's next answer, as a decimal."""
        self.do("publish", STRANGER, source, exact(price, self.state.feed_decimals[source]), age_s)

    def wait(self, seconds: int) -> None:
        """The world: time passes."""
        self.state = at_time(self.state, self.state.time_s + seconds)

    def fund(self, name: str, quote: str) -> None:
        """A deposit of settlement tokens."""
        self.do("deposit", name, name, USD, usd(quote))

    def trade(self, market: int, buyer: str, seller: str, size: str, price: str) -> tuple[Event, ...]:
        """A trade that is accepted."""
        return self.do("trade", MATCHER, market, buyer, seller, wad(size), wad(price))

    def refused_trade(self, market: int, buyer: str, seller: str, size: str, price: str) -> tuple[object, ...]:
        """A trade that is refused."""
        return self.refused("trade", MATCHER, market, buyer, seller, wad(size), wad(price))

    def set_cash(self, name: str, cash_wad: int) -> None:
        """Cash as a test needs it, to the wad, at the cost of the stranger's account, so that L10 holds.

        Deposits come in whole units, too coarse for a boundary of one quote wad.
        """
        account, payer = self.account(name), self.account(STRANGER)
        paid_wad = cash_wad - account.cash_wad
        accounts = {
            name: account._replace(cash_wad=cash_wad),
            STRANGER: payer._replace(cash_wad=payer.cash_wad - paid_wad),
        }
        self.state = self.state._replace(accounts={**self.state.accounts, **accounts})
        assert_conserved(self.state)

    def set_market(self, number: int, **changes: Any) -> None:
        """A market with other fields, unvalidated."""
        markets = list(self.state.parameters.markets)
        markets[number] = replace(markets[number], **changes)
        self.state = self.state._replace(
            parameters=replace(self.state.parameters, markets=tuple(markets)),
            due=self.state.due._replace(until_s=self.state.time_s),
        )

    def set_limits(self, number: int, **changes: int) -> None:
        """A market with other limits, unvalidated."""
        self.set_market(number, limits=replace(self.state.parameters.markets[number].limits, **changes))


def priced_apart(state: State, market: int, price_wad: int) -> State:
    """The state with this market's mark at a price, and every other price as it was, even one from the same source."""
    markets = list(state.parameters.markets)
    listed = markets[market]
    assert price_wad % listed.tick_wad == 0
    markets[market] = replace(listed, feed=Feed("APART", 18, 1, 1, 10**60), second=None)
    return state._replace(
        parameters=replace(state.parameters, markets=tuple(markets)),
        feeds={**state.feeds, "APART": FeedReading(price_wad, state.time_s, ANSWERS)},
        feed_decimals={**state.feed_decimals, "APART": 18},
    )


def rich(state: State, name: str) -> State:
    """The state with an account whose own tests never decide (more cash than any requirement; L10 does not hold)."""
    account = empty_account(state.parameters)._replace(cash_wad=10**50)
    return state._replace(accounts={**state.accounts, name: account})


def decided(state: State, kind: str, caller: str, *arguments: Any) -> str | None:
    """The error of an action, or None."""
    return apply(state, kind, caller, arguments)[1].error


def unlimited(scene: Scene, market: int) -> State:
    """The scene's state with a position limit that never decides."""
    before = scene.state
    scene.set_limits(market, position_limit_wad=10**60 // scene.state.parameters.markets[market].lot_wad * 10**18)
    state, scene.state = scene.state, before
    return state


def owing(size: str, cash: str, liquidator_cash: str = "1000000") -> Scene:
    """The trader holds copper (sold with a minus) from 100 with exactly so much cash; the liquidator has its own."""
    scene = Scene()
    for name in (TRADER, COUNTERPARTY):
        scene.fund(name, "1000000")
    sides = (COUNTERPARTY, TRADER) if size.startswith("-") else (TRADER, COUNTERPARTY)
    scene.trade(COPPER, *sides, size.removeprefix("-"), "100")
    scene.set_cash(TRADER, wad(cash))
    if wad(liquidator_cash):
        scene.fund(LIQUIDATOR, liquidator_cash)
    return scene


def liquidate(scene: Scene, size: str, market: int = COPPER) -> tuple[tuple[object, ...], ...]:
    """A liquidation that is accepted."""
    return scene.do("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, market, wad(size))


def refused_liquidation(scene: Scene, size: str, market: int = COPPER) -> tuple[object, ...]:
    """A liquidation that is refused."""
    return scene.refused("liquidate", LIQUIDATOR, LIQUIDATOR, TRADER, market, wad(size))
