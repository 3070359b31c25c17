"""The bundle: the same inputs give the same bytes, and a node can run the agent from it alone."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.environment.support import lock as example_lock
from tfinfra.agent.evidence.bundle_check import agent_files
from tfinfra.bundle import Bundle, Source, archive, build_bundle
from tfinfra.environment.conda.locked_package import CondaPackage
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.model import Image, Infrastructure, Limits, Plan, Requirements, from_json
from tfinfra.travel.walk import survey

LOCK = example_lock()
INFRASTRUCTURE = Infrastructure(
    location="eastus",
    vm_size="Standard_D8s_v5",
    node_count=1,
    orchestration_mode="Flexible",
    infiniband=False,
    accelerated_networking=True,
    security_type="TrustedLaunch",
    image=Image("microsoft-dsvm", "ubuntu-hpc", "2404", "24.04.1"),
    os_disk_gb=256,
    address_space="10.0.0.0/16",
    subnet_prefix="10.0.0.0/20",
    shared_directory=False,
    tags={},
)
PLAN = Plan(
    schema=1,
    name="digits",
    backend="single",
    dialect=None,
    node_count=1,
    processes_per_node=1,
    gpus_per_node=0,
    use_gpu=False,
    base_port=2222,
    tasks=(),
    entry_script="train.py",
    arguments=(),
    environment_variables={},
    requirements=Requirements("2.15.1", "3.11", (), horovod=False, gpu=False),
    limits=Limits(3600, 3600),
    hold_on_failure=0,
    infrastructure=INFRASTRUCTURE,
)


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for the part that all bundles share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "lib").mkdir(parents=True)
    (folder / "train.py").write_text("print('hello')\n")
    (folder / "lib/ünïcode name.txt").write_text("x" * 1000)
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("train.py")
    return folder


def here(lock: Lock = LOCK) -> Lock:
    return dataclasses.replace(lock, platform=this_platform())


def packed(source: Path) -> Source:
    return Source(source, survey(source).files)


def made(source: Path, out: Path, parts: Path, prebuilt: Path | None = Path("/env")) -> Bundle:
    return build_bundle(PLAN, packed(source), here(), prebuilt, out, cache=parts)


def unpacked(bundle: Bundle, folder: Path) -> Path:
    with tarfile.open(bundle.path, "r:gz") as tar:
        tar.extractall(folder)
    return folder


def test_the_same_inputs_give_the_same_bytes(source: Path, tmp_path: Path, parts: Path) -> None:
    first = made(source, tmp_path / "a.tar.gz", parts)
    copy = shutil.copytree(source, tmp_path / "elsewhere", symlinks=True)
    for path in copy.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    second = made(copy, tmp_path / "b.tar.gz", parts)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()
    assert first.key == f"bundle/{first.sha256}.tar.gz"


def test_other_content_is_another_digest(source: Path, tmp_path: Path, parts: Path) -> None:
    first = made(source, tmp_path / "a.tar.gz", parts)
    (source / "train.py").write_text("print('other')\n")
    assert made(source, tmp_path / "b.tar.gz", parts).sha256 != first.sha256


def test_it_holds_the_source_the_plan_and_the_environment(source: Path, tmp_path: Path, parts: Path) -> None:
    folder = unpacked(made(source, tmp_path / "a.tar.gz", parts), tmp_path / "node")
    assert (folder / "source/train.py").read_text() == "print('hello')\n"
    assert (folder / "source/lib/ünïcode name.txt").stat().st_size == 1000
    assert os.access(folder / "source/run.sh", os.X_OK)
    assert (folder / "source/link").readlink() == Path("train.py")
    assert from_json(Plan, json.loads((folder / "plan.json").read_text())) == PLAN
    environment = json.loads((folder / "environment.json").read_text())
    assert from_json(Lock, environment["lock"]) == here()
    assert environment["prebuilt"] == "/env"


def test_it_knows_the_agent_as_a_node_finds_it(source: Path, tmp_path: Path, parts: Path) -> None:
    bundle = made(source, tmp_path / "a.tar.gz", parts)
    folder = unpacked(bundle, tmp_path / "node")
    assert bundle.agent == agent_files(folder).digest
    (folder / "agent/tfinfra/version.py").write_text("")
    assert bundle.agent != agent_files(folder).digest


def test_it_knows_what_of_the_source_is_in_it(source: Path, tmp_path: Path, parts: Path) -> None:
    found = {file.name: file for file in made(source, tmp_path / "a.tar.gz", parts).source}
    assert {name: (file.executable, file.link) for name, file in found.items()} == {
        "lib/ünïcode name.txt": (False, None),
        "link": (False, "train.py"),
        "run.sh": (True, None),
        "train.py": (False, None),
    }
    digests = {name: file.sha256 for name, file in found.items() if file.link is None}
    assert digests == {name: hashlib.sha256((source / name).read_bytes()).hexdigest() for name in digests}
    assert found["link"].sha256 is None


def test_without_a_prebuilt_environment_the_node_is_told_so(source: Path, tmp_path: Path, parts: Path) -> None:
    folder = unpacked(made(source, tmp_path / "a.tar.gz", parts, prebuilt=None), tmp_path / "node")
    assert json.loads((folder / "environment.json").read_text())["prebuilt"] is None


def test_a_node_that_installs_conda_packages_gets_py_rattler_and_what_only_this_machine_has(
    source: Path, tmp_path: Path, parts: Path
) -> None:
    file = tmp_path / "channel" / "leaf-1.0-0.conda"
    file.parent.mkdir()
    file.write_bytes(b"leaf")
    leaf = CondaPackage("leaf", "1.0", "0", 0, "linux-64", None, (), "c", file.as_uri(), "0" * 64)
    lock = dataclasses.replace(here(), conda=(leaf,))
    folder = unpacked(
        build_bundle(PLAN, packed(source), lock, None, tmp_path / "a.tar.gz", cache=parts), tmp_path / "node"
    )
    assert (folder / "conda/leaf-1.0-0.conda").read_bytes() == b"leaf"
    code = f"import sys; sys.path.insert(0, '{folder}/site'); import rattler; print(rattler.__file__)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).is_relative_to(folder)
    ready = unpacked(
        build_bundle(PLAN, packed(source), lock, Path("/env"), tmp_path / "b.tar.gz", cache=parts), tmp_path / "b"
    )
    assert not (ready / "conda").exists()
    assert not (ready / "site/rattler").exists()


def test_a_node_runs_the_agent_from_the_bundle_alone(source: Path, tmp_path: Path, parts: Path) -> None:
    folder = unpacked(made(source, tmp_path / "a.tar.gz", parts), tmp_path / "node")
    code = (
        f"import sys; sys.path[:0] = ['{folder}/agent', '{folder}/site']; import obstore, tfinfra.agent.__main__, "
        "tfinfra.store, tfinfra.environment.build_environment; from tfinfra.backends.registry import backend; "
        "[backend(name) for name in ('single', 'mpi', 'ps')]; print(tfinfra.__file__, obstore.__file__)"
    )
    python = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(Path(place).is_relative_to(folder) for place in done.stdout.split())


@pytest.mark.parametrize(
    ("name", "size", "executable"),
    [
        *(("source/a.py", 5, False), ("a" * 100, 0, True), ("x", 8**11 - 1, True), ("x", 8**11, True)),
        *(("b" * 101, 3, False), ("ü", 1, False), ("\udcff", 1, False), ("a\nb", 513, True)),
    ],
)
def test_a_quick_header_is_the_one_that_tarfile_writes(name: str, size: int, executable: bool) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o755 if executable else 0o644
    assert archive.header(name, size, executable=executable) == entry.tobuf(
        tarfile.PAX_FORMAT, "utf-8", "surrogateescape"
    )


def test_what_vanished_since_the_survey_is_not_there(source: Path, tmp_path: Path, parts: Path) -> None:
    (source / ".train.py.swp").write_text("x")
    files = packed(source)
    (source / ".train.py.swp").unlink()
    bundle = build_bundle(PLAN, files, here(), Path("/env"), tmp_path / "a.tar.gz", cache=parts)
    assert not (unpacked(bundle, tmp_path / "node") / "source/.train.py.swp").exists()
