"""What a run says while it runs. Everything that is shown or written of a run is made from these, and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Started:
    """A hunt begins."""

    engine: str
    fault: str | None
    seed: int
    workers: int
    budget: str
    folder: Path
    origin: str
    """Where the market's true prices come from."""


@dataclass(frozen=True)
class Cloned:
    """What is hunted equals what Ape deployed: so many contracts, so many storage slots that are not zero."""

    network: str
    contracts: int
    slots: int


@dataclass(frozen=True)
class Progress:
    """Some more of it is done. ``share_done`` is 0 to 1 of the budget."""

    steps: int
    sequences: int
    seconds: float
    novel_states: int
    kept: int
    findings: int
    share_done: float


@dataclass(frozen=True)
class CorpusRead:
    """Sequences that earlier hunts kept run first: so many, and so many more that the code has left behind."""

    folder: Path
    sequences: int
    dropped: int


@dataclass(frozen=True)
class CorpusSaved:
    """The corpus is up to date: so many sequences, of which so many are new, and so many are gone."""

    folder: Path
    sequences: int
    new: int
    gone: int


@dataclass(frozen=True)
class Acceptance:
    """What a baseline says of a finding."""

    reason: str
    until: str
    is_over: bool
    """Whether its last day has passed, so that the finding counts."""


@dataclass(frozen=True)
class Met:
    """A violation was met, and its history is on disk."""

    check: str
    why: str
    unshrunk: Path
    steps: int
    found_after_s: float
    cause: tuple[str, ...] = ()
    """What findings are joined by."""
    acceptance: Acceptance | None = None


@dataclass(frozen=True)
class FindingReady:
    """A finding is shrunk, confirmed and saved."""

    check: str
    says: str
    why: str
    case: Path
    steps: int
    by_probe: bool
    """Whether it is what the check tried after the last step that failed."""
    found_after_s: float
    confirmed_on: str | None
    """The Ape network that agrees, or None where chains diverge or were not asked."""
    probe_left_out: bool
    """Whether what the check tried did not fit into a block of that network, so that it agrees on the history alone."""
    divergence: str
    """How the chains differ; empty where they agree."""
    table: str
    """The counterexample as a table, in plain text."""
    acceptance: Acceptance | None = None
    baseline: Path | None = None
    """The file that could accept it, if there is one."""


@dataclass(frozen=True)
class Unmet:
    """Entries of a baseline, in words, that this run has met nothing for."""

    baseline: Path
    entries: tuple[str, ...]


@dataclass
class Summary:
    """What a hunt did, in the form of ``--json``."""

    engine: str
    fault: str | None
    seed: int
    sequences: int = 0
    steps: int = 0
    seconds: float = 0.0
    history_digest: str = ""
    actions: dict[str, dict[str, int]] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    never_seen_errors: list[str] = field(default_factory=list)
    checks: dict[str, dict[str, int]] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False

    @property
    def unaccepted(self) -> int:
        """Findings that no baseline accepts today."""
        return sum(not (entry.get("accepted") and not entry["accepted"]["is_over"]) for entry in self.findings)

    @property
    def steps_per_second(self) -> float:
        """Checked steps a second, over the whole run but shrinking and confirming."""
        return self.steps / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        """A mapping of plain values."""
        return {
            "engine": self.engine,
            "fault": self.fault,
            "seed": self.seed,
            "sequences": self.sequences,
            "steps": self.steps,
            "seconds": round(self.seconds, 3),
            "steps_per_second": round(self.steps_per_second, 1),
            "history_digest": self.history_digest,
            "actions": self.actions,
            "errors": self.errors,
            "never_seen_errors": self.never_seen_errors,
            "checks": self.checks,
            "findings": self.findings,
            "interrupted": self.interrupted,
        }


@dataclass(frozen=True)
class Finished:
    """A hunt is over."""

    summary: Summary


Event = Started | Cloned | CorpusRead | CorpusSaved | Progress | Met | FindingReady | Unmet | Finished
