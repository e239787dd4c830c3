"""One sequence: a drawn temper and weather, run until its length or a violation."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reference.machine import apply
from reference.prices import prices
from reference.state import State
from underwater.actions import Act, Action, Block, Bundle, Refusal
from underwater.chain.revm import RevmChain
from underwater.checks import Roster, Step, Violation
from underwater.choices import Choices, SeededChoices
from underwater.engine import Instance
from underwater.generate.attacks import Attacks
from underwater.generate.orders import OrderWays
from underwater.generate.perpetuals import Participants
from underwater.generate.tempers import TEMPERS
from underwater.generate.transfers import draw_meanwhile, draw_transfer
from underwater.hunt.probe import probing
from underwater.hunt.runner import Runner
from underwater.nemesis.world import WEATHERS, TruePath, World

STEPS_TOGETHER = 100
"""Steps, on average, that are drawn on the reference's word before the chain runs them together, if the sequence is that long.

Probes are tried after them.
"""
PROBES_TOGETHER = 3
"""Probes that are tried between two such stretches."""
PROBE_STREAMS = 32
"""A probe's own draws come from one of so many streams, so that a replay can try them all."""
MOST_ACTS_IN_A_BLOCK = 3

ATTACKS_PERCENT = 2
"""Of the blocks, those that begin with an attack."""

ORDERS_PERCENT = 7
"""Of the blocks, those before which an order goes its way."""

PROBE = "probe"
DEPLOYMENT = "deployment"

Novelty = tuple[Any, ...]


Cause = tuple[str, str, str, str]
"""What failures of one cause share: the check that names it best, the action after which it does not hold, and both outcomes.

What came before a probe is not what it failed on: the action is then ``PROBE``, and there are no outcomes. Where a deployment is refused
nothing came before, and in the place of the action stands ``DEPLOYMENT``.
"""


def cause_of(violation: Violation, step: Step | None) -> Cause:
    """The cause of a violation at a step, or of a probe's (None)."""
    if step is None:
        return violation.check, PROBE, "", ""
    return violation.check, step.kind, step.expected.error or "done", step.outcome.error or "done"


def cause_of_refusal(violation: Violation, refusal: Refusal) -> Cause:
    """The cause of a violation by a deployment that was refused. The error is told whole: it names the rule, where an action did not."""
    return violation.check, DEPLOYMENT, "done", refusal.error


class Find(NamedTuple):
    """A violation as it was met: the history up to it, and what did not hold."""

    blocks: tuple[Block, ...]
    violations: tuple[Violation, ...]
    cause: Cause
    refused: tuple[int, ...]
    """Numbers of the acts that were refused."""

    @property
    def kind(self) -> str:
        """The action after which a check did not hold, ``PROBE``, or ``DEPLOYMENT``."""
        return self.cause[1]


@dataclass
class Ran:
    """What came of a sequence."""

    steps: int
    digest: bytes
    counts: dict[str, list[int]]
    errors: dict[str, int]
    novel: list[tuple[Novelty, int]] = field(default_factory=list)
    """States never met before in this sequence, each with the number of blocks that led to it."""
    find: Find | None = None
    blocks: tuple[Block, ...] = ()


def not_begun(refusal: Refusal, violations: Sequence[Violation]) -> Ran:
    """What comes of a sequence on a deployment that is refused: no step, and a find if a check speaks of it."""
    digest = hashlib.blake2b(repr(refusal).encode(), digest_size=16).digest()
    find = Find((), tuple(violations), cause_of_refusal(violations[0], refusal), ()) if violations else None
    return Ran(0, digest, {}, {}, find=find)


def run_sequence(
    chain: RevmChain,
    instance: Instance,
    roster: Roster,
    start: State,
    choices: Choices,
    path: TruePath,
    length: int,
    *,
    prefix: Sequence[Block] = (),
) -> Ran:
    """Run ``length`` steps, beginning with ``prefix`` (a kept sequence's blocks). The chain must stand right after its deployment."""
    runner = Runner(chain, instance, roster, start)
    world = World(choices, choices.pick(WEATHERS), path, instance.cast.publisher, instance.cast.accounts, start)
    participants = Participants(choices, instance.cast, choices.pick(TEMPERS))
    # Of their own, so that the history is the same whichever checks are enabled.
    own_seed = choices.integer(0, (1 << 63) - 1)
    probe_choices, stretch_choices = SeededChoices(own_seed, "probes"), SeededChoices(own_seed, "stretches")
    seen: set[Novelty] = set()
    ran = Ran(0, b"", runner.counts, runner.errors)

    def settle() -> bool:
        """Run what is planned. Whether every check held."""
        for violations in runner.run_planned():
            assert runner.last is not None
            if violations:
                ran.find = _find(runner, violations, runner.last)
                return False
            key = _novelty(runner.last)
            if key not in seen:
                seen.add(key)
                ran.novel.append((key, len(runner.blocks)))
        return True

    def probe() -> bool:
        """Try probes. Whether they held."""
        for _ in range(PROBES_TOGETHER if roster.probes else 0):
            violations = _probe(runner, roster, probe_choices)
            if violations:
                ran.find = _find(runner, violations, None)
                return False
        return True

    plans = _plans(runner, world, participants, choices, prefix)
    going = True
    while going and runner.steps < length:
        goal = min(length, runner.steps + stretch_choices.integer(1, 2 * STEPS_TOGETHER - 1))
        while going and runner.steps < goal:
            for _ in range(1 if runner.has_diverged else goal - runner.steps):
                next(plans)
            going = settle()
        going = going and probe()
    runner.end_block()
    ran.steps = runner.steps
    ran.digest = runner.digest.digest()
    ran.blocks = runner.history()
    return ran


def _find(runner: Runner, violations: list[Violation], step: Step | None) -> Find:
    return Find(runner.history(), tuple(violations), cause_of(violations[0], step), tuple(runner.refused))


def _plans(
    runner: Runner, world: World, participants: Participants, choices: Choices, prefix: Sequence[Block]
) -> Iterator[None]:
    """Plans act after act, without end: the prefix or else a prelude, then what is drawn. Gives way after each act."""
    opening = _again(world, prefix) if prefix else _prelude(runner, choices)
    for after_s, act in opening:
        if after_s is not None:
            runner.plan_block(after_s)
        runner.plan(act)
        yield
    attacks = Attacks(choices, runner.instance.cast, participants)
    orders = OrderWays(choices, runner.instance.cast, participants.temper, world)
    while True:
        if choices.chance(ORDERS_PERCENT):
            for act_or_s in orders.draw(lambda: runner.state):
                if isinstance(act_or_s, int):
                    runner.plan_block(act_or_s)
                else:
                    runner.plan(act_or_s)
                    yield
        runner.plan_block(world.pause_s(runner.state))
        if choices.chance(ATTACKS_PERCENT):
            for act in attacks.draw(lambda: runner.state, world.draw):
                runner.plan(act)
                yield
        for _ in range(MOST_ACTS_IN_A_BLOCK if choices.chance(8) else 1):
            runner.plan(_draw(runner.state, world, participants, choices))
            yield


def _draw(state: State, world: World, participants: Participants, choices: Choices) -> Act:
    broken = prices(state).broken
    if broken is not None and choices.chance(40):
        return world.mend(state, broken)
    unruly = next((number for number, token in enumerate(state.tokens) if not token.is_plain), None)
    if unruly is not None and choices.chance(35):
        if choices.chance(30):
            return world.mend_token(state, unruly)
        return draw_transfer(choices, participants.cast, state, unruly)
    if choices.chance(world.weather.world_percent):
        return world.draw(state)
    if choices.chance(4):
        return _draw_bundle(state, participants, choices)
    return participants.draw(state)


def _draw_bundle(state: State, participants: Participants, choices: Choices) -> Bundle:
    actions: list[Action] = []
    for _ in range(choices.integer(2, 4)):
        action = participants.draw_for_attacker(state)
        after, outcome = apply(state, action.kind, action.caller, action.arguments)
        if outcome.error is not None and choices.chance(85):
            continue
        state = after
        actions.append(action)
    during: tuple[Action, ...] = ()
    calling = [number for number, token in enumerate(state.tokens) if token.calls_back]
    if calling and choices.chance(50):
        during = draw_meanwhile(participants, state, choices.pick(calling))
    parts = tuple(actions) or (participants.draw_for_attacker(state),)
    return Bundle(participants.cast.attacker, parts[:1] if during and choices.chance(50) else parts, during)


def _prelude(runner: Runner, choices: Choices) -> Iterator[tuple[int | None, Act]]:
    """Most accounts begin with some collateral, so that a sequence does not spend itself on deposits."""
    state, cast = runner.state, runner.instance.cast
    for name in cast.accounts:
        for collateral in range(len(state.parameters.collaterals)):
            rich = name in (cast.maker, cast.liquidator) and collateral == 0
            if not rich and not choices.chance(40):
                continue
            wallet = state.wallets[name][collateral]
            units = wallet // 5 if rich else wallet * choices.integer(1, 100) // choices.pick((300, 2_000, 20_000))
            yield 1, Action("deposit", name, (name, collateral, units))


def _again(world: World, prefix: Sequence[Block]) -> Iterator[tuple[int | None, Act]]:
    """A kept sequence's blocks, followed by the world's idea of true prices. (seconds before a new block or None, act)."""
    for block in prefix:
        after_s: int | None = block.after_s
        for act in block.acts:
            if isinstance(act, Action) and act.kind == "publish" and isinstance(act.arguments[1], int):
                world.truth[act.arguments[0]] = max(1, act.arguments[1])
            yield after_s, act
            after_s = None


def _probe(runner: Runner, roster: Roster, choices: Choices) -> list[Violation]:
    check = roster.probes[choices.weighted(roster.probe_weights)]
    stream = choices.integer(0, PROBE_STREAMS - 1)
    with probing(runner.observer, runner.state, SeededChoices(stream, check.id)) as probe:
        return roster.try_probe(check, probe)


_BANDS = (0, 50, 100, 101, 110, 150, 200, 300, 1_000)


def _novelty(step: Step) -> Novelty:
    """What kind of moment this was: who is how near to liquidation, what was tried and what came of it."""
    band = -1
    for name in step.participants:
        health = step.healths.get(name)
        if health is None or health.status != 0:
            band = 99
            break
        equity, _, maintenance = health.risk
        if maintenance:
            percent = equity * 100 // maintenance
            place = bisect_right(_BANDS, percent)
            band = place if band < 0 else min(band, place)
        elif equity < 0:
            band = 98
    outcome = step.outcome
    positions = sum(1 for name in step.participants[:2] for size in step.after.accounts[name].sizes_wad if size)
    return (
        step.kind,
        outcome.error or tuple([event[0] for event in outcome.events]),
        band,
        min(positions, 3),
        step.after.bad_debt_wad > 0,
    )
