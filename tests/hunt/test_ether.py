"""Ether is observed: after what can move it, and where everything is read."""

from __future__ import annotations

from underwater.actions import Action
from underwater.checks import Roster, check_named
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.faults import artifacts_of
from underwater.hunt.arena import Arena
from underwater.hunt.runner import READ_ALL_EVERY, Runner


def test_ether_that_moves_unseen_shows_when_everything_is_read() -> None:
    # Of its own: no snapshot takes back what was taken from outside.
    own = Arena(BUNDLED, BUNDLED.default_deployment(), artifacts_of(None))
    runner = Runner(own.chain, own.instance, Roster((check_named("LEDGER-11"), check_named("MODEL-02"))), own.start)
    own.chain.evm.set_balance(own.instance.address_of["trader-2"], 1)
    seen = []
    for _ in range(READ_ALL_EVERY):
        runner.begin_block(1)
        seen.append([violation.check for violation in runner.act(Action("burn_nonces", "maker", (1,)))])
    assert seen[:-1] == [[]] * (READ_ALL_EVERY - 1)
    assert seen[-1] == ["LEDGER-11", "MODEL-02"]
    assert runner.last is not None
    assert runner.last.after.ether.wei["trader-2"] == 1
    assert "wei of trader-2: expected " in runner.last.slots_differ


def test_ether_is_read_after_what_can_move_it() -> None:
    own = Arena(BUNDLED, BUNDLED.default_deployment(), artifacts_of(None))
    runner = Runner(own.chain, own.instance, Roster((check_named("LEDGER-12"),)), own.start)
    own.chain.evm.set_balance(own.instance.address_of["trader-2"], 1)
    runner.begin_block(1)
    (violation,) = runner.act(Action("deposit_ether", "maker", ("maker", 7)))
    assert "the ether of trader-2 changed by -" in violation.why
