"""Ape's own way: contract calls from test accounts on its local network, as a user's test would write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from typing import Any

from benchmarks.timing import Timed, stopwatch
from underwater.choices import SeededChoices
from underwater.engine.artifacts import PROJECT
from underwater.engine.bundled.actors import ADDRESSES
from underwater.engine.bundled.engine import BUNDLED, deploy

NETWORK = "ethereum:local:test"
TRADERS = ("trader-1", "trader-2", "trader-3", "trader-4", "trader-5", "maker", "liquidator")
W = 10**18
SETTLEMENT, ETH_PERP = 0, 1
USDC = 10**6


class ApeSide:
    """The deployment on Ape's local network, and transactions without end on it."""

    def __init__(self) -> None:
        # Ape takes seconds to import, and leaves its marks on a process: only the one that measures it does.
        import ape
        from ape.logging import logger

        from underwater.chain.ape import connected
        from underwater.chain.clone import run_plan

        logger.set_level("ERROR")  # else every transaction writes a line
        self._open = ExitStack()
        chain = self._open.enter_context(connected(NETWORK))
        plan, instance = deploy(BUNDLED.default_deployment(), BUNDLED.artifacts(None))
        run_plan(chain, plan, BUNDLED.begin_s, instance.endowed)
        engine: Any = ape.Project(PROJECT).MarginEngine.at(instance.addresses.engine)
        accounts = {account.address.lower(): account for account in ape.accounts.test_accounts}
        senders = {name: accounts[ADDRESSES[name]] for name in (*TRADERS, "matcher")}
        for name in TRADERS:
            engine.deposit(senders[name], SETTLEMENT, 1_000_000 * USDC, sender=senders[name])
        self.kinds: Counter[str] = Counter()
        self._acts = self._act(engine, senders)

    def round(self, transactions: int) -> Timed:
        """The next so many transactions."""
        with stopwatch() as took:
            done = sum(1 for _ in islice(self._acts, transactions))
        return Timed(done, *took)

    def close(self) -> None:
        """Leave the network."""
        self._open.close()

    def _act(self, engine: Any, senders: dict[str, Any]) -> Iterator[None]:
        """Deposits, withdrawals and trades, one at each ``next``. Whatever is refused raises."""
        choices = SeededChoices(1, "ape")
        while True:
            number = choices.integer(0, len(TRADERS) - 1)
            account, other = senders[TRADERS[number]], senders[TRADERS[number - 1]]
            kind = choices.pick(("deposit", "withdraw", "trade", "trade"))
            if kind == "deposit":
                engine.deposit(account, SETTLEMENT, choices.integer(1, 1_000 * USDC), sender=account)
            elif kind == "withdraw":
                engine.withdraw(account, SETTLEMENT, choices.integer(1, 100 * USDC), sender=account)
            else:
                size = choices.integer(1, 1_000) * W // 1_000
                engine.trade(ETH_PERP, account, other, size, 3_000 * W, sender=senders["matcher"])
            self.kinds[kind] += 1
            yield


_side: ApeSide | None = None


def prepare() -> None:
    """Make this process's Ape side."""
    global _side
    _side = ApeSide()


def measure(transactions: int) -> tuple[Timed, dict[str, int]]:
    """A round in this process, and the kinds of all its transactions so far."""
    assert _side is not None
    return _side.round(transactions), dict(_side.kinds)
