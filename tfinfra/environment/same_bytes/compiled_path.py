"""The path that an environment's files name instead of the one that they lie at: so that two builds of one lock hold
the same bytes, whoever built them and where. Nothing is ever there. Python puts a module's real path in the place of
the compiled one when it loads the module."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from tfinfra.environment.uv.tools import Tools

_ROOT = PurePosixPath("/tfinfra/environments")
# Hashes of the source instead of its time. Python reads them at each import: a source that was changed afterwards is
# compiled again, as it is with times.
_COMPILE = """
import compileall, py_compile, sys
mode = py_compile.PycInvalidationMode.CHECKED_HASH
folder, name = sys.argv[1:]
compileall.compile_dir(folder, ddir=name, quiet=1, force=True, workers=0, invalidation_mode=mode)
"""
_DATA_OF_SYSCONFIG = ("_sysconfigdata_*.py", "_sysconfig_vars_*.json", "build-details.json")


def compiled_path(key: str) -> PurePosixPath:
    """That of the lock with this key."""
    return _ROOT / key


def compile_modules(tools: Tools, program: Path, folder: Path, name: PurePosixPath) -> None:
    """Bytecode for all modules below `folder`, which it calls `name`. One that does not compile is left: Python's own
    tests and many packages bring files of another version or of broken syntax, which nobody imports."""
    # Before Python 3.11, the order of a set in bytecode is that of hashes.
    variables = {"PYTHONHASHSEED": "0", "PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1"}
    # Without `site` no .pth file and no sitecustomize of what was installed runs.
    tools.run([program, "-S", "-c", _COMPILE, folder, str(name)], "compiling modules", **variables)


def name_in_sysconfig(library: Path, prefix: Path, name: PurePosixPath) -> None:
    """Puts `name` in the place of the prefix that Python's own record of its build holds, in the standard library
    `library`: the one that it was built for, and `prefix`, where it was installed."""
    for path in (path for pattern in _DATA_OF_SYSCONFIG for path in library.glob(pattern)):
        text = path.read_text("utf-8")
        built = re.search(r"""["']prefix["']: ["'](/[^"']+)["']""", text)
        for old in sorted({str(prefix), *([built[1]] if built else [])}, key=len, reverse=True):
            text = re.sub(rf"{re.escape(old)}(?![\w.-])", str(name), text)
        path.write_text(text, "utf-8")
