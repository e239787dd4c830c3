"""py-evm, the in-process chain behind Ape's own local provider, driven below its imitation of JSON-RPC.

That imitation signs, replays and executes again for every request, and turns revert data into text. The mining chain
under it gives a computation with output and error, at a header whose timestamp is ours to set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth.constants import CREATE_CONTRACT_ADDRESS, GENESIS_PARENT_HASH
from eth.exceptions import Revert, VMError
from eth.vm.forks.cancun import CancunVM
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError
from trie import HexaryTrie  # type: ignore[import-untyped]
from trie.iter import NodeIterator  # type: ignore[import-untyped]

from underwater.actions import Call, Log, Receipt
from underwater.chain import BLOCK_GAS_LIMIT, CHAIN_ID, NOBODY, TRANSACTION_GAS_LIMIT, BlockIsFull, Contents, NotCreated
from underwater.errors import EnvironmentFailure

_NO_ROOM = "Transaction exceeds gas limit"
"""How py-evm's refusal begins where what is left of a block's gas is less than a transaction may use."""


class PyEvmChain:
    """A chain over eth-tester's py-evm backend. See ``underwater.chain.Chain``.

    The backend is asked for its chain at every use: eth-tester replaces it when somebody reverts to the genesis block.
    """

    def __init__(self, name: str, backend: Any) -> None:
        self.name = name
        self._backend = backend
        self._keys: dict[str, PrivateKey] = {key.public_key.to_address(): key for key in backend.account_keys}
        chain = backend.chain
        if chain.chain_id != CHAIN_ID:
            raise EnvironmentFailure(f"{name}: its chain id is {chain.chain_id}, {CHAIN_ID} is needed")
        newest = chain.vm_configuration[-1][1]
        if not issubclass(newest, CancunVM):
            raise EnvironmentFailure(f"{name}: runs '{newest.fork}' code, Cancun or later is needed")
        if chain.header.gas_used:
            raise EnvironmentFailure(f"{name}: has transactions that no block holds yet; mine them first")
        _pin_blocks(type(chain))
        chain.header = chain.create_header_from_parent(self._last(chain))

    @staticmethod
    def _last(chain: Any) -> Any:
        return chain.get_block_header_by_hash(chain.header.parent_hash)

    @property
    def time_s(self) -> int:
        """See ``Chain``."""
        return int(self._last(self._backend.chain).timestamp)

    @property
    def number(self) -> int:
        """See ``Chain``."""
        return int(self._backend.chain.header.block_number) - 1

    def block(self, after_s: int, calls: Sequence[Call]) -> list[Receipt]:
        """See ``Chain``."""
        transactions = [(call.sender, bytes.fromhex(call.to[2:]), call.data, call.value) for call in calls]
        return [_receipt(computation, logs) for computation, logs in self._mine(after_s, transactions)]

    def endow(self, after_s: int, balances: Mapping[str, int]) -> None:
        """See ``Chain``."""
        chain = self._backend.chain
        last = self._last(chain)
        header = chain.create_header_from_parent(last, timestamp=last.timestamp + after_s)
        state = chain.get_vm(header).state
        for address, wei in balances.items():
            state.set_balance(bytes.fromhex(address[2:]), wei)
        state.persist()
        chain.header = header.copy(state_root=state.state_root)
        chain.mine_block()

    def create(self, sender: str, code: bytes) -> str:
        """See ``Chain``."""
        ((computation, logs),) = self._mine(1, [(sender, CREATE_CONTRACT_ADDRESS, code, 0)])
        receipt = _receipt(computation, logs)
        if not receipt.ok:
            raise NotCreated(self.name, receipt)
        return "0x" + str(computation.msg.storage_address.hex())

    def _mine(self, after_s: int, transactions: Sequence[tuple[str, bytes, bytes, int]]) -> list[tuple[Any, Any]]:
        chain = self._backend.chain
        last = self._last(chain)
        chain.header = chain.create_header_from_parent(last, timestamp=last.timestamp + after_s)
        done = []
        try:
            nonces: dict[str, int] = {}
            for sender, to, data, value in transactions:
                nonce = nonces[sender] if sender in nonces else self._nonce(sender)
                nonces[sender] = nonce + 1
                _, receipt, computation = chain.apply_transaction(self._signed(sender, nonce, to, data, value))
                done.append((computation, receipt.logs))
            chain.mine_block()
        except ValidationError as failure:
            chain.header = chain.create_header_from_parent(last)
            reason = str(failure).splitlines()[0]
            kind = BlockIsFull if reason.startswith(_NO_ROOM) else EnvironmentFailure
            raise kind(f"{self.name}: a block was not accepted: {reason}") from failure
        return done

    def _nonce(self, sender: str) -> int:
        return int(self._backend.chain.get_vm().state.get_nonce(bytes.fromhex(sender[2:])))

    def _signed(self, sender: str, nonce: int, to: bytes, data: bytes, value: int) -> Any:
        key = self._keys.get(sender)
        if key is None:
            raise EnvironmentFailure(f"{self.name}: has no key of {sender}, which is none of the test accounts")
        unsigned = self._backend.chain.create_unsigned_transaction(
            nonce=nonce, gas_price=0, gas=TRANSACTION_GAS_LIMIT, to=to, value=value, data=data
        )
        transaction = unsigned.as_signed_transaction(key, CHAIN_ID)
        # Recovering the signer twice, in Python, takes longer than all the rest of a block. Who signed is known here.
        vars(transaction).update(sender=bytes.fromhex(sender[2:]), check_signature_validity=lambda: None)
        return transaction

    def view(self, to: str, data: bytes) -> Receipt:
        """See ``Chain``."""
        chain = self._backend.chain
        vm = chain.get_vm(self._last(chain))
        sender, target = bytes.fromhex(NOBODY[2:]), bytes.fromhex(to[2:])
        computation = vm.execute_bytecode(
            origin=sender,
            gas_price=0,
            gas=BLOCK_GAS_LIMIT,
            to=target,
            sender=sender,
            value=0,
            data=data,
            code=vm.state.get_code(target),
            code_address=target,
        )
        return _receipt(computation, ())

    def storage(self, slots: Sequence[tuple[str, int]]) -> list[int]:
        """See ``Chain``."""
        chain = self._backend.chain
        read = chain.get_vm(self._last(chain)).state.get_storage
        return [read(bytes.fromhex(address[2:]), slot) for address, slot in slots]

    def balances(self, addresses: Sequence[str]) -> list[int]:
        """See ``Chain``."""
        chain = self._backend.chain
        read = chain.get_vm(self._last(chain)).state.get_balance
        return [read(bytes.fromhex(address[2:])) for address in addresses]

    def contents(self, address: str) -> Contents:
        """See ``Chain``."""
        chain = self._backend.chain
        account = bytes.fromhex(address[2:])
        last = self._last(chain)
        state = chain.get_vm(last).state
        encoded = HexaryTrie(chain.chaindb.db, last.state_root)[keccak(account)]
        if not encoded:
            return Contents(b"", {})
        _, _, storage_root, _ = rlp.decode(encoded)
        slots = NodeIterator(HexaryTrie(chain.chaindb.db, storage_root)).items()
        storage = {key: int.from_bytes(rlp.decode(value), "big") for key, value in slots}
        return Contents(state.get_code(account), storage)

    def snapshot(self) -> bytes:
        """See ``Chain``."""
        return bytes(self._backend.chain.header.parent_hash)

    def restore(self, snapshot: bytes) -> None:
        """See ``Chain``."""
        # The backend's own way back executes the block again, signatures and all. Every state is still there.
        chain = self._backend.chain
        header = chain.get_block_header_by_hash(snapshot)
        chain.chaindb._set_as_canonical_chain_head(chain.chaindb.db, header, GENESIS_PARENT_HASH)  # noqa: SLF001
        chain.header = chain.create_header_from_parent(header)


def _pin_blocks(chain_class: Any) -> None:
    """Give every later block of a chain the same gas limit and base fee as on the other chains.

    The class belongs to one chain alone (eth-tester makes it anew), and stays in use when Ape reverts that chain.
    """
    configuration = chain_class.vm_configuration
    chain_class.vm_configuration = tuple((since, _pinned(vm_class)) for since, vm_class in configuration)


def _pinned(vm_class: Any) -> Any:
    if getattr(vm_class, "has_pinned_blocks", False):
        return vm_class

    def create_header_from_parent(parent: Any, **fields: Any) -> Any:
        header = vm_class.create_header_from_parent(parent, **fields)
        return header if parent is None else header.copy(gas_limit=BLOCK_GAS_LIMIT, base_fee_per_gas=0)

    def validate_gas(_class: Any, _header: Any, _parent: Any) -> None:
        """Both values jump from the genesis block to the pinned ones, which the protocol's rules forbid."""

    return type(
        vm_class.__name__,
        (vm_class,),
        {
            "has_pinned_blocks": True,
            "create_header_from_parent": staticmethod(create_header_from_parent),
            "validate_gas": classmethod(validate_gas),
        },
    )


def _receipt(computation: Any, logs: Any) -> Receipt:
    error: VMError | None = computation.error if computation.is_error else None
    if error is not None and not isinstance(error, Revert):
        return Receipt(False, b"", (), type(error).__name__)
    return Receipt(error is None, bytes(computation.output), tuple([_log(log) for log in logs]))


def _log(log: Any) -> Log:
    topics = tuple([topic.to_bytes(32, "big") for topic in log.topics])
    return Log("0x" + log.address.hex(), topics, bytes(log.data))
