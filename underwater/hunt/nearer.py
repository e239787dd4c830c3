"""From a deployment that is refused to the parameter file, as near as it can come and still be refused. Deterministic."""

from __future__ import annotations

from typing import NamedTuple

from underwater.checks import Check
from underwater.engine import Deployment, Engine
from underwater.engine.artifacts import Artifacts
from underwater.hunt.arena import Arena
from underwater.hunt.replay import Replayed, replay
from underwater.hunt.sequence import Cause

MOST_TRIES = 600
"""Deployments that one shrinking may try: some thirty milliseconds each."""


class Nearest(NamedTuple):
    """A deployment that still fails, its replay, and how many were tried."""

    deployment: Deployment
    replayed: Replayed
    tries: int


def nearest(
    engine: Engine, deployment: Deployment, artifacts: Artifacts, check: Check, cause: Cause | None
) -> Nearest | None:
    """Bring a deployment that fails a check nearer to the parameter file, a listing or a field at a time. None if it does not fail.

    ``cause`` is what it must fail of; None: whatever fails the check will do.
    """
    tries = 0

    def fails(candidate: Deployment) -> Replayed | None:
        nonlocal tries
        tries += 1
        replayed = replay(Arena(engine, candidate, artifacts), (), check)
        if replayed.violation is None or (cause is not None and replayed.cause != cause):
            return None
        return replayed

    failed = fails(deployment)
    if failed is None:
        return None
    best, found = deployment, True
    while found:
        found = False
        for candidate in engine.nearer(best, engine.default_deployment()):
            if tries >= MOST_TRIES:
                break
            replayed = fails(candidate)
            if replayed is not None:
                best, failed, found = candidate, replayed, True
                break
    return Nearest(best, failed, tries)
