"""The compiler's command line, as Ape and forge call it."""

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPILER = ROOT / "build" / "solc" / "solc-v0.8.37"
PIPE_BUFFER_BYTES = 64 * 1024

LIBRARY_USER = """\
pragma solidity 0.8.37;
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
contract Coin is ERC20("Coin", "C") {}
"""


def compile_json(source: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    given = {
        "language": "Solidity",
        "sources": {"Coin.sol": {"content": source}},
        "settings": {
            "remappings": ["@openzeppelin/contracts=node_modules/@openzeppelin/contracts"],
            "outputSelection": {"*": {"*": ["evm.bytecode.object", "evm.deployedBytecode"], "": ["ast"]}},
        },
    }
    command = [str(COMPILER), "--standard-json", *arguments]
    return subprocess.run(command, input=json.dumps(given), cwd=cwd, capture_output=True, text=True)


def test_version_is_answered():
    done = subprocess.run([COMPILER, "--version"], capture_output=True, text=True, check=True)
    assert "Version: 0.8.37+commit." in done.stdout


def test_sources_of_node_modules_are_found_from_any_folder_and_the_whole_output_is_written(tmp_path: Path):
    done = compile_json(LIBRARY_USER, "--base-path", str(tmp_path), "--allow-paths", ".", cwd=tmp_path)
    assert done.returncode == 0
    assert len(done.stdout) > PIPE_BUFFER_BYTES
    output = json.loads(done.stdout)
    assert not [error for error in output.get("errors", ()) if error["severity"] == "error"]
    assert output["contracts"]["Coin.sol"]["Coin"]["evm"]["bytecode"]["object"]


def test_missing_source_is_an_error_in_the_output(tmp_path: Path):
    done = compile_json('pragma solidity 0.8.37; import "./Nowhere.sol";', cwd=tmp_path)
    assert done.returncode == 0
    assert any("Nowhere.sol" in error["message"] for error in json.loads(done.stdout)["errors"])


@pytest.mark.parametrize("arguments", [("--gas",), ("Coin.sol",)])
def test_unsupported_argument_ends_with_an_error(arguments: tuple[str, ...]):
    done = subprocess.run([COMPILER, *arguments], capture_output=True, text=True, input="")
    assert done.returncode == 1
    assert done.stderr
