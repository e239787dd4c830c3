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
    whole: bool
    """Whether every slot is read, or only those that any act may change."""
    reads_ether: bool
    """Whether everybody's ether is read."""

    def with_earlier(self, earlier: Awaited) -> Awaited:
        """What is expected where nothing was read after the act before this one."""
        return self._replace(
            wallets=earlier.wallets + self.wallets,
            whole=earlier.whole or self.whole,
            reads_ether=earlier.reads_ether or self.reads_ether,
        )


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
    """Reads the observed slots; decodes them only where one is not what the reference expects.

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

    def await_act(self, act: Act, before: State, expected: State, *, whole: bool = False) -> Awaited:
        """What is expected of an act that brings ``before``, which was awaited or read last, to ``expected``.

        ``whole``: every slot and everybody's ether will be read, whatever the act can change.
        """
        changes: list[tuple[int, int]] = []
        if expected is not before:
            # Those awaited earlier keep theirs.
            values = self.values = self.values.copy()
            changes = self.instance.slots.repack(values, before, expected)
        if expected.ether.wei is not before.ether.wei:
            changes += self._ether_changes([expected.ether.wei[name] for name in self.instance.ether_holders])
        reads_ether = whole or self.instance.may_move_ether(act)
        whole = whole or self.instance.may_change_every_slot(act)
        return Awaited(expected, self.wallets_of(act), self.values, changes, whole, reads_ether)

    def _ether_changes(self, wei: list[int]) -> list[tuple[int, int]]:
        return list(enumerate(wei, len(self.instance.slots.pairs)))

    def fetch(self, awaited: Awaited) -> Stored:
        """The observed slots that an act may have changed, and some wallets, after it; every slot, where one is not as expected."""
        slots, chain = self.instance.slots, self.chain
        expected, wallets, wanted_values, changes, whole, reads_ether = awaited
        often, seldom = slots.often, slots.seldom
        values = chain.storage_of(often.addresses, often.numbers)
        same = values == wanted_values[: len(values)]
        if whole or not same:
            values += chain.storage_of(seldom.addresses, seldom.numbers)
            same = values == wanted_values
        wallets_units = chain.storage([wallet.slot for wallet in wallets]) if wallets else []
        as_expected = True
        for (holder, collateral, _), units in zip(wallets, wallets_units, strict=True):
            if expected.wallets[holder][collateral] != units:
                as_expected = False
        ether_wei, ether_differs = self._ether(expected) if reads_ether else ([], "")
        if ether_differs:
            as_expected = False
            changes = changes + self._ether_changes(ether_wei)
        if same:
            if not as_expected:
                self.values = wanted_values
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
