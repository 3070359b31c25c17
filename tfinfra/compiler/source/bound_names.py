"""Which names a module gives a meaning, by its syntax tree."""

from __future__ import annotations

import ast
import builtins

from tfinfra.compiler.source.script import nodes_of

_OF_EVERY_MODULE = frozenset(
    {
        *(
            "__annotations__",
            "__builtins__",
            "__cached__",
            "__doc__",
            "__file__",
            "__loader__",
            "__name__",
            "__package__",
        ),
        *("__path__", "__spec__", "__class__", "__module__", "__qualname__", "__dict__", "__debug__"),
    }
)
_OF_SITE = frozenset({"copyright", "credits", "exit", "help", "license", "quit"})
_OF_OTHER_PYTHONS = frozenset(
    {
        *("aiter", "anext", "EncodingWarning", "BaseExceptionGroup", "ExceptionGroup", "PythonFinalizationError"),
        "_IncompleteInputError",
    }
)
BUILTINS = frozenset(dir(builtins)) | _OF_EVERY_MODULE | _OF_SITE | _OF_OTHER_PYTHONS
"""What a module has without a word of its own, in any Python 3."""
_MAKERS = (
    "globals(",
    "locals(",
    "exec(",
    "eval(",
    "builtins",
    "__builtin__",
    "vars(",
    "gettext",
    "__dict__",
    "setattr(",
)
"""What may make names that no syntax tree shows."""


def bound_names(text: str, tree: ast.Module) -> frozenset[str] | None:
    """All names that anything in a module gives a meaning, wherever that holds; None where more may have one: it takes
    all that another module has, or makes names by code."""
    if any(word in text for word in _MAKERS):
        return None
    found = set[str]()
    for node in nodes_of(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(one.asname or one.name).partition(".")[0] for one in node.names}
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            found |= {*node.names}
        else:  # functions, classes, handlers, patterns, type parameters
            found |= {
                name for name in (getattr(node, "name", None), getattr(node, "rest", None)) if isinstance(name, str)
            }
    return None if "*" in found else frozenset(found)
