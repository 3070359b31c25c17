"""Conda packages from channels that are folders: solved under TensorFlow's limits, installed beside uv's Python or with
conda's own, and nothing that the lock does not say."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment.channels import Made, channel, module
from tfinfra.environment.conda.conda_packages import CondaSolveRequest, install_conda, solve_conda, subdir_of
from tfinfra.environment.conda.locked_package import CondaPackage
from tfinfra.environment.conda.python_channel import is_standalone, write_channel
from tfinfra.environment.interpreter import interpreter_behind
from tfinfra.environment.relocate import copy_interpreter
from tfinfra.errors import ManifestError, NotFeasible, ProvisioningError

PYTHON = ".".join(map(str, sys.version_info[:3]))
MINOR = ".".join(map(str, sys.version_info[:2]))
LEAF = Made("leaf", "1.0", {"share/leaf.txt": b"a leaf\n"})
TINY = module("tiny", "1.2", ("python >=3.9", "leaf >=1"))


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return channel(tmp_path / "channel", LEAF, TINY, module("tiny", "2.0"))


def request(
    tmp_path: Path, *channels: str, specs: tuple[str, ...] = ("tiny",), constraints: tuple[str, ...] = ()
) -> CondaSolveRequest:
    write_channel(tmp_path / "standalone", PYTHON)
    wanted = (*specs, f"python {MINOR}.*")
    every = (*channels, (tmp_path / "standalone").as_uri())
    return CondaSolveRequest(every, wanted, constraints, "linux-64", None, str(tmp_path / "cache"))


def names(packages: tuple[CondaPackage, ...]) -> list[str]:
    return [f"{package.name} {package.version}" for package in packages]


def test_a_folder_is_a_channel_and_its_packages_bring_what_they_need(tmp_path: Path, tiny: str) -> None:
    found = solve_conda(request(tmp_path, tiny, constraints=("tiny <2", "absent <1")))
    assert names(found) == ["leaf 1.0", f"python {PYTHON}", "tiny 1.2"]
    leaf, python, package = found
    assert (leaf.subdir, package.noarch, package.is_python_package, leaf.is_python_package) == (
        "linux-64",
        "python",
        True,
        False,
    )
    assert is_standalone(python)
    assert package.url == f"{tiny}/noarch/tiny-1.2-0.tar.bz2"
    assert len(package.sha256) == 64
    assert solve_conda(request(tmp_path, tiny, constraints=("tiny <2", "absent <1"))) == found


def test_the_first_channel_that_gives_python_gives_the_interpreter(tmp_path: Path, tiny: str) -> None:
    other = channel(tmp_path / "other", Made("python", f"{MINOR}.99", {"bin/python": b""}))
    found = solve_conda(request(tmp_path, tiny, other))
    (python,) = (package for package in found if package.name == "python")
    assert (python.version, is_standalone(python)) == (f"{MINOR}.99", False)


def test_what_does_not_fit_tensorflow_is_an_error_that_names_the_spec_and_the_limit(tmp_path: Path, tiny: str) -> None:
    with pytest.raises(ManifestError, match="conda_packages") as caught:
        solve_conda(request(tmp_path, tiny, specs=("tiny >=2",), constraints=("tiny >=1.0,<2.0",)))
    assert "tiny >=2" in caught.value.message
    assert "TensorFlow's own limits: tiny >=1.0,<2.0" in caught.value.message


def test_a_package_that_no_channel_has_is_named(tmp_path: Path, tiny: str) -> None:
    with pytest.raises(ManifestError, match="absent"):
        solve_conda(request(tmp_path, tiny, specs=("absent",)))


@pytest.mark.parametrize("where", ["file:///no/such/channel", "https://127.0.0.1:9/channel"])
def test_a_channel_that_cannot_be_read_is_named_with_the_reason_and_the_way_out(tmp_path: Path, where: str) -> None:
    with pytest.raises(NotFeasible) as caught:
        solve_conda(request(tmp_path, where))
    assert caught.value.message.startswith(f"conda_channels: '{where}' cannot be read:\n")
    assert "No such file" in caught.value.message or "refused" in caught.value.message
    assert "conda_channels" in str(caught.value.hint)


def test_it_is_installed_beside_another_interpreter_and_runs_with_it(tmp_path: Path, tiny: str) -> None:
    folder = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    install_conda(solve_conda(request(tmp_path, tiny, constraints=("tiny <2",))), folder, tmp_path / "cache", None)
    assert (folder / "share/leaf.txt").read_text() == "a leaf\n"
    done = subprocess.run([folder / "bin/tiny"], capture_output=True, text=True, check=True)
    assert done.stdout == "tiny 1.2\n"


def test_condas_own_python_is_the_interpreter_and_stands_alone(tmp_path: Path) -> None:
    """This very Python, packed as conda packs one; of its library only what a start needs."""
    source = interpreter_behind(Path(sys.executable))
    assert source is not None
    program = copy_interpreter(source, tmp_path / "packed").relative_to(tmp_path / "packed")
    files = {str(path.relative_to(tmp_path / "packed")): path for path in (tmp_path / "packed").rglob("*")}
    needed = {name: path.read_bytes() for name, path in files.items() if path.is_file() and _is_needed(name)}
    python = Made("python", PYTHON, needed, executable=frozenset([str(program)]))
    url = channel(tmp_path / "channel", python, LEAF, TINY)
    install_conda(solve_conda(request(tmp_path, url)), tmp_path / "environment", tmp_path / "cache", None)
    shutil.rmtree(tmp_path / "packed")
    said = "import sys, tiny; print(sys.base_prefix, sys.version.split()[0]); tiny.main()"
    done = subprocess.run(
        [tmp_path / "environment" / program, "-I", "-c", said], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [f"{tmp_path / 'environment'} {PYTHON}", "tiny 1.2"]


def _is_needed(name: str) -> bool:
    folders = name.removeprefix(f"lib/python{MINOR}/").split("/")
    return name.startswith(("bin/", "lib/libpython")) or folders[0] in _CORE


_CORE = {
    *("encodings", "importlib", "collections", "re", "abc.py", "codecs.py", "copyreg.py", "enum.py", "functools.py"),
    *("genericpath.py", "io.py", "keyword.py", "operator.py", "os.py", "posixpath.py", "reprlib.py", "site.py"),
    *("stat.py", "types.py", "_collections_abc.py", "_sitebuiltins.py"),
}


def test_packages_that_came_along_are_taken_where_the_channel_is_not(tmp_path: Path, tiny: str) -> None:
    (leaf,) = solve_conda(dataclasses.replace(request(tmp_path, tiny), specs=("leaf",)))
    carried = tmp_path / "carried"
    carried.mkdir()
    (tmp_path / "channel/linux-64/leaf-1.0-0.tar.bz2").rename(carried / "leaf-1.0-0.tar.bz2")
    install_conda((leaf,), tmp_path / "environment", tmp_path / "cache", carried)
    assert (tmp_path / "environment/share/leaf.txt").exists()


def test_a_package_that_is_not_what_the_lock_says_is_refused(tmp_path: Path, tiny: str) -> None:
    (leaf,) = solve_conda(dataclasses.replace(request(tmp_path, tiny), specs=("leaf",)))
    channel(tmp_path / "channel", Made("leaf", "1.0", {"share/leaf.txt": b"another\n"}))
    with pytest.raises(ProvisioningError, match=r"leaf-1.0-0.tar.bz2' is not the one that was locked"):
        install_conda((leaf,), tmp_path / "environment", tmp_path / "cache", None)
    assert not (tmp_path / "environment/share/leaf.txt").exists()


def test_the_stand_in_for_python_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    first = write_channel(tmp_path / "a", "3.11.7")
    assert write_channel(tmp_path / "b", "3.11.7").sha256 == first.sha256
    index = json.loads((tmp_path / "a/noarch/repodata.json").read_text())
    assert list(index["packages"]) == [first.file]


@pytest.mark.parametrize(
    ("platform", "subdir"),
    [
        ("linux-x86_64", "linux-64"),
        ("x86_64-manylinux_2_28", "linux-64"),
        ("darwin-arm64", "osx-arm64"),
        ("darwin-x86_64", "osx-64"),
        ("aarch64-manylinux_2_28", "linux-aarch64"),
    ],
)
def test_a_platform_has_a_name_of_conda(platform: str, subdir: str) -> None:
    assert subdir_of(platform) == subdir
