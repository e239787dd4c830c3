"""Any development network of Ape: the truth that the in-process clone is compared with.

Nothing else in this package imports Ape, which takes seconds.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, cast

from ape import networks
from ape.api.networks import ProviderContextManager
from ape.exceptions import ApeException, NetworkError
from ape_test.provider import LocalProvider

from underwater.actions import Call, Receipt
from underwater.chain import Chain, Contents
from underwater.chain.pyevm import PyEvmChain
from underwater.chain.rpc import RpcChain
from underwater.errors import EnvironmentFailure, UserError

if TYPE_CHECKING:
    from ape.api import ProviderAPI
    from ape_ethereum.provider import Web3Provider
    from web3 import Web3


class ApeChain:
    """The chain behind a connected Ape provider. See ``underwater.chain.Chain``.

    Contracts that Ape deployed there are there, and Ape sees every block that is mined here.
    """

    def __init__(self, provider: ProviderAPI) -> None:
        self.provider = provider
        self.name = provider.network_choice
        _check_not_live(provider)
        self._chain: Chain
        if isinstance(provider, LocalProvider):
            self._chain = PyEvmChain(self.name, provider.evm_backend)
        else:
            self._chain = RpcChain(self.name, self._web3)

    def _web3(self) -> Web3:
        try:
            return cast("Web3Provider", self.provider).web3
        except ApeException as failure:
            raise EnvironmentFailure(f"{self.name}: Ape is no longer connected to it") from failure

    @property
    def time_s(self) -> int:
        """See ``Chain``."""
        return self._chain.time_s

    @property
    def number(self) -> int:
        """See ``Chain``."""
        return self._chain.number

    def block(self, after_s: int, calls: Sequence[Call]) -> list[Receipt]:
        """See ``Chain``."""
        return self._chain.block(after_s, calls)

    def endow(self, after_s: int, balances: Mapping[str, int]) -> None:
        """See ``Chain``."""
        self._chain.endow(after_s, balances)

    def create(self, sender: str, code: bytes) -> str:
        """See ``Chain``."""
        return self._chain.create(sender, code)

    def view(self, to: str, data: bytes) -> Receipt:
        """See ``Chain``."""
        return self._chain.view(to, data)

    def storage(self, slots: Sequence[tuple[str, int]]) -> list[int]:
        """See ``Chain``."""
        return self._chain.storage(slots)

    def balances(self, addresses: Sequence[str]) -> list[int]:
        """See ``Chain``."""
        return self._chain.balances(addresses)

    def contents(self, address: str) -> Contents:
        """See ``Chain``."""
        return self._chain.contents(address)

    def snapshot(self) -> Any:
        """See ``Chain``."""
        return self._chain.snapshot()

    def restore(self, snapshot: Any) -> None:
        """See ``Chain``."""
        self._chain.restore(snapshot)


def require_known(network: str) -> None:
    """Raise ``UserError`` for a network that Ape does not know, or that is live; connects to nothing."""
    _provider(network)


def _provider(network: str) -> ProviderAPI:
    try:
        provider = networks.get_provider_from_choice(network)
    except NetworkError as failure:
        raise UserError(f"Ape knows no network '{network}': {_first_line(failure)}") from failure
    _check_not_live(provider)
    return provider


@contextmanager
def connected(network: str) -> Iterator[ApeChain]:
    """Connect to a network by Ape's name for it (``ethereum:local:test``), and leave it as it was found.

    A node that this starts is stopped at the end; a chain that Ape was connected to before stays connected.
    """
    with ExitStack() as stack:
        try:
            with _interrupt_kept():
                provider = _provider(network)
                was_connected = provider.connection_id in ProviderContextManager.connected_providers
                context = ProviderContextManager(provider, disconnect_after=not was_connected)
                provider = stack.enter_context(context)
        except (ApeException, OSError) as failure:
            raise EnvironmentFailure(f"Ape cannot connect to '{network}': {_first_line(failure)}") from failure
        yield ApeChain(provider)


@contextmanager
def _interrupt_kept() -> Iterator[None]:
    """Ape replaces Ctrl-C by an immediate exit when it starts a node; a hunt wants to be asked first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


def _check_not_live(provider: ProviderAPI) -> None:
    if not provider.network.is_dev:
        choice = provider.network.choice
        raise UserError(f"'{choice}' is a live network, where nothing is ever sent: use ethereum:local:foundry")


def _first_line(failure: Exception) -> str:
    return (str(failure) or type(failure).__name__).splitlines()[0].removesuffix(" Options:")
