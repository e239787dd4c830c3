"""Whether another chain agrees: the same history on it, everything that it shows compared with revm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from underwater.actions import Act, Block, Call, Receipt, Refusal
from underwater.chain import BlockIsFull, Chain
from underwater.chain.clone import NotDeployed, run_plan
from underwater.engine import Deployment, Engine, Instance
from underwater.engine.artifacts import Artifacts
from underwater.hunt.arena import Arena
from underwater.hunt.probe import Sent, Trial, Way


class Seen(NamedTuple):
    """What a chain shows of one block: each call's answer, then stored values, every account's view and a probe's views at its end."""

    number: int
    """Of the block; again the same where a probe went several ways."""
    receipts: tuple[tuple[bool, bool, bytes, tuple[object, ...]], ...]
    values: tuple[int, ...]
    healths: tuple[object, ...]
    answers: tuple[tuple[bool, bytes], ...]


_Part = tuple[int, Sequence[Act], Sequence[Call]]
"""A block: seconds after the one before, acts of a history, calls of a probe."""


def watch(chain: Chain, instance: Instance, blocks: Sequence[Block], trial: Trial | None = None) -> list[Seen]:
    """Run a history on any chain that holds the deployment, and say what it shows. A ``trial`` begins in the last block.

    Where a trial went several ways, the last block is run and taken back with each of them but the last.
    """
    history: list[_Part] = [(block.after_s, block.acts, ()) for block in blocks[:-1]]
    shown = _watched(chain, instance, 0, history, ())
    ways = trial.ways if trial is not None else (Way((Sent(0, ()),), ()),)
    for number, (sent, views) in enumerate(ways, 1):
        begun, *later = sent
        rest: list[_Part] = [(blocks[-1].after_s, blocks[-1].acts, begun.calls)] if blocks else []
        rest += [(block.after_s, (), block.calls) for block in later]
        before = chain.snapshot() if number < len(ways) else None
        shown += _watched(chain, instance, len(history), rest, views)
        if before is not None:
            chain.restore(before)
    return shown


def _watched(
    chain: Chain, instance: Instance, numbered: int, parts: Sequence[_Part], views: Sequence[tuple[str, bytes]]
) -> list[Seen]:
    """What a chain shows of some blocks, ``numbered`` of which came before; ``views`` are asked after the last."""
    shown = []
    for number, (after_s, acts, tried) in enumerate(parts, 1):
        time_s = chain.time_s + after_s
        receipts = chain.block(after_s, [*(instance.call(act, time_s) for act in acts), *tried])
        asked = views if number == len(parts) else ()
        shown.append(
            Seen(
                numbered + number,
                tuple((receipt.ok, receipt.halted is not None, receipt.data, receipt.logs) for receipt in receipts),
                (*chain.storage(instance.slots.pairs), *chain.balances(instance.ether_addresses)),
                tuple(instance.health(chain, name) for name in instance.cast.accounts),
                tuple(_answer(chain.view(to, data)) for to, data in asked),
            )
        )
    return shown


def _answer(receipt: Receipt) -> tuple[bool, bytes]:
    return receipt.ok, receipt.data


class Compared(NamedTuple):
    """How another chain differs (empty if it does not), and whether a probe's trial had to be left out."""

    differs: str
    probe_left_out: bool


def compare(
    chain: Chain,
    engine: Engine,
    deployment: Deployment,
    artifacts: Artifacts,
    blocks: Sequence[Block],
    trial: Trial | None = None,
) -> Compared:
    """A history and a probe's trial on another chain and on revm, deployment included: both may refuse it.

    The other chain is afterwards as it was before. A trial that needs more gas than a block has is left out: in another block
    it would be another trial.
    """
    plan, instance = engine.deploy(deployment, artifacts)
    before = chain.snapshot()
    refusal: Refusal | None = None
    there: list[Seen] = []
    try:
        run_plan(chain, plan, engine.begin_s, instance.endowed)
        there = watch(chain, instance, blocks, trial)
    except NotDeployed as refused:
        refusal = refused.refusal(instance.outcome_of)
    except BlockIsFull:
        if trial is None:
            raise
        chain.restore(before)
        return Compared(compare(chain, engine, deployment, artifacts, blocks).differs, probe_left_out=True)
    finally:
        chain.restore(before)
    arena = Arena(engine, deployment, artifacts)
    if arena.refusal is not None or refusal is not None:
        ends = _deploying(arena.refusal), _deploying(refusal)
        differs = f"deploying differs between {arena.chain.name} and {chain.name}: {ends[0]} and {ends[1]}"
        return Compared("" if ends[0] == ends[1] else differs, probe_left_out=False)
    here = watch(arena.chain, arena.instance, blocks, trial)
    for one, other in zip(here, there, strict=True):
        for what, left, right in zip(_SHOWN, one, other, strict=True):
            if left != right:
                differs = (
                    f"block {one.number}: {what} differ between {arena.chain.name} and {chain.name}: {left} and {right}"
                )
                return Compared(differs, probe_left_out=False)
    return Compared("", probe_left_out=False)


def _deploying(refusal: Refusal | None) -> str:
    """What became of a deployment, in words that are the same on all chains: why a call halts each says in its own."""
    if refusal is None:
        return "done"
    if refusal.outcome.error == "Halted":
        refusal = refusal._replace(outcome=refusal.outcome._replace(error_arguments=()))
    return refusal.words


_SHOWN = ("numbers", "outcomes", "stored values", "views", "a probe's views")
"""The fields of ``Seen`` in words."""
