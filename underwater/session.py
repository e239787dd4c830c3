"""A whole hunt as its users run it: campaign, then every finding shrunk, confirmed and saved; one stream of events."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from underwater.actions import Refusal
from underwater.case.baseline import Baseline
from underwater.case.corpus import Corpus
from underwater.case.file import read_case
from underwater.case.finding import Finding, shrink_and_save
from underwater.checks import catalogue
from underwater.document import write_whole
from underwater.engine import Engine
from underwater.engine.artifacts import Artifacts
from underwater.engine.faults import read_fault
from underwater.engine.registry import engine_named
from underwater.errors import EnvironmentFailure, UserError
from underwater.events import CorpusSaved, Event, FindingReady, Finished, Met, Started, Summary, Unmet
from underwater.hunt.campaign import Budget, Campaign, Kept, Stop
from underwater.hunt.confirm import compare
from underwater.hunt.origin import cloned_from_ape
from underwater.hunt.sequence import DEPLOYMENT
from underwater.hunt.work import Settings
from underwater.report.table import explain_case

MOST_SHRUNK = 5
"""Findings of one run that are shrunk: the rest stay on disk as they were met, and replay like any case."""

SAVE_CORPUS_EVERY_S = 30.0
"""What a kill may cost a corpus."""


def hunt(
    settings: Settings,
    budget: Budget,
    workers: int,
    *,
    network: str | None = "ethereum:local:test",
    mutate: bool = True,
    stop: Stop | None = None,
    corpus: Corpus | None = None,
    baseline: Baseline | None = None,
) -> Iterator[Event]:
    """Hunt, then shrink, confirm and save what was found.

    ``network`` None leaves findings unconfirmed. ``stop`` is whom to ask to end the hunt before its budget is spent. Sequences of
    ``corpus`` run first, and what is kept goes back there. What ``baseline`` accepts is told of and saved, not shrunk.
    """
    engine = engine_named(settings.engine)
    if settings.fault is not None:
        read_fault(settings.fault)
    artifacts = engine.artifacts(settings.fault)
    settings.folder.mkdir(parents=True, exist_ok=True)
    facts = _run_facts(settings, budget, workers, corpus, baseline)
    write_whole(settings.folder / "run.json", json.dumps(facts, indent=2) + "\n")
    seeds: tuple[Kept, ...] = ()
    if corpus is not None:
        settings, seeds = replace(settings, brought=corpus.deployments), corpus.seeds
    accepted = frozenset() if baseline is None else baseline.accepted
    campaign = Campaign(settings, budget, workers, mutate, stop or Stop(), seeds=seeds, accepted=accepted)
    all_met: list[Met] = []
    finished: Finished | None = None
    refusal: Refusal | None = None
    keeping = _Keeping(corpus, campaign)
    for event in campaign.run():
        if isinstance(event, Finished):
            finished = event
            break
        if isinstance(event, Met):
            event = _judged(event, baseline)
            all_met.append(event)
        yield event
        if isinstance(event, Started):
            cloned = cloned_from_ape(engine)
            if isinstance(cloned, Refusal):
                refusal = cloned  # the campaign meets it too, and what it finds has more to say
            else:
                yield cloned
            if corpus is not None:
                yield corpus.was_read()
        keeping.save_now_and_then()
    assert finished is not None
    if (saved := keeping.save()) is not None:
        yield saved
    pending = [event for event in all_met if event.acceptance is None or event.acceptance.is_over]
    summary = finished.summary
    shrunk = 1 if budget.first_finding else MOST_SHRUNK
    entries = {met.unshrunk: _entry(met) for met in all_met}
    _save(settings, summary, entries)  # whoever stops the shrinking keeps what was found
    shown: list[Finding] = []
    failure: EnvironmentFailure | UserError | None = None
    if refusal is not None and not any(met.cause[1] == DEPLOYMENT for met in all_met):
        failure = EnvironmentFailure(f"the engine '{engine.name}' cannot be deployed: {refusal.words}")
    for met in pending[:shrunk]:
        case = read_case(met.unshrunk)
        found = shrink_and_save(met.unshrunk, case, artifacts)
        if found is not None and any(found.tells_the_same_as(other) for other in shown):
            # Met for another reason, it may have slipped into the other's while it shrank.
            found = shrink_and_save(met.unshrunk, case, artifacts, same_cause=True) or found
        if found is None:
            failure = failure or EnvironmentFailure(
                f"{met.unshrunk}: does not fail when run again: please report this, with the file"
            )
            continue
        if any(found.tells_the_same_as(other) for other in shown):
            found.path.unlink()
            del entries[met.unshrunk]
            continue
        shown.append(found)
        confirmation = NOT_CONFIRMED
        if failure is None:
            try:
                confirmation = _confirm(found, engine, artifacts, network)
            except (EnvironmentFailure, UserError) as failed:
                # The findings are on disk; they are shown, and then the failure is.
                failure = failed
        ready = FindingReady(
            check=found.case.check,
            says=found.case.says,
            why=found.case.note,
            case=found.path,
            steps=found.steps,
            by_probe=found.replayed.trial is not None,
            found_after_s=met.found_after_s,
            confirmed_on=confirmation.network,
            probe_left_out=confirmation.probe_left_out,
            divergence=confirmation.differs,
            table=explain_case(found.case, found.replayed),
            acceptance=met.acceptance,
            baseline=None if baseline is None else baseline.path,
        )
        entries[met.unshrunk] = {
            **entries[met.unshrunk],
            "case": str(ready.case),
            "steps": ready.steps,
            "confirmed_on": ready.confirmed_on,
            "divergence": ready.divergence,
        }
        _save(settings, summary, entries)
        yield ready
    _save(settings, summary, entries)
    if baseline is not None and (unmet := baseline.not_among({met.cause for met in all_met})):
        yield Unmet(baseline.path, unmet)
    yield finished
    if failure := failure or keeping.failure:
        raise failure


class _Keeping:
    """Brings a corpus up to date while a campaign runs. That it cannot be written is told of when the findings are."""

    def __init__(self, corpus: Corpus | None, campaign: Campaign) -> None:
        self.failure: EnvironmentFailure | None = None
        self._corpus = corpus
        self._campaign = campaign
        self._saved_at = time.monotonic()

    def save_now_and_then(self) -> None:
        """Whoever kills a hunt loses little of it."""
        if time.monotonic() - self._saved_at >= SAVE_CORPUS_EVERY_S:
            self.save()

    def save(self) -> CorpusSaved | None:
        """What the corpus is then; None if there is none, or if it cannot be written."""
        if self._corpus is None or self.failure is not None:
            return None
        try:
            self._corpus.save(self._campaign)
        except EnvironmentFailure as failure:
            self.failure = failure
            return None
        self._saved_at = time.monotonic()
        return self._corpus.saved()


def _judged(met: Met, baseline: Baseline | None) -> Met:
    return met if baseline is None else replace(met, acceptance=baseline.acceptance(met.cause))


def _entry(met: Met) -> dict[str, Any]:
    """A finding as the summary has it before it is shrunk."""
    return {
        "check": met.check,
        "case": str(met.unshrunk),
        "steps": met.steps,
        "found_after_s": round(met.found_after_s, 3),
        "confirmed_on": None,
        "divergence": "",
        "accepted": None if met.acceptance is None else asdict(met.acceptance),
    }


def _save(settings: Settings, summary: Summary, entries: dict[Path, dict[str, Any]]) -> None:
    summary.findings = list(entries.values())
    write_whole(settings.folder / "summary.json", json.dumps(summary.as_json(), indent=2) + "\n")


class _Confirmation(NamedTuple):
    """The network that agrees, or how it differs (both empty: not asked), and whether a probe's trial was left out."""

    network: str | None
    differs: str
    probe_left_out: bool


NOT_CONFIRMED = _Confirmation(None, "", probe_left_out=False)


def _confirm(found: Finding, engine: Engine, artifacts: Artifacts, network: str | None) -> _Confirmation:
    if network is None:
        return NOT_CONFIRMED
    from underwater.chain.ape import connected

    blocks, trial = found.case.blocks, found.replayed.trial
    with connected(network) as chain:
        compared = compare(chain, engine, found.deployment, artifacts, blocks, trial)
    return _Confirmation(None if compared.differs else network, compared.differs, compared.probe_left_out)


def _run_facts(
    settings: Settings, budget: Budget, workers: int, corpus: Corpus | None, baseline: Baseline | None
) -> dict[str, object]:
    """What a run needs to be repeated, written before it begins."""
    return {
        "engine": settings.engine,
        "fault": settings.fault,
        "seed": settings.seed,
        "budget": budget.words(),
        "workers": workers,
        "checks": list(settings.check_ids) if settings.check_ids else [check.id for check in catalogue()],
        "prices": settings.history.origin,
        "corpus": None if corpus is None else corpus.facts(),
        "baseline": None if baseline is None else str(baseline.path),
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
