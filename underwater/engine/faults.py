"""The zoo: one-idea changes of the contracts, each planting a known error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from underwater.document import Field, read
from underwater.engine.artifacts import PROJECT, WETH9, Artifacts, compile_sources, published, sources_of
from underwater.errors import UserError, unknown

FOLDER = PROJECT / "faults"
CONTRACTS = PROJECT / "contracts"


class Drawn(NamedTuple):
    """Where a fault comes from that nobody chose: `tools/draw_mutants.py`, its operator, its seed and the number of the draw."""

    operator: str
    seed: int
    number: int


class Fault(NamedTuple):
    """A planted error.

    ``old`` must occur exactly once in what ``file`` has of functions named ``function``, or in its contract of that name, and
    becomes ``new``. ``idea`` says in a sentence what is wrong, ``after`` which real incident or class of error it stands for; a
    fault is chosen after one, or ``drawn``.

    ``caught_by`` names the checks that catch it alone. ``shortest`` gives, by the check that a finding is named after, the number of steps
    of the shortest history known, what a check's probe tries at its end counted as one; it is 0 where a deployment is refused. A fault that
    is seen in several ways has a shortest history for each. Both are empty until they are measured, and stay so where ``equivalent`` says
    why nothing that a contract does shows the change.
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
    drawn: Drawn | None
    equivalent: str
    path: Path

    def shortest_by(self, check: str) -> int | None:
        """The steps that are enough for this check to see it; where that was not measured, what is enough for any, if that was."""
        return self.shortest.get(check, max(self.shortest.values(), default=None))


def _read(path: Path) -> Fault:
    document = read(path)
    fields = document.mapping(
        ("file", "function", "old", "new", "idea", "caught_by", "shortest"), ("after", "drawn", "equivalent")
    )
    if ("after" in fields) == ("drawn" in fields):
        raise document.fail("should have either 'after' or 'drawn'")
    if "equivalent" in fields and "drawn" not in fields:
        raise fields["equivalent"].fail(
            "nobody chooses a fault that changes nothing: only a drawn one may be argued away"
        )
    if "equivalent" in fields and (any(fields["caught_by"].items()) or fields["shortest"].any_mapping()):
        raise fields["equivalent"].fail("what a check has caught is not equivalent")
    return Fault(
        path.stem,
        fields["file"].text(),
        fields["function"].text(),
        _code(fields["old"]),
        _code(fields["new"]),
        fields["idea"].text(),
        fields["after"].text() if "after" in fields else "",
        tuple(item.text() for item in fields["caught_by"].items()),
        {check: steps.integer(0) for check, steps in fields["shortest"].any_mapping().items()},
        _drawn(fields["drawn"]) if "drawn" in fields else None,
        fields["equivalent"].text() if "equivalent" in fields else "",
        path,
    )


def _drawn(field: Field) -> Drawn:
    fields = field.mapping(("operator", "seed", "number"))
    return Drawn(fields["operator"].text(), fields["seed"].integer(), fields["number"].integer(1))


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
    parts = _functions(text, fault.function)
    if not parts:
        raise UserError(f"{fault.path}: function: {fault.file} has no function {fault.function}")
    count = sum(text[part].count(fault.old) for part in parts)
    if count != 1:
        raise UserError(
            f"{fault.path}: old: occurs {count} times in {fault.function} of {fault.file}, not exactly once"
        )
    (start,) = (part.start + text[part].index(fault.old) for part in parts if fault.old in text[part])
    return {**sources, fault.file: text[:start] + fault.new + text[start + len(fault.old) :]}


def _functions(text: str, name: str) -> list[slice]:
    """Where the functions of a name are; several if it is overloaded, or if the file has several contracts. Or a contract of the name."""
    contract = re.search(rf"^(?:abstract )?contract {re.escape(name)}\b", text, re.MULTILINE)
    if contract is not None:
        return [slice(contract.start(), _end_of(text, contract.start(), "{"))]
    keyword = "" if name in ("constructor", "fallback", "receive") else r"function\s+"
    begins = (match.start() for match in re.finditer(rf"\b{keyword}{re.escape(name)}\s*\(", text))
    return [slice(start, _end_of(text, start, "(")) for start in begins]


def _end_of(text: str, start: int, opening: str) -> int:
    """The place after the closing brace of what begins with ``opening``; after its semicolon if it has no body."""
    depth = 0
    for place in range(text.index(opening, start), len(text)):
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
    """The compiled contracts, sound or with a fault planted, and wrapped ether as it is published."""
    sources = sources_of(CONTRACTS)
    if fault_id is not None:
        sources = with_fault(sources, read_fault(fault_id))
    return {**compile_sources(sources), WETH9: published()}
