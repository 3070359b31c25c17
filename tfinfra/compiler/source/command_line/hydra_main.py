"""A script that takes its configuration by Hydra, by its syntax tree: as far as it is certain."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from tfinfra.compiler.project import Reach
from tfinfra.compiler.source.command_line.calls import literal
from tfinfra.compiler.source.command_line.holder import only_holder
from tfinfra.compiler.source.script import aliases_of, dotted


@dataclass(frozen=True)
class HydraMain:
    """The decorator at a `line` of `module`. `config` is the primary configuration's file below the source directory,
    without its ending; "" where it has none or it cannot be told."""

    module: str
    line: int
    config: str = ""


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
    return HydraMain(holder.module, decorator.lineno, _config(decorator, holder.module))


def _config(decorator: ast.expr, module: str) -> str:
    """Hydra looks for it from the folder of the file that it decorates."""
    given = list(decorator.args) if isinstance(decorator, ast.Call) else []
    words = {one.arg: one.value for one in decorator.keywords} if isinstance(decorator, ast.Call) else {}
    path = literal(given[0] if given else words.get("config_path"))
    name = literal(given[1] if len(given) > 1 else words.get("config_name"))
    if not (path and name and isinstance(path[0], str) and isinstance(name[0], str)) or "://" in path[0]:
        return ""
    stem = name[0].removesuffix(".yaml").removesuffix(".yml")
    return posixpath.normpath(posixpath.join(posixpath.dirname(module), path[0], stem))
