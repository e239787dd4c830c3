"""Errors of which deployments are refused, planted for tests, and what comes of them."""

from __future__ import annotations

from pathlib import Path

SHORTEST = "shortest-delay-refused"
"""The fault of the zoo: some drawn deployments are refused, the parameter file is not."""

SAFETY = "contracts/libraries/Safety.sol"
PATCHES = {
    # Of drawn deployments, which list collaterals with the largest answer that there may be.
    "dear": (SAFETY, "requireFeed", "<= LARGEST_PRICE", "< LARGEST_PRICE"),
    "creation": (SAFETY, "requireLiquidation", "closeFactorRate <= WAD", "closeFactorRate < WAD"),
    # Of the parameter file, whose orders wait for two seconds, and of most that are drawn.
    "default": ("contracts/Orders.sol", "constructor", "minimumDelay >= 1", "minimumDelay >= 3"),
    "every": (
        "contracts/Governance.sol",
        "listMarket",
        "market = marketCount;",
        'market = marketCount; assembly ("memory-safe") { invalid() }',
    ),
}
ANSWERS = {
    "dear": "UnsafeParameter(feed)",
    "creation": "UnsafeParameter(closeFactor)",
    "default": "UnsafeParameter(orders)",
    "every": "Reverted(0x)",
}
"""What the contracts say. Whatever halts behind a proxy reaches its caller as a revert without a word."""


def plant(folder: Path) -> None:
    """A zoo of these alone."""
    for name, (file, function, old, new) in PATCHES.items():
        text = f"file: {file}\nfunction: {function}\nold: '{old}'\nnew: '{new}'\n"
        (folder / f"{name}.yaml").write_text(
            f"idea: {name}\nafter: nothing that happened\n{text}caught_by: [ACCESS-07]\nshortest: {{ACCESS-07: 0}}\n"
        )
