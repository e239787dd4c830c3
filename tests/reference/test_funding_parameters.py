"""The parameters of funding (P11), what a change of them does and does not (F5), and who may change them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reference.funding import CARRY_OF_A_TICK
from reference.parameters import FundingParameters, Unsafe
from reference.rounding import WAD
from tests.reference.support import COPPER, COUNTERPARTY, RISK_MANAGER, STRANGER, TIN, TRADER, UNKNOWN, Scene, wad
from tests.reference.test_funding import HOURLY, HOURLY_FIELDS, hourly


@pytest.mark.parametrize(
    "changes",
    [
        {"interval_s": 0},
        {"interval_s": 86_401},
        {"maximum_rate_wad": wad("0.1") + 1},
        {"maximum_velocity_wad": wad("0.1") + 1},
        {"premium_scale_wad": 0},
        {"premium_scale_wad": WAD + 1},
        {"premium_depth_wad": 0},
        {"premium_depth_wad": 10**34 + 1},
    ],
)
def test_funding_out_of_its_domain_is_refused_by_name(changes: dict[str, int]) -> None:
    with pytest.raises(Unsafe) as refusal:
        replace(HOURLY, **changes).validate()
    assert refusal.value.name == "funding"


def test_funding_at_the_edges_of_its_domain_is_accepted() -> None:
    FundingParameters(1, 0, 0, 1, 1).validate()
    FundingParameters(86_400, wad("0.1"), wad("0.1"), WAD, 10**34).validate()


def test_one_payment_band_and_penalty_stay_below_the_first_maintenance_rate() -> None:
    scene = Scene()
    # Copper: band 1 %, penalty 2 %, maintenance 5 %: a payment of less than 2 % is left, rounded up.
    day = (86_400, wad("0.02") - 1, 0, WAD, WAD)
    scene.do("set_funding", RISK_MANAGER, COPPER, *day)
    refused = scene.refused("set_funding", RISK_MANAGER, COPPER, 86_400, wad("0.02"), 0, WAD, WAD)
    assert refused == ("UnsafeParameter", "penaltyAndBand")
    limits = (wad("0.01") + 1, wad("0.001"), wad("0.02"), wad("1000"))
    assert scene.refused("set_market_limits", RISK_MANAGER, COPPER, *limits) == ("UnsafeParameter", "penaltyAndBand")
    scene.do("set_funding", RISK_MANAGER, COPPER, 86_399, wad("0.02") - 1, 0, WAD, WAD)
    scene.do("set_market_limits", RISK_MANAGER, COPPER, *limits)


def test_longer_interval_does_not_charge_again_what_was_paid() -> None:
    scene = hourly()
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    scene.wait(3_600)
    # 2 hours into a day of the new parameters, which ends 22 hours after it; an hour of it has been paid.
    day_end_s = 86_400 - scene.state.time_s % 86_400
    scene.do("set_funding", RISK_MANAGER, COPPER, 86_400, wad("0.0024"), 0, WAD, WAD)
    assert scene.state.due.per_unit_wad[COPPER] == wad("0.01")
    scene.wait(day_end_s)
    paid_s = day_end_s
    assert scene.state.due.per_unit_wad[COPPER] == wad("0.01") + wad("0.24") * paid_s // 86_400 // wad("0.01") * wad(
        "0.01"
    )


def test_interval_that_a_change_makes_longer_charges_no_more_than_one() -> None:
    scene = hourly()
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    scene.wait(3_600 + 3_000)
    ten_minutes = (600, wad("0.0024"), 0, wad("0.005"), wad("1000"))
    scene.do("set_funding", RISK_MANAGER, COPPER, *ten_minutes)
    # 50 minutes of the hour have run, and the ten minutes of the new parameters end now and in ten more.
    assert scene.state.due.per_unit_wad[COPPER] == wad("0.01")
    scene.wait(600)
    scene.publish("COPPER", "100")
    scene.do("accrue_funding", STRANGER, COPPER)
    assert scene.state.funding[COPPER].carry == CARRY_OF_A_TICK // 6


def test_new_parameters_bind_from_now_on_and_no_earlier() -> None:
    scene = hourly()
    scene.trade(COPPER, TRADER, COUNTERPARTY, "10", "100.5")
    scene.wait(2 * 3_600 + 1_800)
    before = scene.state.due
    assert before.per_unit_wad[COPPER] == wad("0.03")
    slower = (600, wad("0.0012"), wad("0.0001"), wad("0.005"), wad("1000"))
    # Without a price: the copper of the scene has gone stale.
    events = scene.do("set_funding", RISK_MANAGER, COPPER, *slower)
    assert events == (
        # The rate is brought to its new maximum at once.
        ("FundingAccrued", COPPER, wad("0.0012"), wad("0.03"), wad("100")),
        ("FundingSet", COPPER, *slower),
    )
    assert scene.state.due.per_unit_wad == before.per_unit_wad
    # Ten minutes of 0.12 % a day on 100 are a twelfth of a cent.
    assert scene.state.funding[COPPER].rate_wad == wad("0.0012")
    scene.wait(12 * 600)
    assert scene.state.due.per_unit_wad[COPPER] == wad("0.04")


def test_only_who_manages_risk_sets_funding_and_in_a_known_market() -> None:
    scene = Scene()
    assert scene.refused("set_funding", STRANGER, COPPER, *HOURLY_FIELDS)[0] == "AccessControlUnauthorizedAccount"
    assert scene.refused("set_funding", RISK_MANAGER, UNKNOWN, *HOURLY_FIELDS) == ("UnknownMarket", UNKNOWN)
    refused = scene.refused("set_funding", RISK_MANAGER, TIN, 0, 0, 0, 1, 1)
    assert refused == ("UnsafeParameter", "funding")
