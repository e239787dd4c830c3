"""Prepare a fresh clone: Python and npm packages from their lock files, the compiler, the compiled contracts.

Standard library only, since it runs before anything is installed. Each step leaves a stamp under `build/stamps` that
holds the hash of what the step was made from. A step runs when its stamp differs or its result is missing, and its
stamp is written last, so an interrupted run leaves none.

    python tools/setup.py              do what is missing
    python tools/setup.py --ready      exit 0 if nothing is missing, 1 otherwise; changes nothing
    python tools/setup.py --tools      leave the contracts uncompiled: enough for linting
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
STAMPS = BUILD / "stamps"
LOGS = BUILD / "logs"
SOLC_FOLDER = BUILD / "solc"
NATIVE_FOLDER = BUILD / "bin"
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"

SOLC_VERSION = "0.8.37"
OLDEST_NODE = 20
PYTHON_SINCE, PYTHON_BEFORE = (3, 11), (3, 13)
BUILD_BACKEND = ("setuptools", "wheel")
NATIVE_TOOLS = ("anvil", "forge")
LOG_LINES_SHOWN = 15


class SetupError(Exception):
    """Stops the set-up; its text is what the user reads."""


@dataclass(frozen=True)
class Step:
    """One thing to be done once: `key` changes when it must be done again, `results` are what it leaves behind."""

    name: str
    title: str
    usual_seconds: int
    key: str
    results: tuple[Path, ...]
    run: Callable[[], None]

    @property
    def stamp(self) -> Path:
        return STAMPS / self.name

    def is_done(self) -> bool:
        try:
            return self.stamp.read_text() == self.key and all(path.exists() for path in self.results)
        except OSError:
            return False

    def do(self) -> None:
        print(f"  {self.title:<42} usually {self.usual_seconds:>3} s ... ", end="", flush=True)
        started = time.monotonic()
        self.stamp.unlink(missing_ok=True)
        try:
            self.run()
        except BaseException:
            print("failed", flush=True)
            raise
        part = self.stamp.with_suffix(".part")
        part.write_text(self.key)
        part.replace(self.stamp)
        print(f"{time.monotonic() - started:.0f} s", flush=True)


def digest(*parts: Path | str) -> str:
    """SHA-256 over texts and over names and contents of files; a missing file counts as empty."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            total.update(str(part.relative_to(ROOT)).encode() + b"\0")
            total.update(part.read_bytes() if part.is_file() else b"")
        else:
            total.update(part.encode())
        total.update(b"\0")
    return total.hexdigest()


def run_logged(name: str, *command: str | Path) -> None:
    """Run a command with its output in a log file; raise with the end of that output if it fails."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    with log.open("w") as output:
        code = subprocess.run(
            [str(word) for word in command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        ).returncode
    if code != 0:
        last_lines = log.read_text(errors="replace").rstrip().splitlines()[-LOG_LINES_SHOWN:]
        shown = "\n".join(f"    {line[:300]}" for line in last_lines)
        raise SetupError(f"`{Path(command[0]).name}` ended with {code} ({log.relative_to(ROOT)}):\n{shown}")


def answer_of(*command: str) -> str | None:
    """What a command prints, or None if it is missing or does not work."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def check_prerequisites() -> None:
    """Raise one line that names the first missing or too old prerequisite and what to do about it."""
    version = ".".join(map(str, sys.version_info[:2]))
    if not PYTHON_SINCE <= sys.version_info[:2] < PYTHON_BEFORE:
        raise SetupError(f"Python 3.11 or 3.12 is needed and this is {version}: install one of them.")
    if answer_of(sys.executable, "-c", "import ensurepip, venv") is None:
        raise SetupError(f"Python {version} has no `venv` module: install it (on Debian: python{version}-venv).")
    node = answer_of("node", "--version")
    if node is None:
        raise SetupError(f"`node` is missing: install Node.js {OLDEST_NODE} or newer.")
    if int((re.match(r"v(\d+)", node) or ["", "0"])[1]) < OLDEST_NODE:
        raise SetupError(f"`node` is {node}, which is too old: install Node.js {OLDEST_NODE} or newer.")
    if answer_of("npm", "--version") is None:
        raise SetupError("`npm` is missing: install it; it usually comes with Node.js.")
    if answer_of("git", "--version") is None:
        raise SetupError("`git` is missing: install it.")


def site_packages() -> Path:
    return next((VENV / "lib").glob("python3*/site-packages"))


def make_python_packages() -> None:
    if VENV.exists():
        shutil.rmtree(VENV)
    run_logged("venv", sys.executable, "-m", "venv", VENV)
    pip_install = (
        *(VENV_PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"),
        *("--require-hashes", "--no-build-isolation", "--use-pep517"),
    )
    backend_lock = BUILD / "build-backend.lock"
    backend_lock.write_text(locked(*BUILD_BACKEND))
    run_logged("pip-backend", *pip_install, "-r", backend_lock)
    run_logged("pip", *pip_install, "-r", ROOT / "requirements.lock")
    # Lets `ape` find compiler and node without anybody setting a variable or activating the environment.
    native, solc = str(NATIVE_FOLDER), str(SOLC_FOLDER)
    (site_packages() / "underwater_toolchain.pth").write_text(
        f"import os; os.environ.setdefault('SOLCX_BINARY_PATH', {solc!r}); "
        f"os.environ.__setitem__('PATH', os.pathsep.join(dict.fromkeys([{native!r}, "
        "*os.environ.get('PATH', os.defpath).split(os.pathsep)])))\n"
    )


def locked(*names: str) -> str:
    """The entries of these packages in `requirements.lock`, hashes included."""
    lock = (ROOT / "requirements.lock").read_text()
    entries = re.findall(rf"^(?:{'|'.join(names)})==.*(?:\n    .*)*\n", lock, re.MULTILINE)
    if len(entries) != len(names):
        raise SetupError(f"requirements.lock must hold each of {', '.join(names)} once.")
    return "".join(entries)


def install_this_package() -> None:
    pip_install = (VENV_PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check")
    run_logged("package", *pip_install, "--no-deps", "--no-build-isolation", "--editable", ROOT)


def make_npm_packages() -> None:
    run_logged("npm", "npm", "ci", "--loglevel=error", "--no-progress")


def make_compiler() -> None:
    answer = answer_of("node", str(ROOT / "tools" / "solc.js"), "--version") or ""
    if f"Version: {SOLC_VERSION}+" not in answer:
        raise SetupError(f"the npm package `solc` should be {SOLC_VERSION} and answers {answer!r}.")
    SOLC_FOLDER.mkdir(parents=True, exist_ok=True)
    compiler = SOLC_FOLDER / f"solc-v{SOLC_VERSION}"
    # Ape asks for the version several times a compilation; a shell answers faster than node does.
    part = BUILD / "solc.part"
    part.write_text(
        "#!/bin/sh\n"
        f"if [ \"$1\" = --version ]; then printf '%s\\n' '{answer}'; exit; fi\n"
        f"exec node '{ROOT / 'tools' / 'solc.js'}' \"$@\"\n"
    )
    part.chmod(0o755)
    part.replace(compiler)
    link_native_tools()


def link_native_tools() -> None:
    """Link the binaries of npm's platform packages: the launchers around them end with 0 when forge's tests fail."""
    NATIVE_FOLDER.mkdir(parents=True, exist_ok=True)
    system = platform.system().lower()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    for tool in NATIVE_TOOLS:
        link = NATIVE_FOLDER / tool
        link.unlink(missing_ok=True)
        binary = ROOT / "node_modules" / "@foundry-rs" / f"{tool}-{system}-{machine}" / "bin" / tool
        if binary.is_file():
            binary.chmod(0o755)
            link.symlink_to(os.path.relpath(binary, NATIVE_FOLDER))
        elif shutil.which(tool) is None:
            print(f"\n    no `{tool}` is locked for {system}-{machine}: put foundry 1.7.1 on PATH. ", end="")


def compile_contracts() -> None:
    run_logged("compile", VENV / "bin" / "ape", "compile")


def steps(*, with_contracts: bool) -> list[Step]:
    here = str(ROOT)
    packages = [name for name in ("reference", "underwater") if (ROOT / name).is_dir()]
    sources = sorted((ROOT / "contracts").rglob("*.sol"))
    sources = [path for path in sources if ".cache" not in path.parts]
    lock, script = ROOT / "requirements.lock", ROOT / "tools" / "solc.js"
    npm_files = (ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc")
    python_key = digest(here, lock)
    npm_key = digest(*npm_files)
    found = [
        Step(
            *("python", "Python packages into .venv", 90, python_key),
            *((VENV_PYTHON, VENV / "bin" / "ape"), make_python_packages),
        ),
        Step(
            *("package", "this package into .venv", 5, digest(python_key, ROOT / "pyproject.toml", *packages)),
            *((VENV_PYTHON,), install_this_package),
        ),
        Step(
            *("npm", "npm packages into node_modules", 5, npm_key),
            *((ROOT / "node_modules" / "solc" / "soljson.js",), make_npm_packages),
        ),
        Step(
            *("compiler", "the compiler into build/solc", 2, digest(here, npm_key, script, Path(__file__).resolve())),
            *((SOLC_FOLDER / f"solc-v{SOLC_VERSION}",), make_compiler),
        ),
    ]
    if with_contracts and sources:
        key = digest(npm_key, ROOT / "ape-config.yaml", script, *sources)
        result = ROOT / ".build" / "__local__.json"
        found.append(Step("contracts", "compile the contracts", 15, key, (result,), compile_contracts))
    return found


@contextlib.contextmanager
def only_one_set_up() -> Iterator[None]:
    """Two of them in one folder at a time would delete what the other just installed."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description="Prepare a fresh clone.")
    parser.add_argument("--ready", action="store_true", help="only tell whether anything is missing")
    parser.add_argument("--tools", action="store_true", help="leave the contracts uncompiled")
    arguments = parser.parse_args()
    if arguments.ready:
        ready = all(step.is_done() for step in steps(with_contracts=not arguments.tools))
        return 0 if ready and shutil.which("node") and shutil.which("git") else 1
    try:
        check_prerequisites()
        with only_one_set_up():
            STAMPS.mkdir(parents=True, exist_ok=True)
            missing = [step for step in steps(with_contracts=not arguments.tools) if not step.is_done()]
            if missing:
                print("Preparing this clone; what is done stays done:", flush=True)
            for step in missing:
                step.do()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; run it again and it goes on where it stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
