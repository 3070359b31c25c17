"""The Python files of a run's source, as its script gets to them: what it imports counts before what merely lies
beside it."""

from __future__ import annotations

import ast
import posixpath
import warnings
from collections import deque
from collections.abc import Collection, Iterator
from pathlib import Path

from tfinfra.model.entry import entry_of, python_path
from tfinfra.model.plan import Plan
from tfinfra.system.strange_trees import names_below

_MOST_MODULES, _MOST_BYTES = 200, 2_000_000


def source_modules(source: Path, plan: Plan) -> Iterator[tuple[str, ast.Module, bool]]:
    """Name, tree, and whether the script reaches it: the script first, then what it imports or names as a file, each
    once and however deep, then all others by name. At most 200; what is no Python is left out."""
    names = frozenset(name for name in names_below(source) if name.endswith(".py"))
    folders = dict.fromkeys(("", *python_path(plan.environment_variables)))
    paths = [
        posixpath.normpath(posixpath.join(top, path)) for top in folders for path in entry_of(plan.entry_script).paths
    ]
    entry = next((path for path in paths if path in names), None)
    if entry is not None:
        folders[posixpath.dirname(entry)] = None
    waiting = deque([(entry, True)] if entry is not None else [])
    left = deque((name, False) for name in sorted(names))
    seen = set[str]()
    while (waiting or left) and len(seen) < _MOST_MODULES:
        name, is_reached = (waiting or left).popleft()
        if name in seen:
            continue
        seen.add(name)
        if (tree := _tree(source / name)) is not None:
            yield name, tree, is_reached
            if is_reached:
                waiting += [(found, True) for found in _named_by(tree, name, folders, names)]


def _tree(path: Path) -> ast.Module | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a script's invalid escapes are its own affair
            return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _named_by(tree: ast.Module, name: str, folders: Collection[str], names: Collection[str]) -> Iterator[str]:
    """The files among `names` that a module imports, or names by a text, as a program that it starts."""
    for node in ast.walk(tree):
        for path in _paths_of(node, name):
            places = [path] if path.startswith("/") else [posixpath.join(top, path) for top in folders]
            for place in places:
                whole = posixpath.normpath(place.lstrip("/"))
                yield from (file for file in (whole, f"{whole}.py", f"{whole}/__init__.py") if file in names)


def _paths_of(node: ast.AST, name: str) -> Iterator[str]:
    """Where a node's modules would be, without `.py`; from the top of the source where that begins with a slash."""
    if isinstance(node, ast.Import):
        yield from (alias.name.replace(".", "/") for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = (node.module or "").replace(".", "/")
        if node.level:
            package = posixpath.join("/", posixpath.dirname(name), *[".."] * (node.level - 1))
            base = posixpath.join(posixpath.normpath(package), base)
        yield base
        yield from (posixpath.join(base, alias.name) for alias in node.names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".py"):
        yield node.value.removeprefix("/")
