"""Every verb where the machine does not give what it usually gives: an error of ours with its exit code and its one
document, or no matter at all; never a fault of tfinfra's."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import platformdirs
import pytest

from tfinfra.cli.main import VERBS, main
from tfinfra.errors import TfinfraError, UsageError
from tfinfra.system.paths import cache_folder, state_folder
from tfinfra.system.process.interruption import Interrupted

WORDS: dict[str, list[str]] = {
    "init": ["new"],
    "convert": ["nowhere.yml"],
    "validate": ["train.yaml"],
    "compile": ["train.yaml"],
    "plan": ["train.yaml"],
    "up": ["wrong.yaml"],
    "tune": ["wrong.yaml"],
    "status": ["nowhere"],
    "logs": ["nowhere"],
    "metrics": ["nowhere"],
    "report": ["nowhere"],
    "tensorboard": ["nowhere"],
    "ui": ["--port", "99999"],
    "fetch": ["nowhere"],
    "down": ["--all"],
    "runs": [],
    "audit": ["nowhere"],
    "wait": ["nowhere"],
    "exec": ["nowhere", "id"],
    "extend": ["nowhere", "2h"],
    "push": ["nowhere", "--run", "digits-abc123"],
    "lock": ["wrong.yaml"],
    "check": ["wrong.yaml"],
    "catalog": ["sizes"],
    "completion": ["bash"],
    "setup": ["azure", "--target", "nowhere"],
    "doctor": [],
    "report-bundle": ["--last"],
    "schema": [],
    "explain": ["TFI203"],
}
"""A call of each verb that needs no cloud."""


def _named(variable: str, where: Callable[[Path], str]) -> Callable[[Path, pytest.MonkeyPatch], None]:
    return lambda folder, patch: patch.setenv(variable, where(folder))


def _file(folder: Path) -> str:
    (folder / "file").touch()
    return str(folder / "file")


def _dangling(folder: Path) -> str:
    (folder / "link").symlink_to("/nonexistent/elsewhere")
    return str(folder / "link")


def _looping(folder: Path) -> str:
    (folder / "loop").symlink_to("loop")
    return str(folder / "loop")


def _no_home(folder: Path, patch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> NoReturn:
        raise RuntimeError("Could not determine home directory.")

    for name in ("user_state_dir", "user_cache_dir", "user_config_dir"):
        patch.setattr(platformdirs, name, none)
    for variable in ("HOME", "TFINFRA_STATE_DIR", "TFINFRA_CACHE_DIR"):
        patch.delenv(variable, raising=False)


def _no_folder(folder: Path, patch: pytest.MonkeyPatch) -> None:
    gone = folder / "gone"
    gone.mkdir()
    patch.chdir(gone)
    shutil.rmtree(gone)


def _no_name(folder: Path, patch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        patch.delenv(variable, raising=False)
    patch.setattr(os, "getuid", lambda: 54321)


SITUATIONS: dict[str, Callable[[Path, pytest.MonkeyPatch], None]] = {
    "the state folder is a file": _named("TFINFRA_STATE_DIR", _file),
    "the state folder is below a file": _named("TFINFRA_STATE_DIR", lambda folder: f"{_file(folder)}/below"),
    "the state folder is a link that leads nowhere": _named("TFINFRA_STATE_DIR", _dangling),
    "the state folder is a link to itself": _named("TFINFRA_STATE_DIR", _looping),
    "the state folder has too long a name": _named("TFINFRA_STATE_DIR", lambda _: "/tmp/" + "x" * 5000),
    "the state folder cannot be made": _named("TFINFRA_STATE_DIR", lambda _: "/proc/tfinfra"),
    "the state folder is relative": _named("TFINFRA_STATE_DIR", lambda _: "state"),
    "the cache folder is a file": _named("TFINFRA_CACHE_DIR", _file),
    "the cache folder is a link that leads nowhere": _named("TFINFRA_CACHE_DIR", _dangling),
    "the configuration folder is a file": _named("TFINFRA_CONFIG_DIR", _file),
    "there is no home": _no_home,
    "the current folder was deleted": _no_folder,
    "the user has no name": _no_name,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr("tfinfra.machine.doctor.machine_kinds", dict)
    Path("train.py").write_text("print()\n")
    Path("train.yaml").write_text("entry_script: train.py\n")
    Path("wrong.yaml").write_text("entry_script: nowhere.py\n")
    return tmp_path


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_verb_ends_with_its_code_and_its_document(
    situation: str, verb: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    SITUATIONS[situation](folder, monkeypatch)
    code = main([verb, *WORDS[verb], "--json"])
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert code in (0, 2, 3, 4), printed.err
    assert "Traceback" not in printed.err and "itself failed" not in printed.err
    if "error" in document:
        assert document["exit_code"] == code
        assert document["hint"] or document["diagnostics"], document


@pytest.mark.parametrize("verb", ["compile", "plan", "up", "validate"])
def test_a_deleted_folder_is_told_as_such(
    verb: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _no_folder(folder, monkeypatch)
    code = main([verb, str(folder / "project/train.yaml")])
    assert code == 0 or "error: the current folder was deleted" in capsys.readouterr().err
    assert code == 2 or verb in ("plan", "validate")


@pytest.mark.parametrize("variable", ["TFINFRA_STATE_DIR", "TFINFRA_CACHE_DIR"])
@pytest.mark.parametrize("named", ["state", "./state", "~/state"])
def test_a_folder_that_is_relative_is_refused(variable: str, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, named)
    with pytest.raises(UsageError, match=f"{variable} names '{named}', which is another folder wherever"):
        state_folder() if "STATE" in variable else cache_folder()


RAISED: dict[str, tuple[BaseException, int, str]] = {
    "an interruption": (Interrupted("SIGTERM"), 8, "cancelled by SIGTERM: "),
    "a fault of tfinfra's": (ZeroDivisionError("no"), 1, "tfinfra itself failed: ZeroDivisionError: no"),
    "a full disk": (OSError(28, "No space left on device", "/a"), 1, "cannot write /a: the disk is full"),
    "no memory": (MemoryError(), 1, "this machine gives no more memory"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("case", RAISED)
def test_whatever_a_verb_raises_is_in_its_document(
    case: str, verb: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raised, exit_code, message = RAISED[case]

    def fail(*_: object, **__: object) -> NoReturn:
        raise raised

    monkeypatch.setattr("click.Command.invoke", fail)
    assert main([verb, *WORDS[verb], "--json"]) == exit_code
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (document["exit_code"], document["error"].startswith(message)) == (exit_code, True)
    assert document["error"] in printed.err
    assert ("report" in document) == (case == "a fault of tfinfra's")
    if "report" in document:
        report = Path(document["report"])
        assert "ZeroDivisionError: no" in report.read_text() and str(report) in printed.err
        assert report.stat().st_mode & 0o077 == 0


def test_the_reporter_of_errors_needs_no_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No state folder, no folder for temporary files, no note of the failure."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise ZeroDivisionError("no")

    def refuse(*_: object, **__: object) -> NoReturn:
        raise TfinfraError("no")

    monkeypatch.setattr("click.Command.invoke", fail)
    monkeypatch.setenv("TFINFRA_STATE_DIR", _file(folder))
    monkeypatch.setattr("tempfile.gettempdir", fail_to_find)
    monkeypatch.setattr("tfinfra.lifecycle.attach.failed_verb.note_failed_verb", refuse)
    assert main(["runs", "--json"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["report"] is None
    assert "error: tfinfra itself failed: ZeroDivisionError: no" in printed.err


def fail_to_find() -> NoReturn:
    raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")
