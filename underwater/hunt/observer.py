"""What the contract stores, read back after every act and compared with what the reference expects there."""

from __future__ import annotations

from reference.state import State, with_item
from underwater.actions import Act
from underwater.chain.revm import RevmChain
from underwater.engine import Instance


class Observer:
    """Reads every observed slot; decodes them only where one is not what the reference expects.

    ``values`` are the slots as they were last read, in the order of ``Slots``.
    """

    def __init__(self, chain: RevmChain, instance: Instance, values: list[int]) -> None:
        self.chain = chain
        self.instance = instance
        self.values = values

    def read(self, act: Act, before: State, expected: State) -> tuple[State, str]:
        """What is stored after an act, and which slots differ from what is expected (empty if none does).

        ``before`` is what this observer read last. What is not observed (parameters, roles, sources) follows ``expected``.
        """
        slots = self.instance.slots
        if expected is not before:
            slots.repack(self.values, before, expected)
        values = self.chain.storage_of(slots.addresses, slots.numbers)
        after, differ = expected, ""
        if values != self.values:
            after = slots.unpack(values, expected)
            differ = "; ".join(
                f"{label}: expected {wanted}, observed {stored}"
                for label, wanted, stored in zip(slots.labels, self.values, values, strict=True)
                if wanted != stored
            )
            self.values = values
        return self._with_wallets(act, after), differ

    def _with_wallets(self, act: Act, after: State) -> State:
        """The wallets that the act could have touched, as the tokens say."""
        wallets = after.wallets
        for holder, collateral in self.instance.wallets_touched(act):
            slot = self.instance.slots.wallet(holder, collateral)
            if slot is not None:
                (units,) = self.chain.storage((slot,))
                if wallets[holder][collateral] != units:
                    wallets = {**wallets, holder: with_item(wallets[holder], collateral, units)}
        return after if wallets is after.wallets else after._replace(wallets=wallets)
