"""What a hunt for a planted fault left behind, found once for all tests of commands; Ctrl-C as it was before each."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from tests.commands.support import FAULT, SEED, STEPS, hunt


@pytest.fixture(autouse=True)
def interrupt_as_before() -> Iterator[None]:
    """A hunt sets its own answer to Ctrl-C; here it runs in the tests' process."""
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture(scope="package")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """What a hunt for a planted fault leaves behind, and what it said."""
    folder = tmp_path_factory.mktemp("found")
    handler = signal.getsignal(signal.SIGINT)
    result = hunt(
        folder / "runs", "--fault", FAULT, "--seed", SEED, "--steps", STEPS, "--json", folder / "summary.json"
    )
    signal.signal(signal.SIGINT, handler)
    return folder, result
