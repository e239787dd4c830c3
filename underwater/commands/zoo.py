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


@cli.command("zoo")
@click.option("--fault", "wanted", multiple=True, help="Only this fault (may be given several times).")
@click.option("--seconds-per-fault", type=float, default=30.0, show_default=True, help="Time to catch each in.")
@click.option("--seed", type=int, default=1, show_default=True, help="What everything is drawn from.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the result here.")
@plain_errors
def zoo_command(wanted: tuple[str, ...], seconds_per_fault: float, seed: int, json_path: Path | None) -> None:
    """Hunt every planted fault on one core, then the sound engine. Exit 1 if one is missed, or the sound engine is accused."""
    if not 0 < seconds_per_fault < math.inf:
        raise UserError(f"--seconds-per-fault {seconds_per_fault:g}: should be above 0, and finite")
    ids = wanted or fault_ids()
    for fault_id in ids:
        read_fault(fault_id)
    history = shipped_history()
    faults = []
    width = max(len(fault_id) for fault_id in ids)
    for number, fault_id in enumerate(ids, 1):
        caught = _hunt_one(fault_id, seed, seconds_per_fault, history)
        faults.append(caught)
        word = (
            f"{caught['check']:<10} {caught['steps']:>2} steps  after {caught['found_after_s']:6.2f} s"
            if caught["caught"]
            else "MISSED"
        )
        click.echo(f"  {number:>2}/{len(ids)}  {fault_id:<{width}}  {word}")
    sound = _hunt_one(None, seed, seconds_per_fault, history)
    total_caught = sum(fault["caught"] for fault in faults)
    click.echo(
        f"{total_caught} of {len(faults)} caught; the sound engine: {sound['hunted_steps']:,} steps, {sound['findings']} findings."
    )
    if json_path is not None:
        result = {
            "faults": [
                {key: fault[key] for key in ("id", "caught", "check", "steps", "found_after_s")} for fault in faults
            ],
            "caught": total_caught,
            "total": len(faults),
            "sound_engine": {"steps": sound["hunted_steps"], "findings": sound["findings"]},
        }
        write_whole(json_path, json.dumps(result, indent=2) + "\n")
    sys.exit(0 if total_caught == len(faults) and not sound["findings"] else 1)


def _hunt_one(fault_id: str | None, seed: int, seconds: float, history: PriceHistory) -> dict[str, Any]:
    caught: dict[str, Any] = {"id": fault_id, "caught": False, "check": None, "steps": None, "found_after_s": None}
    with tempfile.TemporaryDirectory(prefix="underwater-zoo-") as folder:
        settings = Settings("bundled", fault_id, seed, None, Path(folder), history, save_unshrunk)
        for event in hunt(settings, Budget(seconds=seconds, first_finding=True), 1, network=None):
            if isinstance(event, FindingReady) and not caught["caught"]:
                caught.update(
                    caught=True, check=event.check, steps=event.steps, found_after_s=round(event.found_after_s, 3)
                )
            if isinstance(event, Finished):
                caught["hunted_steps"] = event.summary.steps
                caught["findings"] = len(event.summary.findings)
    return caught
