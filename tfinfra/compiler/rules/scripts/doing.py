"""Entry scripts that do nothing: the nodes would boot, run them, and be deleted."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.source.script import line_of, parse, spelt
from tfinfra.errors import Diagnostic, Position, Severity

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_QUIET = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.If)
_WORKING = (ast.Call, ast.Await, ast.Raise, ast.For, ast.While, ast.With)
_MAIN = "__main__"


def scripts_that_do_nothing(facts: Facts) -> Iterator[Diagnostic]:
    """Where there is no statement at all, or only under a condition that never holds."""
    source = facts.project.source
    text = source.modules.get(source.entry)
    tree = None if text is None else parse(text)
    if text is None or not isinstance(tree, ast.Module) or source.entry in source.undecodable:
        return
    body = [node for node in tree.body if not _says_nothing(node)]
    never = [node for node in body if _never_holds(node)]
    if not body:
        empty = "is empty" if not text.strip() else "has no statement that does anything"
        message, hint = f"the entry script {empty}: there is nothing to train", "save it, or name another entry_script"
        yield _diagnostic(facts, 1, message, hint)
    elif never and _is_alone(facts) and not any(_may_work(node) for node in body if node not in never):
        message = f"`{spelt(never[0].test)}` is never true, so the entry script does nothing"
        yield _diagnostic(facts, never[0].lineno, message, f'write `if __name__ == "{_MAIN}":`')


def _says_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _never_holds(node: ast.stmt) -> TypeGuard[ast.If]:
    """Whether a condition asks for another `__name__` than that of a program."""
    test = node.test if isinstance(node, ast.If) and not node.orelse else None
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.ops[0], ast.Eq):
        return False
    sides = [test.left, test.comparators[0]]
    asked = [one.value for one in sides if isinstance(one, ast.Constant)]
    return any(isinstance(one, ast.Name) and one.id == "__name__" for one in sides) and asked not in ([_MAIN], [])


def _may_work(node: ast.stmt) -> bool:
    """Whether a statement of the module may run more than a definition, a name's value or an import."""
    if isinstance(node, _DEFINITIONS):
        return bool(node.decorator_list) or (isinstance(node, ast.ClassDef) and bool(node.keywords))
    return not isinstance(node, _QUIET) or any(isinstance(one, _WORKING) for one in ast.walk(node))


def _is_alone(facts: Facts) -> bool:
    """Whether the script is the only module: an imported one may train as it is read."""
    return len(facts.project.source.modules) == 1 and not facts.project.source.skimmed


def _diagnostic(facts: Facts, line: int, message: str, hint: str) -> Diagnostic:
    source = facts.project.source
    written = line_of(source.modules[source.entry], line)
    position = Position(source.file(source.entry), line, 1, max(1, len(written)), written)
    return Diagnostic("TFI530", Severity.ERROR, message, "entry_script", position, hint)


RULES: tuple[Rule, ...] = (scripts_that_do_nothing,)
