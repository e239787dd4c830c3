"""Documentation that the code keeps true."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from underwater.case.baseline import add_entries, read_baseline, today
from underwater.checks import catalogue
from underwater.commands import cli

ROOT = Path(__file__).resolve().parents[2]


def _tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["checks.md", "commands.md"])
def test_written_page_is_what_the_code_says(page: str) -> None:
    tool = _tool("write_docs")
    assert (ROOT / "docs" / page).read_text() == tool.PAGES[page](), "run .venv/bin/python tools/write_docs.py"


def test_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text()
    for name in cli.commands:
        assert f"ape underwater {name}" in text


def test_readme_shows_every_option_of_hunt_that_a_newcomer_needs() -> None:
    text = (ROOT / "README.md").read_text()
    for option in ("--fault", "--seconds", "--steps", "--seed", "--workers", "--prices", "--json"):
        assert option in text


def test_folders_that_the_readme_names_exist() -> None:
    text = (ROOT / "README.md").read_text()
    for name in re.findall(r"^\| `([^`]+)` \|", text[text.index("## Folders") :], re.MULTILINE):
        assert (ROOT / name).exists(), name


def test_links_between_documents_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests" / "README.md"]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page}: {target}"


def test_what_ci_is_told_to_call_exists() -> None:
    """Workflows call make and nothing that a reader could not run; pages name targets, commands and options that there are."""
    pages = [*(ROOT / ".github" / "workflows").glob("*.yml"), ROOT / "docs" / "ci.md", ROOT / "README.md"]
    assert len(pages) > 3
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for page in pages:
        text = page.read_text()
        for target, variables in re.findall(r"(?:^|`|run: |&& )make ([a-z]+)((?: [A-Z]+=\S*)*)", text, re.MULTILINE):
            assert target in targets, f"{page.name}: make {target}"
            for variable in re.findall(r"([A-Z]+)=", variables):
                assert f"$({variable})" in makefile, f"{page.name}: {variable}"
        for name, options in re.findall(r"ape underwater ([a-z]+)([^`\n|]*)", text):
            known = {option for parameter in cli.commands[name].params for option in parameter.opts}
            assert set(re.findall(r"--[a-z]+", options)) <= known, f"{page.name}: {name}"


def test_workflows_run_only_make_and_what_carries_its_summary_over() -> None:
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {"contents": "read"}
        assert "concurrency" in workflow
        for job in workflow["jobs"].values():
            assert job["timeout-minutes"]
            for step in job["steps"]:
                assert re.search(r"@v\d+$", step.get("uses", "@v1")), step
                assert "${{" not in step.get("run", ""), "inputs come by the environment, never into a script"
                assert step.get("run", "make ").startswith(("make ", "test ! -f nightly/summary.md")), step


def test_the_baseline_of_the_nightly_hunt_can_be_read_and_added_to() -> None:
    path = ROOT / "baseline.yaml"
    assert read_baseline(path, "bundled", today()).path == path
    assert "accepted:" in add_entries(path, "bundled", [("LIQ-02", "deposit", "done", "done")], "why", today())


def test_the_baseline_that_is_shown_is_one(tmp_path: Path) -> None:
    shown = re.search(r"```yaml\n(underwater: .*?)```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL)
    assert shown is not None
    (tmp_path / "baseline.yaml").write_text(shown[1])
    assert len(read_baseline(tmp_path / "baseline.yaml", "bundled", today()).entries) == 1


def test_architecture_is_under_sixty_lines() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) < 60


def test_every_rule_that_code_cites_stands_in_the_specification() -> None:
    rules = set(re.findall(r"^- \*\*([A-Z]\d+)\b", (ROOT / "docs" / "specification.md").read_text(), re.MULTILINE))
    for path in [*(ROOT / "reference").rglob("*.py"), *(ROOT / "contracts").rglob("*.sol")]:
        for cited in re.findall(r"\b(?:[Rr]ules? )([A-Z]\d+)\b", path.read_text()):
            assert cited in rules, f"{path.name} cites {cited}"


def test_checks_are_named_by_group_and_number() -> None:
    assert all(re.fullmatch(r"[A-Z]+-\d\d", check.id) for check in catalogue())
