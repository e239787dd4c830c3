"""The gateway of ether: what it is made with, what it shows, whom it lets pull what, and what it does with ether that is forced on it."""

from __future__ import annotations

import pytest
from eth_abi import decode, encode

from reference.ether import GATEWAY
from tests.hunt.support import WETH, WETH_ONE, arena
from underwater.actions import Action, Call, Outcome, Receipt
from underwater.chain import NotCreated
from underwater.engine.abi import words
from underwater.engine.artifacts import WETH9, Artifacts
from underwater.engine.bundled.actors import ADDRESSES, DEPLOYER, ETHER_EACH_WEI
from underwater.engine.bundled.engine import BUNDLED
from underwater.engine.bundled.plan import ZERO_ADDRESS, call_data
from underwater.engine.bundled.storage import WETH9_BALANCES
from underwater.engine.faults import artifacts_of
from underwater.hunt.arena import Arena

ARTIFACTS: Artifacts = artifacts_of(None)
TRADER = ADDRESSES["trader-1"]
IN = Action("deposit_ether", "trader-1", ("trader-1", 3 * WETH_ONE))
OUT = Action("withdraw_ether", "trader-1", ("trader-1", WETH_ONE))


@pytest.fixture
def begun() -> Arena:
    built = arena()
    built.reset()
    return built


def done(begun: Arena, action: Action) -> Outcome:
    return begun.instance.outcome_of(begun.chain.transact(begun.instance.call(action, begun.chain.time_s)))


def sent(begun: Arena, to: str, data: bytes, value: int = 0, sender: str = TRADER) -> Receipt:
    return begun.chain.transact(Call(sender, to, data, value))


def allowance(begun: Arena, owner: str, spender: str) -> int:
    token = begun.instance.addresses.tokens[WETH]
    data = begun.chain.view(token, call_data("allowance(address,address)", owner, spender)).data
    return int.from_bytes(data, "big")


def created(begun: Arena, engine: str, collateral: int) -> str:
    code = ARTIFACTS["EtherGateway"].creation_code + encode(["address", "uint256"], [engine, collateral])
    return begun.chain.create(ADDRESSES[DEPLOYER], code)


def test_an_engine_without_code_is_refused(begun: Arena) -> None:
    with pytest.raises(NotCreated, match=b"engine".hex()):
        created(begun, ZERO_ADDRESS, WETH)


def test_a_collateral_that_is_not_listed_is_refused(begun: Arena) -> None:
    with pytest.raises(NotCreated, match=call_data("UnknownCollateral(uint256)", 9).hex()):
        created(begun, begun.instance.addresses.engine, 9)


def test_the_views_show_what_it_was_made_with(begun: Arena) -> None:
    addresses, view = begun.instance.addresses, begun.chain.view
    assert decode(["address"], view(addresses.gateway, call_data("engine()")).data)[0] == addresses.engine
    assert decode(["address"], view(addresses.gateway, call_data("wrappedEther()")).data)[0] == addresses.tokens[WETH]
    assert decode(["uint256"], view(addresses.gateway, call_data("collateral()")).data)[0] == WETH


def test_the_token_is_the_published_one_and_keeps_balances_where_they_are_read(begun: Arena) -> None:
    token = begun.instance.addresses.tokens[WETH]
    assert begun.chain.contents(token).code == ARTIFACTS[WETH9].runtime_code
    wallet = begun.instance.slots.wallet("trader-1", WETH)
    assert wallet is not None
    assert wallet[0] == token
    assert WETH9_BALANCES == 3
    found = begun.chain.view(token, call_data("balanceOf(address)", TRADER)).data
    assert begun.chain.storage([wallet]) == [int.from_bytes(found, "big")] == [begun.start.wallets["trader-1"][WETH]]


def test_the_engine_may_pull_nothing_beyond_a_deposit(begun: Arena) -> None:
    assert done(begun, IN).done
    addresses = begun.instance.addresses
    assert allowance(begun, addresses.gateway, addresses.engine) == 0


def test_without_the_right_to_pull_nothing_leaves(begun: Arena) -> None:
    addresses = begun.instance.addresses
    assert done(begun, IN).done
    before = begun.chain.balances(begun.instance.ether_addresses)
    assert sent(
        begun, addresses.tokens[WETH], call_data("approve(address,uint256)", addresses.gateway, WETH_ONE - 1)
    ).ok
    assert done(begun, OUT) == Outcome("TransferFromFailed", (), ())
    assert begun.chain.balances(begun.instance.ether_addresses) == before
    assert sent(begun, addresses.tokens[WETH], call_data("approve(address,uint256)", addresses.gateway, WETH_ONE)).ok
    assert done(begun, OUT).done
    assert allowance(begun, TRADER, addresses.gateway) == 0


def test_what_comes_without_being_asked_for_is_refused(begun: Arena) -> None:
    gateway = begun.instance.addresses.gateway
    refusal = call_data("EtherNotAccepted(address)", TRADER)
    for value in (0, 1, WETH_ONE):
        receipt = sent(begun, gateway, b"", value)
        assert (receipt.ok, receipt.data) == (False, refusal)
    assert not sent(begun, gateway, call_data("sweep()"), 1).ok
    assert not sent(begun, gateway, call_data("withdrawEther(address,uint256)", TRADER, 0), 1).ok


def test_forced_ether_stays_and_changes_nothing() -> None:
    # Of its own: no snapshot takes back what was given from outside.
    begun = Arena(BUNDLED, BUNDLED.default_deployment(), ARTIFACTS)
    gateway = begun.instance.addresses.gateway
    begun.chain.evm.set_balance(gateway, 7)
    assert done(begun, IN).done
    assert done(begun, OUT).done
    assert begun.chain.balances([gateway, TRADER]) == [
        7,
        begun.start.ether.wei["trader-1"] - 3 * WETH_ONE + WETH_ONE,
    ]


def test_an_operator_of_an_account_gets_none_of_its_ether(begun: Arena) -> None:
    assert done(begun, IN).done
    assert done(begun, OUT._replace(caller="matcher")).done
    assert begun.chain.balances([ADDRESSES["matcher"]]) == [ETHER_EACH_WEI]


def test_a_contract_that_refuses_ether_keeps_its_margin(begun: Arena) -> None:
    attacker = "attacker"
    assert done(begun, IN._replace(caller=attacker, arguments=(attacker, WETH_ONE))).done
    before = begun.chain.balances(begun.instance.ether_addresses)
    assert done(begun, Action("refuse_ether", "publisher", (True,))).done
    refused = done(begun, OUT._replace(caller=attacker, arguments=(attacker, WETH_ONE)))
    assert (refused.error, refused.error_arguments) == ("EtherNotDelivered", (attacker, WETH_ONE))
    assert begun.chain.balances(begun.instance.ether_addresses) == before
    assert GATEWAY in begun.instance.ether_holders
    data = begun.chain.view(
        begun.instance.addresses.engine,
        call_data("collateralOf(address,uint256)", begun.instance.addresses.attacker, WETH),
    ).data
    assert data == words(WETH_ONE)
