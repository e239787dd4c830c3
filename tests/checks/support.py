"""Steps and probes made by hand: of the reference alone, so that what a contract would have done can be written into them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.buckets import with_margin
from reference.machine import apply, at_time
from reference.margin import Health, Risk, health_of
from reference.rounding import WAD
from reference.state import Part, State, parts_of, with_item
from tests.hunt.support import BTC, ETH, USDC, USDC_ONE, WETH, WETH_ONE, arena, deposit, publish, trade
from underwater.actions import Act, Action, Bundle, Outcome
from underwater.checks import Step, catalogue
from underwater.choices import SeededChoices
from underwater.engine.bundled.actors import ACCOUNTS

MODEL_ALONE = ("expected", "expected_healths", "expected_state", "events_differ", "slots_differ")
"""What a step holds that only a reference model can say."""

IDS = [check.id for check in catalogue()]


def state_after(*actions: Action, state: State | None = None) -> State:
    """The state after actions, all of which are accepted, a second apart."""
    state = state or arena().start
    for action in actions:
        state = at_time(state, state.time_s + 1)
        state, outcome = apply(state, action.kind, action.caller, action.arguments)
        assert outcome.error is None, (action, outcome)
    return state


def taken(state: State, act: Act) -> Step:
    """The step that the reference takes, every account's view read after it."""
    state = at_time(state, state.time_s + 1)
    step = Step()
    step.act, step.kind = act, act.kind
    step.action = act if isinstance(act, Action) else None
    step.before = state
    parts = act.actions if isinstance(act, Bundle) else (act,)
    events: list[Any] = []
    after = state
    for part in parts:
        after, outcome = apply(after, part.kind, part.caller, part.arguments)
        events += outcome.events
    step.after = step.expected_state = after
    step.expected = step.outcome = Outcome(outcome.error, outcome.error_arguments, tuple(events))
    step.events_differ = step.slots_differ = ""
    step.participants = arena().instance.participants(act)
    step.expected_healths = {
        part: health_of(after, part) for name in ACCOUNTS for part in parts_of(name, after.accounts[name])
    }
    step.healths = dict(step.expected_healths)
    step.thorough = True
    given = [0] * len(state.held_units)
    for collateral, units in arena().instance.donations(act, state):
        given[collateral] += units
    step.donated_units = tuple(given)
    return step


def without_model(step: Step) -> Step:
    """The same step, as seen where there is no reference model: reading what only a model says is an error."""
    for name in MODEL_ALONE:
        delattr(step, name)
    return step


# ---- situations

OPENED = (
    deposit("trader-1", USDC, 10_000 * USDC_ONE),
    deposit("maker", USDC, 1_000_000 * USDC_ONE),
    deposit("liquidator", USDC, 1_000_000 * USDC_ONE),
    deposit("trader-2", WETH, 2 * WETH_ONE),
    deposit("trader-2", USDC, 50 * USDC_ONE),
    trade("trader-1", "maker", BTC, WAD, 60_000 * WAD),
)
"""trader-1 is long one BTC-PERP against the maker with 10,000 beside it; trader-2 has tokens and nothing else."""


def opened() -> State:
    return state_after(*OPENED)


def slipping() -> State:
    """trader-1 has equity 870 of the 1,018 that it needs: part of its position may be closed."""
    return state_after(*OPENED, publish("BTC-USD", 50_900 * 10**8))


def sunk() -> State:
    """trader-1 owes 10,030 at the mark: all of its position may be closed, and bad debt is left."""
    return state_after(*OPENED, publish("BTC-USD", 40_000 * 10**8))


def indebted() -> State:
    """trader-2 has lost its position and owes what it cost; it holds ETH, which can be seized."""
    return state_after(
        *OPENED,
        deposit("trader-2", WETH, 10 * WETH_ONE),
        trade("trader-2", "maker", BTC, WAD, 60_000 * WAD),
        publish("BTC-USD", 29_400 * 10**8),
        Action("liquidate", "liquidator", ("liquidator", "trader-2", BTC, WAD)),
    )


def two_sided() -> State:
    """trader-1 is long and trader-3 short, with 10,000 each: both have a liquidation price."""
    return state_after(
        deposit("trader-1", USDC, 10_000 * USDC_ONE),
        deposit("trader-3", USDC, 10_000 * USDC_ONE),
        trade("trader-1", "trader-3", BTC, WAD, 60_000 * WAD),
    )


def rich_and_long() -> State:
    """trader-1 is long and could pay for all of it: it is healthy at any price."""
    return state_after(
        deposit("trader-1", USDC, 1_000_000 * USDC_ONE),
        deposit("trader-3", USDC, 1_000_000 * USDC_ONE),
        trade("trader-1", "trader-3", BTC, WAD, 60_000 * WAD),
    )


def partly_priced() -> State:
    """As ``two_sided``, but both hold tokens whose source has ceased to answer."""
    return state_after(
        deposit("trader-1", USDC, 10_000 * USDC_ONE),
        deposit("trader-3", USDC, 10_000 * USDC_ONE),
        deposit("trader-1", WETH, WETH_ONE),
        deposit("trader-3", WETH, WETH_ONE),
        trade("trader-1", "trader-3", BTC, WAD, 60_000 * WAD),
        Action("set_feed_mode", "publisher", ("ETH-USD", 1)),
    )


def paying() -> State:
    """trader-1 is long above the mark since the last but one interval ended: funding has fallen due and is not written down."""
    state = state_after(
        *OPENED,
        deposit("trader-1", USDC, 1_000_000 * USDC_ONE),
        trade("trader-1", "maker", BTC, 10 * WAD + WAD // 10_000, 60_100 * WAD),
    )
    interval_s = state.parameters.markets[BTC].funding.interval_s
    state = at_time(state, (state.time_s // interval_s + 2) * interval_s)
    return state_after(publish("BTC-USD", 60_000 * 10**8), state=state)


ACCRUE = Action("accrue_funding", "trader-3", (BTC,))
END_FUNDING = Action("set_funding", "risk-manager", (BTC, 3_600, 0, 0, WAD, WAD))
SET_FUNDING = Action("set_funding", "risk-manager", (BTC, 600, WAD // 100, WAD // 100, WAD, WAD))


def with_funding(state: State, market: int = BTC, **changes: Any) -> State:
    """The state with a market's stored funding changed; a callable changes what is there."""
    stored = state.funding[market]
    values = {
        field: change(getattr(stored, field)) if callable(change) else change for field, change in changes.items()
    }
    return state._replace(funding=(*state.funding[:market], stored._replace(**values), *state.funding[market + 1 :]))


def after_funding(step: Step, market: int = BTC, **changes: Any) -> Step:
    """The step after which a market's funding is stored otherwise."""
    step.after = with_funding(step.after, market, **changes)
    return step


DEAR = trade("trader-1", "maker", BTC, WAD // 10, 60_050 * WAD)
SELL = trade("maker", "trader-1", BTC, WAD, 60_000 * WAD)
NEARLY_DEAR = WAD * 83 // 100_000


def nearly_dear() -> State:
    """The premium is a little below that of ``DEAR``, which is a twelve hundredth."""
    return with_funding(opened(), premium_wad=NEARLY_DEAR)


LONG, SHORT = (
    next(n for n in range(99) if SeededChoices(n, "tests").pick((True, False)) is side) for side in (True, False)
)
"""Streams of a probe that picks the first, or the second, of two who hold a position."""


def pressed() -> State:
    """trader-1 is below its initial margin and above its maintenance margin."""
    return state_after(*OPENED, publish("BTC-USD", 51_500 * 10**8))


def deaf() -> State:
    """The source of BTC-PERP, which trader-1 and the maker hold, does not answer."""
    return state_after(*OPENED, Action("set_feed_mode", "publisher", ("BTC-USD", 1)))


PART = Action("liquidate", "liquidator", ("liquidator", "trader-1", BTC, WAD // 2))
WHOLE = Action("liquidate", "liquidator", ("liquidator", "trader-1", BTC, WAD))
SEIZE = Action("seize", "liquidator", ("liquidator", "trader-2", WETH, WETH_ONE))
WITHDRAW = Action("withdraw", "trader-1", ("trader-1", USDC, 1_000 * USDC_ONE))
BUY = trade("trader-1", "maker", BTC, WAD // 10, 60_000 * WAD)
REDUCE = trade("maker", "trader-1", BTC, WAD // 10, 51_500 * WAD)
DEPOSIT = deposit("trader-1", USDC, USDC_ONE)
DONATE = Action("donate", "trader-3", (USDC, 7))
SMALL_ETH = trade("trader-1", "maker", ETH, WAD // 10, 3_000 * WAD)


# ---- changes


def with_account(state: State, name: str, **changes: Any) -> State:
    """The state with an account changed; a callable changes what is there."""
    account = state.accounts[name]
    values = {
        field: change(getattr(account, field)) if callable(change) else change for field, change in changes.items()
    }
    return state._replace(accounts={**state.accounts, name: account._replace(**values)})


def plus(amount: int, index: int | None = None) -> Callable[[Any], Any]:
    """Adds to a number, or to one of a tuple's."""

    def add(value: Any) -> Any:
        return value + amount if index is None else with_item(value, index, value[index] + amount)

    return add


def with_source(state: State, source: str, **changes: int) -> State:
    """The state with a source that says something else."""
    return state._replace(feeds={**state.feeds, source: state.feeds[source]._replace(**changes)})


def with_health(
    step: Step, name: Part, *, equity: int = 0, initial: int = 0, maintenance: int = 0, status: int = 0
) -> Step:
    """The step with a view that says so much more."""
    seen = step.healths[name]
    assert seen is not None
    risk = Risk(
        seen.risk.equity_wad + equity,
        seen.risk.initial_margin_wad + initial,
        seen.risk.maintenance_margin_wad + maintenance,
    )
    step.healths[name] = Health(seen.status + status, risk)
    return step


def after(step: Step, **changes: Any) -> Step:
    """The step with another state stored after it; a callable changes what is there."""
    values = {
        field: change(getattr(step.after, field)) if callable(change) else change for field, change in changes.items()
    }
    step.after = step.after._replace(**values)
    return step


def after_account(step: Step, name: str, **changes: Any) -> Step:
    """The step with an account that is stored otherwise after it."""
    step.after = with_account(step.after, name, **changes)
    return step


def before_source(step: Step, source: str, **changes: int) -> Step:
    """The step, had a source said something else when it was taken."""
    step.before = with_source(step.before, source, **changes)
    return step


def acted(step: Step, caller: str | None = None, arguments: tuple[Any, ...] | None = None) -> Step:
    """The step, had somebody else, or something else, been accepted."""
    assert step.action is not None
    action = step.action._replace(caller=caller or step.action.caller, arguments=arguments or step.action.arguments)
    step.act = step.action = action
    return step


# ---- probes


def isolated() -> State:
    """As ``opened``, with trader-1's position isolated: 2,500 of its 9,970 stand behind it."""
    return state_after(Action("isolate", "trader-1", ("trader-1", BTC, 2_500 * WAD)), state=opened())


def emptied() -> State:
    """trader-1 has closed its isolated position and withdrawn its cash: what it has left is in the bucket."""
    state = state_after(SELL, state=isolated())
    units = state.accounts["trader-1"].cash_wad * USDC_ONE // WAD
    return state_after(Action("withdraw", "trader-1", ("trader-1", USDC, units)), state=state)


def isolated_and_slipping() -> State:
    """trader-1's bucket has 500 of the 1,160 that it needs."""
    return state_after(publish("BTC-USD", 58_000 * 10**8), state=isolated())


def isolated_and_sunk() -> State:
    """trader-1's bucket owes 7,500."""
    return state_after(publish("BTC-USD", 50_000 * 10**8), state=isolated())


def isolated_beside_stale() -> State:
    """As ``isolated``, with some ETH-PERP across whose source has not answered for an hour and a second."""
    state = state_after(SMALL_ETH, state=isolated())
    state = at_time(state, state.time_s + 3_601)
    return state_after(publish("BTC-USD", 60_000 * 10**8), state=with_source(state, "ETH-USD", updated_at_s=1))


def paired() -> State:
    """trader-1 is long ten SOL-PERP, a market with two sources, both at 150."""
    return state_after(BUY_SOL, state=opened())


def paired_at_a_stretch() -> State:
    """trader-1 is long 400 SOL-PERP and beside it has 10,000 and what keeps it from being done when it has sold them."""
    return state_after(
        deposit("trader-1", USDC, 10_000 * USDC_ONE),
        deposit("maker", USDC, 1_000_000 * USDC_ONE),
        trade("trader-1", "maker", SOL, 400 * WAD, 150 * WAD),
        SMALL_ETH,
    )


def a_little_apart() -> State:
    """The same with the second source at 151: they still agree."""
    return state_after(publish("SOL-USD-2", 151 * WAD), state=paired())


def apart() -> State:
    """The same with the sources a fifteenth apart."""
    return state_after(publish("SOL-USD", 160 * 10**8), state=paired())


def sunk_since_an_interval() -> State:
    """As ``sunk``, when an interval of funding has ended."""
    state = sunk()
    interval_s = state.parameters.markets[BTC].funding.interval_s
    state = at_time(state, (state.time_s // interval_s + 1) * interval_s)
    return state_after(publish("BTC-USD", 40_000 * 10**8), state=state)


SOL = 2
BUY_SOL = trade("trader-1", "maker", SOL, 10 * WAD, 150 * WAD)
SELL_SOL = trade("maker", "trader-1", SOL, WAD, 155 * WAD)
ISOLATE = Action("isolate", "trader-1", ("trader-1", BTC, 2_500 * WAD))
JOIN = Action("join", "trader-1", ("trader-1", BTC))
MARGIN_OUT = Action("move_margin", "trader-1", ("trader-1", BTC, -10 * WAD))


def after_margin(step: Step, name: str, market: int, margin_wad: int | None) -> Step:
    """The step after which a bucket has another margin, or (None) the market is cross."""
    account = step.after.accounts[name]
    step.after = step.after._replace(accounts={**step.after.accounts, name: with_margin(account, market, margin_wad)})
    return step


def refused() -> Step:
    return taken(opened(), Action("withdraw", "trader-3", ("trader-3", USDC, 1)))
