"""LEDGER: conservation."""

from __future__ import annotations

from reference.boundaries import band_edges_wad
from reference.parts import cross_of
from reference.state import State, margin_of
from underwater.checks import MARKET_AT, Check, Probe, Step, Verdict, kinds, market_name, quote, tokens
from underwater.checks.differences import differences_between
from underwater.checks.totals import totals_of


def _claims_wad(state: State) -> int:
    """What accounts, insurance and fees own of the settlement token, less bad debt nobody has paid (L10)."""
    return totals_of(state.accounts).quote_wad + state.insurance_wad + state.fees_wad - state.bad_debt_wad


def _conserved(step: Step) -> Verdict:
    """LEDGER-01. With no residue: nothing here is rounded twice (L10)."""
    after = step.after
    if after.accounts is step.before.accounts and after.held_units == step.before.held_units:
        return False
    scale = after.parameters.collaterals[0].quote_wad_per_unit
    held = (after.held_units[0] - step.donated_units[0]) * scale
    claims = _claims_wad(after)
    if held != claims:
        return f"settlement tokens held, donations aside, are {quote(held)} quote, claims on them {quote(claims)}"
    units = totals_of(after.accounts).units
    for number in range(1, len(after.held_units)):
        balances = units[number]
        if after.held_units[number] - step.donated_units[number] != balances:
            return (
                f"{tokens(after, number, after.held_units[number])} held, "
                f"{tokens(after, number, step.donated_units[number])} of them donated, "
                f"balances are {tokens(after, number, balances)}"
            )
    return True


def _covered(step: Step) -> Verdict:
    """LEDGER-02. What can be withdrawn is bounded by the pool (L3), and the pool by what is held."""
    if step.after.pool_units is step.before.pool_units and step.after.held_units is step.before.held_units:
        return False
    for number, (pool, held) in enumerate(zip(step.after.pool_units, step.after.held_units, strict=True)):
        if pool > held:
            return f"{tokens(step.after, number, pool)} can be withdrawn, {tokens(step.after, number, held)} are held"
    return any(step.after.pool_units)


def _all_leave(probe: Probe) -> Verdict:
    """LEDGER-02, tried: everyone, one after the other, withdraws what the ledger says is theirs."""
    start = probe.state
    taken = [0] * len(start.pool_units)
    for name in probe.cast.accounts:
        account = start.accounts[name]
        if any(account.sizes_wad) or account.cash_wad < 0:
            continue
        scale = start.parameters.collaterals[0].quote_wad_per_unit
        for collateral, units in enumerate((account.cash_wad // scale, *account.units[1:])):
            if units and probe.do("withdraw", name, name, collateral, units).done:
                taken[collateral] += units
    for number, (units, held) in enumerate(zip(taken, start.held_units, strict=True)):
        if units > held or probe.state.held_units[number] != held - units:
            withdrawn, before, left = (
                tokens(start, number, amount) for amount in (units, held, probe.state.held_units[number])
            )
            return f"{withdrawn} withdrawn of {before} held, {left} left"
    return any(taken)


def _zero_sum(step: Step) -> Verdict:
    """LEDGER-03."""
    if not step.outcome.done:
        return False
    before, after = _claims_wad(step.before), _claims_wad(step.after)
    if before != after:
        return f"what all own together changed by {quote(after - before)} quote in a {step.kind}"
    return True


def _round_trip(probe: Probe) -> Verdict:
    """LEDGER-04."""
    state, choices = probe.state, probe.choices
    name = choices.pick(probe.cast.accounts)
    collateral = choices.integer(0, len(state.parameters.collaterals) - 1)
    wallet = state.wallets[name][collateral]
    units = choices.pick((1, 2, 3, 7, 10**3 + 1, wallet // 1000 + 1))
    before = state
    if not probe.do("deposit", name, name, collateral, units).done:
        return False
    if not probe.do("withdraw", name, name, collateral, units).done:
        return False
    after = probe.state
    if after.accounts[name] != before.accounts[name] or after.wallets[name] != before.wallets[name]:
        changes = [*differences_between(before.accounts[name], after.accounts[name], ("was", "is"))]
        held = [then.wallets[name][collateral] for then in (before, after)]
        if held[0] != held[1]:
            was, now = (tokens(state, collateral, amount) for amount in held)
            changes.append(f"wallet: was {was}, is {now}")
        return f"{name} deposited and withdrew {tokens(state, collateral, units)}: {'; '.join(changes)}"
    return True


def _open_and_close(probe: Probe) -> Verdict:
    """LEDGER-05."""
    state, choices = probe.state, probe.choices
    market = choices.integer(0, len(state.parameters.markets) - 1)
    edges = band_edges_wad(state, market)
    if edges is None:
        return False
    listed = state.parameters.markets[market]
    price_wad = choices.pick((edges[0] or listed.tick_wad, edges[1]))
    first = choices.integer(0, len(probe.cast.accounts) - 1)
    buyer, seller = probe.cast.accounts[first], probe.cast.accounts[first - 1]
    whole = 10**9 * 10 ** state.parameters.collaterals[0].decimals
    probe.fund(buyer, [whole])
    probe.fund(seller, [whole])
    size_wad = listed.lot_wad * choices.pick((1, 3, 1001))
    before = probe.state
    if not probe.do("trade", probe.cast.matcher, market, buyer, seller, size_wad, price_wad).done:
        return False
    if not probe.do("trade", probe.cast.matcher, market, seller, buyer, size_wad, price_wad).done:
        return False
    after = probe.state
    fees = after.fees_wad - before.fees_wad
    lost = {}
    for name in (buyer, seller):
        lost[name] = _owned_wad(before, name) - _owned_wad(after, name)
        if lost[name] < 0:
            return f"{name} gained {quote(-lost[name])} quote by opening and closing at one price"
    if sum(lost.values()) != fees:
        return f"opening and closing at one price cost {quote(sum(lost.values()))} quote, fees were {quote(fees)}"
    return True


def _owned_wad(state: State, name: str) -> int:
    """Cash, margins and what positions have yet to settle: the trades' amounts, whatever the mark."""
    account = state.accounts[name]
    return account.cash_wad + sum(account.quotes_wad) + sum(margin_wad for _, margin_wad in account.isolated)


def _open_interest(step: Step) -> Verdict:
    """LEDGER-06."""
    after = step.after
    if after.accounts is step.before.accounts:
        return False
    totals = totals_of(after.accounts)
    if totals.longs_wad != after.open_interest_wad or any(totals.net_wad):
        for number, interest in enumerate(after.open_interest_wad):
            longs, shorts = totals.longs_wad[number], totals.longs_wad[number] - totals.net_wad[number]
            if longs != interest or shorts != interest:
                return f"{market_name(after, number)}: open interest {quote(interest)}, longs {quote(longs)}, shorts {quote(shorts)}"
    return any(after.open_interest_wad)


def _counters(step: Step) -> Verdict:
    """LEDGER-07."""
    after = step.after
    if after.accounts is step.before.accounts and after.pool_units == step.before.pool_units:
        return False
    units = totals_of(after.accounts).units
    for number in range(1, len(after.pool_units)):
        balances = units[number]
        if balances != after.pool_units[number]:
            pool = after.pool_units[number]
            return f"the pool has {tokens(after, number, pool)}, balances are {tokens(after, number, balances)}"
    scale = after.parameters.collaterals[0].quote_wad_per_unit
    if after.pool_units[0] * scale != _claims_wad(after):
        return f"pool of settlement tokens is {quote(after.pool_units[0] * scale)} quote, claims {quote(_claims_wad(after))}"
    return True


def _donation(step: Step) -> Verdict:
    """LEDGER-10."""
    if not step.outcome.done:
        return False
    before, after = step.before, step.after
    if after.accounts != before.accounts or after.pool_units != before.pool_units:
        return "a donation changed an account or a pool"
    if (after.insurance_wad, after.fees_wad, after.bad_debt_wad) != (
        before.insurance_wad,
        before.fees_wad,
        before.bad_debt_wad,
    ):
        return "a donation changed insurance, fees or bad debt"
    return True


def _donated_to(probe: Probe) -> Verdict:
    """LEDGER-10, tried: a donation changes no account's health, by the contract's own word."""
    state, choices = probe.state, probe.choices
    donor = choices.pick(probe.cast.accounts)
    collateral = choices.integer(0, len(state.pool_units) - 1)
    units = state.wallets[donor][collateral] // choices.pick((1, 2, 1_000))
    if units == 0:
        return False
    before = [probe.health(name) for name in probe.cast.accounts]
    if not probe.do("donate", donor, collateral, units).done:
        return False
    for name, health in zip(probe.cast.accounts, before, strict=True):
        if probe.health(name) != health:
            return f"{tokens(state, collateral, units)} given away changed the health of {name}"
    return True


def _buckets_hold(step: Step) -> Verdict:
    """LEDGER-08. An action concerns one part of an account: a bucket where its market is isolated, else the account itself.

    Every other part of every account that takes part stays as it was. (Isolating, joining and moving margin concern two.)
    """
    if not step.outcome.done or step.before.accounts is step.after.accounts or step.kind == "bundle":
        return False
    assert step.action is not None
    market = step.action.arguments[MARKET_AT[step.kind]] if step.kind in MARKET_AT else None
    exercised = False
    for name in step.participants:
        before, after = step.before.accounts[name], step.after.accounts[name]
        if before is after or not before.isolated:
            continue
        exercised = True
        if step.kind in _OF_POSITIONS and market is not None and margin_of(before, market) is not None:
            rest_before, rest_after = cross_of(before), cross_of(after)
            if rest_before != rest_after:
                gained_wad = rest_after.cash_wad - rest_before.cash_wad
                return (
                    f"{name}: {step.kind} in an isolated market changed its cash by {quote(gained_wad)}, or more of it"
                )
        for number in sorted({number for number, _ in (*before.isolated, *after.isolated)} - {market}):
            was, now = (
                (margin_of(account, number), account.sizes_wad[number], account.quotes_wad[number])
                for account in (before, after)
            )
            if was != now:
                margins = ["none" if margin is None else quote(margin) for margin in (was[0], now[0])]
                where = f"its bucket in {market_name(step.before, number)}"
                return f"{name}: {step.kind} changed {where}, which it does not concern: margin {margins[0]}, now {margins[1]}"
    return exercised


_OF_POSITIONS = ("trade", "settle", "liquidate", "execute_order")


CHECKS = (
    Check(
        "LEDGER-01",
        "held = balances + insurance + fees - unabsorbed bad debt, donations aside",
        _conserved,
        of_done=True,
    ),
    Check("LEDGER-02", "what can be withdrawn now in total <= held", _covered, probe=_all_leave, of_done=True),
    Check(
        "LEDGER-03",
        "trading profit and loss sums to zero",
        _zero_sum,
        kinds(
            "trade",
            "settle",
            "liquidate",
            "seize",
            "isolate",
            "join",
            "move_margin",
            "accrue_funding",
            "set_funding",
            "execute_order",
        ),
        of_done=True,
    ),
    Check("LEDGER-04", "deposit then withdraw never gains", probe=_round_trip, probe_weight=3),
    Check(
        "LEDGER-05",
        "opening and closing at one price gains neither side, and loses exactly the fees",
        probe=_open_and_close,
        probe_weight=4,
    ),
    Check("LEDGER-06", "open interest = sum of positions on each side", _open_interest, of_done=True),
    Check("LEDGER-07", "global counters = sums over accounts", _counters, of_done=True),
    Check(
        "LEDGER-08",
        "no loss of an isolated bucket reaches its account or another bucket, and none of theirs reaches it",
        _buckets_hold,
        of_done=True,
    ),
    Check("LEDGER-10", "a donation changes nobody's claim", _donation, kinds("donate"), _donated_to, of_done=True),
)
