"""Counterfactuals: what would happen, tried on a snapshot that is always reverted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from reference.machine import apply
from reference.margin import Health, health
from reference.state import State, with_item
from underwater.actions import Action, Outcome
from underwater.chain.revm import RevmChain
from underwater.choices import Choices
from underwater.engine import Instance


class Probe:
    """See ``underwater.checks.Probe``. The chain is at the probed step's block; time does not pass."""

    def __init__(self, chain: RevmChain, instance: Instance, state: State, choices: Choices) -> None:
        self.chain = chain
        self.instance = instance
        self.state = state
        self.choices = choices
        self.accounts: tuple[str, ...] = instance.cast.accounts
        self.backstop: str = instance.cast.backstop
        self._expected: list[int] | None = None

    def do(self, kind: str, caller: str, *arguments: Any) -> Outcome:
        """See ``underwater.checks.Probe``."""
        action = Action(kind, caller, arguments)
        call = self.instance.call(action, self.chain.time_s)
        outcome = self.instance.outcome_of(self.chain.transact(call))
        if outcome.done:
            # What observation does not cover (parameters, roles, sources) follows the reference; the rest is read.
            after, _ = apply(self.state, kind, caller, arguments)
            self._read(after)
            self._read_wallets(action)
        return outcome

    def _read(self, after: State) -> None:
        """Take over what the contract stores; it is decoded only where it is not what the reference expects."""
        slots = self.instance.slots
        if self._expected is None:
            self._expected = slots.pack(self.state)
        slots.repack(self._expected, self.state, after)
        values = self.chain.storage_of(slots.addresses, slots.numbers)
        if values != self._expected:
            after = slots.unpack(values, after)
            self._expected = values
        self.state = after

    def _read_wallets(self, action: Action) -> None:
        wallets = self.state.wallets
        for holder, collateral in self.instance.wallets_touched(action):
            slot = self.instance.slots.wallet(holder, collateral)
            if slot is not None:
                (units,) = self.chain.storage((slot,))
                if wallets[holder][collateral] != units:
                    wallets = {**wallets, holder: with_item(wallets[holder], collateral, units)}
        if wallets is not self.state.wallets:
            self.state = self.state._replace(wallets=wallets)

    def health(self, name: str) -> Health | None:
        """See ``underwater.checks.Probe``."""
        return self.instance.health(self.chain, name)

    def expected_health(self, name: str) -> Health:
        """See ``underwater.checks.Probe``."""
        return health(self.state, self.state.accounts[name])

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
def probing(chain: RevmChain, instance: Instance, state: State, choices: Choices) -> Iterator[Probe]:
    """A probe on a snapshot; the chain is as it was afterwards, whatever happened."""
    snapshot = chain.snapshot()
    try:
        yield Probe(chain, instance, state, choices)
    finally:
        chain.restore(snapshot)
