"""Each golden case gives what stands beside it, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.golden import cases, outcome


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_golden_case_gives_what_stands_beside_it(case: Path) -> None:
    code, stderr, tree = outcome(case)
    assert stderr == _text(case / "stderr.txt")
    assert code == (int(_text(case / "exit_code.txt") or 3) if case.name.startswith("refused-") else 0)
    if (case / "deploy").is_dir():
        assert tree == {path: (case / "deploy" / path).read_text("utf-8") for path in _files(case / "deploy")}


def test_there_are_cases_of_both_kinds() -> None:
    accepted = [case for case in cases() if (case / "deploy").is_dir()]
    assert len(accepted) >= 5
    assert len(cases()) - len(accepted) >= 25


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def _files(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted(path.relative_to(folder).as_posix() for path in files)
