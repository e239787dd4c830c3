"""The bundled engine as the hunt knows it."""

from __future__ import annotations

from functools import cache

from underwater.actions import Transaction
from underwater.document import Field, read
from underwater.engine import Engine
from underwater.engine.artifacts import PROJECT, Artifacts
from underwater.engine.bundled.actors import CAST
from underwater.engine.bundled.deployment import FAR_FUTURE_S, Deployment, read_deployment, write_deployment
from underwater.engine.bundled.draw import draw_deployment
from underwater.engine.bundled.instance import Instance
from underwater.engine.bundled.kinds import KINDS
from underwater.engine.bundled.nearer import nearer
from underwater.engine.bundled.plan import plan_actors, plan_deployment
from underwater.engine.bundled.translate import translated
from underwater.engine.bundled.vocabulary import vocabulary
from underwater.engine.faults import artifacts_of

DEFAULT_PARAMETERS = PROJECT / "parameters" / "default.yaml"
"""The deployment that is meant where a case names none."""


@cache
def default_deployment() -> Deployment:
    """The parameter file's deployment."""
    return read_deployment(read(DEFAULT_PARAMETERS))


def read_case_deployment(given: Field) -> Deployment:
    """A deployment of test doubles from a case. Raises ``UserError`` where it names addresses."""
    deployment = read_deployment(given)
    attached = deployment.token_addresses or deployment.role_addresses
    if attached or any(source.address is not None for source in deployment.sources.values()):
        raise given.fail("a case deploys test doubles: it cannot have addresses")
    return deployment


def deploy(deployment: Deployment, artifacts: Artifacts) -> tuple[tuple[Transaction, ...], Instance]:
    """Every transaction of a deployment with its actors, and the instance that it makes."""
    engine_part, addresses = plan_deployment(deployment, artifacts)
    actors_part = plan_actors(deployment, artifacts, addresses, nonce=len(engine_part))
    return engine_part + actors_part, Instance(deployment, artifacts, addresses)


BUNDLED = Engine(
    name="bundled",
    cast=CAST,
    kinds=KINDS,
    begin_s=FAR_FUTURE_S,
    default_deployment=default_deployment,
    read_deployment=read_case_deployment,
    write_deployment=write_deployment,
    draw_deployment=draw_deployment,
    vocabulary=vocabulary,
    deploy=deploy,
    artifacts=artifacts_of,
    translated=translated,
    nearer=nearer,
)
