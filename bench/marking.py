"""A module's code with a mark before each statement, `__ran__[7] = 1`: what ran is then a byte per statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import CodeType

from bench.marked_imports import NAME


def marked(source: str, path: str, first: int) -> tuple[CodeType, list[int]]:
    """The code, and the lines of its statements: the i-th of them sets byte `first + i` before it runs.

    Docstrings, `...` and what is for type checkers alone are no statements here.
    """
    tree = ast.parse(source)
    lines: list[int] = []
    for body in list(_bodies(tree)):
        body[:] = [part for statement in body for part in (*_mark(statement, first, lines), statement)]
    return compile(tree, path, "exec", dont_inherit=True), lines


def _bodies(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        for name in ("body", "orelse", "finalbody"):
            if isinstance(body := getattr(node, name, None), list):
                yield body


def _mark(statement: ast.stmt, first: int, lines: list[int]) -> Iterator[ast.stmt]:
    future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
    if future or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
        return
    mark = ast.parse(f"{NAME}[{first + len(lines)}] = 1").body[0]
    lines.append(statement.lineno)
    for node in ast.walk(mark):
        ast.copy_location(node, statement)
    yield mark
