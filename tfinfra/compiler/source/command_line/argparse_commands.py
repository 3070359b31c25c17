"""The commands of an argparse parser (`add_subparsers`), by the script's syntax tree: as far as they are certain."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.compiler.project import Sure
from tfinfra.compiler.source.command_line.calls import literal, literals, method_of, receiver_of
from tfinfra.compiler.source.script import nodes_of

_OF_HOLDER = ("title", "description", "help", "metavar", "dest", "required", "prog")
_OF_COMMAND = ("help", "description", "epilog", "usage", "prog", "formatter_class", "aliases", "add_help")


@dataclass(frozen=True)
class Commands:
    """`holder` is the name that add_subparsers' value has in the script. `required`: one of the commands has to be
    given, as argparse's `dest`. `spellings` are by the name of each command's parser, what it is called by."""

    holder: str
    dest: str | None
    required: bool
    spellings: Mapping[str, tuple[str, ...]]


class UncertainCommands(Exception):
    """A parser has commands, and which they are cannot be told."""


def read_commands(tree: ast.Module, parsers: Collection[str], sure: Mapping[int, Sure]) -> Commands | None:
    """The commands of the parser that has the names `parsers`, None where it has none. Raises UncertainCommands."""
    calls = [node for node in nodes_of(tree) if isinstance(node, ast.Call)]
    makers = [one for one in calls if method_of(one) == "add_subparsers"]
    if not makers:
        return None
    holder, (maker, *others) = _name_of(tree, makers[0]), makers
    given = {one.arg for one in maker.keywords}
    if (
        others
        or maker.args
        or receiver_of(maker) not in parsers
        or not given <= {*_OF_HOLDER}
        or not _is_sure(maker, sure)
    ):
        raise UncertainCommands
    keywords = literals(maker.keywords)
    if any(name in given and name not in keywords for name in ("dest", "required")):
        raise UncertainCommands
    spellings: dict[str, tuple[str, ...]] = {}
    for one in calls:
        if method_of(one) == "add_parser" and receiver_of(one) == holder:
            name = _name_of(tree, one)
            if name in spellings or not _is_sure(one, sure):
                raise UncertainCommands
            spellings[name] = _spellings(one)
    required = _set_later(tree, holder, keywords.get("required") is True)
    return Commands(holder, keywords.get("dest"), required, spellings)


def _name_of(tree: ast.Module, call: ast.Call) -> str:
    """The one name that the call's value gets. Raises UncertainCommands."""
    for node in nodes_of(tree):
        if isinstance(node, ast.Assign) and node.value is call and isinstance(node.targets[0], ast.Name):
            return node.targets[0].id
    raise UncertainCommands


def _is_sure(call: ast.Call, sure: Mapping[int, Sure]) -> bool:
    return sure.get(id(call)) is Sure.ALWAYS


def _spellings(call: ast.Call) -> tuple[str, ...]:
    """The name of a command and its aliases. Raises UncertainCommands, also for what makes it another parser."""
    keywords: dict[str, Any] = literals(call.keywords)
    given = {one.arg for one in call.keywords}
    names = [*literal(call.args[0])] if len(call.args) == 1 else []
    names += keywords.get("aliases", [])
    decided = all(name not in given or name in keywords for name in ("aliases", "add_help"))
    if not given <= {*_OF_COMMAND} or not decided or not names or keywords.get("add_help") is False:
        raise UncertainCommands
    if not all(isinstance(name, str) for name in names):
        raise UncertainCommands
    return tuple(names)


def _set_later(tree: ast.Module, holder: str, required: bool) -> bool:
    """Whether a command is required, which a script may say of the holder too (`commands.required = True`). Raises
    UncertainCommands for any other use of it."""
    for node in nodes_of(tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name) or node.value.id != holder:
            continue
        if node.attr == "required" and isinstance(node.ctx, ast.Store):
            required = True
        elif node.attr not in ("add_parser", "dest"):
            raise UncertainCommands
    return required
