"""An anvil node over JSON-RPC.

Only anvil: a block of several transactions in a given order, at a given time, with what each of them returned, is more
than the protocol of live nodes offers, and other development nodes have other words for it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth_utils.crypto import keccak
from web3.exceptions import Web3Exception

from underwater.actions import Call, Log, Receipt
from underwater.chain import BLOCK_GAS_LIMIT, CHAIN_ID, NOBODY, TRANSACTION_GAS_LIMIT, BlockIsFull, Contents, NotCreated
from underwater.errors import EnvironmentFailure

if TYPE_CHECKING:
    from web3 import Web3

_Request = tuple[str, list[Any]]

_BATCH = 500
_METHOD_NOT_FOUND = -32601
_REVERTED = 3
# PUSH0, TSTORE and MCOPY, in this order: all of them are undefined instructions before Cancun.
_CANCUN_CODE = "0x60015f5d5f5f5f5e00"


@dataclass(slots=True)
class _Snapshot:
    """The node's own snapshot serves one revert; ``restore`` puts a fresh one in its place."""

    identifier: str


class RpcChain:
    """A chain behind an anvil node. See ``underwater.chain.Chain``.

    ``web3`` is called at every use, and raises if the connection was closed meanwhile.
    """

    def __init__(self, name: str, web3: Callable[[], Web3]) -> None:
        self.name = name
        self._web3 = web3
        self._calls_see_last_block = False
        self._dumped: dict[str, dict[str, Any]] = {}
        node, version = self._send([("anvil_nodeInfo", []), ("web3_clientVersion", [])])
        if "error" in node:
            answering = version.get("result", "an unknown node")
            raise EnvironmentFailure(f"{name}: '{answering}' answers there, anvil is needed")
        # From the node: Ape answers with what it expects of a network, not with what is there.
        (chain_id,) = self._ask([("eth_chainId", [])])
        if _number(chain_id) != CHAIN_ID:
            raise EnvironmentFailure(f"{name}: its chain id is {_number(chain_id)}, {CHAIN_ID} is needed")
        probe = {"data": _CANCUN_CODE, "gas": hex(TRANSACTION_GAS_LIMIT)}
        self._ask([("eth_call", [probe, "latest"]), ("evm_setBlockGasLimit", [hex(BLOCK_GAS_LIMIT)])])

    @property
    def time_s(self) -> int:
        """See ``Chain``."""
        return _number(self._last()["timestamp"])

    @property
    def number(self) -> int:
        """See ``Chain``."""
        return _number(self._last()["number"])

    def block(self, after_s: int, calls: Sequence[Call]) -> list[Receipt]:
        """See ``Chain``."""
        transactions = [
            {"from": call.sender, "to": call.to, "data": "0x" + call.data.hex(), "value": hex(call.value)}
            for call in calls
        ]
        return [receipt for receipt, _ in self._mine(after_s, transactions)]

    def endow(self, after_s: int, balances: Mapping[str, int]) -> None:
        """See ``Chain``."""
        self._ask([("anvil_setBalance", [address, hex(wei)]) for address, wei in balances.items()])
        self._mine(after_s, [])

    def create(self, sender: str, code: bytes) -> str:
        """See ``Chain``."""
        ((receipt, address),) = self._mine(1, [{"from": sender, "data": "0x" + code.hex()}])
        if not receipt.ok:
            raise NotCreated(self.name, receipt)
        return address

    def _mine(self, after_s: int, transactions: Sequence[dict[str, str]]) -> list[tuple[Receipt, str]]:
        senders = list(dict.fromkeys(transaction["from"] for transaction in transactions))
        # Ape's own transactions rely on being mined at once, so that this is switched off for this block alone.
        last, automine, *counts, _, _ = self._ask(
            [("eth_getBlockByNumber", ["latest", False]), ("anvil_getAutomine", [])]
            + [("eth_getTransactionCount", [sender, "latest"]) for sender in senders]
            + [("evm_setAutomine", [False]), ("anvil_setNextBlockBaseFeePerGas", ["0x0"])]
        )
        try:
            return self._mine_after(last, after_s, transactions, dict(zip(senders, map(_number, counts), strict=True)))
        except EnvironmentFailure:
            # What was sent and not mined would turn up in the next block.
            self._send([("anvil_dropAllTransactions", [])])
            raise
        finally:
            if automine:
                self._ask([("evm_setAutomine", [True])])

    def _mine_after(
        self, last: dict[str, Any], after_s: int, transactions: Sequence[dict[str, str]], nonces: dict[str, int]
    ) -> list[tuple[Receipt, str]]:
        sent = []
        for transaction in transactions:
            # One at a time: the node works on the parts of a batch side by side, and orders transactions as they come.
            nonce = nonces[transaction["from"]]
            nonces[transaction["from"]] += 1
            fields = {"nonce": hex(nonce), "gas": hex(TRANSACTION_GAS_LIMIT), "gasPrice": "0x0"}
            sent += self._ask([("eth_sendTransaction", [transaction | fields])])
        time_s = _number(last["timestamp"]) + after_s
        (blocks,) = self._ask([("evm_mine_detailed", [{"timestamp": time_s, "blocks": 1}])])
        (block,) = blocks
        if _number(block["number"]) != _number(last["number"]) + 1 or _number(block["timestamp"]) != time_s:
            raise EnvironmentFailure(f"{self.name}: the node mines blocks of its own; start it without a block time")
        mined = [transaction["hash"] for transaction in block["transactions"]]
        if mined != sent:
            kind = BlockIsFull if mined == sent[: len(mined)] else EnvironmentFailure
            number = _number(block["number"])
            raise kind(f"{self.name}: block {number} does not hold what was sent, in its order")
        self._calls_see_last_block = True
        (receipts,) = self._ask([("eth_getBlockReceipts", [block["number"]])])
        return [
            (self._receipt(transaction, receipt), receipt["contractAddress"] or "")
            for transaction, receipt in zip(block["transactions"], receipts, strict=True)
        ]

    def _receipt(self, transaction: dict[str, Any], receipt: dict[str, Any]) -> Receipt:
        ok = receipt["status"] == "0x1"
        output = transaction.get("output")
        if output is None and not ok:
            # Anvil gives no output, not even an empty one, where a transaction ended by neither return nor revert.
            (trace,) = self._ask([("debug_traceTransaction", [transaction["hash"], {"tracer": "callTracer"}])])
            return Receipt(False, b"", (), trace.get("error", "no reason given"))
        return Receipt(ok, _bytes(output or "0x"), tuple([_log(log) for log in receipt["logs"]]))

    def view(self, to: str, data: bytes) -> Receipt:
        """See ``Chain``."""
        call = {"from": NOBODY, "to": to, "data": "0x" + data.hex(), "gas": hex(BLOCK_GAS_LIMIT), "gasPrice": "0x0"}
        parameters = [call, "latest"]
        if not self._calls_see_last_block:
            # At the genesis block anvil runs calls at a time of its own; at a block that it mined, at the block's.
            last = self._last()
            parameters += [{}, {"time": last["timestamp"], "number": last["number"]}]
        (answer,) = self._send([("eth_call", parameters)])
        error = answer.get("error")
        if error is None:
            return Receipt(True, _bytes(answer["result"]), ())
        if error.get("code") == _REVERTED:
            return Receipt(False, _bytes(error.get("data") or "0x"), ())
        if "EVM error" in error.get("message", ""):
            return Receipt(False, b"", (), error["message"])
        raise self._refused("eth_call", error)

    def storage(self, slots: Sequence[tuple[str, int]]) -> list[int]:
        """See ``Chain``."""
        requests: list[_Request] = [("eth_getStorageAt", [address, hex(slot), "latest"]) for address, slot in slots]
        batches = [requests[start : start + _BATCH] for start in range(0, len(requests), _BATCH)]
        return [_number(value) for batch in batches for value in self._ask(batch)]

    def balances(self, addresses: Sequence[str]) -> list[int]:
        """See ``Chain``."""
        return [_number(wei) for wei in self._ask([("eth_getBalance", [at, "latest"]) for at in addresses])]

    def contents(self, address: str) -> Contents:
        """See ``Chain``."""
        account = self._dumped.get(address)
        if account is None or account["hashes"] != self._hashes([address])[0]:
            self._dump()
            account = self._dumped.get(address)
        if account is None:
            return Contents(b"", {})
        storage = {keccak(_bytes(slot)): _number(value) for slot, value in account["storage"].items()}
        return Contents(_bytes(account["code"]), {slot: value for slot, value in storage.items() if value})

    def _dump(self) -> None:
        # A dump of the state comes with the traces of all transactions, and takes as long. It is kept, and used again
        # for accounts of which the node still gives the same hashes.
        metadata, dump = self._ask([("anvil_metadata", []), ("anvil_dumpState", [False])])
        if metadata.get("forkedNetwork"):
            raise EnvironmentFailure(f"{self.name}: is a fork, of which anvil lists only slots that somebody used")
        text = gzip.decompress(_bytes(dump)).decode()
        accounts, _ = json.JSONDecoder().raw_decode(text, text.index('"accounts":') + len('"accounts":'))
        for account, hashes in zip(accounts.values(), self._hashes(list(accounts)), strict=True):
            account["hashes"] = hashes
        self._dumped = accounts

    def _hashes(self, addresses: list[str]) -> list[tuple[str, str]]:
        proofs = self._ask([("eth_getProof", [address, [], "latest"]) for address in addresses])
        return [(proof["storageHash"], proof["codeHash"]) for proof in proofs]

    def snapshot(self) -> _Snapshot:
        """See ``Chain``."""
        (identifier,) = self._ask([("evm_snapshot", [])])
        return _Snapshot(identifier)

    def restore(self, snapshot: _Snapshot) -> None:
        """See ``Chain``."""
        (done,) = self._ask([("evm_revert", [snapshot.identifier])])
        if not done:
            raise EnvironmentFailure(f"{self.name}: the node has no snapshot {snapshot.identifier} (any more)")
        self._calls_see_last_block = False
        (snapshot.identifier,) = self._ask([("evm_snapshot", [])])

    def _last(self) -> dict[str, Any]:
        (last,) = self._ask([("eth_getBlockByNumber", ["latest", False])])
        return dict(last)

    def _ask(self, requests: list[_Request]) -> list[Any]:
        """Results of requests, all of which must succeed."""
        if not requests:
            return []  # a node refuses a batch of nothing
        answers = self._send(requests)
        for (method, _), answer in zip(requests, answers, strict=True):
            if "error" in answer:
                raise self._refused(method, answer["error"])
        return [answer["result"] for answer in answers]

    def _send(self, requests: list[_Request]) -> list[dict[str, Any]]:
        # Batches even of one: web3.py sends single requests again and again to a node that is gone.
        try:
            provider: Any = self._web3().provider
            answers = provider.make_batch_request(requests)
        except (OSError, ValueError, Web3Exception) as failure:
            raise EnvironmentFailure(f"{self.name}: the node does not answer ({type(failure).__name__})") from failure
        if not isinstance(answers, list) or len(answers) != len(requests):
            raise EnvironmentFailure(f"{self.name}: the node does not take requests in batches: {str(answers)[:200]}")
        return answers

    def _refused(self, method: str, error: dict[str, Any]) -> EnvironmentFailure:
        message = str(error.get("message", error)).splitlines()[0]
        return EnvironmentFailure(f"{self.name}: the node refuses {method}: {message}")


def _log(log: dict[str, Any]) -> Log:
    topics = tuple([_bytes(topic) for topic in log["topics"]])
    return Log(log["address"].lower(), topics, _bytes(log["data"]))


def _number(quantity: str) -> int:
    return int(quantity, 16)


def _bytes(data: str) -> bytes:
    return bytes.fromhex(data[2:])
