"""Findings that somebody has accepted, each with a reason and a last day: one small YAML file, kept with the code.

A finding is known by its cause as a hunt joins findings: the check, the action after which it does not hold, and both outcomes. What
it shrinks to may fail for a neighbouring cause; it is the cause as it was met that counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from underwater.case.file import BUNDLE, FORMAT, read_case, require_format, scalar_text
from underwater.case.finding import UNSHRUNK
from underwater.checks import catalogue, check_named
from underwater.document import Field, parse, read, read_text
from underwater.engine.registry import engine_named
from underwater.errors import UserError
from underwater.events import Acceptance
from underwater.hunt.arena import Arena
from underwater.hunt.replay import replay
from underwater.hunt.sequence import DEPLOYMENT, PROBE, Cause

_TITLE = """\
# Findings of `ape underwater hunt --baseline FILE` that do not make it fail, until a day. To add one: ape underwater accept
"""


def today() -> date:
    """The day it is, the same everywhere."""
    return datetime.now(UTC).date()


class Entry(NamedTuple):
    """An accepted finding."""

    cause: Cause
    reason: str
    until: date
    """The last day on which it is accepted."""
    line: int


@dataclass(frozen=True)
class Baseline:
    """What is accepted, as of a day."""

    path: Path
    entries: tuple[Entry, ...]
    today: date

    def acceptance(self, cause: tuple[str, ...]) -> Acceptance | None:
        """What was said of a cause; None if nothing."""
        for entry in self.entries:
            if entry.cause == cause:
                return Acceptance(entry.reason, entry.until.isoformat(), self.today > entry.until)
        return None

    @property
    def accepted(self) -> frozenset[tuple[str, ...]]:
        """The causes that are accepted today."""
        return frozenset(entry.cause for entry in self.entries if self.today <= entry.until)

    def not_among(self, causes: set[tuple[str, ...]]) -> tuple[str, ...]:
        """Entries for none of these causes, in words."""
        return tuple(
            f"{cause_text(entry.cause)} (line {entry.line})" for entry in self.entries if entry.cause not in causes
        )


def cause_text(cause: Cause) -> str:
    """A cause in words."""
    check, after, expected, observed = cause
    return f"{check} after {after}" + (f", {expected} expected and {observed} observed" if after != PROBE else "")


def read_baseline(path: Path, engine: str, today: date) -> Baseline:
    """A baseline from its file. Raises ``UserError`` naming file, line and field of what is wrong."""
    return _read(read(path), path, engine, today)


def _read(document: Field, path: Path, engine: str, today: date) -> Baseline:
    require_format(document, "baseline")
    fields = document.mapping(("underwater", "engine"), ("accepted",))
    if fields["engine"].text() != engine:
        raise fields["engine"].fail(f"'{fields['engine'].text()}' is not the engine '{engine}'")
    entries: dict[Cause, Entry] = {}
    for item in fields["accepted"].items() if "accepted" in fields else ():
        entry = _read_entry(item, engine)
        if entry.cause in entries:
            raise item.fail(f"the same is accepted in line {entries[entry.cause].line}: keep one of them")
        entries[entry.cause] = entry
    return Baseline(path, tuple(entries.values()), today)


def _read_entry(item: Field, engine: str) -> Entry:
    outcomes = ("expected", "observed")
    fields = item.mapping(("check", "after", "reason", "until"), outcomes)
    check = fields["check"].choice(tuple(sorted(check.id for check in catalogue())))
    after = fields["after"].choice((*engine_named(engine).kinds, BUNDLE, PROBE, DEPLOYMENT))
    for outcome in outcomes:
        if (outcome in fields) == (after == PROBE):
            raise item.fail(f"'{outcome}' is {'not for a probe' if after == PROBE else 'missing'}")
    expected, observed = (fields[outcome].text() if outcome in fields else "" for outcome in outcomes)
    reason = fields["reason"].text()
    if not reason.strip():
        raise fields["reason"].fail("should say why this is accepted")
    return Entry((check, after, expected, observed), reason, fields["until"].day(), item.line)


def add_entries(path: Path, engine: str, causes: list[Cause], reason: str, until: date) -> str:
    """The file's text with entries for these causes at its end; a new file's if there is none. Raises ``UserError``."""
    if not reason.strip():
        raise UserError("--reason: should say why this is accepted")
    text = f"{_TITLE}underwater: {FORMAT}\nengine: {engine}\n"
    if path.exists():
        text = read_text(path)
        for entry in read_baseline(path, engine, until).entries:
            if entry.cause in causes:
                known = f"{cause_text(entry.cause)} is there already"
                raise UserError(f"{path}:{entry.line}: {known}: change its reason or day there")
    if "accepted" not in parse(text, str(path)).any_mapping():
        text = text.rstrip("\n") + "\n\naccepted:\n"
    added = text.rstrip("\n") + "\n" + "".join(_entry_text(cause, reason, until) for cause in causes)
    try:
        _read(parse(added, str(path)), path, engine, until)
    except UserError:
        raise UserError(f"{path}: nothing can be added at its end: make 'accepted' the last key, in lines") from None
    return added


def _entry_text(cause: Cause, reason: str, until: date) -> str:
    check, after, expected, observed = cause
    lines = [f"  # {check_named(check).sentence}", f"  - check: {check}", f"    after: {after}"]
    if after != PROBE:
        lines += [f"    expected: {scalar_text(expected)}", f"    observed: {scalar_text(observed)}"]
    lines += [f"    reason: {scalar_text(reason)}", f"    until: {until.isoformat()}"]
    return "\n".join(lines) + "\n"


def met_cause(path: Path) -> Cause:
    """The cause that a saved case was met for: that of the history it was shrunk from, where this is still beside it and fails.

    Raises ``UserError`` where nothing fails any more.
    """
    for history in (path.parent / UNSHRUNK / path.name, path):
        if not history.is_file():
            continue
        case = read_case(history)
        engine, check = engine_named(case.engine), check_named(case.check)
        deployment = engine.default_deployment() if case.deployment is None else case.deployment
        arena = Arena(engine, deployment, engine.artifacts(case.fault))
        replayed = replay(arena, case.blocks, check, thorough_last_only=True)
        if replayed.violation is not None:
            return replayed.cause
    raise UserError(f"{path}: does not fail any more: there is nothing to accept")
