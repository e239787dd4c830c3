"""Any network that Ape is connected to, live ones included: what a deployment needs of it, and nothing of what a hunt does.

Blocks are mined when and as the network likes. What is sent is signed by an account of Ape.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import ape
from ape.exceptions import ApeException, ContractLogicError
from ape.logging import LogLevel, logger
from hexbytes import HexBytes
from web3.exceptions import Web3Exception

from underwater.actions import Log, Receipt, Transaction
from underwater.chain.clone import Mined
from underwater.errors import EnvironmentFailure, UserError

if TYPE_CHECKING:
    from ape.api import AccountAPI, ProviderAPI

_TEST_ALIAS = "TEST::"
"""How Ape calls the accounts of its test mnemonic, whose keys everybody knows."""


class Compiled(NamedTuple):
    """A contract as Ape compiled it."""

    name: str
    source: str
    abi: list[dict[str, Any]]
    creation_code: bytes
    runtime_code: bytes


class Compiler(NamedTuple):
    """What Ape compiled with."""

    name: str
    version: str
    settings: dict[str, Any]


def compiled(folder: Path, names: Sequence[str], *, afresh: bool = False) -> tuple[list[Compiled], Compiler]:
    """Contracts of a project as Ape compiled them, and the compiler of the first of them.

    Ape compiles a contract again when its own file changed, not when one that it imports did; ``afresh`` compiles everything.
    """
    with _quiet("ape compile"):
        project = ape.project if ape.project.path == folder else ape.Project(folder)
        if afresh:
            project.load_contracts(use_cache=False)
        found = []
        for name in names:
            container = project.contracts.get(name)
            if container is None:
                raise EnvironmentFailure(f"Ape finds no contract {name} in {project.contracts_folder}")
            kind = container.contract_type
            found.append(
                Compiled(
                    name,
                    str(kind.source_id),
                    [entry.model_dump(mode="json", by_alias=True) for entry in kind.abi],
                    bytes(kind.get_deployment_bytecode() or b""),
                    bytes(kind.get_runtime_bytecode() or b""),
                )
            )
        for compiler in project.manifest.compilers or ():
            if names[0] in (compiler.contractTypes or ()):
                settings = {key: value for key, value in (compiler.settings or {}).items() if key != "outputSelection"}
                return found, Compiler(compiler.name, compiler.version, settings)
    raise EnvironmentFailure(f"Ape does not say what it compiled {names[0]} with: remove .build and try again")


class LiveNetwork:
    """The network behind a connected Ape provider, and the accounts that sign on it."""

    def __init__(self, provider: ProviderAPI) -> None:
        self.provider = provider
        self.name = _without_key(provider.network_choice)
        self._accounts: dict[str, AccountAPI] = {}

    @property
    def is_local(self) -> bool:
        """Whether nobody but this machine sees it. A fork of a live network is not local: what is there is real."""
        return bool(self.provider.network.is_local)

    @property
    def chain_id(self) -> int:
        """The number that transactions are signed for."""
        with _quiet(self.name):
            return int(self.provider.chain_id)

    @property
    def time_s(self) -> int:
        """The timestamp of the last block."""
        with _quiet(self.name):
            return int(self.provider.get_block("latest").timestamp)

    def sender(self, alias: str | None) -> str:
        """The address of an account of Ape, which ``send`` then signs with. Without an alias: the first test account, on local networks.

        Raises ``UserError`` if there is no such account, or if its key is known to everybody and the network is not a local one.
        """
        if alias is None and not self.is_local:
            raise UserError(f"{self.name} is not local: name the account that deploys with --account ALIAS")
        with _quiet(self.name):
            if alias is None or alias.startswith(_TEST_ALIAS):
                if not self.is_local:
                    raise UserError(f"--account {alias}: everybody knows its key, and {self.name} is not local")
                account = self._test_account(alias)
            else:
                account = self._named_account(alias)
            address = str(account.address).lower()
        self._accounts[address] = account
        return address

    @staticmethod
    def _test_account(alias: str | None) -> AccountAPI:
        number = "0" if alias is None else alias.removeprefix(_TEST_ALIAS)
        tests = ape.accounts.test_accounts
        if not number.isdecimal() or int(number) >= len(tests):
            raise UserError(f"--account {alias}: test accounts are {_TEST_ALIAS}0 to {_TEST_ALIAS}{len(tests) - 1}")
        return tests[int(number)]

    @staticmethod
    def _named_account(alias: str) -> AccountAPI:
        try:
            return ape.accounts.load(alias)
        except (KeyError, ValueError):
            known = ", ".join(sorted(ape.accounts.aliases)) or "none: make one with 'ape accounts generate ALIAS'"
            raise UserError(f"--account {alias}: Ape has no such account; it has {known}") from None

    @contextmanager
    def unlocked(self, address: str) -> Iterator[None]:
        """Have an account with a passphrase ask for it once, not at every transaction; accounts of other kinds ask as they do.

        Ape takes the passphrase from ``APE_ACCOUNTS_<alias>_PASSPHRASE`` where that is set.
        """
        set_autosign = getattr(self._accounts[address], "set_autosign", None)
        if set_autosign is None:
            yield
            return
        with _quiet(self.name):
            set_autosign(True)
        try:
            yield
        finally:
            set_autosign(False)

    def nonce(self, address: str) -> int:
        """How many transactions an account has sent."""
        with _quiet(self.name):
            return int(self.provider.get_nonce(self._checksummed(address)))

    def code(self, address: str) -> bytes:
        """Runtime code at an address; empty if nobody's."""
        with _quiet(self.name):
            return bytes(self.provider.get_code(self._checksummed(address)))

    def view(self, to: str, data: bytes) -> Receipt:
        """See ``Chain``; what a view reverted with is not kept."""
        with _quiet(self.name):
            call = self.provider.network.ecosystem.create_transaction(receiver=self._checksummed(to), data=data)
            try:
                return Receipt(True, bytes(self.provider.send_call(call)), ())
            except ContractLogicError:
                return Receipt(False, b"", ())

    def logs(self, hash_: str) -> list[Log]:
        """The logs of a transaction that is in a block."""
        with _quiet(f"{self.name}: receipt of {hash_}"):
            return [_log(log) for log in self.provider.get_receipt(hash_).logs]

    def send(self, transaction: Transaction) -> Mined:
        """Sign and send a transaction, and wait until it is in a block.

        Raises ``EnvironmentFailure`` if it fails, is not accepted, or creates something elsewhere than it should.
        """
        with _quiet(f"{self.name}: '{transaction.label}'"):
            account = self._accounts.get(transaction.sender)
            if account is None and self.is_local:
                account = next(
                    (one for one in ape.accounts.test_accounts if one.address.lower() == transaction.sender), None
                )
            if account is None:
                raise EnvironmentFailure(f"{self.name}: Ape has no account {transaction.sender}")
            self._accounts[transaction.sender] = account
            fields: dict[str, Any] = {"sender": account.address, "data": transaction.data}
            if transaction.to is not None:
                fields["receiver"] = self._checksummed(transaction.to)
            if transaction.value:
                fields["value"] = transaction.value
            receipt = account.call(self.provider.network.ecosystem.create_transaction(**fields))
            nonce = receipt.transaction.nonce
            created = (receipt.contract_address or "").lower() if transaction.to is None else None
            if nonce is None or created != transaction.creates:
                raise EnvironmentFailure(
                    f"{self.name}: '{transaction.label}' made {created}, the plan says {transaction.creates}: "
                    "the account sent something else in between"
                )
            return Mined(
                transaction,
                nonce,
                receipt.block_number,
                int(receipt.timestamp),
                str(receipt.txn_hash),
                receipt.gas_used,
            )

    def _checksummed(self, address: str) -> Any:
        return self.provider.network.ecosystem.decode_address(int(address, 16))


def _log(log: Any) -> Log:
    """Nodes differ in whether they give bytes or hex."""
    topics = tuple(bytes(HexBytes(one)) for one in log["topics"])
    return Log("0x" + HexBytes(log["address"]).hex().removeprefix("0x"), topics, bytes(HexBytes(log["data"])))


def _without_key(choice: str) -> str:
    """A network as it may be shown and written down: of an address only the host, since many have a key in their path."""
    parts = urlsplit(choice)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if "://" in choice else choice


@contextmanager
def _quiet(what: str) -> Iterator[None]:
    """What Ape raises in one line of ours; what it would log besides left out."""
    with logger.at_level(LogLevel.ERROR):
        try:
            yield
        except (ApeException, Web3Exception, OSError) as failure:
            reason = (str(failure) or type(failure).__name__).splitlines()[0]
            raise EnvironmentFailure(f"{what}: {reason}") from failure
