"""A finding explained: what was done, what should have come of it, what came."""

from __future__ import annotations

from underwater.case.file import Case
from underwater.engine.bundled.deployment import Deployment
from underwater.hunt.replay import Replayed


def explain(case: Case, deployment: Deployment, replayed: Replayed) -> str:
    """The table of a replayed case, in plain text."""
    lines = []
    for number, step in enumerate(replayed.steps, 1):
        lines.append(
            f"{number}. {step.act} expected {step.expected.error or 'done'}, observed {step.outcome.error or 'done'}"
        )
    lines.append(case.note)
    return "\n".join(lines)
