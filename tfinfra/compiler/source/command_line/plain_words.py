"""The words of the command line that a script reads by their number, `sys.argv[1]`, by its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.command_line.calls import called_name, literal
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import nodes_of, parse, spelt


@dataclass(frozen=True)
class PlainWord:
    """The word of this `number`, from 1 on, that the script reads whatever happens, at a line of `module`."""

    number: int
    module: str
    line: int


class _Unknown(Exception):
    """The script does more with its command line than read words by their number."""


def last_plain_word(modules: Mapping[str, str], reach: Mapping[str, Reach]) -> PlainWord | None:
    """The one with the highest number. None where there is none, and where the script does anything else with its
    command line: it may change it, or be ready for a shorter one."""
    try:
        found = [word for module, text in modules.items() for word in _words(module, text, reach)]
    except _Unknown:
        return None
    return max(found, key=lambda one: one.number, default=None)


def _words(module: str, text: str, reach: Mapping[str, Reach]) -> Iterator[PlainWord]:
    tree = parse(text) if "argv" in text else None
    if tree is None:
        return
    if not isinstance(tree, ast.Module):
        raise _Unknown
    how = reach.get(module, Reach(Sure.LATER))
    plain = set[int]()
    for node, sure in reached(tree, as_program=how.as_program):
        if isinstance(node, ast.Call) and called_name(node) == "print":
            plain |= {id(one) for one in node.args}
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _is_argv(node.value):
            number = next(iter(literal(node.slice)), None)
            if type(number) is int and number >= 0:
                plain.add(id(node.value))
            if type(number) is int and number > 0 and min(sure, how.sure) is Sure.ALWAYS:
                yield PlainWord(number, module, node.lineno)
    names = (node for node in nodes_of(tree) if _is_argv(node) or _imports_argv(node))
    if any(id(node) not in plain for node in names):
        raise _Unknown


def _is_argv(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "argv" and spelt(node) == "sys.argv"


def _imports_argv(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "sys"
