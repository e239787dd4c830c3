"""The actions that the bundled engine takes: their arguments, and what a chain is called with."""

from __future__ import annotations

import re
from typing import NamedTuple

from underwater.engine.abi import selector
from underwater.engine.vocabulary import NAMES_SOMEBODY

ANSWER_WORDS = {"normal": 0, "reverts": 1, "burns-gas": 2, "short": 3}
"""Feed modes by the words that cases use."""


class Parameter(NamedTuple):
    """An argument of a kind.

    ``type`` says what it counts, and so how a case writes it: ``actor``, ``account`` (an actor that has one), ``market``,
    ``collateral``, ``units`` (token units of the action's collateral, or of the settlement token), ``size`` and ``price`` and
    ``rate`` and ``amount`` (wad), ``source``, ``source_or_none``, ``answer`` (in the source's decimals), ``age_s`` (None: dated 0),
    ``count``, ``mode``, ``role``, ``flag``, ``implementation`` (what stands somewhere, and is the engine's code or is not),
    ``signer`` (whose key), ``signed`` (what a signature is over, beside the other arguments), ``ether`` (wei).
    """

    name: str
    type: str


class Kind(NamedTuple):
    """One kind of action.

    ``target`` is the contract called: ``engine``, ``orders``, ``gateway``, ``attacker``, ``token`` (of the collateral in the first
    argument), or ``source`` or ``implementation`` (named by the first argument). ``function`` is its canonical signature, empty for a plain
    transfer. ``says`` phrases it for people, with arguments by name.
    """

    name: str
    parameters: tuple[Parameter, ...]
    target: str
    function: str
    says: str

    @property
    def types(self) -> tuple[str, ...]:
        """The function's ABI types, those inside a tuple one by one: all of them are static."""
        return tuple(re.findall(r"\w+", self.function)[1:])

    @property
    def selector(self) -> bytes:
        """The function's selector."""
        return selector(self.function) if self.function else b""


def _kind(name: str, parameters: str, target: str, function: str, says: str) -> Kind:
    pairs = [pair.split(":") for pair in parameters.split()]
    return Kind(name, tuple(Parameter(pair[0], pair[-1]) for pair in pairs), target, function, says)


_FEED = "source decimals:count heartbeat_s:count minimum:answer maximum:answer"
_FEED_TYPE = "(address,uint8,uint32,int192,int192)"

_LIQUIDATION = "liquidator_share:rate close_factor:rate small_position_notional:amount"
_LIQUIDATION_SAYS = (
    "liquidator's share {liquidator_share}, close factor {close_factor}, small position {small_position_notional}"
)
_INITIALIZE = "initialize(address,(uint64,uint64,uint128))"

KINDS = {
    kind.name: kind
    for kind in (
        _kind("deposit", "account collateral units", "engine", "deposit(address,uint256,uint256)",
              "deposits {units} for {account}"),
        _kind("withdraw", "account collateral units", "engine", "withdraw(address,uint256,uint256)",
              "withdraws {units} from {account}"),
        _kind("settle", "account market", "engine", "settle(address,uint256)",
              "settles {account} in {market}"),
        _kind("accrue_funding", "market", "engine", "accrueFunding(uint256)",
              "accrues the funding of {market}"),
        _kind("set_operator", "operator:actor approved:flag", "engine", "setOperator(address,bool)",
              "sets operator {operator} to {approved}"),
        _kind("fund_insurance", "units", "engine", "fundInsurance(uint256)",
              "pays {units} into insurance"),
        _kind("collect_fees", "to:actor units", "engine", "collectFees(address,uint256)",
              "collects {units} of fees for {to}"),
        _kind("donate", "collateral units", "token", "transfer(address,uint256)",
              "sends {units} to the engine outside its ledger"),
        _kind("isolate", "account market amount", "engine", "isolate(address,uint256,uint256)",
              "isolates {market} of {account} with {amount}"),
        _kind("join", "account market", "engine", "join(address,uint256)",
              "joins {market} of {account} to the rest"),
        _kind("move_margin", "account market amount", "engine", "moveMargin(address,uint256,int256)",
              "moves {amount} into the margin of {market} of {account}"),
        _kind("trade", "market buyer:account seller:account size price", "engine",
              "trade(uint256,address,address,uint256,uint256)",
              "{buyer} buys {size} {market} from {seller} at {price}"),
        _kind("liquidate", "liquidator:account account market size", "engine",
              "liquidate(address,address,uint256,uint256)",
              "{liquidator} liquidates {size} {market} of {account}"),
        _kind("seize", "liquidator:account account collateral units", "engine",
              "seize(address,address,uint256,uint256)",
              "{liquidator} seizes {units} of {account}"),
        _kind("set_market_limits", "market price_band:rate trading_fee:rate liquidation_penalty:rate position_limit:size",
              "engine", "setMarketLimits(uint256,(uint64,uint64,uint64,uint128))",
              "sets {market} to band {price_band}, fee {trading_fee}, penalty {liquidation_penalty}, limit {position_limit}"),
        _kind("set_open_interest_scaling", "market lower:amount upper:amount", "engine",
              "setOpenInterestScaling(uint256,(uint128,uint128))",
              "has the initial margin of {market} grow with open interest from {lower} to {upper}"),
        _kind("set_funding",
              "market interval_s:count maximum_rate:rate maximum_velocity:rate premium_scale:rate premium_depth:amount",
              "engine", "setFunding(uint256,(uint32,uint64,uint64,uint64,uint128))",
              "sets the funding of {market} to every {interval_s} s, rate up to {maximum_rate} by {maximum_velocity}, "
              "premium {premium_scale} by {premium_depth}"),
        _kind("set_deposit_cap", "collateral cap:units", "engine", "setDepositCap(uint256,uint128)",
              "caps deposits at {cap}"),
        _kind("set_liquidation_parameters", _LIQUIDATION, "engine", "setLiquidationParameters((uint64,uint64,uint128))",
              "sets " + _LIQUIDATION_SAYS),
        _kind("set_market_feed", f"market {_FEED}", "engine", f"setMarketFeed(uint256,{_FEED_TYPE})",
              "feeds {market} from {source} ({decimals} decimals, {heartbeat_s} s, {minimum} to {maximum})"),
        _kind("set_second_source",
              "market source:source_or_none decimals:count heartbeat_s:count minimum:answer maximum:answer deviation:rate",
              "engine", f"setSecondSource(uint256,({_FEED_TYPE},uint64))",
              "has {source} beside the feed of {market} ({decimals} decimals, {heartbeat_s} s, {minimum} to {maximum}), "
              "at most {deviation} apart"),
        _kind("set_collateral_feed", f"collateral {_FEED}", "engine", f"setCollateralFeed(uint256,{_FEED_TYPE})",
              "feeds {collateral} from {source} ({decimals} decimals, {heartbeat_s} s, {minimum} to {maximum})"),
        _kind("set_breaker", "market trip_rate:rate window_s:count cooldown_s:count open_interest_cap:size", "engine",
              "setBreaker(uint256,(uint64,uint32,uint32,uint128))",
              "halts {market} for {cooldown_s} s by a move of {trip_rate} in {window_s} s, and caps its open interest at "
              "{open_interest_cap}"),
        _kind("set_reduce_only", "market reduce_only:flag", "engine", "setReduceOnly(uint256,bool)",
              "sets {market} to only shrink: {reduce_only}"),
        _kind("set_outflow_limit", "collateral limit:units window_s:count", "engine",
              "setOutflowLimit(uint256,(uint128,uint32))",
              "lets {limit} leave in {window_s} s"),
        _kind("set_pause_parameters", "longest_s:count grace_s:count rest_s:count", "engine",
              "setPauseParameters((uint32,uint32,uint32))",
              "sets pauses to {longest_s} s at most, {grace_s} s of grace, {rest_s} s between"),
        _kind("pause", "duration_s:count", "engine", "pause(uint256)",
              "pauses the engine for {duration_s} s"),
        _kind("unpause", "", "engine", "unpause()",
              "ends the pause"),
        _kind("grant_role", "role account:actor", "engine", "grantRole(bytes32,address)",
              "grants {role} to {account}"),
        _kind("revoke_role", "role account:actor", "engine", "revokeRole(bytes32,address)",
              "revokes {role} of {account}"),
        _kind("renounce_role", "role confirmation:actor", "engine", "renounceRole(bytes32,address)",
              "renounces {role}, confirming as {confirmation}"),
        _kind("publish", "source answer age_s", "source", "publish(int256,uint256)",
              "{source} answers {answer}, {age_s} old"),
        _kind("set_feed_mode", "source mode", "source", "setMode(uint8)",
              "{source} {mode} when read"),
        _kind("upgrade", "implementation", "engine", "upgrade(address)",
              "has {implementation} be the engine's implementation"),
        _kind("initialize", f"admin:actor {_LIQUIDATION}", "engine", _INITIALIZE,
              "initialises the engine with {admin} as its admin, " + _LIQUIDATION_SAYS),
        _kind("initialize_implementation", f"implementation admin:actor {_LIQUIDATION}", "implementation", _INITIALIZE,
              "initialises {implementation}, where it stands, with {admin} as its admin, " + _LIQUIDATION_SAYS),
        _kind("set_operator_by_signature",
              "account operator:actor approved:flag nonce:count deadline_s:count signer over:signed", "engine",
              "setOperatorBySignature(address,address,bool,uint256,uint256,bytes)",
              "hands in for {account}: operator {operator} to {approved}, nonce {nonce}, until {deadline_s}; "
              "{signer} signed {over}"),
        _kind("burn_nonces", "count", "engine", "burnNonces(uint32)", "burns {count} of its nonces"),
        _kind("request_order", "account market size limit:price delay_s:count window_s:count", "orders",
              "request(address,uint256,int128,uint128,uint32,uint32)",
              "orders {size} {market} with limit {limit} in {delay_s} s, for {window_s} s more for {account}"),
        _kind("execute_order", "account market counterparty:account", "orders", "execute(address,uint256,address)",
              "executes the order of {account} in {market} with {counterparty}"),
        _kind("cancel_order", "account market", "orders", "cancel(address,uint256)",
              "cancels the order in {market} of {account}"),
        _kind("pause_token", "collateral paused:flag", "token", "setPaused(bool)",
              "{collateral} pauses all transfers: {paused}"),
        _kind("refuse_holder", "collateral holder:account refused:flag", "token", "setRefused(address,bool)",
              "{collateral} refuses {holder} as a holder: {refused}"),
        _kind("set_transfer_fee", "collateral fee:rate", "token", "setFeeRate(uint64)",
              "{collateral} takes {fee} of each transfer"),
        _kind("set_callback", "collateral calls:flag", "token", "setCallsBack(bool)",
              "{collateral} calls whom a transfer concerns: {calls}"),
        _kind("deposit_ether", "account ether", "gateway", "depositEther(address)", "deposits {ether} for {account}"),
        _kind("withdraw_ether", "account ether", "gateway", "withdrawEther(address,uint256)",
              "withdraws {ether} from {account}"),
        _kind("send_ether", "ether", "gateway", "", "sends {ether} to the gateway, which did not ask"),
        _kind("refuse_ether", "refused:flag", "attacker", "setRefusesEther(bool)",
              "has the attacker's contract refuse ether: {refused}"),
    )
}  # fmt: skip

ACTOR_ARGUMENTS: dict[str, tuple[int, ...]] = {
    name: tuple(index for index, parameter in enumerate(kind.parameters) if parameter.type in NAMES_SOMEBODY)
    for name, kind in KINDS.items()
}
"""Where a kind's arguments name actors: the accounts that take part."""

MOVES_TOKENS = frozenset(
    ("deposit", "withdraw", "fund_insurance", "collect_fees", "donate", "deposit_ether", "withdraw_ether", "send_ether")
)
"""Kinds after which wallets may hold something else."""

MOVES_ETHER = frozenset(("deposit_ether", "withdraw_ether", "send_ether"))
"""Kinds after which somebody may have more or less ether."""

OF_GATEWAY = MOVES_ETHER | {"refuse_ether"}
"""Kinds that there are only where a collateral wraps ether."""

BRINGS_ETHER = frozenset(("deposit_ether", "send_ether"))
"""Kinds whose last argument is the ether that goes with the call."""
