"""Rules A5 to A7: what an account has signed, anybody hands in, once and in time."""

from __future__ import annotations

import pytest

from reference.delegation import SIGNED, THIS, nonce_of
from tests.reference.support import MATCHER, NOW_S, STRANGER, TRADER, USD, Scene

HOUR_S = 3_600
KIND = "set_operator_by_signature"


def handed_in(nonce: int = 0, deadline_s: int = NOW_S + HOUR_S, signer: str = TRADER, over: str = THIS, *,
              approved: bool = True) -> tuple[object, ...]:  # fmt: skip
    return (TRADER, STRANGER, approved, nonce, deadline_s, signer, over)


def test_anybody_hands_in_what_an_account_has_signed_and_the_operator_may_act() -> None:
    scene = Scene()
    scene.fund(TRADER, "10")
    assert scene.refused("withdraw", STRANGER, TRADER, USD, 1) == ("Unauthorized", STRANGER, TRADER)
    assert scene.do(KIND, MATCHER, *handed_in()) == (("OperatorSet", TRADER, STRANGER, True),)
    scene.do("withdraw", STRANGER, TRADER, USD, 1)
    assert scene.do(KIND, STRANGER, *handed_in(1, approved=False)) == (("OperatorSet", TRADER, STRANGER, False),)
    assert scene.refused("withdraw", STRANGER, TRADER, USD, 1)[0] == "Unauthorized"
    assert nonce_of(scene.state, TRADER) == 2


def test_a_signature_counts_until_its_deadline_and_not_a_second_longer() -> None:
    assert Scene().do(KIND, MATCHER, *handed_in(deadline_s=NOW_S))
    refused = Scene().refused(KIND, MATCHER, *handed_in(deadline_s=NOW_S - 1))
    assert refused == ("SignatureExpired", NOW_S - 1)


def test_no_signature_counts_twice_and_none_before_its_turn() -> None:
    scene = Scene()
    assert scene.refused(KIND, MATCHER, *handed_in(1)) == ("InvalidAccountNonce", TRADER, 0)
    scene.do(KIND, MATCHER, *handed_in())
    assert scene.refused(KIND, MATCHER, *handed_in()) == ("InvalidAccountNonce", TRADER, 1)
    scene.do(KIND, MATCHER, *handed_in(1))


def test_burnt_nonces_count_for_nothing() -> None:
    scene = Scene()
    assert scene.refused("burn_nonces", TRADER, 0) == ("ZeroAmount",)
    assert scene.do("burn_nonces", TRADER, 2) == (("NoncesBurned", TRADER, 2),)
    for nonce in (0, 1):
        assert scene.refused(KIND, MATCHER, *handed_in(nonce)) == ("InvalidAccountNonce", TRADER, 2)
    scene.do(KIND, MATCHER, *handed_in(2))


@pytest.mark.parametrize("over", [over for over in SIGNED if over != THIS])
def test_a_signature_over_anything_else_is_none(over: str) -> None:
    scene = Scene()
    assert scene.refused(KIND, MATCHER, *handed_in(over=over)) == ("InvalidSignature", TRADER)
    assert nonce_of(scene.state, TRADER) == 0


@pytest.mark.parametrize("signer", [STRANGER, MATCHER])
def test_nobody_else_signs_for_an_account_operators_included(signer: str) -> None:
    assert Scene().refused(KIND, signer, *handed_in(signer=signer)) == ("InvalidSignature", TRADER)


def test_the_deadline_is_looked_at_first_and_the_signature_last() -> None:
    everything = handed_in(9, NOW_S - 1, STRANGER)
    assert Scene().refused(KIND, MATCHER, *everything)[0] == "SignatureExpired"
    assert Scene().refused(KIND, MATCHER, *handed_in(9, signer=STRANGER))[0] == "InvalidAccountNonce"
