"""A deployment made by the script itself, and files that are almost the default one."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner, Result

from underwater.chain.ape import ApeChain, connected
from underwater.deployments.manifest import read_manifest
from underwater.engine.artifacts import PROJECT
from underwater.engine.bundled.actors import ADDRESSES, DEPLOYER

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = PROJECT / "scripts" / "deploy.py"
PARAMETERS = PROJECT / "parameters" / "default.yaml"
LOCAL = "ethereum:local:test"

ADMIN = ADDRESSES[DEPLOYER]
RISK_MANAGER = ADDRESSES["risk-manager"]
ROLES = ("admin", "risk_manager", "oracle_manager", "treasurer", "guardian")


class Deployed:
    """A deployment that the script made on Ape's local chain."""

    def __init__(self, chain: ApeChain, manifest: Path, output: str) -> None:
        self.chain = chain
        self.manifest_path = manifest
        self.manifest = read_manifest(manifest)
        self.output = output


def run_deploy(*arguments: str | Path, answer: str | None = None) -> Result:
    """The script as ``ape run deploy`` runs it, in this process, on the chain that this process is connected to."""
    spec = importlib.util.spec_from_file_location("deploy_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return CliRunner(mix_stderr=False).invoke(module.cli, ["--network", LOCAL, *map(str, arguments)], input=answer)


@contextmanager
def local_chain() -> Iterator[ApeChain]:
    """Ape's own local chain, left as it was found: the rest of a test session is connected to the same one."""
    with connected(LOCAL) as chain:
        before = chain.snapshot()
        yield chain
        chain.restore(before)


def changed(folder: Path, old: str, new: str) -> Path:
    """The default file with the first occurrence of a text replaced by another."""
    text = PARAMETERS.read_text()
    assert old in text
    path = folder / "parameters.yaml"
    path.write_text(text.replace(old, new, 1))
    return path


def line_of(path: Path, text: str) -> int:
    """The line on which a text first stands."""
    return path.read_text().split(text)[0].count("\n") + 1
