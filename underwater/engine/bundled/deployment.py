"""A deployment of the bundled engine as data: read from a parameter file, or written to one."""

from __future__ import annotations

from dataclasses import dataclass, field

from reference.breaker_parameters import NO_BREAKER, NO_OUTFLOW_LIMIT, NO_PAUSE
from reference.governance import NO_SOURCE
from reference.parameters import (
    NO_FUNDING,
    NO_SCALING,
    USUAL_ORDERS,
    Bracket,
    Collateral,
    Feed,
    FundingParameters,
    LiquidationParameters,
    Market,
    MarketLimits,
    OpenInterestScaling,
    OrderParameters,
    Parameters,
    SecondSource,
    Unsafe,
)
from reference.upgrades import CANDIDATES
from underwater.document import Field, decimal_text
from underwater.engine.bundled.actors import ADDRESSES, ATTACKER, GATEWAY, ORDERS
from underwater.engine.bundled.stops import (
    read_breaker,
    read_outflow_limit,
    read_pause,
    write_breaker,
    write_outflow_limit,
    write_pause,
)
from underwater.errors import UserError

FAR_FUTURE_S = 2_000_000_000
"""When local deployments begin (18 May 2033): one time for all chains, later than any node's clock."""


@dataclass(frozen=True, slots=True)
class Source:
    """A price source: its decimals, and what its test double first answers; or where the real one is."""

    decimals: int
    answer: int
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """Parameters, and what stands around the engine.

    ``wallets_units`` is what every account holds of each collateral at the start (test doubles only).
    """

    parameters: Parameters
    sources: dict[str, Source]
    wallets_units: tuple[int, ...]
    token_addresses: dict[str, str] = field(default_factory=dict)
    role_addresses: dict[str, str] = field(default_factory=dict)

    @property
    def feed_decimals(self) -> dict[str, int]:
        """Decimals of each source."""
        return {name: source.decimals for name, source in self.sources.items()}


_ORDER_FIELDS = ("minimum_delay_s", "binding_s", "maximum_lifetime_s")
_TAKEN = frozenset((*ADDRESSES, ATTACKER, NO_SOURCE, ORDERS, GATEWAY, *CANDIDATES))
"""Names that stand for other addresses."""
ROLE_NAMES = ("admin", "risk_manager", "oracle_manager", "treasurer", "guardian")
_ADDRESS_DIGITS = frozenset("0123456789abcdef")
_MOST_UINT128_WAD = 2**128 - 1
_MOST_ANSWER = 2**191 - 1
_MOST_WALLET_UNITS = 2**250
"""A test double mints this for each of eight accounts; their sum must fit 256 bits."""
WRAPPED_ETHER_DECIMALS = 18
_MOST_WALLET_WEI = 2**120
"""Of wrapped ether everybody wraps his own."""


def _address(given: Field) -> str:
    text = given.text().lower()
    if len(text) != 42 or not text.startswith("0x") or not _ADDRESS_DIGITS.issuperset(text[2:]):
        raise given.fail(f"'{given.text()}' is not an address (0x and 40 hexadecimal digits)")
    if int(text, 16) == 0:
        raise given.fail("the zero address is nobody's")
    return text


def _at_most(given: Field, decimals: int, most: int) -> int:
    value = given.scaled(decimals)
    if value > most:
        raise given.fail(f"{given.text()} is above {decimal_text(most, decimals)}, the most that a contract can hold")
    return value


_FEED_FIELDS = ("source", "heartbeat_s", "minimum", "maximum")


def _feed(given: Field, sources: dict[str, Source]) -> Feed:
    return _feed_of(given.mapping(_FEED_FIELDS), sources)


def _second_source(given: Field, sources: dict[str, Source]) -> SecondSource:
    fields = given.mapping((*_FEED_FIELDS, "deviation"))
    return SecondSource(_feed_of(fields, sources), fields["deviation"].scaled(18))


def _feed_of(fields: dict[str, Field], sources: dict[str, Source]) -> Feed:
    name = fields["source"].choice(tuple(sources))
    decimals = sources[name].decimals
    return Feed(
        name,
        decimals,
        fields["heartbeat_s"].integer(1),
        fields["minimum"].scaled(decimals),
        fields["maximum"].scaled(decimals),
    )


def _collateral(given: Field, sources: dict[str, Source], number: int) -> tuple[Collateral, int]:
    required = ("token", "decimals", "deposit_cap")
    more = ("haircut", "liquidation_discount", "feed") if number else ()
    optional = ("wallet", "address", "outflow_limit", *(("wraps_ether",) if number else ()))
    fields = given.mapping(required + more, optional)
    decimals = fields["decimals"].integer(0, 18)
    wraps_ether = "wraps_ether" in fields and fields["wraps_ether"].boolean()
    if wraps_ether and decimals != WRAPPED_ETHER_DECIMALS:
        raise fields["decimals"].fail(f"wrapped ether has {WRAPPED_ETHER_DECIMALS} decimals: a unit is a wei")
    collateral = Collateral(
        fields["token"].text(),
        decimals,
        fields["haircut"].scaled(18) if number else 0,
        fields["liquidation_discount"].scaled(18) if number else 0,
        fields["deposit_cap"].scaled(decimals),
        _feed(fields["feed"], sources) if number else None,
        read_outflow_limit(fields["outflow_limit"], decimals) if "outflow_limit" in fields else NO_OUTFLOW_LIMIT,
        wraps_ether,
    )
    most = _MOST_WALLET_WEI if wraps_ether else _MOST_WALLET_UNITS
    wallet = _at_most(fields["wallet"], decimals, most) if "wallet" in fields else 0
    return collateral, wallet


def _market(given: Field, sources: dict[str, Source]) -> Market:
    fields = given.mapping(
        (
            "name",
            "feed",
            "lot",
            "tick",
            "price_band",
            "trading_fee",
            "liquidation_penalty",
            "position_limit",
            "brackets",
        ),
        ("second_source", "open_interest_scaling", "funding", "breaker"),
    )
    scaling = NO_SCALING
    if "open_interest_scaling" in fields:
        edges = fields["open_interest_scaling"].mapping(("lower", "upper"))
        scaling = OpenInterestScaling(
            _at_most(edges["lower"], 18, _MOST_UINT128_WAD), _at_most(edges["upper"], 18, _MOST_UINT128_WAD)
        )
    funding = _funding(fields["funding"]) if "funding" in fields else NO_FUNDING
    brackets = []
    for item in fields["brackets"].items():
        bracket = item.mapping(("notional_from", "initial", "maintenance"))
        brackets.append(
            Bracket(
                _at_most(bracket["notional_from"], 18, _MOST_UINT128_WAD),
                bracket["initial"].scaled(18),
                bracket["maintenance"].scaled(18),
            )
        )
    return Market(
        fields["name"].text(),
        _feed(fields["feed"], sources),
        fields["lot"].scaled(18),
        fields["tick"].scaled(18),
        tuple(brackets),
        MarketLimits(
            fields["price_band"].scaled(18),
            fields["trading_fee"].scaled(18),
            fields["liquidation_penalty"].scaled(18),
            fields["position_limit"].scaled(18),
        ),
        scaling,
        funding,
        _second_source(fields["second_source"], sources) if "second_source" in fields else None,
        breaker=read_breaker(fields["breaker"]) if "breaker" in fields else NO_BREAKER,
    )


def _funding(given: Field) -> FundingParameters:
    fields = given.mapping(("interval_s", "maximum_rate", "maximum_velocity", "premium_scale", "premium_depth"))
    return FundingParameters(
        fields["interval_s"].integer(1),
        fields["maximum_rate"].scaled(18),
        fields["maximum_velocity"].scaled(18),
        fields["premium_scale"].scaled(18),
        _at_most(fields["premium_depth"], 18, _MOST_UINT128_WAD),
    )


def _orders(given: Field) -> OrderParameters:
    fields = given.mapping(_ORDER_FIELDS)
    return OrderParameters(*(fields[name].integer(0) for name in _ORDER_FIELDS))


def read_deployment(given: Field) -> Deployment:
    """A deployment from a document. Raises ``UserError`` for what is malformed, and for what is unsafe with the reason."""
    fields = given.mapping(("liquidation", "sources", "collaterals", "markets"), ("roles", "orders", "pause"))
    sources = {}
    for name, item in fields["sources"].any_mapping().items():
        source = item.mapping(("decimals",), ("price", "address"))
        if name in _TAKEN:
            raise item.fail(f"'{name}' already names somebody or something else")
        decimals = source["decimals"].integer(0, 18)
        if "price" not in source and "address" not in source:
            raise item.fail("a source needs an address, or the price that its test double first answers")
        sources[name] = Source(
            decimals,
            _at_most(source["price"], decimals, _MOST_ANSWER) if "price" in source else 0,
            _address(source["address"]) if "address" in source else None,
        )
    collaterals, wallets, tokens = [], [], {}
    for number, item in enumerate(fields["collaterals"].items()):
        collateral, wallet = _collateral(item, sources, number)
        collaterals.append(collateral)
        wallets.append(wallet)
        if collateral.wraps_ether and any(one.wraps_ether for one in collaterals[:-1]):
            raise item.fail("a second collateral that wraps ether: one gateway serves one")
        address = item.any_mapping().get("address")
        if address is not None:
            tokens[collateral.name] = _address(address)
            if list(tokens.values()).count(tokens[collateral.name]) > 1:
                raise address.fail("unsafe: a token is listed twice")
    markets = tuple(_market(item, sources) for item in fields["markets"].items())
    liquidation = fields["liquidation"].mapping(("liquidator_share", "close_factor", "small_position_notional"))
    parameters = Parameters(
        markets,
        tuple(collaterals),
        LiquidationParameters(
            liquidation["liquidator_share"].scaled(18),
            liquidation["close_factor"].scaled(18),
            liquidation["small_position_notional"].scaled(18),
        ),
        _orders(fields["orders"]) if "orders" in fields else USUAL_ORDERS,
        read_pause(fields["pause"]) if "pause" in fields else NO_PAUSE,
    )
    roles = {}
    if "roles" in fields:
        roles = {name: _address(item) for name, item in fields["roles"].mapping(ROLE_NAMES).items()}
    deployment = Deployment(parameters, sources, tuple(wallets), tokens, roles)
    _refuse_unsafe(given, fields, deployment)
    return deployment


def _refuse_unsafe(given: Field, fields: dict[str, Field], deployment: Deployment) -> None:
    """Section 3 of the specification, with the place of what is unsafe."""
    parameters = deployment.parameters
    decimals = deployment.feed_decimals
    for name, part in (
        ("liquidation", parameters.liquidation),
        ("orders", parameters.orders),
        ("pause", parameters.pause),
    ):
        try:
            part.validate()
        except Unsafe as unsafe:
            raise _unsafe(fields.get(name, given), unsafe) from None
    for item, market in zip(fields["markets"].items(), parameters.markets, strict=True):
        try:
            second = market.second
            market.validate(decimals[market.feed.feed], None if second is None else decimals[second.feed.feed])
        except Unsafe as unsafe:
            raise _unsafe(item, unsafe) from None
    for number, (item, collateral) in enumerate(
        zip(fields["collaterals"].items(), parameters.collaterals, strict=True)
    ):
        try:
            collateral.validate(number, None if collateral.feed is None else decimals[collateral.feed.feed])
        except Unsafe as unsafe:
            raise _unsafe(item, unsafe) from None
    try:
        parameters.validate(decimals)
    except Unsafe as unsafe:
        raise _unsafe(given, unsafe) from None


_FIELDS = {
    "tradingFeeRate": "trading_fee",
    "penaltyAndBand": "liquidation_penalty",
    "positionLimit": "position_limit",
    "lotTick": "tick",
    "brackets": "brackets",
    "feed": "feed",
    "secondSource": "second_source",
    "decimals": "decimals",
    "haircut": "haircut",
    "liquidationDiscount": "liquidation_discount",
    "depositCap": "deposit_cap",
    "liquidatorShare": "liquidator_share",
    "closeFactor": "close_factor",
    "smallPositionNotional": "small_position_notional",
    "marketCount": "markets",
    "collateralCount": "collaterals",
    "token": "collaterals",
    "outflowLimit": "outflow_limit",
}
"""Where a document says what P7 names."""


def _unsafe(item: Field, unsafe: Unsafe) -> UserError:
    """The refusal, at the field it is about."""
    field = item.any_mapping().get(_FIELDS.get(unsafe.name, unsafe.name), item)
    return field.fail(f"unsafe: {unsafe.reason}")


def _write_feed(feed: Feed, more: str = "") -> str:
    return (
        f"{{source: {feed.feed}, heartbeat_s: {feed.heartbeat_s}, minimum: {decimal_text(feed.minimum_answer, feed.decimals)}, "
        f"maximum: {decimal_text(feed.maximum_answer, feed.decimals)}{more}}}"
    )


def _write_funding(funding: FundingParameters) -> str:
    fields = (
        ("maximum_rate", funding.maximum_rate_wad),
        ("maximum_velocity", funding.maximum_velocity_wad),
        ("premium_scale", funding.premium_scale_wad),
        ("premium_depth", funding.premium_depth_wad),
    )
    rest = ", ".join(f"{name}: {decimal_text(value, 18)}" for name, value in fields)
    return f"{{interval_s: {funding.interval_s}, {rest}}}"


def write_deployment(deployment: Deployment) -> str:
    """The document that ``read_deployment`` reads back to the same deployment (without addresses)."""
    if deployment.token_addresses or deployment.role_addresses:
        raise UserError("only deployments of test doubles are written")
    parameters = deployment.parameters
    liquidation = parameters.liquidation
    lines = [
        "liquidation:",
        f"  liquidator_share: {decimal_text(liquidation.liquidator_share_rate_wad, 18)}",
        f"  close_factor: {decimal_text(liquidation.close_factor_rate_wad, 18)}",
        f"  small_position_notional: {decimal_text(liquidation.small_position_notional_wad, 18)}",
        *write_pause(parameters.pause),
        "sources:",
    ]
    for name, source in deployment.sources.items():
        price = decimal_text(source.answer, source.decimals)
        lines.append(f"  {name}: {{decimals: {source.decimals}, price: {price}}}")
    lines.append("collaterals:")
    for number, (collateral, wallet) in enumerate(zip(parameters.collaterals, deployment.wallets_units, strict=True)):
        lines += [
            f"  - token: {collateral.name}",
            f"    decimals: {collateral.decimals}",
            f"    deposit_cap: {decimal_text(collateral.deposit_cap_units, collateral.decimals)}",
            f"    wallet: {decimal_text(wallet, collateral.decimals)}",
            *write_outflow_limit(collateral.outflow, collateral.decimals),
            *(["    wraps_ether: true"] if collateral.wraps_ether else []),
        ]
        if number:
            assert collateral.feed is not None
            lines += [
                f"    haircut: {decimal_text(collateral.haircut_rate_wad, 18)}",
                f"    liquidation_discount: {decimal_text(collateral.liquidation_discount_rate_wad, 18)}",
                f"    feed: {_write_feed(collateral.feed)}",
            ]
    lines.append("markets:")
    for market in parameters.markets:
        limits = market.limits
        lines += [
            f"  - name: {market.name}",
            f"    feed: {_write_feed(market.feed)}",
            f"    lot: {decimal_text(market.lot_wad, 18)}",
            f"    tick: {decimal_text(market.tick_wad, 18)}",
            f"    price_band: {decimal_text(limits.price_band_rate_wad, 18)}",
            f"    trading_fee: {decimal_text(limits.trading_fee_rate_wad, 18)}",
            f"    liquidation_penalty: {decimal_text(limits.liquidation_penalty_rate_wad, 18)}",
            f"    position_limit: {decimal_text(limits.position_limit_wad, 18)}",
        ]
        if market.second is not None:
            deviation = f", deviation: {decimal_text(market.second.deviation_rate_wad, 18)}"
            lines.append(f"    second_source: {_write_feed(market.second.feed, deviation)}")
        if market.scaling != NO_SCALING:
            lower, upper = (decimal_text(edge, 18) for edge in (market.scaling.lower_wad, market.scaling.upper_wad))
            lines.append(f"    open_interest_scaling: {{lower: {lower}, upper: {upper}}}")
        if market.funding != NO_FUNDING:
            lines.append(f"    funding: {_write_funding(market.funding)}")
        lines += write_breaker(market.breaker)
        lines.append("    brackets:")
        lines += [
            f"      - {{notional_from: {decimal_text(bracket.floor_wad, 18)}, initial: {decimal_text(bracket.initial_rate_wad, 18)}, "
            f"maintenance: {decimal_text(bracket.maintenance_rate_wad, 18)}}}"
            for bracket in market.brackets
        ]
    if parameters.orders != USUAL_ORDERS:
        rest = ", ".join(f"{name}: {getattr(parameters.orders, name)}" for name in _ORDER_FIELDS)
        lines.append(f"orders: {{{rest}}}")
    return "\n".join(lines) + "\n"
