"""Measure which check catches which planted fault, and write `docs/zoo.md`.

    .venv/bin/python tools/matrix.py [--steps N] [--seed N] [--fault ID]... [--update]

Each fault is hunted once with every check enabled, and no violation ends a sequence: each check is asked at the states that
a hunt with this check alone would reach, until N steps are done. At a step where a hunt would try one probe, all are tried.
Steps are counted and not seconds, so that every machine writes the same file. A drawn fault of which nothing was measured yet gets
its `caught_by` from here; one that was argued to be equivalent is hunted as the sound engine is, and should be as silent.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from underwater.actions import Refusal
from underwater.checks import Check, Roster, Step, Violation, catalogue
from underwater.checks import Probe as AnyProbe
from underwater.choices import SeededChoices
from underwater.document import write_whole
from underwater.engine.artifacts import PROJECT
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.faults import Fault, artifacts_of, fault_ids, read_fault
from underwater.hunt.arena import Arena, deployment_number
from underwater.hunt.campaign import LENGTHS
from underwater.hunt.probe import Probe, probing
from underwater.hunt.sequence import PROBE_STREAMS, run_sequence
from underwater.nemesis.history import shipped_history
from underwater.nemesis.paths import HistoryPath

TARGET = PROJECT / "docs" / "zoo.md"
SEQUENCES_A_DEPLOYMENT = 4
MOST_REFUSED = 100
"""Deployments after each other that are refused, after which there is nothing more to measure."""


class Recorder(Roster):
    """Every check, none of which stops the run: notes at which step each was violated first."""

    def __init__(self) -> None:
        super().__init__(catalogue())
        self.steps = 0
        self.first: dict[str, int] = {}
        self.why: dict[str, str] = {}
        self._real_probes = self.probes
        self.probes = (Check("every probe", "", probe=lambda _: False),)
        self.probe_weights = (1,)

    def judge(self, step: Step) -> list[Violation]:
        """Note, and let the sequence go on."""
        self.steps += 1
        self._note(super().judge(step))
        return []

    def try_probe(self, check: Check, probe: AnyProbe) -> list[Violation]:
        """Try every probe, each on a snapshot of its own."""
        assert isinstance(probe, Probe)
        stream = probe.choices.integer(0, PROBE_STREAMS - 1)
        assert check is self.probes[0]
        for real in self._real_probes:
            with probing(probe.observer, probe.state, SeededChoices(stream, real.id)) as alone:
                self._note(super().try_probe(real, alone))
        return []

    def _note(self, violations: list[Violation]) -> None:
        for violation in violations:
            if violation.check not in self.first:
                self.first[violation.check] = self.steps
                self.why[violation.check] = violation.why

    def judge_deployment(self, refusal: Refusal | None) -> list[Violation]:
        """Note what the checks of deployments say."""
        self._note(super().judge_deployment(refusal))
        return []


class Row(NamedTuple):
    """A fault, and for each check that catches it alone the number of the step at which it does."""

    fault: Fault
    first: dict[str, int]


def measure(fault_id: str | None, seed: int, steps: int) -> Recorder:
    """Hunt for so many steps with every check, none of which stops it."""
    history, artifacts, recorder = shipped_history(), artifacts_of(fault_id), Recorder()
    index = idle = 0
    while recorder.steps < steps and idle < MOST_REFUSED:
        choices = SeededChoices(seed, "matrix", index)
        number = 0 if choices.chance(30) else index + 1
        arena = Arena(BUNDLED, deployment_number(BUNDLED, seed, number), artifacts)
        recorder.judge_deployment(arena.refusal)
        idle = 0 if arena.refusal is None else idle + 1
        for _ in range(SEQUENCES_A_DEPLOYMENT if arena.refusal is None else 0):
            length = min(choices.pick(LENGTHS), steps - recorder.steps)
            if length <= 0:
                break
            arena.reset()
            path = HistoryPath(history, choices, length)
            run_sequence(arena.chain, arena.instance, recorder, arena.start, choices, path, length)
        index += 1
    return recorder


class Measured(NamedTuple):
    """What came of one fault: the first step and the words of each check that spoke, and how long it took."""

    fault_id: str
    first: dict[str, int]
    why: dict[str, str]
    seconds: float


def measured_before(text: str) -> dict[str, dict[str, int]]:
    """What a page says of each of its faults: the first step of each check that speaks of it."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    faults = [row[1].strip("`") for row in cells if row[0].isdigit()]
    found: dict[str, dict[str, int]] = {fault: {} for fault in faults}
    for row in cells:
        if "-" in row[0] and len(row) == len(faults) + 2:
            for fault, cell in zip(faults, row[1:-1], strict=True):
                if cell:
                    found[fault][row[0]] = int(cell.replace(",", ""))
    return found


def measure_one(fault_id: str, seed: int, steps: int) -> Measured:
    """``measure`` of a fault, or of the sound engine (`none`), as plain data: it may run in another process."""
    began = time.monotonic()
    recorder = measure(None if fault_id == "none" else fault_id, seed, steps)
    return Measured(fault_id, recorder.first, recorder.why, time.monotonic() - began)


def page(rows: list[Row], seed: int, steps: int) -> str:
    """The text of `docs/zoo.md`."""
    checks = catalogue()
    equivalents = [fault for fault, _ in rows if fault.equivalent]
    drawn = sum(fault.drawn is not None for fault, _ in rows)
    rows = [row for row in rows if not row.fault.equivalent]
    lines = [
        "# The zoo: planted faults, and the checks that catch them",
        "",
        "Written by `.venv/bin/python tools/matrix.py` from `faults/`: do not edit. `ape underwater zoo` hunts every fault with all",
        "checks on; the shortest history is the shortest of those that ten seeds then shrink to, in acts, by the check that saw it",
        "first; what a check tries by itself at its end counts as one.",
        "",
        *([_of_drawn(drawn, len(rows) + len(equivalents), len(equivalents)), ""] if drawn else []),
        "| # | fault | idea | after | shortest history |",
        "|---|---|---|---|---|",
    ]
    for number, (fault, _) in enumerate(rows, 1):
        acts = ", ".join(
            f"{check} {steps}" for check, steps in sorted(fault.shortest.items(), key=lambda item: item[1])
        )
        lines.append(f"| {number} | `{fault.id}` | {_cell(fault.idea)} | {_origin(fault)} | {acts} |")
    lines += [
        "",
        "## Which check catches which fault alone",
        "",
        f"The number of the step at which a check first fails, of {steps:,} steps from seed {seed}; empty where it does not.",
        "Every check is asked at states that a hunt with this check alone would reach, since none of them ends a sequence.",
        "",
        "| check | " + " | ".join(str(number) for number in range(1, len(rows) + 1)) + " | faults |",
        "|---|" + "---:|" * (len(rows) + 1),
    ]
    for check in checks:
        cells = [f"{row.first[check.id]:,}" if check.id in row.first else "" for row in rows]
        lines.append(f"| {check.id} | " + " | ".join(cells) + f" | {sum(1 for cell in cells if cell)} |")
    silent = [check.id for check in checks if not any(check.id in row.first for row in rows)]
    lines += ["", f"Checks that no fault here sets off: {', '.join(silent) or 'none'}.", ""]
    if equivalents:
        lines += ["## Drawn, and equivalent", "", "| fault | idea | why nothing shows it |", "|---|---|---|"]
        lines += [f"| `{fault.id}` | {_cell(fault.idea)} | {_cell(fault.equivalent)} |" for fault in equivalents]
        lines.append("")
    return "\n".join(lines)


def _of_drawn(drawn: int, total: int, equivalent: int) -> str:
    return (
        f"Of {total} faults {drawn} were chosen by nobody: `tools/draw_mutants.py` drew them by seed from the mechanical mutants of\n"
        f"the contracts. Equivalent to the sound engine, for reasons at the end of this page: {equivalent}."
    )


def _origin(fault: Fault) -> str:
    if fault.drawn is None:
        return fault.after
    return f"drawn ({fault.drawn.operator}, seed {fault.drawn.seed}, number {fault.drawn.number})"


def _cell(text: str) -> str:
    """Text as a table's cell has it: some ideas quote code that joins by bars."""
    return " ".join(text.split()).replace("|", "\\|")


def write_caught_by(fault: Fault, first: dict[str, int]) -> None:
    """What a fault is caught by, into its file, if nothing stands there yet."""
    if not fault.caught_by and not fault.equivalent:
        text = fault.path.read_text(encoding="utf-8")
        write_whole(fault.path, text.replace("caught_by: []", f"caught_by: [{', '.join(sorted(first))}]"))


def main(arguments: list[str]) -> int:
    """Measure and write. Returns 1 if the sound engine (`none`) is accused, or what was argued to be as sound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=30_000, help="steps for each fault (30000)")
    parser.add_argument("--seed", type=int, default=1, help="what everything is drawn from (1)")
    parser.add_argument(
        "--fault", action="append", help="only this fault, or 'none', and write no page (may be given several times)"
    )
    parser.add_argument("--update", action="store_true", help="write the page all the same, the rest as it says now")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (one for each core)")
    parser.add_argument("--why", action="store_true", help="show what each check said")
    known = parser.parse_args(arguments)
    rows, accused = [], False
    before = measured_before(Path(TARGET).read_text(encoding="utf-8")) if known.update else {}
    unknown = [each for each in fault_ids() if known.fault and each not in (*known.fault, *before)]
    if known.update and unknown:
        parser.error(f"the page does not have {', '.join(unknown)}: name them with --fault too")
    every = known.fault or (*fault_ids(), "none")
    with ProcessPoolExecutor(min(known.workers, len(every)), get_context("spawn")) as pool:
        ask = partial(measure_one, seed=known.seed, steps=known.steps)
        for done, (fault_id, first, why, seconds) in enumerate(pool.map(ask, every), 1):
            found = sorted(first.items(), key=lambda item: item[1])
            told = ", ".join(f"{check} {step:,}" for check, step in found)
            print(f"{done}/{len(every)} {fault_id} ({seconds:.0f} s): {told}", flush=True)
            if known.why:
                for check, _ in found:
                    print(f"    {check}: {why[check][:300]}")
            fault = None if fault_id == "none" else read_fault(fault_id)
            if fault is not None:
                rows.append(Row(fault, first))
            if first and (fault is None or fault.equivalent):
                print(f"accused: {'the sound engine' if fault is None else f'{fault_id}, argued to be equivalent'}")
                accused = True
    if known.update:
        measured = {row.fault.id: row for row in rows}
        rows = [measured.get(each) or Row(read_fault(each), before[each]) for each in fault_ids()]
    if not known.fault or known.update:
        for row in rows:
            write_caught_by(*row)
        write_whole(Path(TARGET), page(rows, known.seed, known.steps))
        print(f"wrote {TARGET}")
    return 1 if accused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
