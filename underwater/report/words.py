"""Actions, numbers and outcomes in words for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from reference.prices import DEVIATING
from underwater.actions import Act, Action, Bundle, Outcome
from underwater.document import decimal_text
from underwater.engine.vocabulary import NAMES_SOMEBODY, WAD_DECIMALS, Kind, Vocabulary

SHORT_DIGITS = 10
"""Significant digits up to which a number is shown exactly."""
SHOWN_DIGITS = 7
"""Significant digits of a number that is too long to be shown exactly."""
MOST_WHOLE_DIGITS = 15
"""Digits before the point from which on a number is shown as a power of ten."""
SMALL_UNITS = 1_000_000
"""Fewer token units than this are counted in units where their decimal is long."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_OWNER = re.compile(r" (?:for|from) \{(\w+)\}$")
_AGE = ", {age_s} old"


def exact_text(value: int, decimals: int) -> str:
    """An integer of 10^-decimals with every digit, its thousands grouped."""
    whole, point, fraction = decimal_text(abs(value), decimals).partition(".")
    return f"{'-' if value < 0 else ''}{int(whole):,}{point}{fraction}"


def number_text(value: int, decimals: int) -> str:
    """An integer of 10^-decimals for people: exact where that is short, else rounded, with a tilde before it."""
    if value < 0:
        text = number_text(-value, decimals)
        return f"~-{text[1:]}" if text.startswith("~") else f"-{text}"
    if value == 0:
        return "0"
    digits = str(value).rstrip("0")
    length = len(str(value))
    if len(digits) <= SHORT_DIGITS and length - decimals <= MOST_WHOLE_DIGITS and decimals - length < SHORT_DIGITS:
        return exact_text(value, decimals)
    if length - decimals > MOST_WHOLE_DIGITS or decimals - length >= SHORT_DIGITS:
        mantissa, exponent = _rounded(value, length - 3)
        digits = str(mantissa)
        power = exponent + len(digits) - 1 - decimals
        fraction = digits[1:].rstrip("0")
        exactly = mantissa * 10 ** max(0, exponent) == value
        return f"{'' if exactly else '~'}{digits[0]}{'.' if fraction else ''}{fraction}e{power}"
    # At least all digits before the point, and two after it.
    dropped = min(length - SHOWN_DIGITS, decimals - 2)
    mantissa, exponent = _rounded(value, dropped)
    return "~" + exact_text(mantissa * 10**exponent, decimals)


def _rounded(value: int, dropped: int) -> tuple[int, int]:
    """The value without its last digits, rounded half up, and how many are gone."""
    dropped = max(0, dropped)
    return (value + 10**dropped // 2) // 10**dropped, dropped


def pair_text(expected: int, observed: int, decimals: int) -> tuple[str, str]:
    """Two numbers side by side: shortened only where they are the same or the difference still shows."""
    short = number_text(expected, decimals), number_text(observed, decimals)
    if expected == observed or short[0] != short[1]:
        return short
    return exact_text(expected, decimals), exact_text(observed, decimals)


def duration_text(seconds: int) -> str:
    """Seconds as days, hours, minutes and seconds, exactly: ``1 h 30 s``."""
    if seconds < 0:
        return f"-{duration_text(-seconds)}"
    parts = []
    for unit, length_s in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, length_s)
        if count:
            parts.append(f"{count:,} {unit}")
    return " ".join(parts) or "0 s"


def margin_ratio_text(equity_wad: int, maintenance_wad: int) -> str:
    """Equity over maintenance margin, rounded down, so that 1.000 is never shown for an account below it.

    ``none`` where nothing is required, ``negative`` where equity is below zero.
    """
    if equity_wad < 0:
        return "negative"
    if maintenance_wad == 0:
        return "none"
    thousandths = equity_wad * 1000 // maintenance_wad
    if thousandths >= 100_000:
        return number_text(thousandths // 1000, 0)
    return f"{thousandths // 1000}.{thousandths % 1000:03d}"


def _spoken(vocabulary: Vocabulary, kind: Kind, argument_type: str, value: Any, named: Mapping[str, Any]) -> str:
    if argument_type == "units":
        token = vocabulary.units_of(kind.name, named)
        if token is None:
            collateral = next(named[p.name] for p in kind.parameters if p.type == "collateral")
            return f"{_count(value, 'unit')} of collateral {number_text(collateral, 0)}"
        name, decimals = token
        if 0 < value < SMALL_UNITS and len(decimal_text(value, decimals)) >= SHORT_DIGITS:
            return f"{_count(value, 'unit')} of {name}"
        return f"{number_text(value, decimals)} {name}"
    if argument_type == "rate":
        return f"{number_text(value, WAD_DECIMALS - 2)} %"
    if argument_type in ("size", "price", "amount"):
        return number_text(value, WAD_DECIMALS)
    if argument_type == "ether":
        if 0 < value < SMALL_UNITS:
            return f"{number_text(value, 0)} wei"
        return f"{number_text(value, WAD_DECIMALS)} ether"
    if argument_type == "answer":
        return number_text(value, vocabulary.answer_decimals(kind.name, named))
    if argument_type in ("market", "collateral"):
        name = vocabulary.market_name(value) if argument_type == "market" else vocabulary.collateral_name(value)
        return name if name != str(value) else f"{argument_type} {number_text(value, 0)}"
    if argument_type == "age_s":
        return duration_text(value)
    if argument_type == "flag":
        return "yes" if value else "no"
    if argument_type == "mode":
        return vocabulary.modes[value][1] if 0 <= value < len(vocabulary.modes) else f"does as in mode {value}"
    return number_text(value, 0) if isinstance(value, int) else str(value)


def _count(number: int, noun: str) -> str:
    return f"{number_text(number, 0)} {noun}{'' if number == 1 else 's'}"


def _sentence(action: Action, vocabulary: Vocabulary) -> tuple[str, str | None]:
    """An action in words, and who its words begin with (None: the caller goes before them)."""
    kind = vocabulary.kinds[action.kind]
    types = {p.name: p.type for p in kind.parameters}
    named = vocabulary.named(action.kind, action.arguments)
    template = kind.says
    leading = _PLACEHOLDER.match(template)
    subject = named[leading[1]] if leading else action.caller
    owner = _OWNER.search(template)
    if owner and not leading and types[owner[1]] in NAMES_SOMEBODY and named[owner[1]] == subject:
        template = template[: owner.start()]
    age_s = next((named[name] for name, argument_type in types.items() if argument_type == "age_s"), 0)
    if age_s is None:
        template = template.replace(_AGE, ", dated 0")
    elif age_s <= 0:
        template = template.replace(_AGE, f", dated {duration_text(-age_s)} ahead" if age_s else "")

    def speak(match: re.Match[str]) -> str:
        name = match[1]
        if types[name] in NAMES_SOMEBODY and named[name] == subject and match.start() > 0:
            return "itself"
        return _spoken(vocabulary, kind, types[name], named[name], named)

    return _PLACEHOLDER.sub(speak, template), subject if leading else None


def predicate(act: Act, vocabulary: Vocabulary) -> str:
    """An act in words for where its caller is named beside it: ``withdraws 1.5 WETH``."""
    if isinstance(act, Bundle):
        told = "in one transaction: " + "; ".join(predicate(action, vocabulary) for action in act.actions)
        if act.loan is not None:
            kind = vocabulary.kinds[vocabulary.loan_kind]
            units = _spoken(vocabulary, kind, "units", act.loan.units, vocabulary.named(kind.name, act.loan))
            told = f"on a loan of {units}, {told}"
        if act.during:
            tried = "; ".join(predicate(action, vocabulary) for action in act.during)
            told = f"{told}; and whenever a token calls: {tried}"
        return told
    return _sentence(act, vocabulary)[0]


def phrase(act: Act, vocabulary: Vocabulary) -> str:
    """An act as a sentence of its own: ``trader-1 withdraws 1.5 WETH``."""
    if isinstance(act, Bundle):
        return f"{act.caller}, {predicate(act, vocabulary)}"
    words, subject = _sentence(act, vocabulary)
    if subject is None:
        return f"{act.caller} {words}"
    speaks_for_itself = subject == act.caller or subject not in vocabulary.actors
    return words if speaks_for_itself else f"{words} (by {act.caller})"


def asked_text(
    view: str, about: tuple[Any, ...], answer: tuple[int, ...] | None, vocabulary: Vocabulary
) -> tuple[str, str, str]:
    """A question to an engine's views: what is asked, what is expected (nobody said), and the answer."""
    question, words = _ASKED[view](about, vocabulary)
    return question, "", "no answer" if answer is None else words(answer)


Answered = Callable[[tuple[int, ...]], str]


def _wads(*names: str) -> Answered:
    return lambda answer: ", ".join(
        f"{name} {number_text(wad, WAD_DECIMALS)}" for name, wad in zip(names, answer, strict=True)
    )


def _asked_requirements(about: tuple[Any, ...], vocabulary: Vocabulary) -> tuple[str, Answered]:
    market, size_wad, price_wad = about
    size, price = number_text(size_wad, WAD_DECIMALS), number_text(price_wad, WAD_DECIMALS)
    question = f"asks what {size} {vocabulary.market_name(market)} require at {price}"
    return question, _wads("initial", "maintenance")


def _asked_liquidation_price(about: tuple[Any, ...], vocabulary: Vocabulary) -> tuple[str, Answered]:
    name, market = about
    question = f"asks at what price of {vocabulary.market_name(market)} {name} can be liquidated"
    return question, lambda answer: _of_status(answer[0], answer[1])


def _asked_funding(about: tuple[Any, ...], vocabulary: Vocabulary) -> tuple[str, Answered]:
    return f"asks for the funding of {vocabulary.market_name(about[0])}", _wads("rate", "premium", "due")


def _asked_mark(about: tuple[Any, ...], vocabulary: Vocabulary) -> tuple[str, Answered]:
    question = f"asks for the mark of {vocabulary.market_name(about[0])}"
    words = _wads("long", "short", "leniently long", "short")
    return (
        question,
        lambda answer: (
            _of_status(answer[0], answer[1]) if answer[0] < DEVIATING else f"{words(answer[1:])} (status {answer[0]})"
        ),
    )


def _asked_prudent_health(about: tuple[Any, ...], _: Vocabulary) -> tuple[str, Answered]:
    words = _wads("equity", "initial margin", "maintenance margin")
    return f"asks how {about[0]} is tested", lambda answer: f"{words(answer[1:])} (status {answer[0]})"


def _asked_view(about: tuple[Any, ...], _: Vocabulary) -> tuple[str, Answered]:
    view, number = about
    return f"asks for the {view} (number {number})", lambda answer: " ".join(map(str, answer))


def _of_status(status: int, price_wad: int) -> str:
    return number_text(price_wad, WAD_DECIMALS) if status == 0 else f"none (status {status})"


_ASKED: dict[str, Callable[[tuple[Any, ...], Vocabulary], tuple[str, Answered]]] = {
    "requirements": _asked_requirements,
    "liquidation price": _asked_liquidation_price,
    "funding": _asked_funding,
    "mark": _asked_mark,
    "prudent health": _asked_prudent_health,
    "answer": _asked_view,
}


def outcome_text(outcome: Outcome) -> str:
    """What came of an act in a few words: ``done``, ``refused: BelowInitialMargin``."""
    return "done" if outcome.error is None else f"refused: {outcome.error}"


def outcomes_text(expected: Outcome, observed: Outcome) -> tuple[str, str]:
    """Two outcomes side by side, with as much of them as it takes to tell them apart."""
    if expected.error != observed.error or expected == observed:
        return outcome_text(expected), outcome_text(observed)
    if expected.error is not None:
        return _with_arguments(expected), _with_arguments(observed)
    for left, right in zip(expected.events, observed.events, strict=False):
        if left != right:
            return f"done: {_event(left)}", f"done: {_event(right)}"
    return f"done, {_count(len(expected.events), 'event')}", f"done, {_count(len(observed.events), 'event')}"


def _with_arguments(outcome: Outcome) -> str:
    return f"refused: {_event((outcome.error, *outcome.error_arguments))}"


def _event(event: tuple[Any, ...]) -> str:
    return f"{event[0]}({', '.join(str(argument) for argument in event[1:])})"
