"""Deploying the bundled engine from a parameter file, on any network that Ape is connected to.

Nothing is sent before everything that can be refused beforehand has been: the file, its values, what is not for live
networks, and tokens and sources that are not what the file says of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from eth_utils.crypto import keccak

from underwater.actions import Log, Transaction
from underwater.chain.clone import Mined
from underwater.deployments.manifest import Manifest, Standing, write_manifest
from underwater.document import Field, parse, read_text
from underwater.engine import Viewed
from underwater.engine.abi import selector
from underwater.engine.artifacts import PROJECT, WETH9, Artifacts, without_metadata
from underwater.engine.bundled.actors import ADDRESSES
from underwater.engine.bundled.deployment import ROLE_NAMES, Deployment, read_deployment
from underwater.engine.bundled.listing import LISTINGS, compare_listings
from underwater.engine.bundled.plan import Addresses, plan_deployment
from underwater.engine.bundled.verify import Compared, compare_state
from underwater.engine.faults import artifacts_of
from underwater.errors import EnvironmentFailure, UserError

if TYPE_CHECKING:
    from underwater.chain.live import LiveNetwork

CONTRACTS = (
    "MarginEngine",
    "EngineProxy",
    "Views",
    "Governance",
    "Orders",
    "EtherGateway",
    "AwkwardToken",
    "TestFeed",
    "Bundler",
    "Lens",
    "NextMarginEngine",
)
"""What a deployment, and the harness around it on a development chain, consist of. The engine itself comes first."""
_DECIMALS = selector("decimals()")


@dataclass(frozen=True)
class ParameterFile:
    """A parameter file as it was read: what is deployed is its text, even if the file changes meanwhile."""

    path: Path
    text: str
    document: Field
    deployment: Deployment


def read_parameters(path: Path) -> ParameterFile:
    """Read and validate a parameter file. Raises ``UserError`` naming file, line and field for what is malformed or unsafe."""
    text = read_text(path)
    document = parse(text, str(path))
    return ParameterFile(path, text, document, read_deployment(document))


@dataclass(frozen=True)
class Prepared:
    """A deployment that could begin: its transactions in order, and where everything will be."""

    file: ParameterFile
    deployer: str
    plan: tuple[Transaction, ...]
    addresses: Addresses
    compiler: dict[str, Any]
    artifacts: Artifacts

    def lines(self) -> list[str]:
        """Every transaction in words: label, target or created address, size of its data; all are by the deployer."""
        lines = []
        for number, transaction in enumerate(self.plan, 1):
            where = f"creates {transaction.creates}" if transaction.to is None else f"calls   {transaction.to}"
            size = len(transaction.data)
            lines.append(f"{number:>4}  {transaction.sender}  {where}  {size:>6,} bytes of data  {transaction.label}")
        return lines


def compile_with_ape() -> tuple[Artifacts, dict[str, Any]]:
    """The contracts as Ape compiled them (their storage layout, which Ape does not give, from the harness), and the compiler.

    They are held to what the harness compiles from the same sources, metadata left out, so that what is deployed is what is
    hunted. Ape's own cache misses a change of an imported file; then everything is compiled again. Raises ``EnvironmentFailure``
    if they differ even so.
    """
    from underwater.chain.live import compiled

    ours = artifacts_of(None)
    differing: list[str] = []
    for afresh in (False, True):
        contracts, compiler = compiled(PROJECT, CONTRACTS, afresh=afresh)
        differing = [
            one.name
            for one in contracts
            if without_metadata(one.creation_code) != without_metadata(ours[one.name].creation_code)
            or without_metadata(one.runtime_code) != without_metadata(ours[one.name].runtime_code)
        ]
        if not differing:
            artifacts = {
                one.name: ours[one.name]._replace(
                    abi=one.abi, creation_code=one.creation_code, runtime_code=one.runtime_code, source=one.source
                )
                for one in contracts
            }
            artifacts[WETH9] = ours[WETH9]
            return artifacts, {"name": compiler.name, "version": compiler.version, "settings": compiler.settings}
    raise EnvironmentFailure(
        f"Ape compiles {', '.join(differing)} to other code than solc does: "
        "ape-config.yaml and underwater/engine/artifacts.py must have the same settings"
    )


def prepare(file: ParameterFile, network: LiveNetwork, deployer: str) -> Prepared:
    """Plan a deployment on a network. Raises ``UserError`` for what must not be deployed there. Sends nothing."""
    if not network.is_local:
        _refuse_what_is_not_real(file, network.name)
    _refuse_other_decimals(file, network)
    artifacts, compiler = compile_with_ape()
    plan, addresses = plan_deployment(
        file.deployment, artifacts, deployer=deployer, nonce=network.nonce(deployer), answered_at_s=network.time_s
    )
    return Prepared(file, deployer, plan, addresses, compiler, artifacts)


def _refuse_what_is_not_real(file: ParameterFile, network: str) -> None:
    fields = file.document.any_mapping()
    for number, item in enumerate(fields["collaterals"].items()):
        if file.deployment.parameters.collaterals[number].name not in file.deployment.token_addresses:
            raise item.fail(f"has no address; test tokens, which cost nothing, are not deployed on {network}")
    for name, item in fields["sources"].any_mapping().items():
        if file.deployment.sources[name].address is None:
            raise item.fail(
                f"has no address; test sources, whose publisher's key everybody knows, are not deployed on {network}"
            )
    if "roles" not in fields:
        raise file.document.fail(
            f"'roles' is missing: on {network} each of {', '.join(ROLE_NAMES)} needs an address; "
            "those that hold them by default have keys that everybody knows"
        )
    for name, item in fields["roles"].any_mapping().items():
        if file.deployment.role_addresses[name] in ADDRESSES.values():
            raise item.fail(f"is a development account, whose key everybody knows; that is nobody for {network}")


def _refuse_other_decimals(file: ParameterFile, network: LiveNetwork) -> None:
    """Ask tokens and sources that are there already for their decimals: a wrong power of ten is found before anything is sent."""
    fields = file.document.any_mapping()
    given = []
    for collateral, item in zip(file.deployment.parameters.collaterals, fields["collaterals"].items(), strict=True):
        given.append((file.deployment.token_addresses.get(collateral.name), collateral.decimals, item))
    for name, item in fields["sources"].any_mapping().items():
        source = file.deployment.sources[name]
        given.append((source.address, source.decimals, item))
    for address, decimals, item in given:
        if address is None:
            continue
        receipt = network.view(address, _DECIMALS)
        if not receipt.ok or len(receipt.data) != 32:
            raise item.any_mapping()["address"].fail(f"nothing there answers decimals() on {network.name}")
        found = int.from_bytes(receipt.data, "big")
        if found != decimals:
            raise item.any_mapping()["decimals"].fail(
                f"{decimals} in the file; {address} on {network.name} says {found}"
            )


def default_manifest(network: LiveNetwork) -> Path:
    """Where a manifest is written if nobody says: with what is made anew for local networks, else where it is kept."""
    folder = PROJECT / "build" / "deployments" if network.is_local else PROJECT / "deployments"
    return folder / f"{network.name.replace(':', '-').replace('/', '-')}.json"


def deploy(prepared: Prepared, network: LiveNetwork, manifest_path: Path, say: Callable[[str], None]) -> Manifest:
    """Send the plan, transaction by transaction, and write the manifest.

    If one fails, the manifest says what was sent until then, and the failure is raised.
    """
    mined: list[Mined] = []
    count = len(prepared.plan)
    chain_id = network.chain_id
    try:
        for number, transaction in enumerate(prepared.plan, 1):
            mined.append(network.send(transaction))
            say(f"  {number:>3}/{count}  {transaction.label}  ({mined[-1].gas_used:,} gas, block {mined[-1].number})")
    except BaseException:
        if mined:
            write_manifest(manifest_path, _manifest(prepared, network.name, chain_id, mined, None))
            say(f"  {len(mined)} of {count} transactions were sent; they are listed in {manifest_path}")
        raise
    manifest = _manifest(prepared, network.name, chain_id, mined, network.code)
    write_manifest(manifest_path, manifest)
    return manifest


def _manifest(
    prepared: Prepared, network: str, chain_id: int, mined: Sequence[Mined], code: Callable[[str], bytes] | None
) -> Manifest:
    """``code`` is None where nothing can be asked any more."""
    addresses = prepared.addresses
    created = {transaction.creates for transaction in prepared.plan}
    named = [
        (f"token {collateral.name}", WETH9 if collateral.wraps_ether else "AwkwardToken", at)
        for collateral, at in zip(prepared.file.deployment.parameters.collaterals, addresses.tokens, strict=True)
    ]
    named += [(f"price source {name}", "TestFeed", at) for name, at in addresses.sources.items()]
    named.append(("governance", "Governance", addresses.governance))
    named.append(("views", "Views", addresses.views))
    named.append(("implementation", "MarginEngine", addresses.implementation))
    named.append(("margin engine", "EngineProxy", addresses.engine))
    named.append(("orders", "Orders", addresses.orders))
    if addresses.gateway:
        named.append(("gateway", "EtherGateway", addresses.gateway))
    return Manifest(
        network=network,
        chain_id=chain_id,
        deployer=prepared.deployer,
        compiler=prepared.compiler,
        parameters_file=shown(prepared.file.path),
        parameters_text=prepared.file.text,
        engine=addresses.engine,
        contracts=tuple(
            Standing(
                name,
                contract if at in created else "",
                at,
                "0x" + ("00" * 32 if code is None else keccak(code(at)).hex()),
            )
            for name, contract, at in named
        ),
        mined=tuple(mined),
        is_complete=code is not None,
    )


def shown(path: Path) -> str:
    """A path as a reader elsewhere can use it."""
    whole = path.resolve()
    return str(whole.relative_to(PROJECT)) if whole.is_relative_to(PROJECT) else path.name


def check_listings(manifest: Manifest, artifacts: Artifacts, logs: Callable[[str], Sequence[Log]]) -> list[Compared]:
    """Hold what the listings of a deployment told to what they should: ``logs`` gives those of a transaction by its hash.

    Right after it: nodes do not keep receipts for ever.
    """
    hashes = [mined.hash for mined in manifest.mined if mined.transaction.data[:4] in LISTINGS]
    return compare_listings(manifest.deployment, artifacts, manifest.addresses, [*map(logs, hashes)])


class Coded(Viewed, Protocol):
    """What a check needs of a chain: answers to views, and code."""

    def code(self, address: str) -> bytes:
        """Runtime code at an address."""


def check(manifest: Manifest, chain: Coded, *, first_answers: bool = True) -> list[Compared]:
    """Hold what stands on a chain to a manifest and the parameters in it: every contract's code, every configured field."""
    if not manifest.is_complete:
        raise UserError(f"{manifest.path}: the deployment ended before its last transaction; deploy it again")
    compared = [
        Compared(f"code of {one.name}", one.code_hash, "0x" + keccak(chain.code(one.address)).hex())
        for one in manifest.contracts
    ]
    deployment = manifest.deployment
    return compared + compare_state(
        deployment, manifest.addresses, manifest.deployer, chain, first_answers=first_answers
    )
