"""Whether another chain agrees: the same history on it, everything that it shows compared with revm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from underwater.actions import Block
from underwater.chain import Chain
from underwater.chain.clone import run_plan
from underwater.engine import Deployment, Engine, Instance
from underwater.engine.artifacts import Artifacts
from underwater.hunt.arena import Arena


class Seen(NamedTuple):
    """What a chain shows of one block: each act's answer, then stored values and every account's view at its end."""

    receipts: tuple[tuple[bool, bool, bytes, tuple[object, ...]], ...]
    values: tuple[int, ...]
    healths: tuple[object, ...]


def watch(chain: Chain, instance: Instance, blocks: Sequence[Block]) -> list[Seen]:
    """Run a history on any chain that holds the deployment, and say what it shows."""
    shown = []
    for block in blocks:
        time_s = chain.time_s + block.after_s
        receipts = chain.block(block.after_s, [instance.call(act, time_s) for act in block.acts])
        shown.append(
            Seen(
                tuple((receipt.ok, receipt.halted is not None, receipt.data, receipt.logs) for receipt in receipts),
                tuple(chain.storage(instance.slots.pairs)),
                tuple(instance.health(chain, name) for name in instance.cast.accounts),
            )
        )
    return shown


def divergence(
    chain: Chain, engine: Engine, deployment: Deployment, artifacts: Artifacts, blocks: Sequence[Block]
) -> str:
    """How another chain differs from revm over a history, deployment included; empty if it does not.

    The other chain is afterwards as it was before.
    """
    plan, instance = engine.deploy(deployment, artifacts)
    before = chain.snapshot()
    try:
        run_plan(chain, plan, engine.begin_s)
        there = watch(chain, instance, blocks)
    finally:
        chain.restore(before)
    arena = Arena(engine, deployment, artifacts)
    here = watch(arena.chain, arena.instance, blocks)
    for number, (one, other) in enumerate(zip(here, there, strict=True), 1):
        for what, left, right in zip(("outcomes", "stored values", "views"), one, other, strict=True):
            if left != right:
                return f"block {number}: {what} differ between {arena.chain.name} and {chain.name}: {left} and {right}"
    return ""
