"""What a module imports, by its syntax tree, and whether that is sure to happen."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tfinfra.compiler.project import Sure
from tfinfra.compiler.source.reached import reached, reached_statements
from tfinfra.compiler.source.script import aliases_of, imported_by_call, parse, span
from tfinfra.compiler.source.started_programs import started_program


@dataclass(frozen=True)
class Import:
    """`name` is dotted, or a path where `is_path`, and a `level` above 0 makes it relative, as dots do. `members` are
    the names that are taken from it, each a module or not. `runs`: it is run as a program, not imported, maybe in a
    process of its own."""

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
    for node, sure in reached(tree, as_program=as_program):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found += _imported(node, sure)
        elif isinstance(node, ast.Call):
            found += _called(node, aliases, (node.lineno, *span(node)), sure)
    return tuple(sorted(found, key=lambda one: (one.line, one.column)))


def skimmed_imports(tree: ast.Module) -> tuple[Import, ...]:
    """The imports of a module that is imported itself, without calls that import, and without a look at which of its
    functions are called."""
    found: list[Import] = []
    for node, sure in reached_statements(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found += _imported(node, sure)
    return tuple(sorted(found, key=lambda one: (one.line, one.column)))


def _imported(node: ast.Import | ast.ImportFrom, sure: Sure) -> Iterator[Import]:
    where = (node.lineno, *span(node))
    if isinstance(node, ast.Import):
        yield from (Import(one.name, (), 0, f"import {one.name}", *where, sure) for one in node.names)
        return
    base, names = node.module or "", tuple(one.name for one in node.names if one.name != "*")
    said = f"from {'.' * node.level}{base} import {', '.join(one.name for one in node.names)}"
    yield Import(base, names, node.level, said, *where, sure)


def _called(node: ast.Call, aliases: Mapping[str, str], where: tuple[int, int, int], sure: Sure) -> Iterator[Import]:
    if started := started_program(node, aliases):  # its ways are its own: of what it needs nothing is certain
        name, is_path = started
        yield Import(name, (), 0, name, *where, Sure.GUARDED, runs=True, is_path=is_path)
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
