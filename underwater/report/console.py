"""A hunt on a terminal, or in a plain log, from its events alone."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from underwater.case.finding import UNSHRUNK
from underwater.events import (
    Acceptance,
    Cloned,
    CorpusRead,
    CorpusSaved,
    Event,
    FindingReady,
    Finished,
    Met,
    Progress,
    Started,
    Unmet,
)

PLAIN_EVERY_S = 5.0


def shown_path(path: Path) -> Path:
    """A path as one would type it here: relative where it lies below the working directory."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def ape_command() -> str:
    """How this ``ape`` is called from here."""
    installed = Path(sys.executable).parent / "ape"
    on_path = shutil.which("ape")
    if not installed.exists() or (on_path is not None and Path(on_path).resolve() == installed.resolve()):
        return "ape"
    return str(shown_path(installed))


def acceptance_text(acceptance: Acceptance) -> str:
    """What a baseline says of a finding: ``it`` is accepted, or had been."""
    if acceptance.is_over:
        return f"had been accepted until {acceptance.until}, which is over: {acceptance.reason}"
    return f"is accepted until {acceptance.until}: {acceptance.reason}"


class Console:
    """Prints events. On a terminal progress is one line that moves; in a log it is a line every few seconds."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self._moves = self.out.isatty()
        self._last = 0.0
        self._line_open = False
        self._folder = Path()
        self._met = 0
        self._shown = 0

    def show(self, event: Event) -> None:
        """Print one event."""
        if isinstance(event, Started):
            self._started(event)
        elif isinstance(event, Cloned):
            self._line(f"Cloned from {event.network}: {event.contracts} contracts, {event.slots} storage slots equal.")
        elif isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, CorpusRead):
            run = f"{event.sequences} sequences run first" if event.sequences else "nothing to go on from yet"
            left = f"; {event.dropped} no longer apply and are dropped" if event.dropped else ""
            self._line(f"The corpus {shown_path(event.folder)}: {run}{left}.")
        elif isinstance(event, CorpusSaved):
            self._line()
            counts = f"{event.sequences} sequences, {event.new} new, {event.gone} gone"
            self._line(f"The corpus {shown_path(event.folder)}: {counts}.")
        elif isinstance(event, Met):
            self._met_one(event)
        elif isinstance(event, FindingReady):
            self._finding(event)
        elif isinstance(event, Unmet):
            self._line()
            self._line(f"Not met in this run, of {shown_path(event.baseline)}: {'; '.join(event.entries)}.")
        else:
            self._finished(event)

    def _line(self, text: str = "") -> None:
        if self._line_open:
            self.out.write("\r\033[K")
            self._line_open = False
        self.out.write(text + "\n")
        self.out.flush()

    def _started(self, event: Started) -> None:
        self._folder = event.folder
        fault = f" with the planted fault '{event.fault}'" if event.fault else ""
        self._line(
            f"Hunting the engine '{event.engine}'{fault} for {event.budget}, seed {event.seed}, workers {event.workers}."
        )
        self._line(
            f"True prices follow {event.origin}.\nEvery step runs on the contracts and on the reference, and is compared."
        )

    def _progress(self, event: Progress) -> None:
        now = time.monotonic()
        if now - self._last < (0.1 if self._moves else PLAIN_EVERY_S) and event.share_done < 1:
            return
        self._last = now
        rate = event.steps / event.seconds if event.seconds else 0.0
        left_s = event.seconds / event.share_done - event.seconds if event.share_done else 0.0
        text = (
            f"  {event.share_done:4.0%}  {event.steps:>9,} steps  {rate:>6,.0f}/s  {event.sequences:,} sequences  "
            f"{event.novel_states:,} kinds of state  {event.findings} found  {left_s:,.0f} s left"
        )
        if self._moves:
            self.out.write("\r\033[K" + text)
            self.out.flush()
            self._line_open = True
        else:
            self._line(text)

    def _met_one(self, event: Met) -> None:
        self._met += 1
        known = event.acceptance
        word = "found" if known is None or known.is_over else "accepted"
        self._line(f"  {word}: {event.check}, {event.why[:160]}")
        if known is not None:
            self._line(f"         {acceptance_text(known)}")
        how_long = f"{event.steps} steps" if event.steps else "while it was deployed"
        self._line(f"         saved unshrunk in {shown_path(event.unshrunk)} ({how_long})")

    def _finding(self, event: FindingReady) -> None:
        self._shown += 1
        self._line()
        self._line("FINDING")
        self._line(event.table)
        if event.divergence:
            self._line(f"A divergence between chains: {event.divergence}")
        elif event.confirmed_on:
            without = ", but for what the check tried itself: no block has room for it" if event.probe_left_out else ""
            self._line(f"Confirmed on {event.confirmed_on}{without}.")
        command = shlex.join((ape_command(), "underwater", "replay", str(shown_path(event.case))))
        self._line(f"Replay it with: {command}")
        if event.acceptance is not None:
            self._line(f"It {acceptance_text(event.acceptance)}")
        elif event.baseline is not None:
            where = (str(shown_path(event.case)), "--baseline", str(shown_path(event.baseline)))
            command = shlex.join((ape_command(), "underwater", "accept", *where))
            self._line(f"Accept it with: {command} --reason WHY --until DATE")

    def _finished(self, event: Finished) -> None:
        summary = event.summary
        done = sum(action["done"] for action in summary.actions.values())
        share = done / summary.steps if summary.steps else 0.0
        asked = len(summary.checks)
        exercised = sum(1 for counts in summary.checks.values() if counts["exercised"])
        self._line()
        how = "Interrupted after" if summary.interrupted else "Done:"
        self._line(
            f"{how} {summary.steps:,} steps in {summary.seconds:.1f} s ({summary.steps_per_second:,.0f} a second), "
            f"{share:.0%} of the actions accepted; {exercised} of {asked} checks exercised; digest {summary.history_digest}."
        )
        self._line(self._findings_in_words(summary.unaccepted, len(summary.findings) - summary.unaccepted))

    def _findings_in_words(self, findings: int, accepted: int) -> str:
        words = f"{findings} finding{'' if findings == 1 else 's'}." if findings else "Nothing found."
        if left := findings - self._shown:
            words += f" {left} not shrunk, in {shown_path(self._folder / UNSHRUNK)}."
        if joined := self._met - findings - accepted:
            words += f" {joined} more shrank to the same steps."
        if accepted:
            words += f" {accepted} accepted."
        return words


def show_all(events: Iterable[Event], console: Console) -> Finished:
    """Print every event, and give the last."""
    finished: Finished | None = None
    for event in events:
        console.show(event)
        if isinstance(event, Finished):
            finished = event
    assert finished is not None
    return finished
