"""Chains of Ape: senders without a key, unknown and live networks, and nodes that Ape did not start, lost or left behind."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time

import pytest

from tests.chain.support import BOB, DEPLOYER, EMPTY, NETWORKS, STRANGER, Subject, creation, done, opened, word
from underwater.chain import BLOCK_GAS_LIMIT, CHAIN_ID, NOBODY
from underwater.chain.ape import ApeChain, connected
from underwater.errors import EnvironmentFailure, UserError

needs_anvil = pytest.mark.skipif(shutil.which("anvil") is None, reason="anvil is not installed")


def test_a_sender_without_a_key_is_one_clear_line() -> None:
    for name in NETWORKS:
        with opened(name) as subject:
            number = subject.chain.number
            with pytest.raises(EnvironmentFailure) as failure:
                subject.run(subject.call("count"), subject.call("count", sender=STRANGER))
            assert "\n" not in str(failure.value)
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
