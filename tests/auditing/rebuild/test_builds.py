"""What comes as source is built where that is allowed; else nothing of it is fetched, and all the rest is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.auditing.rebuild.test_rebuild import this_interpreter
from tests.auditing.rebuild.test_recipe import honest, package, with_packages
from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.lifecycle.auditing.rebuild import environment as rebuilt
from tfinfra.lifecycle.auditing.rebuild.in_child import Room
from tfinfra.locking.aliases import Aliases
from tfinfra.locking.document import LockedEnvironment, LockedInstalled, LockedPython
from tfinfra.locking.environment import environment_lock
from tfinfra.model import InstalledTree, from_json, to_json
from tfinfra.system.progress import say_nothing

TREE, INTERPRETER = "a" * 64, "b" * 64
PYTHON = LockedPython(this_interpreter().version, "machine")
INSTALLED = LockedInstalled(f"sha256:{TREE}", f"sha256:{INTERPRETER}", "uv 0.13.9", "g++ 13")
SOURCE = package("own", "1.0", "own-1.0.tar.gz")
LOCKS = {
    "Horovod": (honest(platform=this_platform(), python=PYTHON), "horovod", 2),
    "a package of source_builds": (
        with_packages(SOURCE, source_builds=("own",), horovod=None, platform=this_platform(), python=PYTHON),
        "own",
        2,
    ),
}
"""{what is built: (the lock, its name, how many wheels there are beside)}."""


@dataclass(frozen=True)
class FakeRoom(Room):
    """Builds what it is told it has built."""

    built: InstalledTree = field(default_factory=lambda: InstalledTree(TREE, INTERPRETER, "uv 0.13.9", "g++ 13"))
    locks: list[Lock] = field(default_factory=list)

    def asks(self, part: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        self.locks.append(from_json(Lock, asked["lock"]))
        return {"built": to_json(self.built)}


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeRoom:
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(rebuilt, "interpreter_here", this_interpreter)
    return FakeRoom(tmp_path, {})


def found(held: LockedEnvironment, room: Room, *, allow_builds: bool) -> list[Finding]:
    lock: Any = SimpleNamespace(lock=SimpleNamespace(environment=replace(held, installed=INSTALLED)))
    wished: dict[str, Any] = {"aliases": Aliases(), "allow_builds": allow_builds, "progress": say_nothing}
    return list(rebuilt.environment((), lock, room, **wished))


@pytest.mark.parametrize("what", LOCKS)
def test_what_comes_as_source_is_left_out_and_said(what: str, room: FakeRoom) -> None:
    held, name, wheels = LOCKS[what]
    of_lock, of_nodes = found(held, room, allow_builds=False)
    (asked,) = room.locks
    assert (asked.horovod, asked.tools, asked.source_builds, name in asked.packages) == (None, "", (), False)
    assert {of_lock.verdict, of_nodes.verdict} == {Verdict.UNVERIFIABLE}
    assert f"{name} would be built from source" in of_lock.sentence
    assert f"{wheels} packages are what their hashes say" in of_lock.sentence
    assert of_lock.hint == "--allow-builds builds it"


@pytest.mark.parametrize("what", LOCKS)
def test_it_is_built_where_that_is_allowed(what: str, room: FakeRoom) -> None:
    held, _, _ = LOCKS[what]
    assert found(held, room, allow_builds=True) == []
    assert room.locks == [environment_lock(held)]


def test_another_compiler_is_named_and_no_change(room: FakeRoom) -> None:
    other = replace(room, built=InstalledTree("c" * 64, INTERPRETER, "uv 0.13.9", "g++ 14"))
    (of_lock,) = found(LOCKS["Horovod"][0], other, allow_builds=True)
    assert of_lock.verdict is Verdict.UNVERIFIABLE
    assert "Horovod was compiled by g++ 14, not by g++ 13" in of_lock.sentence
