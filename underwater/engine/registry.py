"""Which engines there are, by name."""

from __future__ import annotations

from underwater.engine import Engine
from underwater.engine.bundled.engine import BUNDLED
from underwater.errors import unknown

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (BUNDLED,)}


def engine_named(name: str) -> Engine:
    """The engine of that name. Raises ``UserError`` listing the known ones."""
    if name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    return ENGINES[name]
