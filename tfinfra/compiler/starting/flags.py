"""The flags that a script's text defines, with their defaults: for a person to choose from, whether or not the script
reads them in the end. By argparse, absl or TensorFlow 1, and click."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tfinfra.compiler.source.command_line.calls import called_name, literal, literals, method_of, texts
from tfinfra.compiler.source.script import nodes_of, parse
from tfinfra.text.credentials import MASK, gives_secret, names_secret

_BARE = ("store_true", "store_false", "store_const", "count", "help", "version")


@dataclass(frozen=True)
class Flag:
    """`default` is what the script takes without it, None where it is not written out; `bare`: it takes no value;
    `secret`: its name says that nobody else may read its value, which is not here then."""

    name: str
    default: Any = None
    help: str = ""
    required: bool = False
    bare: bool = False
    secret: bool = False


def flags_of(modules: Iterable[str]) -> tuple[Flag, ...]:
    """Those of all modules' texts, in their order, each once."""
    found: dict[str, Flag] = {}
    for text in modules:
        tree = parse(text)
        for flag in _flags(tree) if isinstance(tree, ast.Module) else ():
            found.setdefault(flag.name, flag)
    return tuple(found.values())


def _flags(tree: ast.Module) -> Iterator[Flag]:
    calls = sorted((n for n in nodes_of(tree) if isinstance(n, ast.Call)), key=lambda n: (n.lineno, n.col_offset))
    for call in calls:
        name = method_of(call) or called_name(call)
        if name == "add_argument" or (name == "option" and isinstance(call.func, ast.Attribute)):
            yield from _option(call)
        elif name.startswith("DEFINE_"):
            yield from _absl(call)


def _option(call: ast.Call) -> Iterator[Flag]:
    names = [one for one in texts(call.args) if one.startswith("-")]
    given = literals(call.keywords)
    if names and given.get("action") not in ("help", "version"):
        name = next((one for one in names if one.startswith("--")), names[0]).partition("/")[0]
        bare = given.get("action") in _BARE or bool(given.get("is_flag"))
        yield _flag(name, given.get("default"), given.get("help"), required=bool(given.get("required")), bare=bare)


def _absl(call: ast.Call) -> Iterator[Flag]:
    given = literals(call.keywords)
    values = [next(iter(literal(one)), None) for one in call.args]
    name, default, more = (*values, None, None, None)[:3]
    said = next((value for value in values[2:] if isinstance(value, str)), given.get("help", more))
    if isinstance(name, str):
        yield _flag(f"--{name}", given.get("default", default), said)


def _flag(name: str, default: Any, said: Any, *, required: bool = False, bare: bool = False) -> Flag:
    secret = names_secret(name) or gives_secret(name, MASK)  # whatever its value is
    text = " ".join(str(said or "").split())
    plain = default if isinstance(default, (str, int, float, list, tuple)) and not secret else None
    return Flag(name, [*plain] if isinstance(plain, tuple) else plain, text, required, bare, secret)
