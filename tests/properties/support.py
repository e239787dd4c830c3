"""A drawn play on a deployed engine: the hunt's generators, with Hypothesis to draw."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis.strategies import DataObject

from underwater.actions import Act, Action
from underwater.checks import Roster, Violation, catalogue
from underwater.engine.bundled.actors import ACCOUNTS, CAST
from underwater.generate.hypothesis_choices import HypothesisChoices
from underwater.generate.perpetuals import Participants
from underwater.generate.tempers import TEMPERS
from underwater.hunt.arena import Arena
from underwater.hunt.runner import Runner
from underwater.nemesis.history import shipped_history
from underwater.nemesis.paths import HistoryPath
from underwater.nemesis.world import WEATHERS, World


def drawn(examples: int) -> settings:
    """Settings of a test over drawn plays: the same plays in every run."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


class Play:
    """One example: it begins right after the deployment, whatever the example before did or broke off."""

    def __init__(self, arena: Arena, data: DataObject, check_ids: tuple[str, ...] | None = None) -> None:
        arena.reset()
        checks = [check for check in catalogue() if check_ids is None or check.id in check_ids]
        self.runner = Runner(arena.chain, arena.instance, Roster(checks), arena.start)
        self.choices = HypothesisChoices(data)
        path = HistoryPath(shipped_history(), self.choices, 16)
        self.world = World(self.choices, self.choices.pick(WEATHERS), path, CAST.publisher, ACCOUNTS, arena.start)
        self.participants = Participants(self.choices, CAST, self.choices.pick(TEMPERS))

    def act(self, act: Act, after_s: int = 12) -> list[Violation]:
        """An act in a block of its own."""
        self.runner.begin_block(after_s)
        return self.runner.act(act)

    def fund(self) -> None:
        """Everybody begins with a tenth of their settlement tokens on the exchange."""
        for name in ACCOUNTS:
            units = self.runner.state.wallets[name][0] // 10
            assert self.act(Action("deposit", name, (name, 0, units))) == []

    def steps(self, most: int) -> list[Violation]:
        """Drawn steps, until a check does not hold."""
        for _ in range(self.choices.integer(0, most)):
            state = self.runner.state
            acts_world = self.choices.chance(15)
            act = self.world.draw(state) if acts_world else self.participants.draw(state)
            violations = self.act(act, self.world.pause_s(state))
            if violations:
                return violations
        return []
