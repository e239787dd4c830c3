"""The set-up on its own: what it says when something is missing, and what its lock files promise."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETUP = ROOT / "tools" / "setup.py"
# Every test runs it after `make test` prepared the clone, so nothing is installed again.
READY_WITHIN_S = 1.0


def with_commands(folder: Path, **answers: str) -> dict[str, str]:
    """An environment in which only these commands exist, each giving its answer."""
    for name, answer in answers.items():
        command = folder / name
        command.write_text(f"#!/bin/sh\necho {answer}\n")
        command.chmod(0o755)
    return {"PATH": str(folder)}


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ({}, "setup: `node` is missing: install Node.js 20 or newer."),
        ({"node": "v18.19.0"}, "setup: `node` is v18.19.0, which is too old: install Node.js 20 or newer."),
        ({"node": "v20.1.0"}, "setup: `npm` is missing: install it; it usually comes with Node.js."),
        ({"node": "v22.0.0", "npm": "10.9.0"}, "setup: `git` is missing: install it."),
    ],
    ids=["no-node", "old-node", "no-npm", "no-git"],
)
def test_missing_prerequisite_is_one_line_that_names_it(tmp_path: Path, answers: dict[str, str], complaint: str):
    done = subprocess.run(
        [sys.executable, SETUP], env=with_commands(tmp_path, **answers), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [complaint]


def test_ready_check_is_quick_when_nothing_changed():
    started = time.monotonic()
    subprocess.run([sys.executable, "-I", "-S", SETUP, "--ready"], check=False)
    assert time.monotonic() - started < READY_WITHIN_S


def test_step_without_its_stamp_is_not_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(SETUP.parent))
    import setup

    monkeypatch.setattr(setup, "STAMPS", tmp_path)

    def interrupted() -> None:
        raise KeyboardInterrupt

    done = setup.Step("npm", "npm packages", 1, "key", (), lambda: None)
    done.do()
    assert done.is_done()
    again = setup.Step("npm", "npm packages", 1, "another key", (), interrupted)
    assert not again.is_done()
    with pytest.raises(KeyboardInterrupt):
        again.do()
    assert not done.is_done()
    assert not again.is_done()


def test_every_locked_python_package_has_hashes_and_no_address():
    lock = (ROOT / "requirements.lock").read_text()
    entries = re.findall(r"^[a-z0-9-]+==.*(?:\n    .*)*", lock, re.MULTILINE)
    assert len(entries) > 100
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in lock


def test_every_locked_npm_package_has_a_hash_and_no_address():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = [entry for path, entry in lock["packages"].items() if path]
    assert packages
    assert all(entry["integrity"].startswith("sha512-") and "resolved" not in entry for entry in packages)
