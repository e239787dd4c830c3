"""Section 16: an engine begins once, and whoever holds the admin's role replaces its code."""

from __future__ import annotations

import pytest

from reference.governance import ADMIN
from reference.upgrades import CANDIDATES, IMPLEMENTATIONS, NOTHING
from tests.reference.support import ADMINISTRATOR, RISK_MANAGER, STRANGER, TRADER, Scene
from tests.reference.support import wad as wad_of

LIQUIDATION = (wad_of("0.5"), wad_of("0.5"), 0)


def test_the_admin_upgrades_there_and_back_and_nothing_else_changes() -> None:
    scene = Scene()
    scene.fund(TRADER, "1000")
    before = scene.state
    assert scene.do("upgrade", ADMINISTRATOR, "next") == (("Upgraded", "next"),)
    assert scene.state == before._replace(implementation="next")
    assert scene.do("upgrade", ADMINISTRATOR, "next") == (("Upgraded", "next"),)
    scene.do("upgrade", ADMINISTRATOR, "first")
    assert scene.state == before


@pytest.mark.parametrize("implementation", CANDIDATES)
def test_others_are_refused_before_the_implementation_is_looked_at(implementation: str) -> None:
    for caller in (STRANGER, RISK_MANAGER, TRADER):
        refused = Scene().refused("upgrade", caller, implementation)
        assert refused == ("AccessControlUnauthorizedAccount", caller, ADMIN)


@pytest.mark.parametrize("candidate", [name for name in CANDIDATES if name not in IMPLEMENTATIONS])
def test_what_is_no_implementation_is_refused(candidate: str) -> None:
    refused = Scene().refused("upgrade", ADMINISTRATOR, candidate)
    assert refused == ("ERC1967InvalidImplementation", candidate)


@pytest.mark.parametrize("caller", [ADMINISTRATOR, STRANGER])
def test_nothing_is_initialised_again_whoever_asks(caller: str) -> None:
    scene = Scene()
    assert scene.refused("initialize", caller, caller, *LIQUIDATION) == ("InvalidInitialization",)
    for where in CANDIDATES:
        if where != NOTHING:
            refused = scene.refused("initialize_implementation", caller, where, caller, *LIQUIDATION)
            assert refused == ("InvalidInitialization",)
    # Whom there is nobody at, nobody refuses.
    assert scene.do("initialize_implementation", caller, NOTHING, caller, *LIQUIDATION) == ()
