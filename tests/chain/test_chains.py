"""Every chain gives the same receipts, the same storage and the same time.

Expected values are written out, and every test runs on every chain: chains that agree with one text agree with each
other.
"""

from __future__ import annotations

import random
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.chain.support import (
    ANN,
    BOB,
    DEPLOYER,
    EMPTY,
    NETWORKS,
    PROGRAMS,
    START_S,
    STRANGER,
    Subject,
    creation,
    done,
    opened,
    same,
    word,
)
from underwater.actions import Call, Log, Receipt
from underwater.chain import BLOCK_GAS_LIMIT, CHAIN_ID, NOBODY, NotCreated
from underwater.chain.ape import ApeChain
from underwater.chain.clone import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

# Each burns all the gas of its transaction: more than two leave too little in the block for another transaction.
HALTING = ["invalid", "underflow", "jump", "out_of_gas"]


def reverted(data: bytes = b"") -> Receipt:
    return Receipt(False, data, ())


HALTED = Receipt(False, b"", (), "halted")


@pytest.fixture(scope="module", params=["revm", "py-evm", "anvil"])
def opened_subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    with opened(request.param) as subject:
        yield subject


@pytest.fixture
def subject(opened_subject: Subject) -> Iterator[Subject]:
    snapshot = opened_subject.chain.snapshot()
    yield opened_subject
    opened_subject.chain.restore(snapshot)


def test_creation_addresses_follow_the_nonce(subject: Subject) -> None:
    assert subject.at["echo"] == "0x5fbdb2315678afecb367f032d93f642f64180aa3"
    assert subject.at["revert"] == "0xe7f1725e7734ce288f8367e1bb143e90bb3f0512"
    assert subject.chain.number == 1 + len(PROGRAMS)
    assert subject.chain.time_s == START_S


def test_a_call_raises_the_nonce_even_if_it_fails(subject: Subject) -> None:
    before = subject.chain.snapshot()
    first = subject.chain.create(ANN, creation("echo"))
    subject.chain.restore(before)
    subject.run(subject.call("revert", sender=ANN), subject.call("invalid", sender=ANN))
    assert subject.chain.create(ANN, creation("echo")) != first


@pytest.mark.parametrize(
    ("code", "receipt"),
    [("5f5ffd", reverted()), ("63c0ffee005f526004601cfd", reverted(bytes.fromhex("c0ffee00"))), ("fe", HALTED)],
    ids=["without a word", "with data", "halts"],
)
def test_a_failed_creation_raises_with_what_it_answered(subject: Subject, code: str, receipt: Receipt) -> None:
    with pytest.raises(NotCreated) as failed:
        subject.chain.create(DEPLOYER, bytes.fromhex(code))
    assert same(failed.value.receipt) == same(receipt)
    subject.chain.create(DEPLOYER, creation("echo"))


def test_returned_data(subject: Subject) -> None:
    data = bytes(range(256)) * 5
    assert subject.run(subject.call("echo", data), subject.call("echo")) == [done(data), done()]


def test_a_call_to_no_contract(subject: Subject) -> None:
    assert subject.run(Call(ANN, EMPTY, b"abc")) == [done()]
    assert subject.chain.view(EMPTY, b"abc") == done()


def test_logs(subject: Subject) -> None:
    at = subject.at["log"]
    topics = tuple(word(topic) for topic in (2**256 - 1, 2, 3, 4))
    assert subject.run(subject.call("log", b"abc"), subject.call("log")) == [
        done(b"", Log(at, (), b"abc"), Log(at, topics, b"abc")),
        done(b"", Log(at, (), b""), Log(at, topics, b"")),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\xff\xff",
        bytes.fromhex("08c379a0") + word(32, 3) + b"abc".ljust(32, b"\0"),
        bytes.fromhex("4e487b71") + word(17),
        bytes.fromhex("12345678") + word(2**256 - 1, 0),
        b"output: 0x12, Halt { reason: none }",
        random.Random(1).randbytes(5000),
    ],
    ids=["nothing", "one byte", "two bytes", "Error(string)", "Panic(uint256)", "custom", "words", "long"],
)
def test_revert_data(subject: Subject, data: bytes) -> None:
    assert subject.run(subject.call("revert", data)) == [reverted(data)]
    assert subject.view("revert", data) == reverted(data)


def test_what_a_revert_undoes(subject: Subject) -> None:
    assert subject.run(subject.call("undone")) == [reverted(bytes.fromhex("c0ffee00"))]
    assert subject.chain.storage([(subject.at["undone"], 0)]) == [0]


@pytest.mark.parametrize("program", HALTING)
def test_halts_are_told_from_reverts(subject: Subject, program: str) -> None:
    (receipt,) = subject.chain.block(1, [subject.call(program)])
    assert same(receipt) == HALTED
    assert receipt.halted
    assert subject.view(program) == HALTED


def test_the_gas_limit_of_a_transaction(subject: Subject) -> None:
    if subject.chain.name == NETWORKS["py-evm"]:
        pytest.skip("takes Python seconds; the limit is the one that `out_of_gas` hits")
    assert subject.run(subject.call("all_gas")) == [HALTED]


def test_the_block_as_contracts_see_it(subject: Subject) -> None:
    number = subject.chain.number + 1
    expected = [START_S + 77, number, CHAIN_ID, BLOCK_GAS_LIMIT, 0, 0]
    assert subject.run(subject.call("block"), subject.call("block", sender=BOB), after_s=77) == [
        done(word(*expected, int(ANN, 16), int(ANN, 16))),
        done(word(*expected, int(BOB, 16), int(BOB, 16))),
    ]
    assert (subject.chain.time_s, subject.chain.number) == (START_S + 77, number)


def test_views_see_the_last_block_and_change_nothing(subject: Subject) -> None:
    for after_s in (1, 86_400, 5):
        subject.run(subject.call("count"), after_s=after_s)
        time.sleep(0.01)
        expected = [subject.chain.time_s, subject.chain.number, CHAIN_ID, BLOCK_GAS_LIMIT, 0, 0]
        assert subject.view("block") == done(word(*expected, int(NOBODY, 16), int(NOBODY, 16)))
    assert subject.view("count") == subject.view("count") == done(word(4))


def test_views_after_a_restore_see_the_block_that_was_restored(subject: Subject) -> None:
    before = subject.chain.snapshot()
    expected = subject.view("block")
    subject.run(after_s=1000)
    assert subject.view("block") != expected
    subject.chain.restore(before)
    assert subject.view("block") == expected


def test_instructions_of_cancun(subject: Subject) -> None:
    assert subject.run(subject.call("cancun", word(12345))) == [done(word(12345))]


def test_calls_of_a_block_run_in_order(subject: Subject) -> None:
    count, fail, halt = subject.call("count"), subject.call("revert", b"no"), subject.call("invalid")
    bob = subject.call("count", sender=BOB)
    deployer = subject.call("count", sender=DEPLOYER)
    number = subject.chain.number
    assert subject.run(count, bob, fail, halt, bob, deployer, halt, count, bob, after_s=3600) == [
        done(word(1)),
        done(word(2)),
        reverted(b"no"),
        HALTED,
        done(word(3)),
        done(word(4)),
        HALTED,
        done(word(5)),
        done(word(6)),
    ]
    assert (subject.chain.number, subject.chain.time_s) == (number + 1, START_S + 3600)
    assert subject.chain.storage([(subject.at["count"], 0)]) == [6]


@pytest.mark.parametrize("calls", ["none", "failing", "halting"])
def test_time_is_exact_whatever_becomes_of_the_calls(subject: Subject, calls: str) -> None:
    block = {"none": [], "failing": [subject.call("revert")], "halting": [subject.call("invalid")]}[calls]
    number = subject.chain.number
    for index, after_s in enumerate((1, 1, 10**9, 1)):
        subject.run(*block, after_s=after_s)
        assert subject.chain.number == number + index + 1
    assert subject.chain.time_s == START_S + 10**9 + 3


def test_storage(subject: Subject) -> None:
    values = {0: 1, 1: 2**256 - 1, 2**256 - 1: 7, 2**255: 2**128, 5: 0}
    subject.run(*[subject.call("store", word(slot, value)) for slot, value in values.items()])
    at = subject.at["store"]
    assert subject.chain.storage([(at, slot) for slot in values]) == list(values.values())
    assert subject.chain.storage([(at, 99), (EMPTY, 0), (STRANGER, 2**256 - 1)]) == [0, 0, 0]
    assert subject.chain.storage([]) == []


def test_more_storage_than_one_request_holds(subject: Subject) -> None:
    subject.run(subject.call("fill"))
    at = subject.at["fill"]
    wanted = [slot % 310 for slot in range(1500)]
    expected = [slot ^ (2**256 - 1) if slot < 300 else 0 for slot in wanted]
    assert subject.chain.storage([(at, slot) for slot in wanted]) == expected


def test_contents(subject: Subject) -> None:
    subject.run(subject.call("fill"), subject.call("store", word(7, 2**256 - 1)))
    subject.run(subject.call("store", word(2**200, 1)), subject.call("store", word(7, 0)))
    fill, store, empty = (subject.chain.contents(at) for at in (subject.at["fill"], subject.at["store"], EMPTY))
    assert len(fill.storage) == 300
    assert list(store.storage.values()) == [1]
    assert store.code == creation("store")[10:]
    assert empty == (b"", {})
    assert subject.chain.contents(subject.at["echo"]) == (creation("echo")[10:], {})
    before = subject.chain.snapshot()
    subject.run(subject.call("store", word(7, 6)))
    assert sorted(subject.chain.contents(subject.at["store"]).storage.values()) == [1, 6]
    created = subject.chain.create(ANN, creation("jump"))
    assert subject.chain.contents(created) == (creation("jump")[10:], {})
    subject.chain.restore(before)
    assert subject.chain.contents(subject.at["store"]) == store
    assert subject.chain.contents(created) == empty


def test_snapshots_serve_more_than_once(subject: Subject) -> None:
    chain = subject.chain
    outer = chain.snapshot()
    subject.run(subject.call("count"), after_s=10)
    inner = chain.snapshot()
    for _ in range(3):
        subject.run(subject.call("count"), subject.call("count"), after_s=100)
        subject.run(subject.call("count"), after_s=1000)
        assert chain.storage([(subject.at["count"], 0)]) == [4]
        chain.restore(inner)
        assert chain.storage([(subject.at["count"], 0)]) == [1]
        assert chain.time_s == START_S + 10
    number = chain.number
    for _ in range(3):
        chain.restore(outer)
        assert chain.storage([(subject.at["count"], 0)]) == [0]
        assert (chain.time_s, chain.number) == (START_S, number - 1)
        assert subject.run(subject.call("count", sender=BOB), after_s=1) == [done(word(1))]
        assert (chain.time_s, chain.number) == (START_S + 1, number)


def test_random_blocks_on_all_chains_at_once() -> None:
    with ExitStack() as stack:
        subjects = [stack.enter_context(opened(name)) for name in ("revm", "py-evm", "anvil")]
        draw = random.Random(20)
        steady = [program for program in PROGRAMS if program not in (*HALTING, "all_gas", "fill")]
        for _ in range(30):
            programs = draw.choices(steady, k=draw.randrange(5)) + draw.choices(HALTING, k=draw.randrange(3))
            draw.shuffle(programs)
            calls = [
                (program, draw.randbytes(draw.choice((0, 4, 64, 64, 99))), draw.choice((DEPLOYER, ANN, BOB)))
                for program in programs
            ]
            after_s = draw.choice((1, 12, 3600))
            receipts = [subject.run(*[subject.call(*call) for call in calls], after_s=after_s) for subject in subjects]
            assert receipts[0] == receipts[1] == receipts[2]
        revm = subjects[0]
        for other in subjects[1:]:
            assert differences(revm.chain, other.chain, revm.at.values()) == []
            assert other.chain.time_s == revm.chain.time_s
        assert differences(revm.chain, subjects[1].chain, [ANN]) == []


def test_what_ape_does_is_there_too(subject: Subject) -> None:
    if not isinstance(subject.chain, ApeChain):
        pytest.skip("not a chain of Ape")
    provider = subject.chain.provider
    before, number = provider.snapshot(), subject.chain.number
    provider.mine()
    assert subject.chain.number == number + 1
    subject.run(subject.call("count"), after_s=10)
    assert provider.get_block("latest").number == number + 2
    assert provider.get_block("latest").timestamp == subject.chain.time_s
    assert provider.auto_mine
    provider.restore(before)
    assert subject.chain.number == number
    assert subject.run(subject.call("count")) == [done(word(1))]


def test_ether_goes_with_a_call_and_comes_back_if_it_fails(subject: Subject) -> None:
    chain = subject.chain
    time_s, number = chain.time_s, chain.number
    chain.endow(7, {ANN: 1 << 127, EMPTY: 5})
    assert (chain.time_s, chain.number) == (time_s + 7, number + 1)
    assert chain.balances([ANN, EMPTY, STRANGER]) == [1 << 127, 5, 0]
    assert subject.run(Call(ANN, EMPTY, b"", 3), Call(ANN, subject.at["revert"], b"", 4)) == [done(), reverted(b"")]
    assert chain.balances([ANN, EMPTY]) == [(1 << 127) - 3, 8], "gas costs nothing"
    before = chain.snapshot()
    subject.run(Call(ANN, EMPTY, b"", 1))
    chain.create(ANN, creation("echo"))
    assert chain.balances([ANN, EMPTY]) == [(1 << 127) - 4, 9]
    chain.restore(before)
    assert chain.balances([ANN, EMPTY]) == [(1 << 127) - 3, 8]
