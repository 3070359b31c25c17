"""Which functions of a module other modules call for certain."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator, Mapping

from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import nodes_of, parse, spelt


def called_from_others(module: str, modules: Mapping[str, str], reach: Mapping[str, Reach]) -> frozenset[str]:
    """The names of the functions of `module`, a path, that another one, reached for certain, calls for certain by what
    it imports: `parse()` after `from options import parse`, `options.parse()` after `import options`. None that is
    given an argument anywhere: what it does then is not known."""
    folder, name = posixpath.split(module.removesuffix(".py"))
    last = posixpath.basename(folder) if name == "__init__" else name
    certain, given = set[str](), set[str]()
    for other, text in modules.items():
        how = reach.get(other, Reach(Sure.LATER))
        for function, call, sure in _calls(text, last, how) if other != module and last in text else ():
            if call.args or call.keywords:
                given.add(function)
            elif min(sure, how.sure) is Sure.ALWAYS:
                certain.add(function)
    return frozenset(certain - given)


def _calls(text: str, last: str, how: Reach) -> Iterator[tuple[str, ast.Call, Sure]]:
    """The functions of the module whose name ends with `last` that a module calls."""
    tree = parse(text)
    if not isinstance(tree, ast.Module):
        return
    functions, holders = dict[str, str](), set[str]()
    for node in nodes_of(tree):
        for one in node.names if isinstance(node, (ast.Import, ast.ImportFrom)) else ():
            if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2] == last:
                functions[one.asname or one.name] = one.name
            elif one.name.rpartition(".")[2] == last:
                holders.add(one.asname or one.name)
    for node, sure in reached(tree, as_program=how.as_program):
        holder, _, name = spelt(node.func).rpartition(".") if isinstance(node, ast.Call) else ("", "", "")
        function = name if holder in holders else functions.get(name, "") if not holder else ""
        if function and isinstance(node, ast.Call):
            yield function, node, sure
