"""Signatures of the development accounts: what a case says was signed, as the bytes that a contract is handed.

Their keys follow from a mnemonic that everybody knows (BIP-32), and hide nothing. So every signature is made with the same
one-time number, 1: its point is the curve's generator, and a signature costs microseconds instead of milliseconds. Whoever did so
with a key of worth would give it away.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import cache, lru_cache

from eth_utils.crypto import keccak

from underwater.engine.abi import address_word, words
from underwater.engine.bundled.actors import ADDRESSES

CHAIN_ID = 31337
"""Of every chain that the harness runs (``underwater.chain.CHAIN_ID``)."""
OTHER_CHAIN_ID = 1
NAME, VERSION = "Underwater margin engine", "1"
_MNEMONIC = "test test test test test test test test test test test junk"
_HARDENED = 1 << 31
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_GENERATOR_X = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798
"""The generator's y is even."""
_DOMAIN = keccak(text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_SET_OPERATOR = keccak(
    text="SetOperator(address account,address operator,bool approved,uint256 nonce,uint256 deadline)"
)


@cache
def _keys() -> dict[str, int]:
    """The private keys of the development accounts: m/44'/60'/0'/0/i of the mnemonic."""
    seed = hashlib.pbkdf2_hmac("sha512", _MNEMONIC.encode(), b"mnemonic", 2048)
    node = hmac.digest(b"Bitcoin seed", seed, "sha512")
    for step in (44 + _HARDENED, 60 + _HARDENED, _HARDENED, 0):
        node = _child(node, step)
    return {name: int.from_bytes(_child(node, number)[:32], "big") for number, name in enumerate(ADDRESSES)}


def _child(node: bytes, step: int) -> bytes:
    key, chain_code = node[:32], node[32:]
    of_parent = b"\0" + key if step >= _HARDENED else _public(key)
    mixed = hmac.digest(chain_code, of_parent + step.to_bytes(4, "big"), "sha512")
    child = (int.from_bytes(mixed[:32], "big") + int.from_bytes(key, "big")) % _ORDER
    return child.to_bytes(32, "big") + mixed[32:]


@cache
def _public(key: bytes) -> bytes:
    # A fifth of a second that a hunt without signatures does without.
    from eth_keys.datatypes import PrivateKey

    return PrivateKey(key).public_key.to_compressed_bytes()


def sign(signer: str, digest: bytes, *, high: bool = False) -> bytes:
    """65 bytes: r, s and v. ``high`` is the other signature of the same, which anybody can make of it."""
    s = (int.from_bytes(digest, "big") + _GENERATOR_X * _keys()[signer]) % _ORDER
    is_high = s > _ORDER // 2
    if is_high != high:
        s = _ORDER - s
    return words(_GENERATOR_X, s) + bytes([28 if is_high != high else 27])


@lru_cache(maxsize=64)
def domain_separator(engine: str, chain_id: int = CHAIN_ID) -> bytes:
    """A7: what a signature is bound to."""
    return keccak(_DOMAIN + keccak(text=NAME) + keccak(text=VERSION) + words(chain_id) + address_word(engine))


def set_operator_digest(
    domain: bytes, account: str, operator: str, approved: bool, nonce: int, deadline_s: int
) -> bytes:
    """A7: what is signed. Addresses in hex."""
    struct = _SET_OPERATOR + address_word(account) + address_word(operator) + words(approved, nonce, deadline_s)
    return keccak(b"\x19\x01" + domain + keccak(struct))
