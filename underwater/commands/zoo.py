"""`ape underwater zoo`: every planted fault is caught, and the sound engine is silent."""

from __future__ import annotations

import fnmatch
import json
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from underwater.case.finding import save_unshrunk
from underwater.commands import cli, plain_errors
from underwater.document import write_whole
from underwater.engine.faults import Fault, fault_ids, read_fault
from underwater.engine.registry import engine_named
from underwater.errors import UserError
from underwater.events import FindingReady, Finished
from underwater.hunt.campaign import Budget
from underwater.hunt.work import Settings
from underwater.nemesis.history import PriceHistory, shipped_history
from underwater.session import hunt

MOST_STEPS_BEYOND_SHORTEST = 2
"""What a shrunk history may have more than the shortest one that its fault states for the check that saw it."""


@cli.command("zoo")
@click.option("--engine", default="bundled", show_default=True, help="The engine to hunt.")
@click.option(
    "--fault",
    "wanted",
    multiple=True,
    help="Only this fault, or all that a pattern like 'drawn-*' fits (may be given several times).",
)
@click.option("--seconds-per-fault", type=float, default=30.0, show_default=True, help="Time to catch each in.")
@click.option("--seed", type=int, default=1, show_default=True, help="What everything is drawn from.")
@click.option("--seeds", type=int, default=1, show_default=True, help="Hunt each fault from so many seeds in a row.")
@click.option(
    "--sound/--no-sound", default=None, help="Hunt the sound engine as well. [default: if all faults are hunted]"
)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the result here.")
@plain_errors
def zoo_command(
    engine: str,
    wanted: tuple[str, ...],
    seconds_per_fault: float,
    seed: int,
    seeds: int,
    sound: bool | None,
    json_path: Path | None,
) -> None:
    """Hunt every planted fault on one core, then the sound engine.

    What a check tries by itself at the end of a history counts as one step of it. A fault that was argued to be equivalent
    should stay silent, as the sound engine should.
    Exit 1 if one is missed or shrinks to more than two steps beyond the shortest history known for the check that saw it, or if what
    should be silent is accused.
    """
    if not 0 < seconds_per_fault < math.inf:
        raise UserError(f"--seconds-per-fault {seconds_per_fault:g}: should be above 0, and finite")
    if not 1 <= seeds <= 1_000:
        raise UserError(f"--seeds {seeds}: should be 1 to 1000")
    engine_named(engine)
    faults = [read_fault(fault_id) for fault_id in _ids(wanted)]
    history = shipped_history()
    hunted = []
    width = max(len(fault.id) for fault in faults)
    for number, fault in enumerate(faults, 1):
        runs = [_hunt_one(engine, fault.id, each, seconds_per_fault, history) for each in range(seed, seed + seeds)]
        hunted.append(runs)
        click.echo(f"  {number:>2}/{len(faults)}  {fault.id:<{width}}  {_words(fault, runs)}")
    caught = [all(run["caught"] for run in runs) for runs in hunted]
    result: dict[str, Any] = {"faults": [_result(runs) for runs in hunted]}
    result["caught"] = sum(right for fault, right in zip(faults, caught, strict=True) if not fault.equivalent)
    result["total"] = sum(not fault.equivalent for fault in faults)
    words = [f"{result['caught']} of {result['total']} caught"]
    accused = sum(run["caught"] for fault, runs in zip(faults, hunted, strict=True) if fault.equivalent for run in runs)
    if result["total"] < len(faults):
        words.append(f"{len(faults) - result['total']} argued to be equivalent: {accused} findings")
    if sound is None:
        sound = not wanted
    if sound:
        run = _hunt_one(engine, None, seed, seconds_per_fault, history)
        result["sound_engine"] = {"steps": run["hunted_steps"], "findings": run["findings"]}
        words.append(f"the sound engine: {run['hunted_steps']:,} steps, {run['findings']} findings")
        accused += run["findings"]
    click.echo(f"{'; '.join(words)}.")
    if json_path is not None:
        write_whole(json_path, json.dumps(result, indent=2) + "\n")
    long = any(_is_long(fault, run) for fault, runs in zip(faults, hunted, strict=True) for run in runs)
    sys.exit(0 if result["caught"] == result["total"] and not long and not accused else 1)


def _ids(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The faults of the zoo that are meant, each once. What fits none is left for ``read_fault`` to refuse."""
    found = [fnmatch.filter(fault_ids(), pattern) or [pattern] for pattern in wanted]
    return tuple(dict.fromkeys(one for ids in found for one in ids)) or fault_ids()


def _result(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What is written of a fault's hunts."""
    keys = ("caught", "check", "steps", "found_after_s")
    result = {key: runs[0][key] for key in ("id", *keys)}
    if len(runs) > 1:
        result["seeds"] = [{key: run[key] for key in ("seed", *keys)} for run in runs]
    return result


def _is_long(fault: Fault, run: dict[str, Any]) -> bool:
    enough = fault.shortest_by(run["check"]) if run["caught"] else None
    return enough is not None and bool(run["steps"] > enough + MOST_STEPS_BEYOND_SHORTEST)


def _words(fault: Fault, runs: list[dict[str, Any]]) -> str:
    """One line of what came of a fault's hunts."""
    missed = [run["seed"] for run in runs if not run["caught"]]
    if fault.equivalent:
        checks = sorted({run["check"] for run in runs if run["caught"]})
        return f"NOT EQUIVALENT: seen by {', '.join(checks)}" if checks else "silent, as argued"
    if missed:
        return "MISSED" if len(runs) == 1 else f"MISSED from seed {', '.join(map(str, missed))}"
    steps = [run["steps"] for run in runs]
    slowest_s = max(run["found_after_s"] for run in runs)
    if len(runs) == 1:
        words = f"{runs[0]['check']:<10} {steps[0]:>2} steps  after {slowest_s:6.2f} s"
    else:
        words = f"{len(runs)} seeds  {min(steps):>2} to {max(steps):>2} steps  after at most {slowest_s:6.2f} s"
    long = [
        f"{fault.shortest_by(run['check'])} are enough for {run['check']} (seed {run['seed']})"
        for run in runs
        if _is_long(fault, run)
    ]
    return f"{words}  TOO LONG: {'; '.join(long)}" if long else words


def _hunt_one(engine: str, fault_id: str | None, seed: int, seconds: float, history: PriceHistory) -> dict[str, Any]:
    caught: dict[str, Any] = {
        "id": fault_id,
        "seed": seed,
        "caught": False,
        "check": None,
        "steps": None,
        "found_after_s": None,
    }
    with tempfile.TemporaryDirectory(prefix="underwater-zoo-") as folder:
        settings = Settings(engine, fault_id, seed, None, Path(folder), history, save_unshrunk)
        for event in hunt(settings, Budget(seconds=seconds, first_finding=True), 1, network=None):
            if isinstance(event, FindingReady) and not caught["caught"]:
                steps = event.steps + (1 if event.by_probe else 0)
                caught.update(caught=True, check=event.check, steps=steps, found_after_s=round(event.found_after_s, 3))
            if isinstance(event, Finished):
                caught["hunted_steps"] = event.summary.steps
                caught["findings"] = len(event.summary.findings)
    return caught
