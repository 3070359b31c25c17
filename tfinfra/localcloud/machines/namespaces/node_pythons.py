"""Where the Pythons are installed that a machine needs, read from files: nothing of the host's is run to know it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from tfinfra.localcloud.machines.interface import Mount

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""A machine's own."""
_HOME = re.compile(r"^\s*home\s*=\s*(.+?)\s*$", re.MULTILINE)


def needed(mounts: Iterable[Mount], path: str = PATH) -> frozenset[Path]:
    """The base prefixes (sys.base_prefix, sys.base_exec_prefix) of the `python3` of `path`, and of the environments
    in what is mounted for reading."""
    pythons = [Path(found)] if (found := shutil.which("python3", path=path)) else []
    for mount in mounts:
        if mount.read_only:
            pythons += [*mount.folder.glob("bin/python"), *mount.folder.glob("*/bin/python")]
    return frozenset(prefix for python in pythons for prefix in prefixes(python))


def prefixes(python: Path) -> Iterator[Path]:
    """The nearest folders above an interpreter that hold its standard library, as Python itself finds them
    (docs.python.org, "The initialization of the sys.path module search path"): above its file, above what that leads
    to, and above the home that a virtual environment names. Links are followed. None where it is no interpreter but a
    script, as a version manager's shim is."""
    programs = {python, python.resolve()}
    for settings in (python.parent / "pyvenv.cfg", python.parent.parent / "pyvenv.cfg"):
        if settings.is_file() and (named := _HOME.search(settings.read_text("utf-8", errors="replace"))):
            base = Path(named[1]) / python.name
            programs |= {base, base.resolve()}
    for program in programs:
        above = program.parent.resolve().parents
        yield from islice((folder for folder in above if any(libraries(folder))), 1)


def libraries(prefix: Path) -> Iterator[Path]:
    """The folders of the standard library, and of its extension modules, in `prefix`."""
    for folder in (path for lib in ("lib", "lib64") for path in (prefix / lib).glob("python3.*")):
        if (folder / "os.py").is_file() or (folder / "lib-dynload").is_dir():
            yield folder
