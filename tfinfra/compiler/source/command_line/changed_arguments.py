"""Whether a script changes its own command line before anybody reads it."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tfinfra.compiler.source.script import nodes_of, parse, spelt


def changes_arguments(texts: Iterable[str]) -> bool:
    """Whether a module does more with sys.argv than read its first word, the others, or their number."""
    return any(_changes(text) for text in texts if "argv" in text)


def _changes(text: str) -> bool:
    tree = parse(text)
    nodes = nodes_of(tree) if isinstance(tree, ast.Module) else ()
    harmless = set[int]()
    for node in nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and spelt(node.slice) in ("0", "1:"):
            harmless.add(id(node.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("len", "print"):
            harmless |= {id(one) for one in node.args}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "sys":
            if any(one.name in ("argv", "*") for one in node.names):
                return True
        elif isinstance(node, ast.Attribute) and spelt(node) == "sys.argv" and id(node) not in harmless:
            return True
    return False
