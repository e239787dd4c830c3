"""One seed, one history: for any number of workers, in any process, on every chain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.hunt.support import SEED, arena, deploy, drawn, settings
from underwater.actions import Act, Block, Bundle, actions_of
from underwater.chain import Chain
from underwater.chain.ape import connected
from underwater.engine import Instance
from underwater.engine.bundled.actors import ACCOUNTS
from underwater.engine.bundled.kinds import KINDS
from underwater.events import Finished, Met
from underwater.hunt import campaign
from underwater.hunt.campaign import Budget, Campaign

APE = Path(sys.executable).parent / "ape"

# ---- workers and processes


@pytest.fixture
def short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of few short sequences, so that a small budget holds many of them, and what is kept is gone on from."""
    monkeypatch.setattr(campaign, "TASKS_A_ROUND", 4)
    monkeypatch.setattr(campaign, "SEQUENCES_A_TASK", 2)
    monkeypatch.setattr(campaign, "LENGTHS", (20, 40, 60))


def hunted(folder: Path, steps: int, workers: int, fault: str | None = None) -> tuple[dict[str, Any], list[str]]:
    """What a hunt did but for its times, and what it met."""
    ran = Campaign(settings(folder, fault=fault), Budget(steps=steps), workers)
    events = list(ran.run())
    assert isinstance(events[-1], Finished)
    summary = events[-1].summary.as_json()
    for key in ("seconds", "steps_per_second"):
        del summary[key]
    summary["kept"] = [(kept.deployment, kept.blocks) for kept in ran.kept]
    return summary, [event.unshrunk.read_text() for event in events if isinstance(event, Met)]


@pytest.mark.usefixtures("short_rounds")
def test_any_number_of_workers_hunts_the_same(tmp_path: Path) -> None:
    one, nothing = hunted(tmp_path, 1_500, 1)
    assert one["steps"] == 1_500
    assert one["sequences"] > 4 * 2 * 3, "several rounds"
    assert one["kept"]
    assert nothing == []
    assert hunted(tmp_path, 1_500, 2) == (one, [])
    assert hunted(tmp_path, 1_500, 3) == (one, [])


@pytest.mark.usefixtures("short_rounds")
def test_any_number_of_workers_finds_the_same(tmp_path: Path) -> None:
    one, found = hunted(tmp_path / "one", 4_000, 1, "withdraw-skips-margin")
    assert found
    assert hunted(tmp_path / "two", 4_000, 2, "withdraw-skips-margin") == (one, found)


def test_another_process_hunts_the_same(tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    subprocess.run(
        [APE, "underwater", "hunt", "--steps", "2000", "--seed", str(SEED), "--workers", "1"]
        + ["--runs", str(tmp_path / "runs"), "--json", str(summary)],
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        check=True,
        capture_output=True,
    )
    there = json.loads(summary.read_text())
    here, _ = hunted(tmp_path, 2_000, 1)
    assert {key: there[key] for key in there.keys() & here.keys()} == {
        key: here[key] for key in there.keys() & here.keys()
    }
    assert there["steps"] == 2_000


def test_processes_that_hash_differently_leave_the_same_files(tmp_path: Path) -> None:
    """Findings as met and as shrunk, to the byte: no set's order reaches them."""
    left = []
    for hash_seed in ("1", "2"):
        runs = tmp_path / hash_seed
        done = subprocess.run(
            [APE, "underwater", "hunt", "--steps", "1200", "--seed", "8", "--workers", "1", "--network", "none"]
            + ["--fault", "withdraw-skips-margin", "--runs", str(runs)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=False,
            capture_output=True,
        )
        assert done.returncode == 1
        left.append({path.name: path.read_text() for path in runs.glob("*/*.yaml")})
    assert len(left[0]) >= 2
    assert left[0] == left[1]


def test_another_seed_hunts_something_else(tmp_path: Path) -> None:
    digests = set()
    for seed in (1, 2):
        *_, finished = Campaign(settings(tmp_path, seed=seed), Budget(steps=50)).run()
        assert isinstance(finished, Finished)
        digests.add(finished.summary.history_digest)
    assert len(digests) == 2


# ---- chains

NETWORKS = {"py-evm": "ethereum:local:test", "anvil": "ethereum:local:foundry"}
HISTORIES = (
    ("py-evm", 0, 250),
    ("py-evm", 1, 120),
    ("py-evm", 2, 120),
    ("py-evm", 3, 120),
    ("anvil", 0, 600),
    ("anvil", 4, 250),
    ("anvil", 21, 250),
    ("anvil", 6, 250),
)
"""(chain, deployment, steps), less of them on py-evm, which takes twice as long. Deployment 0 is the parameter file's."""
LONGEST = 200
ALL_VIEWS_EVERY = 24
"""Blocks between two readings of every account's view; in between, of those whom the block names: py-evm takes long over views."""


def histories(number: int, steps: int) -> Iterator[tuple[Block, ...]]:
    """So many drawn steps on a deployment, in sequences of a hunt's length."""
    for index, first in enumerate(range(0, steps, LONGEST)):
        length = min(LONGEST, steps - first)
        ran = drawn(arena(number), 100 * number + index, length)
        assert ran.steps == length
        yield ran.blocks


def named(acts: Sequence[Act]) -> list[str]:
    """Accounts that acts name, in the order in which accounts are observed."""
    words = {value for act in acts for action in actions_of(act) for value in (action.caller, *action.arguments)}
    return [name for name in ACCOUNTS if name in words]


def shown(chain: Chain, instance: Instance, blocks: Sequence[Block]) -> Iterator[dict[str, object]]:
    """What a chain shows of each block."""
    time_s = chain.time_s
    for number, block in enumerate(blocks):
        time_s += block.after_s
        receipts = chain.block(block.after_s, [instance.call(act, time_s) for act in block.acts])
        everyone = number % ALL_VIEWS_EVERY == 0 or number == len(blocks) - 1
        yield {
            "time": (chain.time_s, chain.number) if everyone else None,
            # Chains have words of their own for why a call halted.
            "receipts": [receipt._replace(halted=receipt.halted and "halted") for receipt in receipts],
            "events": [instance.outcome_of(receipt).events for receipt in receipts],
            "stored values": dict(zip(instance.slots.labels, chain.storage(instance.slots.pairs), strict=True)),
            "ether": dict(zip(instance.ether_holders, chain.balances(instance.ether_addresses), strict=True)),
            "views": {name: instance.health(chain, name) for name in (ACCOUNTS if everyone else named(block.acts))},
        }


def words_of(blocks: Sequence[Block]) -> set[str]:
    """What happens in a history: kinds, and the ways in which sources fail."""
    actions = [action for block in blocks for act in block.acts for action in actions_of(act)]
    modes = {f"mode {action.arguments[1]}" for action in actions if action.kind == "set_feed_mode"}
    return {action.kind for action in actions} | modes


EVERY_WORD = {*KINDS, "mode 1", "mode 2", "mode 3"}
"""Every kind, and sources that revert, burn all gas and answer too little."""


@cache
def rest() -> tuple[tuple[Block, ...], ...]:
    """Beginnings of drawn sequences with whatever is rare and not in ``HISTORIES``."""
    missing = set(EVERY_WORD)
    for _, number, steps in HISTORIES:
        for blocks in histories(number, steps):
            missing -= words_of(blocks)
    found = []
    for index in range(10_000, 11_000):
        if not missing:
            return tuple(found)
        blocks = drawn(arena(0), index, 60).blocks
        brings = [place for place, block in enumerate(blocks) if words_of([block]) & missing]
        if brings:
            found.append(blocks[: brings[-1] + 1])
            missing -= words_of(blocks)
    raise AssertionError(f"a thousand sequences without {sorted(missing)}")


def compared(network: str, number: int, sequences: Iterable[tuple[Block, ...]]) -> None:
    """Runs them here and on another chain, block by block."""
    here = arena(number)
    with connected(NETWORKS[network]) as chain:
        before = chain.snapshot()
        instance = deploy(chain, number)
        first = chain.snapshot()
        for blocks in sequences:
            here.reset()
            chain.restore(first)
            pairs = zip(shown(here.chain, here.instance, blocks), shown(chain, instance, blocks), strict=True)
            for place, (expected, observed) in enumerate(pairs):
                assert observed == expected, f"block {place}: {blocks[place]}"
        chain.restore(before)


@pytest.mark.parametrize(("network", "number", "steps"), HISTORIES)
def test_another_chain_shows_the_same_block_by_block(network: str, number: int, steps: int) -> None:
    compared(network, number, histories(number, steps))


@pytest.mark.parametrize("network", NETWORKS)
def test_another_chain_shows_the_same_of_whatever_is_rare(network: str) -> None:
    compared(network, 0, rest())


def test_what_chains_are_compared_over_is_varied() -> None:
    sequences = [blocks for _, number, steps in HISTORIES for blocks in histories(number, steps)]
    acts = [act for blocks in sequences for block in blocks for act in block.acts]
    assert len(acts) >= 1_900
    assert sum(len(block.acts) > 1 for blocks in sequences for block in blocks) > 20
    assert sum(isinstance(act, Bundle) for act in acts) > 20
    assert set().union(*map(words_of, (*sequences, *rest()))) == EVERY_WORD | {"mode 0"}
