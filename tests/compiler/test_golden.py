"""Each golden case gives what stands beside it, byte for byte; what does not stand there is a copy."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.compiler.golden import FOLDER, OWN, WHOLE, cases, kept, outcome, update
from tfinfra.system.resources import resource_folder

ACCEPTED = [case for case in cases() if case.name.startswith("accepted-")]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_golden_case_gives_what_stands_beside_it(case: Path, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-goldens"):
        update(case)
    code, stderr, tree = outcome(case)
    assert stderr == _text(case / "stderr.txt")
    assert code == (int(_text(case / "exit_code.txt") or 3) if case.name.startswith("refused-") else 0)
    if case in ACCEPTED:
        deploy = case / "deploy"
        assert kept(case, tree) == {path: (deploy / path).read_text("utf-8") for path in _files(deploy)}


def test_there_are_cases_of_both_kinds() -> None:
    assert len(ACCEPTED) >= 5
    assert len(cases()) - len(ACCEPTED) >= 25
    assert FOLDER / WHOLE in ACCEPTED


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_what_is_not_a_cases_own_is_copied_word_for_word(case: Path) -> None:
    tree, stacks = _tree(case), resource_folder("stacks")
    copies = {path: text for path, text in tree.items() if path.startswith("stacks/")}
    assert copies == {path: (stacks / Path(path).name).read_text("utf-8") for path in copies}
    assert tree.keys() == OWN | copies.keys() | {"cloud-init.yaml", "requirements.txt"}
    (script,) = yaml.safe_load(tree["cloud-init.yaml"])["write_files"]
    bootstrap = resource_folder("templates") / "bootstrap.py"
    assert script["content"].rstrip("\n") == bootstrap.read_text("utf-8").rstrip("\n")
    assert _without_the_name(tree) == _without_the_name(_tree(FOLDER / WHOLE))


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_a_deploy_folder_has_every_component_that_its_program_imports(case: Path) -> None:
    tree = _tree(case)
    wanted, seen = ["__main__.py"], set[str]()
    while wanted:
        found = _components(tree[wanted.pop()]) - seen
        seen |= found
        wanted += found
    assert len(seen) >= 5
    assert seen - tree.keys() == set()


def _components(program: str) -> set[str]:
    nodes = (node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.ImportFrom))
    modules = (node.module or "" for node in nodes)
    return {f"{module.replace('.', '/')}.py" for module in modules if module.startswith("stacks.")}


@cache
def _tree(case: Path) -> dict[str, str]:
    return outcome(case)[2]


def _without_the_name(tree: dict[str, str]) -> str:
    name = yaml.safe_load(tree["manifest.resolved.yaml"])["name"]
    return tree["cloud-init.yaml"].replace(f"'{name}'", "'…'", 1)


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _files(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted(path.relative_to(folder).as_posix() for path in files)
