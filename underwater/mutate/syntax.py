"""Solidity as its compiler reads it: the nodes of a syntax tree, and the text that each stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Node = dict[str, Any]

_COMMENT_OR_STRING = re.compile(rb'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
STATEMENTS = ("Statement", "Return", "Break", "Continue")
LEFT_ALONE = frozenset({"InlineAssembly", "EmitStatement"})
"""What is not looked into: assembly has another tree, and an event is no decision."""
_TYPES = ("typeName", "overrides", "documentation", "parameters", "returnParameters", "typeDescriptions")


class Source:
    """A file's text by byte, as the compiler counts."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.code = text.encode()
        self._plain = _COMMENT_OR_STRING.sub(_blank, self.code)

    def span(self, node: Node) -> tuple[int, int]:
        """Where a node begins and ends; of a statement, after its semicolon, which the compiler does not count in."""
        start, length, _ = map(int, node["src"].split(":"))
        end = start + length
        if node["nodeType"].endswith(STATEMENTS) and (semicolon := re.match(rb"\s*;", self._plain[end:])):
            end += semicolon.end()
        return start, end

    def text(self, node: Node) -> str:
        """What stands there."""
        start, end = self.span(node)
        return self.code[start:end].decode()

    def between(self, token: str, left: Node, right: Node) -> tuple[int, int]:
        """Where an operator stands between its operands, and not in a comment between them."""
        start = self._plain.index(token.encode(), self.span(left)[1], self.span(right)[0])
        return start, start + len(token)

    def line(self, place: int) -> int:
        """Line number, from 1."""
        return self.code.count(b"\n", 0, place) + 1


def _blank(match: re.Match[bytes]) -> bytes:
    text = match.group()
    return text if text[:1] in (b'"', b"'") else re.sub(rb"[^\n]", b" ", text)


class Place(NamedTuple):
    """A node of a function, and what it stands in, from the function inwards."""

    node: Node
    parents: tuple[Node, ...]

    @property
    def function(self) -> Node:
        """The definition that it stands in."""
        return self.parents[0] if self.parents else self.node


class Tree:
    """The syntax trees of one compilation: definitions by the compiler's numbers."""

    def __init__(self, syntax: Mapping[str, Node]) -> None:
        self._by_id: dict[int, Node] = {}
        self._parent: dict[int, Node] = {}
        self.file_of: dict[int, str] = {}
        for path, root in syntax.items():
            self._index(root, path)

    def _index(self, node: Node, path: str) -> None:
        self._by_id[node["id"]] = node
        self.file_of[node["id"]] = path
        for child in children(node, every=True):
            if "id" in child:  # nodes of assembly have none
                self._parent[child["id"]] = node
                self._index(child, path)

    def meant(self, node: Node) -> Node | None:
        """The definition that a name stands for; None for what the language defines."""
        number = node.get("referencedDeclaration")
        return None if number is None else self._by_id.get(number)

    def parent(self, node: Node) -> Node | None:
        """What a node stands in."""
        return self._parent.get(node["id"])

    def functions(self, path: str) -> Iterator[Node]:
        """Every function of a file that has a body, in their order."""
        for node in self._by_id.values():
            if node["nodeType"] == "FunctionDefinition" and node.get("body") and self.file_of[node["id"]] == path:
                yield node


def children(node: Node, *, every: bool = False) -> Iterator[Node]:
    """The nodes right below one, in the order of the text; those of types only if ``every``."""
    below = []
    for key, value in node.items():
        if every or key not in _TYPES:
            values = value if isinstance(value, list) else [value]
            below += [one for one in values if isinstance(one, dict) and "nodeType" in one]
    return iter(sorted(below, key=lambda one: int(one["src"].split(":")[0])))


def places(function: Node) -> Iterator[Place]:
    """Every node of a function that may be changed, in the order of the text."""

    def below(node: Node, parents: tuple[Node, ...]) -> Iterator[Place]:
        for child in children(node):
            if child["nodeType"] not in LEFT_ALONE:
                yield Place(child, parents)
                if child["nodeType"] != "RevertStatement":
                    yield from below(child, (*parents, child))

    return below(function, (function,))


def name_of(function: Node) -> str:
    """A function's name, or what it is if it needs none: ``constructor``, ``fallback``, ``receive``."""
    return str(function["name"] or function["kind"])


def type_of(node: Node) -> str:
    """A value's type in the compiler's words."""
    return str((node.get("typeDescriptions") or {}).get("typeString", ""))


def signature_of(function: Node) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The types that a function takes and gives."""
    takes, gives = (
        tuple(type_of(one) for one in function[which]["parameters"]) for which in ("parameters", "returnParameters")
    )
    return takes, gives
