"""Writes what the documentation takes from the code: `docs/checks.md` and `docs/commands.md`. A test keeps both true."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from underwater.checks import catalogue
from underwater.commands import cli

DOCS = Path(__file__).resolve().parent.parent / "docs"

CHECKS_HEAD = """\
# The catalogue of checks

Written by `tools/write_docs.py` from `underwater/checks/`; edit there.

A check is an ID, a sentence and a predicate. It observes one step, or whether a deployment is accepted; or, where its
sentence needs a counterfactual, tries a few actions on a snapshot that is reverted (a *probe*). It counts how often it was
*evaluated* and how often *exercised*: that is, its "if" was true. IDs are stable. Those with a star judge by
their own sentence, not by whether contract and reference agree.

| check | after | sentence |
|---|---|---|
"""

COMMANDS_HEAD = """\
# Commands

Written by `tools/write_docs.py` from the commands' own help; edit there.
"""


def checks_text() -> str:
    """The catalogue as a page."""
    lines = []
    for check in sorted(catalogue(), key=lambda check: check.id):
        asked = []
        if check.judge is not None:
            kinds = ", ".join(sorted(check.kinds)) if check.kinds is not None else "every step"
            asked.append(f"{kinds}, if accepted" if check.of_done else kinds)
        if check.probe is not None:
            asked.append("probe")
        if check.deployed is not None:
            asked.append("every deployment")
        star = "" if check.uses_model else "*"
        lines.append(f"| {check.id}{star} | {'; '.join(asked)} | {check.sentence} |\n")
    return CHECKS_HEAD + "".join(lines)


def commands_text() -> str:
    """Every command with its options as a page."""
    parts = [COMMANDS_HEAD]
    for name, command in sorted(cli.commands.items()):
        context = click.Context(command, info_name=f"ape underwater {name}", max_content_width=100, terminal_width=100)
        parts.append(f"\n## ape underwater {name}\n\n```\n{command.get_help(context)}\n```\n")
    return "".join(parts)


PAGES = {"checks.md": checks_text, "commands.md": commands_text}


def main() -> int:
    """Write all pages."""
    for name, text in PAGES.items():
        (DOCS / name).write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
