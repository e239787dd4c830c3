"""Draw faults by seed from the mechanical mutants of the engine's contracts, and write them into `faults/`.

    .venv/bin/python tools/draw_mutants.py --seed N --count M

Nobody chooses: a draw takes an operator, a function in which it fits, and one of the places where it does. Thrown away is only what does
not compile, what cannot be deployed, and what has the code of the sound contracts or of a mutant kept before. The same seed gives the
same files for the same contracts and operators; what was measured of a file that is there already stays in it.

Then: `.venv/bin/ape underwater zoo --fault 'drawn-*'` says which are missed, `.venv/bin/python tools/matrix.py` by which checks each
is caught. What is missed is a gap, or changes nothing that a contract does: then its file says why (`equivalent`).
"""

from __future__ import annotations

import argparse
import json
import re
import sys

from underwater.choices import SeededChoices
from underwater.document import write_whole
from underwater.engine.artifacts import code_hash, compile_sources, sources_of, syntax_of
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.faults import CONTRACTS, FOLDER, Fault, fault_ids, read_fault
from underwater.errors import EnvironmentFailure, UserError
from underwater.hunt.arena import Arena
from underwater.mutate.mutants import Mutant, distinct, draw, mutants_of

NOT_THE_ENGINE = ("contracts/harness/", "contracts/testing/", "contracts/interfaces/")


def fault_id_of(mutant: Mutant, seed: int, number: int) -> str:
    """A name that says where a fault comes from and what it is about."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", mutant.function.strip("_")).lower()
    return f"drawn-{seed}-{number:03}-{mutant.operator}-in-{words}"


def fault_text(mutant: Mutant, seed: int, number: int) -> str:
    """A fault's file as it is drawn: nothing of it is measured."""
    lines = {
        "idea": mutant.idea,
        "file": mutant.file,
        "function": mutant.function,
        "old": mutant.old,
        "new": mutant.new,
    }
    quoted = (f"{key}: {json.dumps(text, ensure_ascii=False)}\n" for key, text in lines.items())
    drawn = f"drawn: {{operator: {mutant.operator}, seed: {seed}, number: {number}}}\n"
    return f"{''.join(quoted)}{drawn}caught_by: []\nshortest: {{}}\n"


def code_of(sources: dict[str, str]) -> str:
    """What tells the contracts' code from another. Raises ``UserError`` if they do not compile or cannot be deployed."""
    try:
        artifacts = compile_sources(sources)
    except UserError:
        raise UserError("does not compile") from None
    try:
        Arena(BUNDLED, BUNDLED.default_deployment(), artifacts).reset()
    except (EnvironmentFailure, UserError):
        raise UserError("cannot be deployed") from None
    return code_hash(artifacts)


def is_drawn_again(fault: Fault, mutant: Mutant | None) -> bool:
    """Whether a file that is there plants what was drawn now under its name, which holds operator, seed and number."""
    if mutant is None:
        return False
    return (fault.file, fault.function, fault.old, fault.new) == (mutant.file, mutant.function, mutant.old, mutant.new)


def main(arguments: list[str]) -> int:
    """Draw and write. Returns 1, with nothing written, if files of this seed are there that are drawn no more."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True, help="what is drawn from")
    parser.add_argument("--count", type=int, required=True, help="faults to keep")
    known = parser.parse_args(arguments)
    sources = sources_of(CONTRACTS)
    wanted = {path: text for path, text in sources.items() if not path.startswith(NOT_THE_ENGINE)}
    mutants = mutants_of(wanted, syntax_of(sources))
    print(f"{len(mutants):,} mutants of {len(wanted)} files")
    kept: dict[str, Mutant] = {}
    texts: dict[str, str] = {}
    last = 0
    for last, mutant, thrown_away in distinct(draw(mutants, SeededChoices(known.seed, "mutants")), sources, code_of):
        fault_id = fault_id_of(mutant, known.seed, last)
        print(f"{fault_id}: {thrown_away or mutant.idea}", flush=True)
        if not thrown_away:
            kept[fault_id] = mutant
            texts[fault_id] = fault_text(mutant, known.seed, last)
        if len(kept) == known.count:
            break
    drawn_before = [read_fault(fault_id) for fault_id in fault_ids() if fault_id.startswith(f"drawn-{known.seed}-")]
    others = [
        fault.id
        for fault in drawn_before
        if fault.drawn is not None and fault.drawn.number <= last and not is_drawn_again(fault, kept.get(fault.id))
    ]
    if others:
        print(f"not drawn any more: {', '.join(others)}\nRemove them, or draw from another seed; nothing was written.")
        return 1
    for fault_id, text in texts.items():
        if fault_id not in fault_ids():
            write_whole(FOLDER / f"{fault_id}.yaml", text)
    print(f"kept {len(kept)} of {last} drawn")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
