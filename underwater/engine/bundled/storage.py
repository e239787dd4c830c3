"""Where the engine keeps what the rules store: raw slots, from the compiler's own layout.

Comparing raw slots of every account after every step costs less than one view of one account, and shows what no view would.
"""

from __future__ import annotations

from itertools import compress
from operator import ne
from typing import Any

from eth_utils import keccak

from reference.breaker import Breakers, Outflow, Pause, Stop
from reference.delegation import nonce_of
from reference.funding import Funding
from reference.machine import with_due
from reference.parameters import Parameters
from reference.state import FIRST, Account, Order, State
from reference.upgrades import NEXT
from underwater.engine import Places
from underwater.engine.abi import address_word, signed, words
from underwater.engine.artifacts import Artifacts, Contract
from underwater.engine.bundled.actors import ACCOUNTS, GATEWAY, OPERATORS
from underwater.engine.bundled.plan import Addresses

_LOW = (1 << 128) - 1
_ORDER_TIME = (1 << 64) - 1
FIRST_COLLATERAL_BIT = 16
FIRST_ISOLATED_BIT = 32
"""In an account's ``holdings``, markets are the bits from 0, collaterals those from 16, isolated markets those from 32."""


WETH9_BALANCES = 3
"""The slot of wrapped ether's balances, after its name, symbol and decimals: its artifact has no layout."""
IMPLEMENTATION_SLOT = int.from_bytes(keccak(text="eip1967.proxy.implementation"), "big") - 1
"""Where a proxy keeps the address of its code (ERC-1967)."""


def _hash(*parts: bytes) -> int:
    return int.from_bytes(keccak(b"".join(parts)), "big")


INITIALIZED_SLOT = _hash(words(_hash(b"openzeppelin.storage.Initializable") - 1)) & ~0xFF
"""Where OpenZeppelin's ``Initializable`` counts (ERC-7201)."""


def _mapping_slot(key: str, slot: int) -> int:
    return _hash(address_word(key), words(slot))


class _Layout:
    """Slots and struct members by name, from solc's ``storageLayout``."""

    def __init__(self, contract: Contract) -> None:
        layout = contract.storage_layout
        self.types: dict[str, Any] = layout["types"]
        self.variables = {entry["label"]: entry for entry in layout["storage"]}

    def slot(self, label: str) -> int:
        return int(self.variables[label]["slot"])

    def members(self, type_id: str) -> dict[str, Any]:
        return {member["label"]: member for member in self.types[type_id]["members"]}

    def size(self, type_id: str) -> int:
        """Slots that a value of the type takes."""
        return (int(self.types[type_id]["numberOfBytes"]) + 31) // 32


class Slots:
    """The observed slots, in a fixed order: every account's, then the engine's own counters, then token balances of the engine,
    funding, breakers, whose code runs, nonces, and orders, which are in a contract of their own.

    ``pairs`` is what a chain is asked for; ``pack`` gives the values that a state of the reference expects there; ``unpack`` turns
    what was read into a state.
    """

    def __init__(self, artifacts: Artifacts, addresses: Addresses, accounts: dict[str, str], addresses_of: dict[str, str],
                 parameters: Parameters) -> None:  # fmt: skip
        layout = _Layout(artifacts["MarginEngine"])
        engine = addresses.engine
        self.markets = len(parameters.markets)
        self.collaterals = len(parameters.collaterals)
        self.width = 2 + 2 * self.markets + self.collaterals - 1 + len(OPERATORS)
        """Slots of one account."""
        self._no_margins = [0] * self.markets
        self._starts = {name: index * self.width for index, name in enumerate(ACCOUNTS)}
        self.pairs: list[tuple[str, int]] = []
        self.labels: list[str] = []
        account_type = layout.types[layout.variables["_accounts"]["type"]]["value"]
        members = layout.members(account_type)
        for name in ACCOUNTS:
            base = _mapping_slot(accounts[name], layout.slot("_accounts"))
            offset = {label: base + int(member["slot"]) for label, member in members.items()}
            self._add(engine, offset["cash"], f"{name} cash")
            self._add(engine, offset["holdings"], f"{name} holdings")
            for number, market in enumerate(parameters.markets):
                self._add(engine, offset["positions"] + number, f"{name} position in {market.name}")
            for number, market in enumerate(parameters.markets):
                self._add(engine, offset["margins"] + number, f"{name} margin in {market.name}")
            for number, collateral in enumerate(parameters.collaterals[1:], 1):
                self._add(engine, offset["units"] + number, f"{name} {collateral.name}")
            for operator in OPERATORS:
                slot = _mapping_slot(addresses_of[operator], offset["operators"])
                self._add(engine, slot, f"{name} approval of {operator}")
        self.globals_at = len(self.pairs)
        for label in ("insurance", "fees", "badDebt"):
            self._add(engine, layout.slot(f"_{label}"), label)
        market_type = layout.types[layout.variables["_markets"]["type"]]["base"]
        market_size, members = layout.size(market_type), layout.members(market_type)
        for number, market in enumerate(parameters.markets):
            slot = layout.slot("_markets") + number * market_size + int(members["openInterest"]["slot"])
            self._add(engine, slot, f"open interest of {market.name}")
        collateral_type = layout.types[layout.variables["_collaterals"]["type"]]["base"]
        stride, member = layout.size(collateral_type), layout.members(collateral_type)["poolUnits"]
        for number, collateral in enumerate(parameters.collaterals):
            slot = layout.slot("_collaterals") + number * stride + int(member["slot"])
            self._add(engine, slot, f"pool of {collateral.name}")
        of_doubles = _Layout(artifacts["AwkwardToken"]).slot("_balances")
        balances = [WETH9_BALANCES if one.wraps_ether else of_doubles for one in parameters.collaterals]
        for number, (collateral, token) in enumerate(zip(parameters.collaterals, addresses.tokens, strict=True)):
            self._add(token, _mapping_slot(engine, balances[number]), f"{collateral.name} held")
        self.funding_at = len(self.pairs)
        for number, market in enumerate(parameters.markets):
            slot = layout.slot("_markets") + number * market_size + int(members["fundingState"]["slot"])
            self._add(engine, slot, f"funding rate of {market.name}")
            self._add(engine, slot + 1, f"funding due in {market.name}")
            self._add(engine, slot + 2, f"exposure to the premium of {market.name}")
        self.breakers_at = len(self.pairs)
        for number, market in enumerate(parameters.markets):
            slot = layout.slot("_markets") + number * market_size + int(members["stop"]["slot"])
            self._add(engine, slot, f"breaker of {market.name}")
        member = layout.members(collateral_type)["outflow"]
        for number, collateral in enumerate(parameters.collaterals):
            slot = layout.slot("_collaterals") + number * stride + int(member["slot"])
            self._add(engine, slot, f"outflow of {collateral.name}")
        self._add(engine, layout.slot("_pause"), "pause")
        self.code_at = len(self.pairs)
        self._words_of = {FIRST: int(addresses.implementation, 16), NEXT: int(addresses.next_implementation, 16)}
        self._add(engine, IMPLEMENTATION_SLOT, "implementation")
        self._add(engine, INITIALIZED_SLOT, "how often it was initialised")
        self.nonces_at = len(self.pairs)
        nonce = int(layout.members(account_type)["nonce"]["slot"])
        for name in ACCOUNTS:
            slot = _mapping_slot(accounts[name], layout.slot("_accounts")) + nonce
            self._add(engine, slot, f"nonce of {name}")
        self.orders_at = len(self.pairs)
        orders_slot = _Layout(artifacts["Orders"]).slot("_orders")
        self._order_keys = [(name, number) for name in ACCOUNTS for number in range(self.markets)]
        for name, number in self._order_keys:
            slot = _hash(words(number, _mapping_slot(accounts[name], orders_slot)))
            self._add(addresses.orders, slot, f"{name} order in {parameters.markets[number].name}")
            self._add(addresses.orders, slot + 1, f"{name} times of the order in {parameters.markets[number].name}")
        self.often, self.seldom = _places(self.pairs[: self.orders_at]), _places(self.pairs[self.orders_at :])
        holders = {**accounts, GATEWAY: addresses.gateway} if addresses.gateway else accounts
        self._wallet_slots = {
            (name, number): (token, _mapping_slot(address, balances[number]))
            for name, address in holders.items()
            for number, token in enumerate(addresses.tokens)
        }

    def _add(self, address: str, slot: int, label: str) -> None:
        self.pairs.append((address, slot))
        self.labels.append(label)

    def wallet(self, holder: str, collateral: int) -> tuple[str, int] | None:
        """Where a token keeps a holder's balance; None for a holder that is no account."""
        return self._wallet_slots.get((holder, collateral))

    def pack_account(self, account: Account) -> list[int]:
        """An account's slots as the engine stores it, up to its approvals."""
        holdings = 0
        positions = []
        for number, size in enumerate(account.sizes_wad):
            if size:
                holdings |= 1 << number
            positions.append((size & _LOW) | (account.quotes_wad[number] & _LOW) << 128)
        for number, units in enumerate(account.units):
            if units:
                holdings |= 1 << (FIRST_COLLATERAL_BIT + number)
        margins = self._no_margins
        if account.isolated:
            margins = margins.copy()
            for number, margin_wad in account.isolated:
                holdings |= 1 << (FIRST_ISOLATED_BIT + number)
                margins[number] = margin_wad % (1 << 256)
        return [account.cash_wad % (1 << 256), holdings, *positions, *margins, *account.units[1:]]

    def pack_globals(self, state: State) -> list[int]:
        """The engine's counters, and what it holds of each token."""
        return [
            state.insurance_wad,
            state.fees_wad,
            state.bad_debt_wad,
            *state.open_interest_wad,
            *state.pool_units,
            *state.held_units,
        ]

    def pack_code(self, state: State) -> list[int]:
        """Where the code is that runs (U1), and how often it was initialised (U2)."""
        name = state.implementation
        return [self._words_of[name] if name in self._words_of else int(name, 16), state.initializations]

    def pack_orders(self, state: State) -> list[int]:
        """Two slots for each account and market."""
        values, orders = [0] * (2 * len(self._order_keys)), state.orders
        if orders:
            for place, key in enumerate(self._order_keys):
                order = orders.get(key)
                if order is not None:
                    values[2 * place] = (order.size_wad & _LOW) | order.limit_wad << 128
                    times = order.requested_at_s, order.executable_from_s, order.expires_at_s
                    values[2 * place + 1] = times[0] | times[1] << 64 | times[2] << 128
        return values

    def unpack_orders(self, values: list[int]) -> dict[tuple[str, int], Order]:
        """Pending orders from their slots."""
        found = {}
        for key, first, second in zip(self._order_keys, values[::2], values[1::2], strict=True):
            if first or second:
                times = (second >> shift & _ORDER_TIME for shift in (0, 64, 128))
                found[key] = Order(_signed(first & _LOW, 128), first >> 128, *times)
        return found

    def pack(self, state: State) -> list[int]:
        """All slots that the state expects, in the order of ``pairs``."""
        values: list[int] = []
        for name in ACCOUNTS:
            values += self.pack_account(state.accounts[name])
            values += _approvals(state, name)
        return [
            *values,
            *self.pack_globals(state),
            *pack_funding(state.funding),
            *pack_breakers(state.breakers),
            *self.pack_code(state),
            *pack_nonces(state),
            *self.pack_orders(state),
        ]

    def repack(self, values: list[int], before: State, after: State) -> list[tuple[int, int]]:
        """Bring packed values from one state to the next, touching only what changed: the hot loop's ``pack``.

        Gives (place, new value) of each that did.
        """
        changes: list[tuple[int, int]] = []

        def put(packed: list[int], start: int) -> None:
            stop = start + len(packed)
            changes.extend(compress(enumerate(packed, start), map(ne, packed, values[start:stop])))
            values[start:stop] = packed

        accounts_before, accounts_after = before.accounts, after.accounts
        if accounts_before is not accounts_after:
            for name, start in self._starts.items():
                account = accounts_after[name]
                if account is not accounts_before[name]:
                    put(self.pack_account(account), start)
        if before.operators is not after.operators:
            for name, start in self._starts.items():
                put(_approvals(after, name), start + self.width - len(OPERATORS))
        if not _counts_the_same(before, after):
            put(self.pack_globals(after), self.globals_at)
        if before.funding is not after.funding:
            put(pack_funding(after.funding), self.funding_at)
        if before.breakers is not after.breakers:
            put(pack_breakers(after.breakers), self.breakers_at)
        if before.implementation is not after.implementation:
            put(self.pack_code(after), self.code_at)
        if before.nonces is not after.nonces:
            put(pack_nonces(after), self.nonces_at)
        if before.orders is not after.orders:
            put(self.pack_orders(after), self.orders_at)
        return changes

    def unpack(self, values: list[int], state: State) -> State:
        """The state with everything observed replaced by what was read."""
        accounts = dict(state.accounts)
        operators = {pair for pair in state.operators if pair[0] not in ACCOUNTS or pair[1] not in OPERATORS}
        markets, collaterals = self.markets, self.collaterals
        for index, name in enumerate(ACCOUNTS):
            part = values[index * self.width : (index + 1) * self.width]
            positions, margins = part[2 : 2 + markets], part[2 + markets : 2 + 2 * markets]
            accounts[name] = Account(
                signed(part[0]),
                tuple(_signed(position & _LOW, 128) for position in positions),
                tuple(_signed(position >> 128, 128) for position in positions),
                (0, *part[2 + 2 * markets : 1 + 2 * markets + collaterals]),
                tuple(
                    (number, signed(margin))
                    for number, margin in enumerate(margins)
                    if part[1] >> (FIRST_ISOLATED_BIT + number) & 1
                ),
            )
            approvals = part[1 + 2 * markets + collaterals :]
            operators |= {(name, operator) for operator, approved in zip(OPERATORS, approvals, strict=True) if approved}
        rest = values[self.globals_at : self.funding_at]
        funding = values[self.funding_at : self.breakers_at]
        code, initializations = values[self.code_at : self.nonces_at]
        implementation = next((name for name, at in self._words_of.items() if at == code), hex(code))
        nonces = {**state.nonces, **dict(zip(ACCOUNTS, values[self.nonces_at : self.orders_at], strict=True))}
        observed = state._replace(
            accounts=accounts,
            operators=frozenset(operators),
            insurance_wad=rest[0],
            fees_wad=rest[1],
            bad_debt_wad=rest[2],
            open_interest_wad=tuple(rest[3 : 3 + markets]),
            pool_units=tuple(rest[3 + markets : 3 + markets + collaterals]),
            held_units=tuple(rest[3 + markets + collaterals :]),
            funding=tuple(map(unpack_funding, funding[::3], funding[1::3], funding[2::3])),
            breakers=unpack_breakers(values[self.breakers_at : self.code_at], markets),
            implementation=implementation,
            initializations=initializations,
            nonces={name: nonce for name, nonce in nonces.items() if nonce},
            orders=self.unpack_orders(values[self.orders_at :]),
        )
        return with_due(observed)


def _counts_the_same(before: State, after: State) -> bool:
    """Whether nothing can differ in ``pack_globals``."""
    return (
        before.pool_units is after.pool_units
        and before.held_units is after.held_units
        and before.open_interest_wad is after.open_interest_wad
        and before.insurance_wad == after.insurance_wad
        and before.fees_wad == after.fees_wad
        and before.bad_debt_wad == after.bad_debt_wad
    )


def _places(pairs: list[tuple[str, int]]) -> Places:
    return Places(tuple(address for address, _ in pairs), tuple(slot for _, slot in pairs))


_DUE_BITS = 136
"""Of a market's second slot, the others being the index. In the first, rate and premium have 64, the time 48, the carry 80."""


def pack_funding(every: tuple[Funding, ...]) -> list[int]:
    """Three slots a market."""
    values: list[int] = []
    for rate_wad, premium_wad, written_at_s, carry, due_wad, index_wad, exposure_wad_s, begun_at_s, read_at_s in every:
        values += (
            rate_wad % (1 << 64) | premium_wad % (1 << 64) << 64 | written_at_s << 128 | carry << 176,
            due_wad % (1 << _DUE_BITS) | index_wad << _DUE_BITS,
            exposure_wad_s % (1 << 128) | begun_at_s << 128 | read_at_s << 176,
        )
    return values


def unpack_funding(first: int, second: int, third: int) -> Funding:
    """A market's funding from its three slots."""
    due_wad, index_wad = second % (1 << _DUE_BITS), second >> _DUE_BITS
    rate_wad, premium_wad = first % (1 << 64), (first >> 64) % (1 << 64)
    return Funding(
        _signed(rate_wad, 64),
        _signed(premium_wad, 64),
        (first >> 128) % (1 << 48),
        first >> 176,
        _signed(due_wad, _DUE_BITS),
        index_wad,
        _signed(third % (1 << 128), 128),
        (third >> 128) % (1 << 48),
        third >> 176,
    )


_ANCHOR_BITS, _TIME_BITS, _USED_BITS = 120, 48, 160
_TIME = (1 << _TIME_BITS) - 1


def pack_breakers(breakers: Breakers) -> list[int]:
    """A slot a market, one a collateral, and one of the pause."""
    values = [
        anchor_wad | anchored_at_s << _ANCHOR_BITS | halted_at_s << 168 | int(reduce_only) << 216
        for anchor_wad, anchored_at_s, halted_at_s, reduce_only in breakers.stops
    ]
    values += [used_unit_s | at_s << _USED_BITS for used_unit_s, at_s in breakers.outflows]
    until_s, grace_until_s, pausable_from_s = breakers.pause
    return [*values, until_s | grace_until_s << _TIME_BITS | pausable_from_s << 2 * _TIME_BITS]


def unpack_breakers(values: list[int], markets: int) -> Breakers:
    """Breakers from their slots."""
    pause = values[-1]
    return Breakers(
        tuple(
            Stop(
                value & ((1 << _ANCHOR_BITS) - 1),
                value >> _ANCHOR_BITS & _TIME,
                value >> 168 & _TIME,
                bool(value >> 216),
            )
            for value in values[:markets]
        ),
        tuple(Outflow(value & ((1 << _USED_BITS) - 1), value >> _USED_BITS & _TIME) for value in values[markets:-1]),
        Pause(pause & _TIME, pause >> _TIME_BITS & _TIME, pause >> 2 * _TIME_BITS & _TIME),
    )


def pack_nonces(state: State) -> list[int]:
    """The nonce of every account (A6)."""
    return [nonce_of(state, name) for name in ACCOUNTS]


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _approvals(state: State, account: str) -> list[int]:
    """Whether each observed operator is approved by an account, as it is stored."""
    return [int((account, operator) in state.operators) for operator in OPERATORS]
