"""Each package's RECORD against its files, and the files that no package lists."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.environment.proof.support import SITE, environment_in, install
from tfinfra.environment.proof.deviation import Deviation
from tfinfra.environment.proof.package_files import foreign_files, record_deviations
from tfinfra.environment.proof.packages import installed_packages, site_folders
from tfinfra.environment.proof.tree import read_tree


def looked_over(environment: Path) -> list[tuple[str, str, str]]:
    """(kind, path, package) of all that is wrong."""
    return [(d.kind.value, d.path.removeprefix(f"{SITE}/"), d.package) for d in all_of(environment)]


def all_of(environment: Path) -> tuple[Deviation, ...]:
    tree, packages = read_tree(environment), installed_packages(environment)
    return (*record_deviations(packages, tree), *foreign_files(packages, tree, site_folders(environment)))


def test_an_environment_as_it_was_installed_has_no_fault(tmp_path: Path) -> None:
    assert looked_over(environment_in(tmp_path)) == []


def _write(path: str, content: bytes = b"import os\n") -> Callable[[Path], object]:
    def act(environment: Path) -> None:
        (environment / path).parent.mkdir(parents=True, exist_ok=True)
        (environment / path).unlink(missing_ok=True)
        (environment / path).write_bytes(content)

    return act


def _link(path: str) -> Callable[[Path], object]:
    def act(environment: Path) -> None:
        content = environment / "elsewhere"
        content.write_bytes((environment / path).read_bytes())
        (environment / path).unlink()
        (environment / path).symlink_to(content)

    return act


def _record(old: str, new: str) -> Callable[[Path], object]:
    def act(environment: Path) -> None:
        record = environment / SITE / "alpha-1.0.dist-info/RECORD"
        record.write_text(record.read_text().replace(old, new))

    return act


_OF_ALPHA = "alpha-1.0.dist-info/RECORD"
TAMPERINGS: dict[str, tuple[Callable[[Path], object], list[tuple[str, str, str]]]] = {
    "a module is changed": (_write(f"{SITE}/alpha/__init__.py"), [("changed", "alpha/__init__.py", "alpha")]),
    "a program is changed": (_write("bin/beta"), [("changed", "bin/beta", "beta-one")]),
    "a module becomes a link to the same bytes": (_link(f"{SITE}/beta.py"), [("changed", "beta.py", "beta-one")]),
    "a file is gone": (
        lambda environment: (environment / SITE / "alpha/a, b.txt").unlink(),
        [("missing", "alpha/a, b.txt", "alpha")],
    ),
    "a .pth file is added": (_write(f"{SITE}/evil.pth"), [("foreign", "evil.pth", "")]),
    "sitecustomize is added": (_write(f"{SITE}/sitecustomize.py"), [("foreign", "sitecustomize.py", "")]),
    "sitecustomize is added as a package": (
        _write(f"{SITE}/sitecustomize/__init__.py"),
        [("foreign", "sitecustomize/__init__.py", "")],
    ),
    "a module is added to a package": (_write(f"{SITE}/alpha/more.py"), [("foreign", "alpha/more.py", "")]),
    "bytecode without a module is added": (
        _write(f"{SITE}/alpha/__pycache__/more.cpython-311.pyc"),
        [("foreign", "alpha/__pycache__/more.cpython-311.pyc", "")],
    ),
    "bytecode is put where a module would be": (_write(f"{SITE}/gamma.pyc"), [("foreign", "gamma.pyc", "")]),
    "a folder of modules becomes a link": (
        lambda environment: (environment / SITE / "more").symlink_to("/tmp"),
        [("foreign", "more", "")],
    ),
    "a file that two packages have is changed": (
        _write(f"{SITE}/nvidia/__init__.py"),
        [("changed", "nvidia/__init__.py", "alpha")],
    ),
    "a list has no digests of a known kind": (_record("sha256=", "md5="), [("unverifiable", _OF_ALPHA, "alpha")]),
    "a list has a digest that is none": (_record("sha256=", "sha256=*"), [("unverifiable", _OF_ALPHA, "alpha")]),
    "a list names a file outside": (
        _record('"alpha/a, b.txt"', "../../../../other"),
        [("foreign", "../other", "alpha"), ("foreign", "alpha/a, b.txt", "")],
    ),
}


@pytest.mark.parametrize(("tamper", "expected"), TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_what_is_not_as_it_was_installed_is_found(
    tmp_path: Path, tamper: Callable[[Path], object], expected: list[tuple[str, str, str]]
) -> None:
    environment = environment_in(tmp_path)
    tamper(environment)
    found = looked_over(environment)
    if expected[0][0] == "unverifiable":  # then nobody lists the package's files
        found = [each for each in found if each[0] != "foreign"]
    assert found == expected


def test_a_package_without_its_list_is_unverifiable_and_its_files_are_nobodys(tmp_path: Path) -> None:
    environment = environment_in(tmp_path)
    (environment / SITE / _OF_ALPHA).unlink()
    found = looked_over(environment)
    assert found[0] == ("unverifiable", _OF_ALPHA, "alpha")
    assert ("foreign", "alpha/__init__.py", "") in found


def test_two_packages_that_list_a_file_with_other_bytes_are_no_fault(tmp_path: Path) -> None:
    environment = environment_in(tmp_path)
    install(environment, "gamma", {"nvidia/__init__.py": b"# other\n"})
    assert looked_over(environment) == []


def test_bytecode_that_a_wheel_brought_and_the_build_made_anew_is_no_fault(tmp_path: Path) -> None:
    environment = environment_in(tmp_path)
    install(environment, "gamma", {"gamma.py": b"x = 1\n", "__pycache__/gamma.cpython-311.pyc": b"the wheel's"})
    (environment / SITE / "__pycache__/gamma.cpython-311.pyc").write_bytes(b"the build's")
    assert looked_over(environment) == []


def test_what_conda_installed_is_held_against_condas_list(tmp_path: Path) -> None:
    environment = environment_in(tmp_path)
    record = install(environment, "delta", {"delta.py": b"z = 3\n"})
    record.write_text(record.read_text().replace("sha256=", "sha256=A"))  # of the machine that made the package
    site = environment / SITE
    names = ["delta.py", "delta-1.0.dist-info/METADATA", "delta-1.0.dist-info/RECORD"]
    digests = {name: entry.sha256 for name, entry in read_tree(site).entries.items()}
    paths = [{"_path": f"{SITE}/{name}", "path_type": "hardlink", "sha256": digests[name]} for name in names]
    meta = environment / "conda-meta/delta-1.0-0.json"
    meta.parent.mkdir()
    meta.write_text(json.dumps({"name": "delta", "files": [p["_path"] for p in paths], "paths_data": {"paths": paths}}))
    assert looked_over(environment) == []
    (site / "delta.py").write_text("z = 4\n")
    assert looked_over(environment) == [("changed", "delta.py", "delta")]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_one_byte_of_a_listed_file_that_is_changed_is_found(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory(prefix="tfinfra-records-") as folder:
        environment = environment_in(Path(folder))
        listed = sorted(f.path for package in installed_packages(environment) for f in package.files if f.digest)
        path = environment / data.draw(st.sampled_from(listed))
        content = bytearray(path.read_bytes() or b"\0")
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        path.write_bytes(bytes(content) if path.stat().st_size else b"\1")
        assert [(d.kind.value, environment / d.path) for d in all_of(environment)] == [("changed", path)]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["", "alpha/", "alpha-1.0.dist-info/", "nvidia/", "__pycache__/"]),
    st.sampled_from(
        ["x.py", "x.pth", "x.so", "x.pyc", "x.cpython-311.pyc", "sitecustomize.pyc", "usercustomize.py", ".hidden"]
    ),
)
def test_any_file_that_no_package_lists_is_found(folder_name: str, name: str) -> None:
    with tempfile.TemporaryDirectory(prefix="tfinfra-records-") as folder:
        environment = environment_in(Path(folder))
        _write(f"{SITE}/{folder_name}{name}")(environment)
        assert looked_over(environment) == [("foreign", f"{folder_name}{name}", "")]
