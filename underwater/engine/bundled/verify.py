"""Whether a deployed engine is what the parameter file says: every field, read through the contract's own views.

Works over anything that answers views, and takes what it expects from the deployment alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import Any, NamedTuple

from eth_abi import decode
from eth_abi.exceptions import DecodingError

from reference.parameters import Feed, Market
from underwater.document import decimal_text
from underwater.engine import Viewed
from underwater.engine.bundled.deployment import Deployment
from underwater.engine.bundled.plan import (
    ADMIN_ROLE,
    COLLATERAL_TYPE,
    LIQUIDATION_TYPE,
    MARKET_TYPE,
    ORDERS_TYPE,
    ZERO_ADDRESS,
    Addresses,
    call_data,
    role_holders,
    role_id,
)
from underwater.engine.bundled.stops import BREAKER_TYPE, OUTFLOW_LIMIT_TYPE, PAUSE_TYPE

NO_ANSWER = "no answer"


class Compared(NamedTuple):
    """One field of the file beside what the chain says, both as a file writes them."""

    field: str
    expected: str
    found: str

    @property
    def equal(self) -> bool:
        """Whether the chain says what the file says."""
        return self.expected == self.found


def compare_state(
    deployment: Deployment, addresses: Addresses, deployer: str, chain: Viewed, *, first_answers: bool = True
) -> list[Compared]:
    """Every configured value: whose code runs, counts, liquidation, collaterals, markets, feeds, sources, tokens and roles.

    ``first_answers`` also holds test doubles to the price that they first answer with, which may have moved since.
    """
    return [*_Comparison(deployment, addresses, deployer, chain).every(first_answers)]


class _Comparison:
    def __init__(self, deployment: Deployment, addresses: Addresses, deployer: str, chain: Viewed) -> None:
        self.deployment = deployment
        self.parameters = deployment.parameters
        self.addresses = addresses
        self.deployer = deployer
        self.chain = chain

    def every(self, first_answers: bool) -> Iterable[Compared]:
        yield from self._implementation()
        yield from self._liquidation()
        yield from self._sources(first_answers)
        yield from self._collaterals()
        yield from self._markets()
        yield from self._pause()
        yield from self._roles()
        yield from self._orders()
        yield from self._gateway()

    def _ask(self, to: str, types: str, function: str, *arguments: object) -> tuple[Any, ...] | None:
        """What a view answers; None if it reverts, or answers what it should not be able to."""
        receipt = self.chain.view(to, call_data(function, *arguments))
        if not receipt.ok:
            return None
        try:
            answer: tuple[Any, ...] = decode([types], receipt.data)
        except (DecodingError, OverflowError, UnicodeDecodeError):
            return None
        return answer

    def _one(self, field: str, expected: object, to: str, types: str, function: str, *arguments: object) -> Compared:
        answer = self._ask(to, types, function, *arguments)
        return Compared(field, str(expected), NO_ANSWER if answer is None else str(answer[0]))

    def _implementation(self) -> Iterable[Compared]:
        answer = self._ask(self.addresses.engine, "address", "currentImplementation()")
        yield _text("implementation", self.addresses.implementation, None if answer is None else answer[0])

    def _liquidation(self) -> Iterable[Compared]:
        expected = self.parameters.liquidation
        answer = self._ask(self.addresses.engine, LIQUIDATION_TYPE, "liquidationParameters()")
        share, factor, small = _parts(answer, 3)
        yield _number("liquidation.liquidator_share", 18, expected.liquidator_share_rate_wad, share)
        yield _number("liquidation.close_factor", 18, expected.close_factor_rate_wad, factor)
        yield _number("liquidation.small_position_notional", 18, expected.small_position_notional_wad, small)

    def _pause(self) -> Iterable[Compared]:
        expected = self.parameters.pause
        answer = self._ask(self.addresses.engine, PAUSE_TYPE, "pauseParameters()")
        longest_s, grace_s, rest_s = _parts(answer, 3)
        yield _number("pause.longest_s", 0, expected.longest_s, longest_s)
        yield _number("pause.grace_s", 0, expected.grace_s, grace_s)
        yield _number("pause.rest_s", 0, expected.rest_s, rest_s)

    def _breaker(self, field: str, number: int) -> Iterable[Compared]:
        expected = self.parameters.markets[number].breaker
        answer = self._ask(self.addresses.engine, BREAKER_TYPE, "breakerOf(uint256)", number)
        rate, window_s, cooldown_s, cap = _parts(answer, 4)
        yield _number(f"{field}.breaker.trip_rate", 18, expected.trip_rate_wad, rate)
        yield _number(f"{field}.breaker.window_s", 0, expected.window_s, window_s)
        yield _number(f"{field}.breaker.cooldown_s", 0, expected.cooldown_s, cooldown_s)
        yield _number(f"{field}.breaker.open_interest_cap", 18, expected.open_interest_cap_wad, cap)

    def _sources(self, first_answers: bool) -> Iterable[Compared]:
        for name, source in self.deployment.sources.items():
            at = self.addresses.sources[name]
            yield self._one(f"sources.{name}.decimals", source.decimals, at, "uint8", "decimals()")
            if first_answers and source.address is None:
                answer = self._ask(at, "(uint80,int256,uint256,uint256,uint80)", "latestRoundData()")
                yield _number(f"sources.{name}.price", source.decimals, source.answer, _parts(answer, 5)[1])

    def _collaterals(self) -> Iterable[Compared]:
        collaterals = self.parameters.collaterals
        engine = self.addresses.engine
        yield self._one("number of collaterals", len(collaterals), engine, "uint256", "collateralCount()")
        for number, collateral in enumerate(collaterals):
            field = f"collaterals[{number}]"
            at = self.addresses.tokens[number]
            answer = self._ask(engine, COLLATERAL_TYPE, "collateralAt(uint256)", number)
            token, haircut, discount, cap, feed = _parts(answer, 5)
            yield _text(f"{field}.token", at, token)
            yield self._one(f"{field}.decimals", collateral.decimals, at, "uint8", "decimals()")
            yield _number(f"{field}.deposit_cap", collateral.decimals, collateral.deposit_cap_units, cap)
            yield _number(f"{field}.haircut", 18, collateral.haircut_rate_wad, haircut)
            yield _number(f"{field}.liquidation_discount", 18, collateral.liquidation_discount_rate_wad, discount)
            yield from self._feed(f"{field}.feed", collateral.feed, feed)
            answer = self._ask(engine, OUTFLOW_LIMIT_TYPE, "outflowLimitOf(uint256)", number)
            limit, window_s = _parts(answer, 2)
            decimals, expected = collateral.decimals, collateral.outflow
            yield _number(f"{field}.outflow_limit.limit", decimals, expected.limit_units, limit)
            yield _number(f"{field}.outflow_limit.window_s", 0, expected.window_s, window_s)

    def _markets(self) -> Iterable[Compared]:
        markets = self.parameters.markets
        engine = self.addresses.engine
        yield self._one("number of markets", len(markets), engine, "uint256", "marketCount()")
        for number, market in enumerate(markets):
            answer = self._ask(engine, MARKET_TYPE, "marketAt(uint256)", number)
            yield from self._market(f"markets[{number}]", market, _parts(answer, 8))
            yield from self._breaker(f"markets[{number}]", number)

    def _market(self, field: str, market: Market, answer: tuple[Any, ...]) -> Iterable[Compared]:
        feed, lot, tick, limits, scaling, funding, second, brackets = answer
        yield from self._feed(f"{field}.feed", market.feed, feed)
        yield _number(f"{field}.lot", 18, market.lot_wad, lot)
        yield _number(f"{field}.tick", 18, market.tick_wad, tick)
        band, fee, penalty, limit = _inside(limits, 4)
        yield _number(f"{field}.price_band", 18, market.limits.price_band_rate_wad, band)
        yield _number(f"{field}.trading_fee", 18, market.limits.trading_fee_rate_wad, fee)
        yield _number(f"{field}.liquidation_penalty", 18, market.limits.liquidation_penalty_rate_wad, penalty)
        yield _number(f"{field}.position_limit", 18, market.limits.position_limit_wad, limit)
        lower, upper = _inside(scaling, 2)
        yield _number(f"{field}.open_interest_scaling.lower", 18, market.scaling.lower_wad, lower)
        yield _number(f"{field}.open_interest_scaling.upper", 18, market.scaling.upper_wad, upper)
        interval_s, rate, velocity, scale, depth = _inside(funding, 5)
        yield _number(f"{field}.funding.interval_s", 0, market.funding.interval_s, interval_s)
        yield _number(f"{field}.funding.maximum_rate", 18, market.funding.maximum_rate_wad, rate)
        yield _number(f"{field}.funding.maximum_velocity", 18, market.funding.maximum_velocity_wad, velocity)
        yield _number(f"{field}.funding.premium_scale", 18, market.funding.premium_scale_wad, scale)
        yield _number(f"{field}.funding.premium_depth", 18, market.funding.premium_depth_wad, depth)
        other, deviation = _inside(second, 2)
        yield from self._feed(f"{field}.second_source", None if market.second is None else market.second.feed, other)
        expected_wad = 0 if market.second is None else market.second.deviation_rate_wad
        yield _number(f"{field}.second_source.deviation", 18, expected_wad, deviation)
        found = brackets or ()
        yield Compared(f"{field}: number of brackets", str(len(market.brackets)), str(len(found)))
        for place, (bracket, present) in enumerate(zip_longest(market.brackets, found)):
            if bracket is None:
                break
            floor, initial, maintenance = _inside(present, 3)
            yield _number(f"{field}.brackets[{place}].notional_from", 18, bracket.floor_wad, floor)
            yield _number(f"{field}.brackets[{place}].initial", 18, bracket.initial_rate_wad, initial)
            yield _number(f"{field}.brackets[{place}].maintenance", 18, bracket.maintenance_rate_wad, maintenance)

    def _feed(self, field: str, feed: Feed | None, answer: Any) -> Iterable[Compared]:
        at, decimals, heartbeat_s, minimum, maximum = _inside(answer, 5)
        if feed is None:
            yield _text(f"{field}.source", ZERO_ADDRESS, at)
            return
        yield _text(f"{field}.source", self.addresses.sources[feed.feed], at)
        yield _number(f"{field}.decimals", 0, feed.decimals, decimals)
        yield _number(f"{field}.heartbeat_s", 0, feed.heartbeat_s, heartbeat_s)
        yield _number(f"{field}.minimum", feed.decimals, feed.minimum_answer, minimum)
        yield _number(f"{field}.maximum", feed.decimals, feed.maximum_answer, maximum)

    def _orders(self) -> Iterable[Compared]:
        expected, at = self.parameters.orders, self.addresses.orders
        yield _text("engine of the orders", self.addresses.engine, _parts(self._ask(at, "(address)", "engine()"), 1)[0])
        delay_s, binding_s, lifetime_s = _parts(self._ask(at, ORDERS_TYPE, "orderParameters()"), 3)
        yield _number("orders.minimum_delay_s", 0, expected.minimum_delay_s, delay_s)
        yield _number("orders.binding_s", 0, expected.binding_s, binding_s)
        yield _number("orders.maximum_lifetime_s", 0, expected.maximum_lifetime_s, lifetime_s)

    def _gateway(self) -> Iterable[Compared]:
        number, at = self.parameters.wrapped_ether, self.addresses.gateway
        if number is None:
            return
        for field, expected, function in (
            ("engine of the gateway", self.addresses.engine, "engine()"),
            ("token of the gateway", self.addresses.tokens[number], "wrappedEther()"),
        ):
            yield _text(field, expected, _parts(self._ask(at, "(address)", function), 1)[0])
        yield self._one("collateral of the gateway", number, at, "uint256", "collateral()")

    def _roles(self) -> Iterable[Compared]:
        """Roles cannot be listed on chain: everybody who takes part is asked about each of them."""
        holders = role_holders(self.deployment, self.deployer)
        engine = self.addresses.engine
        for role, holder in holders.items():
            for account in dict.fromkeys((self.deployer, *holders.values())):
                does = account == holder
                answer = self._ask(engine, "bool", "hasRole(bytes32,address)", role_id(role), account)
                found = NO_ANSWER if answer is None else _holds(answer[0])
                yield Compared(f"{role} of {account}", _holds(does), found)
            admin = self._ask(engine, "bytes32", "getRoleAdmin(bytes32)", role_id(role))
            found = NO_ANSWER if admin is None else admin[0].hex()
            yield Compared(f"role that grants {role}", role_id(ADMIN_ROLE).hex(), found)


def _holds(does: bool) -> str:
    return "held" if does else "not held"


def _parts(answer: tuple[Any, ...] | None, count: int) -> tuple[Any, ...]:
    """The components of the one struct in an answer; Nones if there is no answer."""
    return _inside(None if answer is None else answer[0], count)


def _inside(struct: Any, count: int) -> tuple[Any, ...]:
    return (None,) * count if struct is None else tuple(struct)


def _compared(field: str, expected: Any, found: Any, write: Callable[[Any], str]) -> Compared:
    return Compared(field, write(expected), NO_ANSWER if found is None else write(found))


def _number(field: str, decimals: int, expected: int, found: int | None) -> Compared:
    return _compared(field, expected, found, lambda value: decimal_text(value, decimals))


def _text(field: str, expected: str, found: str | None) -> Compared:
    return _compared(field, expected, found, str.lower)
