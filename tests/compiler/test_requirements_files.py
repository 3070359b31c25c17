"""A requirements file means here what it means to pip, or its line says what to write: by a sentence each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.manifests import checked, codes
from tfinfra.compiler.load import load_project
from tfinfra.compiler.packages.requirements_file import read_lines
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.compiler.resolved import resolved_text
from tfinfra.errors import Diagnostic, ManifestError, Severity
from tfinfra.model import PackageSources

FILE = "pip_requirements_file: requirements.txt\n"
HASH = f"--hash=sha256:{'0' * 64}"

SAID: dict[str, tuple[str, str, list[tuple[str, int]]]] = {
    "plain requirements": ("numpy\n\n# why\npandas>=2,<3  # frames\n", "", []),
    "a line that goes on": ("pandas \\\n  ==2.2 \\\n# no more\nnumpy\n", "", []),
    "hashes as pip-compile writes them": (f"six==1.16.0 \\\n    {HASH} \\\n    {HASH}\n    # via x\n", "", []),
    "a TensorFlow that framework_version meets": ("numpy\ntensorflow>=2.12\n", "", [("TFI313", 2)]),
    "by another package's name, with an extra": ("tensorflow-gpu[and-cuda]~=2.15.0\n", "", [("TFI313", 1)]),
    "one that it does not meet": ("tensorflow<2\ntensorflow==2.16.1\n", "", [("TFI324", 1), ("TFI324", 2)]),
    "one of another time and of another platform": (
        "tensorflow==1.13; python_version < '3.5'\ntensorflow-macos==2.12; os_name == 'nt'\n",
        "",
        [],
    ),
    "another build of it": ("tf-nightly\n", "", [("TFI324", 1)]),
    "a Horovod that is met": (
        "horovod[tensorflow]>=0.21\n",
        "distributed_backend: mpi\n",
        [("TFI313", 1), ("TFI506", 1)],
    ),
    "another Horovod": ("horovod==0.21.3\n", "", [("TFI324", 1)]),
    "Horovod for PyTorch": ("horovod[pytorch]\n", "", [("TFI324", 1)]),
    "options that every lock keeps": ("--pre\n--prefer-binary\n--only-binary=:all:\nnumpy\n", "", []),
    "PyPI itself": ("-i https://pypi.org/simple/\n--extra-index-url https://pypi.org/simple\nnumpy\n", "", []),
    "what the target says too": (
        "--index-url https://a.example/simple\n-f https://b.example/wheels.html\n",
        "compute_target: {cloud: local, index_url: 'https://a.example/simple/',"
        " find_links: ['https://b.example/wheels.html']}\n",
        [],
    ),
    "two options on a line": ("-i https://a.example/simple -f https://a.example/\n", "", [("TFI326", 1)] * 2),
    "options without effect": (
        "--trusted-host pypi.org\n--use-feature=2020-resolver\nnumpy\n",
        "",
        [("TFI331", 1), ("TFI331", 2)],
    ),
    "an index with a password": ("--extra-index-url https://u:p@a.example/simple\n", "", [("TFI660", 1)]),
    "a repository with a token": ("x @ git+https://t@a.example/o/x.git\n", "", [("TFI660", 1)]),
    "a build that source_builds allows": ("--no-binary six,numpy\n", "source_builds: [six, numpy]\n", []),
    "one that it does not": ("--no-binary six\n", "source_builds: [numpy]\n", [("TFI319", 1)]),
    "a wheel of what it builds": ("--only-binary six\n", "source_builds: [six]\n", [("TFI319", 1)]),
    "an option for a build": ("six --global-option=x\n", "", [("TFI318", 1)]),
    "what pip freeze writes of a repository": (
        "-e git+https://a.example/o/x.git@1f5#egg=my_x&subdirectory=y\n",
        "source_builds: [my-x]\n",
        [],
    ),
    "a project of this machine": ("-e .\n.[dev]\n", "", [("TFI318", 1), ("TFI318", 2)]),
    "what conda's packages were built from": ("numpy @ file:///croot/numpy_17/work/dist/n.whl\n", "", [("TFI318", 1)]),
    "a hash without a version": (
        f"six {HASH}\nsix>=1 {HASH}\nsix==1.* {HASH}\n",
        "",
        [("TFI328", n) for n in (1, 2, 3)],
    ),
    "what is no hash": ("six==1 --hash=md5:00\nsix==1 --hash=sha256:00\n", "", [("TFI328", 1), ("TFI328", 2)]),
    "a hash that another file was to have": (
        f"--require-hashes\nsix==1.16.0 {HASH}\nnumpy==1.26.4\n",
        "",
        [("TFI328", 3)],
    ),
    "hashes of Horovod's that are not its own": (f"horovod==0.28.1 {HASH}\n", "", [("TFI328", 1)]),
    "a file of constraints elsewhere": ("-c https://a.example/c.txt\n", "", [("TFI325", 1)]),
    "a file that names itself": ("-r requirements.txt\n", "", [("TFI325", 1)]),
    "a file outside": ("-r ../other.txt\n", "", [("TFI325", 1)]),
    "slips of the pen": (
        "numpy;\nnumpy=1\nnumpy>=1 <2\nnumpy\N{NO-BREAK SPACE}\n",
        "",
        [("TFI318", n) for n in (1, 2, 3)],
    ),
    "no blank": ("numpy\N{NO-BREAK SPACE}>=1\n", "", [("TFI318", 1)]),
    "the table of pip list": ("Package    Version\n---------- -------\nnumpy      1.26.4\n", "", [("TFI309", 1)]),
    "a script": ("import os\nprint(1)\n", "", [("TFI309", 1)]),
    "a message of pip's, quotes, a path of Windows": (
        "WARNING: there is a new pip\n'numpy'\nC:\\x\\y.whl\n",
        "",
        [("TFI318", n) for n in (1, 2, 3)],
    ),
    "a last line that was to go on": ("numpy \\", "", []),
    "a pyproject.toml": ("[project]\nname = 'x'\ndependencies = ['numpy']\n", "", [("TFI309", 1)]),
    "an environment.yml": ("name: x\ndependencies:\n  - numpy\n", "", [("TFI309", 2)]),
    "an export of conda's": ("# platform: linux-64\nnumpy=1.26.4=py311h_0\n", "", [("TFI309", 2)]),
    "a merge that nobody ended": ("numpy\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n", "", [("TFI309", 2)]),
}


def diagnostics(folder: Path, more: str) -> tuple[Diagnostic, ...]:
    try:
        return checked(folder, FILE + more).diagnostics
    except ManifestError as error:
        return error.diagnostics


def places(found: Diagnostic) -> tuple[str, str, int]:
    assert found.position is not None
    return found.code, Path(found.position.file).name, found.position.line


@pytest.mark.parametrize("sentence", SAID)
def test_what_is_said_of_the_lines(sentence: str, tmp_path: Path) -> None:
    text, more, expected = SAID[sentence]
    (tmp_path / "requirements.txt").write_text(text, "utf-8")
    found = diagnostics(tmp_path, more)
    assert [(d.code, d.position.line if d.position else 0) for d in found] == expected
    assert all(d.hint for d in found if d.is_error)
    assert not any("u:p" in f"{d.message}{d.hint}{d.position}" for d in found)


def test_a_requirement_that_is_met_stops_nothing_and_reaches_no_lock_in_another_form(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("tensorflow>=2.12\nhorovod>=0.21\nnumpy\n")
    found = checked(tmp_path, FILE)
    assert [d.severity for d in found.diagnostics] == [Severity.NOTICE, Severity.NOTICE]
    assert found.plan.requirements.pip == ("tensorflow>=2.12", "horovod>=0.21", "numpy")


def test_the_line_of_framework_version_and_a_version_to_write_are_named(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("tensorflow==2.16.1\n")
    (found,) = diagnostics(tmp_path, "framework_version: 2.15.1\n")
    assert "contradicts framework_version 2.15.1 (line 3)" in found.message
    assert "framework_version: 2.16.1" in str(found.hint)


def test_files_that_a_file_names_are_read_relative_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "requirements"
    folder.mkdir()
    (tmp_path / "requirements.txt").write_text("-r requirements/base.txt\n--pre\nrich\n")
    (folder / "base.txt").write_text("-c limits.txt\n--requirement=more.txt\nnumpy\n")
    (folder / "more.txt").write_text("pandas==2.2.0\n")
    (folder / "limits.txt").write_text("six<2\ntensorflow>=2.12\n")
    wanted = checked(tmp_path, FILE).plan.requirements
    assert wanted.pip == ("pandas==2.2.0", "numpy", "rich")
    assert wanted.constraints == ("six<2", "tensorflow>=2.12")
    assert wanted.prereleases


def test_a_fault_of_a_named_file_stands_there(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-r base.txt\n-c limits.txt\n")
    (tmp_path / "base.txt").write_text("numpy\nnumpy=1\n")
    (tmp_path / "limits.txt").write_text("tensorflow<2\n")
    found = diagnostics(tmp_path, "")
    assert [places(d) for d in found] == [("TFI318", "base.txt", 2), ("TFI324", "limits.txt", 1)]


def test_files_that_name_one_another_in_a_ring_end(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-r a.txt\n-r b.txt\n")
    (tmp_path / "a.txt").write_text("-r b.txt\nnumpy\n")
    (tmp_path / "b.txt").write_text("-r a.txt\nsix\n")
    (found,) = diagnostics(tmp_path, "")
    assert places(found) == ("TFI325", "b.txt", 1)


def test_an_environment_file_may_name_a_requirements_file(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text("dependencies:\n- pip:\n  - -r more.txt\n  - rich\n")
    (tmp_path / "more.txt").write_text("pandas\ntensorflow>=2\n")
    found = checked(tmp_path, "conda_dependencies_file: environment.yml\n")
    assert found.plan.requirements.pip == ("pandas", "tensorflow>=2", "rich")
    assert [places(d) for d in found.diagnostics] == [("TFI313", "more.txt", 2)]


def test_a_file_among_the_packages_leads_to_its_key(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        checked(tmp_path, "pip_packages: [-r requirements.txt]\n")
    assert caught.value.hint == "write `pip_requirements_file: requirements.txt`"


TEXT = "numpy\npandas\n"
ENCODINGS: dict[str, tuple[bytes, str, int]] = {
    "UTF-8": (TEXT.encode(), "", 0),
    "with a mark": (TEXT.encode("utf-8-sig"), "", 0),
    "Windows' and old line ends": (b"numpy\r\npandas\r", "", 0),
    "UTF-16, as PowerShell writes it": (TEXT.encode("utf-16"), "TFI327", 1),
    "UTF-32": (TEXT.encode("utf-32"), "TFI327", 1),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), "TFI309", 1),
    "Latin-1": (b"numpy\n# caf\xe9\n", "TFI309", 2),
    "Latin-1 that says so": (b"# -*- coding: latin-1 -*-\nnumpy\npandas # caf\xe9\n", "", 0),
    "an encoding that nobody knows": (b"#\n# coding: nonesuch\nnumpy\n", "TFI309", 2),
    "a NUL": (b"numpy\npan\0das\n", "TFI309", 2),
}


@pytest.mark.parametrize("sentence", ENCODINGS)
@pytest.mark.parametrize("key", ["pip_requirements_file", "conda_dependencies_file"])
def test_an_encoding_is_read_or_called_one(sentence: str, key: str, tmp_path: Path) -> None:
    data, code, line = ENCODINGS[sentence]
    if key == "conda_dependencies_file":
        data = data.replace(b"numpy", b"dependencies: []", 1) if b"numpy" in data else b""
    (tmp_path / "requirements.txt").write_bytes(data or ENCODINGS["UTF-16, as PowerShell writes it"][0])
    try:
        found = checked(tmp_path, f"{key}: requirements.txt\n").diagnostics
    except ManifestError as error:
        found = error.diagnostics
    if key == "conda_dependencies_file":
        assert not any(d.code == "TFI309" for d in found)
        return
    assert [(d.code, d.position.line if d.position else 0) for d in found] == ([(code, line)] if code else [])
    if code == "TFI309":
        assert "UTF-8" in found[0].message or "encoding" in found[0].message


def test_lines_are_read_as_pip_reads_them() -> None:
    lines = read_lines("a==1 \\\n --hash=sha256:0 --hash sha256:1 # c\n-rx.txt\n--req=y\n'q' --pre\nb #c\\\nd\n-r 'z\n")
    assert [(line.number, line.requirement, dict(line.options)) for line in lines] == [
        (1, "a==1", {"--hash": ("sha256:0", "sha256:1")}),
        (3, "", {"--requirement": ("x.txt",)}),
        (4, "", {}),
        (5, "'q'", {"--pre": ("",)}),
        (6, "b", {}),
        (8, "", {}),
    ]
    assert [line.number for line in lines if line.fault] == [4, 8]


TARGETS: dict[str, tuple[str, list[str]]] = {
    "an index, others and pages": (
        "index_url: https://a.example/simple\n  extra_index_urls: [https://b.example/simple]\n"
        "  find_links: [https://c.example/wheels.html]\n",
        [],
    ),
    "an index of this machine": ("index_url: http://localhost:3141/root/+simple\n", ["TFI330"]),
    "pages of it": ("find_links: [https://a.example/w.html, 'http://127.0.0.1:8000/']\n", ["TFI330"]),
    "a server that could be anybody's": ("index_url: http://a.example/simple\n", ["TFI206"]),
    "a folder": ("find_links: [./wheels]\n", ["TFI206"]),
    "a password": ("index_url: https://u:p@a.example/simple\n", ["TFI660"]),
    "a token in a list": ("extra_index_urls: ['https://t@a.example/simple']\n", ["TFI660"]),
}


@pytest.mark.parametrize(
    ("line", "version"),
    {"==2.15": "2.15.0", "!=2.15.1": "2.15.0", ">=2.16,<2.18": "2.16.2", "==2.18.*": "2.18.1"}.items(),
)
def test_the_version_to_write_meets_the_line(line: str, version: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(f"tensorflow{line}\n")
    (found,) = diagnostics(tmp_path, "")
    assert found.hint == f"write framework_version: {version}, or change this line"
    assert [d.code for d in diagnostics(tmp_path, f"framework_version: {version}\n")] == ["TFI313"]


@pytest.mark.parametrize("sentence", TARGETS)
def test_where_packages_come_from_is_the_targets(sentence: str, tmp_path: Path) -> None:
    keys, expected = TARGETS[sentence]
    target = f"  cloud: azure\n  vm_size: Standard_D8s_v5\n  {keys}"
    inline = f"compute_target:\n{target}"
    (tmp_path / "named").mkdir()
    (tmp_path / "named/compute_targets.yaml").write_text(f"cpu:\n{target}")
    for folder, text in ((tmp_path, inline), (tmp_path / "named", "compute_target: cpu\n")):
        assert codes(folder, text) == expected
    if not expected:
        found = checked(tmp_path, inline)
        assert found.plan.requirements.sources == PackageSources(
            "https://a.example/simple", ("https://b.example/simple",), ("https://c.example/wheels.html",)
        )
        (tmp_path / "again.yaml").write_text(resolved_text(found.manifest, found.spec))
        assert check_manifest(load_project(tmp_path / "again.yaml")).plan.requirements == found.plan.requirements
