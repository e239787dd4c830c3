"""The zoo: one-idea changes of the contracts, each planting a known error."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from underwater.document import Field, read
from underwater.engine.artifacts import PROJECT, Artifacts, compile_sources, sources_of
from underwater.errors import UserError, unknown

FOLDER = PROJECT / "faults"
CONTRACTS = PROJECT / "contracts"


class Fault(NamedTuple):
    """A planted error.

    ``old`` must occur exactly once inside ``function`` of ``file``, and becomes ``new``. ``idea`` says in a sentence what
    is wrong, ``after`` which real incident or class of error it stands for.

    ``caught_by`` names the checks that catch it alone. ``shortest`` gives, by the check that a finding is named after, the number of steps
    of the shortest history known, what a check's probe tries at its end counted as one: a fault that is seen in several ways has a
    shortest history for each.
    """

    id: str
    file: str
    function: str
    old: str
    new: str
    idea: str
    after: str
    caught_by: tuple[str, ...]
    shortest: dict[str, int]
    path: Path

    def shortest_by(self, check: str) -> int:
        """The steps that are enough for this check to see it; where that was not measured, what is enough for any."""
        return self.shortest.get(check, max(self.shortest.values()))


def _read(path: Path) -> Fault:
    fields = read(path).mapping(("file", "function", "old", "new", "idea", "caught_by", "shortest"), ("after",))
    return Fault(
        path.stem,
        fields["file"].text(),
        fields["function"].text(),
        _code(fields["old"]),
        _code(fields["new"]),
        fields["idea"].text(),
        fields["after"].text() if "after" in fields else "",
        tuple(item.text() for item in fields["caught_by"].items()),
        {check: steps.integer(1) for check, steps in fields["shortest"].any_mapping().items()},
        path,
    )


def _code(field: Field) -> str:
    return str(field.node.value).rstrip("\n")


def fault_ids() -> tuple[str, ...]:
    """The IDs of all planted faults."""
    return tuple(path.stem for path in sorted(FOLDER.glob("*.yaml")))


def read_fault(fault_id: str) -> Fault:
    """A planted fault. Raises ``UserError`` listing the known ones if there is none of this ID."""
    if fault_id not in fault_ids():
        raise unknown("fault", fault_id, fault_ids())
    return _read(FOLDER / f"{fault_id}.yaml")


def with_fault(sources: dict[str, str], fault: Fault) -> dict[str, str]:
    """The sources with the fault planted. Raises ``UserError`` where its patch does not fit exactly once."""
    if fault.file not in sources:
        raise UserError(f"{fault.path}: file: there is no {fault.file}")
    text = sources[fault.file]
    start = text.find(f"function {fault.function}(")
    if start < 0:
        raise UserError(f"{fault.path}: function: {fault.file} has no function {fault.function}")
    end = _end_of_function(text, start)
    body = text[start:end]
    count = body.count(fault.old)
    if count != 1:
        raise UserError(
            f"{fault.path}: old: occurs {count} times in {fault.function} of {fault.file}, not exactly once"
        )
    return {**sources, fault.file: text[:start] + body.replace(fault.old, fault.new) + text[end:]}


def _end_of_function(text: str, start: int) -> int:
    """The place after the function's closing brace; its end of line if it has no body."""
    depth = 0
    for place in range(text.index("(", start), len(text)):
        if text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if depth == 0:
                return place + 1
        elif text[place] == ";" and depth == 0:
            return place + 1
    return len(text)


def artifacts_of(fault_id: str | None) -> Artifacts:
    """The compiled contracts, sound or with a fault planted."""
    sources = sources_of(CONTRACTS)
    if fault_id is not None:
        sources = with_fault(sources, read_fault(fault_id))
    return compile_sources(sources)
