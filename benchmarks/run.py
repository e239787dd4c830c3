"""One run: the hunt, bare revm, forge and Ape in alternating rounds; see README.md in this folder.

python benchmarks/run.py              as `make bench` does; exit 1 if a target is missed
python benchmarks/run.py --help       for fewer or smaller rounds
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# ruff: noqa: E402 (what follows is found once the project's folder is on the path)
from benchmarks import apeing, forging
from benchmarks.hunting import Hunt, Recording
from benchmarks.timing import Timed
from underwater.document import write_whole
from underwater.errors import EnvironmentFailure, UserError

RESULT = ROOT / "build" / "bench.json"


class Side(NamedTuple):
    """One of the things measured: its name in the result, what it counts, and what it looks at while it does."""

    name: str
    title: str
    observes: str


HUNT = Side(
    "hunt_steps_per_second",
    "hunt, every check",
    "One step: an action drawn and aimed with the reference, one transaction, every raw slot of all eight accounts and of all counters "
    "and pools read back and compared with the reference, events or revert data compared byte by byte, an account's health view read and "
    "compared whenever anything that it rests on has changed since it was last read (and that of all eight every 32nd step), every "
    "enabled check, probes, digest.",
)
REVM = Side(
    "revm_steps_per_second",
    "bare revm, all that is asked",
    "One step: the same transaction, the same views (probes' calls included) and the same reads of raw slots through pyrevm's "
    "message_call and storage. Nothing is looked at.",
)
REVM_CALLS = Side(
    "revm_steps_per_second_message_calls",
    "bare revm, no reads of slots",
    "As revm_steps_per_second without the reads of raw slots: the transaction and the views. Nothing is looked at.",
)
REVM_TRANSACTIONS = Side(
    "revm_transactions_per_second",
    "bare revm, transactions alone",
    "One step: the same transaction alone, without probes, views and reads of slots. Nothing is looked at.",
)
FORGE = Side(
    "forge_calls_per_second",
    "forge, health of all eight",
    "One call: a handler's action; then, also where the engine refused it, the whole stored state of all eight accounts and of all "
    "counters and pools, and equity, initial and maintenance margin of all eight accounts, read in one view and judged. No reference.",
)
FORGE_AFFECTED = Side(
    "forge_calls_per_second_health_of_affected",
    "forge, health of the affected",
    "As forge_calls_per_second, but health is read only where the handler says that the call can have changed it: of those who took part "
    "in a call that was not refused, and of holders of an asset whose feed was touched or whose price may have gone stale.",
)
FORGE_PARTICIPANTS = Side(
    "forge_calls_per_second_health_of_participants",
    "forge, health of participants",
    "As forge_calls_per_second, but health is read only of those who took part: what a price does to the others is not seen. Less than "
    "the guarantee.",
)
FORGE_UNJUDGED = Side(
    "forge_calls_per_second_refusals_unjudged",
    "forge, refused calls unjudged",
    "As forge_calls_per_second_health_of_participants, but a call that the engine refuses reverts, after which forge judges nothing. "
    "Least of all.",
)
APE = Side(
    "ape_tx_per_second",
    "Ape, contract calls",
    "One transaction: contract.method(..., sender=account) on ethereum:local:test, never refused. Nothing is looked at.",
)
SIDES = (
    HUNT,
    REVM,
    REVM_CALLS,
    REVM_TRANSACTIONS,
    FORGE,
    FORGE_AFFECTED,
    FORGE_PARTICIPANTS,
    FORGE_UNJUDGED,
    APE,
)


class Target(NamedTuple):
    """What the hunt's rate is divided by, and the least that must come of it."""

    name: str
    side: Side
    least: float
    unit: str


# Which sides count is a choice, and README.md argues it; the ratio to each of the others is printed beside them.
TARGETS = (
    Target("hunt_to_forge", FORGE, 3.0, "times"),
    Target("hunt_to_revm", REVM, 0.5, "of the raw rate"),
    Target("hunt_to_ape", APE, 150.0, "times"),
)


@dataclass(frozen=True)
class Sizes:
    """How much a round is."""

    rounds: int
    steps: int
    runs: int
    depth: int
    transactions: int


@dataclass
class Bench:
    """The rounds so far, and what was counted once."""

    sizes: Sizes
    rounds: dict[Side, list[Timed]] = field(default_factory=lambda: {side: [] for side in SIDES})
    counted: dict[str, Any] = field(default_factory=dict)

    def run(self) -> None:
        """Prepare every side, then go round them."""
        sizes = self.sizes
        _say("recording what the hunt sends")
        recording = Recording(sizes.steps)
        recording.verify()
        hunt = Hunt(sizes.steps)
        mix = dict(recording.counts.kinds.most_common())
        self.counted["hunt"] = {
            "recorded": recording.described(),
            "mix": mix,
            "share_not_refused": round(recording.counts.share_done(), 3),
            "checks_evaluated_per_step": round(recording.counts.checks_evaluated / recording.counts.steps, 1),
        }
        _say("compiling the forge side")
        forging.write_setting(mix)
        forging.build()
        share, calls = forging.accepted(min(20, sizes.runs), sizes.depth)
        self.counted["forge"] = {"mix": calls, "share_not_refused": round(share, 3)}
        _say("deploying through Ape")
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn, initializer=apeing.prepare) as ape:
            ape.submit(apeing.measure, 2).result()
            for number in range(1, sizes.rounds + 1):
                _say(f"round {number} of {sizes.rounds}")
                self._time_in_turns(
                    len(hunt.tasks),
                    {
                        HUNT: hunt.round,
                        REVM: recording.round,
                        REVM_CALLS: recording.round_of_calls,
                        REVM_TRANSACTIONS: recording.round_of_transactions,
                    },
                )
                for side, test in (
                    (FORGE, forging.ALL),
                    (FORGE_AFFECTED, forging.AFFECTED),
                    (FORGE_PARTICIPANTS, forging.PARTICIPANTS),
                    (FORGE_UNJUDGED, forging.UNJUDGED),
                ):
                    self._time(side, lambda test=test: forging.round_of(test, sizes.runs, sizes.depth))  # type: ignore[misc]
                timed, kinds = ape.submit(apeing.measure, sizes.transactions).result()
                self.rounds[APE].append(timed)
            self.counted["ape"] = {"mix": kinds}

    def _time(self, side: Side, measure: Callable[[], Timed]) -> None:
        self.rounds[side].append(measure())

    def _time_in_turns(self, tasks: int, sides: dict[Side, Callable[[int], Timed]]) -> None:
        """Task by task, each side after the other: what a machine does meanwhile seldom lasts shorter than that."""
        timed: dict[Side, list[Timed]] = {side: [] for side in sides}
        for number in range(tasks):
            for side, measure in sides.items():
                timed[side].append(measure(number))
        for side, parts in timed.items():
            self.rounds[side].append(Timed(*map(sum, zip(*parts, strict=True))))

    def rate(self, side: Side) -> float:
        """The median of the rounds, a second of processor time."""
        return statistics.median(timed.rate for timed in self.rounds[side])

    def ratio(self, side: Side) -> float:
        """The hunt's median over the other side's, to a thousandth: the number that is shown is the one that decides."""
        return round(self.rate(HUNT) / self.rate(side), 3)

    def reached(self, target: Target) -> bool:
        """Whether the ratio is at least the target."""
        return self.ratio(target.side) >= target.least

    def as_json(self) -> dict[str, Any]:
        """What ``build/bench.json`` holds."""
        return {
            **{side.name: round(self.rate(side), 1) for side in SIDES},
            "ratios": {
                target.name: {
                    "measured": self.ratio(target.side),
                    "target": target.least,
                    "reached": self.reached(target),
                }
                for target in TARGETS
            },
            "hunt_to_each": {side.name: round(self.ratio(side), 3) for side in SIDES[1:]},
            "observed": {side.name: side.observes for side in SIDES},
            "counted": self.counted,
            "rounds": {side.name: [_round_as_json(timed) for timed in self.rounds[side]] for side in SIDES},
            "unit": "per second of processor time, median of the rounds",
            "sizes": vars(self.sizes),
            "versions": {
                "python": platform.python_version(),
                "forge": forging.version(),
                **{name: version(name) for name in ("pyrevm", "eth-ape", "py-evm", "web3")},
            },
            "machine": {
                "system": platform.platform(),
                "processor": _processor(),
                "cores": os.cpu_count(),
                "load_average": [round(load, 2) for load in os.getloadavg()],
            },
        }

    def table(self) -> str:
        """For people."""
        counting = {target.side: target for target in TARGETS}
        lines = [
            f"{'':31}{'median':>9}{'least':>9}{'most':>9}{'by clock':>10}{'hunt / it':>11}   a second of processor time"
        ]
        for side in SIDES:
            rates = sorted(timed.rate for timed in self.rounds[side])
            clock = statistics.median(timed.clock_rate for timed in self.rounds[side])
            line = f"{side.title:31}{self.rate(side):>9,.0f}{rates[0]:>9,.0f}{rates[-1]:>9,.0f}{clock:>10,.0f}"
            if side is not HUNT:
                line += f"{self.ratio(side):>11.2f}"
            if side in counting:
                target = counting[side]
                word = "reached" if self.reached(target) else "MISSED"
                line += f"   counts: at least {target.least:g} {target.unit}: {word}"
            lines.append(line)
        return "\n".join(lines)


def _round_as_json(timed: Timed) -> dict[str, float]:
    return {
        "count": timed.done,
        "seconds": round(timed.seconds, 4),
        "cpu_seconds": round(timed.cpu_seconds, 4),
        "rate": round(timed.rate, 1),
        "clock_rate": round(timed.clock_rate, 1),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def main() -> int:
    """Measure, write the result, print it. 1 if a target is missed; 2 and 3 as every command of this project."""
    parser = argparse.ArgumentParser(description="The hunt beside bare revm, forge and Ape.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every side (5)")
    parser.add_argument("--steps", type=int, default=12_000, help="steps of the hunt a round (12000)")
    parser.add_argument("--runs", type=int, default=20, help="forge's runs a round (20)")
    parser.add_argument("--depth", type=int, default=216, help="forge's calls a run (216, the hunt's mean sequence)")
    parser.add_argument("--transactions", type=int, default=40, help="Ape's transactions a round (40)")
    parser.add_argument("--json", type=Path, default=RESULT, help="where the result is written (build/bench.json)")
    given = parser.parse_args()
    bench = Bench(Sizes(given.rounds, given.steps, given.runs, given.depth, given.transactions))
    if min(vars(bench.sizes).values()) < 1:
        parser.error("every size should be at least 1")
    try:
        bench.run()
    except (UserError, EnvironmentFailure) as failure:
        print(f"ERROR: {failure}", file=sys.stderr)
        return failure.exit_code
    write_whole(given.json, json.dumps(bench.as_json(), indent=2) + "\n")
    print(f"\n{bench.table()}\n\nWritten to {given.json}.")
    return 0 if all(bench.reached(target) for target in TARGETS) else 1


if __name__ == "__main__":
    sys.exit(main())
