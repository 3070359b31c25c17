"""Whether a script may itself write a module that it imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tfinfra.compiler.source.script import nodes_of, parse


def may_write(modules: Mapping[str, str], name: str) -> bool:
    """Whether the text of `modules` (path → text) names the file of the module `name`, which may be dotted; a docstring
    does not count."""
    top, last = name.partition(".")[0], name.rpartition(".")[2]
    files = (f"{top}.py", f"{last}.py", f"{top}/__init__.py")
    texts = (text for text in modules.values() if any(file in text for file in files))
    return any(
        said == file or said.endswith(f"/{file}") for text in texts for said in _literals(text) for file in files
    )


def _literals(text: str) -> Iterator[str]:
    tree = parse(text)
    if isinstance(tree, ast.Module):
        documents = {id(node.value) for node in nodes_of(tree) if isinstance(node, ast.Expr)}
        for node in nodes_of(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
                yield node.value
