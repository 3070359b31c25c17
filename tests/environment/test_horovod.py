"""Horovod's wheel belongs to exactly what its binary is tied to."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from tests.environment.support import lock
from tfinfra.environment import horovod as module
from tfinfra.environment.build_environment import ensure_environment
from tfinfra.environment.horovod import HorovodBuild, horovod_wheel, refuse_unbuildable, wheel_key
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.uv.tools import Tools
from tfinfra.errors import TfinfraError

LOCK = lock(horovod="0.28.1")


def build(tmp_path: Path, made: Lock = LOCK) -> HorovodBuild:
    return HorovodBuild(made, tmp_path / "environment", tmp_path, Tools("uv", tmp_path / "log"), lambda text: None)


@pytest.mark.parametrize(
    "change", [{"framework_version": "2.16.2"}, {"python_version": "3.10.1"}, {"openmpi": "5.0.12"}]
)
def test_its_ties_change_its_key(change: dict[str, Any]) -> None:
    assert wheel_key(dataclasses.replace(LOCK, **change)) != wheel_key(LOCK)


def test_other_packages_of_the_user_do_not(tmp_path: Path) -> None:
    other = dataclasses.replace(LOCK, key="other", packages="pandas==2.2.0\n")
    assert wheel_key(other) == wheel_key(LOCK)


def test_both_packages_of_a_version_share_a_wheel_without_gpus() -> None:
    cpu = dataclasses.replace(LOCK, tensorflow="tensorflow-cpu", platform="linux-x86_64")
    full = dataclasses.replace(cpu, tensorflow="tensorflow")
    assert wheel_key(full) == wheel_key(cpu)
    assert wheel_key(dataclasses.replace(full, gpu=True)) != wheel_key(full)
    elsewhere = dataclasses.replace(full, platform="linux-aarch64")
    assert wheel_key(elsewhere) != wheel_key(dataclasses.replace(elsewhere, tensorflow="tensorflow-cpu"))


def test_it_looks_for_mpi_in_the_environment_that_it_lies_in() -> None:
    """The one that it was built in may be gone."""
    beside = Path("lib/python3.11/site-packages/horovod/tensorflow", "../../../..")
    assert module.SWITCHES["LDFLAGS"] == "-s -Wl,-rpath,$ORIGIN/../../../.."
    assert os.path.normpath(beside) == "lib"


def test_a_wheel_in_the_cache_is_not_built_again(tmp_path: Path) -> None:
    folder = tmp_path / "wheels" / f"horovod-{wheel_key(LOCK)}"
    folder.mkdir(parents=True)
    (folder / "horovod-0.28.1-cp311-cp311-linux_x86_64.whl").touch()
    assert horovod_wheel(build(tmp_path)).name.startswith("horovod-0.28.1")


def test_without_a_compiler_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TfinfraError, match=r"g\+\+ and make cannot be found") as caught:
        horovod_wheel(build(tmp_path))
    assert "apt install g++ make" in str(caught.value.hint)


def test_without_a_compiler_nothing_else_is_fetched_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TfinfraError, match=r"g\+\+ and make cannot be found"):
        ensure_environment(LOCK, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
    refuse_unbuildable(lock(), tmp_path, module.build_here, None)
    (tmp_path / "wheels" / f"horovod-{wheel_key(LOCK)}").mkdir(parents=True)
    refuse_unbuildable(LOCK, tmp_path, module.build_here, None)


def test_cmake_names_no_folder_of_the_build_in_the_search_path(tmp_path: Path) -> None:
    lists = tmp_path / "CMakeLists.txt"
    lists.write_text("cmake_minimum_required(VERSION 3.13)\n")
    module.search_beside_alone(tmp_path)
    said = lists.read_text()
    assert said == 'set(CMAKE_SKIP_RPATH TRUE CACHE BOOL "")\ncmake_minimum_required(VERSION 3.13)\n'


def test_sources_for_headers_that_tensorflow_no_longer_ships_are_left_out(tmp_path: Path) -> None:
    lists = tmp_path / "horovod/tensorflow/CMakeLists.txt"
    lists.parent.mkdir(parents=True)
    lists.write_text("add(\n  mpi_ops.cc\n  xla_mpi_ops.cc\n)\n")
    module.drop_xla_source(tmp_path)
    assert lists.read_text() == "add(\n  mpi_ops.cc\n)\n"
