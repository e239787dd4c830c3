"""Who takes part: names, and the addresses behind them on a development chain.

Addresses are those of the well-known development mnemonic (``test test ... junk``), which Ape's local network and anvil fund.
"""

from __future__ import annotations

from underwater.actions import Cast

_DEVELOPMENT_ADDRESSES = (
    "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
    "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
    "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc",
    "0x90f79bf6eb2c4f870365e785982e1f101e93b906",
    "0x15d34aaf54267db7d7c367839aaf71a00a2c6a65",
    "0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc",
    "0x976ea74026e726554db657fa54763abd0c3a0aa9",
    "0x14dc79964da2c08b23698b3d3cc7ca32193d9955",
    "0x23618e81e3f5cdf7f54c3d65f7fbc0abf5b21e8f",
    "0xa0ee7a142d267c1f36714e4a8f75612f20a79720",
    "0xbcd4042de499d14e55001ccbb24a551f3b954096",
    "0x71be63f3384f5fb98995898a86b02fb2426c5788",
    "0xfabb0ac9d68b0b445fb7357272ff202c5651694a",
    "0x1cbd3b2770909d4e10f157cabc84c7264073c9ec",
    "0xdf3e18d64bc6a983f673ab319ccae4f1a57c7097",
    "0xcd3b766ccdd6ae721141f452c550ca635964ce71",
    "0x2546bcd3c84621e976d8185a91a922ae77ecec30",
    "0xbda5747bfd65f08deb54cb465eb87d40e51b197e",
    "0xdd2fd4581271e230360230f9337d5c0430bf44c0",
    "0x8626f6940e2eb28930efb4cef49b2d1f2c9c1199",
)

_EXTERNALLY_OWNED = (
    "admin",
    "risk-manager",
    "oracle-manager",
    "treasurer",
    "publisher",
    "matcher",
    "delegate",
    "outsider",
    "attacker-owner",
    "trader-1",
    "trader-2",
    "trader-3",
    "trader-4",
    "trader-5",
    "maker",
    "liquidator",
    "backstop",
    "guardian",
)

ADDRESSES = dict(zip(_EXTERNALLY_OWNED, _DEVELOPMENT_ADDRESSES, strict=False))
"""Externally owned actors. ``attacker`` is a contract and gets its address from the deployment."""

ATTACKER = "attacker"
ACCOUNTS = ("trader-1", "trader-2", "trader-3", "trader-4", "trader-5", "maker", "liquidator", ATTACKER)
"""The eight accounts that a hunt drives, in the order in which they are observed."""

ORDERS = "orders"
"""The contract of orders (section 17). It is an operator and never calls by itself: its address is the deployment's."""

GATEWAY = "gateway"
"""The contract that takes ether in and out (section 19), an operator likewise."""

ETHER_EACH_WEI = 1 << 127
"""What everybody begins with, on every chain: more than a history can move."""
MOST_ETHER_WEI = (1 << 110) - 1
"""What one call can bring: a transaction that brings more than its sender has is none."""

BACKSTOP = "backstop"
"""Not driven: probes use it where a sentence needs a counterparty, and give it what that takes."""

MATCHER = "matcher"
DELEGATE = "delegate"
OPERATORS = (MATCHER, DELEGATE, ORDERS, GATEWAY)
"""The operators whose approvals are observed. Every account approves the matcher, the orders and the gateway at the start."""

DEPLOYER = "admin"

CAST = Cast(
    accounts=ACCOUNTS,
    operators=OPERATORS,
    matcher=MATCHER,
    delegate=DELEGATE,
    outsider="outsider",
    attacker=ATTACKER,
    publisher="publisher",
    backstop=BACKSTOP,
    maker="maker",
    liquidator="liquidator",
    admin=DEPLOYER,
    risk_manager="risk-manager",
    oracle_manager="oracle-manager",
    treasurer="treasurer",
    guardian="guardian",
)
