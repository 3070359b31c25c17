"""Modules of the source directory that Python finds before others of the same name, which TensorFlow imports."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from tfinfra.catalog.modules.hidden_modules import needed
from tfinfra.compiler.project import Hiding
from tfinfra.compiler.source.modules.search_path import SearchPath, modules_in
from tfinfra.compiler.source.script import nodes_of, parse


def hiding_modules(search: SearchPath, read: Callable[[str], str | None]) -> tuple[Hiding, ...]:
    """Those by which TensorFlow cannot be imported: each lacks what is needed of its namesake. A module that cannot be
    read, or that may make names as it likes, is not judged."""
    found: dict[str, Hiding] = {}
    for folder in search.folders:
        for name in sorted(modules_in(folder) & needed().keys() - found.keys()):
            path = search.find(name)
            text = read(path) if path else None
            if path and text is not None and (lacks := _lacks(search, name, path, text)):
                found[name] = Hiding(name, path, lacks)
    return tuple(found.values())


def _lacks(search: SearchPath, name: str, path: str, text: str) -> str | None:
    """What is needed of `name` and is not there: the first of it where all is missing, else None."""
    tree = parse(text)
    if not isinstance(tree, ast.Module) or any(word in text for word in ("__getattr__", "sys.modules", "globals()")):
        return None
    own = set(_names(tree))
    is_package = path.endswith("/__init__.py")
    inner = {one for one in needed()[name] if is_package and search.has_anything(f"{name}.{one}")}
    lacking = [one for one in needed()[name] if one not in {*own, *inner}]
    return lacking[0] if len(lacking) == len(needed()[name]) and "*" not in own else None


def _names(tree: ast.Module) -> Iterator[str]:
    """All names that a module may bind, in whatever branch; "*" where it takes all of another's."""
    for node in nodes_of(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (one.asname or one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
