"""`ape underwater hunt`."""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from underwater.case.baseline import read_baseline, today
from underwater.case.corpus import Corpus
from underwater.case.finding import save_unshrunk
from underwater.checks import check_named
from underwater.commands import cli, plain_errors
from underwater.document import write_whole
from underwater.engine.artifacts import PROJECT
from underwater.errors import UserError
from underwater.events import Event, Finished
from underwater.hunt.campaign import Budget, Stop
from underwater.hunt.work import Settings
from underwater.nemesis.history import read_closes, shipped_history
from underwater.report.console import Console, show_all
from underwater.session import hunt, new_folder


@cli.command("hunt")
@click.option("--engine", default="bundled", show_default=True, help="The engine to hunt.")
@click.option("--fault", help="Plant this fault of the zoo first.")
@click.option("--seconds", type=float, help="Stop after so many seconds (30 if --steps is not given).")
@click.option("--steps", type=int, help="Stop after so many steps: the same steps on every machine.")
@click.option("--seed", type=int, default=1, show_default=True, help="What everything is drawn from.")
@click.option("--workers", type=int, help="Processes to hunt with. [default: one for each core]")
@click.option("--check", "check_ids", multiple=True, help="Enable this check alone (may be given several times).")
@click.option("--prices", type=click.Path(path_type=Path), help="CSV of dated closes: the market's true path.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the summary here.")
@click.option("--runs", type=click.Path(path_type=Path), default=PROJECT / "runs", help="Folder for findings.")
@click.option(
    "--network",
    default="ethereum:local:test",
    show_default=True,
    help="Ape network that confirms findings; 'none' leaves them unconfirmed.",
)
@click.option(
    "--corpus", type=click.Path(path_type=Path), help="Folder of sequences to go on from, kept for the next hunt."
)
@click.option("--baseline", type=click.Path(path_type=Path), help="Findings in this file are told of and do not count.")
@click.option("--first", is_flag=True, help="Stop at the first finding.")
@plain_errors
def hunt_command(
    engine: str,
    fault: str | None,
    seconds: float | None,
    steps: int | None,
    seed: int,
    workers: int | None,
    check_ids: tuple[str, ...],
    prices: Path | None,
    json_path: Path | None,
    runs: Path,
    network: str,
    corpus: Path | None,
    baseline: Path | None,
    first: bool,
) -> None:
    """Hunt an engine: exit 0 nothing found, 1 a finding, 2 a mistake in the command, 3 the environment failed."""
    if steps is not None and seconds is not None:
        raise UserError("--steps and --seconds exclude each other: give one")
    if steps is not None and steps < 1:
        raise UserError(f"--steps {steps}: should be at least 1")
    if seconds is not None and not 0 < seconds < math.inf:
        raise UserError(f"--seconds {seconds:g}: should be above 0, and finite")
    if workers is not None and not 1 <= workers <= 256:
        raise UserError(f"--workers {workers}: should be 1 to 256")
    for check_id in check_ids:
        check_named(check_id)
    history = read_closes(prices) if prices is not None else shipped_history()
    name = f"{engine}{f'-{fault}' if fault else ''}-seed{seed}"
    settings = Settings(engine, fault, seed, check_ids or None, Path(), history, save_unshrunk)
    _validate_names(settings)
    confirms = None if network == "none" else network
    if confirms is not None:
        from underwater.chain.ape import require_known  # Ape takes a second to import

        require_known(confirms)
    accepted = None if baseline is None else read_baseline(baseline, engine, today())
    sequences = None if corpus is None else Corpus(corpus, engine)
    stop = Stop()
    signal.signal(signal.SIGINT, lambda *_: stop.ask())  # Ape makes it an exit at once
    folder = new_folder(runs, name)
    settings = Settings(engine, fault, seed, check_ids or None, folder, history, save_unshrunk)
    budget = Budget(steps, None if steps is not None else seconds or 30.0, first)
    workers = workers or os.cpu_count() or 1
    events = hunt(settings, budget, workers, network=confirms, stop=stop, corpus=sequences, baseline=accepted)
    finished = show_all(_written(events, json_path), Console())
    sys.exit(1 if finished.summary.unaccepted else 0)


def _written(events: Iterable[Event], json_path: Path | None) -> Iterator[Event]:
    """The events, the summary written as soon as there is one: what fails after it has findings to tell of."""
    for event in events:
        yield event
        if isinstance(event, Finished) and json_path is not None:
            write_whole(json_path, json.dumps(event.summary.as_json(), indent=2) + "\n")


def _validate_names(settings: Settings) -> None:
    """Before a folder is made for a run that cannot begin."""
    from underwater.engine.faults import read_fault
    from underwater.engine.registry import engine_named

    engine_named(settings.engine)
    if settings.fault is not None:
        read_fault(settings.fault)
