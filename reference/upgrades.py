"""How the engine begins, and how its code is replaced (section 16)."""

from __future__ import annotations

from reference.governance import ADMIN, require_role
from reference.ledger import Effect
from reference.rejection import Rejected
from reference.state import FIRST, State

NEXT, VIEWS, ITSELF, NOTHING = "next", "views", "engine", "nothing"
"""What else somebody could take for the engine's implementation: another one, code of another kind, the engine's own address, an
address without code."""
IMPLEMENTATIONS = (FIRST, NEXT)
"""What is one."""
CANDIDATES = (*IMPLEMENTATIONS, VIEWS, ITSELF, NOTHING)


def upgrade(state: State, caller: str, implementation: str) -> Effect:
    """U3: the admin alone, and to an implementation alone. U4: nothing else that is stored changes."""
    require_role(state, caller, ADMIN)
    if implementation not in IMPLEMENTATIONS:
        raise Rejected("ERC1967InvalidImplementation", implementation)
    return state._replace(implementation=implementation), (("Upgraded", implementation),)


def initialize(
    state: State,
    caller: str,
    admin: str,
    liquidator_share_rate_wad: int,
    close_factor_rate_wad: int,
    small_position_notional_wad: int,
) -> Effect:
    """U2: an engine that stands is initialised already, whoever asks for what."""
    raise Rejected("InvalidInitialization")


def initialize_implementation(
    state: State,
    caller: str,
    implementation: str,
    admin: str,
    liquidator_share_rate_wad: int,
    close_factor_rate_wad: int,
    small_position_notional_wad: int,
) -> Effect:
    """U2: code where it stands is initialised by nobody. An address without code does nothing, and refuses nothing."""
    if implementation == NOTHING:
        return state, ()
    raise Rejected("InvalidInitialization")
