"""The deployment that tests of `ape run deploy` look at: made once for each file, and as it was again after each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deployment.support import Deployed


@pytest.fixture(scope="module")
def deployed_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    # pytest may read this file before Ape's plugin is there, and what Ape imports warns.
    from tests.deployment.support import Deployed, local_chain, run_deploy

    manifest = tmp_path_factory.mktemp("deployed") / "manifest.json"
    with local_chain() as chain:
        result = run_deploy("--manifest", manifest)
        assert (result.exit_code, result.stderr) == (0, "")
        yield Deployed(chain, manifest, result.stdout)


@pytest.fixture
def deployed(deployed_once: Deployed) -> Iterator[Deployed]:
    before = deployed_once.chain.snapshot()
    yield deployed_once
    deployed_once.chain.restore(before)
