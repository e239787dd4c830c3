"""ACCESS-05: whose code runs, and that an engine begins once."""

from __future__ import annotations

from reference.governance import ADMIN
from reference.state import State, parts_of
from reference.upgrades import IMPLEMENTATIONS, NOTHING
from underwater.checks import Probe, Step, Verdict

BEGINNINGS = ("initialize", "initialize_implementation")
ATTEMPTS = ("upgrade", *BEGINNINGS)
"""The kinds of action that try to change the code, or to begin anew."""


def code_and_beginning(step: Step) -> Verdict:
    """ACCESS-05. Nobody but the admin has other code run, and only such as is an implementation; that changes nothing else; nothing
    begins twice.
    """
    assert step.action is not None
    _, caller, arguments, _ = step.action
    before, after = step.before, step.after
    if step.kind in BEGINNINGS:
        if step.outcome.done and arguments[0] != NOTHING:
            what = "the engine" if step.kind == "initialize" else f"the implementation '{arguments[0]}'"
            return f"{caller} initialised {what}, which nobody may any more"
        return True
    if not step.outcome.done:
        return "an upgrade that was refused changed the code" if after.implementation != before.implementation else True
    if caller not in before.roles[ADMIN]:
        return f"{caller}, who is not the admin, replaced the engine's code"
    if arguments[0] not in IMPLEMENTATIONS:
        return f"what stands at '{arguments[0]}' became the engine's code, and is no such thing"
    if after.implementation != arguments[0]:
        return f"the engine's code should be '{arguments[0]}', and is '{after.implementation}'"
    if _without_code(after) != _without_code(before):
        return f"the upgrade to '{arguments[0]}' changed more than the code"
    return True


def _without_code(state: State) -> State:
    return state._replace(implementation="")


def upgraded(probe: Probe) -> Verdict:
    """ACCESS-05. With other code the engine says of every account, and does for one, what it would have before; and who is not the
    admin changes nothing.
    """
    state, cast, choices = probe.state, probe.cast, probe.choices
    liquidation = state.parameters.liquidation
    caller = choices.pick([name for name in (cast.outsider, *cast.accounts) if name not in state.roles[ADMIN]])
    given = (caller, liquidation.liquidator_share_rate_wad, liquidation.close_factor_rate_wad)
    if probe.do("initialize", caller, *given, liquidation.small_position_notional_wad).done:
        return f"{caller} could initialise the engine anew"
    if probe.do("upgrade", caller, choices.pick(IMPLEMENTATIONS)).done:
        return f"{caller}, who is not the admin, could replace the engine's code"
    parts = [part for name in cast.accounts for part in parts_of(name, state.accounts[name])]
    before = {part: probe.health(part) for part in parts}
    admins = sorted(state.roles[ADMIN])
    if not admins:
        return True
    other = next(name for name in IMPLEMENTATIONS if name != state.implementation)
    name = choices.pick([name for name in cast.accounts if state.accounts[name].cash_wad > 0] or cast.accounts)
    probe.branch()
    without = probe.do("withdraw", name, name, 0, 1)
    probe.back()
    outcome = probe.do("upgrade", admins[0], other)
    if not outcome.done:
        return f"{admins[0]} is the admin, and could not upgrade to '{other}': {outcome.error}"
    for part in parts:
        if probe.health(part) != before[part]:
            return f"after an upgrade to '{other}' the engine says other things of {part} than before"
    if probe.do("withdraw", name, name, 0, 1) != without:
        return f"after an upgrade to '{other}' something else came of a withdrawal by {name} than without it"
    return True
