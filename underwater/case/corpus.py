"""Sequences that reached new kinds of state, kept in a folder from one hunt to the next.

One file each, written like a case: in names and exact decimals, with its own deployment, so that it can be gone on from under another
seed and after the code has changed. Its last line is a digest of those before. A file whose digest fits, but which cannot be read any
more, speaks of what is no longer there, and is let go; one whose digest does not fit is damaged, and an error.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from underwater.actions import Block
from underwater.case.file import FORMAT, read_deployment, read_steps, require_format, write_deployment, write_steps
from underwater.document import Field, parse, read_text, write_whole
from underwater.engine import Deployment
from underwater.engine.registry import engine_named
from underwater.errors import EnvironmentFailure, UserError
from underwater.events import CorpusRead, CorpusSaved
from underwater.hunt.campaign import Campaign, Kept
from underwater.hunt.work import Settings

_TITLE = "# A sequence that reached new kinds of state, kept by Underwater: ape underwater hunt --corpus FOLDER\n"
_WHOLE = re.compile(r"(.*\n)digest: ([0-9a-f]{32})\n", re.DOTALL)


class _Entry(NamedTuple):
    """A file of a corpus."""

    path: Path
    text: str
    deployment: Deployment | None
    blocks: tuple[Block, ...]

    @property
    def steps(self) -> int:
        """How many acts it has."""
        return Kept(0, self.blocks).steps


class Corpus:
    """A folder of kept sequences: read before a hunt, brought up to date while it runs."""

    def __init__(self, folder: Path, engine: str) -> None:
        """Read what is there. Raises ``UserError`` where a file is damaged, or of another engine or version."""
        self.folder = folder
        self._dropped = 0
        self._ours: set[Path] = set()
        """Files that were read or written here. Those of others, such as of a hunt beside this one, are left alone."""
        entries = list(self._read(engine))
        self._digest = _digest("".join(sorted(entry.text for entry in entries)))
        groups: dict[str, list[_Entry]] = {}
        # The shortest first: what a longer one reaches as well is then kept in fewer steps.
        for entry in sorted(entries, key=lambda entry: (entry.steps, entry.text)):
            groups.setdefault("\n".join(write_deployment(engine, entry.deployment)), []).append(entry)
        deployments: list[Deployment] = []
        seeds: list[Kept] = []
        self._seed_paths: list[Path] = []
        for group in groups.values():
            number = 0
            if group[0].deployment is not None:
                deployments.append(group[0].deployment)
                number = -len(deployments)
            seeds += [Kept(number, entry.blocks) for entry in group]
            self._seed_paths += [entry.path for entry in group]
        self.seeds = tuple(seeds)
        self.deployments = tuple(deployments)
        """Those that seeds ran on, for ``Settings.brought``."""
        self._paths: dict[Kept, Path] = {}
        """Where a campaign's kept sequences are on disk."""

    def _read(self, engine: str) -> Iterator[_Entry]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.folder}: no folder for the corpus can be made there: {error.strerror}") from None
        for path in sorted(self.folder.glob("[!.]*.yaml")):
            text = read_text(path)
            document = _require_usable(path, text, engine)
            self._ours.add(path)
            try:
                entry = _Entry(path, text, *_read_sequence(document, engine))
            except UserError:
                self._dropped += 1
                continue
            yield entry

    def save(self, campaign: Campaign) -> None:
        """Bring the folder up to date: write what is kept; remove what was forgotten, and seeds that reached nothing new.

        Seeds that have not run yet, or ended in a finding, stay. Raises ``EnvironmentFailure``.
        """
        paths: dict[Kept, Path] = {}
        for kept in campaign.kept:
            path = self._paths.get(kept)
            if path is None:
                text = write_sequence(campaign.settings, kept)
                path = self.folder / f"{_digest(text)[:16]}.yaml"
                if not path.exists():
                    write_whole(path, text)
            paths[kept] = path
        not_done = {path for number, path in enumerate(self._seed_paths) if number not in campaign.spent}
        stay = {*paths.values(), *not_done}
        for path in self._ours - stay:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise EnvironmentFailure(f"{path}: cannot be removed: {error.strerror}") from None
        self._ours, self._paths = stay, paths

    def was_read(self) -> CorpusRead:
        """What to tell of it before a hunt."""
        return CorpusRead(self.folder, len(self.seeds), self._dropped)

    def saved(self) -> CorpusSaved:
        """What to tell of it when it has been saved."""
        before = set(self._seed_paths)
        return CorpusSaved(self.folder, len(self._ours), len(self._ours - before), len(before - self._ours))

    def facts(self) -> dict[str, object]:
        """What it takes, with the seed, to repeat a hunt: the digest is of everything that was read."""
        return {"folder": str(self.folder), "sequences": len(self.seeds), "digest": self._digest}


def write_sequence(settings: Settings, kept: Kept) -> str:
    """A file of a corpus."""
    engine = engine_named(settings.engine)
    deployment = settings.deployment(kept.deployment)
    lines = [f"underwater: {FORMAT}", f"engine: {settings.engine}", ""]
    lines += [*write_steps(kept.blocks, engine.vocabulary(deployment)), ""]
    lines += [*write_deployment(settings.engine, deployment if kept.deployment else None), ""]
    text = _TITLE + "\n".join(lines)
    return f"{text}digest: {_digest(text)}\n"


def _require_usable(path: Path, text: str, engine: str) -> Field:
    whole = _WHOLE.fullmatch(text)
    if whole is None or _digest(whole[1]) != whole[2]:
        raise UserError(f"{path}: is damaged, or was edited: remove it, and hunt without this sequence")
    document = parse(text, str(path), own=True)
    require_format(document, "kept sequence")
    named = document.any_mapping().get("engine")
    if named is None or named.text() != engine:
        raise (named or document).fail(f"is not of the engine '{engine}': give each engine a corpus of its own")
    return document


def _read_sequence(document: Field, engine: str) -> tuple[Deployment | None, tuple[Block, ...]]:
    fields = document.mapping(("underwater", "engine", "steps", "deployment", "digest"))
    deployment = read_deployment(fields["deployment"], engine)
    files = engine_named(engine)
    words = files.vocabulary(files.default_deployment() if deployment is None else deployment)
    blocks = read_steps(fields["steps"], words)
    if not all(block.acts for block in blocks):
        raise fields["steps"].fail("a block has no step")
    return deployment, blocks


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
