"""Bytecode and Python's record of its own build name a path that is the same for everybody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

from tests.environment.proof.support import SITE
from tfinfra.environment.proof.tree import read_tree
from tfinfra.environment.same_bytes.compiled_path import compile_modules, compiled_path, name_in_sysconfig
from tfinfra.environment.uv.tools import Tools

NAME = compiled_path("k" * 20) / "lib"
SOURCE = 'def where():\n    return where.__code__.co_filename\n\nNAMES = frozenset({"a", "b", "c", "d"})\n'


def _compiled(folder: Path, moment: float) -> Path:
    site = folder / SITE
    site.mkdir(parents=True)
    for name in ("one.py", "two.py"):
        (site / name).write_text(SOURCE)
        os.utime(site / name, (moment, moment))
    (site / "broken.py").write_text("print 'x'\n")
    compile_modules(Tools("uv", folder / "log/build"), Path(sys.executable), folder / "lib", NAME)
    return folder


def test_two_builds_at_other_paths_and_times_hold_the_same_bytes(tmp_path: Path) -> None:
    first = _compiled(tmp_path / "a", 1e9)
    second = _compiled(tmp_path / "b/with/a/longer/path", 1.5e9)
    assert read_tree(first / "lib") == read_tree(second / "lib")
    bytecode = [path.name.split(".")[0] for path in (first / "lib").rglob("*.pyc")]
    assert sorted(bytecode) == ["one", "two"], "a module of broken syntax leaves the others compiled"


def test_a_module_knows_where_it_really_is(tmp_path: Path) -> None:
    site = _compiled(tmp_path / "a", 1e9) / SITE
    code = f"import sys; sys.path.insert(0, {str(site)!r}); import one; print(one.where(), one.__cached__)"
    done = subprocess.run([sys.executable, "-I", "-B", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == str(site / "one.py")
    assert str(NAME).encode() in Path(done.stdout.split()[1]).read_bytes()


def test_a_source_that_is_changed_later_is_what_runs(tmp_path: Path) -> None:
    site = _compiled(tmp_path / "a", 1e9) / SITE
    (site / "one.py").write_text(SOURCE.replace('"a"', '"z"'))
    os.utime(site / "one.py", (1e9, 1e9))
    code = f"import sys; sys.path.insert(0, {str(site)!r}); import one; print('z' in one.NAMES)"
    done = subprocess.run([sys.executable, "-I", "-B", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_pythons_record_of_its_build_names_neither_its_folder_nor_the_one_it_was_built_for(tmp_path: Path) -> None:
    library = tmp_path / "python3.11"
    library.mkdir()
    record = library / "_sysconfigdata__linux_x86_64-linux-gnu.py"
    record.write_text(
        "build_time_vars = {'LIBDIR': '/home/ann/py/lib', 'prefix': '/home/ann/py',\n"
        " 'BINDIR': '/opt/moved/py/bin', 'OTHER': '/home/ann/pypy', 'FLAGS': '-I/home/ann/py/include -O2'}\n"
    )
    name_in_sysconfig(library, Path("/opt/moved/py"), PurePosixPath("/tfinfra/p"))
    assert record.read_text() == (
        "build_time_vars = {'LIBDIR': '/tfinfra/p/lib', 'prefix': '/tfinfra/p',\n"
        " 'BINDIR': '/tfinfra/p/bin', 'OTHER': '/home/ann/pypy', 'FLAGS': '-I/tfinfra/p/include -O2'}\n"
    )
