"""Deployments between two others: safe, fewer or more alike, and an end to them."""

from __future__ import annotations

import pytest

from underwater.choices import SeededChoices
from underwater.document import parse
from underwater.engine.bundled.deployment import Deployment, read_deployment, write_deployment
from underwater.engine.bundled.draw import draw_deployment
from underwater.engine.bundled.engine import default_deployment
from underwater.engine.bundled.nearer import nearer

DEFAULT = default_deployment()


def size(deployment: Deployment) -> int:
    return len(deployment.parameters.markets) + len(deployment.parameters.collaterals)


@pytest.mark.parametrize("seed", range(7, 10))
def test_what_is_nearer_is_safe_and_survives_its_file(seed: int) -> None:
    here = draw_deployment(SeededChoices(seed))
    first, *others = nearer(here, DEFAULT)
    assert first == DEFAULT
    assert len(others) > 50
    for deployment in others:
        assert deployment != here
        assert size(deployment) <= size(here)
        assert len(deployment.wallets_units) == len(deployment.parameters.collaterals)
        assert deployment.parameters.collaterals[0].feed is None
    for deployment in others[::7]:
        assert read_deployment(parse(write_deployment(deployment), "nearer.yaml")) == deployment


def test_nothing_is_nearer_to_itself() -> None:
    assert list(nearer(DEFAULT, DEFAULT)) == []


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("last", [True, False], ids=["by the last of them", "by the first"])
def test_who_goes_on_from_what_is_nearer_comes_to_an_end(seed: int, last: bool) -> None:
    """Whatever still fails may be taken, but the end itself: nothing comes round again."""
    here = draw_deployment(SeededChoices(seed))
    seen = []
    while True:
        others = [deployment for deployment in nearer(here, DEFAULT) if deployment != DEFAULT]
        if not others:
            break
        here = others[-1 if last else 0]
        assert here not in seen
        seen.append(here)
    assert seen
    (market,) = here.parameters.markets
    (collateral,) = here.parameters.collaterals
    assert (market, collateral) == (DEFAULT.parameters.markets[0], DEFAULT.parameters.collaterals[0])
    assert (here.parameters.orders, here.parameters.pause) == (DEFAULT.parameters.orders, DEFAULT.parameters.pause)
