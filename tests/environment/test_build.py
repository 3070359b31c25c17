"""An environment is whole or not there: built once however many want it, never taken for whole when it is not."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.environment.support import fake_uv, lock, this_interpreter
from tfinfra.environment import build_environment, build_steps
from tfinfra.environment.build_environment import ensure_environment, remove
from tfinfra.environment.build_lock import exclusive
from tfinfra.environment.conda.locked_package import CondaPackage
from tfinfra.environment.cuda import Driver
from tfinfra.environment.interpreter import Interpreter
from tfinfra.environment.proof.installed_tree import (
    changes_since_build,
    installed_tree,
    read_environment,
    stored_tree,
)
from tfinfra.environment.whole_environment import MARKER, is_whole
from tfinfra.errors import ProvisioningError

LOCK = lock()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "cache"
    _use(monkeypatch, fake_uv(tmp_path, cache / "environments" / LOCK.key))
    return cache


def _use(monkeypatch: pytest.MonkeyPatch, uv: str) -> None:
    monkeypatch.setattr(build_environment, "find_uv", lambda *_: uv)
    monkeypatch.setattr(build_environment, "find_same_interpreter", this_interpreter)


def calls(cache: Path) -> list[str]:
    return (cache.parent / "calls.txt").read_text().splitlines()


def test_it_is_built_once_and_then_found(cache: Path) -> None:
    said: list[str] = []
    folder = ensure_environment(LOCK, cache, said.append)
    assert folder == cache / "environments" / LOCK.key
    assert is_whole(folder)
    assert "installing tensorflow-cpu 2.15.1 and 1 more" in said
    made = calls(cache)
    assert ensure_environment(LOCK, cache) == folder
    assert calls(cache) == made


def test_the_packages_are_installed_and_nothing_beside_the_lock(cache: Path) -> None:
    ensure_environment(LOCK, cache)
    (install,) = [call for call in calls(cache) if call.startswith("pip install")]
    assert "--no-deps" in install
    assert "--only-binary :all:" in install and "--no-binary" not in install


def test_what_the_lock_says_is_built_and_nothing_else(cache: Path) -> None:
    ensure_environment(dataclasses.replace(LOCK, source_builds=("evil",)), cache)
    (install,) = [call for call in calls(cache) if call.startswith("pip install")]
    assert "--only-binary :all: --no-binary evil" in install


def test_an_environment_with_a_gpu_part_is_of_the_gpus_that_it_was_built_for(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(build_environment, "_build", lambda what, held: made.append(what.folder.name))
    gpu = dataclasses.replace(LOCK, gpu=True, horovod="0.28.1")
    for driver in (None, Driver(12020, 80), Driver(12020, 90)):
        ensure_environment(gpu, cache, driver=driver)
    assert made == [LOCK.key, f"{LOCK.key}-80-12", f"{LOCK.key}-90-12"]


def test_no_lock_is_taken_where_a_runs_machines_could_hold_it(cache: Path) -> None:
    folder = ensure_environment(LOCK, cache)
    assert list(folder.parent.iterdir()) == [folder]


def test_two_at_once_build_once(cache: Path) -> None:
    threads = [threading.Thread(target=ensure_environment, args=(LOCK, cache)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(call.startswith("pip install") for call in calls(cache)) == 1


def test_what_a_node_builds_for_itself_has_the_locks_interpreter(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = dataclasses.replace(LOCK, platform="x86_64-manylinux_2_28")
    asked: list[str] = []

    def locked(uv: str, version: str, *_: object) -> Interpreter:
        asked.append(version)
        return this_interpreter()

    monkeypatch.setattr(build_environment, "locked_interpreter", locked)
    ensure_environment(foreign, cache)
    assert asked == [foreign.python_version]


def test_conda_packages_come_before_pips_with_a_stand_in_for_uvs_python(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[list[str]] = []
    leaf = CondaPackage("leaf", "1.0", "0", 0, "linux-64", None, (), "c", "c/linux-64/leaf-1.0-0.conda", "0" * 64)
    python = dataclasses.replace(leaf, name="python", version=LOCK.python_version)

    def install(packages: tuple[CondaPackage, ...], folder: Path, *_: object) -> None:
        installed.append([p.name for p in packages])
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        (folder / "bin/python").unlink(missing_ok=True)
        (folder / "bin/python").write_text("#!/bin/sh\nexit 0\n")
        (folder / "bin/python").chmod(0o755)

    monkeypatch.setattr(build_steps, "install_conda", install)
    folder = ensure_environment(dataclasses.replace(LOCK, conda=(leaf,)), cache)
    assert (folder / "pyvenv.cfg").is_file()
    assert stored_declared(folder) == ("conda's packages hold the path and the time of their installation",)
    remove(folder)
    ensure_environment(dataclasses.replace(LOCK, conda=(leaf, python)), cache)
    assert not (folder / "pyvenv.cfg").exists()
    assert installed == [["leaf", "python"], ["leaf", "python"]]


def test_a_half_built_one_is_removed_and_built_again(cache: Path) -> None:
    folder = cache / "environments" / LOCK.key
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/left-over").touch()
    ensure_environment(LOCK, cache)
    assert not (folder / "bin/left-over").exists()
    assert is_whole(folder)


def test_one_whose_interpreter_is_gone_is_built_again(cache: Path) -> None:
    folder = ensure_environment(LOCK, cache)
    (folder / "bin/python").unlink()
    (folder / "bin/python").symlink_to("/no/such/python")
    assert not is_whole(folder)
    ensure_environment(LOCK, cache)
    assert is_whole(folder)


def test_a_failed_install_shows_its_last_lines_and_leaves_no_marker(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cache / "environments" / LOCK.key
    _use(monkeypatch, fake_uv(tmp_path, folder, install="echo 'no space left on device' >&2; exit 2"))
    with pytest.raises(ProvisioningError, match="no space left on device") as caught:
        ensure_environment(LOCK, cache)
    assert "exit status 2" in caught.value.message
    assert str(cache / "logs") in str(caught.value.hint)
    assert not (folder / MARKER).exists()


def test_an_environment_that_cannot_import_tensorflow_is_not_whole(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cache / "environments" / LOCK.key
    broken = f"printf '#!/bin/sh\\necho ImportError: numpy; exit 1\\n' > {folder}/bin/python"
    _use(monkeypatch, fake_uv(tmp_path, folder, install=broken))
    with pytest.raises(ProvisioningError, match="ImportError: numpy"):
        ensure_environment(LOCK, cache)
    assert not is_whole(folder)


def test_what_was_built_is_recorded_and_found_again(cache: Path) -> None:
    folder = ensure_environment(dataclasses.replace(LOCK, source_builds=("evil",)), cache)
    stored = stored_tree(folder)
    assert stored == installed_tree(folder) and stored is not None
    assert (stored.installer, stored.compiler) == ("uv 1.0", "")
    assert stored.declared == ("evil is built from source where it is installed",)
    assert changes_since_build(folder, read_environment(folder)) == ()


def test_a_gpu_part_of_horovod_is_not_said_to_be_the_same_everywhere(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "horovod-0.28.1-py3-none-any.whl"
    monkeypatch.setattr(build_steps, "horovod_wheel", lambda build: wheel)
    monkeypatch.setattr(build_environment, "refuse_unbuildable", lambda *_: None)
    declared = stored_declared(ensure_environment(dataclasses.replace(LOCK, horovod="0.28.1"), cache))
    assert declared == ()
    remove(cache / "environments" / LOCK.key)
    declared = stored_declared(ensure_environment(dataclasses.replace(LOCK, horovod="0.28.1", gpu=True), cache))
    assert declared == ("Horovod's GPU part is compiled by nvcc, and no two builds of it were compared",)


def stored_declared(folder: Path) -> tuple[str, ...]:
    stored = stored_tree(folder)
    assert stored is not None
    return stored.declared


def test_a_lock_file_is_free_only_when_the_children_that_inherited_it_have_ended(tmp_path: Path) -> None:
    """A builder killed in the middle leaves its compiler behind: nobody may build over it."""
    path = tmp_path / "builder.lock"
    waited: list[bool] = []
    with exclusive(path, lambda: waited.append(True)) as held:
        child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=-1, pass_fds=[held])
    timer = threading.Timer(0.2, child.communicate)
    timer.start()
    with exclusive(path, lambda: waited.append(True)):
        assert child.poll() is not None or child.wait(1) == 0
    timer.join()
    assert waited == [True]
