"""Write how short the histories of planted faults get into `faults/`, from what a zoo of several seeds has measured.

.venv/bin/ape underwater zoo --seeds 10 --json zoo.json; .venv/bin/python tools/shortest.py zoo.json
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from underwater.engine.faults import FOLDER


def main(path: Path) -> int:
    """Each fault's shortest history by the check that named it; what was known to be shorter stays."""
    for fault in json.loads(path.read_text(encoding="utf-8"))["faults"]:
        file = FOLDER / f"{fault['id']}.yaml"
        text = file.read_text(encoding="utf-8")
        known = {
            check: int(steps) for check, steps in re.findall(r"([A-Z]+-\d+): (\d+)", text.rpartition("shortest:")[2])
        }
        for run in fault["seeds"]:
            if run["caught"]:
                known[run["check"]] = min(run["steps"], known.get(run["check"], run["steps"]))
        lengths = ", ".join(f"{check}: {steps}" for check, steps in sorted(known.items()))
        file.write_text(re.sub(r"(?m)^shortest: .*$", f"shortest: {{{lengths}}}", text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
