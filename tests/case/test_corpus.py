"""A corpus: what is kept from one hunt to the next, and what becomes of files that time or accident has touched."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hunt.support import ETH, SEED, USDC, USDC_ONE, blocks, deposit, settings, trade, withdraw
from underwater.case.corpus import Corpus, write_sequence
from underwater.errors import EnvironmentFailure, UserError
from underwater.hunt.campaign import Budget, Campaign, Kept
from underwater.hunt.work import Worker

SHORT = blocks(deposit("maker", USDC, 7 * USDC_ONE))
LONG = (*SHORT, *blocks(trade("maker", "liquidator", ETH, 10**18, 3_000 * 10**18), withdraw("maker", USDC, USDC_ONE)))


def campaign(folder: Path, *kept: Kept, seed: int = SEED) -> Campaign:
    """A campaign that has kept something and not run."""
    return Campaign(settings(folder, seed=seed), Budget(steps=1), kept=list(kept))


def saved(folder: Path, *kept: Kept, seed: int = SEED) -> Corpus:
    corpus = Corpus(folder, "bundled")
    corpus.save(campaign(folder, *kept, seed=seed))
    return corpus


def signed(text: str) -> str:
    """A file's text with the digest that it should have."""
    body = text[: text.index("digest:")]
    return f"{body}digest: {hashlib.sha256(body.encode()).hexdigest()[:32]}\n"


# ---- there and back


def test_what_is_kept_is_read_back_shortest_first(tmp_path: Path) -> None:
    saved(tmp_path, Kept(0, LONG), Kept(0, SHORT))
    corpus = Corpus(tmp_path, "bundled")
    assert corpus.seeds == (Kept(0, SHORT), Kept(0, LONG))
    assert corpus.deployments == ()


def test_a_drawn_deployment_comes_along_whatever_the_seed(tmp_path: Path) -> None:
    there = settings(tmp_path, seed=SEED)
    saved(tmp_path, Kept(3, SHORT), Kept(3, LONG), Kept(0, SHORT), Kept(5, LONG))
    corpus = Corpus(tmp_path, "bundled")
    here = replace(settings(tmp_path, seed=SEED + 1), brought=corpus.deployments)
    assert len(corpus.deployments) == 2, "each once"
    found = {(repr(here.deployment(seed.deployment)), seed.blocks) for seed in corpus.seeds}
    assert found == {
        (repr(there.deployment(number)), history) for number, history in [(3, SHORT), (3, LONG), (0, SHORT), (5, LONG)]
    }
    numbers = [seed.deployment for seed in corpus.seeds]
    assert sorted(numbers, key=numbers.index) == numbers, "those of one deployment run together"


def test_what_was_read_is_written_again_as_it_was(tmp_path: Path) -> None:
    saved(tmp_path, Kept(3, LONG))
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    corpus = Corpus(tmp_path, "bundled")
    here = campaign(tmp_path, *corpus.seeds, seed=SEED + 1)
    here.settings = replace(here.settings, brought=corpus.deployments)
    here.spent = {0}
    corpus.save(here)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_a_drawn_history_reads_back(tmp_path: Path) -> None:
    ran = Campaign(settings(tmp_path), Budget(steps=10**6))
    worker = Worker(ran.settings)
    for task in ran.plan():
        list(ran.merge(worker.run(task)))
    folder = tmp_path / "corpus"
    corpus = Corpus(folder, "bundled")
    corpus.save(ran)
    assert {seed.blocks for seed in Corpus(folder, "bundled").seeds} == {kept.blocks for kept in ran.kept}


# ---- what goes


def test_what_was_forgotten_goes(tmp_path: Path) -> None:
    corpus = saved(tmp_path, Kept(0, LONG), Kept(0, SHORT))
    corpus.save(campaign(tmp_path, Kept(0, SHORT)))
    assert Corpus(tmp_path, "bundled").seeds == (Kept(0, SHORT),)


def test_seeds_that_have_not_run_stay_and_those_that_reached_nothing_go(tmp_path: Path) -> None:
    saved(tmp_path, Kept(0, LONG), Kept(0, SHORT))
    corpus = Corpus(tmp_path, "bundled")
    here = campaign(tmp_path)
    here.spent = {0}
    corpus.save(here)
    event = corpus.saved()
    assert (event.sequences, event.new, event.gone) == (1, 0, 1)
    assert Corpus(tmp_path, "bundled").seeds == (Kept(0, LONG),)


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    corpus = Corpus(tmp_path, "bundled")
    other = saved(tmp_path, Kept(0, LONG))  # a hunt beside this one
    corpus.save(campaign(tmp_path, Kept(0, SHORT)))
    assert set(Corpus(tmp_path, "bundled").seeds) == {Kept(0, SHORT), Kept(0, LONG)}
    assert other.saved().sequences == 1
    assert (tmp_path / "README.md").read_text() == "mine"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("do: deposit", "do: deposit_of_old"),
        ("collateral: USDC", "collateral: GONE"),
        ("by: maker", "by: nobody"),
        ("deployment: default", "deployment: {margin: 3}"),
        ("do: deposit, account: maker, collateral: USDC, units: 7", "do: nothing"),
    ],
)
def test_what_can_no_longer_be_said_is_dropped_and_counted(tmp_path: Path, old: str, new: str) -> None:
    text = write_sequence(settings(tmp_path), Kept(0, SHORT))
    assert old in text
    (tmp_path / "old.yaml").write_text(signed(text.replace(old, new)))
    corpus = Corpus(tmp_path, "bundled")
    assert (corpus.seeds, corpus.was_read().dropped) == ((), 1)
    corpus.save(campaign(tmp_path))
    assert not list(tmp_path.iterdir())


# ---- what is refused

DAMAGES: dict[str, Callable[[str], str]] = {
    "empty": lambda text: text[:0],
    "cut short": lambda text: text[: len(text) // 2],
    "cut at a line": lambda text: text[: text.index("deployment:")],
    "edited": lambda text: text.replace("units: 7", "units: 8"),
    "no digest": lambda text: text[: text.index("digest:")],
    "joined": lambda text: text + text,
    "a case": lambda text: text.replace("digest:", "found:"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_one_line_that_says_what_to_do(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(DAMAGES[damage](write_sequence(settings(tmp_path), Kept(0, SHORT))))
    with pytest.raises(UserError) as failure:
        Corpus(tmp_path, "bundled")
    assert str(failure.value) == f"{path}: is damaged, or was edited: remove it, and hunt without this sequence"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("underwater: 1", "underwater: 2", ":2: underwater: format 2 is unknown; this version reads format 1"),
        (
            "engine: bundled",
            "engine: other",
            ":3: engine: is not of the engine 'bundled': give each engine a corpus of its own",
        ),
        (
            "engine: bundled\n",
            "",
            ":2: the document: is not of the engine 'bundled': give each engine a corpus of its own",
        ),
    ],
)
def test_what_another_version_or_engine_wrote_is_refused(tmp_path: Path, old: str, new: str, line: str) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(signed(write_sequence(settings(tmp_path), Kept(0, SHORT)).replace(old, new)))
    with pytest.raises(UserError, match=re.escape(f"{path}{line}")):
        Corpus(tmp_path, "bundled")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file: no folder for the corpus can be made there: File exists"):
        Corpus(tmp_path / "file", "bundled")


def test_a_file_that_cannot_be_removed_is_an_environment_that_failed(tmp_path: Path) -> None:
    corpus = saved(tmp_path, Kept(0, SHORT))
    (path,) = tmp_path.iterdir()
    path.unlink()
    path.mkdir()
    with pytest.raises(EnvironmentFailure, match="cannot be removed"):
        corpus.save(campaign(tmp_path))
