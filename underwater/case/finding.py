"""Findings on disk: as they were met, and as the small case that is left of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from underwater.actions import Block, unaimed
from underwater.case.file import Case, write_case
from underwater.checks import check_named
from underwater.document import write_whole
from underwater.engine import Deployment
from underwater.engine.artifacts import Artifacts
from underwater.engine.registry import engine_named
from underwater.hunt.replay import Replayed
from underwater.hunt.retell import flatten
from underwater.hunt.sequence import DEPLOYMENT, PROBE, Find
from underwater.hunt.shrink import shrink
from underwater.hunt.work import Settings

UNSHRUNK = "unshrunk"
"""The folder of a run that holds its findings as they were met."""


class Finding(NamedTuple):
    """A finding as it is saved."""

    case: Case
    path: Path
    replayed: Replayed
    steps: int
    deployment: Deployment

    def tells_the_same_as(self, other: Finding) -> bool:
        """Whether both are one history on one deployment, whichever check it fails and whatever its numbers were aimed at."""
        return self._told() == other._told()

    def _told(self) -> tuple[object, ...]:
        return self.case.deployment, [(after_s, unaimed(act)) for after_s, act in flatten(self.case.blocks)]


def count_acts(blocks: tuple[Block, ...]) -> int:
    """The length of a history."""
    return sum(len(block.acts) for block in blocks)


def save_unshrunk(settings: Settings, find: Find, sequence: int, deployment: Deployment | None) -> Path:
    """Write a find as it was met: a case like any other, long. ``deployment`` is None for the parameter file."""
    violation = find.violations[0]
    case = Case(
        engine=settings.engine,
        check=violation.check,
        says=check_named(violation.check).sentence,
        fault=settings.fault,
        seed=settings.seed,
        sequence=sequence,
        deployment=deployment,
        blocks=find.blocks,
        note=violation.why,
        step=None if find.kind == DEPLOYMENT else count_acts(find.blocks),
        refused=find.refused,
        by_probe=find.kind == PROBE,
        deploying=find.kind == DEPLOYMENT,
    )
    label = hashlib.sha256(repr((settings.seed, sequence)).encode()).hexdigest()[:6]
    path = settings.folder / UNSHRUNK / f"{violation.check}-{find.kind}-{label}.yaml"
    write_whole(path, write_case(case))
    return path


def shrink_and_save(unshrunk: Path, case: Case, artifacts: Artifacts, *, same_cause: bool = False) -> Finding | None:
    """Shrink a saved history and write the small case into the run's folder. None if it does not fail when run again."""
    engine = engine_named(case.engine)
    small = shrink(engine, case.deployment, artifacts, check_named(case.check), case.blocks, same_cause=same_cause)
    if small is None:
        return None
    assert small.replayed.violation is not None
    steps = count_acts(small.blocks)
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
        step=None if small.replayed.refusal is not None else steps,
        refused=small.replayed.refused,
        by_probe=small.replayed.trial is not None,
        deploying=small.replayed.refusal is not None,
    )
    path = unshrunk.parent.parent / unshrunk.name
    write_whole(path, write_case(saved))
    return Finding(
        saved,
        path,
        small.replayed,
        steps,
        engine.default_deployment() if small.deployment is None else small.deployment,
    )
