"""Compiled contracts: solc's standard JSON, run once for each file and what it imports, and kept by hash."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from underwater.document import write_whole
from underwater.errors import EnvironmentFailure, UserError

PROJECT = Path(__file__).resolve().parent.parent.parent
"""The project's folder: contracts, parameters and the compiler are found from here."""
SOLC = PROJECT / "build" / "solc" / "solc-v0.8.37"
CACHE = PROJECT / "build" / "artifacts"
REMAPPINGS = ("@openzeppelin/=node_modules/@openzeppelin/", "solady/=node_modules/solady/")
_WANTED = {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "storageLayout"]}
_IMPORT = re.compile(r"""\bimport\b[^;"']*["']([^"']+)["']""")

WETH9 = "WETH9"
"""Wrapped ether as it is on the main network. It is not compiled here: its compiler is older than all else."""
_PUBLISHED = PROJECT / "node_modules" / "canonical-weth" / "build" / "contracts" / "WETH9.json"


class Contract(NamedTuple):
    """One compiled contract."""

    name: str
    abi: list[dict[str, Any]]
    creation_code: bytes
    runtime_code: bytes
    storage_layout: dict[str, Any]
    source: str


Artifacts = dict[str, Contract]


def sources_of(folder: Path) -> dict[str, str]:
    """Every Solidity file below a folder, by its path from the project's folder."""
    return {str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.sol"))}


def compile_sources(sources: dict[str, str]) -> Artifacts:
    """Compile; a file that is kept from before, and all that it imports, is not compiled again.

    Imports of libraries are read from ``node_modules`` by the compiler. Raises ``UserError`` if the sources do not compile,
    ``EnvironmentFailure`` if there is no compiler.
    """
    closures = _closures_of(sources)
    kept = {path: CACHE / f"{key}.json" for path, key in _keys_of(sources, closures).items()}
    missing = [path for path, file in kept.items() if not file.exists()]
    if missing:
        needed = sorted(set().union(*(closures[path] for path in missing)))
        output = _run_compiler(_request({path: sources[path] for path in needed}, dict.fromkeys(missing, _WANTED)))
        for path in missing:
            write_whole(kept[path], json.dumps(output["contracts"].get(path, {})))
    artifacts = {}
    for path, file in kept.items():
        for name, compiled in json.loads(file.read_text(encoding="utf-8")).items():
            evm = compiled["evm"]
            if evm["bytecode"]["object"]:
                artifacts[name] = Contract(
                    name,
                    compiled["abi"],
                    bytes.fromhex(evm["bytecode"]["object"]),
                    bytes.fromhex(evm["deployedBytecode"]["object"]),
                    compiled["storageLayout"],
                    path,
                )
    return artifacts


def _closures_of(sources: dict[str, str]) -> dict[str, set[str]]:
    """Each of the sources with all of them that it imports, by whatever way."""
    imports = {}
    for path, text in sources.items():
        named = (posixpath.normpath(posixpath.join(posixpath.dirname(path), name) if name.startswith(".") else name)
                 for name in _IMPORT.findall(text))  # fmt: skip
        imports[path] = {name for name in named if name in sources}
    closures = {}
    for path in sources:
        found, new = {path}, {path}
        while new:
            new = set().union(*(imports[each] for each in new)) - found
            found |= new
        closures[path] = found
    return closures


def _keys_of(sources: dict[str, str], closures: dict[str, set[str]]) -> dict[str, str]:
    """What tells a source's compilation from another: its text, that of all that it imports, and how it is compiled."""
    lock = PROJECT / "package-lock.json"
    settings = _request({}, {"": _WANTED}) + (lock.read_text(encoding="utf-8") if lock.exists() else "")
    hashes = {path: hashlib.sha256(f"{path} {text}".encode()).hexdigest() for path, text in sources.items()}
    return {
        path: hashlib.sha256(
            "\n".join([settings, path, *sorted(hashes[each] for each in closure)]).encode()
        ).hexdigest()[:32]
        for path, closure in closures.items()
    }


def compile_all(sources: dict[str, str]) -> Artifacts:
    """What these sources compile to, beside what a package brings compiled. Raises as ``compile_sources`` and ``published`` do."""
    return {**compile_sources(sources), WETH9: published()}


def published() -> Contract:
    """Wrapped ether as its package brings it. Raises ``EnvironmentFailure`` if that is not installed."""
    try:
        content = json.loads(_PUBLISHED.read_text(encoding="utf-8"))
    except OSError:
        raise EnvironmentFailure(f"no {_PUBLISHED}: run 'make setup'") from None
    creation_code, runtime_code = (bytes.fromhex(content[key][2:]) for key in ("bytecode", "deployedBytecode"))
    return Contract(WETH9, content["abi"], creation_code, runtime_code, {}, "canonical-weth/contracts/WETH9.sol")


def syntax_of(sources: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The compiler's syntax tree of each source and of all that they import. Raises as ``compile_sources`` does."""
    output = _run_compiler(_request(sources, {"*": {"": ["ast"]}}))
    return {path: source["ast"] for path, source in output["sources"].items()}


def code_hash(artifacts: Artifacts) -> str:
    """The same for contracts of the same names and code, whatever sources and metadata they have."""
    parts = [
        f"{name} {without_metadata(contract.creation_code).hex()} {without_metadata(contract.runtime_code).hex()}"
        for name, contract in sorted(artifacts.items())
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def without_metadata(code: bytes) -> bytes:
    """Code without what the compiler appends to it: CBOR that holds a hash of sources and settings, and its length.

    It is never executed, and depends on what else was compiled in the same run. Code without such an end is given back as it is.
    """
    length = int.from_bytes(code[-2:], "big")
    end = len(code) - length - 2
    # A map of a few entries, one of them the compiler's version.
    is_metadata = end >= 0 and code[end : end + 1] in (b"\xa1", b"\xa2", b"\xa3") and b"\x64solc" in code[end:]
    return code[:end] if is_metadata else code


def _request(sources: dict[str, str], output: dict[str, dict[str, list[str]]]) -> str:
    """The compiler's standard JSON; ``output`` by file and contract, all of them or (empty) the file."""
    request = {
        "language": "Solidity",
        "sources": {path: {"content": text} for path, text in sources.items()},
        "settings": {
            "optimizer": {"enabled": True, "runs": 200},
            "evmVersion": "cancun",
            "remappings": list(REMAPPINGS),
            "outputSelection": output,
        },
    }
    return json.dumps(request, sort_keys=True)


def _run_compiler(request: str) -> dict[str, Any]:
    try:
        finished = subprocess.run(
            [str(SOLC), "--standard-json"], input=request, capture_output=True, text=True, cwd=PROJECT, check=False
        )
    except OSError:
        raise EnvironmentFailure(f"no compiler at {SOLC}: run 'make setup'") from None
    try:
        output: dict[str, Any] = json.loads(finished.stdout)
    except json.JSONDecodeError:
        raise EnvironmentFailure(f"the compiler {SOLC} failed: {finished.stderr.strip()[:500]}") from None
    errors = [error["formattedMessage"].strip() for error in output.get("errors", ()) if error["severity"] == "error"]
    if errors:
        raise UserError("the contracts do not compile:\n" + "\n".join(errors))
    return output
