"""Short ways to a deployed engine, sound or with an error planted, and to histories on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from reference.rounding import WAD
from underwater.actions import Act, Action, Block
from underwater.case.finding import save_unshrunk
from underwater.chain import Chain
from underwater.chain.clone import run_plan
from underwater.checks import Check, Roster, check_named
from underwater.choices import SeededChoices
from underwater.engine import Instance
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.faults import artifacts_of
from underwater.hunt.arena import Arena, deployment_number
from underwater.hunt.runner import Runner
from underwater.hunt.sequence import Ran, run_sequence
from underwater.hunt.work import Settings
from underwater.nemesis.history import shipped_history
from underwater.nemesis.paths import HistoryPath

SEED = 6
FAULT = "withdraw-skips-margin"
"""The fault of the README: an account with positions withdraws what its margin needs."""

# In the deployment of the parameter file.
BTC, ETH = 0, 1
USDC, WBTC, WETH = 0, 1, 2
USDC_ONE, WBTC_ONE, WETH_ONE = 10**6, 10**8, 10**18


@cache
def arena(number: int = 0, fault: str | None = None) -> Arena:
    """A deployment of the campaign of ``SEED`` (0: the parameter file), sound or with a fault of the zoo; in its first state."""
    return Arena(BUNDLED, deployment_number(BUNDLED, SEED, number), artifacts_of(fault))


def deploy(chain: Chain, number: int = 0) -> Instance:
    """The sound engine of ``arena(number)`` on another chain."""
    plan, instance = BUNDLED.deploy(deployment_number(BUNDLED, SEED, number), artifacts_of(None))
    run_plan(chain, plan, BUNDLED.begin_s, instance.endowed)
    return instance


def settings(
    folder: Path, *, seed: int = SEED, fault: str | None = None, checks: tuple[str, ...] | None = None
) -> Settings:
    """What all work of a hunt shares."""
    return Settings("bundled", fault, seed, checks, folder, shipped_history(), save_unshrunk)


def drawn(arena: Arena, index: int, steps: int, checks: tuple[Check, ...] = ()) -> Ran:
    """A drawn sequence, with its whole history."""
    arena.reset()
    choices = SeededChoices(SEED, "tests", index)
    path = HistoryPath(shipped_history(), choices, steps)
    return run_sequence(arena.chain, arena.instance, Roster(checks), arena.start, choices, path, steps)


@contextmanager
def running(arena: Arena, *checks: str, thorough: bool = False) -> Iterator[tuple[Runner, Callable[..., list[str]]]]:
    """A runner, and a way to do acts in a block of their own that gives the IDs of violated checks."""
    arena.reset()
    runner = Runner(arena.chain, arena.instance, Roster(map(check_named, checks)), arena.start, thorough=thorough)

    def do(*acts: Act, after_s: int = 12) -> list[str]:
        runner.begin_block(after_s)
        return [violation.check for act in acts for violation in runner.act(act)]

    yield runner, do
    arena.reset()


def deposit(account: str, collateral: int, units: int) -> Action:
    """An account deposits for itself."""
    return Action("deposit", account, (account, collateral, units))


def withdraw(account: str, collateral: int, units: int) -> Action:
    """An account withdraws for itself."""
    return Action("withdraw", account, (account, collateral, units))


def trade(buyer: str, seller: str, market: int, size_wad: int, price_wad: int) -> Action:
    """The matcher settles a trade."""
    return Action("trade", "matcher", (market, buyer, seller, size_wad, price_wad))


def publish(source: str, answer: int) -> Action:
    """A source answers something else from now on."""
    return Action("publish", "publisher", (source, answer, 0))


def opened() -> tuple[Block, ...]:
    """trader-1 buys one BTC-PERP from the maker at 60,000; both have deposited enough for it, and no more than that is odd."""
    return blocks(
        deposit("trader-1", USDC, 10_000 * USDC_ONE),
        deposit("maker", USDC, 1_000_000 * USDC_ONE),
        trade("trader-1", "maker", BTC, WAD, 60_000 * WAD),
    )


def blocks(*acts: Act, after_s: int = 12) -> tuple[Block, ...]:
    """Each act in a block of its own."""
    return tuple(Block(after_s, (act,)) for act in acts)
