"""What the attacker's contract is called with, and what it says of the calls that it tried while tokens moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from underwater.actions import Glimpse, Receipt
from underwater.engine.abi import address_word, selector, topic, words

RUN = "run((address,bytes,uint256)[])"
_RUN = selector(RUN)
_ATTACK = selector("attack((address,bytes,uint256)[],(address,bytes,uint256)[],address,uint256)")
_TRIED = topic("Tried(uint256,bool,bytes)")

Part = tuple[str, bytes, int]
"""A call of the contract's: to whom, with what data and what ether (wei)."""


def run_data(parts: Iterable[Part]) -> bytes:
    """Calldata of ``run``: an array of (address, bytes, number)."""
    return _RUN + words(32) + _array(parts)


def attack_data(parts: Iterable[Part], during: Iterable[Part], token: str, units: int) -> bytes:
    """Calldata of ``attack``: two arrays of (address, bytes, number), and the token and the units of a loan, 0 for none."""
    first, second = _array(parts), _array(during)
    return _ATTACK + words(128, 128 + len(first)) + address_word(token) + words(units) + first + second


def _array(parts: Iterable[Part]) -> bytes:
    parts = list(parts)
    offsets, bodies, offset = [], [], 32 * len(parts)
    for to, data, value in parts:
        body = address_word(to) + words(96, value, len(data)) + data + bytes(-len(data) % 32)
        offsets.append(offset)
        bodies.append(body)
        offset += len(body)
    return words(len(parts), *offsets) + b"".join(bodies)


def tried_of(receipt: Receipt, attacker: str) -> Iterator[tuple[int, bool, bytes]]:
    """(place, done, answer) of each call that was tried."""
    for log in receipt.logs:
        if log.address == attacker and log.topics[0] == _TRIED:
            length = int.from_bytes(log.data[64:96], "big")
            yield int.from_bytes(log.topics[1], "big"), bool(log.data[31]), log.data[96 : 96 + length]


class Glimpses:
    """The views that are asked while tokens move, beside whatever is tried: stored values, and what the attacker's account is worth."""

    def __init__(self, engine: str, attacker: str, collaterals: int) -> None:
        account = address_word(attacker)
        self._asked: list[tuple[str, tuple[int, ...]]] = []
        self.calls: list[Part] = []

        def ask(view: str, function: str, argument: bytes = b"", about: Sequence[int] = ()) -> None:
            self._asked.append((view, tuple(about)))
            self.calls.append((engine, selector(function) + argument, 0))

        ask("insurance", "insurance()")
        ask("fees", "fees()")
        ask("bad debt", "badDebt()")
        ask("cash", "cashOf(address)", account)
        ask("health", "accountHealth(address)", account)
        for number in range(collaterals):
            ask("pool", "poolUnits(uint256)", words(number), (number,))
            ask("units", "collateralOf(address,uint256)", account + words(number), (number,))

    def told(self, place: int, done: bool, answer: bytes) -> Glimpse:
        """What one of them answered, in the order of ``calls``."""
        read = tuple(int.from_bytes(answer[at : at + 32], "big") for at in range(0, len(answer), 32))
        return Glimpse(*self._asked[place], read if done else None)
