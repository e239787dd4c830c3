"""The operators of mutation: each looks at one place and says in which small ways it could be wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from underwater.mutate.syntax import Node, Place, Source, Tree, signature_of, type_of


class Edit(NamedTuple):
    """A replacement of the text between two bytes."""

    start: int
    end: int
    new: str


class Looked(NamedTuple):
    """What an operator looks at."""

    place: Place
    source: Source
    tree: Tree


Edits = Iterator[Edit]

BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
TURNED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "*", "**": "*", "<<": ">>", ">>": "<<", "&": "|", "|": "&"}
JOINED = {"&&": "||", "||": "&&"}
ASSIGNED = {"+=": ("-=", "="), "-=": ("+=", "="), "*=": ("/=",), "/=": ("*=",), "|=": ("&=", "="), "&=": ("|=", "=")}
STEPPED = {"++": "--", "--": "++"}
COUNTERPARTS = (("Up", "Down"), ("up", "down"), ("Ceil", "Floor"), ("ceil", "floor"), ("max", "min"), ("Max", "Min"))
SYMMETRIC = ("min", "max")
CONDITIONAL = ("IfStatement", "Conditional", "WhileStatement", "DoWhileStatement", "ForStatement")


def boundary(looked: Looked) -> Edits:
    """Whether the bound itself counts."""
    yield from _other_token(looked, BOUNDARY)


def relation(looked: Looked) -> Edits:
    """A comparison's opposite."""
    yield from _other_token(looked, TURNED)


def arithmetic(looked: Looked) -> Edits:
    """The inverse operation."""
    yield from _other_token(looked, ARITHMETIC)


def logic(looked: Looked) -> Edits:
    """Conditions joined the other way, or one of them alone."""
    node, source = looked.place.node, looked.source
    if node["nodeType"] == "BinaryOperation" and node["operator"] in JOINED:
        yield from _other_token(looked, JOINED)
        yield Edit(*source.span(node), source.text(node["leftExpression"]))
        yield Edit(*source.span(node), source.text(node["rightExpression"]))


def condition(looked: Looked) -> Edits:
    """A condition negated, always true, or never: loops never, and guards never false, which leaves out a statement."""
    if not looked.place.parents or looked.place.parents[-1]["nodeType"] not in CONDITIONAL:
        return
    node, parent, source = looked.place.node, looked.place.parents[-1], looked.source
    if node is not parent.get("condition"):
        return
    span, is_loop = source.span(node), parent["nodeType"] not in ("IfStatement", "Conditional")
    if node["nodeType"] not in ("BinaryOperation", "UnaryOperation") or node["operator"] in JOINED:
        # The others are turned round by operators of their own.
        is_short = node["nodeType"] in ("Identifier", "MemberAccess", "IndexAccess", "FunctionCall")
        yield Edit(*span, f"!{source.text(node)}" if is_short else f"!({source.text(node)})")
    if not is_loop:
        yield Edit(*span, "true")
    if not _is_guard(parent):
        yield Edit(*span, "false")


def statement(looked: Looked) -> Edits:
    """A statement left out; of a guard, all of it."""
    node, parent, source = looked.place.node, looked.place.parents[-1], looked.source
    kind = node["nodeType"]
    if not (kind in ("ExpressionStatement", "RevertStatement", "Break", "Continue") or _is_guard(node)):
        return
    if parent["nodeType"] == "ForStatement" and node is not parent["body"]:
        return  # a loop without its step does not end
    # The statement that a guard refuses with goes together with it.
    if not any(_is_guard(above) for above in looked.place.parents[-2:]):
        yield Edit(*source.span(node), "" if parent["nodeType"] in ("Block", "UncheckedBlock") else "{}")


def constant(looked: Looked) -> Edits:
    """A number one off, a truth value turned round."""
    node, source = looked.place.node, looked.source
    if node["nodeType"] != "Literal":
        return
    span, text = source.span(node), source.text(node)
    if node["kind"] == "bool":
        yield Edit(*span, "false" if text == "true" else "true")
    elif node["kind"] == "number":
        if re.fullmatch(r"\d+", text):
            yield Edit(*span, str(int(text) + 1))
            if int(text) > 0:
                yield Edit(*span, str(int(text) - 1))
        elif not text.startswith("0x"):
            yield Edit(*span, f"({text} + 1)")
            yield Edit(*span, f"({text} - 1)")


def counterpart(looked: Looked) -> Edits:
    """The function or enumeration member of the opposite name: rounded the other way, the smaller for the larger."""
    name = _called(looked) or _enumerated(looked)
    if name is not None:
        definition = looked.tree.meant(name)
        for other in _siblings(definition, looked.tree):
            if definition is not None and _are_counterparts(definition["name"], other["name"]):
                yield _renamed(name, other["name"], looked.source)


def sibling(looked: Looked) -> Edits:
    """Another function of the same contract that takes and gives the same."""
    name = _called(looked)
    definition = None if name is None else looked.tree.meant(name)
    if name is None or definition is None or looked.tree.file_of[definition["id"]].startswith("node_modules/"):
        return
    for other in _siblings(definition, looked.tree):
        is_itself = other["id"] == looked.place.function["id"]  # it would not end
        if not is_itself and not _are_counterparts(definition["name"], other["name"]):
            yield _renamed(name, other["name"], looked.source)


def enumeration(looked: Looked) -> Edits:
    """Another member of an enumeration."""
    name = _enumerated(looked)
    if name is not None:
        definition = looked.tree.meant(name)
        for other in _siblings(definition, looked.tree):
            if definition is not None and not _are_counterparts(definition["name"], other["name"]):
                yield _renamed(name, other["name"], looked.source)


def member(looked: Looked) -> Edits:
    """Another field of the same structure that has the same type."""
    node = looked.place.node
    if node["nodeType"] != "MemberAccess":
        return
    definition = looked.tree.meant(node)
    structure = None if definition is None else looked.tree.parent(definition)
    if definition is None or structure is None or structure["nodeType"] != "StructDefinition":
        return
    for other in structure["members"]:
        if other["name"] != definition["name"] and type_of(other) == type_of(definition):
            yield _renamed(node, other["name"], looked.source)


def argument(looked: Looked) -> Edits:
    """Two neighbouring arguments of the same type change places, unless nobody could tell."""
    node, source = looked.place.node, looked.source
    if node["nodeType"] != "FunctionCall" or node["kind"] != "functionCall" or node["names"]:
        return
    if node["expression"].get("memberName", node["expression"].get("name")) in SYMMETRIC:
        return
    for one, other in zip(node["arguments"], node["arguments"][1:], strict=False):
        if type_of(one) == type_of(other) and source.text(one) != source.text(other):
            (start, end), (next_start, next_end) = source.span(one), source.span(other)
            gap = source.code[end:next_start].decode()
            yield Edit(start, next_end, f"{source.text(other)}{gap}{source.text(one)}")


def sign(looked: Looked) -> Edits:
    """A sign or a negation dropped, a step in the other direction."""
    node, source = looked.place.node, looked.source
    if node["nodeType"] != "UnaryOperation":
        return
    if node["operator"] in ("-", "!", "~"):
        yield Edit(*source.span(node), source.text(node["subExpression"]))
    elif node["operator"] in STEPPED:
        start, end = source.span(node)
        start, end = (start, start + 2) if node["prefix"] else (end - 2, end)
        yield Edit(start, end, STEPPED[node["operator"]])


def assignment(looked: Looked) -> Edits:
    """Taken away instead of added, or put in its place."""
    node = looked.place.node
    if node["nodeType"] == "Assignment":
        span = looked.source.between(node["operator"], node["leftHandSide"], node["rightHandSide"])
        for other in ASSIGNED.get(node["operator"], ()):
            yield Edit(*span, other)


def modifier(looked: Looked) -> Edits:
    """A modifier left out; the constructors of bases are none."""
    node, source = looked.place.node, looked.source
    if node["nodeType"] == "ModifierInvocation" and node.get("kind") == "modifierInvocation":
        start, end = source.span(node)
        yield Edit(start - (source.code[start - 1 : start] == b" "), end, "")


def division(looked: Looked) -> Edits:
    """Divided before it is multiplied."""
    node, source = looked.place.node, looked.source
    if node["nodeType"] != "BinaryOperation" or node["operator"] != "/":
        return
    product, text = node["leftExpression"], source.text
    while product["nodeType"] == "TupleExpression" and len(product["components"]) == 1:
        product = product["components"][0]
    if product["nodeType"] == "BinaryOperation" and product["operator"] == "*":
        divisor = text(node["rightExpression"])
        yield Edit(
            *source.span(node), f"{text(product['leftExpression'])} / {divisor} * {text(product['rightExpression'])}"
        )


class Operator(NamedTuple):
    """A way to be wrong: what it does to a place, and what has happened then, in words."""

    name: str
    words: str
    edits: Callable[[Looked], Edits]


OPERATORS = tuple(
    Operator(edits.__name__, words, edits)
    for edits, words in (
        (boundary, "the bound itself falls on the other side"),
        (relation, "a comparison is turned round"),
        (arithmetic, "another operation is done"),
        (logic, "conditions are joined in another way"),
        (condition, "a condition is decided in another way"),
        (statement, "a statement is left out"),
        (constant, "a constant is another"),
        (counterpart, "the opposite is called or meant"),
        (sibling, "another function is called that takes and gives the same"),
        (enumeration, "another member of an enumeration is meant"),
        (member, "another field of the same type is taken"),
        (argument, "two arguments change places"),
        (sign, "a sign is dropped or turned round"),
        (assignment, "something is assigned in another way"),
        (modifier, "a modifier is left out"),
        (division, "it is divided before it is multiplied"),
    )
)


def _other_token(looked: Looked, others: dict[str, str]) -> Edits:
    node = looked.place.node
    if node["nodeType"] == "BinaryOperation" and node["operator"] in others:
        span = looked.source.between(node["operator"], node["leftExpression"], node["rightExpression"])
        yield Edit(*span, others[node["operator"]])


def _is_guard(node: Node) -> bool:
    """Whether it does nothing but refuse: ``if (...) revert ...;``."""
    if node["nodeType"] != "IfStatement" or node.get("falseBody"):
        return False
    body = node["trueBody"]
    inside = body["statements"] if body["nodeType"] == "Block" else [body]
    return len(inside) == 1 and _is_refusal(inside[0])


def _is_refusal(node: Node) -> bool:
    if node["nodeType"] == "ExpressionStatement" and node["expression"]["nodeType"] == "FunctionCall":
        return bool(node["expression"]["expression"].get("name") == "revert")
    return bool(node["nodeType"] == "RevertStatement")


def _called(looked: Looked) -> Node | None:
    """The name by which a function is called."""
    node = looked.place.node
    if node["nodeType"] != "FunctionCall" or node["kind"] != "functionCall":
        return None
    name: Node = node["expression"]
    meant = looked.tree.meant(name) if name["nodeType"] in ("Identifier", "MemberAccess") else None
    return name if meant is not None and meant["nodeType"] == "FunctionDefinition" else None


def _enumerated(looked: Looked) -> Node | None:
    """The name of a member of an enumeration."""
    node = looked.place.node
    meant = looked.tree.meant(node) if node["nodeType"] == "MemberAccess" else None
    return node if meant is not None and meant["nodeType"] == "EnumValue" else None


def _siblings(definition: Node | None, tree: Tree) -> Iterator[Node]:
    """Other functions of the same contract with the same signature; other members of the same enumeration."""
    around = None if definition is None else tree.parent(definition)
    if definition is None or around is None:
        return
    if definition["nodeType"] == "EnumValue":
        yield from (one for one in around["members"] if one["name"] != definition["name"])
        return
    for one in around["nodes"]:
        is_other = one["nodeType"] == "FunctionDefinition" and one["name"] not in ("", definition["name"])
        if is_other and _passes_for(one, definition):
            yield one


def _passes_for(one: Node, other: Node) -> bool:
    """Whether a function can be called in the other's place."""
    return signature_of(one) == signature_of(other) and one["stateMutability"] == other["stateMutability"]


def _are_counterparts(one: str, other: str) -> bool:
    return any(
        {one, other} == {name, other_name}
        for first, second in COUNTERPARTS
        for name in (one, other)
        if first in name
        for other_name in (re.sub(f"{first}(?![a-z])", second, name),)
    )


def _renamed(name: Node, new: str, source: Source) -> Edit:
    """The last word of a name replaced."""
    end = source.span(name)[1]
    old = name["memberName"] if name["nodeType"] == "MemberAccess" else name["name"]
    return Edit(end - len(old), end, new)
