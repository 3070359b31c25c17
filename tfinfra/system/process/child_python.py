"""Python processes of tfinfra's own: they take no module from the current folder, from a script's folder or from what a
project sets, wherever they are started. `-I` says so (python.org, "Command line and environment"); `-P`, which says
less, came with Python 3.11 only."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path

# An isolated Python finds the standard library and its installation's packages. By what else tfinfra itself was found
# goes between the two: it stands before no module of Python's own.
START = f"""\
import runpy, sys
places = ("site-packages", "dist-packages")
first = next((i for i, p in enumerate(sys.path) if p.endswith(places)), len(sys.path))
sys.path[first:first] = [p for p in sys.argv[1].split({os.pathsep!r}) if p and p not in sys.path]
del sys.argv[:2]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""

_ROOT = Path(__file__).parents[3]


def module(name: str, *arguments: str) -> list[str]:
    """The argument vector that stands for `python -m name arguments`, for a module of tfinfra."""
    return [sys.executable, "-I", "-c", START, os.pathsep.join(search_path()), name, *arguments]


def search_path() -> list[str]:
    """Where tfinfra and what it needs are found beside the installation's own packages. A PYTHONPATH is the user's own,
    for the processes that the user starts; it counts here only where tfinfra came by it, as on a node."""
    if sys.flags.isolated:  # a child of tfinfra's: its own children get what it got
        return [entry for entry in sys.path if Path(entry).is_absolute()]
    found = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if Path(p).is_absolute()]
    if all(Path(entry).resolve() != _ROOT.resolve() for entry in found):
        found = []
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    return list(dict.fromkeys([*found, str(_ROOT)]))
