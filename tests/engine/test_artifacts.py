"""What is compiled when, and that it is the same whether all is compiled or what has changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from underwater.engine import artifacts
from underwater.engine.artifacts import Artifacts, compile_sources
from underwater.errors import UserError

HEAD = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n"
SOURCES = {
    "contracts/Base.sol": HEAD + "abstract contract Base { uint256 internal _kept; }\n",
    "contracts/deep/Left.sol": HEAD
    + "import {Base} from '../Base.sol';\ncontract Left is Base { function f() external { _kept = 1; } }\n",
    "contracts/Right.sol": HEAD
    + 'import {\n    Left\n} from "contracts/deep/Left.sol";\ncontract Right is Left { function g() external { _kept = 2; } }\n',
    "contracts/Alone.sol": HEAD + "contract Alone { function h() external pure returns (uint256) { return 3; } }\n",
}


@pytest.fixture
def compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """Which files each run of the compiler was asked for, with nothing kept at first."""
    asked: list[set[str]] = []
    real = artifacts._run_compiler

    def run(request: str) -> dict[str, Any]:
        asked.append(set(json.loads(request)["settings"]["outputSelection"]))
        return real(request)

    monkeypatch.setattr(artifacts, "CACHE", tmp_path / "artifacts")
    monkeypatch.setattr(artifacts, "_run_compiler", run)
    return asked


def test_what_was_compiled_is_not_compiled_again(compiled: list[set[str]]) -> None:
    first = compile_sources(SOURCES)
    assert {name: contract.source for name, contract in first.items()} == {
        "Left": "contracts/deep/Left.sol",
        "Right": "contracts/Right.sol",
        "Alone": "contracts/Alone.sol",
    }
    assert compile_sources(SOURCES) == first
    assert compiled == [set(SOURCES)]


@pytest.mark.parametrize(
    ("path", "again"),
    [
        ("contracts/Base.sol", {"contracts/Base.sol", "contracts/deep/Left.sol", "contracts/Right.sol"}),
        ("contracts/deep/Left.sol", {"contracts/deep/Left.sol", "contracts/Right.sol"}),
        ("contracts/Alone.sol", {"contracts/Alone.sol"}),
    ],
)
def test_a_change_has_all_compiled_again_that_imports_it_and_comes_to_the_same(
    compiled: list[set[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, again: set[str]
) -> None:
    compile_sources(SOURCES)
    changed = {**SOURCES, path: SOURCES[path].replace("1;", "11;").replace("3;", "33;").replace("_kept;", "_kept = 9;")}
    assert changed != SOURCES
    bit_by_bit = compile_sources(changed)
    assert compiled == [set(SOURCES), again]
    monkeypatch.setattr(artifacts, "CACHE", tmp_path / "another")
    at_once = compile_sources(changed)
    # Where something is stored is the same; the compiler's numbers of its nodes are not.
    assert _told(at_once) == _told(bit_by_bit)


def _told(found: Artifacts) -> dict[str, tuple[object, ...]]:
    return {
        name: (
            *contract[:4],
            [(entry["label"], entry["slot"], entry["offset"]) for entry in contract.storage_layout["storage"]],
            contract.source,
        )
        for name, contract in found.items()
    }


def test_what_does_not_compile_is_a_users_error_and_is_not_kept(compiled: list[set[str]]) -> None:
    wrong = {**SOURCES, "contracts/Base.sol": SOURCES["contracts/Base.sol"].replace("_kept", "_lost")}
    for _ in range(2):
        with pytest.raises(UserError, match="do not compile"):
            compile_sources(wrong)
    assert len(compiled) == 2
