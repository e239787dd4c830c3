"""Small sources and their mutants."""

from __future__ import annotations

from underwater.engine.artifacts import syntax_of
from underwater.mutate.mutants import Mutant, mutants_of

FILE = "Small.sol"


def source(body: str, around: str = "") -> str:
    """A contract with one function, and what it needs to stand around that."""
    return f"""pragma solidity 0.8.37;
{around if around.startswith(("library", "contract")) else ""}
contract Small {{
    {around if not around.startswith(("library", "contract")) else ""}
    uint256 sum;
    function work(uint256 a, uint256 b, int256 c, bool flag) external returns (uint256) {{
        {body}
    }}
}}
"""


def of_all(sources: dict[str, str]) -> list[Mutant]:
    """The mutants of several files."""
    return mutants_of(sources, syntax_of(sources))


def of(text: str, operator: str | None = None) -> list[Mutant]:
    """The mutants of one file."""
    return [mutant for mutant in of_all({FILE: text}) if operator is None or mutant.operator == operator]


def changes(body: str, operator: str, around: str = "") -> list[tuple[str, str]]:
    """(old, new) of what one operator makes of ``work``."""
    return [(one.old, one.new) for one in of(source(body, around), operator) if one.function == "work"]
