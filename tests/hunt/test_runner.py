"""The hot loop notices whatever a chain shows that the reference does not expect, takes it over, and goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reference.rounding import WAD
from tests.hunt.support import (
    BTC,
    ETH,
    USDC,
    USDC_ONE,
    WETH,
    WETH_ONE,
    arena,
    blocks,
    deposit,
    drawn,
    opened,
    publish,
    running,
    trade,
    withdraw,
)
from underwater.actions import Action, Block, Bundle, Call, Log, Receipt
from underwater.checks import Check, catalogue
from underwater.choices import SeededChoices
from underwater.engine.abi import words
from underwater.engine.bundled.actors import ACCOUNTS, ATTACKER
from underwater.hunt.probe import probing
from underwater.hunt.runner import READ_ALL_EVERY, Runner

WORLD = publish("WTI-USD", 75 * 10**18)
"""An act in which no account takes part."""
SLOTS = arena().instance.slots.labels
OFTEN = len(arena().instance.slots.often.numbers)
"""Of them, those that are read after every step."""
MODEL = ("MODEL-01", "MODEL-02", "MODEL-03")

# ---- what is stored


UNSEEN = ("holdings", "margin in")
"""The account's own copy of what its balances say; and what nothing reads, since these markets are not isolated."""


@pytest.mark.parametrize("label", SLOTS)
def test_another_value_in_a_slot_is_noticed_once_and_taken_over(label: str) -> None:
    with running(arena(), "MODEL-02", "HEALTH-03") as (runner, do):
        for block in opened():
            assert do(*block.acts) == []
        place = SLOTS.index(label)
        address, slot = runner.instance.slots.pairs[place]
        (before,) = runner.chain.storage([(address, slot)])
        runner.chain.evm.insert_account_storage(address, slot, before ^ 1)
        expected = ["MODEL-02"]
        is_no_part_of_an_account = any(word in label for word in UNSEEN)
        if label.split()[0] in ACCOUNTS and not is_no_part_of_an_account and "approval" not in label:
            expected.append("HEALTH-03")
        while place >= OFTEN and (runner.steps + 1) % READ_ALL_EVERY:
            assert do(WORLD) == []
        assert do(WORLD) == expected
        assert runner.last is not None
        assert runner.last.slots_differ == f"{label}: expected {before}, observed {before ^ 1}"
        assert do(WORLD) == []
        if not is_no_part_of_an_account:
            assert runner.instance.slots.pack(runner.state)[place] == before ^ 1


CANCEL = Action("cancel_order", "trader-1", ("trader-1", ETH))
"""Of an order that there is not."""


@pytest.mark.parametrize(
    ("act", "thorough"),
    [(CANCEL, False), (Bundle(ATTACKER, (CANCEL._replace(caller=ATTACKER),)), False), (WORLD, True)],
)
def test_slots_of_orders_are_read_after_what_can_change_them(act: Action | Bundle, thorough: bool) -> None:
    label = "trader-5 times of the order in BTC-PERP"
    with running(arena(), "MODEL-02", thorough=thorough) as (runner, do):
        assert do(act) == []
        runner.chain.evm.insert_account_storage(*runner.instance.slots.pairs[SLOTS.index(label)], 7)
        assert do(act) == ["MODEL-02"]
        assert runner.last is not None
        assert runner.last.slots_differ == f"{label}: expected 0, observed 7"


@pytest.mark.parametrize("index", range(4))
def test_no_other_act_changes_a_slot_that_is_read_seldom(index: int) -> None:
    """What decides which slots a step reads, held against all of them after each act of drawn sequences."""
    history = drawn(arena(), index, 250).blocks
    with running(arena()) as (runner, _):
        pairs, changed = runner.instance.slots.pairs[OFTEN:], 0
        stored = runner.chain.storage(pairs)
        for block in history:
            for number, act in enumerate(block.acts):
                if number == 0:
                    runner.begin_block(block.after_s)
                runner.act(act)
                before, stored = stored, runner.chain.storage(pairs)
                if before != stored:
                    assert runner.instance.may_change_every_slot(act)
                    changed += 1
    assert changed


def test_a_restored_chain_is_as_it_was_deployed() -> None:
    with running(arena(), *MODEL) as (runner, do):
        runner.chain.evm.insert_account_storage(*runner.instance.slots.pairs[0], 1)
    with running(arena(), *MODEL) as (_, do):
        assert do(WORLD) == []


@pytest.mark.parametrize("holder", ["trader-1", ATTACKER])
def test_other_tokens_in_a_wallet_are_noticed_when_it_is_touched(holder: str) -> None:
    with running(arena(), "MODEL-02") as (runner, do):
        pair = runner.instance.slots.wallet(holder, WETH)
        assert pair is not None
        (before,) = runner.chain.storage([pair])
        runner.chain.evm.insert_account_storage(*pair, before + 1)
        assert do(deposit(holder, USDC, USDC_ONE)) == []
        assert do(deposit(holder, WETH, WETH_ONE)) == ["MODEL-02"]
        assert runner.state.wallets[holder][WETH] == before + 1 - WETH_ONE
        assert do(deposit(holder, WETH, WETH_ONE)) == []


def test_an_engine_that_does_something_else_is_followed() -> None:
    """After a step out of turn, expectations are about what is stored now, and not about what should have been."""
    with running(arena(), *MODEL) as (runner, do):
        for block in opened():
            do(*block.acts)
        secret = runner.instance.call(trade("trader-1", "maker", BTC, WAD // 10, 60_000 * WAD), runner.chain.time_s)
        assert runner.chain.transact(secret).ok
        assert do(WORLD) == ["MODEL-02"]
        assert runner.state.accounts["trader-1"].sizes_wad[BTC] == WAD + WAD // 10
        assert do(trade("maker", "trader-1", BTC, WAD + WAD // 10, 60_000 * WAD)) == []
        assert not any(runner.state.accounts["trader-1"].sizes_wad)


# ---- what is answered

DEPOSIT = deposit("trader-1", USDC, USDC_ONE)
REFUSED = withdraw("trader-2", USDC, USDC_ONE)
Doctor = Callable[[Receipt], Receipt]


def first_log(change: Callable[[Log], Log]) -> Doctor:
    return lambda receipt: receipt._replace(logs=(change(receipt.logs[0]), *receipt.logs[1:]))


ANSWERS: list[tuple[str, Action, Doctor, list[str], str | None]] = [
    ("an event less", DEPOSIT, lambda r: r._replace(logs=r.logs[1:]), ["MODEL-03"], None),
    ("an event twice", DEPOSIT, lambda r: r._replace(logs=(r.logs[0], *r.logs)), ["MODEL-03"], None),
    ("another amount", DEPOSIT, first_log(lambda log: log._replace(data=words(1))), ["MODEL-03"], None),
    (
        "another account",
        DEPOSIT,
        first_log(lambda log: log._replace(topics=(log.topics[0], words(7), log.topics[2]))),
        ["MODEL-03"],
        None,
    ),
    ("an unknown event", DEPOSIT, first_log(lambda log: log._replace(topics=(words(7),))), ["MODEL-03"], None),
    ("an anonymous event", DEPOSIT, first_log(lambda log: log._replace(topics=())), ["MODEL-03"], None),
    ("too little data", DEPOSIT, first_log(lambda log: log._replace(data=b"\1")), ["MODEL-03"], None),
    ("too few topics", DEPOSIT, first_log(lambda log: log._replace(topics=log.topics[:2])), ["MODEL-03"], None),
    ("another event of the token's", DEPOSIT, lambda r: r._replace(logs=(*r.logs, r.logs[1])), [], None),
    ("a refusal", DEPOSIT, lambda _: Receipt(False, bytes.fromhex("1f2a2005"), ()), ["MODEL-01"], "ZeroAmount"),
    ("no reason", DEPOSIT, lambda _: Receipt(False, b"", ()), ["MODEL-01"], "Reverted"),
    ("a halt", DEPOSIT, lambda _: Receipt(False, b"", (), "OutOfGas"), ["MODEL-01"], "Halted"),
    ("an acceptance", REFUSED, lambda _: Receipt(True, b"", ()), ["MODEL-01"], None),
    ("a refusal without a reason", REFUSED, lambda r: r._replace(data=b""), ["MODEL-01"], "Reverted"),
    ("a refusal cut short", REFUSED, lambda r: r._replace(data=r.data[:-1]), ["MODEL-01"], "Reverted"),
    ("half a selector", REFUSED, lambda r: r._replace(data=r.data[:2]), ["MODEL-01"], "Reverted"),
    ("an unknown error", REFUSED, lambda r: r._replace(data=b"\xff" * 4 + r.data[4:]), ["MODEL-01"], "Reverted"),
    ("another argument", REFUSED, lambda r: r._replace(data=r.data[:-1] + b"\1"), ["MODEL-01"], "InsufficientCash"),
    ("a halt that is no refusal", REFUSED, lambda _: Receipt(False, b"", (), "OutOfGas"), ["MODEL-01"], "Halted"),
]


def answering(monkeypatch: pytest.MonkeyPatch, runner: Runner, doctor: Doctor) -> None:
    """The chain's answers to transactions go through a doctor."""
    transact = runner.chain.transact
    monkeypatch.setitem(vars(runner.chain), "transact", lambda call: doctor(transact(call)))


@pytest.mark.parametrize(
    ("act", "doctor", "expected", "error"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_another_answer_is_noticed_and_never_a_crash(
    monkeypatch: pytest.MonkeyPatch, act: Action, doctor: Doctor, expected: list[str], error: str | None
) -> None:
    with running(arena(), "MODEL-01", "MODEL-03") as (runner, do):
        assert do(act) == []
        honest = runner.last
        answering(monkeypatch, runner, doctor)
        assert do(act) == expected
        assert honest is not None
        assert runner.last is not None
        if expected == ["MODEL-01"]:
            assert runner.last.outcome.error == error
            done = honest.outcome.done + (error is None)
            assert runner.counts[act.kind] == [done, 2 - done]
        else:
            assert runner.last.outcome.done


def test_a_refusal_for_another_unsafe_parameter_is_as_good() -> None:
    """P7 lets an engine name any one of several."""
    action = Action("set_market_limits", "risk-manager", (BTC, WAD, WAD, WAD, 1))
    with running(arena(), *MODEL) as (runner, do):
        assert do(action) == []
        assert runner.last is not None
        assert runner.last.outcome.error == "UnsafeParameter"


# ---- what views say

VIEWS: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("another status", lambda data: words(3) + data[32:], "MARGIN-01"),
    ("another equity", lambda data: data[:63] + bytes([data[63] ^ 1]) + data[64:], "MARGIN-01"),
    ("another initial margin", lambda data: data[:95] + bytes([data[95] ^ 1]) + data[96:], "MARGIN-01"),
    ("another maintenance margin", lambda data: data[:127] + bytes([data[127] ^ 1]), "MARGIN-01"),
    ("a word too few", lambda data: data[:96], "HEALTH-04"),
    ("a word too many", lambda data: data + bytes(32), "HEALTH-04"),
    ("nothing", lambda _: b"", "HEALTH-04"),
]


def viewed(monkeypatch: pytest.MonkeyPatch, runner: Runner, change: Callable[[bytes], bytes]) -> None:
    """The chain's answers to views are changed."""
    views = runner.chain.views
    monkeypatch.setattr(runner.chain, "views", lambda to, datas: [change(data) for data in views(to, datas)])


@pytest.mark.parametrize(("change", "check"), [row[1:] for row in VIEWS], ids=[row[0] for row in VIEWS])
def test_another_view_of_a_participant_is_noticed(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[bytes], bytes], check: str
) -> None:
    with running(arena(), "MARGIN-01", "HEALTH-04") as (runner, do):
        for block in opened():
            assert do(*block.acts) == []
        viewed(monkeypatch, runner, change)
        assert do(DEPOSIT) == [check]


def test_a_bystanders_view_is_read_every_few_steps() -> None:
    with running(arena(), "HEALTH-04") as (runner, do):
        for number in range(1, 2 * READ_ALL_EVERY + 1):
            assert do(DEPOSIT) == []
            assert runner.last is not None
            every = number == 1 or number % READ_ALL_EVERY == 0
            assert tuple(runner.last.healths) == (ACCOUNTS if every else ("trader-1",))


def test_a_replay_reads_every_view_at_every_step() -> None:
    with running(arena(), thorough=True) as (runner, do):
        for act in (WORLD, DEPOSIT):
            do(act)
            assert runner.last is not None
            assert tuple(runner.last.healths) == ACCOUNTS
            assert runner.last.thorough


# ---- who takes part, and when

BUNDLE = Bundle(ATTACKER, (deposit(ATTACKER, USDC, 5), Action("donate", ATTACKER, (USDC, 3))))


def test_acts_of_one_block_run_at_one_time_in_order() -> None:
    with running(arena(), *MODEL) as (runner, do):
        start_s, number = runner.chain.time_s, runner.chain.number
        assert do(DEPOSIT, BUNDLE, DEPOSIT, after_s=77) == []
        assert (runner.chain.time_s, runner.chain.number) == (start_s + 77, number + 1)
        assert runner.state.time_s == start_s + 77
        assert runner.history() == (blocks(DEPOSIT, after_s=77)[0]._replace(acts=(DEPOSIT, BUNDLE, DEPOSIT)),)
        assert runner.donated_units[USDC] == 3
        assert runner.counts == {"deposit": [2, 0], "bundle": [1, 0]}


def test_a_refused_bundle_does_nothing_and_donates_nothing() -> None:
    refused = Bundle(ATTACKER, (*BUNDLE.actions, withdraw(ATTACKER, USDC, 10**30)))
    with running(arena(), *MODEL) as (runner, do):
        assert do(refused) == []
        assert runner.last is not None
        assert runner.last.outcome.error == "InsufficientCash"
        assert runner.donated_units == (0, 0, 0)
        assert runner.refused == [1]
        assert runner.last.participants == (ATTACKER,)


# ---- the digest


def digest_of(act: Action | Bundle, change: Callable[[Runner], None] | None = None) -> bytes:
    with running(arena()) as (runner, do):
        for block in opened():
            do(*block.acts)
        if change is not None:
            change(runner)
        do(act)
        runner.end_block()
        return runner.digest.digest()


def test_the_digest_holds_everything_that_a_step_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    address, slot = arena().instance.slots.pairs[SLOTS.index("trader-5 cash")]
    honest = digest_of(DEPOSIT)
    assert digest_of(DEPOSIT) == honest
    others = [digest_of(deposit("trader-1", USDC, USDC_ONE + 1)), digest_of(BUNDLE)]
    others.append(digest_of(DEPOSIT, lambda runner: runner.chain.evm.insert_account_storage(address, slot, 5)))
    for doctor in (ANSWERS[0][2], ANSWERS[2][2], ANSWERS[9][2], ANSWERS[10][2], ANSWERS[11][2]):
        with monkeypatch.context() as patch:
            others.append(
                digest_of(DEPOSIT, lambda runner, patch=patch, doctor=doctor: answering(patch, runner, doctor))
            )
    for change in (VIEWS[1][1], VIEWS[3][1], VIEWS[6][1]):
        with monkeypatch.context() as patch:

            def doctored(
                runner: Runner, patch: pytest.MonkeyPatch = patch, change: Callable[[bytes], bytes] = change
            ) -> None:
                viewed(patch, runner, change)

            others.append(digest_of(DEPOSIT, doctored))
    assert len({honest, *others}) == 1 + len(others)


def test_the_digest_does_not_hold_a_chains_own_words_for_a_halt(monkeypatch: pytest.MonkeyPatch) -> None:
    digests = set()
    for word in ("OutOfGas", "out of gas", "InvalidInstruction"):
        with monkeypatch.context() as patch:
            halt = Receipt(False, b"", (), word)
            digests.add(digest_of(DEPOSIT, lambda runner, p=patch, h=halt: answering(p, runner, lambda _: h)))
    assert len(digests) == 1


# ---- probes

PROBES = [check for check in catalogue() if check.probe is not None]


# Every source answers again, and much less: whoever holds a long position is to be liquidated.
CRASH = [Action("set_feed_mode", "publisher", (source, 0)) for source in arena().deployment.sources]
CRASH += [publish(name, source.answer // 2) for name, source in arena().deployment.sources.items()]


@pytest.mark.parametrize("check", PROBES, ids=[check.id for check in PROBES])
def test_a_probe_leaves_no_trace(check: Check) -> None:
    """Tried at moments of drawn sequences, until it was put to the test; what contracts hold is enumerated before and after."""
    for index in range(20):
        if tried_without_a_trace(check, (*drawn(arena(), index, 120).blocks, *blocks(*CRASH))):
            return
    pytest.fail("no moment of twenty sequences put it to the test")


def tried_without_a_trace(check: Check, history: tuple[Block, ...]) -> bool:
    """Whether a moment of a history put a probe to the test, each of which must leave no trace."""
    with running(arena(), check.id) as (runner, do):
        for number, block in enumerate(history, 1):
            do(*block.acts, after_s=block.after_s)
            if number % 20 and number < len(history):
                continue
            before = seen(runner)
            for stream in range(4):
                choices = SeededChoices(stream, check.id)
                with probing(runner.observer, runner.state, choices) as probe:
                    assert runner.roster.try_probe(check, probe) == []
            assert seen(runner) == before
        return bool(runner.roster.exercised[check.id])


def seen(runner: Runner) -> tuple[object, ...]:
    """Everything that a probe could change."""
    chain = runner.chain
    contents = [chain.contents(address) for address in runner.instance.contracts]
    return contents, chain.time_s, chain.number, runner.state, runner.steps, runner.digest.digest(), runner.history()


def test_a_probe_sees_what_is_stored_when_it_looks() -> None:
    """However many actions it tried before, on whichever of its ways."""
    pair = arena().instance.slots.pairs[SLOTS.index("trader-5 cash")]
    with (
        running(arena()) as (runner, _),
        probing(runner.observer, runner.state, SeededChoices(1)) as probe,
    ):
        for units in (5, 6):
            assert probe.do("deposit", "trader-1", "trader-1", USDC, units).done
        probe.branch()
        assert probe.do("deposit", "trader-2", "trader-2", USDC, 7).done
        runner.chain.evm.insert_account_storage(*pair, 3)
        assert probe.do("deposit", "trader-1", "trader-1", USDC, 8).done
        accounts = probe.state.accounts
        assert [accounts[name].cash_wad for name in ("trader-1", "trader-2", "trader-5")] == [
            19 * WAD // USDC_ONE,
            7 * WAD // USDC_ONE,
            3,
        ]
        assert probe.state.wallets["trader-1"][USDC] == runner.state.wallets["trader-1"][USDC] - 19
        assert probe.do("deposit", "trader-2", "trader-2", USDC, 7).done
        probe.back()
        assert probe.state.accounts["trader-2"].cash_wad == 0
        assert probe.state.accounts["trader-1"].cash_wad == 11 * WAD // USDC_ONE


def deposit_and_fail(runner: Runner) -> None:
    with probing(runner.observer, runner.state, SeededChoices(1)) as probe:
        assert probe.do("deposit", "trader-1", "trader-1", USDC, 5).done
        raise ZeroDivisionError


def test_a_probe_that_fails_leaves_no_trace_either() -> None:
    with running(arena()) as (runner, do):
        do(DEPOSIT)
        before = seen(runner)
        with pytest.raises(ZeroDivisionError):
            deposit_and_fail(runner)
        assert seen(runner) == before


def test_the_history_is_the_same_whichever_checks_are_enabled() -> None:
    ran = [drawn(arena(), 3, 300, checks) for checks in ((), catalogue(), tuple(PROBES[:2]), tuple(PROBES))]
    assert len({one.digest for one in ran}) == 1
    assert len({one.blocks for one in ran}) == 1


def test_calls_reach_the_chain_as_the_instance_says(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Call] = []
    with running(arena()) as (runner, do):
        transact = runner.chain.transact

        def noted(call: Call) -> Receipt:
            sent.append(call)
            return transact(call)

        monkeypatch.setitem(vars(runner.chain), "transact", noted)
        do(DEPOSIT, BUNDLE)
        assert sent == [runner.instance.call(act, runner.chain.time_s) for act in (DEPOSIT, BUNDLE)]
