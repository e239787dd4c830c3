"""ABI words, packed without ceremony: what the hot loop needs of the encoding, and nothing else of it."""

from __future__ import annotations

from typing import Any

from eth_utils import keccak

_MODULUS = 1 << 256


def word(value: int) -> bytes:
    """One 32-byte word; negative numbers in two's complement."""
    return (value % _MODULUS).to_bytes(32, "big")


def address_word(address: str) -> bytes:
    """An address (0x-hex) as a word."""
    return bytes.fromhex(address[2:]).rjust(32, b"\0")


def words(*values: int) -> bytes:
    """Several words in a row."""
    return b"".join([(value % _MODULUS).to_bytes(32, "big") for value in values])


def signed(value: int) -> int:
    """A 256-bit word as a signed number."""
    return value - _MODULUS if value >> 255 else value


def canonical_type(parameter: dict[str, Any]) -> str:
    """The type of an ABI parameter as selectors spell it: tuples by their components."""
    kind: str = parameter["type"]
    if kind.startswith("tuple"):
        return "(" + ",".join(canonical_type(component) for component in parameter["components"]) + ")" + kind[5:]
    return kind


def signature(entry: dict[str, Any]) -> str:
    """A function's, event's or error's canonical signature."""
    return f"{entry['name']}({','.join(canonical_type(parameter) for parameter in entry['inputs'])})"


def selector(text: str) -> bytes:
    """The first four bytes of a signature's hash."""
    return bytes(keccak(text=text)[:4])


def topic(text: str) -> bytes:
    """An event signature's hash."""
    return bytes(keccak(text=text))


def create_address(sender: str, nonce: int) -> str:
    """The address of the contract that ``sender`` creates with ``nonce`` (RLP of the pair, hashed)."""
    raw = bytes.fromhex(sender[2:])
    encoded_nonce = b"\x80" if nonce == 0 else nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    if nonce >= 0x80:
        encoded_nonce = bytes([0x80 + len(encoded_nonce)]) + encoded_nonce
    payload = b"\x94" + raw + encoded_nonce
    return "0x" + keccak(bytes([0xC0 + len(payload)]) + payload)[12:].hex()
