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
    """(place, value) of those that hold something else than before; who has how much ether comes after the slots."""
    reads_ether: bool = False
    """Whether everybody's ether is read."""


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
    ether_wei: list[int]
    """By holder; empty where it was not read."""


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

    def await_act(self, act: Act, before: State, expected: State, *, reads_ether: bool = False) -> Awaited:
        """What is expected of an act that brings ``before``, which was awaited or read last, to ``expected``.

        Ether is read after what can move it, or if that is asked for.
        """
        changes: list[tuple[int, int]] = []
        if expected is not before:
            # Those awaited earlier keep theirs.
            values = self.values = self.values.copy()
            changes = self.instance.slots.repack(values, before, expected)
        reads_ether = reads_ether or self.instance.may_move_ether(act)
        if expected.ether.wei is not before.ether.wei:
            changes += self._ether_changes([expected.ether.wei[name] for name in self.instance.ether_holders])
        return Awaited(expected, self.wallets_of(act), self.values, changes, reads_ether)

    def _ether_changes(self, wei: list[int]) -> list[tuple[int, int]]:
        return list(enumerate(wei, len(self.instance.slots.numbers)))

    def fetch(self, awaited: Awaited) -> Stored:
        """Every observed slot, and some wallets, after an act."""
        slots, chain = self.instance.slots, self.chain
        expected, wallets, wanted_values, changes, reads_ether = awaited
        values = chain.storage_of(slots.addresses, slots.numbers)
        wallets_units = chain.storage([wallet.slot for wallet in wallets]) if wallets else []
        as_expected = True
        for (holder, collateral, _), units in zip(wallets, wallets_units, strict=True):
            if expected.wallets[holder][collateral] != units:
                as_expected = False
        ether_wei, ether_differs = self._ether(expected) if reads_ether else ([], "")
        if ether_differs:
            as_expected = False
            changes = changes + self._ether_changes(ether_wei)
        if values == wanted_values:
            if not as_expected:
                self.values = values
            return Stored(as_expected, changes, None, ether_differs, wallets_units, ether_wei)
        differ = "; ".join(
            f"{label}: expected {wanted}, observed {found}"
            for label, wanted, found in zip(slots.labels, wanted_values, values, strict=True)
            if wanted != found
        )
        self.values = values
        differ = "; ".join(filter(None, (differ, ether_differs)))
        changes = [*enumerate(values), *self._ether_changes(ether_wei)]
        return Stored(False, changes, values, differ, wallets_units, ether_wei)

    def _ether(self, expected: State) -> tuple[list[int], str]:
        """Everybody's ether, and how it differs from what is expected."""
        instance = self.instance
        names, wei = instance.ether_holders, self.chain.balances(instance.ether_addresses)
        differ = "; ".join(
            f"wei of {name}: expected {expected.ether.wei[name]}, observed {found}"
            for name, found in zip(names, wei, strict=True)
            if expected.ether.wei[name] != found
        )
        return wei, differ

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
        if stored.ether_wei:
            wei = dict(zip(self.instance.ether_holders, stored.ether_wei, strict=True))
            if wei != after.ether.wei:
                after = after._replace(ether=after.ether._replace(wei=wei))
        return after

    def read(self, act: Act, before: State, expected: State) -> State:
        """What is stored after an act that has just run."""
        awaited = self.await_act(act, before, expected)
        return self.decode(self.fetch(awaited), awaited)
