"""A state machine over the contracts: rules act, the model says what is to come of it, invariants ask the contract alone."""

from __future__ import annotations

from typing import Any

from eth_abi import decode
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reference.boundaries import largest_close_wad, largest_withdrawal_units
from reference.machine import apply, at_time
from reference.margin import health
from reference.prices import mark_status
from reference.rounding import WAD, floor_to_multiple
from tests.hunt.support import arena
from tests.properties.support import drawn
from underwater.actions import Action, Outcome
from underwater.engine.abi import address_word, selector, words
from underwater.engine.bundled.actors import ACCOUNTS

PEOPLE = ("trader-1", "trader-2", "trader-3", "maker")
TRADERS = st.sampled_from(PEOPLE)
MARKETS = st.integers(0, 3)
COLLATERALS = st.integers(0, 2)
SOURCES = ("BTC-USD", "ETH-USD", "SOL-USD", "WTI-USD")


class Exchange(RuleBasedStateMachine):
    """The bundled engine with the deployment of the parameter file."""

    def __init__(self) -> None:
        super().__init__()
        self.arena = arena()
        self.arena.reset()  # before each example, and not after: what an example breaks off never reaches its end
        self.chain, self.instance, self.state = self.arena.chain, self.arena.instance, self.arena.start

    def do(self, kind: str, caller: str, *arguments: Any, after_s: int = 12) -> Outcome:
        """One act in a block of its own, by model and contract."""
        self.state = at_time(self.state, self.chain.time_s + after_s)
        self.state, expected = apply(self.state, kind, caller, arguments)
        call = self.instance.call(Action(kind, caller, arguments), self.state.time_s)
        (receipt,) = self.chain.block(after_s, [call])
        observed = self.instance.outcome_of(receipt)
        assert observed == Outcome(*expected)
        return observed

    def view(self, function: str, *arguments: int, types: tuple[str, ...] = ("int256",)) -> Any:
        """What a view of the contract answers."""
        receipt = self.chain.view(self.instance.addresses.engine, selector(function) + words(*arguments))
        assert receipt.ok
        values = decode(types, receipt.data)
        return values[0] if len(values) == 1 else values

    def positions(self) -> list[tuple[str, int]]:
        """(account, market) of every position."""
        accounts = self.state.accounts
        return [(name, market) for name in ACCOUNTS for market, size in enumerate(accounts[name].sizes_wad) if size]

    # ---- what may happen

    @initialize()
    def everybody_has_something_and_somebody_a_risky_position(self) -> None:
        for name in (*PEOPLE, "liquidator"):
            tokens = 8_000 if name.startswith("trader") else 1_000_000
            self.do("deposit", name, name, 0, tokens * 10**6)
        self.do("deposit", "trader-1", "trader-1", 2, 10**18)
        self.do("trade", "matcher", 0, "trader-1", "maker", 10**18, 60_000 * 10**18)
        self.do("trade", "matcher", 1, "trader-2", "trader-1", 10 * 10**18, 3_000 * 10**18)

    @rule(name=TRADERS, collateral=COLLATERALS, thousandths=st.integers(0, 1_100))
    def deposit(self, name: str, collateral: int, thousandths: int) -> None:
        self.do("deposit", name, name, collateral, self.state.wallets[name][collateral] * thousandths // 100_000)

    @rule(name=TRADERS, collateral=COLLATERALS, more=st.integers(-1, 1))
    def withdraw_about_as_much_as_can_be(self, name: str, collateral: int, more: int) -> None:
        most = largest_withdrawal_units(at_time(self.state, self.state.time_s + 12), name, collateral) or 0
        outcome = self.do("withdraw", name, name, collateral, max(0, most + more))
        assert outcome.done == (more <= 0 < most + more)

    @rule(sides=st.permutations(PEOPLE), market=MARKETS, worth=st.integers(0, 300_000))
    def trade(self, sides: list[str], market: int, worth: int) -> None:
        listed = self.state.parameters.markets[market]
        mark_wad = mark_status(self.state, listed)[1] or listed.tick_wad
        size_wad = floor_to_multiple(worth * WAD * WAD // mark_wad, listed.lot_wad)
        self.do("trade", "matcher", market, *sides[:2], size_wad, mark_wad)

    @precondition(lambda self: self.positions())
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        name, market = data.draw(st.sampled_from(self.positions()))
        self.do("settle", name, name, market)

    @precondition(lambda self: self.positions())
    @rule(data=st.data(), more_lots=st.integers(0, 1))
    def liquidate(self, data: st.DataObject, more_lots: int) -> None:
        name, market = data.draw(st.sampled_from(self.positions()))
        soon = at_time(self.state, self.state.time_s + 12)
        most_wad, lot_wad = largest_close_wad(soon, name, market), self.state.parameters.markets[market].lot_wad
        size_wad = (most_wad or lot_wad) + more_lots * lot_wad
        outcome = self.do("liquidate", "liquidator", "liquidator", name, market, size_wad)
        assert not outcome.done or (most_wad is not None and not more_lots)

    @rule(source=st.sampled_from(SOURCES), percent=st.integers(80, 125))
    def move_a_price(self, source: str, percent: int) -> None:
        answer = self.state.feeds[source].answer * percent // 100
        self.do("publish", "publisher", source, max(1, answer), 0)

    @rule(source=st.sampled_from(SOURCES), mode=st.integers(0, 3))
    def break_a_source(self, source: str, mode: int) -> None:
        self.do("set_feed_mode", "publisher", source, mode)

    @rule()
    def mend_every_source(self) -> None:
        for source in SOURCES:
            self.do("set_feed_mode", "publisher", source, 0, after_s=1)
            self.do("publish", "publisher", source, self.state.feeds[source].answer, 0, after_s=1)

    @rule(minutes=st.integers(1, 70))
    def let_time_pass(self, minutes: int) -> None:
        self.chain.block(minutes * 60, [])
        self.state = at_time(self.state, self.chain.time_s)

    # ---- what always holds

    @invariant()
    def money_is_conserved(self) -> None:
        """L10, by the contract's own views."""
        total = self.view("insurance()") + self.view("fees()") - self.view("badDebt()")
        units = [0, 0, 0]
        for name in ACCOUNTS:
            account = int(self.instance.address_of[name], 16)
            total += self.view("cashOf(address)", account)
            for market in range(4):
                total += self.view("positionOf(address,uint256)", account, market, types=("int256", "int256"))[1]
            for collateral in (1, 2):
                units[collateral] += self.view("collateralOf(address,uint256)", account, collateral)
        assert total == self.view("poolUnits(uint256)", 0) * 10**12
        assert units[1:] == [self.view("poolUnits(uint256)", collateral) for collateral in (1, 2)]

    @invariant()
    def nobody_is_long_without_somebody_short(self) -> None:
        for market in range(4):
            sizes = [
                self.view(
                    "positionOf(address,uint256)",
                    int(self.instance.address_of[name], 16),
                    market,
                    types=("int256",) * 2,
                )[0]
                for name in ACCOUNTS
            ]
            assert sum(sizes) == 0
            assert sum(size for size in sizes if size > 0) == self.view("openInterest(uint256)", market)

    @invariant()
    def tokens_are_there(self) -> None:
        for collateral, token in enumerate(self.instance.addresses.tokens):
            data = selector("balanceOf(address)") + address_word(self.instance.addresses.engine)
            held = int.from_bytes(self.chain.view(token, data).data, "big")
            assert held >= self.view("poolUnits(uint256)", collateral)

    @invariant()
    def views_say_what_the_model_says(self) -> None:
        for name in ACCOUNTS:
            assert self.instance.health(self.chain, name) == health(self.state, self.state.accounts[name])


TestExchange = Exchange.TestCase
TestExchange.settings = settings(drawn(40), stateful_step_count=25)
