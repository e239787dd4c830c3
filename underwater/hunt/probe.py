"""Counterfactuals: what would happen, tried on a snapshot that is always reverted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from reference.machine import apply
from reference.margin import Health, health_of
from reference.state import State, with_item
from underwater.actions import Action, Outcome
from underwater.choices import Choices
from underwater.hunt.observer import Observer


class Probe:
    """See ``underwater.checks.Probe``. The chain is at the probed step's block; time does not pass."""

    def __init__(self, observer: Observer, state: State, choices: Choices) -> None:
        self.observer = observer
        self.chain = observer.chain
        instance = self.instance = observer.instance
        self.state = state
        self.choices = choices
        self.accounts: tuple[str, ...] = instance.cast.accounts
        self.backstop: str = instance.cast.backstop

    def do(self, kind: str, caller: str, *arguments: Any) -> Outcome:
        """See ``underwater.checks.Probe``."""
        instance, before = self.instance, self.state
        action = Action(kind, caller, arguments)
        receipt = self.chain.transact(instance.call(action, self.chain.time_s))
        if not receipt.ok:
            return instance.outcome_of(receipt)
        after, expected = apply(before, kind, caller, arguments)
        self.state = self.observer.read(action, before, after)
        as_expected = expected.error is None and instance.own_logs(receipt) == instance.logs(expected)
        return expected if as_expected else instance.outcome_of(receipt)

    def health(self, name: str) -> Health | None:
        """See ``underwater.checks.Probe``."""
        return self.instance.health(self.chain, name)

    def expected_health(self, name: str) -> Health:
        """See ``underwater.checks.Probe``."""
        return health_of(self.state, name)

    def requirements(self, market: int, size_wad: int, price_wad: int) -> tuple[int, int] | None:
        """See ``underwater.checks.Probe``."""
        return self.instance.requirements(self.chain, market, size_wad, price_wad)

    def liquidation_price(self, name: str, market: int) -> tuple[int, int] | None:
        """See ``underwater.checks.Probe``."""
        return self.instance.liquidation_price(self.chain, name, market)

    def fund(self, name: str, units: Sequence[int]) -> None:
        """See ``underwater.checks.Probe``."""
        for collateral, amount in enumerate(units):
            self.chain.transact(self.instance.mint(name, collateral, amount))
            wallet = self.state.wallets.get(name, (0,) * len(self.state.held_units))
            wallets = {**self.state.wallets, name: with_item(wallet, collateral, wallet[collateral] + amount)}
            self.state = self.state._replace(wallets=wallets)
            self.do("set_deposit_cap", "risk-manager", collateral, self.state.pool_units[collateral] + amount)
            self.do("deposit", name, name, collateral, amount)


@contextmanager
def probing(observer: Observer, state: State, choices: Choices) -> Iterator[Probe]:
    """A probe on a snapshot of what was observed last; the chain is as it was afterwards, whatever happened."""
    chain = observer.chain
    snapshot = chain.snapshot()
    try:
        yield Probe(Observer(chain, observer.instance, list(observer.values)), state, choices)
    finally:
        chain.restore(snapshot)
