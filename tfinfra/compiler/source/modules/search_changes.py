"""Whether a module changes where Python finds modules, so that less can be said from here of what it finds."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

_OF_THE_SOURCE = frozenset(
    {
        *("sys", "_sys", "path", "os", "pathlib", "Path", "PurePath", "osp", "op", "__file__", "getcwd", "cwd"),
        *("insert", "append", "extend", "dirname", "abspath", "realpath", "normpath", "join", "resolve", "absolute"),
        *("parent", "parents", "curdir", "pardir", "str", "sep", "as_posix", "__path__", "joinpath", "split"),
    }
)
"""Names that only make paths of the script's own folder and of literals."""
_CHANGES = ("append", "insert", "extend")
_INSTALLS = re.compile(r"\bpip[0-9.]*\b[^\n]{0,1000}\binstall\b|\bconda install\b|\beasy_install\b")
_IMPORTERS = ("meta_path", "path_hooks", "addsitedir", "sys.modules[", "sys.modules.", "addPyFile")
_FETCHES = ("git clone", "extractall", "unpack_archive")
"""Code that comes when the script runs."""
_DEEPEST = 5


@dataclass(frozen=True)
class SearchChanges:
    """`path`: the module touches sys.path, after which nobody knows from here in which folder Python looks first.
    `more`: it may find modules outside of the source directory and the environment: it adds a folder from elsewhere,
    installs packages, fetches code, or has importers or modules of its own making."""

    path: bool
    more: bool


def search_changes(text: str, tree: ast.Module | Exception) -> SearchChanges:
    """What a module with this text does; of one that is no Python nobody knows what it finds."""
    if not isinstance(tree, ast.Module):
        return SearchChanges(path=False, more=True)
    path = _may_name_path(text) and any(_is_path_of_sys(node) for node in ast.walk(tree))
    return SearchChanges(path, _may_find_more(text, tree))


def _may_find_more(text: str, tree: ast.Module) -> bool:
    if any(word in text for word in (*_IMPORTERS, *_FETCHES)):
        return True
    if "install" in text and _installs(tree):
        return True
    if not _may_name_path(text):
        return False
    assigned = _assigned(tree)
    return any(_may_lead_outside(node, assigned) for node in ast.walk(tree) if isinstance(node, ast.stmt))


def _may_name_path(text: str) -> bool:
    return "sys" in text and "path" in text


def _installs(tree: ast.Module) -> bool:
    """Whether a command in the module's texts installs packages: one text, or the words of a list or a call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _INSTALLS.search(node.value):
            return True
        if isinstance(node, (ast.List, ast.Tuple, ast.Call)):
            items = node.args if isinstance(node, ast.Call) else node.elts
            words = [one.value for one in items if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            if "install" in words:
                return True
    return False


def _may_lead_outside(node: ast.stmt, assigned: dict[str, list[ast.expr]]) -> bool:
    """Whether a simple statement may put a folder on sys.path that does not travel with the source directory."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "sys" and any(one.name in ("path", "*") for one in node.names)
    if hasattr(node, "body") or not any(_is_path_of_sys(one) for one in ast.walk(node)):
        return False
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(_is_path_of_sys(inner) for one in targets for inner in ast.walk(one)):
            return not _stays(node.value, assigned)
        return True  # another name for sys.path
    call = node.value if isinstance(node, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and _is_path_of_sys(call.func.value):
        return call.func.attr in _CHANGES and not all(_stays(one, assigned) for one in call.args)
    return not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print")


def _stays(node: ast.expr, assigned: dict[str, list[ast.expr]], depth: int = 0) -> bool:
    """Whether the paths that an expression makes stay in the source directory, or are sys.path's own."""
    for one in ast.walk(node):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and re.match(r"[/~\\]|\w+:", one.value):
            return False
        name = one.id if isinstance(one, ast.Name) else one.attr if isinstance(one, ast.Attribute) else None
        if name is None or name in _OF_THE_SOURCE:
            continue
        values = assigned.get(name, []) if isinstance(one, ast.Name) else []
        if not values or depth > _DEEPEST or not all(_stays(value, assigned, depth + 1) for value in values):
            return False
    return True


def _assigned(tree: ast.Module) -> dict[str, list[ast.expr]]:
    """{name: every value that is given to it by a plain assignment}; a name that comes otherwise has none."""
    values: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    values.setdefault(target.id, []).append(node.value)
    return values


def _is_path_of_sys(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "sys" and any(one.name == "path" for one in node.names)
    if not isinstance(node, ast.Attribute) or node.attr not in ("path", "meta_path", "path_hooks"):
        return False
    return isinstance(node.value, ast.Name) and node.value.id in ("sys", "_sys")
