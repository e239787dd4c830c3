"""Views of stops, limits and pools of engines that answer them wrongly, or about what is not listed."""

from __future__ import annotations

from collections.abc import Callable

from tests.checks.probes import ReferenceProbe, answering
from tests.checks.support import opened
from underwater.checks import check_named


def _more(told: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(word + 1 for word in told)


def _of_any(view: str) -> ReferenceProbe:
    """An engine that answers one view about any number, in the first stream in which that is asked."""
    engine, judge = answering(view, lambda told: told or (0,)), check_named("MODEL-05").probe
    assert judge is not None
    return engine(opened(), next(stream for stream in range(400) if judge(engine(opened(), stream)) is not True))


WRONG_VIEWS: list[tuple[str, str, Callable[[], ReferenceProbe]]] = [
    *(
        ("MODEL-05", f"another {view}", lambda view=view: answering(view, _more)(opened()))
        for view in ("trading status", "breaker", "open interest", "outflow available", "last pause")
    ),
    ("MODEL-05", "no view of a pool", lambda: answering("pool", lambda _: None)(opened())),
    *(
        ("MODEL-05", f"a {view} that is not listed", lambda view=view: _of_any(view))
        for view in ("breaker", "outflow limit", "collateral")
    ),
]
