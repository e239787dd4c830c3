"""ABI words of the bundled engine's actions, errors and events: names in, bytes out, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from eth_abi import decode

from reference.governance import ROLES
from underwater.actions import Action, Log
from underwater.engine.abi import address_word, canonical_type, selector, signature, topic, word, words
from underwater.engine.bundled.kinds import BRINGS_ETHER, KINDS
from underwater.engine.bundled.plan import Addresses, role_id
from underwater.engine.bundled.signing import CHAIN_ID, OTHER_CHAIN_ID, domain_separator, set_operator_digest, sign


class Words:
    """ABI words of what actions, errors and events carry: numbers, and the names that stand for addresses and 32 bytes."""

    def __init__(self, address_of: dict[str, str]) -> None:
        self.address_of = address_of
        self._addresses = {name: address_word(address) for name, address in address_of.items()}
        self._roles = {role: role_id(role) for role in ROLES}

    def packers(self, types: Iterable[str]) -> tuple[Callable[[Any], bytes], ...]:
        """For each static ABI type, what makes a word of a value."""
        known: dict[str, Callable[[Any], bytes]] = {"address": self._addresses.__getitem__, "bytes32": self._bytes32}
        return tuple(known.get(kind, word) for kind in types)

    def _bytes32(self, name: str) -> bytes:
        """A role, or a parameter's name."""
        return self._roles.get(name) or bytes(name, "ascii").ljust(32, b"\0")


def _packed(packers: Sequence[Callable[[Any], bytes]], values: Sequence[Any]) -> bytes:
    return b"".join([pack(value) for pack, value in zip(packers, values, strict=True)])


class Encoder:
    """Calldata of one kind, its constant parts prepared."""

    def __init__(self, addresses: Addresses, candidates: dict[str, str], words_of: Words, kind_name: str) -> None:
        kind = KINDS[kind_name]
        self.addresses = addresses
        self.candidates = candidates
        self.target = kind.target
        self.selector = kind.selector
        self.is_signed = kind_name == "set_operator_by_signature"
        self.words_of = words_of
        self.brings_ether = kind_name in BRINGS_ETHER
        self.own = {
            "engine": addresses.engine,
            "orders": addresses.orders,
            "gateway": addresses.gateway,
            "attacker": addresses.attacker,
        }.get(kind.target)
        self.is_publish = kind_name == "publish"
        self.is_donation = kind_name == "donate"
        self.packers = words_of.packers(kind.types)

    def __call__(self, action: Action, time_s: int) -> tuple[str, bytes, int]:
        """Whom an action calls, with what data and what ether (wei)."""
        if self.brings_ether:
            *arguments, value = action.arguments
            assert self.own is not None
            return self.own, self.selector + _packed(self.packers, arguments), value
        return *self._without_ether(action, time_s), 0

    def _without_ether(self, action: Action, time_s: int) -> tuple[str, bytes]:
        arguments = action.arguments
        if self.is_signed:
            return self.addresses.engine, self.selector + self._signed(*arguments)
        if self.own is not None:
            return self.own, self.selector + _packed(self.packers, arguments)
        if self.target == "token":
            to = self.addresses.tokens[arguments[0]]
            if self.is_donation:
                return to, self.selector + address_word(self.addresses.engine) + word(arguments[1])
            return to, self.selector + _packed(self.packers, arguments[1:])
        if self.target == "implementation":
            return self.candidates[arguments[0]], self.selector + _packed(self.packers, arguments[1:])
        to = self.addresses.sources[arguments[0]]
        if self.is_publish:
            _, answer, age_s = arguments
            return to, self.selector + words(answer, 0 if age_s is None else time_s - age_s)
        return to, self.selector + word(arguments[1])

    def _signed(
        self, account: str, operator: str, approved: bool, nonce: int, deadline_s: int, signer: str, over: str
    ) -> bytes:
        """A5's arguments with the signature that the last two describe."""
        address_of = self.words_of.address_of
        arguments: list[Any] = [address_of[account], address_of[operator], approved, nonce, deadline_s]
        # The last word but its bytes: where they begin, and how many they are.
        head = address_word(arguments[0]) + address_word(arguments[1]) + words(*arguments[2:], 6 * 32, 65)
        if over == "nothing":
            return head + bytes(96)
        engine, chain_id = self.addresses.engine, CHAIN_ID
        if over == "another-account":
            arguments[0] = self.addresses.attacker if arguments[0] != self.addresses.attacker else engine
        elif over == "another-operator":
            arguments[1] = engine if arguments[1] != engine else self.addresses.attacker
        elif over == "the-opposite":
            arguments[2] = not approved
        elif over == "another-nonce":
            arguments[3] = (nonce + 1) % (1 << 256)
        elif over == "another-deadline":
            arguments[4] = (deadline_s + 1) % (1 << 256)
        elif over == "another-chain":
            chain_id = OTHER_CHAIN_ID
        elif over == "another-contract":
            engine = self.addresses.implementation
        digest = set_operator_digest(domain_separator(engine, chain_id), *arguments)
        return head + sign(signer, digest, high=over == "high-s") + bytes(31)


class Coder:
    """One error or event of the ABI, in both directions."""

    def __init__(self, name_of: dict[str, str], words_of: Words, entry: dict[str, Any]) -> None:
        self.name_of = name_of
        self.entry = entry
        text = signature(entry)
        self.types = [canonical_type(parameter) for parameter in entry["inputs"]]
        self.indexed = [bool(parameter.get("indexed")) for parameter in entry["inputs"]]
        self.selector = selector(text)
        self.topic = topic(text)
        self.packers = words_of.packers(self.types)

    def error_data(self, arguments: tuple[Any, ...]) -> bytes:
        return self.selector + _packed(self.packers, arguments)

    def log(self, arguments: tuple[Any, ...]) -> tuple[tuple[bytes, ...], bytes]:
        topics: list[bytes] = [self.topic]
        data: list[bytes] = []
        for pack, indexed, value in zip(self.packers, self.indexed, arguments, strict=True):
            (topics if indexed else data).append(pack(value))
        return tuple(topics), b"".join(data)

    def decode(self, data: bytes) -> tuple[Any, ...] | None:
        """Arguments in the words of the harness; None if the data does not fit."""
        try:
            values = decode(self.types, data)
        except Exception:  # noqa: BLE001 (whatever a hostile contract answers is an outcome, and eth_abi raises many kinds)
            return None
        return tuple(self._named(kind, value) for kind, value in zip(self.types, values, strict=True))

    def decode_log(self, log: Log) -> tuple[Any, ...] | None:
        """Arguments of a log, indexed ones included, in declared order."""
        topics, rest = list(log.topics[1:]), log.data
        joined = b""
        for indexed in self.indexed:
            if indexed:
                if not topics:
                    return None
                joined += topics.pop(0)
            else:
                joined, rest = joined + rest[:32], rest[32:]
        return self.decode(joined)

    def _named(self, kind: str, value: Any) -> Any:
        if kind == "address":
            return self.name_of.get(value.lower(), value.lower())
        if kind == "bytes32":
            for role in ROLES:
                if value == role_id(role):
                    return role
            return value.rstrip(b"\0").decode("ascii", "replace")
        return value
