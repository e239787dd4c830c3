"""What the contract stores, read back after every act and compared with what the reference expects there."""

from __future__ import annotations

from typing import NamedTuple

from reference.state import State, with_item
from underwater.actions import Act
from underwater.chain.revm import RevmChain
from underwater.engine import Instance


class Wallet(NamedTuple):
    """A token balance outside the engine, and where the token keeps it."""

    holder: str
    collateral: int
    slot: tuple[str, int]


class Stored(NamedTuple):
    """Slots as a chain had them: those in the order of ``Slots``, and the balances that were asked for."""

    values: list[int]
    wallets_units: list[int]


class Observer:
    """Reads every observed slot; decodes them only where one is not what the reference expects.

    ``values`` are the slots as they were taken last, in the order of ``Slots``.
    """

    def __init__(self, chain: RevmChain, instance: Instance, values: list[int]) -> None:
        self.chain = chain
        self.instance = instance
        self.values = values

    def wallets_of(self, act: Act) -> list[Wallet]:
        """The wallets that an act can touch."""
        slots = self.instance.slots
        touched = []
        for holder, collateral in self.instance.wallets_touched(act):
            slot = slots.wallet(holder, collateral)
            if slot is not None:
                touched.append(Wallet(holder, collateral, slot))
        return touched

    def fetch(self, wallets: list[Wallet]) -> Stored:
        """Every observed slot, and some wallets, as the chain has them now."""
        slots, chain = self.instance.slots, self.chain
        values = chain.storage_of(slots.addresses, slots.numbers)
        return Stored(values, chain.storage([wallet.slot for wallet in wallets]) if wallets else [])

    def take(self, stored: Stored, wallets: list[Wallet], before: State, expected: State) -> tuple[State, str]:
        """The state that is stored (``expected`` itself if it is that), and which slots differ from it (empty if none does).

        ``before`` is what this observer took last. What is not observed (parameters, roles, sources) follows ``expected``.
        """
        slots, values = self.instance.slots, stored.values
        if expected is not before:
            slots.repack(self.values, before, expected)
        after, differ = expected, ""
        if values != self.values:
            after = slots.unpack(values, expected)
            differ = "; ".join(
                f"{label}: expected {wanted}, observed {found}"
                for label, wanted, found in zip(slots.labels, self.values, values, strict=True)
                if wanted != found
            )
            self.values = values
        for (holder, collateral, _), units in zip(wallets, stored.wallets_units, strict=True):
            wallet = after.wallets[holder]
            if wallet[collateral] != units:
                after = after._replace(wallets={**after.wallets, holder: with_item(wallet, collateral, units)})
        return after, differ

    def read(self, act: Act, before: State, expected: State) -> State:
        """Fetch and take after an act."""
        wallets = self.wallets_of(act)
        after, _ = self.take(self.fetch(wallets), wallets, before, expected)
        return after
