"""Which engines there are, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from underwater.document import Field, read
from underwater.engine.artifacts import PROJECT
from underwater.engine.bundled.deployment import Deployment, read_deployment, write_deployment
from underwater.engine.bundled.vocabulary import vocabulary
from underwater.engine.vocabulary import Vocabulary
from underwater.errors import UserError

DEFAULT_PARAMETERS = PROJECT / "parameters" / "default.yaml"
"""The deployment that is meant where a case names none."""


@dataclass(frozen=True)
class EngineFiles:
    """What an engine brings so that its cases can be written and read. A deployment is of the engine's own type."""

    read_deployment: Callable[[Field], Any]
    write_deployment: Callable[[Any], str]
    default_deployment: Callable[[], Any]
    vocabulary: Callable[[Any], Vocabulary]


@cache
def _bundled_default() -> Deployment:
    return read_deployment(read(DEFAULT_PARAMETERS))


def _read_bundled(given: Field) -> Deployment:
    deployment = read_deployment(given)
    attached = deployment.token_addresses or deployment.role_addresses
    if attached or any(source.address is not None for source in deployment.sources.values()):
        raise given.fail("a case deploys test doubles: it cannot have addresses")
    return deployment


ENGINES: dict[str, EngineFiles] = {
    "bundled": EngineFiles(_read_bundled, write_deployment, _bundled_default, vocabulary),
}


def engine_files(name: str) -> EngineFiles:
    """The engine of that name. Raises ``UserError`` listing the known ones."""
    if name not in ENGINES:
        raise UserError(f"unknown engine '{name}'; known are {', '.join(ENGINES)}")
    return ENGINES[name]
