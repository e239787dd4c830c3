"""Deploying a plan on a chain, and comparing what two chains hold at the same addresses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from underwater.actions import Call, Transaction
from underwater.chain import Chain
from underwater.errors import EnvironmentFailure


def run_plan(chain: Chain, plan: Sequence[Transaction], begin_s: int) -> None:
    """Run a deployment's transactions, each in a block of its own.

    They come after an empty block at ``begin_s``, so that all chains agree on the time. Raises
    ``EnvironmentFailure`` at the first that fails.
    """
    chain.block(begin_s - chain.time_s, [])
    for transaction in plan:
        if transaction.to is None:
            address = chain.create(transaction.sender, transaction.data)
            if address != transaction.creates:
                raise EnvironmentFailure(
                    f"{chain.name}: '{transaction.label}' made {address}, the plan says {transaction.creates}: "
                    "was the deployer's account used before?"
                )
        else:
            (receipt,) = chain.block(1, [Call(transaction.sender, transaction.to, transaction.data)])
            if not receipt.ok:
                raise EnvironmentFailure(f"{chain.name}: '{transaction.label}' failed with 0x{receipt.data.hex()}")


def differences(first: Chain, second: Chain, addresses: Iterable[str]) -> list[str]:
    """Where two chains hold different code or storage, enumerated from both sides; one line each, empty if they agree."""
    found = []
    for address in addresses:
        left, right = first.contents(address), second.contents(address)
        if left.code != right.code:
            found.append(
                f"{address}: code differs ({len(left.code)} bytes on {first.name}, {len(right.code)} on {second.name})"
            )
        found += [
            f"{address}: slot with hash 0x{key.hex()} is {left.storage.get(key, 0)} on {first.name}, "
            f"{right.storage.get(key, 0)} on {second.name}"
            for key in sorted(left.storage.keys() | right.storage.keys())
            if left.storage.get(key, 0) != right.storage.get(key, 0)
        ]
    return found
