"""A deployed engine ready to be driven: built once, returned to its first state as often as wanted."""

from __future__ import annotations

from reference.state import State
from underwater.actions import Transaction
from underwater.chain.clone import run_plan
from underwater.chain.revm import RevmChain
from underwater.choices import SeededChoices
from underwater.engine.artifacts import Artifacts
from underwater.engine.bundled.deployment import FAR_FUTURE_S, Deployment
from underwater.engine.bundled.draw import draw_deployment
from underwater.engine.bundled.instance import Instance
from underwater.engine.bundled.plan import plan_actors, plan_deployment
from underwater.engine.registry import engine_files


def plan_whole(deployment: Deployment, artifacts: Artifacts) -> tuple[tuple[Transaction, ...], Instance]:
    """Every transaction of a deployment with its actors, and the instance that it makes."""
    engine_part, addresses = plan_deployment(deployment, artifacts)
    actors_part = plan_actors(deployment, artifacts, addresses, nonce=len(engine_part))
    return engine_part + actors_part, Instance(deployment, artifacts, addresses)


class Arena:
    """An engine on a revm chain, and the state that the reference starts from."""

    def __init__(self, deployment: Deployment, artifacts: Artifacts) -> None:
        self.deployment = deployment
        plan, self.instance = plan_whole(deployment, artifacts)
        self.chain = RevmChain(FAR_FUTURE_S - 1)
        run_plan(self.chain, plan, FAR_FUTURE_S)
        self.start: State = self.instance.initial_state(self.chain.time_s)
        self._first = self.chain.snapshot()

    def reset(self) -> None:
        """Back to right after the deployment."""
        self.chain.restore(self._first)


def deployment_number(engine: str, seed: int, number: int) -> Deployment:
    """The campaign's deployments: number 0 is the parameter file, all others are drawn."""
    if number == 0:
        deployment: Deployment = engine_files(engine).default_deployment()
        return deployment
    return draw_deployment(SeededChoices(seed, "deployment", number))
