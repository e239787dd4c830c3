"""YAML files of exact numbers, read so that whatever is wrong can be named by file, line and field."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import yaml

from underwater.errors import EnvironmentFailure, UserError

_DECIMAL = re.compile(r"-?\d[\d_]*(\.\d[\d_]*)?")
_INTEGER = re.compile(r"-?\d[\d_]*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOST_DIGITS = 120
"""No value of a chain has more; Python refuses to read numbers of thousands of digits."""


class Field:
    """One value of a document, with its place. Accessors raise ``UserError`` naming file, line and field."""

    def __init__(self, file: str, node: yaml.Node, path: str) -> None:
        self.file = file
        self.node = node
        self.path = path

    @property
    def line(self) -> int:
        """Line number, from 1."""
        return self.node.start_mark.line + 1

    def fail(self, message: str) -> UserError:
        """The error to raise about this field."""
        text = f"{self.file}:{self.line}: {self.path or 'the document'}: {message}"
        return UserError(" ".join(text.splitlines()))

    def _number(self, pattern: re.Pattern[str], noun: str) -> str:
        text = self.text()
        if not text.isascii() or not pattern.fullmatch(text):
            plain = text.replace(",", "")
            hint = f"; write {plain}" if plain != text and pattern.fullmatch(plain) else ""
            raise self.fail(f"'{text[:60]}' is not a {noun}{hint}")
        if len(text) > MOST_DIGITS:
            raise self.fail(f"has more than {MOST_DIGITS} digits")
        return text.replace("_", "")

    def text(self) -> str:
        """A plain word or sentence."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.value == "":
            raise self.fail("should be a text")
        return str(self.node.value)

    def choice(self, choices: tuple[str, ...]) -> str:
        """One of several words."""
        text = self.text()
        if text not in choices:
            raise self.fail(f"'{text}' is not one of {', '.join(choices)}")
        return text

    def integer(self, least: int | None = None, most: int | None = None) -> int:
        """A whole number; underscores between digits are allowed."""
        text = self._number(_INTEGER, "whole number")
        value = int(text)
        if least is not None and value < least:
            raise self.fail(f"{text} is below {least}")
        if most is not None and value > most:
            raise self.fail(f"{text} is above {most}")
        return value

    def scaled(self, decimals: int, least: int | None = 0) -> int:
        """A decimal number as an exact integer of 10^-decimals: more digits than that are an error, never rounded."""
        text = self._number(_DECIMAL, "decimal number")
        whole, _, fraction = text.partition(".")
        if len(fraction.rstrip("0")) > decimals:
            raise self.fail(f"{text} has more than {decimals} decimals")
        value = int(whole + fraction[:decimals].ljust(decimals, "0"))
        if least is not None and value < least:
            raise self.fail(f"{text} is below {least}")
        return value

    def day(self) -> date:
        """An ISO date."""
        day = iso_day(self.text())
        if day is None:
            raise self.fail(f"'{self.text()[:60]}' is not a date: write it like 2027-01-31")
        return day

    def boolean(self) -> bool:
        """true or false."""
        return self.choice(("true", "false")) == "true"

    def mapping(self, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Field]:
        """A mapping with these keys and no others."""
        fields = self.any_mapping()
        for key, field in fields.items():
            if key not in required and key not in optional:
                hint = "; numbers have no commas in them" if key.isdigit() else ""
                raise field.fail(f"unknown field; known are {', '.join((*required, *optional))}{hint}")
        for key in required:
            if key not in fields:
                raise self.fail(f"'{key}' is missing")
        return fields

    def any_mapping(self) -> dict[str, Field]:
        """A mapping with any keys."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.fail("should be a mapping of names to values")
        fields: dict[str, Field] = {}
        for key_node, value_node in self.node.value:
            key = str(key_node.value)
            field = Field(self.file, value_node, f"{self.path}.{key}" if self.path else key)
            if key in fields:
                raise Field(self.file, key_node, field.path).fail("appears twice")
            fields[key] = field
        return fields

    def items(self) -> Iterator[Field]:
        """The items of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.fail("should be a list")
        for number, node in enumerate(self.node.value):
            yield Field(self.file, node, f"{self.path}[{number}]")


def iso_day(text: str) -> date | None:
    """A date as ISO writes it; None if it is none."""
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def read_text(path: Path) -> str:
    """A file's text. Raises ``UserError`` if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not a text file") from None


def read(path: Path) -> Field:
    """The document in a file. Raises ``UserError`` if it cannot be read or is no YAML."""
    return parse(read_text(path), str(path))


def parse(text: str, file: str, *, own: bool = False) -> Field:
    """The document in a text; ``file`` names it in errors.

    What is this code's ``own`` writing, unchanged, libyaml may read, several times as fast: others' it would crash on where it is
    nested without end.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if own else yaml.SafeLoader
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{file}:{line}: not valid YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError(f"{file}:{line}: not valid YAML: {error.reason}") from None
    except RecursionError:
        raise UserError(f"{file}: is nested too deeply") from None
    if node is None:
        raise UserError(f"{file}:1: the file is empty")
    return Field(file, node, "")


def decimal_text(value: int, decimals: int) -> str:
    """An exact integer of 10^-decimals as the shortest decimal: the inverse of ``Field.scaled``."""
    whole, fraction = divmod(abs(value), 10**decimals)
    digits = f"{fraction:0{decimals}d}".rstrip("0") if decimals else ""
    return f"{'-' if value < 0 else ''}{whole}{'.' if digits else ''}{digits}"


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader, or a crash at any moment, sees all of it or nothing. Raises ``EnvironmentFailure``."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise EnvironmentFailure(f"{path}: cannot be written: {error.strerror}") from None
