"""The in-process clone: revm through pyrevm, with nothing between a call and the EVM but its calldata."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyrevm
from eth_utils import keccak

from underwater.actions import Call, Log, Receipt
from underwater.chain import BLOCK_GAS_LIMIT, CHAIN_ID, TRANSACTION_GAS_LIMIT, Contents


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

    def transact(self, call: Call) -> Receipt:
        """One transaction in the open block."""
        evm = self.evm
        try:
            data = evm.message_call(caller=call.sender, to=call.to, calldata=call.data, gas=TRANSACTION_GAS_LIMIT)
        except RuntimeError as failure:
            return _failed(evm, failure)
        result = evm.result
        return Receipt(True, data, tuple([_log(log) for log in result.logs]))

    def block(self, after_s: int, calls: Sequence[Call]) -> list[Receipt]:
        """See ``Chain``."""
        self.open_block(after_s)
        for call in calls:
            self._nonces[call.sender] = self._nonces.get(call.sender, 0) + 1
        return [self.transact(call) for call in calls]

    def create(self, sender: str, code: bytes) -> str:
        """See ``Chain``."""
        self.open_block(1)
        nonce = self._nonces.get(sender, 0)
        self.evm.insert_account_info(sender, pyrevm.AccountInfo(nonce=nonce))
        self._nonces[sender] = nonce + 1
        address: str = self.evm.deploy(sender, code, gas=TRANSACTION_GAS_LIMIT)
        return address.lower()

    def view(self, to: str, data: bytes) -> Receipt:
        """See ``Chain``."""
        evm = self.evm
        try:
            return Receipt(True, evm.message_call(caller=_NOBODY, to=to, calldata=data, is_static=True), ())
        except RuntimeError as failure:
            return _failed(evm, failure)

    def storage(self, slots: Sequence[tuple[str, int]]) -> list[int]:
        """See ``Chain``."""
        read = self.evm.storage
        return [read(address, slot) for address, slot in slots]

    def contents(self, address: str) -> Contents:
        """See ``Chain``."""
        journal = self.evm.journal_str
        storage = {}
        for account, slots in _ACCOUNT_STORAGE.findall(journal):
            if account.lower() == address:
                for slot, value in _SLOT.findall(slots):
                    if int(value):
                        storage[keccak(int(slot).to_bytes(32, "big"))] = int(value)
        code = self.evm.get_code(address) or b""
        return Contents(code, storage)

    def snapshot(self) -> _Snapshot:
        """See ``Chain``."""
        return _Snapshot(self.evm.snapshot(), self._number, self._time_s, dict(self._nonces))

    def restore(self, snapshot: _Snapshot) -> None:
        """See ``Chain``."""
        self.evm.revert(snapshot.checkpoint)
        snapshot.checkpoint = self.evm.snapshot()
        self._number, self._time_s = snapshot.number, snapshot.time_s
        self._nonces = dict(snapshot.nonces)
        self._set_block()


_NOBODY = "0x0000000000000000000000000000000000000001"

# pyrevm has no other way to enumerate storage than the debug text of its journal, which holds every slot ever written as long as
# nothing is committed to the database below it: this module never commits.
_ACCOUNT_STORAGE = re.compile(
    r"(0x[0-9a-fA-F]{40}): Account \{ info: AccountInfo \{.*?\}, storage: \{((?:\d+: StorageSlot \{[^}]*\}(?:, )?)*)\}, status:", re.S
)
_SLOT = re.compile(r"(\d+): StorageSlot \{ previous_or_original_value: \d+, present_value: (\d+) \}")
_REVERTED = re.compile(r"output: 0x([0-9a-f]*)")
_HALTED = re.compile(r"Halt \{ reason: (.*), gas_used")


def _failed(evm: pyrevm.EVM, failure: RuntimeError) -> Receipt:
    text = str(failure)
    if text.startswith("Revert"):
        found = _REVERTED.search(text)
        return Receipt(False, bytes.fromhex(found[1]) if found else b"", ())
    halted = _HALTED.match(text)
    if halted is None:
        raise failure
    return Receipt(False, b"", (), halted[1])


def _log(log: pyrevm.Log) -> Log:
    topics, data = log.data
    return Log(log.address.lower(), tuple([bytes.fromhex(topic[2:]) for topic in log.topics]), bytes(data))
