"""Signatures as wallets make them are accepted; whatever differs is refused (rules A5 to A7)."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi import decode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.constants import SECPK1_N

from reference.delegation import SIGNED, THIS
from underwater import chain as chains
from underwater.actions import Action, Call, Receipt
from underwater.engine.abi import selector
from underwater.engine.bundled import signing
from underwater.engine.bundled.actors import ADDRESSES
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.bundled.plan import call_data
from underwater.hunt.arena import Arena

SET = "setOperatorBySignature(address,address,bool,uint256,uint256,bytes)"
DELEGATE, MAKER = ADDRESSES["delegate"], ADDRESSES["maker"]


@pytest.fixture
def arena() -> Arena:
    return Arena(BUNDLED, BUNDLED.default_deployment(), BUNDLED.artifacts(None))


def typed(arena: Arena, account: str, nonce: int, deadline_s: int) -> Any:
    """What a wallet shows its owner before he signs."""
    fields = {
        "account": "address",
        "operator": "address",
        "approved": "bool",
        "nonce": "uint256",
        "deadline": "uint256",
    }
    return encode_typed_data(
        {
            "name": signing.NAME,
            "version": signing.VERSION,
            "chainId": signing.CHAIN_ID,
            "verifyingContract": arena.instance.addresses.engine,
        },
        {"SetOperator": [{"name": name, "type": kind} for name, kind in fields.items()]},
        {"account": account, "operator": DELEGATE, "approved": True, "nonce": nonce, "deadline": deadline_s},
    )


def hand_in(arena: Arena, account: str, signature: bytes, nonce: int = 0, deadline_s: int = 2**255) -> Receipt:
    data = call_data(SET, account, DELEGATE, True, nonce, deadline_s, signature)
    return arena.chain.transact(Call(ADDRESSES["outsider"], arena.instance.addresses.engine, data))


def error(arena: Arena, receipt: Receipt) -> str | None:
    return arena.instance.outcome_of(receipt).error


def test_keys_are_those_of_the_addresses() -> None:
    assert {name: Account.from_key(key).address.lower() for name, key in signing._keys().items()} == ADDRESSES
    assert signing.CHAIN_ID == chains.CHAIN_ID


def test_what_a_wallet_signs_is_accepted_once(arena: Arena) -> None:
    message = typed(arena, MAKER, 0, 2**255)
    signature = bytes(Account.sign_message(message, signing._keys()["maker"]).signature)
    receipt = hand_in(arena, MAKER, signature)
    assert arena.instance.outcome_of(receipt).events == (("OperatorSet", "maker", "delegate", True),)
    assert error(arena, hand_in(arena, MAKER, signature)) == "InvalidAccountNonce"


def test_what_the_harness_signs_is_what_a_wallet_would_recover(arena: Arena) -> None:
    message = typed(arena, MAKER, 7, 99)
    domain = signing.domain_separator(arena.instance.addresses.engine)
    digest = signing.set_operator_digest(domain, MAKER, DELEGATE, True, 7, 99)
    for signer in ADDRESSES:
        signature = signing.sign(signer, digest)
        assert Account.recover_message(message, signature=signature).lower() == ADDRESSES[signer]
        high = signing.sign(signer, digest, high=True)
        assert int.from_bytes(signature[32:64], "big") + int.from_bytes(high[32:64], "big") == SECPK1_N
        assert Account.recover_message(message, signature=signature).lower() == ADDRESSES[signer]


def test_the_domain_is_what_the_engine_tells(arena: Arena) -> None:
    answer = arena.chain.view(arena.instance.addresses.engine, selector("eip712Domain()")).data
    told = decode(["bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"], answer)
    engine = arena.instance.addresses.engine
    assert told == (b"\x0f", signing.NAME, signing.VERSION, signing.CHAIN_ID, engine, bytes(32), ())


@pytest.mark.parametrize("over", SIGNED)
@pytest.mark.parametrize("signer", ["maker", "delegate", "outsider"])
def test_chain_and_reference_agree_on_every_signature(arena: Arena, signer: str, over: str) -> None:
    given = ("maker", "delegate", True, 0, arena.chain.time_s, signer, over)
    call = arena.instance.call(Action("set_operator_by_signature", "outsider", given), arena.chain.time_s)
    expected = None if (signer, over) == ("maker", THIS) else "InvalidSignature"
    assert error(arena, arena.chain.transact(call)) == expected


@pytest.mark.parametrize("length", [0, 64, 66])
def test_a_signature_of_another_length_is_none(arena: Arena, length: int) -> None:
    digest = signing.set_operator_digest(
        signing.domain_separator(arena.instance.addresses.engine), MAKER, DELEGATE, True, 0, 2**255
    )
    signature = (signing.sign("maker", digest) + b"\0")[:length]
    assert error(arena, hand_in(arena, MAKER, signature)) == "InvalidSignature"


def test_an_upgrade_brings_no_signature_back_and_takes_none_away(arena: Arena) -> None:
    def act(kind: str, caller: str, *arguments: Any) -> str | None:
        call = arena.instance.call(Action(kind, caller, arguments), arena.chain.time_s)
        return error(arena, arena.chain.transact(call))

    first, second = (("maker", "delegate", True, nonce, 2**255, "maker", THIS) for nonce in (0, 1))
    assert act("set_operator_by_signature", "outsider", *first) is None
    assert act("upgrade", "admin", "next") is None
    assert act("set_operator_by_signature", "outsider", *first) == "InvalidAccountNonce"
    assert act("set_operator_by_signature", "outsider", *second) is None


def test_a_contract_signs_as_it_says_itself(arena: Arena) -> None:
    says_yes = bytes.fromhex("631626ba7e60e01b5f5260205ff3")
    init = bytes.fromhex(f"60{len(says_yes):02x}600c60003960{len(says_yes):02x}6000f3") + says_yes
    wallet = arena.chain.create(ADDRESSES["treasurer"], init)
    assert hand_in(arena, wallet, b"whatever").ok
    assert error(arena, hand_in(arena, arena.instance.addresses.attacker, b"whatever")) == "InvalidSignature"


def test_no_number_of_burnt_nonces_brings_the_first_one_back(arena: Arena) -> None:
    engine = arena.instance.addresses.engine
    for _ in range(3):
        assert arena.chain.transact(Call(MAKER, engine, call_data("burnNonces(uint32)", 2**32 - 1))).ok
    assert int.from_bytes(arena.chain.view(engine, call_data("nonces(address)", MAKER)).data, "big") == 3 * (2**32 - 1)
