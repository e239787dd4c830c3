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
    whole: bool
    """Whether every slot is read, or only those that any act may change."""

    def with_earlier(self, earlier: Awaited) -> Awaited:
        """What is expected where nothing was read after the act before this one."""
        return self._replace(wallets=earlier.wallets + self.wallets, whole=earlier.whole or self.whole)


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

        ``whole``: every slot will be read, whatever the act can change.
        """
        changes: list[tuple[int, int]] = []
        if expected is not before:
            # Those awaited earlier keep theirs.
            values = self.values = self.values.copy()
            changes = self.instance.slots.repack(values, before, expected)
        whole = whole or self.instance.may_change_every_slot(act)
        return Awaited(expected, self.wallets_of(act), self.values, changes, whole)

    def fetch(self, awaited: Awaited) -> Stored:
        """The observed slots that an act may have changed, and some wallets, after it; every slot, where one is not as expected."""
        slots, chain = self.instance.slots, self.chain
        expected, wallets, wanted_values, changes, whole = awaited
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
        if same:
            if not as_expected:
                self.values = wanted_values
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
