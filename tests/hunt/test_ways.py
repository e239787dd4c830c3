"""Each way to a smaller history by itself, on small histories of which it is known what can be put more plainly."""

from __future__ import annotations

from collections.abc import Callable

from reference.prices import FRESH, mark_status
from reference.rounding import WAD
from reference.state import State, margin_of
from tests.hunt.support import BTC, ETH, USDC, USDC_ONE, WETH, WETH_ONE, arena, blocks, deposit, publish, trade
from underwater.actions import Act, Action, Aim, Bundle
from underwater.aims import AT_MARK
from underwater.checks import Check, Probe, Step, Verdict
from underwater.choices import SeededChoices, Ways
from underwater.hunt.attempts import Attempts
from underwater.hunt.detours import ended_plainly, in_one_fall, paid_for
from underwater.hunt.omission import merge
from underwater.hunt.recasting import (
    by_themselves,
    first_sources,
    from_first_prices,
    in_plain_markets,
    merely_accrued,
    traded_at_once,
)
from underwater.hunt.replay import replay
from underwater.hunt.retell import Flat, flatten, in_cash
from underwater.hunt.sequence import PROBE_STREAMS
from underwater.hunt.shrink import Shrinker, Way

SOL = 2
SOL_ANSWER = 150 * 10**8


def attempts(says: Callable[[Step], bool], probe: Callable[[Probe], Verdict] | None = None) -> Attempts:
    check = Check("TEST-01", "not this", lambda step: "this" if says(step) else False, probe=probe)
    return Attempts(arena(), check, 1_000, None)


def gone(way: Way, says: Callable[[Step], bool], *acts: Act) -> Flat:
    """Where a way leads from a history of these acts, which fails."""
    asked = attempts(says)
    taken = asked.take(flatten(blocks(*acts)))
    assert taken is not None
    better = way(asked, taken)
    assert asked.fails(better) is not None
    return better


def kinds(flat: Flat) -> list[str]:
    return [act.kind for _, act in flat]


def action(flat: Flat, place: int) -> Action:
    act = flat[place][1]
    assert isinstance(act, Action)
    return act


def holding(state: State, name: str, market: int) -> int:
    return abs(state.accounts[name].sizes_wad[market])


RICH = (deposit("trader-1", USDC, 1_000_000 * USDC_ONE), deposit("trader-2", USDC, 1_000_000 * USDC_ONE))


# ---- who does it


def test_who_was_approved_is_not_needed_where_an_account_can_act_itself() -> None:
    approved = Action("set_operator", "trader-1", ("trader-3", True))
    for_another = Action("deposit", "trader-3", ("trader-1", USDC, 5))
    better = gone(by_themselves, lambda step: step.kind == "deposit" and step.outcome.done, approved, for_another)
    assert action(better, 1) == deposit("trader-1", USDC, 5)


def test_what_fails_because_of_who_does_it_stays_his() -> None:
    refused = Action("deposit", "trader-3", ("trader-1", USDC, 5))
    better = gone(by_themselves, lambda step: not step.outcome.done, deposit("trader-3", USDC, 5), refused)
    assert action(better, 1) == refused


def test_a_contract_keeps_its_own_bundle() -> None:
    bundle = Bundle("attacker", (deposit("attacker", USDC, 5),))
    assert gone(by_themselves, lambda step: step.kind == "bundle", bundle) == ((12, bundle),)


# ---- plainer acts


def test_an_order_that_only_traded_becomes_a_trade() -> None:
    history = (
        *RICH,
        Action("request_order", "trader-1", ("trader-1", ETH, -2 * WAD, 2_900 * WAD, 12, 600)),
        publish("ETH-USD", 3_000 * 10**8),
        Action("execute_order", "trader-2", ("trader-1", ETH, "trader-2")),
    )
    better = gone(traded_at_once, lambda step: holding(step.after, "trader-1", ETH) == 2 * WAD, *history)
    assert kinds(better) == ["deposit", "deposit", "publish", "trade"]
    assert action(better, 3) == trade("trader-2", "trader-1", ETH, 2 * WAD, 3_000 * WAD)._replace(aim=AT_MARK)


def test_a_trade_that_only_read_the_index_becomes_an_accrual_and_needs_no_deposits() -> None:
    def index_was_read(step: Step) -> bool:
        return step.kind == "publish" and step.before.funding[BTC].index_wad > 0

    history = (*RICH, trade("trader-1", "trader-2", BTC, WAD, 60_000 * WAD), publish("ETH-USD", 3_100 * 10**8))
    better = gone(merely_accrued, index_was_read, *history)
    assert kinds(better) == ["accrue_funding", "publish"]


def test_a_first_source_takes_the_place_of_a_second_that_misbehaves() -> None:
    silent = Action("set_feed_mode", "publisher", ("SOL-USD-2", 1))
    better = gone(first_sources, lambda step: any(feed.mode for feed in step.after.feeds.values()), silent)
    assert action(better, 0) == Action("set_feed_mode", "publisher", ("SOL-USD", 1))


def test_funding_accrued_in_any_market_takes_the_place_of_what_only_read_its_price() -> None:
    def sees_silence(step: Step) -> bool:
        return step.outcome.error == "FeedUnavailable"

    history = (
        Action("set_feed_mode", "publisher", ("BTC-USD", 1)),
        *RICH,
        trade("trader-1", "trader-2", BTC, WAD, 60_000 * WAD),
    )
    better = gone(ended_plainly, sees_silence, *history)
    assert kinds(better) == ["set_feed_mode", "accrue_funding"]


def test_isolation_and_its_margin_become_one() -> None:
    history = (
        Action("isolate", "trader-1", ("trader-1", BTC, 0)),
        RICH[0],
        Action("move_margin", "trader-1", ("trader-1", BTC, 700 * WAD)),
    )
    better = gone(merge, lambda step: margin_of(step.after.accounts["trader-1"], BTC) == 700 * WAD, *history)
    assert [act for _, act in better] == [RICH[0], Action("isolate", "trader-1", ("trader-1", BTC, 700 * WAD))]


def test_margin_that_was_won_is_paid_in_instead() -> None:
    history = (
        *RICH,
        trade("trader-1", "trader-2", BTC, WAD, 59_800 * WAD),
        trade("trader-2", "trader-1", BTC, WAD, 60_000 * WAD),
        Action("isolate", "trader-1", ("trader-1", ETH, 1_000_000 * WAD)),
    )
    better = gone(paid_for, lambda step: bool(margin_of(step.after.accounts["trader-1"], ETH)), *history)
    assert kinds(better) == ["deposit", "isolate"]


def test_a_liquidation_that_only_filled_insurance_becomes_a_payment() -> None:
    def insured_with_a_position(step: Step) -> bool:
        return step.after.insurance_wad > 0 and step.after.open_interest_wad[BTC] > 0

    history = (
        deposit("trader-1", USDC, 10_000 * USDC_ONE),
        RICH[1],
        trade("trader-1", "trader-2", BTC, WAD, 60_000 * WAD),
        deposit("maker", USDC, 1_000_000 * USDC_ONE),
        publish("BTC-USD", 51_000 * 10**8),
        Action("liquidate", "maker", ("maker", "trader-1", BTC, WAD), Aim("close rule", 0)),
    )
    better = gone(ended_plainly, insured_with_a_position, *history)
    assert kinds(better) == ["deposit", "deposit", "trade", "fund_insurance"]


def test_one_price_is_enough_for_a_liquidation_that_several_led_to() -> None:
    history = (
        deposit("trader-1", WETH, 10 * WETH_ONE),
        publish("BTC-USD", 50_000 * 10**8),
        trade("trader-1", "trader-2", BTC, WAD // 10, 50_000 * WAD),
        publish("ETH-USD", 300 * 10**8),
        publish("BTC-USD", 20_000 * 10**8),
        Action("liquidate", "trader-2", ("trader-2", "trader-1", BTC, WAD // 10), Aim("close rule", 0)),
    )
    better = gone(in_one_fall, lambda step: step.kind == "liquidate" and step.outcome.done, RICH[1], *history)
    assert sorted(kinds(better)) == ["deposit", "deposit", "liquidate", "publish", "trade"]
    assert all(act.arguments[1] == USDC for _, act in better if isinstance(act, Action) and act.kind == "deposit")


def test_ether_and_other_tokens_are_worth_cash() -> None:
    state = arena().start
    worth = deposit("trader-1", USDC, 6_000 * USDC_ONE)
    assert in_cash(state, deposit("trader-1", WETH, 2 * WETH_ONE)) == worth
    assert in_cash(state, Action("deposit_ether", "trader-1", ("trader-1", 2 * WETH_ONE))) == worth
    assert in_cash(state, worth) is None
    assert in_cash(state, publish("ETH-USD", 1)) is None


# ---- other prices, other markets


def fell_to(market: int, share: tuple[int, int]) -> Callable[[Step], bool]:
    """Whether trader-1 holds a position bought at a mark that is now just this share of it."""

    def says(step: Step) -> bool:
        account = step.after.accounts["trader-1"]
        size_wad, quote_wad = account.sizes_wad[market], account.quotes_wad[market]
        status, mark_wad = mark_status(step.after, step.after.parameters.markets[market])
        return size_wad > 0 and status == FRESH and mark_wad * size_wad * share[1] == -quote_wad * WAD * share[0]

    return says


def test_a_price_that_came_first_is_left_out_and_the_next_moves_as_far() -> None:
    history = (
        *RICH,
        publish("ETH-USD", 2_000 * 10**8),
        trade("trader-1", "trader-2", ETH, 30 * WAD, 2_000 * WAD),
        publish("ETH-USD", 1_500 * 10**8),
    )
    better = gone(from_first_prices, fell_to(ETH, (3, 4)), *history)
    assert [act for _, act in better][2:] == [
        trade("trader-1", "trader-2", ETH, 20 * WAD, 3_000 * WAD),
        publish("ETH-USD", 2_250 * 10**8),
    ]


def test_sizes_stay_where_the_failure_needs_them() -> None:
    halved = fell_to(ETH, (3, 4))
    history = (
        *RICH,
        publish("ETH-USD", 2_000 * 10**8),
        trade("trader-1", "trader-2", ETH, 30 * WAD, 2_000 * WAD),
        publish("ETH-USD", 1_500 * 10**8),
    )
    better = gone(
        from_first_prices,
        lambda step: halved(step) and holding(step.after, "trader-1", ETH) == 30 * WAD,
        *history,
    )
    assert action(better, 2).arguments[3] == 30 * WAD


def test_a_market_of_two_sources_gives_way_to_one_of_one() -> None:
    def fell_anywhere(step: Step) -> bool:
        return any(fell_to(market, (1, 2))(step) for market in range(len(step.after.parameters.markets)))

    history = (
        *RICH,
        trade("trader-1", "trader-2", SOL, 400 * WAD, 150 * WAD),
        publish("SOL-USD", SOL_ANSWER // 2),
        publish("SOL-USD-2", SOL_ANSWER * 10**10 // 2),
    )
    better = gone(in_plain_markets, fell_anywhere, *history)
    assert [act for _, act in better][2:] == [
        trade("trader-1", "trader-2", BTC, WAD, 60_000 * WAD),
        publish("BTC-USD", 30_000 * 10**8),
    ]


# ---- attempts


def test_what_was_tried_is_not_run_again() -> None:
    asked = attempts(lambda step: step.kind == "donate")
    fails, holds = (
        flatten(blocks(act)) for act in (Action("donate", "trader-1", (USDC, 1)), deposit("trader-1", USDC, 1))
    )
    for _ in range(3):
        assert asked.take(fails) == fails
        assert asked.take(holds) is None
    assert asked.tries == 2


def test_the_same_draws_lead_the_same_way() -> None:
    ways = Ways()
    seen = []
    for stream in range(40):
        if not ways.has(SeededChoices(stream)):
            choices = ways.going(SeededChoices(stream))
            first = choices.pick("abc")
            seen.append(
                (first, choices.chance(50) if first == "a" else choices.weighted((1, 2)) if first == "b" else 0)
            )
            choices.end()
    assert sorted(seen, key=str) == [("a", False), ("a", True), ("b", 0), ("b", 1), ("c", 0)]


def test_noted_choices_are_those_of_the_stream() -> None:
    noted, plain = Ways().going(SeededChoices(7)), SeededChoices(7)
    for _ in range(50):
        assert noted.integer(-3, 10**9) == plain.integer(-3, 10**9)
        assert noted.pick((1, 2, 3)) == plain.pick((1, 2, 3))
        assert noted.chance(30) == plain.chance(30)
        assert noted.weighted((2, 5, 9)) == plain.weighted((2, 5, 9))


def test_a_probe_is_tried_once_for_each_way_that_it_can_go() -> None:
    drawn: list[int] = []

    def probe(probe: Probe) -> Verdict:
        drawn.append(probe.choices.integer(0, 2))
        return "two" if drawn[-1] == 2 else True

    check = Check("TEST-01", "not two", probe=probe)
    first = replay(arena(), blocks(RICH[0]), check)
    assert first.violation is not None
    assert len(drawn) == len(set(drawn))
    drawn.clear()
    again = replay(arena(), blocks(RICH[0]), check, first_stream=first.stream)
    assert (drawn, again.stream) == ([2], first.stream)
    assert first.stream in range(PROBE_STREAMS)


def test_what_a_step_fails_late_and_a_probe_early_ends_with_the_probe() -> None:
    def insured(probe: Probe) -> Verdict:
        return "insured" if probe.state.insurance_wad else True

    history = blocks(
        Action("fund_insurance", "trader-1", (5,)),
        deposit("trader-1", USDC, 5),
        Action("donate", "trader-1", (USDC, 5)),
    )

    def donated(step: Step) -> Verdict:
        return (
            "donated" if step.kind == "donate" and step.before.insurance_wad and any(step.before.pool_units) else False
        )

    found = Shrinker(arena(), Check("TEST-01", "not this", donated, probe=insured)).run(history)
    assert found is not None
    flat, replayed = found
    assert kinds(flat) == ["fund_insurance"]
    assert replayed.trial is not None
