"""Which modules a folder of packages holds, for folders as installers leave them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tfinfra.environment.installed_modules import installed_modules, modules_of


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Packages with a RECORD, one without, and what .pth files add."""
    site = tmp_path / "lib/python3.11/site-packages"
    records = {
        "scikit_learn-1.0": ["sklearn/__init__.py", "sklearn/svm/__init__.py", "../../bin/tool.py"],
        "six-1.0": ["six.py", "six-1.0.dist-info/METADATA"],
        "cv-1.0": ["cv2/__init__.py", "_fast.cpython-311-x86_64-linux-gnu.so"],
        "protobuf-1.0": ["google/protobuf/__init__.py", '"google/odd,name.py"'],
        "storage-1.0": ["google/cloud/storage/__init__.py"],
    }
    for name, files in records.items():
        (site / f"{name}.dist-info").mkdir(parents=True)
        (site / f"{name}.dist-info/RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in files))
    (site / "of_conda").mkdir()
    (site / "of_conda/__init__.py").touch()
    (site / "lone.abi3.so").touch()
    (site / "more").mkdir()
    (site / "more/added.py").touch()
    (site / "paths.pth").write_text("# a comment\nmore\nimport os; enabled and __import__('_distutils_hack')\n")
    return site


@pytest.mark.parametrize(
    "name",
    [
        *("sklearn", "sklearn.svm", "sklearn.made_at_run_time", "six", "six.moves.urllib", "cv2", "_fast", "lone"),
        *("google", "google.protobuf.message", "google.cloud", "google.cloud.storage.blob", "of_conda.x", "added"),
    ],
)
def test_what_is_there(site: Path, name: str) -> None:
    assert modules_of([site]).has(name) is True


@pytest.mark.parametrize(
    "name", ["pandas", "google.cloud.bigquery", "google.colab", "tool", "scikit_learn", "a" * 300, "of_conda_not"]
)
def test_what_is_not(site: Path, name: str) -> None:
    assert modules_of([site]).has(name) is False


def test_what_was_read_is_known_without_its_folder(site: Path) -> None:
    found = modules_of([site]).read()
    shutil.rmtree(site)
    assert (found.has("sklearn.svm"), found.has("six"), found.has("pandas")) == (True, True, False)


def test_for_a_package_with_a_folder_no_list_is_read(site: Path) -> None:
    (site / "six-1.0.dist-info/RECORD").unlink()
    (site / "six-1.0.dist-info/RECORD").mkdir()  # a RECORD that nobody can read
    found = modules_of([site])
    assert found.has("of_conda") is True
    with pytest.raises(IsADirectoryError):
        found.has("six")


def test_nothing_is_certain_where_a_package_brings_an_importer_of_its_own(site: Path) -> None:
    (site / "__editable__.pth").write_text("import __editable___mine_finder; __editable___mine_finder.install()\n")
    found = modules_of([site])
    assert found.has("six") is True
    assert found.has("pandas") is None


def test_an_environment_is_found_by_its_folder(site: Path, tmp_path: Path) -> None:
    found = installed_modules(tmp_path)
    assert found is not None
    assert found.has("sklearn") is True
    assert installed_modules(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        *(("plain.nosuch", "plain.nosuch"), ("plain.part.nosuch.x", "plain.part.nosuch"), ("plain.part", None)),
        *(("plain.fast", None), ("plain.made", None), ("plain._x", None), ("open.nosuch", None), ("plain", None)),
        *(("plain.data.x", None), ("six.moves", None), ("google.nosuch", None), ("pandas.x", None)),
        ("starred.nosuch", "starred.nosuch"),
    ],
)
def test_what_an_ordinary_package_lacks(site: Path, name: str, lacking: str | None) -> None:
    files = {
        "plain/__init__.py": "",
        "plain/part/__init__.py": "",
        "plain/fast.cpython-311-x86_64-linux-gnu.so": "",
        "plain/data/x.txt": "",
        "plain/deep.py": "sys.modules['plain.made'] = x",
        "starred/__init__.py": "from .core import *",
        "open/__init__.py": "__path__.append('elsewhere')",
    }
    for file, text in files.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(text)
    (site / "plain-1.0.dist-info").mkdir()
    (site / "plain-1.0.dist-info/RECORD").write_text("".join(f"{file},,\n" for file in files))
    assert modules_of([site]).lacks(name) == lacking
