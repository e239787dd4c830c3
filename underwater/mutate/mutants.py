"""The mutants of sources: every small change that the operators know, as a patch that fits one place of one function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from underwater.choices import Choices
from underwater.errors import UserError
from underwater.mutate.operators import OPERATORS, Edit, Looked, Operator
from underwater.mutate.syntax import Node, Place, Source, Tree, name_of, places


class Mutant(NamedTuple):
    """One small change: ``old``, which occurs once in the functions of this name in the file, becomes ``new``.

    ``start`` is the byte of the file at which ``old`` begins, ``line`` the line of what is changed in it.
    """

    operator: str
    words: str
    file: str
    contract: str
    function: str
    line: int
    start: int
    old: str
    new: str

    @property
    def idea(self) -> str:
        """What is wrong, in a line."""
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        changed = f"`{old}` is now `{new}`" if new else f"`{old}`"
        return f"{self.words}: in {self.function}, {changed}"


def mutants_of(sources: Mapping[str, str], syntax: Mapping[str, Node]) -> list[Mutant]:
    """Every mutant, in the order of files, functions and places.

    ``syntax`` holds the compiler's tree (``ast`` of its standard JSON) of each of these sources and of all that they import. Two
    operators may make the same text of it: the first of them has it.
    """
    tree = Tree(syntax)
    return [mutant for path in sorted(sources) for mutant in _of_file(Source(path, sources[path]), tree)]


def _of_file(source: Source, tree: Tree) -> Iterator[Mutant]:
    functions = list(tree.functions(source.path))
    texts: dict[str, list[bytes]] = {}
    for function in functions:
        start, end = source.span(function)
        texts.setdefault(name_of(function), []).append(source.code[start:end])
    seen = set()
    for function in functions:
        for place in places(function):
            for operator in OPERATORS:
                for edit in operator.edits(Looked(place, source, tree)):
                    if edit not in seen:
                        seen.add(edit)
                        yield _mutant(operator, edit, place, source, tree, texts[name_of(function)])


def _mutant(operator: Operator, edit: Edit, place: Place, source: Source, tree: Tree, texts: list[bytes]) -> Mutant:
    start, end = _patch(edit, place, source, texts)
    around = tree.parent(place.function) or {}
    return Mutant(
        operator=operator.name,
        words=operator.words,
        file=source.path,
        contract=str(around.get("name", "")),
        function=name_of(place.function),
        line=source.line(edit.start),
        start=start,
        old=source.code[start:end].decode(),
        new=(source.code[start : edit.start] + edit.new.encode() + source.code[edit.end : end]).decode(),
    )


def _patch(edit: Edit, place: Place, source: Source, texts: list[bytes]) -> tuple[int, int]:
    """The narrowest node around an edit whose text occurs once in the functions of the name; of a bare number or word, what it is in."""
    start, end = edit.start, edit.end
    around = (place.node, *reversed(place.parents))
    for node in around[1:] if place.node["nodeType"] in ("Literal", "Identifier") else around:
        node_start, node_end = source.span(node)
        start, end = min(start, node_start), max(end, node_end)
        if sum(text.count(source.code[start:end]) for text in texts) == 1:
            break
    return start, end


def mutated(sources: Mapping[str, str], mutant: Mutant) -> dict[str, str]:
    """The sources with the change made."""
    code, end = sources[mutant.file].encode(), mutant.start + len(mutant.old.encode())
    assert code[mutant.start : end].decode() == mutant.old
    return {**sources, mutant.file: (code[: mutant.start] + mutant.new.encode() + code[end:]).decode()}


def draw(mutants: Iterable[Mutant], choices: Choices) -> Iterator[Mutant]:
    """All of them in a drawn order: an operator, a function in which it has something left, one of these.

    So neither a long function nor an operator that fits everywhere makes up most of what is drawn.
    """
    left: dict[str, dict[tuple[str, str, str], list[Mutant]]] = {}
    for mutant in mutants:
        of_operator = left.setdefault(mutant.operator, {})
        of_operator.setdefault((mutant.file, mutant.contract, mutant.function), []).append(mutant)
    while left:
        operator = choices.pick(tuple(left))
        functions = left[operator]
        function = choices.pick(tuple(functions))
        yield functions[function].pop(choices.integer(0, len(functions[function]) - 1))
        if not functions[function]:
            del functions[function]
        if not functions:
            del left[operator]


class Tried(NamedTuple):
    """A drawn mutant, and why it is thrown away; empty if it is kept."""

    number: int
    mutant: Mutant
    thrown_away: str


def distinct(
    drawn: Iterable[Mutant], sources: Mapping[str, str], code_of: Callable[[dict[str, str]], str]
) -> Iterator[Tried]:
    """Each as it comes out, numbered from 1: kept where its code is another than that of the sources and of all kept before.

    ``code_of`` compiles, and gives the same for the same code; it raises ``UserError``, a line, for sources that have none.
    """
    known = {code_of(dict(sources)): "the same code as without it"}
    for number, mutant in enumerate(drawn, 1):
        try:
            code = code_of(mutated(sources, mutant))
        except UserError as error:
            yield Tried(number, mutant, str(error))
            continue
        yield Tried(number, mutant, known.get(code, ""))
        known.setdefault(code, f"the same code as number {number}")
