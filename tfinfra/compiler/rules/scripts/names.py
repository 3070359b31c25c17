"""Names that nothing defines: an import that was forgotten, what Python 2 or a notebook had. NameError ends the script
where it comes by."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tfinfra.catalog.modules.python_modules import brings
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.bound_names import BUILTINS, bound_names
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import line_of, nodes_of, parse
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest

_INSTEAD = {
    "get_ipython": "only a notebook has it: packages belong in pip_packages, shell commands in setup_script",
    "display": "only a notebook has it: print it, or save it to ./outputs",
    "dbutils": "only Databricks has it: give data as an input (`inputs`), and a secret as one (`secrets`)",
    **dict.fromkeys(("basestring", "unicode"), "in Python 3 it is str"),
    "xrange": "in Python 3 it is range",
    "raw_input": "in Python 3 it is input",
    "long": "in Python 3 it is int",
    "unichr": "in Python 3 it is chr",
    "reduce": "in Python 3 it is functools.reduce",
    "file": "write open",
    "reload": "in Python 3 it is importlib.reload",
    "execfile": "write exec(open(…).read())",
    "np": "write `import numpy as np`",
    "tf": "write `import tensorflow as tf`",
    "pd": "write `import pandas as pd`",
    "plt": "write `import matplotlib.pyplot as plt`",
    "hvd": "write `import horovod.tensorflow as hvd`",
}
_MOST = 20
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def names_that_nothing_defines(facts: Facts) -> Iterator[Diagnostic]:
    """Each name once in a module, where the script is sure to come by."""
    source = facts.project.source
    for module, text in source.modules.items():
        tree, how = parse(text), source.reach.get(module, Reach(Sure.LATER))
        bound = bound_names(text, tree) if isinstance(tree, ast.Module) else None
        if bound is None or not isinstance(tree, ast.Module) or how.sure is not Sure.ALWAYS:
            continue
        for node in _undefined(tree, bound, as_program=how.as_program)[:_MOST]:
            position = Position(
                source.file(module), node.lineno, node.col_offset + 1, len(node.id), line_of(text, node.lineno)
            )
            hint = _way_out(node.id, bound, facts.manifest.python_version)
            message = f"nothing defines the name {node.id}: the script ends here with a NameError"
            yield Diagnostic("TFI529", Severity.ERROR, message, "entry_script", position, hint)


def _undefined(tree: ast.Module, bound: frozenset[str], *, as_program: bool) -> list[ast.Name]:
    """The first place of each, in their order. What stands in a comprehension may be asked for no item at all."""
    lacking = {node.id for node in nodes_of(tree) if isinstance(node, ast.Name)} - bound - BUILTINS
    if not lacking:
        return []
    perhaps = {id(inner) for node in nodes_of(tree) if isinstance(node, _COMPREHENSIONS) for inner in ast.walk(node)}
    found: dict[str, ast.Name] = {}
    for node, sure in reached(tree, as_program=as_program):
        if isinstance(node, ast.Name) and node.id in lacking and sure is Sure.ALWAYS and id(node) not in perhaps:
            found[node.id] = min(node, found.get(node.id, node), key=lambda one: (one.lineno, one.col_offset))
    return sorted(found.values(), key=lambda one: (one.lineno, one.col_offset))


def _way_out(name: str, bound: frozenset[str], python: str) -> str:
    if name in _INSTEAD:
        return _INSTEAD[name]
    if not name.startswith("_") and brings(name, python):
        return f"write `import {name}`"
    near = nearest(name, sorted({*bound, *BUILTINS}))
    return did_you_mean(near) if near else "import it, or give it a value first"


RULES: tuple[Rule, ...] = (names_that_nothing_defines,)
