"""Where an engine runs. One interface, the same results everywhere, and a test that says so.

``RevmChain`` (``chain.revm``) is the in-process clone: the speed. ``ApeChain`` (``chain.ape``) is any Ape network: the truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from underwater.actions import Call, Receipt
from underwater.errors import EnvironmentFailure

CHAIN_ID = 31337
"""Pinned everywhere, like the gas limit of a transaction."""
TRANSACTION_GAS_LIMIT = 8_000_000
"""Three of them fit a block everywhere, even if a source burns all the gas it gets."""
BLOCK_GAS_LIMIT = 30_000_000
NOBODY = "0x0000000000000000000000000000000000000001"
"""The caller of views."""


class BlockIsFull(EnvironmentFailure):
    """A block of this chain has no room for all the calls that it was given."""


class NotCreated(EnvironmentFailure):
    """A contract's creation failed: ``receipt`` says how."""

    def __init__(self, chain: str, receipt: Receipt) -> None:
        super().__init__(f"{chain}: creation failed with {receipt.halted or '0x' + receipt.data.hex()}")
        self.receipt = receipt


class Contents(NamedTuple):
    """What an address holds, as the chain enumerates it: runtime code, and every storage slot that is not zero.

    ``storage`` maps the keccak-256 of the slot's 32 bytes to its value: some chains know slots only by that hash.
    """

    code: bytes
    storage: dict[bytes, int]


class Chain(Protocol):
    """A chain that takes blocks of calls and can be asked what is there."""

    name: str

    @property
    def time_s(self) -> int:
        """The timestamp of the last block."""

    @property
    def number(self) -> int:
        """The number of the last block."""

    def block(self, after_s: int, calls: Sequence[Call]) -> list[Receipt]:
        """Run calls in order in one block, ``after_s`` seconds after the last one. A call that fails is a receipt, not an error."""

    def endow(self, after_s: int, balances: Mapping[str, int]) -> None:
        """Have addresses hold so many wei from a block on that comes ``after_s`` seconds after the last one and is otherwise empty.

        For the beginning: no snapshot from before takes it back everywhere.
        """

    def create(self, sender: str, code: bytes) -> str:
        """Create a contract in a block of its own, one second after the last one; its address. Raises ``NotCreated`` if that fails."""

    def view(self, to: str, data: bytes) -> Receipt:
        """Call without a trace, at the last block's state and time."""

    def storage(self, slots: Sequence[tuple[str, int]]) -> list[int]:
        """Values of (address, slot) pairs at the last block."""

    def balances(self, addresses: Sequence[str]) -> list[int]:
        """Wei that addresses hold at the last block."""

    def contents(self, address: str) -> Contents:
        """Everything at an address."""

    def snapshot(self) -> Any:
        """A point to return to: state, block number and time."""

    def restore(self, snapshot: Any) -> None:
        """Back to a snapshot, as often as wanted."""
