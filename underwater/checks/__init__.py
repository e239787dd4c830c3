"""The catalogue: what must hold of a margin engine, each as an ID, a sentence and a predicate.

A check observes. It gets one step with the states before and after it, as read from the contract, and says whether its sentence was put
to the test and whether it held. Checks that need a counterfactual get a ``Probe``: a snapshot that is reverted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from reference.margin import Health
from reference.parameters import Collateral, Market
from reference.state import Part, State
from underwater.actions import Act, Action, Attempt, Bundle, Cast, Glimpse, Outcome, Refusal, actions_of
from underwater.choices import Choices
from underwater.document import decimal_text
from underwater.errors import unknown

if TYPE_CHECKING:
    from underwater.checks.oracle import RestedOn

Verdict = bool | str
"""False: the sentence's "if" was not met. True: it was, and the sentence held. A text: it did not hold, and why."""


class Step:
    """One step as checks see it. ``before`` is at the step's own time; ``after`` and ``healths`` were read from the contract."""

    __slots__ = (
        "act",
        "action",
        "after",
        "attempts",
        "before",
        "donated_units",
        "events_differ",
        "expected",
        "expected_healths",
        "expected_state",
        "glimpses",
        "healths",
        "kind",
        "outcome",
        "participants",
        "rested_on",
        "slots_differ",
        "thorough",
    )

    thorough: bool
    """Whether dear comparisons are made: at every step of a replay, at some of a hunt's."""
    act: Act
    kind: str
    action: Action | None
    """The act, unless it is a bundle."""
    before: State
    after: State
    expected: Outcome
    expected_state: State
    outcome: Outcome
    events_differ: str
    """What differs between expected and observed events; empty if nothing does."""
    slots_differ: str
    """Raw slots that hold something else than the reference expects; empty if none does."""
    participants: tuple[str, ...]
    """Accounts that the act names, each once."""
    healths: dict[Part, Health | None]
    """Views of accounts and buckets read after the step; None for a view that did not answer."""
    expected_healths: dict[Part, Health]
    """The reference's valuations of the same in ``after``, of what the contract stores."""
    rested_on: RestedOn | None
    """What ORACLE checks have worked out of this step; None before they have."""
    donated_units: tuple[int, ...]
    """Per collateral, what was sent to the engine outside its ledger so far, this step included."""

    attempts: tuple[Attempt, ...]
    """What a bundle tried in the middle of its transfers, each time anew."""
    glimpses: tuple[Glimpse, ...]
    """What views answered there."""

    def __init__(self) -> None:
        self.rested_on = None
        self.attempts, self.glimpses = (), ()


class Probe(Protocol):
    """A counterfactual on a snapshot of the chain. Whatever it does is reverted, and is no part of the history."""

    choices: Choices
    cast: Cast

    @property
    def state(self) -> State:
        """What the contract stores, as of the probe's last action."""

    def do(self, kind: str, caller: str, *arguments: Any) -> Outcome:
        """Try an action; what the contract answers. Updates ``state``."""

    def list_market(self, caller: str, market: Market) -> Outcome:
        """Try to list one market more; what the contract answers. ``state`` stays as it is: nothing may rest on it afterwards."""

    def list_collateral(self, caller: str, collateral: Collateral, token: str) -> Outcome:
        """Try to list one collateral more, by the name of whatever stands for its token. ``state`` stays as it is."""

    def wait(self, seconds: int) -> None:
        """Let time pass: what is done then is done in another block."""

    def branch(self) -> None:
        """What is tried from here on is one way to go on, until ``back`` begins another."""

    def back(self) -> None:
        """Take back what was tried since ``branch``, time included: what is tried from here on is another way."""

    def health(self, part: Part) -> Health | None:
        """The contract's health view of an account or a bucket."""

    def expected_health(self, part: Part) -> Health:
        """The reference's valuation of what the contract stores."""

    def prudent_health(self, part: Part) -> Health | None:
        """The contract's view of an account or a bucket by which its owner is tested."""

    def requirements(self, market: int, size_wad: int, price_wad: int) -> tuple[int, int] | None:
        """The contract's requirement of a position."""

    def liquidation_price(self, name: str, market: int) -> tuple[int, int] | None:
        """The contract's liquidation price of a position."""

    def funding(self, market: int) -> tuple[int, ...] | None:
        """The contract's funding of a market as of now: rate, premium, and what is due on one unit."""

    def mark(self, market: int) -> tuple[int, ...] | None:
        """The contract's mark: status, low, high, and the lenient prices of a long and of a short position."""

    def answer(self, view: str, number: int = 0) -> tuple[int, ...] | None:
        """The words of what a view answers about a market or a collateral; None if it refuses."""

    def fund(self, name: str, units: Sequence[int]) -> None:
        """Give an account tokens of each collateral, and let it deposit them whatever the caps say."""


class Check(NamedTuple):
    """One entry of the catalogue.

    ``kinds`` are the kinds of action after which ``judge`` is asked (None: after every step). A check with ``probe`` is
    asked now and then, at steps drawn by seed. ``deployed`` is asked once of each deployment: where it was refused, if it was. Deployments
    are safe by the specification: they were read or drawn as such.
    ``uses_model`` marks those that compare contract and reference; all others judge by a sentence of their own.
    """

    id: str
    sentence: str
    judge: Callable[[Step], Verdict] | None = None
    kinds: frozenset[str] | None = None
    probe: Callable[[Probe], Verdict] | None = None
    deployed: Callable[[Refusal | None], Verdict] | None = None
    uses_model: bool = False
    of_done: bool = False
    """Whether ``judge`` has nothing to say of an act that was refused: it is then not asked."""
    probe_weight: int = 2
    """How often the probe is drawn beside others: more where its "if" is seldom met."""


MARKET_AT = {
    **dict.fromkeys(("trade", "accrue_funding", "set_funding"), 0),
    **dict.fromkeys(("settle", "isolate", "join", "move_margin"), 1),
    "liquidate": 2,
    "execute_order": 1,
}
"""Where the arguments of an action that can move a position's money or a market's funding name the market."""


def parties_of(kind: str, arguments: tuple[Any, ...]) -> tuple[str, ...]:
    """The accounts that a done action changes by their owners' will, or may leave with more risk."""
    if kind == "trade":
        return arguments[1:3]
    return (arguments[0], arguments[2]) if kind == "execute_order" else arguments[:1]


class Violation(NamedTuple):
    """A check that did not hold, and why."""

    check: str
    why: str


def kinds(*names: str) -> frozenset[str]:
    """Kinds of action that a check is asked after."""
    return frozenset(names)


def quote(amount_wad: int) -> str:
    """A wad (an amount of quote, a size, a price) for people, with every digit that it has."""
    return decimal_text(amount_wad, 18)


def tokens(state: State, collateral: int, units: int) -> str:
    """So many units of a collateral for people, with every digit and its name."""
    listed = state.parameters.collaterals[collateral]
    return f"{decimal_text(units, listed.decimals)} {listed.name}"


def market_name(state: State, market: int) -> str:
    """A market for people."""
    return state.parameters.markets[market].name or f"market {market}"


def catalogue() -> tuple[Check, ...]:
    """Every check, in the order of the catalogue; specific ones first, so that the first violated names a finding best."""
    from underwater.checks import (
        access,
        aftermath,
        breakers,
        callbacks,
        ether,
        funding,
        health,
        ledger,
        liquidation,
        listings,
        margin,
        meta,
        model,
        oracle,
        orders,
        reopening,
    )

    checks = (
        *sorted((*liquidation.CHECKS, *aftermath.CHECKS), key=lambda check: check.id),
        *oracle.CHECKS,
        *funding.CHECKS,
        *orders.CHECKS,
        *breakers.CHECKS,
        *reopening.CHECKS,
        *sorted((*access.CHECKS, *callbacks.CHECKS, *listings.CHECKS), key=lambda check: check.id),
        *health.CHECKS,
        *ledger.CHECKS,
        *ether.CHECKS,
        *margin.CHECKS,
        *meta.CHECKS,
        *model.CHECKS,
    )
    ids = [check.id for check in checks]
    assert len(set(ids)) == len(ids), "a check's ID appears twice"
    return checks


def check_named(check_id: str) -> Check:
    """A check of the catalogue. Raises ``UserError`` listing the known ones."""
    for check in catalogue():
        if check.id == check_id:
            return check
    raise unknown("check", check_id, [check.id for check in catalogue()])


class Roster:
    """The enabled checks of a run, by the kind of act that asks them, with their counts."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self.checks = tuple(checks)
        self._asked: dict[tuple[str, bool], int] = {}
        self._tried = dict.fromkeys((check.id for check in self.checks), 0)
        """How often each was asked otherwise than after an act."""
        self.exercised = dict.fromkeys((check.id for check in self.checks), 0)
        self.probes = tuple(check for check in self.checks if check.probe is not None)
        self.probe_weights = tuple(accumulate(check.probe_weight for check in self.probes))
        self._by_kind: dict[tuple[str, bool], tuple[tuple[str, Callable[[Step], Verdict]], ...]] = {}

    def judges(self, kind: str, *, done: bool) -> tuple[tuple[str, Callable[[Step], Verdict]], ...]:
        """(id, judge) of every check that is asked after this kind of act, accepted or refused."""
        found = self._by_kind.get((kind, done))
        if found is None:
            found = tuple(
                (check.id, check.judge)
                for check in self.checks
                if check.judge is not None
                and (check.kinds is None or kind in check.kinds)
                and (done or not check.of_done)
            )
            self._by_kind[kind, done] = found
        return found

    def judge(self, step: Step) -> list[Violation]:
        """Ask every check that this step concerns."""
        exercised = self.exercised
        kind, done = asked = step.kind, step.outcome.error is None
        self._asked[asked] = self._asked.get(asked, 0) + 1
        judges = self._by_kind.get(asked) or self.judges(kind, done=done)
        violations = []
        for check_id, judge in judges:
            verdict = judge(step)
            if verdict is not False:
                exercised[check_id] += 1
                if verdict is not True:
                    violations.append(Violation(check_id, verdict))
        return violations

    @property
    def evaluated(self) -> dict[str, int]:
        """How often each check was asked."""
        counts = dict(self._tried)
        for (kind, done), times in self._asked.items():
            for check_id, _ in self.judges(kind, done=done):
                counts[check_id] += times
        return counts

    def try_probe(self, check: Check, probe: Probe) -> list[Violation]:
        """Ask one check's probe."""
        assert check.probe is not None
        # Its sentence rests on transfers that go through: with a token that holds some up, it says nothing.
        verdict = all(token.is_plain for token in probe.state.tokens) and check.probe(probe)
        return self._took(check, verdict)

    def judge_deployment(self, refusal: Refusal | None) -> list[Violation]:
        """Ask every check of deployments what it says of one, and of where it was refused, if it was."""
        return [
            violation
            for check in self.checks
            if check.deployed is not None
            for violation in self._took(check, check.deployed(refusal))
        ]

    def _took(self, check: Check, verdict: Verdict) -> list[Violation]:
        self._tried[check.id] += 1
        if verdict is False:
            return []
        self.exercised[check.id] += 1
        return [] if verdict is True else [Violation(check.id, verdict)]


__all__ = [
    "Act",
    "Action",
    "Bundle",
    "Check",
    "Probe",
    "Roster",
    "Step",
    "Verdict",
    "Violation",
    "actions_of",
    "catalogue",
    "check_named",
    "kinds",
    "market_name",
    "quote",
    "tokens",
]
