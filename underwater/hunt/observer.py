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
    """What a chain has after an act, beside what the reference expects there."""

    as_expected: bool
    changes: list[tuple[int, int]]
    """(place in the order of ``Slots``, value) of slots that hold something else than before; of all, where not as expected."""
    values: list[int] | None
    """Every slot; None where they hold what is expected."""
    differ: str
    """Which slots differ from what is expected; empty if none does."""
    wallets_units: list[int]


class Observer:
    """Reads every observed slot; decodes them only where one is not what the reference expects.

    ``values`` are the slots as they were read last, in the order of ``Slots``.
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

    def fetch(self, wallets: list[Wallet], before: State, expected: State) -> Stored:
        """Every observed slot, and some wallets, after an act that brings ``before``, which was read last, to ``expected``."""
        slots, chain = self.instance.slots, self.chain
        changes = slots.repack(self.values, before, expected) if expected is not before else []
        values = chain.storage_of(slots.addresses, slots.numbers)
        wallets_units = chain.storage([wallet.slot for wallet in wallets]) if wallets else []
        as_expected = True
        for (holder, collateral, _), units in zip(wallets, wallets_units, strict=True):
            if expected.wallets[holder][collateral] != units:
                as_expected = False
        if values == self.values:
            return Stored(as_expected, changes, None, "", wallets_units)
        differ = "; ".join(
            f"{label}: expected {wanted}, observed {found}"
            for label, wanted, found in zip(slots.labels, self.values, values, strict=True)
            if wanted != found
        )
        self.values = values
        return Stored(False, list(enumerate(values)), values, differ, wallets_units)

    def decode(self, stored: Stored, wallets: list[Wallet], expected: State) -> State:
        """The state that is stored: ``expected`` itself if it is that.

        What is not observed (parameters, roles, sources) follows ``expected``.
        """
        if stored.as_expected:
            return expected
        after = expected if stored.values is None else self.instance.slots.unpack(list(stored.values), expected)
        for (holder, collateral, _), units in zip(wallets, stored.wallets_units, strict=True):
            wallet = after.wallets[holder]
            if wallet[collateral] != units:
                after = after._replace(wallets={**after.wallets, holder: with_item(wallet, collateral, units)})
        return after

    def read(self, act: Act, before: State, expected: State) -> State:
        """Fetch and decode after an act."""
        wallets = self.wallets_of(act)
        return self.decode(self.fetch(wallets, before, expected), wallets, expected)
