"""Engines that answer views of stops, limits and pools wrongly or about what is not listed, and that list what they should not."""

from __future__ import annotations

from collections.abc import Callable

from tests.checks.probes import ReferenceProbe, answering, listing, setting
from tests.checks.support import opened
from underwater.actions import Outcome
from underwater.checks import check_named


def _more(told: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(word + 1 for word in told)


def _in_a_stream(check_id: str, engine: type[ReferenceProbe]) -> ReferenceProbe:
    """An engine in the first stream in which a check has something to say of it."""
    judge = check_named(check_id).probe
    assert judge is not None
    return engine(opened(), next(stream for stream in range(400) if isinstance(judge(engine(opened(), stream)), str)))


def _of_any(view: str) -> ReferenceProbe:
    """An engine that answers one view about any number."""
    return _in_a_stream("MODEL-05", answering(view, lambda told: told or (0,)))


WRONG_ANSWERS: list[tuple[str, str, Callable[[], ReferenceProbe]]] = [
    *(
        ("MODEL-05", f"another {view}", lambda view=view: answering(view, _more)(opened()))
        for view in ("trading status", "breaker", "open interest", "outflow available", "last pause")
    ),
    ("ACCESS-06", "anything is listed", lambda: _in_a_stream("ACCESS-06", listing(lambda _: Outcome(None, (), ())))),
    (
        "ACCESS-06",
        "nothing is listed",
        lambda: _in_a_stream("ACCESS-06", listing(lambda _: Outcome("UnsafeParameter", ("feed",), ()))),
    ),
    ("ACCESS-06", "anything is set", lambda: _in_a_stream("ACCESS-06", setting(lambda _: Outcome(None, (), ())))),
    (
        "ACCESS-06",
        "nothing is set",
        lambda: _in_a_stream("ACCESS-06", setting(lambda _: Outcome("UnsafeParameter", ("feed",), ()))),
    ),
    ("MODEL-05", "no view of a pool", lambda: answering("pool", lambda _: None)(opened())),
    *(
        ("MODEL-05", f"a {view} that is not listed", lambda view=view: _of_any(view))
        for view in ("breaker", "outflow limit", "collateral")
    ),
]
