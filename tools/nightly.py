"""A night's hunt, for any CI: what earlier nights found is run again, then the hunt goes on from what they kept.

Whatever the next night needs lies in one folder: `corpus/`, and in `found/` the cases of earlier nights. Tonight's run is in `runs/`,
its summary for people in `summary.md`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NOTHING_FOUND, FOUND, INTERRUPTED = 0, 1, 130
MOST_FOUND = 100
"""Cases of earlier nights that are run again, the newest: one that nobody mends is found again each night."""
_VERDICT = re.compile(r"(.+): (still fails|fixed|no longer applies): ")


def main(arguments: Sequence[str], ape: Path) -> int:
    """Return how the hunt ended; 1 as well where a case of an earlier night still fails and is not accepted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("nightly"), help="what is kept from night to night")
    parser.add_argument("--baseline", type=Path, default=Path("baseline.yaml"), help="findings that are accepted")
    parser.add_argument("--seconds", default="3600", help="how long to hunt")
    parser.add_argument("--seed", default=datetime.now(UTC).strftime("%Y%m%d"), help="the day's date, if not given")
    known, passed_on = parser.parse_known_args(arguments)
    folder, summary = known.folder, known.folder / "summary.json"
    budget = [] if "--steps" in passed_on else ["--seconds", known.seconds]
    interrupted: list[bool] = []
    # The hunt gets the interrupt too and needs its time to save what it found.
    signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))

    folder.mkdir(parents=True, exist_ok=True)
    for page in (summary, folder / "summary.md"):
        page.unlink(missing_ok=True)
    _put_by(folder / "runs", folder / "found")
    replayed, verdicts = _replay(folder / "found", known.baseline, ape)
    code = replayed
    if replayed in (NOTHING_FOUND, FOUND) and not interrupted:
        print(f"Tonight's seed is {known.seed}.", flush=True)
        hunt = ["hunt", *budget, "--seed", known.seed, "--corpus", folder / "corpus", "--baseline", known.baseline]
        code = _call(ape, *hunt, "--runs", folder / "runs", "--json", summary, *passed_on).wait()
    (folder / "summary.md").write_text(_told(summary, code, verdicts), encoding="utf-8")
    if interrupted:
        return INTERRUPTED
    return code or replayed


def _call(ape: Path, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen([str(ape), "underwater", *map(str, arguments)], text=True, **options)


def _put_by(runs: Path, found: Path) -> None:
    """What the last night found joins what was found before, each beside its history as it was met; its run's folder goes."""
    for run in runs.glob("*"):
        for name in _findings(run):
            unshrunk, case = run / "unshrunk" / name, run / name
            (found / "unshrunk").mkdir(parents=True, exist_ok=True)
            if case.exists() and unshrunk.exists():
                unshrunk.replace(found / "unshrunk" / name)
            if case.exists() or unshrunk.exists():
                (case if case.exists() else unshrunk).replace(found / name)
    shutil.rmtree(runs, ignore_errors=True)
    oldest_first = sorted(found.glob("*.yaml"), key=lambda case: (case.stat().st_mtime_ns, case.name))
    for case in oldest_first[:-MOST_FOUND]:
        _forget(case)


def _findings(run: Path) -> list[str]:
    """Names of a run's findings that are not accepted; of a run that was killed, of all that it met."""
    summary = run / "summary.json"
    if not summary.exists():
        return [path.name for path in (run / "unshrunk").glob("[!.]*.yaml")]
    findings = json.loads(summary.read_text(encoding="utf-8"))["findings"]
    return [Path(one["case"]).name for one in findings if one["accepted"] is None or one["accepted"]["is_over"]]


def _forget(case: Path) -> None:
    case.unlink(missing_ok=True)
    (case.parent / "unshrunk" / case.name).unlink(missing_ok=True)


def _replay(found: Path, baseline: Path, ape: Path) -> tuple[int, list[str]]:
    """How the replay of earlier cases ended, and a line for each. What does not fail any more is told of this once."""
    cases = sorted(found.glob("*.yaml"))
    if not cases:
        return NOTHING_FOUND, []
    print(f"Running {len(cases)} cases of earlier nights again.", flush=True)
    process = _call(ape, "replay", *cases, "--baseline", baseline, stdout=subprocess.PIPE)
    lines, _ = process.communicate()
    print(lines, end="", flush=True)
    verdicts = []
    for line in lines.splitlines():
        if verdict := _VERDICT.match(line):
            verdicts.append(line)
            if verdict[2] != "still fails":
                _forget(Path(verdict[1]))
    return process.returncode, verdicts


def _told(summary: Path, code: int, verdicts: list[str]) -> str:
    """The night in Markdown."""
    lines = ["## Nightly hunt", ""]
    if summary.exists():
        run = json.loads(summary.read_text(encoding="utf-8"))
        lines.append(
            f"{len(run['findings'])} findings in {run['steps']:,} steps, {run['seconds']:,.0f} s; seed {run['seed']}, "
            f"history digest `{run['history_digest']}`{', interrupted' if run['interrupted'] else ''}."
        )
        if run["findings"]:
            lines += ["", "| check | steps | case | accepted |", "|---|---|---|---|"]
        for finding in run["findings"]:
            known = finding["accepted"]
            accepted = (
                "no" if known is None else f"until {known['until']}{', which is over' if known['is_over'] else ''}"
            )
            lines.append(f"| {finding['check']} | {finding['steps']} | `{finding['case']}` | {accepted} |")
    else:
        lines.append(f"The hunt did not come to its end: exit code {code}. The log says why.")
    if verdicts:
        lines += ["", "Cases of earlier nights:", "", *(f"- {verdict}" for verdict in verdicts)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(sys.executable).parent / "ape"))
