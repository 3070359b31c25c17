"""`python -m tools.python_names PYTHON…` makes tfinfra/catalog/data/python_names.json anew: the modules of the standard
library of each Python that is given (one of each version, on Linux), and the public names of those that scripts import.

A module is imported for its names by the Python that it belongs to, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import cast

TARGET = Path(__file__).resolve().parents[1] / "tfinfra/catalog/data/python_names.json"
SOURCE = (
    "dir() of each module of CPython's standard library on Linux, by tools/python_names.py. Of a name that not all of "
    "`versions` have, `some` says which do; `open`: modules whose names depend on how Python was built, or are made "
    "when they are asked for"
)
_OPEN = (
    "os posix socket ssl signal select resource fcntl termios errno curses readline mmap locale sqlite3 pty tty ctypes "
    "crypt dbm syslog tkinter zlib hashlib multiprocessing test idlelib lib2to3 turtledemo turtle encodings ensurepip "
    "pydoc_data distutils site __future__ posixpath ntpath genericpath"
)
_OF_LATER_PATCHES = {"tarfile": ["LinkFallbackError"], "email.utils": ["supports_strict_parsing"]}
"""Names that a version got after its first releases: all versions are taken to have them."""
_LISTING = """
import contextlib, importlib, io, json, os, sys, sysconfig, warnings
warnings.simplefilter("ignore")
opened, root, found = set(sys.argv[1].split()), sysconfig.get_path("stdlib"), {}
names = set(sys.builtin_module_names)
for folder in (root, os.path.join(root, "lib-dynload")):
    for path, below, files in os.walk(folder):
        below[:] = [] if path == root + "/lib-dynload" else [
            one for one in below if one.isidentifier() and one not in ("__pycache__", "test", "tests")
        ]
        parts = [part for part in os.path.relpath(path, folder).split(os.sep) if part != "."]
        for file in files:
            stem, _, end = file.partition(".")
            if end.split(".")[-1] in ("py", "so"):
                names.add(".".join(parts if stem == "__init__" else [*parts, stem]))
for name in sorted(names - {""}):
    top = name.partition(".")[0]
    if top in opened or any(part.startswith("_") for part in name.split(".")) or top in ("this", "antigravity"):
        found[name] = None
        continue
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            module = importlib.import_module(name)
    except BaseException:
        found[name] = None
        continue
    made = "__getattr__" in vars(module)
    found[name] = None if made else sorted(one for one in dir(module) if not one.startswith("_"))
for name in list(sys.modules):
    if name.partition(".")[0] in {one.partition(".")[0] for one in names}:
        found.setdefault(name, None)
print(json.dumps([".".join(map(str, sys.version_info[:2])), found]))
"""


def listed(python: str) -> tuple[str, dict[str, list[str] | None]]:
    """The version of a Python, and {module: its public names, None where these are open}."""
    out = subprocess.run(
        [python, "-I", "-c", _LISTING, _OPEN], check=True, capture_output=True, encoding="utf-8"
    ).stdout
    version, found = json.loads(out.splitlines()[-1])
    return version, found


def made(pythons: list[str]) -> dict[str, object]:
    """The file's content."""
    by_version = dict(map(listed, pythons))
    versions = sorted(by_version, key=lambda version: int(version.partition(".")[2]))
    modules: dict[str, object] = {}
    for module in sorted({name for found in by_version.values() for name in found}):
        those = [version for version in versions if module in by_version[version]]
        names = {version: by_version[version][module] for version in those}
        known = {version: set(found) for version, found in names.items() if found is not None}
        row: dict[str, object] = {} if those == versions else {"in": those}
        if known:
            always = set.intersection(*known.values()) | {*_OF_LATER_PATCHES.get(module, ())}
            row["names"] = " ".join(sorted(always))
            if some := sorted(set().union(*known.values()) - always):
                row["some"] = {name: [version for version in known if name in known[version]] for name in some}
        if opened := [version for version in those if version not in known]:
            row["open"] = opened if known else True
        modules[module] = row
    return {"source": SOURCE, "versions": versions, "modules": modules}


def written(content: dict[str, object]) -> str:
    """JSON with a module a line."""
    modules = cast("dict[str, object]", content["modules"])
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in modules.items())
    head = json.dumps({key: value for key, value in content.items() if key != "modules"}, indent=1)
    return f'{head[:-2]},\n "modules": {{\n{rows}\n }}\n}}\n'


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.python_names", description=f"Makes {TARGET} anew.")
    parser.add_argument("python", nargs="+", help="the interpreters, one of each version")
    TARGET.write_text(written(made(parser.parse_args().python)), encoding="utf-8")
