"""Deploying a plan on a chain, replaying what another chain recorded, and comparing what two chains hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from underwater.actions import Call, Outcome, Receipt, Refusal, Transaction
from underwater.chain import Chain, NotCreated
from underwater.chain.revm import RevmChain
from underwater.errors import EnvironmentFailure


class Mined(NamedTuple):
    """A transaction of a deployment as a chain holds it: its sender's nonce, and the block that it is in."""

    transaction: Transaction
    nonce: int
    number: int
    time_s: int
    hash: str = ""
    gas_used: int = 0


class NotDeployed(EnvironmentFailure):
    """A transaction of a deployment failed: which of so many, from 1, and what the chain said of it."""

    def __init__(self, chain: str, number: int, of: int, transaction: Transaction, receipt: Receipt) -> None:
        super().__init__(f"{chain}: '{transaction.label}' failed with {receipt.halted or '0x' + receipt.data.hex()}")
        self.number, self.of = number, of
        self.transaction = transaction
        self.receipt = receipt

    def refusal(self, outcome_of: Callable[[Receipt], Outcome]) -> Refusal:
        """The same in an engine's words."""
        return Refusal(self.number, self.of, self.transaction.label, outcome_of(self.receipt))


def run_plan(chain: Chain, plan: Sequence[Transaction], begin_s: int, endowed: Mapping[str, int]) -> None:
    """Run a deployment's transactions, each in a block of its own.

    They come after an empty block at ``begin_s``, from which on addresses have as many wei as ``endowed`` says: so all chains
    agree on the time, and on who has what. Raises ``NotDeployed`` at the first that fails.
    """
    chain.endow(begin_s - chain.time_s, endowed)
    for number, transaction in enumerate(plan, 1):
        if transaction.to is None:
            try:
                address = chain.create(transaction.sender, transaction.data)
            except NotCreated as failure:
                raise NotDeployed(chain.name, number, len(plan), transaction, failure.receipt) from None
            if address != transaction.creates:
                raise EnvironmentFailure(
                    f"{chain.name}: '{transaction.label}' made {address}, the plan says {transaction.creates}: "
                    "was the deployer's account used before?"
                )
        else:
            (receipt,) = chain.block(1, [Call(transaction.sender, transaction.to, transaction.data, transaction.value)])
            if not receipt.ok:
                raise NotDeployed(chain.name, number, len(plan), transaction, receipt)


def clone(recorded: Sequence[Mined]) -> RevmChain:
    """A chain in this process on which the same transactions happened, in the same order, in blocks of the same number and time.

    Raises ``EnvironmentFailure`` where one does not do what it did: a deployment that calls contracts which it did not create
    (tokens and sources that were there before) cannot be cloned from its own transactions.
    """
    chain = RevmChain(recorded[0].time_s - 1, recorded[0].number - 1)
    for mined in recorded:
        transaction = mined.transaction
        chain.move_to(mined.number - 1, mined.time_s - 1)
        chain.set_nonce(transaction.sender, mined.nonce)
        if transaction.to is None:
            try:
                address = chain.create(transaction.sender, transaction.data)
            except NotCreated as failure:
                raise EnvironmentFailure(f"{chain.name}: '{transaction.label}' cannot be replayed: {failure}") from None
            if address != transaction.creates:
                raise EnvironmentFailure(
                    f"{chain.name}: '{transaction.label}' made {address} when replayed, and {transaction.creates} before"
                )
        else:
            if transaction.value:
                # What it had beyond that is not known, nor needed.
                chain.evm.set_balance(transaction.sender, transaction.value)
            (receipt,) = chain.block(1, [Call(transaction.sender, transaction.to, transaction.data, transaction.value)])
            if not receipt.ok:
                reason = receipt.halted or f"0x{receipt.data.hex()}"
                raise EnvironmentFailure(f"{chain.name}: '{transaction.label}' cannot be replayed: {reason}")
    return chain


def _as_it_is(code: bytes) -> bytes:
    return code


def differences(
    first: Chain, second: Chain, addresses: Iterable[str], relevant: Callable[[bytes], bytes] = _as_it_is
) -> list[str]:
    """Where two chains hold different code or storage, enumerated from both sides; one line each, empty if they agree.

    ``relevant`` gives the part of a contract's code that is compared.
    """
    found = []
    for address in addresses:
        left, right = first.contents(address), second.contents(address)
        if relevant(left.code) != relevant(right.code):
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
