"""Which Pulumi is taken, and how one is made where there is none: the vendor's installer and Go are scripts here."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tfinfra.engine import toolchain
from tfinfra.errors import TfinfraError

VERSIONS = {
    "3.258.0": True,
    "3.300.1": True,
    "3.258.0-alpha.1": True,
    "3.257.9": False,
    "4.0.0": False,
    "not a version": False,
}


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty cache and nothing on PATH."""
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path


def _tool(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho v{version}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("version", "taken"), VERSIONS.items())
def test_one_on_path_is_taken_if_it_is_no_older_and_of_the_same_major(version: str, taken: bool, empty: Path) -> None:
    tool = _tool(empty / "bin/pulumi", version)
    assert toolchain.find_cli() == (tool if taken else None)


def test_ones_own_comes_before_any_other(empty: Path) -> None:
    _tool(empty / "bin/pulumi", toolchain.VERSION)
    own = _tool(empty / "cache/pulumi" / toolchain.VERSION / "bin/pulumi", toolchain.VERSION)
    assert toolchain.find_cli() == own
    assert toolchain.ensure_cli(lambda _: None) == own


def test_without_the_vendors_site_and_without_go_the_error_says_what_to_do(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "_install", lambda folder: None)
    with pytest.raises(TfinfraError) as caught:
        toolchain.ensure_cli(lambda _: None)
    assert "there is no Go" in str(caught.value)
    assert "tfinfra setup" in str(caught.value.hint)


def test_what_the_installer_brings_is_put_in_place_once(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "_install", lambda folder: _tool(folder / "x", toolchain.VERSION))
    said: list[str] = []
    made = toolchain.ensure_cli(said.append)
    assert made == toolchain.find_cli()
    assert said


def _script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


BRINGS = """mkdir -p "$3/bin"; printf '#!/bin/sh\\necho v%s\\n' "$4" >"$3/bin/pulumi"; chmod +x "$3/bin/pulumi"
"""
GO = f"""[ "$1" = get ] && exit 0
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho v{toolchain.VERSION}\\n' >"$2"; chmod +x "$2"
"""


def test_the_vendors_installer_is_given_a_folder_and_the_version(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{empty / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", str(_script(empty / "python", BRINGS)))
    assert toolchain._version(str(toolchain.ensure_cli(lambda _: None))) == toolchain.VERSION


INSTALLERS = {"fails": "exit 1", "brings nothing": "exit 0", "hangs": "exec sleep 60"}


@pytest.mark.parametrize("text", INSTALLERS.values(), ids=INSTALLERS.keys())
def test_go_builds_where_the_vendors_installer(text: str, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{empty / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", str(_script(empty / "python", text)))
    monkeypatch.setattr(toolchain, "_INSTALL", 0.3 if text.startswith("exec") else 30.0)
    _script(empty / "bin/go", GO)
    said: list[str] = []
    assert toolchain._version(str(toolchain.ensure_cli(said.append))) == toolchain.VERSION
    assert "for Go to build" in said[1]


MAKERS = {
    "Go fails": ("echo no such module; exit 1", "could not build the Pulumi command line tool: no such module"),
    "Go makes another": (GO.replace(toolchain.VERSION, "3.0.0"), f"does not answer as {toolchain.VERSION}"),
    "Go makes no program": (GO.replace("chmod", "true"), f"does not answer as {toolchain.VERSION}"),
}


@pytest.mark.parametrize(("text", "words"), MAKERS.values(), ids=MAKERS.keys())
def test_nothing_is_put_in_place_where(text: str, words: str, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{empty / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(toolchain, "_install", lambda folder: None)
    _script(empty / "bin/go", text)
    with pytest.raises(TfinfraError, match=words):
        toolchain.ensure_cli(lambda _: None)
    assert toolchain.find_cli() is None


def test_a_build_that_takes_minutes_says_so_and_ends_with_who_waits_for_it() -> None:
    class Go:
        killed = False
        answers: tuple[Any, ...] = (subprocess.TimeoutExpired("go", 60), ("done", None), KeyboardInterrupt())

        def communicate(self, timeout: float) -> tuple[str, None]:
            answer, *rest = self.answers
            self.answers = tuple(rest)
            if isinstance(answer, BaseException):
                raise answer
            said: tuple[str, None] = answer
            return said

        def kill(self) -> None:
            self.killed = True

    go, said = Go(), list[str]()
    assert toolchain._output(go, said.append) == "done"  # type: ignore[arg-type]
    assert said == ["Go still works, for 1 min now"]
    with pytest.raises(KeyboardInterrupt):
        toolchain._output(go, said.append)  # type: ignore[arg-type]
    assert go.killed


def test_two_at_once_make_it_once(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = empty / "cache/pulumi" / toolchain.VERSION / "bin/pulumi"
    own.parent.mkdir(parents=True)
    lock = FileLock(own.parents[1] / "lock", thread_local=False)
    lock.acquire()
    waiting = threading.Event()
    monkeypatch.setattr(toolchain, "_make", lambda *_: pytest.fail("it was made twice"))

    def first() -> None:
        assert waiting.wait(20)
        _tool(own, toolchain.VERSION)
        lock.release()

    thread = threading.Thread(target=first)
    thread.start()
    assert toolchain.ensure_cli(lambda _: waiting.set()) == own
    thread.join()
