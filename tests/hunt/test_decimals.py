"""META-06: other decimals of tokens change nothing. A relation between two deployments, and so over whole histories and no probe.

More decimals are exact: every amount that was there before is a whole number of the smaller units. What is counted in single units is
left out: a seizure may overpay by one (Q6), a cap and an outflow limit are bounded in units (P5, S2), what a token keeps as a fee is
rounded to one.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from reference.state import State
from tests.hunt.support import arena, drawn, running
from underwater.actions import Act, Action, Bundle
from underwater.engine.bundled.deployment import Deployment
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.bundled.kinds import KINDS
from underwater.engine.faults import artifacts_of
from underwater.hunt.arena import Arena

COUNTED_IN_UNITS = ("seize", "set_deposit_cap", "set_transfer_fee", "set_outflow_limit")
MORE = ((0, 5), (1, 10), (2, 0))
"""Collaterals, and how many decimals more each has: USDC 11, WBTC 18, WETH 18 as before."""
FACTORS = tuple(10**more for _, more in MORE)


def finer(deployment: Deployment) -> Deployment:
    """The same deployment with tokens of more decimals."""
    listed = tuple(
        replace(
            collateral,
            decimals=collateral.decimals + more,
            deposit_cap_units=collateral.deposit_cap_units * 10**more,
            outflow=replace(collateral.outflow, limit_units=collateral.outflow.limit_units * 10**more),
        )
        for collateral, (_, more) in zip(deployment.parameters.collaterals, MORE, strict=True)
    )
    return replace(
        deployment,
        parameters=replace(deployment.parameters, collaterals=listed),
        wallets_units=times(deployment.wallets_units),
    )


def times(units: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(amount * factor for amount, factor in zip(units, FACTORS, strict=True))


def told_finer(act: Act) -> Act:
    """The act with its amounts of tokens in the smaller units."""
    if isinstance(act, Bundle):
        actions, during = (tuple(map(told_finer_action, part)) for part in (act.actions, act.during))
        loan = act.loan and act.loan._replace(units=act.loan.units * FACTORS[act.loan.collateral])
        return act._replace(actions=actions, during=during, loan=loan)
    return told_finer_action(act)


def told_finer_action(act: Action) -> Action:
    parameters = KINDS[act.kind].parameters
    collateral = next(
        (value for named, value in zip(parameters, act.arguments, strict=True) if named.name == "collateral"), 0
    )
    factor = FACTORS[collateral] if collateral < len(FACTORS) else 1
    arguments = tuple(
        value * factor if named.type == "units" and value < 1 << 200 else value
        for named, value in zip(parameters, act.arguments, strict=True)
    )
    return act._replace(arguments=arguments)


def kept(act: Act) -> bool:
    """Whether nothing of an act is counted in single units."""
    actions = (*act.actions, *act.during) if isinstance(act, Bundle) else (act,)
    return not any(action.kind in COUNTED_IN_UNITS for action in actions)


def in_smaller_units(state: State) -> State:
    """What is stored, its amounts of tokens in the smaller units."""
    return state._replace(
        accounts={name: account._replace(units=times(account.units)) for name, account in state.accounts.items()},
        pool_units=times(state.pool_units),
        held_units=times(state.held_units),
        wallets={name: times(units) for name, units in state.wallets.items()},
        breakers=state.breakers._replace(
            outflows=tuple(
                outflow._replace(used_unit_s=outflow.used_unit_s * factor)
                for outflow, factor in zip(state.breakers.outflows, FACTORS, strict=True)
            )
        ),
    )


@pytest.mark.parametrize("index", [0, 1, 2])
def test_tokens_of_more_decimals_change_nothing(index: int) -> None:
    coarse = arena()
    history = [(block.after_s, [act for act in block.acts if kept(act)]) for block in drawn(coarse, index, 250).blocks]
    fine = Arena(BUNDLED, finer(coarse.deployment), artifacts_of(None))
    exercised = 0
    with running(coarse) as (one, _), running(fine) as (other, _):
        for after_s, acts in history:
            one.begin_block(after_s)
            other.begin_block(after_s)
            for act in acts:
                one.act(act)
                other.act(told_finer(act))
                assert one.last is not None
                assert other.last is not None
                assert other.last.outcome.error == one.last.outcome.error, act
                assert other.state._replace(parameters=one.state.parameters) == in_smaller_units(one.state), act
                for part, health in one.last.healths.items():
                    assert other.last.healths.get(part, health) == health, (act, part)
                exercised += one.last.outcome.done
    assert exercised >= 100
