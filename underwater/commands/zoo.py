"""`ape underwater zoo`: every planted fault is caught, and the sound engine is silent."""

from __future__ import annotations

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
from underwater.engine.faults import fault_ids, read_fault
from underwater.errors import UserError
from underwater.events import FindingReady, Finished
from underwater.hunt.campaign import Budget
from underwater.hunt.work import Settings
from underwater.nemesis.history import PriceHistory, shipped_history
from underwater.session import hunt

MOST_STEPS_BEYOND_SHORTEST = 2
"""What a shrunk history may have more than the shortest one that its fault states for the check that saw it."""


@cli.command("zoo")
@click.option("--fault", "wanted", multiple=True, help="Only this fault (may be given several times).")
@click.option("--seconds-per-fault", type=float, default=30.0, show_default=True, help="Time to catch each in.")
@click.option("--seed", type=int, default=1, show_default=True, help="What everything is drawn from.")
@click.option("--seeds", type=int, default=1, show_default=True, help="Hunt each fault from so many seeds in a row.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the result here.")
@plain_errors
def zoo_command(
    wanted: tuple[str, ...], seconds_per_fault: float, seed: int, seeds: int, json_path: Path | None
) -> None:
    """Hunt every planted fault on one core, then the sound engine.

    What a check tries by itself at the end of a history counts as one step of it.
    Exit 1 if one is missed or shrinks to more than two steps beyond the shortest history known for the check that saw it, or if the
    sound engine is accused.
    """
    if not 0 < seconds_per_fault < math.inf:
        raise UserError(f"--seconds-per-fault {seconds_per_fault:g}: should be above 0, and finite")
    if not 1 <= seeds <= 1_000:
        raise UserError(f"--seeds {seeds}: should be 1 to 1000")
    ids = wanted or fault_ids()
    for fault_id in ids:
        read_fault(fault_id)
    history = shipped_history()
    hunted = []
    width = max(len(fault_id) for fault_id in ids)
    for number, fault_id in enumerate(ids, 1):
        runs = [_hunt_one(fault_id, each, seconds_per_fault, history) for each in range(seed, seed + seeds)]
        hunted.append(runs)
        click.echo(f"  {number:>2}/{len(ids)}  {fault_id:<{width}}  {_words(runs)}")
    sound = _hunt_one(None, seed, seconds_per_fault, history)
    caught = sum(all(run["caught"] for run in runs) for runs in hunted)
    click.echo(
        f"{caught} of {len(hunted)} caught; the sound engine: {sound['hunted_steps']:,} steps, {sound['findings']} findings."
    )
    if json_path is not None:
        keys = ("id", "caught", "check", "steps", "found_after_s")
        faults = [{key: runs[0][key] for key in keys} for runs in hunted]
        if seeds > 1:
            for fault, runs in zip(faults, hunted, strict=True):
                fault["seeds"] = [{key: run[key] for key in ("seed", *keys[1:])} for run in runs]
        result = {
            "faults": faults,
            "caught": caught,
            "total": len(hunted),
            "sound_engine": {"steps": sound["hunted_steps"], "findings": sound["findings"]},
        }
        write_whole(json_path, json.dumps(result, indent=2) + "\n")
    long = any(_is_long(run) for runs in hunted for run in runs)
    sys.exit(0 if caught == len(hunted) and not long and not sound["findings"] else 1)


def _is_long(run: dict[str, Any]) -> bool:
    return bool(run["caught"]) and run["steps"] > _shortest(run) + MOST_STEPS_BEYOND_SHORTEST


def _shortest(run: dict[str, Any]) -> int:
    return read_fault(run["id"]).shortest_by(run["check"])


def _words(runs: list[dict[str, Any]]) -> str:
    """One line of what came of a fault's hunts."""
    missed = [run["seed"] for run in runs if not run["caught"]]
    if missed:
        return "MISSED" if len(runs) == 1 else f"MISSED from seed {', '.join(map(str, missed))}"
    steps = [run["steps"] for run in runs]
    slowest_s = max(run["found_after_s"] for run in runs)
    if len(runs) == 1:
        words = f"{runs[0]['check']:<10} {steps[0]:>2} steps  after {slowest_s:6.2f} s"
    else:
        words = f"{len(runs)} seeds  {min(steps):>2} to {max(steps):>2} steps  after at most {slowest_s:6.2f} s"
    long = [f"{_shortest(run)} are enough for {run['check']} (seed {run['seed']})" for run in runs if _is_long(run)]
    return f"{words}  TOO LONG: {'; '.join(long)}" if long else words


def _hunt_one(fault_id: str | None, seed: int, seconds: float, history: PriceHistory) -> dict[str, Any]:
    caught: dict[str, Any] = {
        "id": fault_id,
        "seed": seed,
        "caught": False,
        "check": None,
        "steps": None,
        "found_after_s": None,
    }
    with tempfile.TemporaryDirectory(prefix="underwater-zoo-") as folder:
        settings = Settings("bundled", fault_id, seed, None, Path(folder), history, save_unshrunk)
        for event in hunt(settings, Budget(seconds=seconds, first_finding=True), 1, network=None):
            if isinstance(event, FindingReady) and not caught["caught"]:
                steps = event.steps + (1 if event.by_probe else 0)
                caught.update(caught=True, check=event.check, steps=steps, found_after_s=round(event.found_after_s, 3))
            if isinstance(event, Finished):
                caught["hunted_steps"] = event.summary.steps
                caught["findings"] = len(event.summary.findings)
    return caught
