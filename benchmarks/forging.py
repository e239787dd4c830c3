"""Forge's invariant runner on the same deployment, with the same mix of actions."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from eth_abi import encode

from benchmarks.timing import Timed
from underwater.engine.abi import selector
from underwater.engine.artifacts import PROJECT
from underwater.engine.bundled.actors import ACCOUNTS, ADDRESSES, ATTACKER, OPERATORS
from underwater.engine.bundled.engine import BUNDLED, deploy
from underwater.engine.bundled.plan import ZERO_ADDRESS
from underwater.errors import EnvironmentFailure

FOLDER = PROJECT / "benchmarks" / "forge"
FORGE = PROJECT / "build" / "bin" / "forge"
SETTING = PROJECT / "build" / "bench" / "setting.bin"

ALL, AFFECTED, PARTICIPANTS, UNJUDGED = "HealthOfAll", "HealthOfAffected", "HealthOfParticipants", "RefusalsUnjudged"
"""The test contracts of ``benchmarks/forge/test``."""

SELECTORS = 400
"""Forge draws one of a list of selectors, each equally likely: a kind stands there as often as its weight says."""

_TRANSACTION = "(address,address,bytes,address,uint64,uint256)"
_CAST = (
    "(address,address[8],address[2],address[5],address,address,address,address,address[],address[],uint256[],address)"
)
_SETTING = f"(uint256,{_TRANSACTION}[],uint256,bytes,uint256,bytes,{_CAST},bytes4[])"


class ForgeFailed(EnvironmentFailure):
    """Forge did not run to its end, or an invariant did not hold; its text says which."""


def write_setting(mix: Mapping[str, int]) -> None:
    """What the Solidity side begins with: the transactions of the deployment, its actors, and the mix of kinds."""
    deployment, artifacts = BUNDLED.default_deployment(), BUNDLED.artifacts(None)
    plan, instance = deploy(deployment, artifacts)
    addresses = instance.addresses
    nonces: dict[str, int] = {}
    transactions = []
    for transaction in plan:
        nonce = nonces.get(transaction.sender, 0)
        nonces[transaction.sender] = nonce + 1
        to, creates = transaction.to or ZERO_ADDRESS, transaction.creates or ZERO_ADDRESS
        transactions.append((transaction.sender, to, transaction.data, creates, nonce, transaction.value))
    replaced: list[int | bytes] = []
    for name, address in (("MarginEngine", addresses.implementation), ("Orders", addresses.orders)):
        (at,) = (number for number, transaction in enumerate(plan) if transaction.creates == address)
        replaced += [at, plan[at].data[len(artifacts[name].creation_code) :]]
    cast = (
        addresses.engine,
        [instance.address_of[name] for name in ACCOUNTS],
        # Who sends transactions: the third, the contract of the orders, never does by itself.
        [ADDRESSES[name] for name in OPERATORS if name in ADDRESSES],
        [ADDRESSES[name] for name in ("admin", "risk-manager", "oracle-manager", "treasurer", "guardian")],
        ADDRESSES[f"{ATTACKER}-owner"],
        ADDRESSES["publisher"],
        ADDRESSES["outsider"],
        addresses.orders,
        addresses.tokens,
        list(addresses.sources.values()),
        list(deployment.wallets_units),
        addresses.gateway,
    )
    setting = (
        BUNDLED.begin_s,
        transactions,
        *replaced,
        cast,
        weighted_selectors(mix),
    )
    SETTING.parent.mkdir(parents=True, exist_ok=True)
    SETTING.write_bytes(encode([_SETTING], [setting]))


def weighted_selectors(mix: Mapping[str, int]) -> list[bytes]:
    """The handler's selectors, each as often as its kind was measured, but at least once."""
    total = sum(mix.values())
    chosen: list[bytes] = []
    for kind, count in mix.items():
        chosen += [selector(f"{handler_function(kind)}(uint256)")] * max(1, round(SELECTORS * count / total))
    return chosen


def handler_function(kind: str) -> str:
    """The handler's name for a kind of the harness."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), kind)


@dataclass
class Ran:
    """One run of forge. ``seconds`` is the invariant's own time as forge reports it, without compiling and ``setUp``; ``cpu_seconds`` is
    all that the process used."""

    calls: int
    reverts: int
    seconds: float
    cpu_seconds: float
    metrics: dict[str, dict[str, int]]


def build() -> None:
    """Compile, so that no round has to."""
    _forge(["build"], {})


def run(test: str, runs: int, depth: int, *, seed: int = 1, metrics: bool = False) -> Ran:
    """``runs`` sequences of ``depth`` handler calls, on one thread, with an invariant after each."""
    environment = {
        "FOUNDRY_INVARIANT_RUNS": str(runs),
        "FOUNDRY_INVARIANT_DEPTH": str(depth),
        "FOUNDRY_INVARIANT_SHOW_METRICS": str(metrics).lower(),
        "RAYON_NUM_THREADS": "1",
    }
    arguments = ["test", "--match-contract", f"^{test}$", "--threads", "1", "--fuzz-seed", str(seed), "--json"]
    before = _children_cpu_s()
    answer = json.loads(_forge(arguments, environment))
    cpu_s = _children_cpu_s() - before
    (suite,) = answer.values()
    (result,) = suite["test_results"].values()
    if result["status"] != "Success":
        raise ForgeFailed(f"forge's {test}: {result['reason']}")
    found = result["kind"]["Invariant"]
    return Ran(found["calls"], found["reverts"], seconds_of(result["duration"]), cpu_s, found["metrics"])


def round_of(test: str, runs: int, depth: int) -> Timed:
    """A timed run. Start-up and ``setUp`` are taken off the processor's time: they are what a run of one call costs."""
    least, ran = run(test, 1, 1), run(test, runs, depth)
    if ran.calls != runs * depth:
        raise ForgeFailed(f"forge made {ran.calls} calls, {runs * depth} were asked for")
    # A run too short to tell from its start-up counts as a tenth of what it used, and never as nothing.
    cpu_s = max(ran.cpu_seconds - least.cpu_seconds, ran.cpu_seconds / 10)
    return Timed(ran.calls, ran.seconds, cpu_s)


def accepted(runs: int, depth: int) -> tuple[float, dict[str, int]]:
    """Untimed: the part of the calls that the engine did not refuse, and the calls of each handler function."""
    ran = run(UNJUDGED, runs, depth, metrics=True)
    calls = {name.rpartition(".")[2]: metric["calls"] for name, metric in ran.metrics.items()}
    return 1 - ran.reverts / ran.calls, dict(sorted(calls.items(), key=lambda item: -item[1]))


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def seconds_of(duration: str) -> float:
    """Forge's text of a duration, such as ``1s 234ms 5us``."""
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)\s*([a-zµ]+)", duration))


def version() -> str:
    """Of the executable."""
    return _forge(["--version"], {}).splitlines()[0]


def _forge(arguments: list[str], environment: Mapping[str, str]) -> str:
    finished = subprocess.run(
        [str(FORGE), *arguments],
        cwd=FOLDER,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if not finished.stdout.startswith("{") and finished.returncode:
        raise ForgeFailed(f"forge {arguments[0]}: {(finished.stdout + finished.stderr).strip()[-2000:]}")
    return finished.stdout
