"""Situations in each of which the engine has done, stored or said something else than it should."""

from __future__ import annotations

from typing import Any

from reference.machine import with_due
from reference.margin import Health
from reference.rounding import WAD
from reference.state import REVERTS, Part, State, with_item
from tests.checks.probes import (
    ReferenceProbe,
    cheating,
    marking,
    pricing,
    refusing,
    requiring,
    seeing_prudently,
    telling_funding,
    viewing,
)
from tests.checks.sound import (
    BUCKET,
    FAILS,
    FEES,
    GROWS_OLD,
    OF_BTC,
    REDUCES,
    SELL_PART,
    TICK,
    Make,
    settled,
    trusting,
    with_fields,
)
from tests.checks.support import (
    ACCRUE,
    BUY,
    BUY_SOL,
    DEAR,
    DEPOSIT,
    DONATE,
    ISOLATE,
    LONG,
    MARGIN_OUT,
    NEARLY_DEAR,
    PART,
    REDUCE,
    SEIZE,
    SELL_SOL,
    SET_FUNDING,
    SHORT,
    SMALL_ETH,
    WHOLE,
    WITHDRAW,
    a_little_apart,
    acted,
    after,
    after_account,
    after_funding,
    after_margin,
    apart,
    before_source,
    deep_in_sol,
    emptied,
    indebted,
    isolated,
    isolated_and_slipping,
    isolated_and_sunk,
    nearly_dear,
    opened,
    paired,
    paying,
    plus,
    pressed,
    refused,
    slipping,
    state_after,
    sunk,
    sunk_since_an_interval,
    taken,
    two_sided,
    with_account,
    with_funding,
    with_health,
)
from tests.hunt.support import BTC, ETH, USDC, WBTC, WETH
from underwater.actions import Outcome
from underwater.checks import Step


def overdrawn(step: Step) -> Step:
    """trader-1 reduces, but has so little left that it is far below what it needs at the worse of two prices, and was not."""
    return after_account(step, "trader-1", cash_wad=plus(-9_600 * WAD))


def at_another_mark(step: Step) -> Step:
    """The liquidation is told at a tick above the mark."""
    events = [
        (*event[:5], event[5] + TICK, *event[6:]) if event[0] == "Liquidated" else event
        for event in step.outcome.events
    ]
    step.outcome = step.outcome._replace(events=tuple(events))
    return step


def one_sided(step: Step) -> Step:
    """The maker, who sold, has nothing."""
    step.before = with_account(step.before, "maker", sizes_wad=plus(11 * WAD, BTC))
    return step


def backwards(step: Step) -> Step:
    """More has fallen due than had when the parameters were set."""
    after_funding(step, due_wad=plus(TICK))
    step.after = with_due(step.after)
    return step


def forgiven_twice() -> Step:
    step = taken(sunk(), WHOLE)
    return after(step, bad_debt_wad=lambda wad: 2 * wad)


def second_position_differs(name: Part, sound: Health) -> Health:
    risk = sound.risk
    return sound._replace(risk=risk._replace(initial_margin_wad=risk.initial_margin_wad + (name == "trader-3")))


def mint_on_return(state: State, arguments: tuple[Any, ...]) -> State:
    name, collateral, _ = arguments
    return state._replace(wallets={**state.wallets, name: plus(1, collateral)(state.wallets[name])})


def paid(state: State, _: tuple[Any, ...]) -> State:
    for name in ("trader-1", "trader-2", "trader-3", "trader-4", "trader-5", "maker", "liquidator", "attacker"):
        state = with_account(state, name, cash_wad=plus(10**24))
    return state


def robbed(state: State, arguments: tuple[Any, ...]) -> State:
    """Both sides of a trade have lost most of what they had."""
    for name in arguments[1:3]:
        account = state.accounts[name]
        robbed_of = account._replace(cash_wad=account.cash_wad - 10**6 * WAD)
        state = state._replace(accounts={**state.accounts, name: robbed_of})
    return state


def held_stays(state: State, arguments: tuple[Any, ...]) -> State:
    _, collateral, units = arguments
    return state._replace(held_units=plus(units, collateral)(state.held_units))


def accrued_twice(state: State, arguments: tuple[Any, ...]) -> State:
    """Each accrual takes a tick more."""
    return with_funding(state, arguments[0], due_wad=plus(TICK))


def paid_when_accrued(state: State, _: tuple[Any, ...]) -> State:
    return with_account(state, "trader-1", cash_wad=plus(-WAD))


def closed(tenths: int, said: int | None = None) -> Step:
    """A liquidation that takes so many tenths of trader-1's position, of which half may be closed."""
    step = taken(slipping(), PART)
    said_wad = (tenths if said is None else said) * WAD // 10
    acted(step, arguments=(*PART.arguments[:3], said_wad))
    return after_account(step, "trader-1", sizes_wad=with_item((0, 0, 0, 0), BTC, (10 - tenths) * WAD // 10))


def unread(step: Step, name: str) -> Step:
    step.healths[name] = None
    return step


# In each of these the engine has done, stored or said something else.
WRONG: list[tuple[str, str, Make]] = [
    ("LIQ-01", "healthy", lambda: before_source(taken(slipping(), PART), "BTC-USD", answer=60_000 * 10**8)),
    ("LIQ-01", "without a price", lambda: before_source(taken(slipping(), PART), "BTC-USD", mode=REVERTS)),
    ("LIQ-02", "a position stays", lambda: refusing("liquidate")(slipping())),
    ("LIQ-02", "a debt stays", lambda: refusing("seize")(indebted())),
    (
        "LIQ-02",
        "a debt that nobody recorded",
        lambda: ReferenceProbe(with_account(opened(), "trader-5", cash_wad=-WAD)),
    ),
    ("LIQ-03", "more than the penalty", lambda: with_health(taken(slipping(), PART), "trader-1", equity=-400 * WAD)),
    ("LIQ-03", "a seizure that costs", lambda: with_health(taken(indebted(), SEIZE), "trader-2", equity=-400 * WAD)),
    ("LIQ-03", "no nearer to health", lambda: with_health(taken(slipping(), PART), "trader-1", maintenance=600 * WAD)),
    ("LIQ-04", "paid too much", lambda: after_account(taken(slipping(), PART), "liquidator", cash_wad=plus(10**4))),
    ("LIQ-04", "seized too much", lambda: after_account(taken(indebted(), SEIZE), "liquidator", cash_wad=plus(10**4))),
    ("LIQ-05", "of oneself", lambda: acted(taken(slipping(), PART), arguments=("trader-1", *PART.arguments[1:]))),
    ("LIQ-05", "with a gain", lambda: after_account(taken(slipping(), PART), "trader-1", cash_wad=plus(WAD * 400))),
    ("LIQ-06", "more than permitted", lambda: closed(7)),
    ("LIQ-06", "another size than said", lambda: closed(6, said=5)),
    ("LIQ-06", "turned over", lambda: closed(11)),
    ("LIQ-06", "no whole lot", lambda: after_account(taken(slipping(), PART), "trader-1", sizes_wad=plus(1, BTC))),
    ("LEDGER-08", "paid from cash", lambda: after_account(taken(isolated(), SELL_PART), "trader-1", cash_wad=plus(-1))),
    (
        "LEDGER-08",
        "cash from nowhere",
        lambda: after_account(taken(isolated(), SELL_PART), "trader-1", cash_wad=plus(1)),
    ),
    ("LEDGER-08", "other tokens", lambda: after_account(taken(isolated(), SELL_PART), "trader-1", units=plus(1, WBTC))),
    (
        "LEDGER-08",
        "another bucket",
        lambda: after_margin(taken(isolated(), SELL_PART), "trader-1", ETH, WAD),
    ),
    (
        "LIQ-01",
        "a healthy bucket",
        lambda: before_source(taken(isolated_and_slipping(), PART), "BTC-USD", answer=6 * 10**12),
    ),
    ("LIQ-02", "a bucket stays", lambda: refusing("liquidate")(isolated_and_slipping())),
    ("LIQ-08", "a bucket still owes", lambda: after_margin(taken(isolated_and_sunk(), WHOLE), "trader-1", BTC, -WAD)),
    ("LIQ-08", "a bucket forgiven more", lambda: after_margin(taken(isolated_and_sunk(), WHOLE), "trader-1", BTC, WAD)),
    ("LEDGER-08", "by a deposit", lambda: after_margin(taken(isolated(), DEPOSIT), "trader-1", BTC, 0)),
    ("HEALTH-05", "no joining", lambda: refusing("join")(emptied(), 2)),
    ("FUND-06", "too far", lambda: after_funding(taken(opened(), DEAR), premium_wad=plus(WAD // 2_000))),
    (
        "FUND-06",
        "past its own",
        lambda: after_funding(taken(nearly_dear(), DEAR), premium_wad=NEARLY_DEAR + WAD // 200_000),
    ),
    (
        "LIQ-08",
        "a bucket's debt paid",
        lambda: after_account(taken(isolated_and_sunk(), WHOLE), "trader-1", cash_wad=0),
    ),
    ("LIQ-08", "a bucket's debt forgotten", lambda: after(taken(isolated_and_sunk(), WHOLE), bad_debt_wad=0)),
    (
        "HEALTH-01",
        "too little left",
        lambda: with_health(taken(state_after(SMALL_ETH, state=opened()), ISOLATE), "trader-1", equity=-8_000 * WAD),
    ),
    ("HEALTH-01", "too little apart", lambda: with_health(taken(opened(), ISOLATE), BUCKET, equity=-1_000 * WAD)),
    (
        "HEALTH-02",
        "a bucket below its margin",
        lambda: with_health(taken(opened(), ISOLATE), BUCKET, equity=-2_000 * WAD),
    ),
    ("MARGIN-01", "a bucket", lambda: with_health(taken(isolated(), MARGIN_OUT), BUCKET, equity=1)),
    ("MODEL-02", "a margin", lambda: after_margin(taken(isolated(), MARGIN_OUT), "trader-1", BTC, WAD)),
    ("FUND-01", "no whole tick", lambda: after_funding(taken(paying(), ACCRUE), due_wad=plus(1))),
    ("FUND-01", "nobody pays", lambda: one_sided(taken(paying(), ACCRUE))),
    ("FUND-02", "shorts pay", lambda: after_funding(taken(paying(), ACCRUE), due_wad=lambda due: -due)),
    ("FUND-02", "the rate falls", lambda: after_funding(taken(paying(), ACCRUE), rate_wad=-1)),
    ("FUND-03", "at another's cost", lambda: cheating("accrue_funding", paid_when_accrued)(paying(), OF_BTC)),
    ("FUND-03", "twice", lambda: cheating("accrue_funding", accrued_twice)(paying(), OF_BTC)),
    ("FUND-03", "refused", lambda: refusing("accrue_funding")(paying(), OF_BTC)),
    ("FUND-04", "a rate", lambda: after_funding(taken(paying(), ACCRUE), rate_wad=3 * WAD // 100 + 1)),
    ("FUND-04", "what is due", lambda: after_funding(taken(paying(), ACCRUE), due_wad=plus(200 * WAD))),
    ("FUND-05", "by a deposit", lambda: after_funding(taken(paying(), DEPOSIT), rate_wad=plus(1))),
    ("FUND-05", "of another market", lambda: after_funding(taken(paying(), ACCRUE), ETH, premium_wad=plus(1))),
    ("FUND-05", "the premium", lambda: after_funding(taken(paying(), ACCRUE), premium_wad=plus(1))),
    ("FUND-05", "too early", lambda: after_funding(taken(opened(), BUY), due_wad=plus(TICK))),
    ("FUND-05", "a rate too early", lambda: after_funding(taken(opened(), BUY), rate_wad=plus(1))),
    ("FUND-05", "backwards", lambda: backwards(taken(paying(), SET_FUNDING))),
    ("MODEL-04", "funding", lambda: telling_funding(lambda told: (*told[:2], told[2] + 1))(two_sided())),
    ("MODEL-04", "no view of funding", lambda: telling_funding(lambda _: None)(two_sided())),
    ("LIQ-08", "recorded by nobody", lambda: after(taken(sunk(), WHOLE), bad_debt_wad=0)),
    ("LIQ-08", "recorded twice", forgiven_twice),
    ("LIQ-08", "still owed", lambda: after_account(taken(sunk(), WHOLE), "trader-1", cash_wad=-1)),
    ("LIQ-08", "forgiven by a trade", lambda: after(taken(opened(), BUY), bad_debt_wad=1)),
    (
        "LIQ-08",
        "forgiven with a position",
        lambda: after_account(taken(slipping(), PART), "trader-1", cash_wad=plus(WAD)),
    ),
    ("ORACLE-01", "a second too old", lambda: settled(updated_at_s=opened().time_s - 3_600)),
    ("ORACLE-01", "dated 0", lambda: settled(updated_at_s=0)),
    ("ORACLE-01", "dated ahead", lambda: settled(updated_at_s=opened().time_s + 10)),
    ("ORACLE-01", "a view trusts it", lambda: trusting(taken(opened(), BUY), "BTC-USD", updated_at_s=1)),
    ("ORACLE-03", "a trade that adds", lambda: before_source(taken(paired(), BUY_SOL), "SOL-USD", answer=160 * 10**8)),
    ("ORACLE-03", "a withdrawal", lambda: before_source(taken(paired(), WITHDRAW), "SOL-USD", answer=160 * 10**8)),
    ("ORACLE-03", "a view knows one price", lambda: trusting(taken(paired(), WITHDRAW), "SOL-USD", answer=160 * 10**8)),
    (
        "ORACLE-04",
        "the bare price",
        lambda: marking(lambda said: (said[0], *[said[3]] * 4))(a_little_apart(), GROWS_OLD),
    ),
    ("ORACLE-04", "certain again", lambda: marking(lambda said: (0, *said[1:]))(paired(), FAILS)),
    ("ORACLE-04", "certain again once old", lambda: marking(lambda said: (0, *said[1:]))(paired(), GROWS_OLD)),
    ("HEALTH-01", "more risk than is prudent", lambda: overdrawn(taken(apart(), SELL_SOL))),
    ("ORACLE-06", "dated back", lambda: after_funding(taken(paying(), ACCRUE), written_at_s=1)),
    ("ORACLE-06", "dated ahead", lambda: after_funding(taken(paying(), ACCRUE), written_at_s=plus(10**6))),
    ("ORACLE-07", "two marks", lambda: at_another_mark(taken(sunk_since_an_interval(), WHOLE))),
    ("ORACLE-08", "no deposit", lambda: refusing("deposit")(opened())),
    ("ORACLE-02", "zero", lambda: settled(answer=0)),
    ("ORACLE-02", "negative", lambda: settled(answer=-(10**8))),
    ("ORACLE-02", "above its bound", lambda: settled(answer=1_000_000 * 10**8 + 1)),
    ("ORACLE-02", "no answer", lambda: settled(mode=REVERTS)),
    ("ORACLE-02", "a view trusts it", lambda: trusting(taken(opened(), WITHDRAW), "BTC-USD", answer=0)),
    ("ACCESS-01", "a stranger", lambda: acted(taken(opened(), WITHDRAW), caller="outsider")),
    ("ACCESS-01", "a stranger's trade", lambda: acted(taken(opened(), BUY), caller="delegate")),
    ("ACCESS-01", "no role", lambda: acted(taken(opened(), FEES), caller="maker")),
    ("HEALTH-01", "a withdrawal", lambda: with_health(taken(opened(), WITHDRAW), "trader-1", equity=-7_000 * WAD)),
    ("HEALTH-01", "without a price", lambda: with_health(taken(opened(), WITHDRAW), "trader-1", status=3)),
    ("HEALTH-01", "a harmful reduction", lambda: with_health(taken(pressed(), REDUCE), "trader-1", equity=-400 * WAD)),
    ("HEALTH-01", "risk added below it", lambda: with_health(taken(opened(), BUY), "trader-1", initial=10_000 * WAD)),
    ("HEALTH-02", "a reduction where sources are apart", lambda: cheating("trade", robbed)(deep_in_sol(), REDUCES)),
    ("HEALTH-02", "the buyer", lambda: with_health(taken(opened(), BUY), "trader-1", maintenance=9_000 * WAD)),
    ("HEALTH-03", "cash", lambda: after_account(taken(opened(), BUY), "trader-2", cash_wad=plus(1))),
    ("HEALTH-03", "in a refused act", lambda: after_account(refused(), "trader-2", units=plus(1, WETH))),
    ("HEALTH-04", "no view", lambda: unread(taken(opened(), DEPOSIT), "trader-3")),
    ("HEALTH-05", "no withdrawal", lambda: refusing("withdraw")(opened())),
    ("LEDGER-01", "cash from nowhere", lambda: after_account(taken(opened(), DEPOSIT), "trader-4", cash_wad=plus(1))),
    (
        "LEDGER-01",
        "a token from nowhere",
        lambda: after_account(taken(opened(), DEPOSIT), "maker", units=plus(1, WBTC)),
    ),
    ("LEDGER-01", "a donation that counts", lambda: with_fields(taken(opened(), DONATE), donated_units=(0, 0, 0))),
    ("LEDGER-01", "fees from nowhere", lambda: after(taken(opened(), BUY), fees_wad=plus(1))),
    ("LEDGER-02", "a pool that is not there", lambda: after(taken(opened(), DEPOSIT), held_units=plus(-1, WETH))),
    ("LEDGER-02", "tokens that stay", lambda: cheating("withdraw", held_stays)(opened())),
    ("LEDGER-03", "a gain", lambda: after_account(taken(opened(), BUY), "trader-1", cash_wad=plus(1))),
    ("LEDGER-03", "a quote lost", lambda: after_account(taken(sunk(), WHOLE), "liquidator", quotes_wad=plus(-1, BTC))),
    ("LEDGER-04", "a gain", lambda: cheating("withdraw", mint_on_return)(opened(), 3)),
    ("LEDGER-05", "a gain", lambda: cheating("trade", paid)(opened())),
    (
        "LEDGER-05",
        "a loss",
        lambda: cheating("trade", lambda state, _: state._replace(fees_wad=state.fees_wad - 1))(opened()),
    ),
    ("LEDGER-06", "too much", lambda: after(taken(opened(), BUY), open_interest_wad=plus(1, BTC))),
    ("LEDGER-06", "one side", lambda: after_account(taken(opened(), BUY), "maker", sizes_wad=plus(1, BTC))),
    ("LEDGER-07", "settlement tokens", lambda: after(taken(opened(), DEPOSIT), pool_units=plus(1, USDC))),
    ("LEDGER-07", "others", lambda: after(taken(opened(), DEPOSIT), pool_units=plus(1, WETH))),
    ("LEDGER-10", "an account", lambda: after_account(taken(opened(), DONATE), "trader-3", cash_wad=plus(7))),
    ("LEDGER-10", "a pool", lambda: after(taken(opened(), DONATE), pool_units=plus(7, USDC))),
    ("LEDGER-10", "insurance", lambda: after(taken(opened(), DONATE), insurance_wad=plus(7))),
    ("LEDGER-10", "health", lambda: cheating("donate", paid)(opened())),
    (
        "MARGIN-01",
        "prudent equity",
        lambda: seeing_prudently(lambda sound: sound._replace(risk=sound.risk._replace(equity_wad=1)))(apart()),
    ),
    ("MARGIN-01", "no view of prudent health", lambda: seeing_prudently(lambda _: None)(apart())),
    ("MARGIN-01", "equity", lambda: with_health(taken(opened(), BUY), "trader-1", equity=1)),
    ("MARGIN-01", "initial margin", lambda: with_health(taken(opened(), BUY), "maker", initial=-1)),
    ("MARGIN-01", "maintenance margin", lambda: with_health(taken(opened(), BUY), "maker", maintenance=1)),
    ("MARGIN-01", "status", lambda: with_health(taken(opened(), BUY), "maker", status=3)),
    ("MARGIN-02", "more than initial", lambda: with_health(taken(opened(), BUY), "trader-1", maintenance=10**6 * WAD)),
    ("MARGIN-02", "below zero", lambda: with_health(taken(opened(), BUY), "trader-1", maintenance=-(10**6) * WAD)),
    ("MARGIN-03", "initial margin", lambda: with_health(taken(opened(), BUY), "trader-2", initial=1)),
    ("MARGIN-04", "falls", lambda: requiring(lambda size, sound: (10**40 - size, sound[1]))(opened())),
    (
        "MARGIN-04",
        "short is not long",
        lambda: requiring(lambda size, sound: (sound[0] + (size < 0), sound[1]))(opened()),
    ),
    ("MARGIN-04", "no view", lambda: requiring(lambda *_: None)(opened())),
    ("MARGIN-05", "a jump", lambda: requiring(lambda size, sound: (sound[0] + size * 10**4, sound[1]))(opened())),
    ("MARGIN-05", "no view", lambda: requiring(lambda *_: None)(opened())),
    ("MARGIN-06", "cheaper together", lambda: requiring(lambda _, sound: (sound[0] + 10**30, sound[1]))(opened())),
    ("MARGIN-06", "no view", lambda: requiring(lambda *_: None)(opened())),
    ("MARGIN-10", "one needs more", lambda: viewing(second_position_differs)(opened())),
    ("MARGIN-10", "no view", lambda: viewing(lambda *_: None)(opened())),
    (
        "MARGIN-11",
        "a tick below (long)",
        lambda: pricing(lambda sound: (sound[0], sound[1] - WAD // 10))(two_sided(), LONG),
    ),
    (
        "MARGIN-11",
        "a tick above (long)",
        lambda: pricing(lambda sound: (sound[0], sound[1] + WAD // 10))(two_sided(), LONG),
    ),
    (
        "MARGIN-11",
        "a tick below (short)",
        lambda: pricing(lambda sound: (sound[0], sound[1] - WAD // 10))(two_sided(), SHORT),
    ),
    (
        "MARGIN-11",
        "a tick above (short)",
        lambda: pricing(lambda sound: (sound[0], sound[1] + WAD // 10))(two_sided(), SHORT),
    ),
    ("MARGIN-11", "a price kept back", lambda: pricing(lambda _: (4, 0))(two_sided(), LONG)),
    ("MARGIN-11", "said to be unusable", lambda: pricing(lambda _: (3, 0))(two_sided(), SHORT)),
    ("MODEL-04", "initial requirement", lambda: requiring(lambda _, sound: (sound[0] + 1, sound[1]))(opened())),
    ("MODEL-04", "maintenance requirement", lambda: requiring(lambda _, sound: (sound[0], sound[1] - 1))(opened())),
    ("MODEL-04", "liquidation price", lambda: pricing(lambda sound: (sound[0], sound[1] + 1))(two_sided())),
    ("MODEL-04", "status", lambda: pricing(lambda sound: (sound[0] + 1, sound[1]))(two_sided())),
    ("MODEL-04", "no view of requirements", lambda: requiring(lambda *_: None)(opened())),
    ("MODEL-04", "no view of liquidation prices", lambda: pricing(lambda _: None)(two_sided())),
    ("MARGIN-11", "no view", lambda: pricing(lambda _: None)(two_sided())),
    ("MARGIN-12", "equity rounded up", lambda: with_health(taken(opened(), SMALL_ETH), "trader-2", equity=1)),
    ("MARGIN-12", "equity too low", lambda: with_health(taken(opened(), SMALL_ETH), "trader-1", equity=-1)),
    ("MARGIN-12", "requirement too low", lambda: with_health(taken(opened(), SMALL_ETH), "trader-1", initial=-1)),
    ("MARGIN-12", "requirement too high", lambda: with_health(taken(opened(), SMALL_ETH), "trader-1", maintenance=2)),
    ("MODEL-01", "refused", lambda: with_fields(taken(opened(), BUY), outcome=Outcome("Reverted", ("0x",), ()))),
    ("MODEL-01", "accepted", lambda: with_fields(refused(), outcome=Outcome(None, (), ()))),
    (
        "MODEL-01",
        "another argument",
        lambda: with_fields(refused(), outcome=Outcome("InsufficientCash", ("maker", 0), ())),
    ),
    ("MODEL-02", "an account", lambda: after_account(taken(opened(), BUY), "trader-2", cash_wad=plus(1))),
    ("MODEL-02", "fees", lambda: after(taken(opened(), BUY), fees_wad=plus(1))),
    ("MODEL-02", "approvals", lambda: after(taken(opened(), BUY), operators=frozenset())),
    (
        "MODEL-02",
        "a wallet",
        lambda: after(taken(opened(), DEPOSIT), wallets=lambda all_: {**all_, "maker": (0, 0, 0)}),
    ),
    (
        "MODEL-02",
        "a raw slot",
        lambda: after(with_fields(taken(opened(), BUY), slots_differ="a slot"), fees_wad=plus(0)),
    ),
    ("MODEL-03", "events", lambda: with_fields(taken(opened(), BUY), events_differ="expected this, observed that")),
]
