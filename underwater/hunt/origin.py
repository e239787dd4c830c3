"""Where the hunted chain comes from: the sound deployment, made through Ape, cloned, and compared with what is hunted.

That takes seconds, so it is done once for each code, parameters and toolchain, and kept as a small file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from underwater.actions import Refusal, Transaction
from underwater.chain import Chain
from underwater.chain.clone import clone, differences
from underwater.document import write_whole
from underwater.engine import Engine
from underwater.engine.artifacts import PROJECT, without_metadata
from underwater.errors import EnvironmentFailure
from underwater.events import Cloned
from underwater.hunt.arena import Arena

NETWORK = "ethereum:local:test"
FOLDER = PROJECT / "build" / "clones"
MOST_NAMED = 3
"""Differences that a failure names."""


def cloned_from_ape(engine: Engine) -> Cloned | Refusal:
    """Say that what is hunted is what Ape deploys: known from before, or found out now; or that the contracts refuse it.

    Raises ``EnvironmentFailure`` naming the first differences if it is not.
    """
    deployment, artifacts = engine.default_deployment(), engine.artifacts(None)
    plan, instance = engine.deploy(deployment, artifacts)
    kept = FOLDER / f"{_key(engine, plan)}.json"
    known = _read(kept)
    if known is not None:
        return known
    arena = Arena(engine, deployment, artifacts)
    if arena.refusal is not None:
        return arena.refusal
    cloned = _deploy_clone_compare(engine, arena.chain, instance.contracts)
    write_whole(
        kept, json.dumps({"network": cloned.network, "contracts": cloned.contracts, "slots": cloned.slots}) + "\n"
    )
    return cloned


def _key(engine: Engine, plan: Sequence[Transaction]) -> str:
    """Over everything that the comparison depends on: code and parameters (the plan is made of both), chains, toolchain."""
    total = hashlib.sha256(f"{NETWORK} {engine.name} {engine.begin_s}".encode())
    for transaction in plan:
        total.update(repr(transaction).encode())
    files = sorted((PROJECT / "underwater" / "chain").glob("*.py"))
    files += [PROJECT / name for name in ("requirements.lock", "package-lock.json", "ape-config.yaml")]
    files.append(Path(__file__))
    for path in files:
        total.update(path.read_bytes() if path.is_file() else b"")
    return total.hexdigest()[:32]


def _read(path: Path) -> Cloned | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Cloned(str(content["network"]), int(content["contracts"]), int(content["slots"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _deploy_clone_compare(engine: Engine, hunted: Chain, contracts: Sequence[str]) -> Cloned:
    # Ape takes a second to import, and is not needed where the result is known.
    from underwater.chain.ape import connected
    from underwater.chain.live import LiveNetwork
    from underwater.deployments.deploying import compile_with_ape

    artifacts, _ = compile_with_ape()
    plan, _ = engine.deploy(engine.default_deployment(), artifacts)
    with connected(NETWORK) as source:
        before = source.snapshot()
        try:
            source.block(engine.begin_s - source.time_s, [])
            network = LiveNetwork(source.provider)
            copy = clone([network.send(transaction) for transaction in plan])
            different = differences(source, copy, contracts)
            # What is hunted was compiled by itself: the compiler's metadata differs, and nothing else may.
            different += differences(source, hunted, contracts, without_metadata)
            slots = sum(len(source.contents(address).storage) for address in contracts)
        finally:
            source.restore(before)
    if different:
        more = f" (and {len(different) - MOST_NAMED} more)" if len(different) > MOST_NAMED else ""
        raise EnvironmentFailure(
            f"the deployment made through Ape and its clone differ: {'; '.join(different[:MOST_NAMED])}{more}"
        )
    return Cloned(NETWORK, len(contracts), slots)
