"""The command line of a script that gives one function to Fire, by its syntax tree: as far as it is certain."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.command_line.calls import literal
from tfinfra.compiler.source.command_line.changed_arguments import changes_arguments
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import aliases_of, dotted, nodes_of, parse


@dataclass(frozen=True)
class FireFunction:
    """The function `name`, at a line of `module`. `defaults` has each of its parameters: the default, alone in a tuple,
    () where there is none or it is computed. `strict`: what it has no parameter for, nothing takes."""

    name: str
    module: str
    line: int
    defaults: Mapping[str, tuple[Any, ...]]
    strict: bool


def read_fire(modules: Mapping[str, str], reach: Mapping[str, Reach]) -> FireFunction | None:
    """The function that gets the script's command line, None where there is none, or one that cannot be told."""
    holders = [name for name, text in modules.items() if "fire" in text]
    for module in holders:
        how, tree = reach.get(module, Reach(Sure.LATER)), parse(modules[module])
        if how.sure is Sure.ALWAYS and isinstance(tree, ast.Module) and not changes_arguments(modules.values()):
            found = _given_to_fire(tree, how)
            if found is not None:
                return _function(found, module)
    return None


def _given_to_fire(tree: ast.Module, how: Reach) -> ast.FunctionDef | None:
    aliases = aliases_of(tree)
    calls = [
        node for node in nodes_of(tree) if isinstance(node, ast.Call) and dotted(node.func, aliases) == "fire.Fire"
    ]
    sure = {id(node) for node, surely in reached(tree, as_program=how.as_program) if surely is Sure.ALWAYS}
    if len(calls) != 1 or id(calls[0]) not in sure or calls[0].keywords or len(calls[0].args) != 1:
        return None
    given = calls[0].args[0]
    named = given.id if isinstance(given, ast.Name) else ""
    found = [node for node in nodes_of(tree) if getattr(node, "name", None) == named]
    stored = any(isinstance(n, ast.Name) and n.id == named and isinstance(n.ctx, ast.Store) for n in nodes_of(tree))
    one = found[0] if len(found) == 1 and not stored else None
    return one if isinstance(one, ast.FunctionDef) and one in tree.body and not one.decorator_list else None


def _function(node: ast.FunctionDef, module: str) -> FireFunction:
    """Words that a function has no parameter for go on to what it returns, which may take them."""
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    ends = [None] * (len(positional) - len(given.defaults)) + [*given.defaults]
    pairs = [*zip(positional, ends, strict=True), *zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    returns = any(isinstance(one, (ast.Return, ast.Yield)) and one.value is not None for one in ast.walk(node))
    strict = not (given.vararg or given.kwarg or returns)
    return FireFunction(node.name, module, node.lineno, {one.arg: literal(end) for one, end in pairs}, strict)
