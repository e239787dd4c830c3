"""The manifest of a deployment: a JSON file of what was deployed, where, from what, and by which transactions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from underwater.actions import Transaction
from underwater.chain.clone import Mined
from underwater.document import Field, parse, read_text, write_whole
from underwater.engine.bundled.deployment import Deployment, read_deployment
from underwater.engine.bundled.plan import Addresses
from underwater.errors import UserError

FORMAT = 1


@dataclass(frozen=True)
class Standing:
    """A contract that a deployment made or uses: ``contract`` is what it was compiled from, empty if it was there before."""

    name: str
    contract: str
    address: str
    code_hash: str


@dataclass(frozen=True)
class Manifest:
    """Everything that a clone, or a check years later, needs to know of a deployment. Addresses are lower-case hex.

    ``is_complete`` is false where a deployment ended before its last transaction; what was sent until then is listed.
    """

    network: str
    chain_id: int
    deployer: str
    compiler: dict[str, Any]
    parameters_file: str
    parameters_text: str
    engine: str
    contracts: tuple[Standing, ...]
    mined: tuple[Mined, ...]
    is_complete: bool = True
    path: str = field(default="", compare=False)

    @property
    def deployment(self) -> Deployment:
        """What the parameters say."""
        return read_deployment(parse(self.parameters_text, f"{self.path or 'manifest'}: parameters"))

    @property
    def addresses(self) -> Addresses:
        """Where the parts of the engine are."""
        at = {standing.name: standing.address for standing in self.contracts}
        deployment = self.deployment
        return Addresses(
            engine=self.engine,
            views=at["views"],
            governance=at["governance"],
            implementation=at["implementation"],
            orders=at["orders"],
            gateway=at.get("gateway", ""),
            tokens=[at[f"token {collateral.name}"] for collateral in deployment.parameters.collaterals],
            sources={name: at[f"price source {name}"] for name in deployment.sources},
        )


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest, whole or not at all."""
    last = manifest.mined[-1] if manifest.mined else None
    content = {
        "underwater_manifest": FORMAT,
        "network": manifest.network,
        "chain_id": manifest.chain_id,
        "complete": manifest.is_complete,
        "block": 0 if last is None else last.number,
        "timestamp": 0 if last is None else last.time_s,
        "deployer": manifest.deployer,
        "engine": manifest.engine,
        "contracts": [
            {
                "name": standing.name,
                "contract": standing.contract or None,
                "address": standing.address,
                "code_hash": standing.code_hash,
            }
            for standing in manifest.contracts
        ],
        "compiler": manifest.compiler,
        "parameters_file": manifest.parameters_file,
        "parameters": manifest.parameters_text,
        "transactions": [
            {
                "label": mined.transaction.label,
                "hash": mined.hash,
                "sender": mined.transaction.sender,
                "nonce": mined.nonce,
                "to": mined.transaction.to,
                "creates": mined.transaction.creates,
                "block": mined.number,
                "timestamp": mined.time_s,
                "gas_used": mined.gas_used,
                "data": "0x" + mined.transaction.data.hex(),
            }
            for mined in manifest.mined
        ],
    }
    write_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


_FIELDS = (
    "underwater_manifest",
    "network",
    "chain_id",
    "complete",
    "block",
    "timestamp",
    "deployer",
    "engine",
    "contracts",
    "compiler",
    "parameters_file",
    "parameters",
    "transactions",
)
_TRANSACTION = ("label", "hash", "sender", "nonce", "to", "creates", "block", "timestamp", "gas_used", "data")


def read_manifest(path: Path) -> Manifest:
    """Read a manifest back. Raises ``UserError`` naming file, line and field for whatever is wrong with it."""
    text = read_text(path)
    fields = parse(text, str(path)).mapping(_FIELDS)
    try:
        compiler = dict(json.loads(text)["compiler"])
    except (ValueError, TypeError) as error:
        raise UserError(f"{path}: not valid JSON: {error}") from None
    if fields["underwater_manifest"].integer() != FORMAT:
        raise fields["underwater_manifest"].fail(f"this version reads format {FORMAT}")
    contracts = []
    for item in fields["contracts"].items():
        one = item.mapping(("name", "contract", "address", "code_hash"))
        contracts.append(
            Standing(
                one["name"].text(),
                _or_none(one["contract"]) or "",
                _hex(one["address"], 20),
                _hex(one["code_hash"], 32),
            )
        )
    manifest = Manifest(
        network=fields["network"].text(),
        chain_id=fields["chain_id"].integer(1),
        deployer=_hex(fields["deployer"], 20),
        compiler=compiler,
        parameters_file=fields["parameters_file"].text(),
        parameters_text=fields["parameters"].text(),
        engine=_hex(fields["engine"], 20),
        contracts=tuple(contracts),
        mined=tuple(_mined(item) for item in fields["transactions"].items()),
        is_complete=fields["complete"].boolean(),
        path=str(path),
    )
    names = {standing.name for standing in contracts}
    deployment = manifest.deployment
    for needed in ("views", "governance", "implementation", "orders"):
        if needed not in names:
            raise fields["contracts"].fail(f"'{needed}', which every engine has, is missing")
    for needed in (
        *(f"token {collateral.name}" for collateral in deployment.parameters.collaterals),
        *(f"price source {name}" for name in deployment.sources),
        *(("gateway",) if deployment.parameters.wrapped_ether is not None else ()),
    ):
        if needed not in names:
            raise fields["contracts"].fail(f"'{needed}', which the parameters name, is missing")
    return manifest


def _mined(item: Field) -> Mined:
    one = item.mapping(_TRANSACTION)
    to, creates = _or_none(one["to"]), _or_none(one["creates"])
    if (to is None) == (creates is None):
        raise item.fail("should have either 'to' or 'creates', and null for the other")
    transaction = Transaction(
        one["label"].text(),
        _hex(one["sender"], 20),
        None if to is None else _hex(one["to"], 20),
        bytes.fromhex(_hex(one["data"], None)[2:]),
        None if creates is None else _hex(one["creates"], 20),
    )
    return Mined(
        transaction,
        one["nonce"].integer(0),
        one["block"].integer(0),
        one["timestamp"].integer(0),
        _hex(one["hash"], 32),
        one["gas_used"].integer(0),
    )


def _or_none(given: Field) -> str | None:
    text = given.text()
    return None if text == "null" else text


def _hex(given: Field, length: int | None) -> str:
    text = given.text().lower()
    digits = text[2:]
    is_hex = text.startswith("0x") and len(digits) % 2 == 0 and set(digits) <= set("0123456789abcdef")
    if not is_hex or length not in (None, len(digits) // 2):
        raise given.fail(
            f"'{text[:20]}' is not {'data' if length is None else f'{length} bytes'} in hexadecimal (0x...)"
        )
    return text
