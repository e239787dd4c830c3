"""An engine's words: its actions, and the names and decimals that their arguments are written with.

An engine brings a ``Vocabulary`` as data; cases and reports then need to know nothing else of it. Arguments are written
in whole tokens, base and quote, by the type that the engine's kinds give them, and never by address or selector.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from reference.governance import NO_SOURCE
from underwater.document import Field, decimal_text

WAD_DECIMALS = 18
WAD_TYPES = frozenset(("size", "price", "rate", "amount", "ether"))
"""Types that count 10^-18 of a whole."""

_INTEGER = re.compile(r"-?\d[\d_]*")
_UNITS = re.compile(r"(-?\d[\d_]*) units?")
NEVER = "never"
"""How an age of None is written: a round dated 0."""


class Argument(Protocol):
    """An argument of a kind: its name, and the type that says what it counts (``engine.bundled.kinds.Parameter``)."""

    @property
    def name(self) -> str:
        """The key in a case."""

    @property
    def type(self) -> str:
        """What it counts."""


class Kind(Protocol):
    """One kind of action."""

    @property
    def name(self) -> str:
        """The word after ``do`` in a case."""

    @property
    def parameters(self) -> tuple[Argument, ...]:
        """Arguments in order."""

    @property
    def says(self) -> str:
        """A phrase for people, with arguments by name in braces."""


_LOAN_TYPES = ["collateral", "units"]
NAMES_SOMEBODY = frozenset(("actor", "account"))
"""Types of arguments that name an actor."""


@dataclass(frozen=True)
class Vocabulary:
    """What an engine with one deployment can say.

    ``markets`` and ``collaterals`` are in the order of their numbers; collateral 0 is what amounts without a token are
    paid in. ``collaterals`` and ``sources`` are (name, decimals). ``modes`` is (word, phrase for people) in the order
    of the mode's number. ``words`` are, by type of argument, all that one can be. ``bundle_callers`` can put several
    actions into one transaction. ``ranges`` gives the least and the largest number that each argument of a kind can
    hold on a chain.
    """

    kinds: Mapping[str, Kind]
    ranges: Mapping[str, tuple[tuple[int, int], ...]]
    actors: tuple[str, ...]
    callers: tuple[str, ...]
    """The actors that call: not what is called alone."""
    accounts: tuple[str, ...]
    """The actors that have an account."""
    bundle_callers: tuple[str, ...]
    markets: tuple[str, ...]
    collaterals: tuple[tuple[str, int], ...]
    sources: tuple[tuple[str, int], ...]
    roles: tuple[str, ...]
    modes: tuple[tuple[str, str], ...]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def loan_kind(self) -> str:
        """A kind whose arguments are those of a loan: so many units of a collateral."""
        return next(name for name, kind in self.kinds.items() if [p.type for p in kind.parameters] == _LOAN_TYPES)

    def units_of(self, kind: str, arguments: Mapping[str, Any]) -> tuple[str, int] | None:
        """The token that an action's ``units`` count, and its decimals; None if it is not listed.

        That is the action's collateral, or the settlement token where it names none.
        """
        number = next((arguments[p.name] for p in self.kinds[kind].parameters if p.type == "collateral"), 0)
        return self.collaterals[number] if 0 <= number < len(self.collaterals) else None

    def answer_decimals(self, kind: str, arguments: Mapping[str, Any]) -> int:
        """Decimals of the source that an action's answers belong to."""
        source = next(arguments[p.name] for p in self.kinds[kind].parameters if p.type in ("source", "source_or_none"))
        return dict(self.sources).get(source, 0)

    def named(self, kind: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
        """An action's arguments by name."""
        return {p.name: value for p, value in zip(self.kinds[kind].parameters, arguments, strict=True)}

    def market_name(self, number: int) -> str:
        """A market's name, or its number where no listed name says it."""
        return _name(self.markets, number)

    def collateral_name(self, number: int) -> str:
        """A collateral's name, or its number where no listed name says it."""
        return _name(tuple(name for name, _ in self.collaterals), number)

    def write(self, kind: str, arguments: tuple[Any, ...]) -> dict[str, str]:
        """An action's arguments as a case writes them."""
        named = self.named(kind, arguments)
        return {p.name: self._write(kind, p.type, named[p.name], named) for p in self.kinds[kind].parameters}

    def _write(self, kind: str, argument_type: str, value: Any, named: Mapping[str, Any]) -> str:
        if argument_type in WAD_TYPES:
            return decimal_text(value, WAD_DECIMALS)
        if argument_type == "units":
            token = self.units_of(kind, named)
            return f"{value} units" if token is None else decimal_text(value, token[1])
        if argument_type == "answer":
            return decimal_text(value, self.answer_decimals(kind, named))
        if argument_type == "market":
            return self.market_name(value)
        if argument_type == "collateral":
            return self.collateral_name(value)
        if argument_type == "age_s":
            return NEVER if value is None else str(value)
        if argument_type == "flag":
            return "true" if value else "false"
        if argument_type == "mode" and 0 <= value < len(self.modes):
            return self.modes[int(value)][0]
        return str(value)

    def read(self, kind: str, fields: Mapping[str, Field]) -> tuple[Any, ...]:
        """The inverse of ``write``. ``fields`` has every argument. Raises ``UserError`` naming file, line and field."""
        parameters = self.kinds[kind].parameters
        ranges = dict(zip((p.name for p in parameters), self.ranges[kind], strict=True))
        named: dict[str, Any] = {}
        # What units and answers count depends on the collateral or source beside them.
        for parameter in sorted(parameters, key=lambda p: p.type in ("units", "answer")):
            value = self._read(kind, parameter.type, fields[parameter.name], named)
            if type(value) is int:
                _require_in_range(fields[parameter.name], value, *ranges[parameter.name])
            named[parameter.name] = value
        return tuple(named[p.name] for p in parameters)

    def _read(self, kind: str, argument_type: str, field: Field, named: Mapping[str, Any]) -> Any:
        if argument_type in WAD_TYPES:
            return field.scaled(WAD_DECIMALS, None)
        if argument_type == "units":
            return self._read_units(kind, field, named)
        if argument_type == "answer":
            return field.scaled(self.answer_decimals(kind, named), None)
        if argument_type == "market":
            return _number(field, "market", self.markets)
        if argument_type == "collateral":
            return _number(field, "collateral", tuple(name for name, _ in self.collaterals))
        if argument_type == "age_s":
            return None if field.text() == NEVER else field.integer()
        if argument_type == "flag":
            return field.boolean()
        if argument_type == "mode":
            words = tuple(word for word, _ in self.modes)
            text = field.text()
            return field.integer() if _INTEGER.fullmatch(text) else words.index(field.choice(words))
        if argument_type == "actor":
            return field.choice(self.actors)
        if argument_type == "account":
            return field.choice(self.accounts)
        if argument_type == "role":
            return field.choice(self.roles)
        if argument_type in ("source", "source_or_none"):
            names = tuple(name for name, _ in self.sources)
            return field.choice((*names, NO_SOURCE) if argument_type == "source_or_none" else names)
        if argument_type in self.words:
            return field.choice(self.words[argument_type])
        return field.integer()

    def _read_units(self, kind: str, field: Field, named: Mapping[str, Any]) -> int:
        whole = _UNITS.fullmatch(field.text())
        if whole:
            return int(whole[1].replace("_", ""))
        token = self.units_of(kind, named)
        if token is None:
            raise field.fail(f"'{field.text()}' should be like '7 units': a token that is not listed has no decimals")
        return field.scaled(token[1], None)


def _name(names: tuple[str, ...], number: int) -> str:
    if not 0 <= number < len(names):
        return str(number)
    name = names[number]
    says_it = name != "" and names.count(name) == 1 and not _INTEGER.fullmatch(name)
    return name if says_it else str(number)


def _number(field: Field, noun: str, names: tuple[str, ...]) -> int:
    text = field.text()
    if _INTEGER.fullmatch(text):
        return field.integer()
    if names.count(text) > 1:
        raise field.fail(f"more than one {noun} is named '{text}': give its number, from 0")
    if text not in names:
        raise field.fail(f"'{text}' is no {noun}; known are {', '.join(names)} (or a number, from 0)")
    return names.index(text)


def _require_in_range(field: Field, value: int, least: int, most: int) -> None:
    if value < least == 0:
        raise field.fail(f"{field.text()} is negative, and should not be")
    if value < least:
        raise field.fail(f"{field.text()} is below what the call can carry")
    if value > most:
        raise field.fail(f"{field.text()} is above what the call can carry")
