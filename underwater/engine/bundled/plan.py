"""The deployment of the bundled engine as a list of transactions: what ``ape run deploy`` sends, what a clone replays."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from eth_abi import encode
from eth_utils import keccak

from reference.parameters import (
    Collateral,
    Feed,
    FundingParameters,
    LiquidationParameters,
    Market,
    MarketLimits,
    OrderParameters,
    SecondSource,
)
from underwater.actions import Transaction
from underwater.engine.abi import create_address, selector, signature
from underwater.engine.artifacts import WETH9, Artifacts
from underwater.engine.bundled.actors import ACCOUNTS, ADDRESSES, ATTACKER, BACKSTOP, DEPLOYER, MATCHER
from underwater.engine.bundled.bundles import RUN
from underwater.engine.bundled.deployment import FAR_FUTURE_S, Deployment
from underwater.engine.bundled.stops import settings
from underwater.errors import UserError

ZERO_ADDRESS = "0x" + "00" * 20
ADMIN_ROLE = "DEFAULT_ADMIN_ROLE"
ROLES = {
    "risk-manager": "RISK_ROLE",
    "oracle-manager": "ORACLE_ROLE",
    "treasurer": "TREASURER_ROLE",
    "guardian": "GUARDIAN_ROLE",
}
_UNLIMITED = 2**256 - 1
MOST_CODE_BYTES = 24_576
"""What a chain takes as a contract's runtime code (EIP-170)."""
MOST_CREATION_BYTES = 49_152
"""What a chain takes as creation code with its arguments (EIP-3860)."""


def role_id(role: str) -> bytes:
    """A role's 32-byte name on chain."""
    return bytes(32) if role == ADMIN_ROLE else bytes(keccak(text=role))


def role_holders(deployment: Deployment, deployer: str) -> dict[str, str]:
    """Who holds each role after a deployment: as the file says, else the deployer and the actors of that name."""
    given = deployment.role_addresses
    holders = {ADMIN_ROLE: given.get("admin", deployer)}
    for actor, role in ROLES.items():
        holders[role] = given.get(actor.replace("-", "_"), ADDRESSES[actor])
    return holders


@dataclass
class Addresses:
    """Where everything is. Addresses are lower-case hex."""

    engine: str = ""
    views: str = ""
    governance: str = ""
    attacker: str = ""
    lens: str = ""
    orders: str = ""
    tokens: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    implementation: str = ""
    """The code that the engine begins with."""
    next_implementation: str = ""
    gateway: str = ""
    """Empty where no collateral wraps ether."""

    def every(self) -> list[str]:
        """All contracts of the deployment, in the order of their creation."""
        parts = (self.governance, self.views, self.implementation, self.engine, self.orders)
        of_harness = (self.attacker, self.lens, self.next_implementation)
        gateway = (self.gateway,) if self.gateway else ()
        return [*self.tokens, *self.sources.values(), *parts, *gateway, *of_harness]


FEED_TYPE = "(address,uint8,uint32,int192,int192)"
LIMITS_TYPE = "(uint64,uint64,uint64,uint128)"
SCALING_TYPE = "(uint128,uint128)"
FUNDING_TYPE = "(uint32,uint64,uint64,uint64,uint128)"
SECOND_SOURCE_TYPE = f"({FEED_TYPE},uint64)"
MARKET_TYPE = f"({FEED_TYPE},uint128,uint128,{LIMITS_TYPE},{SCALING_TYPE},{FUNDING_TYPE},{SECOND_SOURCE_TYPE},(uint128,uint64,uint64)[])"
COLLATERAL_TYPE = f"(address,uint64,uint64,uint128,{FEED_TYPE})"
LIQUIDATION_TYPE = "(uint64,uint64,uint128)"
ORDERS_TYPE = "(uint32,uint32,uint32)"


def feed_tuple(feed: Feed, sources: dict[str, str]) -> tuple[object, ...]:
    """P1's struct."""
    return (sources[feed.feed], feed.decimals, feed.heartbeat_s, feed.minimum_answer, feed.maximum_answer)


def limits_tuple(limits: MarketLimits) -> tuple[int, ...]:
    """P3's struct."""
    return (
        limits.price_band_rate_wad,
        limits.trading_fee_rate_wad,
        limits.liquidation_penalty_rate_wad,
        limits.position_limit_wad,
    )


def funding_tuple(funding: FundingParameters) -> tuple[int, ...]:
    """P11's struct."""
    return (
        funding.interval_s,
        funding.maximum_rate_wad,
        funding.maximum_velocity_wad,
        funding.premium_scale_wad,
        funding.premium_depth_wad,
    )


def second_source_tuple(second: SecondSource | None, sources: dict[str, str]) -> tuple[object, ...]:
    """P12's struct."""
    if second is None:
        return ((ZERO_ADDRESS, 0, 0, 0, 0), 0)
    return (feed_tuple(second.feed, sources), second.deviation_rate_wad)


def liquidation_tuple(parameters: LiquidationParameters) -> tuple[int, ...]:
    """P6's struct."""
    return (
        parameters.liquidator_share_rate_wad,
        parameters.close_factor_rate_wad,
        parameters.small_position_notional_wad,
    )


def orders_tuple(parameters: OrderParameters) -> tuple[int, ...]:
    """D3's struct."""
    return parameters.minimum_delay_s, parameters.binding_s, parameters.maximum_lifetime_s


def market_tuple(market: Market, sources: dict[str, str]) -> tuple[object, ...]:
    """P4's struct."""
    brackets = [(b.floor_wad, b.initial_rate_wad, b.maintenance_rate_wad) for b in market.brackets]
    return (
        feed_tuple(market.feed, sources),
        market.lot_wad,
        market.tick_wad,
        limits_tuple(market.limits),
        (market.scaling.lower_wad, market.scaling.upper_wad),
        funding_tuple(market.funding),
        second_source_tuple(market.second, sources),
        brackets,
    )


def collateral_tuple(collateral: Collateral, token: str, sources: dict[str, str]) -> tuple[object, ...]:
    """P5's struct, with the token's address."""
    feed = (ZERO_ADDRESS, 0, 0, 0, 0) if collateral.feed is None else feed_tuple(collateral.feed, sources)
    return (
        token,
        collateral.haircut_rate_wad,
        collateral.liquidation_discount_rate_wad,
        collateral.deposit_cap_units,
        feed,
    )


INITIALIZE = f"initialize(address,{LIQUIDATION_TYPE})"
LIST_MARKET = f"listMarket({MARKET_TYPE})"
LIST_COLLATERAL = f"listCollateral({COLLATERAL_TYPE})"


class _Planner:
    def __init__(self, artifacts: Artifacts, deployer: str, nonce: int) -> None:
        self.artifacts = artifacts
        self.deployer = deployer
        self.nonce = nonce
        self.transactions: list[Transaction] = []

    def create(self, label: str, contract: str, *arguments: object) -> str:
        artifact = self.artifacts[contract]
        constructor: dict[str, Any] = next(
            (entry for entry in artifact.abi if entry["type"] == "constructor"), {"inputs": []}
        )
        types = signature({"name": "", "inputs": constructor["inputs"]})
        code = artifact.creation_code + _encoded(types, arguments)
        for what, size, most in (
            ("runtime code", len(artifact.runtime_code), MOST_CODE_BYTES),
            ("creation code", len(code), MOST_CREATION_BYTES),
        ):
            if size > most:
                raise UserError(f"{artifact.source}: {contract} has {size} bytes of {what}; chains take {most}")
        address = create_address(self.deployer, self.nonce)
        self.nonce += 1
        self.transactions.append(Transaction(label, self.deployer, None, code, address))
        return address

    def call(self, label: str, sender: str, to: str, function: str, *arguments: object) -> None:
        if sender == self.deployer:
            self.nonce += 1
        self.transactions.append(Transaction(label, sender, to, call_data(function, *arguments)))


_DYNAMIC = re.compile(r"\[\]|string|bytes(?!\d)")


def _encoded(types: str, arguments: tuple[object, ...]) -> bytes:
    if types == "()":
        return b""
    # A tuple that holds anything dynamic is encoded behind an offset word, which calls and constructors leave out.
    return encode([types], [arguments])[32 if _DYNAMIC.search(types) else 0 :]


def call_data(function: str, *arguments: object) -> bytes:
    """Calldata of a function given by its canonical signature."""
    return selector(function) + _encoded(function[function.index("(") :], arguments)


def plan_deployment(
    deployment: Deployment,
    artifacts: Artifacts,
    *,
    deployer: str = ADDRESSES[DEPLOYER],
    nonce: int = 0,
    answered_at_s: int = FAR_FUTURE_S,
) -> tuple[tuple[Transaction, ...], Addresses]:
    """The engine's own deployment: test doubles where no address is given, the engine, its listings and roles.

    ``deployer`` sends everything, its next transaction having ``nonce``. Test doubles of sources answered at ``answered_at_s``.
    Raises ``UserError`` if a contract is larger than chains take.
    """
    planner = _Planner(artifacts, deployer, nonce)
    addresses = Addresses()
    parameters = deployment.parameters
    publisher = ADDRESSES["publisher"]
    for collateral in parameters.collaterals:
        given = deployment.token_addresses.get(collateral.name)
        addresses.tokens.append(
            given
            or (planner.create(f"create token {collateral.name}", WETH9) if collateral.wraps_ether else "")
            or planner.create(
                f"create token {collateral.name}",
                "AwkwardToken",
                collateral.name,
                collateral.name,
                collateral.decimals,
                publisher,
            )
        )
    for name, source in deployment.sources.items():
        addresses.sources[name] = source.address or planner.create(
            f"create price source {name}", "TestFeed", publisher, source.decimals, source.answer, answered_at_s
        )
    addresses.governance = planner.create("create the engine's governance", "Governance")
    addresses.views = planner.create("create the engine's views", "Views", addresses.governance)
    addresses.implementation = planner.create(
        "create the margin engine's implementation", "MarginEngine", addresses.views
    )
    addresses.engine = planner.create(
        "create the margin engine",
        "EngineProxy",
        addresses.implementation,
        call_data(INITIALIZE, deployer, liquidation_tuple(parameters.liquidation)),
    )
    addresses.orders = planner.create("create the orders", "Orders", addresses.engine, orders_tuple(parameters.orders))
    for number, collateral in enumerate(parameters.collaterals):
        planner.call(
            f"list collateral {collateral.name}",
            deployer,
            addresses.engine,
            LIST_COLLATERAL,
            collateral_tuple(collateral, addresses.tokens[number], addresses.sources),
        )
    if parameters.wrapped_ether is not None:
        addresses.gateway = planner.create(
            "create the gateway of ether", "EtherGateway", addresses.engine, parameters.wrapped_ether
        )
    for market in parameters.markets:
        planner.call(
            f"list market {market.name}",
            deployer,
            addresses.engine,
            LIST_MARKET,
            market_tuple(market, addresses.sources),
        )
    holders = role_holders(deployment, deployer)
    to_set = list(settings(parameters))
    # Setting takes a role, which the deployer has only as long as that takes, unless it is to keep it.
    takes_role = bool(to_set) and holders["RISK_ROLE"] != deployer
    risk = role_id("RISK_ROLE")
    if to_set:
        grant = f"grant RISK_ROLE to {deployer}"
        planner.call(grant, deployer, addresses.engine, "grantRole(bytes32,address)", risk, deployer)
    for label, function, arguments in to_set:
        planner.call(label, deployer, addresses.engine, function, *arguments)
    if takes_role:
        renounce = f"renounce RISK_ROLE as {deployer}"
        planner.call(renounce, deployer, addresses.engine, "renounceRole(bytes32,address)", risk, deployer)
    admin = holders.pop(ADMIN_ROLE)
    for role, holder in holders.items():
        planner.call(
            f"grant {role} to {holder}", deployer, addresses.engine, "grantRole(bytes32,address)", role_id(role), holder
        )
    if admin != deployer:
        for words, function, account in (
            ("grant {} to {}", "grantRole(bytes32,address)", admin),
            ("renounce {} as {}", "renounceRole(bytes32,address)", deployer),
        ):
            label = words.format(ADMIN_ROLE, account)
            planner.call(label, deployer, addresses.engine, function, role_id(ADMIN_ROLE), account)
    return tuple(planner.transactions), addresses


def plan_actors(
    deployment: Deployment, artifacts: Artifacts, addresses: Addresses, *, nonce: int
) -> tuple[Transaction, ...]:
    """What the harness adds on a development chain: an attacker's contract, a lens, a next implementation; tokens and approvals
    for every account."""
    deployer = ADDRESSES[DEPLOYER]
    owner = ADDRESSES["attacker-owner"]
    planner = _Planner(artifacts, deployer, nonce)
    addresses.attacker = planner.create("create the attacker's contract", "Bundler", owner)
    addresses.lens = planner.create("create the lens", "Lens")
    addresses.next_implementation = planner.create("create a next implementation", "NextMarginEngine", addresses.views)
    holders = {name: ADDRESSES.get(name, addresses.attacker) for name in (*ACCOUNTS, BACKSTOP)}
    wrapped = deployment.parameters.wrapped_ether
    for collateral, token, units in zip(
        deployment.parameters.collaterals, addresses.tokens, deployment.wallets_units, strict=True
    ):
        for name, holder in holders.items():
            if name != BACKSTOP and collateral.wraps_ether:
                # The attacker's contract begins with what its owner has wrapped.
                wrapper = owner if name == ATTACKER else holder
                label, data = f"wrap ether for {name}", call_data("deposit()")
                planner.transactions.append(Transaction(label, wrapper, token, data, value=units))
                if name == ATTACKER:
                    planner.call(label, owner, token, "transfer(address,uint256)", holder, units)
            elif name != BACKSTOP:
                planner.call(
                    f"mint {collateral.name} for {name}", deployer, token, "mint(address,uint256)", holder, units
                )
    for name, holder in holders.items():
        calls = [
            (token, call_data("approve(address,uint256)", addresses.engine, _UNLIMITED)) for token in addresses.tokens
        ]
        operators = [ADDRESSES[MATCHER], addresses.orders]
        if wrapped is not None:
            operators.append(addresses.gateway)
            allowance = call_data("approve(address,uint256)", addresses.gateway, _UNLIMITED)
            calls.append((addresses.tokens[wrapped], allowance))
        calls += [(addresses.engine, call_data("setOperator(address,bool)", operator, True)) for operator in operators]
        if name == ATTACKER:
            planner.call("approvals of the attacker", owner, holder, RUN, [(to, data, 0) for to, data in calls])
            continue
        for to, data in calls:
            planner.transactions.append(Transaction(f"approval of {name}", holder, to, data))
    return tuple(planner.transactions)
