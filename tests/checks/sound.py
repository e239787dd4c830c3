"""Situations that put each check to the test, in which the engine does as it should."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from reference.rounding import WAD
from reference.state import Bucket
from tests.checks.callbacks import SOUND_CALLBACKS
from tests.checks.ether import SOUND_ETHER
from tests.checks.orders import SOUND_ORDERS
from tests.checks.probes import ReferenceProbe
from tests.checks.relations import SOUND_RELATIONS
from tests.checks.stops import SOUND_STOPS
from tests.checks.support import (
    ACCRUE,
    BUY,
    DEAR,
    DEPOSIT,
    DONATE,
    END_FUNDING,
    ISOLATE,
    JOIN,
    LONG,
    MARGIN_OUT,
    PART,
    REDUCE,
    SEIZE,
    SELL,
    SELL_SOL,
    SET_FUNDING,
    SHORT,
    SMALL_ETH,
    SOL,
    WHOLE,
    WITHDRAW,
    apart,
    before_source,
    deaf,
    emptied,
    indebted,
    isolated,
    isolated_and_slipping,
    isolated_and_sunk,
    isolated_beside_stale,
    nearly_dear,
    opened,
    paired,
    paired_at_a_stretch,
    partly_priced,
    paying,
    pressed,
    rich_and_long,
    slipping,
    state_after,
    sunk,
    sunk_since_an_interval,
    taken,
    two_sided,
    with_source,
)
from tests.hunt.support import BTC, USDC, USDC_ONE, trade
from underwater.actions import Action, Refusal
from underwater.checks import Step
from underwater.checks.roles import BY_ROLE, LISTINGS
from underwater.choices import SeededChoices


class Deployed(NamedTuple):
    """A deployment, and where it was refused, if it was."""

    refusal: Refusal | None = None


Case = Step | ReferenceProbe | Deployed
Make = Callable[[], Case]

FEES = Action("collect_fees", "treasurer", ("treasurer", 10 * USDC_ONE))
UPGRADE = Action("upgrade", "admin", ("next",))
_LIQUIDATION = (WAD // 2, WAD // 2, 0)
BEGIN_ANEW = Action("initialize", "outsider", ("outsider", *_LIQUIDATION))
BEGIN_CODE = Action("initialize_implementation", "outsider", ("first", "outsider", *_LIQUIDATION))


def signed(**changes: object) -> Action:
    """trader-1's approval of the delegate, handed in by an outsider."""
    given = {"account": "trader-1", "operator": "delegate", "approved": True, "nonce": 0, "deadline_s": 10**12,
             "signer": "trader-1", "over": "this"}  # fmt: skip
    return Action("set_operator_by_signature", "outsider", tuple((given | changes).values()))


BAD_DEBT = "bad_debt_wad"


def _draws(choices: SeededChoices) -> tuple[int, bool]:
    """What ORACLE-04 draws: a market with two sources, and whether the first one fails."""
    return choices.pick((SOL, SOL + 1)), choices.chance(50)


FAILS, GROWS_OLD = (
    next(n for n in range(99) if _draws(SeededChoices(n, "tests")) == (SOL, fails)) for fails in (True, False)
)
"""Streams of a probe that has a source fail, or lets it grow old."""
WITHDRAW_OF_OTHER = Action("withdraw", "liquidator", ("liquidator", USDC, USDC_ONE))


def settled(**changes: int) -> Step:
    return before_source(taken(opened(), Action("settle", "trader-1", ("trader-1", BTC))), "BTC-USD", **changes)


def trusting(step: Step, source: str, **changes: int) -> Step:
    """A step after which views say that all is fresh while a source is not."""
    step.after = with_source(step.after, source, **changes)
    return step


def with_fields(step: Step, **fields: object) -> Step:
    for name, value in fields.items():
        setattr(step, name, value)
    return step


def insured() -> Action:
    return Action("fund_insurance", "maker", (100 * USDC_ONE,))


BUCKET = Bucket("trader-1", BTC)
SELL_PART = trade("maker", "trader-1", BTC, WAD // 10, 60_000 * WAD)
SELL_TO_OTHER = trade("liquidator", "trader-1", BTC, WAD, 60_000 * WAD)
TICK = WAD // 10
OF_BTC = next(n for n in range(99) if SeededChoices(n, "tests").integer(0, 3) == BTC)
"""A stream of a probe that draws the first of four markets."""


def _sizes(choices: SeededChoices) -> tuple[bool, str]:
    """What LIQ-07 draws of one account with one position: whether its price moves, and how much is closed."""
    moves = choices.chance(60)
    choices.pick(("",))
    choices.pick(("",))
    choices.integer(1, 50)
    return moves, choices.pick(("lot", "all", "part"))


ONE_LOT, ALL_OF_IT = (
    next(n for n in range(99) if _sizes(SeededChoices(n, "tests")) == (False, size)) for size in ("lot", "all")
)
"""Streams of a probe that closes a single lot first, or as much as it may."""


JUST_FALLEN = next(n for n in range(99) if SeededChoices(n, "tests").chance(60))
"""A stream of a probe that first moves a price to where somebody can only just be liquidated."""


def _lists(choices: SeededChoices) -> tuple[str, bool]:
    """What ACCESS-02 draws: what only a role may do, and whether whoever tries it has the role."""
    return choices.pick((*LISTINGS, *LISTINGS, *BY_ROLE)), choices.chance(20)


LISTS_MARKET, MAY_LIST = (
    next(n for n in range(999) if _lists(SeededChoices(n, "tests")) == (LISTINGS[0], may)) for may in (False, True)
)
"""Streams of a probe in which a market is listed by somebody who may not, or who may."""
REDUCE_SLIPPING = trade("maker", "trader-1", BTC, WAD // 10, 50_900 * WAD)

REDUCES = 3
"""A stream of a probe in which somebody reduces at a price that is not refused."""
COMES_APART = 1
"""A stream of a probe that draws an answer of the second source."""


# Each situation puts its check to the test, and the engine does as it should.
SOUND: list[tuple[str, str, Make]] = [
    ("LIQ-01", "below maintenance margin", lambda: taken(slipping(), PART)),
    ("LIQ-01", "seized below maintenance margin", lambda: taken(indebted(), SEIZE)),
    ("LIQ-02", "a position", lambda: ReferenceProbe(slipping())),
    ("LIQ-02", "a debt", lambda: ReferenceProbe(indebted())),
    ("LIQ-03", "in part", lambda: taken(slipping(), PART)),
    ("LIQ-03", "whole", lambda: taken(sunk(), WHOLE)),
    ("LIQ-03", "seized", lambda: taken(indebted(), SEIZE)),
    ("LIQ-04", "in part", lambda: taken(slipping(), PART)),
    ("LIQ-04", "seized", lambda: taken(indebted(), SEIZE)),
    ("LIQ-05", "in part", lambda: taken(slipping(), PART)),
    ("LIQ-05", "seized", lambda: taken(indebted(), SEIZE)),
    ("LIQ-06", "in part", lambda: taken(slipping(), PART)),
    ("LIQ-06", "whole", lambda: taken(sunk(), WHOLE)),
    ("LIQ-08", "bad debt", lambda: taken(sunk(), WHOLE)),
    ("LIQ-08", "insurance pays a part", lambda: taken(state_after(insured(), state=sunk()), WHOLE)),
    ("LIQ-07", "a part, and then healthy", lambda: ReferenceProbe(slipping())),
    ("LIQ-07", "a lot, and one more", lambda: ReferenceProbe(sunk(), ONE_LOT)),
    ("LIQ-07", "an account that has only just fallen", lambda: ReferenceProbe(two_sided(), JUST_FALLEN)),
    ("LIQ-07", "the whole", lambda: ReferenceProbe(sunk(), ALL_OF_IT)),
    ("LIQ-09", "bad debt", lambda: taken(sunk(), WHOLE)),
    ("LIQ-09", "insurance pays a part", lambda: taken(state_after(insured(), state=sunk()), WHOLE)),
    ("LIQ-09", "insurance repays bad debt", lambda: taken(state_after(WHOLE, state=sunk()), insured())),
    ("LIQ-12", "bad debt", lambda: taken(sunk(), WHOLE)),
    ("LIQ-12", "a bucket", lambda: taken(isolated_and_sunk(), WHOLE)),
    ("LIQ-12", "an account pays in again", lambda: ReferenceProbe(sunk())),
    ("LIQ-12", "a bucket is joined", lambda: ReferenceProbe(isolated_and_sunk())),
    ("HEALTH-06", "a trade", lambda: taken(opened(), BUY)),
    ("HEALTH-06", "an isolation", lambda: taken(opened(), ISOLATE)),
    ("HEALTH-06", "a reduction of what could be liquidated", lambda: taken(slipping(), REDUCE_SLIPPING)),
    ("ACCESS-02", "a role", lambda: taken(opened(), FEES)),
    ("ACCESS-02", "new funding", lambda: taken(opened(), SET_FUNDING)),
    ("ACCESS-02", "somebody without a role", lambda: ReferenceProbe(opened(), LISTS_MARKET)),
    ("MODEL-03", "a market more", lambda: ReferenceProbe(opened(), OF_BTC)),
    ("ORACLE-01", "a trade", lambda: taken(opened(), BUY)),
    ("ORACLE-01", "a price that is just a heartbeat old", lambda: settled(updated_at_s=opened().time_s + 1 - 3_600)),
    ("ORACLE-02", "a withdrawal", lambda: taken(opened(), WITHDRAW)),
    ("ORACLE-02", "an answer at its bound", lambda: settled(answer=1_000 * 10**8)),
    ("FUND-01", "an accrual", lambda: taken(paying(), ACCRUE)),
    ("FUND-01", "a trade", lambda: taken(paying(), BUY)),
    ("FUND-02", "longs pay", lambda: taken(paying(), ACCRUE)),
    ("FUND-02", "new parameters that end it", lambda: taken(paying(), END_FUNDING)),
    ("FUND-03", "something due", lambda: ReferenceProbe(paying(), OF_BTC)),
    ("FUND-04", "an accrual", lambda: taken(paying(), ACCRUE)),
    ("FUND-05", "an accrual", lambda: taken(paying(), ACCRUE)),
    ("FUND-05", "new parameters", lambda: taken(paying(), SET_FUNDING)),
    ("FUND-05", "a trade that moves the premium alone", lambda: taken(opened(), DEAR)),
    ("ACCESS-05", "an upgrade", lambda: taken(opened(), UPGRADE)),
    ("ACCESS-05", "an upgrade refused", lambda: taken(opened(), UPGRADE._replace(caller="outsider"))),
    ("ACCESS-05", "an attempt to begin anew", lambda: taken(opened(), BEGIN_ANEW)),
    ("ACCESS-05", "code left alone", lambda: taken(opened(), BEGIN_CODE)),
    ("ACCESS-05", "one way and back", lambda: ReferenceProbe(state_after(UPGRADE, state=opened()))),
    ("ACCESS-01", "its owner's signature", lambda: taken(opened(), signed())),
    ("ACCESS-01", "its owner", lambda: taken(opened(), DEPOSIT)),
    ("ACCESS-01", "an operator", lambda: taken(opened(), BUY)),
    ("ACCESS-01", "a role", lambda: taken(opened(), FEES)),
    ("HEALTH-01", "a withdrawal", lambda: taken(opened(), WITHDRAW)),
    ("HEALTH-01", "a reduction below initial margin", lambda: taken(pressed(), REDUCE)),
    ("HEALTH-02", "a trade", lambda: taken(opened(), BUY)),
    ("HEALTH-02", "a reduction where sources are apart", lambda: ReferenceProbe(paired_at_a_stretch(), REDUCES)),
    ("HEALTH-03", "a trade of others", lambda: taken(opened(), BUY)),
    ("HEALTH-04", "a source that does not answer", lambda: taken(deaf(), DEPOSIT)),
    ("HEALTH-05", "an account with tokens alone", lambda: ReferenceProbe(opened())),
    ("LEDGER-01", "a deposit", lambda: taken(opened(), DEPOSIT)),
    ("LEDGER-01", "a donation", lambda: taken(opened(), DONATE)),
    ("LEDGER-01", "bad debt", lambda: taken(sunk(), WHOLE)),
    ("LEDGER-02", "a deposit", lambda: taken(opened(), DEPOSIT)),
    ("LEDGER-02", "all leave", lambda: ReferenceProbe(opened())),
    ("LEDGER-03", "a trade", lambda: taken(opened(), BUY)),
    ("LEDGER-03", "a liquidation", lambda: taken(sunk(), WHOLE)),
    ("LEDGER-04", "a deposit and a withdrawal", lambda: ReferenceProbe(opened(), 3)),
    ("LEDGER-05", "two trades at one price", lambda: ReferenceProbe(opened())),
    ("LEDGER-06", "a trade", lambda: taken(opened(), BUY)),
    ("LEDGER-07", "a trade", lambda: taken(opened(), BUY)),
    ("LEDGER-08", "a liquidation in part", lambda: taken(isolated_and_slipping(), PART)),
    ("LEDGER-08", "a debt", lambda: taken(isolated_and_sunk(), WHOLE)),
    ("LEDGER-08", "a trade that empties it", lambda: taken(isolated(), SELL)),
    ("LEDGER-08", "a deposit beside it", lambda: taken(isolated(), DEPOSIT)),
    ("LIQ-01", "a bucket", lambda: taken(isolated_and_slipping(), PART)),
    ("LIQ-02", "a bucket", lambda: ReferenceProbe(isolated_and_slipping())),
    ("LIQ-03", "a bucket", lambda: taken(isolated_and_slipping(), PART)),
    ("LIQ-05", "a bucket in debt", lambda: taken(isolated_and_sunk(), WHOLE)),
    ("LIQ-06", "a bucket", lambda: taken(isolated_and_slipping(), PART)),
    ("LIQ-08", "a bucket's debt", lambda: taken(isolated_and_sunk(), WHOLE)),
    ("ACCESS-01", "its owner isolates", lambda: taken(opened(), ISOLATE)),
    (
        "ORACLE-01",
        "a bucket that is closed beside a stale price",
        lambda: taken(isolated_beside_stale(), SELL_TO_OTHER),
    ),
    ("HEALTH-05", "what an empty bucket has", lambda: ReferenceProbe(emptied(), 2)),
    ("LIQ-03", "a bucket closed whole", lambda: taken(isolated_and_slipping(), WHOLE)),
    ("ORACLE-03", "both sides reduce", lambda: taken(apart(), SELL_SOL)),
    ("ORACLE-03", "a view says so", lambda: taken(apart(), WITHDRAW_OF_OTHER)),
    ("ORACLE-04", "a first source falls silent", lambda: ReferenceProbe(paired(), FAILS)),
    ("ORACLE-04", "a first source grows old", lambda: ReferenceProbe(paired(), GROWS_OLD)),
    ("ORACLE-06", "an accrual", lambda: taken(paying(), ACCRUE)),
    ("ORACLE-07", "a liquidation that accrues", lambda: taken(sunk_since_an_interval(), WHOLE)),
    ("ORACLE-08", "a deposit", lambda: ReferenceProbe(opened())),
    ("FUND-06", "a dear trade", lambda: taken(opened(), DEAR)),
    ("FUND-06", "back again", lambda: taken(state_after(DEAR, state=opened()), BUY)),
    ("FUND-06", "as far as its own", lambda: taken(nearly_dear(), DEAR)),
    ("ORACLE-01", "isolating", lambda: taken(opened(), ISOLATE)),
    ("ORACLE-01", "margin moved", lambda: taken(isolated(), MARGIN_OUT)),
    ("HEALTH-01", "isolating", lambda: taken(opened(), ISOLATE)),
    ("HEALTH-01", "margin moved out", lambda: taken(isolated(), MARGIN_OUT)),
    ("HEALTH-01", "joining", lambda: taken(isolated(), JOIN)),
    ("HEALTH-02", "isolating", lambda: taken(opened(), ISOLATE)),
    ("LEDGER-03", "isolating", lambda: taken(opened(), ISOLATE)),
    ("MARGIN-01", "a bucket", lambda: taken(isolated(), MARGIN_OUT)),
    ("MARGIN-12", "a bucket", lambda: taken(isolated(), MARGIN_OUT)),
    ("MARGIN-11", "an isolated position", lambda: ReferenceProbe(isolated(), LONG)),
    ("LEDGER-10", "a donation", lambda: taken(opened(), DONATE)),
    ("LEDGER-10", "a donation that is tried", lambda: ReferenceProbe(opened())),
    ("MARGIN-01", "sources that have come apart", lambda: ReferenceProbe(apart(), COMES_APART)),
    ("MARGIN-01", "a trade", lambda: taken(opened(), BUY)),
    ("MARGIN-02", "a trade", lambda: taken(opened(), BUY)),
    ("MARGIN-03", "an account with tokens alone", lambda: taken(opened(), BUY)),
    ("MARGIN-04", "any size", lambda: ReferenceProbe(opened())),
    ("MARGIN-05", "every edge", lambda: ReferenceProbe(opened())),
    ("MARGIN-06", "any size", lambda: ReferenceProbe(opened())),
    ("MARGIN-10", "two positions in either order", lambda: ReferenceProbe(opened())),
    ("MARGIN-11", "a long position", lambda: ReferenceProbe(two_sided(), LONG)),
    ("MARGIN-11", "a short position", lambda: ReferenceProbe(two_sided(), SHORT)),
    ("MARGIN-12", "a trade", lambda: taken(opened(), SMALL_ETH)),
    ("MODEL-01", "done", lambda: taken(opened(), BUY)),
    ("MODEL-01", "refused", lambda: taken(opened(), Action("withdraw", "trader-3", ("trader-3", USDC, 1)))),
    ("MODEL-02", "a trade", lambda: taken(opened(), BUY)),
    ("MODEL-03", "a trade", lambda: taken(opened(), BUY)),
    ("MODEL-04", "a position and its holder", lambda: ReferenceProbe(two_sided())),
    ("MODEL-05", "views by number", lambda: ReferenceProbe(opened())),
    *(("ACCESS-06", f"a listing ({stream})", partial(ReferenceProbe, two_sided(), stream)) for stream in range(40)),
    ("ACCESS-07", "it is accepted", Deployed),
    ("MARGIN-11", "no such price", lambda: ReferenceProbe(rich_and_long(), LONG)),
    ("MARGIN-11", "another price is unusable", lambda: ReferenceProbe(partly_priced())),
    *SOUND_RELATIONS,
    *SOUND_STOPS,
    *SOUND_ORDERS,
    *SOUND_CALLBACKS,
    *SOUND_ETHER,
]
