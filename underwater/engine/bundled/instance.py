"""A deployed bundled engine: actions to calls, expectations to bytes, and bytes back to words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reference.breaker import unbroken
from reference.ether import NO_ETHER, WRAPPED, Ether
from reference.governance import ADMIN, GUARDIAN, NO_SOURCE, ORACLE, RISK, TREASURER
from reference.margin import Health, Risk
from reference.parameters import Collateral, Market, Parameters
from reference.state import ANSWERS, FIRST, Bucket, FeedReading, Part, State, empty_account, unfunded
from reference.tokens import PLAIN
from reference.upgrades import ITSELF, NEXT, NOTHING, VIEWS
from underwater.actions import Act, Attempt, Bundle, Call, Cast, Glimpse, Log, Outcome, Receipt, actions_of
from underwater.engine import Viewed, ViewedTogether
from underwater.engine.abi import address_word, selector, signature, topic, words
from underwater.engine.artifacts import Artifacts
from underwater.engine.bundled.actors import (
    ACCOUNTS,
    ADDRESSES,
    ATTACKER,
    BACKSTOP,
    CAST,
    DEPLOYER,
    ETHER_EACH_WEI,
    GATEWAY,
    MATCHER,
    ORDERS,
)
from underwater.engine.bundled.asked import ASKED
from underwater.engine.bundled.bundles import Glimpses, attack_data, run_data, tried_of
from underwater.engine.bundled.bundles import Part as PartOfBundle
from underwater.engine.bundled.deployment import FAR_FUTURE_S, Deployment
from underwater.engine.bundled.encoding import Coder, Encoder, Words
from underwater.engine.bundled.kinds import ACTOR_ARGUMENTS, KINDS, MOVES_ETHER, MOVES_TOKENS
from underwater.engine.bundled.plan import (
    LIST_COLLATERAL,
    LIST_MARKET,
    ZERO_ADDRESS,
    Addresses,
    call_data,
    collateral_tuple,
    market_tuple,
)
from underwater.engine.bundled.storage import Slots

_HEALTH = selector("accountHealth(address)")
_BUCKET_HEALTH = selector("bucketHealth(address,uint256)")
_PRUDENT = {
    _HEALTH: selector("prudentHealth(address)"),
    _BUCKET_HEALTH: selector("prudentBucketHealth(address,uint256)"),
}
_LIQUIDATION_PRICE = selector("liquidationPrice(address,uint256)")
_FUNDING_OF = selector("fundingOf(uint256)")
_MARK_OF = selector("markOf(uint256)")
_REQUIREMENTS = selector("requirements(uint256,int256,uint256)")
_MINT = selector("mint(address,uint256)")
_WRAP = selector("deposit()")
_MAY_MOVE_TOKENS = MOVES_TOKENS | {"bundle"}
_MAY_MOVE_ETHER = MOVES_ETHER | {"bundle"}
_COLLATERAL_AT = {"deposit": 1, "withdraw": 1, "donate": 0, "fund_insurance": None, "collect_fees": None}
"""Where a kind that moves tokens names the collateral; None: it is the settlement token."""
_MAY_ORDER = frozenset(name for name, kind in KINDS.items() if kind.target == "orders") | {"bundle"}
"""Kinds that can call the contract of orders. Neither engine nor tokens do; a contract that a token calls does so in a bundle alone."""
_MAY_DONATE = frozenset(("donate", "bundle"))
_CONCERNS_EVERYBODY = "upgrade"
NOTHING_AT = "0x" + "0d" * 20
"""An address without code."""


_NEVER_RAISED = {"NotInitializing"}
"""Of OpenZeppelin's ``Initializable``: for initialisations in several parts."""


class Instance:
    """A deployment on some chain. Knows addresses and encodings, holds no chain and no changing state."""

    cast: Cast = CAST

    def __init__(self, deployment: Deployment, artifacts: Artifacts, addresses: Addresses) -> None:
        self.deployment = deployment
        self.addresses = addresses
        self.parameters: Parameters = deployment.parameters
        self.candidates = {
            FIRST: addresses.implementation,
            NEXT: addresses.next_implementation,
            VIEWS: addresses.views,
            ITSELF: addresses.engine,
            NOTHING: NOTHING_AT,
        }
        """What somebody could take for an implementation of the engine, by name."""
        self.address_of = {
            **ADDRESSES,
            ATTACKER: addresses.attacker,
            ORDERS: addresses.orders,
            GATEWAY: addresses.gateway or NOTHING_AT,
            **addresses.sources,
            NO_SOURCE: ZERO_ADDRESS,
            **self.candidates,
        }
        """Addresses by name: actors, price sources and implementations."""
        self.name_of = {address: name for name, address in self.address_of.items()}
        self.accounts = {name: self.address_of[name] for name in ACCOUNTS}
        self.slots = Slots(artifacts, addresses, self.accounts, self.address_of, deployment.parameters)
        words_of = Words(self.address_of)
        self._encode = {name: Encoder(addresses, self.candidates, words_of, name) for name in KINDS}
        of_gateway = artifacts["EtherGateway"].abi if addresses.gateway else []
        own = _each_once(artifacts["MarginEngine"].abi, artifacts["Orders"].abi, of_gateway)
        abi = own + [entry for entry in artifacts["AwkwardToken"].abi if entry["type"] == "error"]
        self._errors = {
            entry["name"]: Coder(self.name_of, words_of, entry) for entry in abi if entry["type"] == "error"
        }
        self._error_by_selector = {selector(signature(coder.entry)): coder for coder in self._errors.values()}
        self._events = {
            entry["name"]: Coder(self.name_of, words_of, entry) for entry in own if entry["type"] == "event"
        }
        self._emitters = {
            **{entry["name"]: addresses.orders for entry in artifacts["Orders"].abi if entry["type"] == "event"},
            **{entry["name"]: addresses.gateway for entry in of_gateway if entry["type"] == "event"},
        }
        """Whose events are not the engine's."""
        self._own = frozenset((addresses.engine, *self._emitters.values()))
        self.endowed = dict.fromkeys((*ADDRESSES.values(), addresses.attacker), ETHER_EACH_WEI)
        """Wei that everybody has before the first transaction, by address."""
        self.ether_holders: tuple[str, ...] = ()
        """Those whose ether is observed, by name; none where nothing wraps ether."""
        self.ether_addresses: tuple[str, ...] = ()
        """Their addresses."""
        wrapped = self.parameters.wrapped_ether
        if wrapped is not None:
            self.ether_holders = (*ADDRESSES, ATTACKER, GATEWAY, WRAPPED)
            others = (addresses.attacker, addresses.gateway, addresses.tokens[wrapped])
            self.ether_addresses = (*ADDRESSES.values(), *others)
        self._event_by_topic = {topic(signature(coder.entry)): coder for coder in self._events.values()}
        self._health_calls: dict[Part, bytes] = {}
        for name, address in {**self.accounts, BACKSTOP: ADDRESSES[BACKSTOP]}.items():
            self._health_calls[name] = _HEALTH + address_word(address)
            for market in range(len(deployment.parameters.markets)):
                self._health_calls[Bucket(name, market)] = _BUCKET_HEALTH + address_word(address) + words(market)
        self._glimpses = Glimpses(addresses.engine, self.address_of[ATTACKER], len(deployment.parameters.collaterals))
        self.declared_errors = tuple(
            sorted({entry["name"] for entry in own if entry["type"] == "error"} - _NEVER_RAISED)
        )
        """Every custom error of the engine's ABI, and of its orders' and its gateway's, that it has a use for."""

    def initial_state(self, time_s: int) -> State:
        """What the reference starts from: listed, funded, nothing deposited. Taken from the deployment, never from the chain."""
        parameters = self.parameters
        nothing = (0,) * len(parameters.collaterals)
        empty = empty_account(parameters)
        funding, due = unfunded(parameters)
        operators, wallets = [MATCHER, ORDERS], dict.fromkeys(ACCOUNTS, self.deployment.wallets_units)
        if parameters.wrapped_ether is not None:
            operators.append(GATEWAY)
            wallets[GATEWAY] = nothing
        return State(
            time_s=time_s,
            parameters=parameters,
            feeds={
                name: FeedReading(source.answer, FAR_FUTURE_S, ANSWERS)
                for name, source in self.deployment.sources.items()
            },
            feed_decimals=self.deployment.feed_decimals,
            accounts=dict.fromkeys((*ACCOUNTS, BACKSTOP), empty),
            operators=frozenset((name, operator) for name in (*ACCOUNTS, BACKSTOP) for operator in operators),
            roles={
                ADMIN: frozenset((DEPLOYER,)),
                RISK: frozenset(("risk-manager",)),
                ORACLE: frozenset(("oracle-manager",)),
                TREASURER: frozenset(("treasurer",)),
                GUARDIAN: frozenset(("guardian",)),
            },
            pool_units=nothing,
            held_units=nothing,
            wallets=wallets,
            open_interest_wad=(0,) * len(parameters.markets),
            funding=funding,
            due=due,
            insurance_wad=0,
            fees_wad=0,
            bad_debt_wad=0,
            breakers=unbroken(parameters),
            tokens=(PLAIN,) * len(parameters.collaterals),
            ether=self._first_ether(),
        )

    def _first_ether(self) -> Ether:
        """Everybody's ether, but for what was wrapped at the start: the attacker's contract begins with what its owner wrapped."""
        wrapped = self.parameters.wrapped_ether
        if wrapped is None:
            return NO_ETHER
        units = self.deployment.wallets_units[wrapped]
        wei = dict.fromkeys((*ADDRESSES, ATTACKER), ETHER_EACH_WEI) | {GATEWAY: 0, WRAPPED: len(ACCOUNTS) * units}
        for name in ACCOUNTS:
            wei[f"{ATTACKER}-owner" if name == ATTACKER else name] -= units
        return Ether(wei, ATTACKER)

    def call(self, act: Act, time_s: int) -> Call:
        """The call that does an act in a block at ``time_s``."""
        if isinstance(act, Bundle):
            parts = [self._encode[action.kind](action, time_s) for action in act.actions]
            data = run_data(parts) if act.loan is None and not act.during else self._attack_data(act, parts, time_s)
            return Call(ADDRESSES["attacker-owner"], self.addresses.attacker, data)
        return self._by(act.caller, *self._encode[act.kind](act, time_s))

    def _attack_data(self, bundle: Bundle, parts: list[PartOfBundle], time_s: int) -> bytes:
        during = [self._encode[action.kind](action, time_s) for action in bundle.during]
        if during:
            during += self._glimpses.calls
        collateral, units = bundle.loan or (0, 0)
        return attack_data(parts, during, self.addresses.tokens[collateral], units)

    def tried(self, bundle: Bundle, receipt: Receipt) -> tuple[tuple[Attempt, ...], tuple[Glimpse, ...]]:
        """What came of a bundle's ``during`` and of the views that were asked with them, each time that a token called."""
        attempts, glimpses = [], []
        for place, done, answer in tried_of(receipt, self.addresses.attacker):
            if place < len(bundle.during):
                outcome = self.outcome_of(Receipt(done, answer, ()))
                attempts.append(Attempt(bundle.during[place], outcome))
            else:
                glimpses.append(self._glimpses.told(place - len(bundle.during), done, answer))
        return tuple(attempts), tuple(glimpses)

    def market_listing(self, caller: str, market: Market) -> Call:
        """A call that lists one market more."""
        data = call_data(LIST_MARKET, market_tuple(market, self.addresses.sources))
        return self._by(caller, self.addresses.engine, data)

    def collateral_listing(self, caller: str, collateral: Collateral, token: str) -> Call:
        """A call that lists one collateral more, by the name of whatever stands for its token."""
        listing = collateral_tuple(collateral, self.address_of[token], self.addresses.sources)
        return self._by(caller, self.addresses.engine, call_data(LIST_COLLATERAL, listing))

    def _by(self, caller: str, to: str, data: bytes, value: int = 0) -> Call:
        if caller == ATTACKER:
            return Call(ADDRESSES["attacker-owner"], self.addresses.attacker, run_data([(to, data, value)]))
        return Call(self.address_of[caller], to, data, value)

    def error_data(self, outcome: Outcome) -> bytes:
        """What a chain answers when it rejects as ``outcome`` says."""
        assert outcome.error is not None
        if outcome.error == "Reverted":
            return bytes.fromhex(outcome.error_arguments[0][2:])
        return self._errors[outcome.error].error_data(outcome.error_arguments)

    def logs(self, outcome: Outcome) -> list[Log]:
        """The logs of the engine, its orders and its gateway that ``outcome`` calls for."""
        engine, emitters = self.addresses.engine, self._emitters
        return [Log(emitters.get(event[0], engine), *self._events[event[0]].log(event[1:])) for event in outcome.events]

    def outcome_of(self, receipt: Receipt) -> Outcome:
        """A chain's answer in words. Whatever a contract answers becomes an outcome."""
        if receipt.ok:
            return Outcome(None, (), tuple(self._event(log) for log in receipt.logs if log.address in self._own))
        if receipt.halted is not None:
            return Outcome("Halted", (receipt.halted,), ())
        coder = self._error_by_selector.get(receipt.data[:4])
        arguments = coder.decode(receipt.data[4:]) if coder is not None else None
        if coder is None or arguments is None:
            return Outcome("Reverted", ("0x" + receipt.data.hex(),), ())
        return Outcome(coder.entry["name"], arguments, ())

    def _event(self, log: Log) -> tuple[Any, ...]:
        coder = self._event_by_topic.get(log.topics[0]) if log.topics else None
        arguments = coder.decode_log(log) if coder is not None else None
        if coder is None or arguments is None:
            return ("unknown event", "0x" + b"".join(log.topics).hex(), "0x" + log.data.hex())
        return (coder.entry["name"], *arguments)

    @property
    def contracts(self) -> tuple[str, ...]:
        """The addresses of everything that was created, in order."""
        return tuple(self.addresses.every())

    def own_logs(self, receipt: Receipt) -> list[Log]:
        """The logs of the engine, its orders and its gateway in a receipt."""
        own = self._own
        return [log for log in receipt.logs if log.address in own]

    def participants(self, act: Act) -> tuple[str, ...]:
        """The accounts that an act names, or changes the code of, each once."""
        if isinstance(act, Bundle):
            names = [act.caller]
            for action in act.actions:
                names += [action.arguments[index] for index in ACTOR_ARGUMENTS[action.kind]]
        else:
            places = ACTOR_ARGUMENTS[act.kind]
            if act.kind == _CONCERNS_EVERYBODY:
                return tuple(self.accounts)
            if not places:
                return ()
            names = [act.arguments[index] for index in places]
            if act.kind == "set_operator":
                names.insert(0, act.caller)
        return tuple([name for name in dict.fromkeys(names) if name in self.accounts])

    def wallets_touched(self, act: Act) -> list[tuple[str, int]]:
        """(holder, collateral) of the token balances outside the engine that an act may change."""
        touched: list[tuple[str, int]] = []
        if act.kind not in _MAY_MOVE_TOKENS:
            return touched
        if isinstance(act, Bundle) and act.loan is not None:
            touched.append((act.caller, act.loan.collateral))
        for action in (*act.actions, *act.during) if isinstance(act, Bundle) else (act,):
            if action.kind not in MOVES_TOKENS:
                continue
            holders = (action.caller, *(action.arguments[index] for index in ACTOR_ARGUMENTS[action.kind]))
            if action.kind in MOVES_ETHER:
                wrapped = self.parameters.wrapped_ether
                if wrapped is not None:
                    touched += [(holder, wrapped) for holder in dict.fromkeys((*holders, GATEWAY))]
                continue
            place = _COLLATERAL_AT[action.kind]
            collateral = 0 if place is None else action.arguments[place]
            if collateral < len(self.parameters.collaterals):
                touched += [(holder, collateral) for holder in dict.fromkeys(holders)]
        return touched

    def may_move_ether(self, act: Act) -> bool:
        """Whether somebody may have more or less ether after an act."""
        if act.kind not in _MAY_MOVE_ETHER:
            return False
        if isinstance(act, Bundle):
            return any(action.kind in MOVES_ETHER for action in (*act.actions, *act.during))
        return True

    def may_change_every_slot(self, act: Act) -> bool:
        """Whether an act can call the contract of orders."""
        return act.kind in _MAY_ORDER

    def donations(self, act: Act, before: State) -> list[tuple[int, int]]:
        """(collateral, units) that an act brings the engine outside its ledger."""
        if act.kind not in _MAY_DONATE:
            return []
        given = [action.arguments for action in actions_of(act) if action.kind == "donate"]
        return [(collateral, before.token(collateral).received_units(units)) for collateral, units in given]

    def mint(self, name: str, collateral: int, units: int) -> Call:
        """A call that gives an account tokens."""
        if collateral == self.parameters.wrapped_ether:
            return self._by(name, self.addresses.tokens[collateral], _WRAP, units)
        data = _MINT + address_word(self.address_of[name]) + words(units)
        return Call(ADDRESSES[DEPLOYER], self.addresses.tokens[collateral], data)

    def parse_health(self, data: bytes, expected: Health | None = None) -> Health | None:
        """W1's four words; None if it is not four. Where they are those of ``expected``, that is returned."""
        if len(data) != 128:
            return None
        read = int.from_bytes
        if expected is not None:
            # All four at once: as one number of 1024 bits.
            status, (equity_wad, initial_wad, maintenance_wad) = expected
            four = (((status << 256 | equity_wad % (1 << 256)) << 256 | initial_wad) << 256) | maintenance_wad
            if read(data, "big") == four:
                return expected
        return Health(
            read(data[:32], "big"),
            Risk(read(data[32:64], "big", signed=True), read(data[64:96], "big"), read(data[96:], "big")),
        )

    def healths_data(self, chain: ViewedTogether, parts: Iterable[Part]) -> list[bytes]:
        """W1 of accounts and W5 of buckets as the contract answers them, in raw words; empty where the view reverts."""
        calls = self._health_calls
        return chain.views(self.addresses.engine, [calls[part] for part in parts])

    def health(self, chain: Viewed, part: Part) -> Health | None:
        """W1 or W5 as the contract answers it; None if the view reverts or answers too little."""
        receipt = chain.view(self.addresses.engine, self._health_calls[part])
        return self.parse_health(receipt.data) if receipt.ok else None

    def prudent_health(self, chain: Viewed, part: Part) -> Health | None:
        """W8 as the contract answers it; None if the view reverts or answers too little."""
        call = self._health_calls[part]
        receipt = chain.view(self.addresses.engine, _PRUDENT[call[:4]] + call[4:])
        return self.parse_health(receipt.data) if receipt.ok else None

    def liquidation_price(self, chain: Viewed, name: str, market: int) -> tuple[int, int] | None:
        """W3 as the contract answers it; None if the view reverts."""
        data = _LIQUIDATION_PRICE + address_word(self.address_of[name]) + words(market)
        return _two_words(chain.view(self.addresses.engine, data))

    def requirements(self, chain: Viewed, market: int, size_wad: int, price_wad: int) -> tuple[int, int] | None:
        """W2 as the contract answers it; None if the view reverts."""
        return _two_words(chain.view(self.addresses.engine, _REQUIREMENTS + words(market, size_wad, price_wad)))

    def funding(self, chain: Viewed, market: int) -> tuple[int, ...] | None:
        """W4 as the contract answers it; None if the view reverts."""
        receipt = chain.view(self.addresses.engine, _FUNDING_OF + words(market))
        if not receipt.ok or len(receipt.data) != 96:
            return None
        return tuple(int.from_bytes(receipt.data[at : at + 32], "big", signed=True) for at in (0, 32, 64))

    def mark(self, chain: Viewed, market: int) -> tuple[int, ...] | None:
        """W7 as the contract answers it; None if the view reverts."""
        receipt = chain.view(self.addresses.engine, _MARK_OF + words(market))
        if not receipt.ok or len(receipt.data) != 160:
            return None
        return tuple(int.from_bytes(receipt.data[at : at + 32], "big") for at in range(0, 160, 32))

    def answer(self, chain: Viewed, view: str, number: int) -> tuple[int, ...] | None:
        """Of ``ASKED``, about a market or a collateral, the words of the contract's answer; None if it reverts or answers too little."""
        asked = ASKED[view]
        receipt = chain.view(self.addresses.engine, asked.selector + (words(number) if asked.of else b""))
        if not receipt.ok or len(receipt.data) < 32 * asked.words:
            return None
        return tuple(int.from_bytes(receipt.data[at : at + 32], "big") for at in range(0, len(receipt.data), 32))


def _two_words(receipt: Receipt) -> tuple[int, int] | None:
    if not receipt.ok or len(receipt.data) != 64:
        return None
    return int.from_bytes(receipt.data[:32], "big"), int.from_bytes(receipt.data[32:], "big")


def _each_once(*abis: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries with names of several ABIs, those that several declare once."""
    return [*{(entry["type"], entry.get("name")): entry for abi in abis for entry in abi}.values()]
