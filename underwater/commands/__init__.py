"""What `ape underwater` offers."""

import click


@click.group()
def cli() -> None:
    """Hunt for what leaves a margin engine underwater."""
