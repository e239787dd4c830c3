"""Every command explains itself."""

from __future__ import annotations

import pytest

from tests.commands.support import run
from underwater.commands import cli


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_explains_itself(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[2].strip()
