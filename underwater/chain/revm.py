"""The in-process clone: revm through pyrevm, with nothing between a call and the EVM but its calldata."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pyrevm
from eth_utils.crypto import keccak

from underwater.actions import Call, Log, Receipt
from underwater.chain import BLOCK_GAS_LIMIT, CHAIN_ID, NOBODY, TRANSACTION_GAS_LIMIT, Contents, NotCreated
from underwater.errors import EnvironmentFailure


@dataclass(slots=True)
class _Snapshot:
    """A journal checkpoint serves one revert; ``restore`` puts a fresh one in its place."""

    checkpoint: pyrevm.JournalCheckpoint
    number: int
    time_s: int
    nonces: dict[str, int]


class RevmChain:
    """A chain in this process. See ``underwater.chain.Chain``; ``transact`` is the hot loop's way in."""

    name = "revm"

    def __init__(self, time_s: int, number: int = 0) -> None:
        environment = pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=CHAIN_ID))
        self.evm = pyrevm.EVM(env=environment, spec_id="CANCUN", gas_limit=BLOCK_GAS_LIMIT)
        self._number = number
        self._time_s = time_s
        # pyrevm raises an externally owned account's nonce when it creates, not when it calls.
        self._nonces: dict[str, int] = {}
        # A checkpoint makes the journal one deeper, and calls nest on top of that: after a thousand snapshots none
        # would run. ``commit`` takes the depth back and nothing else; a revert then takes this one's, and ``restore``
        # gives it back.
        self.evm.snapshot()
        self._set_block()

    def _set_block(self) -> None:
        self.evm.set_block_env(
            pyrevm.BlockEnv(number=self._number, timestamp=self._time_s, gas_limit=BLOCK_GAS_LIMIT, basefee=0)
        )

    @property
    def time_s(self) -> int:
        """The timestamp of the last block."""
        return self._time_s

    @property
    def number(self) -> int:
        """The number of the last block."""
        return self._number

    def open_block(self, after_s: int) -> None:
        """Begin a block ``after_s`` seconds after the last one; calls until the next one run in it."""
        self._number += 1
        self._time_s += after_s
        self._set_block()

    def move_to(self, number: int, time_s: int) -> None:
        """Have the next block come after a last one of this number and time."""
        self._number, self._time_s = number, time_s
        self._set_block()

    def set_nonce(self, address: str, nonce: int) -> None:
        """Have an externally owned account send its next transaction with this nonce."""
        self._nonces[address] = nonce

    def transact(self, call: Call) -> Receipt:
        """One transaction in the open block."""
        evm = self.evm
        try:
            data = evm.message_call(
                caller=call.sender, to=call.to, calldata=call.data, value=call.value, gas=TRANSACTION_GAS_LIMIT
            )
        except RuntimeError as failure:
            return _failed(failure)
        logs = evm.result.logs  # type: ignore[union-attr]  # a call that came back has a result
        return Receipt(True, data, tuple([_log(log) for log in logs]) if logs else ())

    def block(self, after_s: int, calls: Sequence[Call]) -> list[Receipt]:
        """See ``Chain``."""
        self.open_block(after_s)
        for call in calls:
            self._nonces[call.sender] = self._nonces.get(call.sender, 0) + 1
        return [self.transact(call) for call in calls]

    def endow(self, after_s: int, balances: Mapping[str, int]) -> None:
        """See ``Chain``."""
        self.open_block(after_s)
        for address, wei in balances.items():
            self.evm.set_balance(address, wei)

    def create(self, sender: str, code: bytes) -> str:
        """See ``Chain``."""
        self.open_block(1)
        nonce = self._nonces.get(sender, 0)
        wei = self.evm.get_balance(sender)
        self.evm.insert_account_info(sender, pyrevm.AccountInfo(nonce=nonce))
        self.evm.set_balance(sender, wei)
        self._nonces[sender] = nonce + 1
        try:
            address: str = self.evm.deploy(sender, code, gas=TRANSACTION_GAS_LIMIT)
        except RuntimeError as failure:
            raise NotCreated(self.name, _failed(failure)) from None
        return address.lower()

    def view(self, to: str, data: bytes) -> Receipt:
        """See ``Chain``."""
        # Not ``is_static``: that forbids writes, where on a node they are merely forgotten.
        evm = self.evm
        before = evm.snapshot()
        try:
            return Receipt(True, evm.message_call(caller=NOBODY, to=to, calldata=data), ())
        except RuntimeError as failure:
            return _failed(failure)
        finally:
            evm.revert(before)

    def views(self, to: str, datas: Sequence[bytes]) -> list[bytes]:
        """What several views of one contract return, empty where one fails: what the hot loop asks after every step."""
        evm, returned = self.evm, []
        snapshot, revert, call = evm.snapshot, evm.revert, evm.message_call
        for data in datas:
            before = snapshot()
            try:
                returned.append(call(caller=NOBODY, to=to, calldata=data))
            except RuntimeError as failure:
                _failed(failure)
                returned.append(b"")
            finally:
                revert(before)
        return returned

    def storage(self, slots: Sequence[tuple[str, int]]) -> list[int]:
        """See ``Chain``."""
        read = self.evm.storage
        return [read(address, slot) for address, slot in slots]

    def storage_of(self, addresses: Sequence[str], slots: Sequence[int]) -> list[int]:
        """``storage`` for pairs kept as two lists: what the hot loop asks after every step."""
        return list(map(self.evm.storage, addresses, slots))

    def balances(self, addresses: Sequence[str]) -> list[int]:
        """See ``Chain``."""
        return list(map(self.evm.get_balance, addresses))

    def contents(self, address: str) -> Contents:
        """See ``Chain``."""
        found = re.search(address + _ACCOUNT, self.evm.journal_str)
        if found is None:
            return Contents(b"", {})
        code_hash, length, slots = found.groups()
        code = bytes(self.evm.get_code(address) or b"")[: int(length or 0)]
        if keccak(code).hex() != code_hash:
            raise EnvironmentFailure(f"{self.name}: pyrevm's text of {address} is not what version 0.3.7 writes")
        present = {int(slot): int(value) for slot, value in _SLOT.findall(slots)}
        return Contents(code, {keccak(slot.to_bytes(32, "big")): value for slot, value in present.items() if value})

    def snapshot(self) -> _Snapshot:
        """See ``Chain``."""
        checkpoint = self.evm.snapshot()
        self.evm.commit()
        return _Snapshot(checkpoint, self._number, self._time_s, dict(self._nonces))

    def restore(self, snapshot: _Snapshot) -> None:
        """See ``Chain``."""
        self.evm.revert(snapshot.checkpoint)
        snapshot.checkpoint = self.evm.snapshot()
        self._number, self._time_s = snapshot.number, snapshot.time_s
        self._nonces = dict(snapshot.nonces)
        self._set_block()


# pyrevm has no other way to enumerate storage than the debug text of its journal, which holds every slot ever written:
# nothing here moves them to the database below it.
# Code is padded for the interpreter, there and in ``get_code``; its length stands beside it.
_ACCOUNT = (
    r": Account \{ info: AccountInfo \{ balance: \d+, nonce: \d+, code_hash: 0x([0-9a-f]{64}), "
    r"code: (?:None|Some\(Bytecode \{ bytecode: 0x[0-9a-f]*, "
    r"state: Analysed \{ len: (\d+), jump_map: JumpMap \{ map: \"[0-9a-f]*\" \} \} \}\)) \}, "
    r"storage: \{((?:\d+: StorageSlot \{[^}]*\}(?:, )?)*)\}, status:"
)
_SLOT = re.compile(r"(\d+): StorageSlot \{ previous_or_original_value: \d+, present_value: (\d+) \}")
_HALTED = re.compile(r"Halt \{ reason: (.*), gas_used")


def _failed(failure: RuntimeError) -> Receipt:
    text = str(failure)
    if text.startswith("Revert"):
        return Receipt(False, bytes.fromhex(text[text.index("0x") + 2 : text.rindex(" ")]), ())
    halted = _HALTED.match(text)
    if halted is None:
        raise failure
    return Receipt(False, b"", (), halted[1])


_lower = lru_cache(256)(str.lower)


def _log(log: pyrevm.Log) -> Log:
    topics, data = log.data  # both as bytes; ``topics`` itself would be text
    return Log(_lower(log.address), tuple(topics), data)
