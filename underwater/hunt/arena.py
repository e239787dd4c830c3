"""A deployed engine ready to be driven: built once, returned to its first state as often as wanted."""

from __future__ import annotations

from reference.state import State
from underwater.actions import Refusal
from underwater.chain.clone import NotDeployed, run_plan
from underwater.chain.revm import RevmChain
from underwater.choices import SeededChoices
from underwater.engine import Deployment, Engine
from underwater.engine.artifacts import Artifacts
from underwater.errors import EnvironmentFailure


class Arena:
    """An engine on a revm chain, and the state that the reference starts from."""

    def __init__(self, engine: Engine, deployment: Deployment, artifacts: Artifacts) -> None:
        self.engine = engine
        self.deployment = deployment
        plan, self.instance = engine.deploy(deployment, artifacts)
        self.chain = RevmChain(engine.begin_s - 1)
        self.refusal: Refusal | None = None
        """Where the contracts refuse the deployment, if they do: there is nothing to drive then."""
        try:
            run_plan(self.chain, plan, engine.begin_s, self.instance.endowed)
        except NotDeployed as refused:
            self.refusal = refused.refusal(self.instance.outcome_of)
        self.start: State = self.instance.initial_state(self.chain.time_s)
        self._first = self.chain.snapshot()

    def reset(self) -> None:
        """Back to right after the deployment. Raises ``EnvironmentFailure`` if there was none."""
        if self.refusal is not None:
            raise EnvironmentFailure(f"cannot be deployed: {self.refusal.words}")
        self.chain.restore(self._first)


def deployment_number(engine: Engine, seed: int, number: int) -> Deployment:
    """The campaign's deployments: number 0 is the parameter file, all others are drawn."""
    if number == 0:
        return engine.default_deployment()
    return engine.draw_deployment(SeededChoices(seed, "deployment", number))
