"""A deploy folder's program runs in this process and leaves no trace in it."""

from __future__ import annotations

import py_compile
import sys
from importlib.util import cache_from_source
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tfinfra.engine.recording import program
from tfinfra.engine.recording.program import Program
from tfinfra.errors import CredentialsError


@pytest.fixture(autouse=True)
def _no_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """These programs register nothing, so there is no stack to register a transformation with."""
    monkeypatch.setattr(program, "_strip_aliases", lambda: None)


def _folder(root: Path, value: str) -> Path:
    (root / "stacks").mkdir(parents=True)
    (root / "stacks/__init__.py").write_text("")
    (root / "stacks/part.py").write_text(f"VALUE = {value!r}\n")
    here = "from pathlib import Path\nfrom stacks.part import VALUE\n"
    (root / "__main__.py").write_text(here + "(Path(__file__).parent / 'said').write_text(VALUE)\n")
    return root


def test_two_folders_each_see_their_own_stacks(tmp_path: Path) -> None:
    for name in ("one", "two"):
        ran = Program(_folder(tmp_path / name, name))
        ran()
        ran.leave()
        assert (tmp_path / name / "said").read_text() == name


def test_afterwards_modules_and_path_are_as_before(tmp_path: Path) -> None:
    before, path, finders = dict(sys.modules), list(sys.path), list(sys.meta_path)
    ran = Program(_folder(tmp_path, "x"))
    ran()
    ran.leave()
    changed = {name for name in {*before, *sys.modules} if before.get(name) is not sys.modules.get(name)}
    assert not {name for name in changed if name.startswith("stacks")}
    assert (sys.path, sys.meta_path) == (path, finders)


def test_no_bytecode_is_left_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    ran = Program(_folder(tmp_path, "x"))
    ran()
    ran.leave()
    assert not list(tmp_path.rglob("__pycache__"))


def test_bytecode_that_somebody_left_in_the_folder_is_not_run(tmp_path: Path) -> None:
    """Python itself would run it in the text's place, and ask for no time of change."""
    folder = _folder(tmp_path / "deploy", "as it is written")
    other = tmp_path / "other.py"
    other.write_text("VALUE = 'as bytecode has it'\n")
    cached = cache_from_source(str(folder / "stacks/part.py"))
    py_compile.compile(str(other), cached, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    ran = Program(folder)
    ran()
    ran.leave()
    assert (folder / "said").read_text() == "as it is written"


def test_a_module_that_the_folder_has_not_is_not_found_elsewhere(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "x")
    (folder / "__main__.py").write_text("import stacks.network\n")
    ran = Program(folder)
    with pytest.raises(ModuleNotFoundError, match=r"stacks\.network"):
        ran()
    ran.leave()


@pytest.mark.parametrize("theirs", ["p", "another"], ids=["the same caller", "another caller"])
def test_a_program_runs_only_where_the_provider_acts_as_the_caller(
    theirs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = SimpleNamespace(object_id=theirs, client_id="c", tenant_id="t")
    provider = SimpleNamespace(authorization=SimpleNamespace(get_client_config=lambda: found))
    monkeypatch.setitem(sys.modules, "pulumi_azure_native", cast("Any", provider))
    ran = Program(_folder(tmp_path, "x"), principal="p")
    if theirs == "p":
        ran()
        ran.leave()
    else:
        with pytest.raises(CredentialsError, match="two callers"):
            ran()
    assert (ran.refused is None) == (tmp_path / "said").exists() == (theirs == "p")
