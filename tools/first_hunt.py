"""The first hunt of a newcomer: the sound engine, which must survive, then a planted fault, which must be found.

Runs `ape underwater hunt` twice and judges by the exit codes. Arguments that it does not know go to both hunts.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

FAULTS = Path(__file__).resolve().parent.parent / "faults"
PLANTED_FAULT = "withdraw-skips-margin"
PLAIN_SEED = "1"
"""One whose finding of that fault reads without knowing anything of stale prices or drawn tokens."""
NOTHING_FOUND, FOUND = 0, 1
INTERRUPTED = 130

SOUND_PART = """\
1. The margin engine as it stands, for {long} of trades, prices and failures, each step compared with the
   model. Nothing should be found."""
FAULT_PART = """\
2. The same engine with one error planted in it, `{fault}`.
   The hunt should find it, stop there, and boil it down to a few lines."""


def main(arguments: Sequence[str], ape: Path) -> int:
    """Return 0 if both hunts end as they should, else what the first that did not ended with (1 if it ended with 0)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", default="30", help="how long each of the two hunts may take")
    parser.add_argument("--fault", default=PLANTED_FAULT, help="the error to plant")
    known, passed_on = parser.parse_known_args(arguments)
    budget = [] if "--steps" in passed_on else ["--seconds", known.seconds]
    hunt = [str(ape), "underwater", "hunt", *budget, *passed_on]
    is_chosen = known.fault != PLANTED_FAULT or any(argument.startswith("--seed") for argument in passed_on)
    seed = [] if is_chosen else ["--seed", PLAIN_SEED]
    hunt_fault = [*hunt, *seed, "--fault", known.fault, "--first"]
    if not (FAULTS / f"{known.fault}.yaml").is_file():
        return subprocess.Popen(hunt_fault).wait()  # which says what is wrong with it, before time is spent
    interrupted = []
    # The hunt gets the interrupt too and needs its time to save what it found.
    signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))

    print(SOUND_PART.format(long=f"{known.seconds} seconds" if budget else "some steps"), flush=True)
    code = subprocess.Popen(hunt).wait()
    if interrupted:
        return INTERRUPTED
    if code == FOUND:
        print(f"\nThe hunt on the sound engine ended with {code} and should have ended with {NOTHING_FOUND}.")
    if code != NOTHING_FOUND:
        return code
    print("\n" + FAULT_PART.format(fault=known.fault), flush=True)
    code = subprocess.Popen(hunt_fault).wait()
    if interrupted:
        return INTERRUPTED
    if code == NOTHING_FOUND:
        print("\nThe hunt for the planted fault found nothing, and should have.")
    if code != FOUND:
        return code or 1
    print("\nBoth ended as they should: the sound engine survived, and the planted fault was found.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(sys.executable).parent / "ape"))
