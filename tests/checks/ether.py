"""Situations of ether in and out: in which the engine and its gateway do as they should, and in which they have done something else."""

from __future__ import annotations

from collections.abc import Callable

from reference.ether import GATEWAY, WRAPPED
from reference.rounding import WAD
from reference.state import State, with_item
from tests.checks.support import after_account, opened, state_after, taken, with_health
from tests.hunt.support import WETH, WETH_ONE
from underwater.actions import Action
from underwater.checks import Step

Make = Callable[[], Step]
IN = Action("deposit_ether", "matcher", ("trader-1", 3 * WETH_ONE))
OUT = Action("withdraw_ether", "matcher", ("trader-1", WETH_ONE))


def margined() -> State:
    """trader-1 has three ether as margin."""
    return state_after(IN, state=opened())


def paying(step: Step, payer: str, payee: str, wei: int = 1) -> Step:
    """The step after which some more ether has gone from one to another."""
    step.after = step.after._replace(ether=step.after.ether.moved(payer, payee, wei))
    return step


def vanished(step: Step, holder: str) -> Step:
    """The step after which a wei is no more."""
    wei = {**step.after.ether.wei, holder: step.after.ether.wei[holder] - 1}
    step.after = step.after._replace(ether=step.after.ether._replace(wei=wei))
    return step


def with_tokens(step: Step, holder: str) -> Step:
    """The step after which somebody has a unit of wrapped ether more."""
    wallet = step.after.wallets[holder]
    wallets = {**step.after.wallets, holder: with_item(wallet, WETH, wallet[WETH] + 1)}
    step.after = step.after._replace(wallets=wallets)
    return step


def by_stranger(step: Step) -> Step:
    assert step.action is not None
    step.action = step.action._replace(caller="outsider")
    return step


def with_units(step: Step, name: str) -> Step:
    units = step.after.accounts[name].units
    return after_account(step, name, units=with_item(units, WETH, units[WETH] + 1))


SOUND_ETHER: list[tuple[str, str, Make]] = [
    ("LEDGER-11", "ether in", lambda: taken(opened(), IN)),
    ("LEDGER-11", "ether out", lambda: taken(margined(), OUT)),
    ("LEDGER-12", "ether in", lambda: taken(opened(), IN)),
    ("LEDGER-12", "ether out", lambda: taken(margined(), OUT)),
    ("ACCESS-01", "ether out by an operator", lambda: taken(margined(), OUT)),
    ("HEALTH-01", "ether out", lambda: taken(margined(), OUT)),
    ("LEDGER-01", "ether in", lambda: taken(opened(), IN)),
]
WRONG_ETHER: list[tuple[str, str, Make]] = [
    ("LEDGER-11", "lost", lambda: vanished(taken(margined(), OUT), "trader-1")),
    ("LEDGER-11", "left in the gateway", lambda: paying(taken(margined(), OUT), "trader-1", GATEWAY)),
    ("LEDGER-11", "wrapped and left there", lambda: with_tokens(taken(opened(), IN), GATEWAY)),
    ("LEDGER-11", "wrapped without ether", lambda: paying(taken(opened(), IN), WRAPPED, "matcher")),
    ("LEDGER-12", "out to whoever calls", lambda: paying(taken(margined(), OUT), "trader-1", "matcher", WETH_ONE)),
    ("LEDGER-12", "paid by another", lambda: paying(taken(opened(), IN), "trader-1", "matcher", 3 * WETH_ONE)),
    ("LEDGER-12", "another's margin", lambda: with_units(taken(opened(), IN), "trader-2")),
    ("LEDGER-12", "more margin", lambda: with_units(taken(opened(), IN), "trader-1")),
    ("LEDGER-12", "tokens beside", lambda: with_tokens(taken(margined(), OUT), "trader-1")),
    ("ACCESS-01", "ether out by a stranger", lambda: by_stranger(taken(margined(), OUT))),
    (
        "HEALTH-01",
        "ether out below initial margin",
        lambda: with_health(taken(margined(), OUT), "trader-1", equity=-20_000 * WAD),
    ),
]
