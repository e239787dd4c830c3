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


class Awaited(NamedTuple):
    """What the reference expects a chain to store after an act."""

    state: State
    wallets: list[Wallet]
    """Those that the act can touch."""
    values: list[int]
    """Every slot, in the order of ``Slots``."""
    changes: list[tuple[int, int]]
    """(place, value) of those that hold something else than before."""


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

    ``values`` are the slots as they are awaited after the last act, in the order of ``Slots``; or as they are, where they were found
    to be otherwise: what was awaited beyond that is void.
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

    def await_act(self, act: Act, before: State, expected: State) -> Awaited:
        """What is expected of an act that brings ``before``, which was awaited or read last, to ``expected``."""
        changes: list[tuple[int, int]] = []
        if expected is not before:
            # Those awaited earlier keep theirs.
            values = self.values = self.values.copy()
            changes = self.instance.slots.repack(values, before, expected)
        return Awaited(expected, self.wallets_of(act), self.values, changes)

    def fetch(self, awaited: Awaited) -> Stored:
        """Every observed slot, and some wallets, after an act."""
        slots, chain = self.instance.slots, self.chain
        expected, wallets, wanted_values, changes = awaited
        values = chain.storage_of(slots.addresses, slots.numbers)
        wallets_units = chain.storage([wallet.slot for wallet in wallets]) if wallets else []
        as_expected = True
        for (holder, collateral, _), units in zip(wallets, wallets_units, strict=True):
            if expected.wallets[holder][collateral] != units:
                as_expected = False
        if values == wanted_values:
            if not as_expected:
                self.values = values
            return Stored(as_expected, changes, None, "", wallets_units)
        differ = "; ".join(
            f"{label}: expected {wanted}, observed {found}"
            for label, wanted, found in zip(slots.labels, wanted_values, values, strict=True)
            if wanted != found
        )
        self.values = values
        return Stored(False, list(enumerate(values)), values, differ, wallets_units)

    def decode(self, stored: Stored, awaited: Awaited) -> State:
        """The state that is stored: the expected one itself if it is that.

        What is not observed (parameters, roles, sources) follows what is expected.
        """
        expected = awaited.state
        if stored.as_expected:
            return expected
        after = expected if stored.values is None else self.instance.slots.unpack(list(stored.values), expected)
        for (holder, collateral, _), units in zip(awaited.wallets, stored.wallets_units, strict=True):
            wallet = after.wallets[holder]
            if wallet[collateral] != units:
                after = after._replace(wallets={**after.wallets, holder: with_item(wallet, collateral, units)})
        return after

    def read(self, act: Act, before: State, expected: State) -> State:
        """What is stored after an act that has just run."""
        awaited = self.await_act(act, before, expected)
        return self.decode(self.fetch(awaited), awaited)
