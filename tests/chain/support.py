"""A chain with small programs on it, what they answer, and short ways to run them."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from underwater.actions import Call, Log, Receipt
from underwater.chain import Chain
from underwater.chain.ape import connected
from underwater.chain.revm import RevmChain

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORKS = {"py-evm": "ethereum:local:test", "anvil": "ethereum:local:foundry"}
START_S = 2_000_000_000
# The first accounts of the test mnemonic.
DEPLOYER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
ANN = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
BOB = "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc"
STRANGER = "0x00000000000000000000000000000000deadbeef"
EMPTY = "0x00000000000000000000000000000000000000ee"

# Each is runtime code in hex; what it does is in its name.
PROGRAMS = {
    "echo": "365f5f37 365ff3",
    "revert": "365f5f37 365ffd",
    "invalid": "fe",
    "underflow": "50",
    "jump": "5f56",
    "out_of_gas": "5f 63ffffffff 52",
    "all_gas": "5b 60ff 5f 20 50 5f 56",
    # timestamp, number, chain id, gas limit, base fee, gas price, caller, origin
    "block": "42 5f52 43 602052 46 604052 45 606052 48 608052 3a 60a052 33 60c052 32 60e052 610100 5f f3",
    # slot, value
    "store": "6020355f3555 00",
    # slot 0 plus one: stored, returned
    "count": "5f54 6001 01 80 5f55 5f52 60205ff3",
    # calldata as data of a log of no topics, then of four; returns nothing
    "log": "365f5f37 365fa0 6004 6003 6002 5f19 365fa4 00",
    # a log and a store, undone by a revert with four bytes
    "undone": "5f5fa0 6001 5f55 63c0ffee00 5f52 6004 601c fd",
    # the first word of calldata through transient storage and MCOPY
    "cancun": "5f35 6007 5d 6007 5c 5f52 6020 5f 6020 5e 6020 6020 f3",
    # slots 0 to 299 become their own complement
    "fill": "5f 5b 80 19 81 55 6001 01 80 61012c 11 6001 57 00",
}


def word(*values: int) -> bytes:
    return b"".join([value.to_bytes(32, "big") for value in values])


def creation(program: str) -> bytes:
    runtime = bytes.fromhex(PROGRAMS[program].replace(" ", ""))
    return bytes.fromhex(f"61{len(runtime):04x}80600a3d393df3") + runtime


def same(receipt: Receipt) -> Receipt:
    """A receipt without the words that each chain has for the same halt."""
    return receipt if receipt.halted is None else receipt._replace(halted="halted")


def done(data: bytes = b"", *logs: Log) -> Receipt:
    return Receipt(True, data, logs)


class Subject:
    """A chain with the programs on it, at a fixed time."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        chain.block(START_S - chain.time_s - len(PROGRAMS), [])
        self.at = {program: chain.create(DEPLOYER, creation(program)) for program in PROGRAMS}

    def call(self, program: str, data: bytes = b"", sender: str = ANN) -> Call:
        return Call(sender, self.at[program], data)

    def run(self, *calls: Call, after_s: int = 1) -> list[Receipt]:
        return [same(receipt) for receipt in self.chain.block(after_s, calls)]

    def view(self, program: str, data: bytes = b"") -> Receipt:
        return same(self.chain.view(self.at[program], data))


@contextmanager
def opened(name: str) -> Iterator[Subject]:
    if name == "revm":
        yield Subject(RevmChain(START_S - 1_000_000))
        return
    if name == "anvil" and shutil.which("anvil") is None:
        pytest.skip("anvil is not installed")
    with connected(NETWORKS[name]) as chain:
        if name == "anvil":
            yield Subject(chain)
            return
        # Ape's pytest plugin is connected to the same one.
        before = chain.snapshot()
        yield Subject(chain)
        chain.restore(before)
