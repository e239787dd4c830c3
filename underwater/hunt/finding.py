"""What is done with a finding: shrunk, confirmed on the chain it came from, explained, saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from underwater.actions import Block
from underwater.case.file import Case, write_case
from underwater.chain import Chain
from underwater.chain.clone import run_plan
from underwater.checks import Check, catalogue
from underwater.document import write_whole
from underwater.engine.artifacts import Artifacts
from underwater.engine.bundled.actors import ACCOUNTS
from underwater.engine.bundled.deployment import FAR_FUTURE_S, Deployment
from underwater.engine.bundled.instance import Instance
from underwater.engine.registry import engine_files
from underwater.errors import UserError
from underwater.hunt.arena import Arena, plan_whole
from underwater.hunt.replay import Replayed
from underwater.hunt.shrink import shrink


class Seen(NamedTuple):
    """What a chain shows of one block: each act's answer, then stored values and every account's view at its end."""

    receipts: tuple[tuple[bool, bool, bytes, tuple[object, ...]], ...]
    values: tuple[int, ...]
    healths: tuple[object, ...]


def check_named(check_id: str) -> Check:
    """A check of the catalogue. Raises ``UserError`` listing the known ones."""
    for check in catalogue():
        if check.id == check_id:
            return check
    known = ", ".join(sorted(check.id for check in catalogue()))
    raise UserError(f"unknown check '{check_id}'; known are {known}")


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
                tuple(instance.health(chain, name) for name in ACCOUNTS),
            )
        )
    return shown


def divergence(chain: Chain, deployment: Deployment, artifacts: Artifacts, blocks: Sequence[Block]) -> str:
    """How another chain differs from revm over a history, deployment included; empty if it does not."""
    plan, instance = plan_whole(deployment, artifacts)
    run_plan(chain, plan, FAR_FUTURE_S)
    there = watch(chain, instance, blocks)
    arena = Arena(deployment, artifacts)
    here = watch(arena.chain, arena.instance, blocks)
    for number, (one, other) in enumerate(zip(here, there, strict=True), 1):
        for what, left, right in zip(("outcomes", "stored values", "views"), one, other, strict=True):
            if left != right:
                return f"block {number}: {what} differ between {arena.chain.name} and {chain.name}: {left} and {right}"
    return ""


class Finding(NamedTuple):
    """A finding as it is saved."""

    case: Case
    path: Path
    replayed: Replayed
    steps: int
    deployment: Deployment


def shrink_and_save(unshrunk: Path, case: Case, artifacts: Artifacts) -> Finding | None:
    """Shrink a saved history and write the small case beside it. None if it does not fail when run again."""
    default: Deployment = engine_files(case.engine).default_deployment()
    check = check_named(case.check)
    small = shrink(case.deployment, default, artifacts, check, case.blocks)
    if small is None:
        return None
    assert small.replayed.violation is not None
    saved = Case(
        engine=case.engine,
        check=case.check,
        says=case.says,
        fault=case.fault,
        seed=case.seed,
        sequence=case.sequence,
        deployment=small.deployment,
        blocks=small.blocks,
        note=small.replayed.violation.why,
        step=sum(len(block.acts) for block in small.blocks),
    )
    path = unshrunk.with_name(unshrunk.name.replace(".unshrunk.yaml", ".yaml"))
    write_whole(path, write_case(saved))
    assert saved.step is not None
    return Finding(saved, path, small.replayed, saved.step, small.deployment or default)
