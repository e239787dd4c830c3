"""A whole hunt as its users run it: campaign, then every finding shrunk, confirmed and saved; one stream of events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from underwater.case.file import read_case
from underwater.case.finding import Finding, shrink_and_save
from underwater.checks import catalogue
from underwater.document import write_whole
from underwater.engine import Engine
from underwater.engine.artifacts import Artifacts
from underwater.engine.faults import read_fault
from underwater.engine.registry import engine_named
from underwater.errors import EnvironmentFailure, UserError
from underwater.events import Event, FindingReady, Finished, Met, Started
from underwater.hunt.campaign import Budget, Campaign, Stop
from underwater.hunt.confirm import divergence
from underwater.hunt.origin import cloned_from_ape
from underwater.hunt.work import Settings
from underwater.report.table import explain_case

MOST_SHRUNK = 5
"""Findings of one run that are shrunk: the rest stay on disk as they were met, and replay like any case."""


def hunt(
    settings: Settings,
    budget: Budget,
    workers: int,
    *,
    network: str | None = "ethereum:local:test",
    mutate: bool = True,
    stop: Stop | None = None,
) -> Iterator[Event]:
    """Hunt, then shrink, confirm and save what was found.

    ``network`` None leaves findings unconfirmed. ``stop`` is whom to ask to end the hunt before its budget is spent.
    """
    engine = engine_named(settings.engine)
    if settings.fault is not None:
        read_fault(settings.fault)
    artifacts = engine.artifacts(settings.fault)
    settings.folder.mkdir(parents=True, exist_ok=True)
    write_whole(settings.folder / "run.json", json.dumps(_run_facts(settings, budget, workers), indent=2) + "\n")
    campaign = Campaign(settings, budget, workers, mutate, stop or Stop())
    pending: list[Met] = []
    finished: Finished | None = None
    for event in campaign.run():
        if isinstance(event, Met):
            pending.append(event)
        if isinstance(event, Finished):
            finished = event
            break
        yield event
        if isinstance(event, Started):
            yield cloned_from_ape(engine)
    assert finished is not None
    summary = finished.summary
    shown: set[str] = set()
    failure: EnvironmentFailure | UserError | None = None
    shrunk = 1 if budget.first_finding else MOST_SHRUNK
    for met in pending[:shrunk]:
        found = shrink_and_save(met.unshrunk, read_case(met.unshrunk), artifacts)
        if found is None:
            raise EnvironmentFailure(f"{met.unshrunk}: does not fail when run again: please report this, with the file")
        text = found.path.read_text(encoding="utf-8")
        steps_text = text[text.index("steps:") :]
        if steps_text in shown:  # another cause by name, the same history
            continue
        shown.add(steps_text)
        confirmed_on, differs = None, ""
        if failure is None:
            try:
                confirmed_on, differs = _confirm(found, engine, artifacts, network)
            except (EnvironmentFailure, UserError) as failed:
                # The findings are on disk; they are shown, and then the failure is.
                failure = failed
        ready = FindingReady(
            check=found.case.check,
            says=found.case.says,
            why=found.case.note,
            case=found.path,
            steps=found.steps,
            tried=len(found.replayed.trial.acts) if found.replayed.trial is not None else 0,
            found_after_s=met.found_after_s,
            confirmed_on=confirmed_on,
            divergence=differs,
            table=explain_case(found.case, found.replayed),
        )
        summary.findings.append(
            {
                "check": ready.check,
                "case": str(ready.case),
                "steps": ready.steps,
                "found_after_s": round(ready.found_after_s, 3),
                "confirmed_on": confirmed_on,
                "divergence": differs,
            }
        )
        yield ready
    for met in pending[shrunk:]:
        summary.findings.append(
            {
                "check": met.check,
                "case": str(met.unshrunk),
                "steps": met.steps,
                "found_after_s": round(met.found_after_s, 3),
                "confirmed_on": None,
                "divergence": "",
            }
        )
    write_whole(settings.folder / "summary.json", json.dumps(summary.as_json(), indent=2) + "\n")
    yield finished
    if failure is not None:
        raise failure


def _confirm(found: Finding, engine: Engine, artifacts: Artifacts, network: str | None) -> tuple[str | None, str]:
    if network is None:
        return None, ""
    from underwater.chain.ape import connected

    with connected(network) as chain:
        differs = divergence(chain, engine, found.deployment, artifacts, found.case.blocks, found.replayed.trial)
    return (None, differs) if differs else (network, "")


def _run_facts(settings: Settings, budget: Budget, workers: int) -> dict[str, object]:
    """What a run needs to be repeated, written before it begins."""
    return {
        "engine": settings.engine,
        "fault": settings.fault,
        "seed": settings.seed,
        "budget": budget.words(),
        "workers": workers,
        "checks": list(settings.check_ids) if settings.check_ids else [check.id for check in catalogue()],
        "prices": settings.history.origin,
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def new_folder(base: Path, settings_name: str) -> Path:
    """A folder for a run that no other run has."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    for number in range(1_000):
        folder = base / f"{stamp}-{settings_name}{f'-{number}' if number else ''}"
        try:
            folder.mkdir(parents=True, exist_ok=False)
        except FileExistsError:
            continue
        except OSError as error:
            raise UserError(f"{base}: no folder for the run can be made there: {error.strerror}") from None
        return folder
    raise EnvironmentFailure(f"{base}: no folder for the run could be made")
