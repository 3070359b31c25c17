"""A wheel that was compiled twice is the same file."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from tfinfra.environment.proof.package_files import record_deviations
from tfinfra.environment.proof.packages import installed_packages
from tfinfra.environment.proof.tree import read_tree
from tfinfra.environment.same_bytes.wheel_file import note_of, write_anew

INFO = "horovod-0.28.1.dist-info"
MEMBERS = {
    "horovod/__init__.py": (b"x = 1\n", 0o644),
    "horovod/lib, a.so": (b"\0", 0o755),
    "horovod-0.28.1.data/scripts/horovodrun": (b"#!python\n", 0o777),
    f"{INFO}/METADATA": (b"Name: horovod\n", 0o600),
    f"{INFO}/RECORD": (b"nothing that is true\n", 0o664),
}


def _wheel(path: Path, names: Sequence[str], year: int) -> Path:
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("horovod/", b"")
        for name in names:
            info = zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0))
            content, mode = MEMBERS[name]
            info.external_attr = (0o100000 | mode) << 16
            wheel.writestr(info, content)
    return path


def test_order_time_and_umask_leave_no_trace(tmp_path: Path) -> None:
    first = _wheel(tmp_path / "a/horovod-0.28.1-cp311-cp311-linux_x86_64.whl", list(MEMBERS), 2020)
    second = _wheel(tmp_path / "b/horovod-0.28.1-cp311-cp311-linux_x86_64.whl", list(MEMBERS)[::-1], 2026)
    for wheel in (first, second):
        write_anew(wheel, "g++ 12.2.0")
    assert first.read_bytes() == second.read_bytes()
    assert list(first.parent.iterdir()) == [first]


def test_it_lists_its_files_and_says_what_compiled_it(tmp_path: Path) -> None:
    wheel = _wheel(tmp_path / "a/horovod-0.28.1-cp311-cp311-linux_x86_64.whl", list(MEMBERS), 2020)
    write_anew(wheel, "g++ 12.2.0")
    environment = tmp_path / "environment"
    site = environment / "lib/python3.11/site-packages"
    with zipfile.ZipFile(wheel) as made:
        made.extractall(site)
        modes = {info.filename: info.external_attr >> 16 for info in made.infolist()}
    packages = installed_packages(environment)
    assert [package.name for package in packages] == ["horovod"]
    assert record_deviations(packages, read_tree(environment)) == ()
    assert note_of(environment, "horovod") == "g++ 12.2.0"
    assert note_of(environment, "other") == ""
    assert modes["horovod/lib, a.so"] == modes["horovod-0.28.1.data/scripts/horovodrun"] == 0o100755
    assert modes["horovod/__init__.py"] == modes[f"{INFO}/METADATA"] == 0o100644
