"""Attacks are drawn in the shapes that they should have, happen, and are predicted to the unit."""

from __future__ import annotations

from collections import Counter

import pytest

from reference.machine import apply_all
from reference.state import State
from tests.checks.support import slipping, state_after
from tests.hunt.support import SEED, arena, running
from underwater.actions import Act, Action, Bundle
from underwater.choices import SeededChoices
from underwater.engine.bundled.actors import CAST
from underwater.generate.attacks import Attacks
from underwater.generate.perpetuals import Participants
from underwater.generate.tempers import TEMPERS

SHAPES = ("in and out", "liquidate in parts", "trade with itself", "push the premium", "sandwich", "through a token")
MOVED = Action("publish", "publisher", ("BTC-USD", 50_890 * 10**8, 0))


def attack(shape: str, number: int, state: State) -> list[tuple[Act, bool]]:
    """The acts of one attack, and whether the model accepts each."""
    choices = SeededChoices(number, "attacks")
    attacks = Attacks(choices, CAST, Participants(choices, CAST, TEMPERS[0]))
    acts = []
    states = [state]
    for act in attacks.shape(shape, lambda: states[-1], lambda _: MOVED):
        actions = act.actions if isinstance(act, Bundle) else (act,)
        loan = act.loan if isinstance(act, Bundle) else None
        after, outcome = apply_all(states[-1], act.caller, tuple((one.kind, one.arguments) for one in actions), loan)
        states.append(after)
        acts.append((act, outcome.done))
    return acts


def kinds_of(acts: list[tuple[Act, bool]]) -> Counter[str]:
    """How often each kind was done."""
    done = [act for act, was_done in acts if was_done]
    return Counter(action.kind for act in done for action in (act.actions if isinstance(act, Bundle) else (act,)))


def all_of(shape: str, count: int = 60) -> list[Counter[str]]:
    return [kinds_of(attack(shape, number, slipping())) for number in range(count)]


def test_the_shapes_are_those_that_are_drawn() -> None:
    assert tuple(Attacks._SHAPES) == SHAPES


@pytest.mark.parametrize("shape", SHAPES)
def test_most_attacks_of_a_shape_are_accepted_whole(shape: str) -> None:
    acts = [act for number in range(60) for act in attack(shape, number, slipping())]
    assert len(acts) >= 45
    assert sum(done for _, done in acts) >= 0.75 * len(acts)


def test_what_is_brought_in_is_taken_out_in_the_same_transaction() -> None:
    done = [kinds for kinds in all_of("in and out") if kinds]
    assert len([kinds for kinds in done if kinds["deposit"] and kinds["withdraw"] and len(kinds) > 2]) >= 10


def test_some_bring_in_what_they_have_borrowed() -> None:
    acts = [act for number in range(60) for act, done in attack("in and out", number, slipping()) if done]
    loans = [act.loan for act in acts if isinstance(act, Bundle)]
    assert 10 <= len([loan for loan in loans if loan is not None]) < len(loans)


def test_a_token_calls_before_anything_is_tried_through_it() -> None:
    for number in range(9):
        *first, (last, _) = attack("through a token", number, slipping())
        assert [act.kind for act, _ in first] == ["set_callback"]
        assert isinstance(last, Bundle)
        assert last.during


def test_positions_are_liquidated_in_parts() -> None:
    assert len([kinds for kinds in all_of("liquidate in parts") if kinds["liquidate"] >= 2]) >= 20
    assert all(not attack("liquidate in parts", number, state_after()) for number in range(9)), "nobody to liquidate"


def test_an_owner_of_two_accounts_trades_with_itself_and_takes_the_gain() -> None:
    assert len([kinds for kinds in all_of("trade with itself") if kinds["trade"] and kinds["withdraw"]]) >= 30


def test_the_premium_is_moved_and_settled_by() -> None:
    assert len([kinds for kinds in all_of("push the premium") if kinds["trade"] == 2 and kinds["settle"]]) >= 30


def test_a_price_is_published_between_the_two_halves_of_a_sandwich() -> None:
    whole = 0
    for number in range(60):
        kinds = [act.kind for act, _ in attack("sandwich", number, slipping())]
        assert "publish" not in kinds or kinds.index("bundle") < kinds.index("publish")
        whole += kinds[-3:] == ["bundle", "publish", "bundle"]
    assert whole >= 30


def test_attacks_are_predicted_to_the_unit() -> None:
    """On contracts, with the checks that compare them with the reference."""
    met: Counter[str] = Counter()
    with running(arena(), "MODEL-01", "MODEL-02", "MODEL-03", "LEDGER-01") as (runner, _):
        choices = SeededChoices(SEED, "attacks")
        attacks = Attacks(choices, CAST, Participants(choices, CAST, TEMPERS[0]))
        for number in range(60):
            runner.begin_block(12)
            for act in attacks.shape(SHAPES[number % len(SHAPES)], lambda: runner.state, lambda _: MOVED):
                assert runner.act(act) == []
                assert runner.last is not None
                met[act.kind] += runner.last.outcome.done
    assert met["bundle"] >= 40
