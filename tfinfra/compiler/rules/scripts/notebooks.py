"""What works in a notebook or at a terminal alone, and ends a script on a node, where nobody is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import aliases_of, dotted, line_of, nodes_of, parse, span
from tfinfra.errors import Diagnostic, Position, Severity

_NOTEBOOKS = {
    "get_ipython": "leave it out: packages belong in pip_packages, shell commands in setup_script",
    "display": "print it, or save it to ./outputs",
}
"""{a name that a notebook has without an import: what to do instead}"""
_ANSWERS = "take it as an argument (script_params), a password as a secret (secrets)"
_QUESTIONS = {
    "input": _ANSWERS,
    "getpass.getpass": _ANSWERS,
    "breakpoint": "leave it out",
    "pdb.set_trace": "leave it out",
}
"""{a function that waits for somebody at the terminal: what to do instead}"""


def needs_somebody(facts: Facts) -> Iterator[Diagnostic]:
    """Calls that the script is sure to come by: each function once in a module."""
    source = facts.project.source
    for module, text in source.modules.items():
        tree, how = parse(text), source.reach.get(module, Reach(Sure.LATER))
        if how.sure is not Sure.ALWAYS or not isinstance(tree, ast.Module):
            continue
        calls = _calls(tree, text, as_program=how.as_program).items()
        for name, call in sorted(calls, key=lambda one: one[1].lineno):
            if name == "breakpoint" and "PYTHONBREAKPOINT" in facts.manifest.environment_variables:
                continue
            why = "it is a notebook's own" if name in _NOTEBOOKS else "nobody is there to answer"
            hint = _NOTEBOOKS.get(name) or _QUESTIONS[name]
            column, length = span(call)
            position = Position(source.file(module), call.lineno, column + 1, length, line_of(text, call.lineno))
            message = f"`{name}()` ends the script on a node: {why}"
            yield Diagnostic("TFI528", Severity.ERROR, message, "entry_script", position, hint)


def _calls(tree: ast.Module, text: str, *, as_program: bool) -> dict[str, ast.Call]:
    """The first call of each of these functions that nothing can keep from being reached."""
    if not any(name.rpartition(".")[2] in text for name in (*_NOTEBOOKS, *_QUESTIONS)):
        return {}
    aliases, bound = aliases_of(tree), _bound(tree)
    found: dict[str, ast.Call] = {}
    for node, sure in reached(tree, as_program=as_program):
        if not isinstance(node, ast.Call) or sure is not Sure.ALWAYS:
            continue
        name = dotted(node.func, aliases) or (node.func.id if isinstance(node.func, ast.Name) else "")
        own = isinstance(node.func, ast.Name) and node.func.id not in bound
        if (name in _QUESTIONS and ("." in name or own)) or (name in _NOTEBOOKS and own and "*" not in bound):
            found[name] = min(node, found.get(name, node), key=lambda call: call.lineno)
    return found


def _bound(tree: ast.Module) -> set[str]:
    """The names that a module gives a meaning itself, "*" where it takes all that another one has."""
    found = set[str]()
    for node in nodes_of(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(one.asname or one.name).partition(".")[0] for one in node.names}
    return found


RULES: tuple[Rule, ...] = (needs_somebody,)
