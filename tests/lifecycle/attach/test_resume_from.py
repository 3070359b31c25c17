"""Where the checkpoints of an earlier run are found, nearest first; and an error at its line where they are nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from tests.lifecycle.fakes import a_plan
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import Compiled, read
from tfinfra.errors import ManifestError, UsageError
from tfinfra.lifecycle.attach import find_run
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.resume_from import checkpoints_to_resume
from tfinfra.store import MemoryStore, keys

RUN = "digits-abc123"


@pytest.fixture(autouse=True)
def nobody_knows_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unknown(run: str) -> FoundRun:
        raise UsageError(f"there is no run '{run}'")

    monkeypatch.setattr(find_run, "find_run", unknown)
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))


def found(tmp_path: Path, resume_from: str | None = RUN) -> Path | None:
    (tmp_path / "train.yaml").write_text(f"entry_script: t.py\nresume_from: {resume_from}\n")
    facts = read(load_project(tmp_path / "train.yaml"))
    values: dict[str, Any] = {"facts": facts, "plan": a_plan(resume_from=resume_from)}
    compiled = cast(Compiled, type("Compiled", (), values))
    return checkpoints_to_resume(compiled, tmp_path / "work", tmp_path / "scratch")


def checkpoints_in(folder: Path) -> Path:
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints/step-7").touch()
    return folder / "checkpoints"


def test_a_run_that_came_home(tmp_path: Path) -> None:
    expected = checkpoints_in(tmp_path / "work/runs" / RUN)
    assert found(tmp_path) == expected


def test_a_run_that_was_made_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = checkpoints_in(tmp_path / "elsewhere" / RUN)
    record = type("Record", (), {"results": str(expected.parent)})
    folder = type("Folder", (), {"read": lambda self: record})
    monkeypatch.setattr("tfinfra.lifecycle.record.run_record.run_folder", lambda state, run: folder())
    assert found(tmp_path) == expected


def test_a_run_whose_store_is_still_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    store.put(keys.output_key("checkpoints", "a#b/step-7"), b"7")
    store.put(keys.output_key("outputs", "model"), b"m")
    monkeypatch.setattr(find_run, "find_run", lambda run: type("Found", (), {"store": store}))
    folder = found(tmp_path)
    assert folder is not None
    assert [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()] == ["a#b/step-7"]


@pytest.mark.parametrize("name", ["%2e%2e/%2e%2e/pwned", "../../pwned", "/pwned", "a\0b", "x" * 300])
def test_a_store_writes_nowhere_on_this_machine(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    store.put(f"outputs/checkpoints/{name}", b"7")
    monkeypatch.setattr(find_run, "find_run", lambda run: type("Found", (), {"store": store}))
    with pytest.raises(ManifestError, match="cannot be fetched: "):
        found(tmp_path)
    assert [p for p in tmp_path.rglob("*") if p.is_file() and p.read_bytes() == b"7" and "incoming" not in str(p)] == []


@pytest.mark.parametrize("run", [RUN, "no run at all", "..", "Digits"])
def test_no_checkpoints_are_an_error_at_its_line(run: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as raised:
        found(tmp_path, run)
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "TFI727" and diagnostic.position is not None and diagnostic.position.line == 2


def test_a_run_without_checkpoints_is_no_run_to_resume_from(tmp_path: Path) -> None:
    (tmp_path / "work/runs" / RUN / "checkpoints").mkdir(parents=True)
    with pytest.raises(ManifestError):
        found(tmp_path)


@pytest.mark.parametrize("nothing", [None, "https://abc.blob.core.windows.net/run/checkpoints"])
def test_nothing_and_a_url_are_not_this_machines(nothing: str | None, tmp_path: Path) -> None:
    assert found(tmp_path, nothing) is None
