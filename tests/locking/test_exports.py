"""The packages of a lock in the forms of other tools."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.evidence.made import ORIGIN, a_material
from tests.locking.test_differences import LOCK, TRAIN, edited
from tfinfra.cli.main import main
from tfinfra.environment.recipe import HOROVOD_HASHES
from tfinfra.environment.uv.package_files import PackageFile, read_pylock
from tfinfra.evidence.build import unsigned
from tfinfra.lifecycle.locking import exports as exporting
from tfinfra.locking import exports
from tfinfra.locking.environment import environment_lock
from tfinfra.locking.read import read_lock
from tfinfra.model import to_json

NUMPY = "numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl"
TENSORFLOW = "tensorflow_cpu-2.15.1-cp311-cp311-manylinux1.whl"
PYLOCK = f"""\
lock-version = "1.0"
created-by = "tfinfra"
requires-python = "==3.11.*"

[[packages]]
name = "numpy"
version = "1.26.4"
wheels = [{{ name = "{NUMPY}", url = "https://index.example/1/{NUMPY}", size = 18252005, hashes = {{ sha256 = "{"1" * 64}" }} }}]

[[packages]]
name = "tensorflow-cpu"
version = "2.15.1"
wheels = [{{ name = "{TENSORFLOW}", url = "https://index.example/2/{TENSORFLOW}", size = 9, hashes = {{ sha256 = "{"2" * 64}" }} }}]
"""  # noqa: E501  a file of another tool


def files() -> dict[str, tuple[PackageFile, ...]]:
    return {
        "numpy": (PackageFile("numpy", "1.26.4", NUMPY, f"https://index.example/1/{NUMPY}", 18252005, "1" * 64),),
        "tensorflow-cpu": (
            PackageFile("tensorflow-cpu", "2.15.1", TENSORFLOW, f"https://index.example/2/{TENSORFLOW}", 9, "2" * 64),
        ),
    }


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that has the files, asked by nobody."""
    monkeypatch.setattr("tfinfra.environment.lock.exact_request", lambda *_: ("uv", _Request()))
    monkeypatch.setattr(exporting, "replace", lambda value, **_: value)
    monkeypatch.setattr("tfinfra.environment.uv.package_files.package_files", lambda *_: files())


class _Request:
    """What nobody looks at."""


def test_pylock_has_the_urls_that_the_index_gives(
    index: None, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lock", TRAIN, "--export", "pylock"]) == 0
    head, _, rest = capsys.readouterr().out.partition("\n")
    assert re.fullmatch(r"# train\.yaml: x86_64-manylinux_2_28, sha256:[0-9a-f]{64}", head)
    assert rest == PYLOCK
    assert read_pylock(rest) == files()


def test_a_file_that_the_index_lost_is_not_feasible(
    index: None, manifest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tfinfra.environment.uv.package_files.package_files", lambda *_: {})
    assert main(["lock", TRAIN, "--export", "pylock"]) == 4
    assert "the locked file of numpy 1.26.4" in capsys.readouterr().err


def test_requirements_hold_a_hash_each(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", TRAIN, "--export", "requirements"]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "numpy==1.26.4 \\",
        f"    --hash=sha256:{'1' * 64}",
        "tensorflow-cpu==2.15.1 \\",
        f"    --hash=sha256:{'2' * 64}",
    ]


def test_the_bill_of_materials_has_each_package_by_its_hash(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", TRAIN, "--export", "cyclonedx"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    hashes = {one["name"]: one.get("hashes", [{}])[0].get("content") for one in document["components"]}
    (horovod,) = (digest.removeprefix("sha256:") for digest in HOROVOD_HASHES)
    assert hashes == {
        "python": None,
        "openmpi": None,
        "numpy": "1" * 64,
        "tensorflow-cpu": "2" * 64,
        "cmake": "3" * 64,
        "horovod": horovod,
    }
    references = [one["bom-ref"] for one in document["components"]]
    assert len(references) == len(set(references))
    assert "pkg:pypi/numpy@1.26.4" in references


def test_the_bill_of_a_lock_names_packages_as_that_of_its_run_does(
    manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lock", TRAIN, "--export", "cyclonedx"]) == 0
    of_lock = json.loads(capsys.readouterr().out)["components"]
    lock = read_lock((manifest.parent / LOCK).read_bytes(), LOCK).lock
    assert lock is not None
    ran = replace(ORIGIN, environment=to_json(environment_lock(lock.environment)))
    of_run = json.loads(unsigned(a_material(origin=ran))["bom.cdx.json"])["components"]
    assert of_lock == [component for component in of_run if component["type"] == "library"]


def test_a_lock_that_was_changed_is_not_exported(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited(LOCK, "1111111111", "1111111112")(manifest.parent)
    assert main(["lock", TRAIN, "--export", "requirements"]) == 11
    (manifest.parent / LOCK).unlink()
    assert main(["lock", TRAIN, "--export", "cyclonedx"]) == 11
    assert "is not locked" in capsys.readouterr().err


def test_gone_names_the_package(manifest: Path) -> None:
    lock = read_lock((manifest.parent / LOCK).read_bytes(), LOCK).lock
    assert lock is not None
    with pytest.raises(exports.Gone, match="numpy"):
        exports.pylock(lock, {})


UV = """\
[[packages]]
name = "docopt"
version = "0.6.2"
sdist = { url = "https://index.example/a/docopt-0.6.2.tar.gz", upload-time = 2014-06-16T11:18:57Z, size = 25901, hashes = { sha256 = "%s" } }

[[packages]]
name = "Some.Name"
version = "1.0"
wheels = [{ url = "https://index.example/b/some%%2Bname-1.0-py3-none-any.whl", hashes = { md5 = "00" } }]
""" % ("a" * 64)  # noqa: E501  a text of uv's


def test_what_uv_writes_is_read() -> None:
    url = "https://index.example/a/docopt-0.6.2.tar.gz"
    assert read_pylock(UV) == {
        "docopt": (PackageFile("docopt", "0.6.2", "docopt-0.6.2.tar.gz", url, 25901, "a" * 64),),
        "some-name": (
            PackageFile(
                "some-name",
                "1.0",
                "some+name-1.0-py3-none-any.whl",
                "https://index.example/b/some%2Bname-1.0-py3-none-any.whl",
                None,
                None,
            ),
        ),
    }
