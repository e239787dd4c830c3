"""Deploy the margin engine from a parameter file: ``ape run deploy --network ethereum:local:test``.

Exit codes: 0 deployed and everything on chain is what the file says, 1 something is not, 2 a mistake in the command or the file
(nothing was sent), 3 the network failed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from ape.cli import ConnectedProviderCommand
from ape.exceptions import ApeException

from underwater.errors import EnvironmentFailure, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ape.api import ProviderAPI

    from underwater.chain.live import LiveNetwork
    from underwater.deployments.deploying import ParameterFile
    from underwater.deployments.manifest import Manifest
    from underwater.engine.bundled.verify import Compared

DEFAULT_PARAMETERS = Path("parameters/default.yaml")
"""From the project's folder, where Ape runs scripts."""


class DeployCommand(ConnectedProviderCommand):
    """Connects as Ape's scripts do; whatever fails is one line and an exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options, and the parameter file with them: before any node is started."""
        rest: list[str] = _in_one_line(super().parse_args, ctx, args)
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Connect, and run."""
        return _in_one_line(super().invoke, ctx)


def _in_one_line(run: Any, *arguments: Any) -> Any:
    try:
        return run(*arguments)
    except (UserError, EnvironmentFailure) as failure:
        click.echo(f"ERROR: {failure}", err=True)
        sys.exit(failure.exit_code)
    except ApeException as failure:
        reason = (str(failure) or type(failure).__name__).splitlines()[0]
        click.echo(f"ERROR: {reason}", err=True)
        sys.exit(EnvironmentFailure.exit_code)


def _read(_context: click.Context, _option: click.Parameter, path: Path) -> ParameterFile:
    from underwater.deployments.deploying import read_parameters

    return read_parameters(path)


@click.command(cls=DeployCommand)
@click.option(
    "--parameters",
    "file",
    type=click.Path(path_type=Path),
    default=DEFAULT_PARAMETERS,
    callback=_read,
    help="What to deploy. [default: parameters/default.yaml]",
)
@click.option(
    "--manifest",
    "manifest_path",
    type=click.Path(path_type=Path),
    help="Where the record of the deployment is written. [default: build/deployments/ for local networks, else deployments/]",
)
@click.option("--account", help="Ape's account that deploys and signs. [default: test account 0, on local networks]")
@click.option("--dry-run", is_flag=True, help="Show every transaction and send none.")
@click.option("--check", "check_only", is_flag=True, help="Send nothing; hold what stands there to the manifest.")
@click.option("--yes", is_flag=True, help="Do not ask before sending to a network that is not local.")
def cli(
    provider: ProviderAPI,
    file: ParameterFile,
    manifest_path: Path | None,
    account: str | None,
    dry_run: bool,
    check_only: bool,
    yes: bool,
) -> None:
    """Deploy the margin engine, write a manifest, and check what stands there against the file."""
    from underwater.chain.live import LiveNetwork
    from underwater.deployments.deploying import check_listings, default_manifest, deploy, prepare, shown
    from underwater.deployments.manifest import read_manifest

    network = LiveNetwork(provider)
    path = manifest_path or default_manifest(network)
    if check_only:
        _check(read_manifest(path), network, first_answers=False)
        return
    deployer = network.sender(account)
    if not network.is_local and not dry_run and path.exists():
        raise UserError(f"{path}: exists, and records a deployment that may still stand; name another with --manifest")
    prepared = prepare(file, network, deployer)
    count = len(prepared.plan)
    if dry_run:
        click.echo(f"{count} transactions on {network.name} (chain {network.chain_id}) would deploy {file.path}:")
        for line in prepared.lines():
            click.echo(line)
        click.echo("Nothing was sent.")
        return
    click.echo(f"Deploying {file.path} on {network.name} (chain {network.chain_id}) as {deployer}.")
    if not network.is_local and not yes:
        question = f"{network.name} is not local. Send {count} transactions that cannot be taken back?"
        if not click.confirm(question, default=False):
            raise UserError("not confirmed; nothing was sent")
    with network.unlocked(deployer):
        manifest = deploy(prepared, network, path, click.echo)
    click.echo(f"The margin engine is at {manifest.engine}. Manifest: {manifest_path or shown(path)}")
    told = check_listings(manifest, prepared.artifacts, network.logs)
    _check(manifest, network, first_answers=True, told=told)


def _check(manifest: Manifest, network: LiveNetwork, *, first_answers: bool, told: Sequence[Compared] = ()) -> None:
    """``told`` are the events of the listings, compared already."""
    from underwater.deployments.deploying import check

    if manifest.chain_id != network.chain_id:
        raise UserError(f"the manifest is of chain {manifest.chain_id}, {network.name} is {network.chain_id}")
    compared = [*check(manifest, network, first_answers=first_answers), *told]
    wrong = [one for one in compared if not one.equal]
    for one in wrong:
        click.echo(f"{one.field}: should be {one.expected}, is {one.found}", err=True)
    if wrong:
        click.echo(f"{len(wrong)} of {len(compared)} values differ from {manifest.parameters_file}.", err=True)
        sys.exit(1)
    click.echo(f"Checked {len(compared)} values on chain against {manifest.parameters_file}: all are equal.")
