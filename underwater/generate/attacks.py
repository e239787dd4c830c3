"""Attacks: the shapes that real ones have, each within one block; its numbers are drawn on what the model says of the acts before.

The attacker is a contract that may borrow what it brings in, if it takes it out in the same transaction, and that acts whenever a
token calls it. It acts for an accomplice too, who has approved it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from reference.machine import apply, borrowed
from reference.margin import health_of
from reference.prices import UNUSABLE
from reference.rounding import floor_to_multiple
from reference.state import State, part_behind
from underwater.actions import Act, Action, Bundle, Cast, Loan
from underwater.aims import aimed, known_mark_wad
from underwater.choices import Choices
from underwater.generate.perpetuals import Participants
from underwater.generate.transfers import draw_meanwhile

Now = Callable[[], State]
"""The state as the model expects it after everything that was drawn so far."""
World = Callable[[State], Act]
"""What the world does next."""
REFUSED_PERCENT = 4
"""How many parts stay in a bundle although the model refuses them, and all of it with them."""


class _Draft:
    """A bundle in the making, and what the model says of its parts so far."""

    def __init__(self, choices: Choices, caller: str, state: State) -> None:
        self.choices, self.caller, self.state = choices, caller, state
        self.actions: list[Action] = []
        self.is_refused = False
        self.loan: Loan | None = None

    def borrow(self, collateral: int) -> None:
        """Much more of a token than the caller has, or a unit."""
        wallet = self.state.wallets[self.caller][collateral]
        units = self.choices.pick((1, wallet + 1, 10 * wallet + 1, 1_000 * wallet + 1))
        self.loan = Loan(collateral, units)
        self.state = borrowed(self.state, self.caller, collateral, units)

    def add(self, kind: str, *arguments: Any, boundary: str | None = None) -> None:
        """One more part, its number at a boundary if one is named; left out, mostly, if the model refuses it.

        Its aim is not kept: solved again from before the bundle, it would be another number.
        """
        action = Action(kind, self.caller, arguments)
        if boundary is not None:
            action = (aimed(self.state, action, boundary, 0) or action)._replace(aim=None)
        after, outcome = apply(self.state, kind, self.caller, action.arguments)
        if self.is_refused or (not outcome.done and not self.choices.chance(REFUSED_PERCENT)):
            return
        self.is_refused, self.state = not outcome.done, after
        self.actions.append(action)

    def done(self, during: tuple[Action, ...] = ()) -> Iterator[Bundle]:
        """The bundle, if there is anything in it; mostly only if what was borrowed can be paid back."""
        short = self.loan is not None and self.state.wallets[self.caller][self.loan.collateral] < self.loan.units
        if self.actions and (not short or self.choices.chance(10)):
            yield Bundle(self.caller, tuple(self.actions), during, self.loan)


class Attacks:
    """Draws whole attacks."""

    def __init__(self, choices: Choices, cast: Cast, participants: Participants) -> None:
        self.choices, self.cast, self.participants = choices, cast, participants
        self.attacker = cast.attacker
        strangers = (cast.attacker, cast.maker, cast.liquidator)
        self.accomplice = choices.pick([name for name in cast.accounts if name not in strangers])

    def draw(self, now: Now, world: World) -> Iterator[Act]:
        """The acts of one attack, all of one block; each is drawn once those before it are planned. Now and then there are none."""
        yield from self._SHAPES[self.choices.pick(tuple(self._SHAPES))](self, now, world)

    def shape(self, name: str, now: Now, world: World) -> Iterator[Act]:
        """The acts of an attack of one shape."""
        yield from self._SHAPES[name](self, now, world)

    # ---- shapes

    def _in_and_out(self, now: Now, world: World) -> Iterator[Act]:
        """As with a flash loan: everything in, one or two acts, everything out."""
        draft = self._draft(now)
        self._bring_all(draft)
        for _ in range(self.choices.integer(1, 2)):
            action = self.participants.draw_for_attacker(draft.state)
            draft.add(action.kind, *action.arguments)
        self._take_all(draft, self.attacker)
        yield from draft.done()

    def _liquidate_in_parts(self, now: Now, world: World) -> Iterator[Act]:
        """What the close rule admits at once, taken in parts, each of which makes the next one's rule."""
        draft = self._draft(now)
        prey = self._prey(draft.state)
        if prey is None:
            return
        name, market = prey
        self._bring_all(draft)
        lot_wad = draft.state.parameters.markets[market].lot_wad
        for _ in range(self.choices.integer(2, 4)):
            whole = aimed(
                draft.state, Action("liquidate", self.attacker, (self.attacker, name, market, lot_wad)), "close rule", 0
            )
            if whole is None:
                break
            size_wad = floor_to_multiple(whole.arguments[3] // self.choices.pick((1, 2, 3)), lot_wad)
            draft.add("liquidate", self.attacker, name, market, max(lot_wad, size_wad))
        self._take_all(draft, self.attacker)
        yield from draft.done()

    def _trade_with_itself(self, now: Now, world: World) -> Iterator[Act]:
        """A trade between two accounts of one owner as far off the mark as may be, and the gain taken out."""
        market = self._priced_market(now())
        if market is None:
            return
        yield from self._approval(now())
        draft = self._draft(now)
        gains = self._open(draft, market)
        if self.choices.chance(50):
            self._close(draft, market)
        self._take_all(draft, gains)
        yield from draft.done()

    def _push_the_premium(self, now: Now, world: World) -> Iterator[Act]:
        """A trade at the edge of the band that moves the premium, then funding and a settlement that go by it, and back."""
        market = self._priced_market(now())
        if market is None:
            return
        yield from self._approval(now())
        draft = self._draft(now)
        gains = self._open(draft, market)
        draft.add("accrue_funding", market)
        draft.add("settle", gains, market)
        self._close(draft, market)
        self._take_all(draft, gains)
        yield from draft.done()

    def _sandwich(self, now: Now, world: World) -> Iterator[Act]:
        """A position before the world moves and out of it after, within the block."""
        market = self._priced_market(now())
        if market is None:
            return
        yield from self._approval(now())
        before = self._draft(now)
        self._open(before, market)
        if not before.actions:
            return
        yield from before.done()
        yield world(now())
        after = self._draft(now)
        self._close(after, market)
        for name in (self.attacker, self.accomplice):
            self._take_all(after, name)
        yield from after.done()

    def _through_a_token(self, now: Now, world: World) -> Iterator[Act]:
        """Acts, and a look around, in the middle of a transfer, which the token tells its holder of."""
        choices, collaterals = self.choices, now().parameters.collaterals
        collateral = 0 if choices.chance(60) else choices.integer(0, len(collaterals) - 1)
        if collateral == now().parameters.wrapped_ether:
            # It calls nobody.
            collateral = 0
        if not now().token(collateral).calls_back:
            yield Action("set_callback", self.cast.publisher, (collateral, True))
        draft = self._draft(now)
        units = max(1, draft.state.wallets[self.attacker][collateral] // 1_000)
        for _ in range(1 if choices.chance(70) else 2):
            kind = choices.pick(("deposit", "withdraw") if collateral else ("deposit", "withdraw", "fund_insurance"))
            if kind == "fund_insurance":
                draft.add(kind, units)
            elif kind == "deposit" or not draft.state.accounts[self.attacker].units[collateral]:
                draft.add("deposit", self.attacker, collateral, units)
            else:
                draft.add(kind, self.attacker, collateral, 1, boundary="largest withdrawal")
        yield from draft.done(draw_meanwhile(self.participants, draft.state, collateral))

    _SHAPES: ClassVar[dict[str, Callable[[Attacks, Now, World], Iterator[Act]]]] = {
        "in and out": _in_and_out,
        "liquidate in parts": _liquidate_in_parts,
        "trade with itself": _trade_with_itself,
        "push the premium": _push_the_premium,
        "sandwich": _sandwich,
        "through a token": _through_a_token,
    }

    # ---- what they are made of

    def _draft(self, now: Now) -> _Draft:
        return _Draft(self.choices, self.attacker, now())

    def _approval(self, state: State) -> Iterator[Act]:
        if (self.accomplice, self.attacker) not in state.operators:
            yield Action("set_operator", self.accomplice, (self.attacker, True))

    def _bring_all(self, draft: _Draft) -> None:
        """As much of one collateral, mostly cash, as the wallet has and the cap admits."""
        collaterals = draft.state.parameters.collaterals
        collateral = 0 if self.choices.chance(70) else self.choices.integer(0, len(collaterals) - 1)
        wallet = draft.state.wallets[self.attacker][collateral]
        room = collaterals[collateral].deposit_cap_units - draft.state.pool_units[collateral]
        if collateral != draft.state.parameters.wrapped_ether and self.choices.chance(50):
            draft.borrow(collateral)
            wallet = draft.state.wallets[self.attacker][collateral]
        draft.add(
            "deposit", self.attacker, collateral, max(0, min(wallet, room)) // self.choices.pick((1, 1, 2, 1_000))
        )

    def _take_all(self, draft: _Draft, name: str) -> None:
        """Everything out that an account may withdraw."""
        for collateral in range(len(draft.state.parameters.collaterals)):
            draft.add("withdraw", name, collateral, 1, boundary="largest withdrawal")

    def _priced_market(self, state: State) -> int | None:
        market = self.choices.integer(0, len(state.parameters.markets) - 1)
        return market if known_mark_wad(state, market) else None

    def _open(self, draft: _Draft, market: int) -> str:
        """Both bring cash and trade at an edge of the band; the one who gains by the price."""
        choices, listed = self.choices, draft.state.parameters.markets[market]
        for name in (self.attacker, self.accomplice):
            wallet = draft.state.wallets[self.attacker][0]
            draft.add("deposit", name, 0, wallet // choices.pick((10, 1_000, 100_000)))
        buyer, seller = self._sides()
        edge, gains = choices.pick((("lower band edge", buyer), ("upper band edge", seller)))
        self._trade(draft, market, buyer, seller, edge, "largest trade", listed.lot_wad * choices.pick((1, 10, 1_000)))
        return gains

    def _close(self, draft: _Draft, market: int) -> None:
        """Back out of the position that the attacker has, with the accomplice, at any price of the band."""
        size_wad = draft.state.accounts[self.attacker].sizes_wad[market]
        if not size_wad:
            return
        pair = (self.attacker, self.accomplice) if size_wad < 0 else (self.accomplice, self.attacker)
        price = self.choices.pick(("mark", "lower band edge", "upper band edge"))
        self._trade(
            draft, market, *pair, price, f"position of the {'buyer' if size_wad < 0 else 'seller'}", abs(size_wad)
        )

    def _sides(self) -> tuple[str, str]:
        pair = self.attacker, self.accomplice
        return pair if self.choices.chance(50) else pair[::-1]

    def _trade(
        self, draft: _Draft, market: int, buyer: str, seller: str, price: str, size: str, otherwise_wad: int
    ) -> None:
        """A trade at one boundary's price and, half the time, of another's size."""
        lot_wad = draft.state.parameters.markets[market].lot_wad
        action = Action("trade", self.attacker, (market, buyer, seller, lot_wad, lot_wad))
        action = aimed(draft.state, action, price, 0) or action
        of = aimed(draft.state, action, size, 0) if self.choices.chance(50) else None
        size_wad = otherwise_wad if of is None else of.arguments[3]
        draft.add("trade", market, buyer, seller, size_wad, action.arguments[4])

    def _prey(self, state: State) -> tuple[str, int] | None:
        """Somebody else's position that can be liquidated, beginning the search anywhere."""
        accounts = self.cast.accounts
        start = self.choices.integer(0, len(accounts) - 1)
        for index in range(len(accounts)):
            name = accounts[(start + index) % len(accounts)]
            for market, size_wad in enumerate(state.accounts[name].sizes_wad):
                if size_wad and name != self.attacker:
                    status, risk = health_of(state, part_behind(state, name, market))
                    if status not in UNUSABLE and risk.equity_wad < risk.maintenance_margin_wad:
                        return name, market
        return None
