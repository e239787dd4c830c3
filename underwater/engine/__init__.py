"""What is under test. An engine deploys itself, says which actions it takes, and turns actions into calls and chain state into observations."""

from __future__ import annotations

from typing import NamedTuple


class Transaction(NamedTuple):
    """One transaction of a deployment: the same on every chain.

    ``to`` is None where a contract is created; ``creates`` is then the address it will have (from sender and nonce). ``label`` says it in words.
    """

    label: str
    sender: str
    to: str | None
    data: bytes
    creates: str | None = None
