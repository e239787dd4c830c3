"""The first hunt of a newcomer: the sound engine, which must survive, then a planted fault, which must be found."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

PLANTED_FAULT = "withdraw-skips-margin"
NOTHING_FOUND, FOUND = 0, 1

SOUND_PART = """\
1. The margin engine as it stands, for {seconds} seconds: random trades, prices and failures, each step compared with the model.
   Nothing should be found."""
FAULT_PART = """\
2. The same engine with one error planted in it: `{fault}`.
   The hunt should find it and boil it down to a few lines."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="how long each of the two parts may take")
    parser.add_argument("--fault", default=PLANTED_FAULT, help="the error to plant")
    arguments, passed_on = parser.parse_known_args()
    hunt = [
        *(str(Path(sys.executable).parent / "ape"), "underwater", "hunt"),
        *("--seconds", str(arguments.seconds), *passed_on),
    ]
    print(SOUND_PART.format(seconds=arguments.seconds), flush=True)
    code = subprocess.run(hunt).returncode
    if code != NOTHING_FOUND:
        print(f"The hunt on the sound engine ended with {code} and should have ended with {NOTHING_FOUND}.")
        return code
    print("\n" + FAULT_PART.format(fault=arguments.fault), flush=True)
    code = subprocess.run([*hunt, "--fault", arguments.fault]).returncode
    if code != FOUND:
        print(f"The hunt for the planted fault ended with {code} and should have ended with {FOUND}, having found it.")
        return code or 1
    print("\nBoth ended as they should: the sound engine survived, and the planted fault was found.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
