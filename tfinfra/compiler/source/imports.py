"""What a module imports, by its syntax tree, and whether that is sure to happen."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from tfinfra.compiler.source.script import aliases_of, imported_by_call, parse, span


class Sure(IntEnum):
    """Whether an import happens when its module does."""

    GUARDED = 0
    """A `try` or a condition stands around it: the script may be ready for its failure."""
    LATER = 1
    """It is in a function."""
    ALWAYS = 2


@dataclass(frozen=True)
class Import:
    """`name` is dotted, or a path where `is_path`, and a `level` above 0 makes it relative, as dots do. `members` are
    the names that are taken from it, each a module or not. `runs`: it is run as a program, not imported."""

    name: str
    members: tuple[str, ...]
    level: int
    statement: str
    line: int
    column: int
    length: int
    sure: Sure
    runs: bool = False
    is_path: bool = False


def imports_of(text: str, *, as_program: bool) -> tuple[Import, ...]:
    """All imports of a module; () where the text is not Python. `as_program`: `__name__` is "__main__" in it."""
    tree = parse(text)
    if not isinstance(tree, ast.Module):
        return ()
    aliases = aliases_of(tree)
    found: list[Import] = []
    for node, sure in _reached(tree, as_program):
        where = (node.lineno, *span(node)) if isinstance(node, (ast.stmt, ast.expr)) else (1, 0, 1)
        if isinstance(node, ast.Import):
            found += [Import(one.name, (), 0, f"import {one.name}", *where, sure) for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            base, names = node.module or "", tuple(one.name for one in node.names if one.name != "*")
            said = f"from {'.' * node.level}{base} import {', '.join(one.name for one in node.names)}"
            found.append(Import(base, names, node.level, said, *where, sure))
        elif isinstance(node, ast.Call):
            found += _called(node, aliases, where, sure)
    return tuple(found)


def changes_search_path(text: str) -> bool:
    """Whether the module touches sys.path, after which nobody knows from here where Python looks."""
    tree = parse(text)
    if not isinstance(tree, ast.Module):
        return False
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    taken = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "sys")
    return any(node.attr in ("path", "meta_path", "path_hooks") and _is_sys(node.value) for node in names) or any(
        one.name == "path" for node in taken for one in node.names
    )


def _is_sys(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("sys", "_sys")


def _called(node: ast.Call, aliases: Mapping[str, str], where: tuple[int, int, int], sure: Sure) -> Iterator[Import]:
    call = imported_by_call(node, aliases)
    if call is None:
        return
    name = call.name.lstrip(".")
    level = len(call.name) - len(name)
    if call.is_path:
        name, level = call.name, 0
    elif level and call.package:
        name, level = ".".join([*call.package.split(".")[: 1 - level or None], name]), 0
    elif level:  # the package is most often `__package__`, but who knows
        sure = Sure.GUARDED
    said = f'{call.function}("{call.name}")'
    yield Import(name, (), level, said, *where, sure, runs=not call.imports, is_path=call.is_path)


def _reached(tree: ast.Module, as_program: bool) -> Iterator[tuple[ast.AST, Sure]]:
    """Every node with whether it is sure to be reached."""
    waiting: list[tuple[ast.AST, Sure]] = [(tree, Sure.ALWAYS)]
    while waiting:
        node, sure = waiting.pop()
        yield node, sure
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            sure = min(sure, Sure.LATER)
        elif isinstance(node, (ast.Try, ast.If, ast.While, ast.For, ast.IfExp, ast.BoolOp)) and not (
            as_program and isinstance(node, ast.If) and _asks_for_main(node.test)
        ):
            sure = Sure.GUARDED
        waiting += [(inner, sure) for inner in reversed(list(ast.iter_child_nodes(node)))]


def _asks_for_main(test: ast.expr) -> bool:
    """Whether it is `__name__ == "__main__"`."""
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = (test.left, *test.comparators)
    names = [side.id for side in sides if isinstance(side, ast.Name)]
    return names == ["__name__"] and any(isinstance(s, ast.Constant) and s.value == "__main__" for s in sides)
