"""A script that takes its configuration by Hydra, by its syntax tree: as far as it is certain."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from tfinfra.compiler.project import Reach
from tfinfra.compiler.source.command_line.holder import only_holder
from tfinfra.compiler.source.script import aliases_of, dotted


@dataclass(frozen=True)
class HydraMain:
    """The decorator at a `line` of `module`."""

    module: str
    line: int


def read_hydra(modules: Mapping[str, str], reach: Mapping[str, Reach]) -> HydraMain | None:
    """The `@hydra.main` whose function the script calls without arguments, None where there is none, or several."""
    holder = only_holder("hydra", modules, reach)
    if holder is None:
        return None
    aliases = aliases_of(holder.tree)
    found = [
        (function, one)
        for function in holder.tree.body
        if isinstance(function, ast.FunctionDef)
        for one in function.decorator_list
        if dotted(one.func if isinstance(one, ast.Call) else one, aliases) == "hydra.main"
    ]
    if len(found) != 1:
        return None
    (function, decorator) = found[0]
    call = holder.only_call(function.name)
    if call is None or call.args or call.keywords:
        return None
    return HydraMain(holder.module, decorator.lineno)
