"""Every chain gives the same receipts, the same storage and the same time.

Expected values are written out, and every test runs on every chain: chains that agree with one text agree with each
other.
"""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from underwater.actions import Call, Log, Receipt
from underwater.chain import BLOCK_GAS_LIMIT, CHAIN_ID, NOBODY, Chain
from underwater.chain.ape import ApeChain, connected
from underwater.chain.clone import differences
from underwater.chain.revm import RevmChain
from underwater.errors import EnvironmentFailure, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORKS = {"py-evm": "ethereum:local:test", "anvil": "ethereum:local:foundry"}
START_S = 2_000_000_000
# The first accounts of the test mnemonic.
DEPLOYER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
ANN = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
BOB = "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc"
STRANGER = "0x00000000000000000000000000000000deadbeef"
EMPTY = "0x00000000000000000000000000000000000000ee"

needs_anvil = pytest.mark.skipif(shutil.which("anvil") is None, reason="anvil is not installed")

# Each is runtime code in hex; what it does is in its name.
PROGRAMS = {
    "echo": "365f5f37 365ff3",
    "revert": "365f5f37 365ffd",
    "invalid": "fe",
    "underflow": "50",
    "jump": "5f56",
    "out_of_gas": "5f 63ffffffff 52",
    "all_gas": "5b 60ff 5f 20 50 5f 56",
    # timestamp, number, chain id, gas limit, base fee, gas price, caller, origin
    "block": "42 5f52 43 602052 46 604052 45 606052 48 608052 3a 60a052 33 60c052 32 60e052 610100 5f f3",
    # slot, value
    "store": "6020355f3555 00",
    # slot 0 plus one: stored, returned
    "count": "5f54 6001 01 80 5f55 5f52 60205ff3",
    # calldata as data of a log of no topics, then of four; returns nothing
    "log": "365f5f37 365fa0 6004 6003 6002 5f19 365fa4 00",
    # a log and a store, undone by a revert with four bytes
    "undone": "5f5fa0 6001 5f55 63c0ffee00 5f52 6004 601c fd",
    # the first word of calldata through transient storage and MCOPY
    "cancun": "5f35 6007 5d 6007 5c 5f52 6020 5f 6020 5e 6020 6020 f3",
    # slots 0 to 299 become their own complement
    "fill": "5f 5b 80 19 81 55 6001 01 80 61012c 11 6001 57 00",
}


def word(*values: int) -> bytes:
    return b"".join([value.to_bytes(32, "big") for value in values])


def creation(program: str) -> bytes:
    runtime = bytes.fromhex(PROGRAMS[program].replace(" ", ""))
    return bytes.fromhex(f"61{len(runtime):04x}80600a3d393df3") + runtime


# Each burns all the gas of its transaction: more than two leave too little in the block for another transaction.
HALTING = ["invalid", "underflow", "jump", "out_of_gas"]


def same(receipt: Receipt) -> Receipt:
    """A receipt without the words that each chain has for the same halt."""
    return receipt if receipt.halted is None else receipt._replace(halted="halted")


def done(data: bytes = b"", *logs: Log) -> Receipt:
    return Receipt(True, data, logs)


def reverted(data: bytes = b"") -> Receipt:
    return Receipt(False, data, ())


HALTED = Receipt(False, b"", (), "halted")


class Subject:
    """A chain with the programs on it, at a fixed time."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        chain.block(START_S - chain.time_s - len(PROGRAMS), [])
        self.at = {program: chain.create(DEPLOYER, creation(program)) for program in PROGRAMS}

    def call(self, program: str, data: bytes = b"", sender: str = ANN) -> Call:
        return Call(sender, self.at[program], data)

    def run(self, *calls: Call, after_s: int = 1) -> list[Receipt]:
        return [same(receipt) for receipt in self.chain.block(after_s, calls)]

    def view(self, program: str, data: bytes = b"") -> Receipt:
        return same(self.chain.view(self.at[program], data))


@contextmanager
def opened(name: str) -> Iterator[Subject]:
    if name == "revm":
        yield Subject(RevmChain(START_S - 1_000_000))
        return
    if name == "anvil" and shutil.which("anvil") is None:
        pytest.skip("anvil is not installed")
    with connected(NETWORKS[name]) as chain:
        if name == "anvil":
            yield Subject(chain)
            return
        # Ape's pytest plugin is connected to the same one.
        before = chain.snapshot()
        yield Subject(chain)
        chain.restore(before)


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


def test_a_failed_creation_raises(subject: Subject) -> None:
    with pytest.raises((EnvironmentFailure, RuntimeError)):
        subject.chain.create(DEPLOYER, bytes.fromhex("5f5ffd"))
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


def test_a_sender_without_a_key_is_one_clear_line() -> None:
    for name in NETWORKS:
        with opened(name) as subject:
            number = subject.chain.number
            with pytest.raises(EnvironmentFailure) as failure:
                subject.run(subject.call("count"), subject.call("count", sender=STRANGER))
            assert "\n" not in str(failure.value)
            assert subject.chain.number == number
            assert subject.run(subject.call("count")) == [done(word(1))]


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


def test_an_unknown_network_is_the_users_error() -> None:
    with pytest.raises(UserError, match="ethereum:local:nothing"), connected("ethereum:local:nothing"):
        pass


def test_a_live_network_is_not_even_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ape_node.provider.Node.connect", lambda _: pytest.fail("connected"))
    with pytest.raises(UserError, match="'ethereum:sepolia' is a live network"), connected("ethereum:sepolia:node"):
        pass


def listening(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


# Ape looks for a node's local socket first, and leaves its own end of it open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@needs_anvil
def test_a_node_that_ape_did_not_start() -> None:
    """With another hard fork, a base fee and a gas limit of its own; and it is there afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    node = subprocess.Popen(["anvil", "--port", str(port), "--accounts", "20", "--gas-limit", "50000000", "--silent"])
    try:
        deadline = time.monotonic() + 20
        while not listening(port):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with connected(f"ethereum:local:http://127.0.0.1:{port}") as chain:
            subject = Subject(chain)
            count, bob = subject.call("count"), subject.call("count", sender=BOB)
            assert subject.run(count, bob, count) == [done(word(1)), done(word(2)), done(word(3))]
            expected = [chain.time_s, chain.number, CHAIN_ID, BLOCK_GAS_LIMIT, 0, 0]
            assert subject.view("block") == done(word(*expected, int(NOBODY, 16), int(NOBODY, 16)))
        assert node.poll() is None
    finally:
        node.kill()
        node.wait()


@needs_anvil
def test_a_node_that_goes_away_is_one_clear_line() -> None:
    with opened("anvil") as subject:
        chain, snapshot = subject.chain, subject.chain.snapshot()
        assert isinstance(chain, ApeChain)
        process = chain.provider.process
        process.kill()
        process.wait()
        attempts = {
            "time_s": lambda: chain.time_s,
            "number": lambda: chain.number,
            "block": lambda: chain.block(1, [subject.call("count")]),
            "create": lambda: chain.create(DEPLOYER, creation("echo")),
            "view": lambda: subject.view("count"),
            "storage": lambda: chain.storage([(EMPTY, 0)]),
            "contents": lambda: chain.contents(EMPTY),
            "snapshot": chain.snapshot,
            "restore": lambda: chain.restore(snapshot),
        }
        started = time.monotonic()
        for attempt in attempts.values():
            with pytest.raises(EnvironmentFailure, match="ethereum:local:foundry: the node does not answer") as failure:
                attempt()
            assert "\n" not in str(failure.value)
        assert time.monotonic() - started < 5


@needs_anvil
def test_no_node_is_left_behind() -> None:
    with connected(NETWORKS["anvil"]) as chain:
        process = chain.provider.process
        assert process.poll() is None
    assert process.poll() is not None
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012, SIM117 (one statement would hide the process)
        with connected(NETWORKS["anvil"]) as chain:
            process = chain.provider.process
            raise KeyboardInterrupt
    assert process.poll() is not None
    with pytest.raises(EnvironmentFailure, match=r"no longer connected"):
        chain.block(1, [])
