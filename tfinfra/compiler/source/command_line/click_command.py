"""The command line of a script that is one click command, or a group of them, by its syntax tree: as far as it is
certain."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.command_line.calls import called_name, literal, literals, texts
from tfinfra.compiler.source.command_line.holder import Holder, only_holder
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import aliases_of, dotted, nodes_of

_OF_TEXT = ("name", "help", "short_help", "epilog", "options_metavar", "hidden", "deprecated", "add_help_option")
_DECIDING = ("is_flag", "count", "multiple", "nargs")
"""Keywords of an option that say how many words it takes."""
_KEPT = (*_DECIDING, "flag_value", "required", "default")
_CLASSES = {"Group", "Command", "CommandCollection", "Option", "Argument"}
_PLAIN = {"pass_context", "pass_obj"}
_FLAGS = {"version_option": "--version", "help_option": "--help", "confirmation_option": "--yes"}
_TYPES = {
    "int": "int",
    "float": "float",
    "str": "str",
    "bool": "bool",
    "click.INT": "int",
    "click.FLOAT": "float",
    "click.STRING": "str",
    "click.BOOL": "bool",
}


@dataclass(frozen=True)
class ClickParameter:
    """One option, or with `is_argument` one argument: its names, what of its keywords is known, its line. `type` is
    int, float, str or bool, "" for any other, None where none is given; `choices` are click.Choice's."""

    names: tuple[str, ...]
    keywords: Mapping[str, Any]
    line: int
    is_argument: bool = False
    type: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClickCommand:
    """The one command of a script, or a group with its `commands` by their names; `library` is what it is written
    with, click or Typer."""

    module: str
    parameters: tuple[ClickParameter, ...]
    library: str = "click"
    commands: Mapping[str, ClickCommand] = field(default_factory=dict)


class _Unknown(Exception):
    """Something decides over the command line that cannot be told from here."""


def read_click(modules: Mapping[str, str], reach: Mapping[str, Reach]) -> ClickCommand | None:
    """The command that the script runs with its command line, None where there is none, several, or one that cannot be
    told."""
    holder = only_holder("click", modules, reach)
    if holder is None:
        return None
    try:
        return _group(holder) or _command(holder)
    except _Unknown:
        return None


def _group(holder: Holder) -> ClickCommand | None:
    """The one group with the commands that its decorator makes, None where there is none."""
    tree, aliases = holder.tree, aliases_of(holder.tree)
    group = _run_by_script(holder, "group", _CLASSES)
    if group is None:
        return None
    if {_attribute_of(node, group.name) for node in nodes_of(tree)} - {"", "command"}:
        raise _Unknown
    commands = dict[str, ClickCommand]()
    for function in _decorated_functions(tree):
        for decorator in function.decorator_list:
            if _attribute_of(decorator, group.name):
                rest = [one for one in function.decorator_list if one is not decorator]
                found = tuple(_decorated(rest, aliases))
                commands[_name(function, decorator)] = ClickCommand(holder.module, found)
    return ClickCommand(holder.module, tuple(_parameters(group, "group", aliases)), commands=commands)


def _command(holder: Holder) -> ClickCommand | None:
    """The one command, None where there is none."""
    command = _run_by_script(holder, "command", {"group", *_CLASSES})
    if command is None:
        return None
    return ClickCommand(holder.module, tuple(_parameters(command, "command", aliases_of(holder.tree))))


def _run_by_script(holder: Holder, word: str, others: Set[str]) -> ast.FunctionDef | None:
    """The one function that click's decorator `word` is on, None where there is none. Raises _Unknown for several, for
    one that the script does not run for certain, and where it names one of `others` of click's."""
    tree, aliases = holder.tree, aliases_of(holder.tree)
    functions = _decorated_functions(tree)
    found = [one for one in functions if word in (_of_click(each, aliases) for each in one.decorator_list)]
    if not found:
        return None
    named = {_of_click(node, aliases) for node in nodes_of(tree) if isinstance(node, (ast.Name, ast.Attribute))}
    if len(found) != 1 or named & others:
        raise _Unknown
    _require_call(tree, found[0].name, holder.how)
    return found[0]


def _decorated_functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list]


def _attribute_of(node: ast.AST, name: str) -> str:
    """ "command" of `@main.command(…)`, and of `@main.command`; "" of what is none of `name`'s."""
    one = node.func if isinstance(node, ast.Call) else node
    if not isinstance(one, ast.Attribute) or not isinstance(one.value, ast.Name):
        return ""
    return one.attr if one.value.id == name else ""


def _name(function: ast.FunctionDef, decorator: ast.expr) -> str:
    """What a command of a group is called. Raises _Unknown where versions of click differ in that."""
    _require_plain(decorator)
    if isinstance(decorator, ast.Call):
        given = [*decorator.args, *(word.value for word in decorator.keywords if word.arg == "name")]
        names = tuple(texts(given))
        if len(names) != len(given) or len(names) > 1:
            raise _Unknown
        if names:
            return names[0]
    if function.name.rpartition("_")[2] in ("command", "cmd", "group", "grp"):
        raise _Unknown
    return function.name.lower().replace("_", "-")


def _parameters(function: ast.FunctionDef, word: str, aliases: Mapping[str, str]) -> Iterator[ClickParameter]:
    """Those of a function which click's decorator `word` is on."""
    for decorator in function.decorator_list:
        if _of_click(decorator, aliases) == word:
            _require_plain(decorator)
    yield from _decorated([one for one in function.decorator_list if _of_click(one, aliases) != word], aliases)


def _decorated(decorators: Sequence[ast.expr], aliases: Mapping[str, str]) -> Iterator[ClickParameter]:
    for decorator in decorators:
        if (word := _of_click(decorator, aliases)) not in _PLAIN:
            yield _parameter(decorator, word, aliases)


def _of_click(node: ast.expr, aliases: Mapping[str, str]) -> str:
    """ "option" of `@click.option(…)`; "" of what is none of click's."""
    name = dotted(node.func if isinstance(node, ast.Call) else node, aliases) or ""
    return name.removeprefix("click.") if name.startswith("click.") else ""


def _require_call(tree: ast.Module, name: str, how: Reach) -> None:
    """Raises _Unknown where it is not certain that the command gets the script's own command line, and once."""
    sure = {id(node): surely for node, surely in reached(tree, as_program=how.as_program)}
    calls = [node for node in nodes_of(tree) if isinstance(node, ast.Call) and called_name(node) == name]
    settings = {one.arg for call in calls for one in call.keywords}
    if len(calls) != 1 or calls[0].args or not settings <= {"standalone_mode", "obj"}:
        raise _Unknown
    if sure.get(id(calls[0])) is not Sure.ALWAYS:
        raise _Unknown


def _require_plain(decorator: ast.expr) -> None:
    """Raises _Unknown for a command of another class, or one that takes what it does not know."""
    if isinstance(decorator, ast.Call) and any(one.arg not in _OF_TEXT for one in decorator.keywords):
        raise _Unknown


def _parameter(decorator: ast.expr, word: str, aliases: Mapping[str, str]) -> ClickParameter:
    if not isinstance(decorator, ast.Call):
        raise _Unknown
    names = tuple(texts(decorator.args))
    if word in _FLAGS:
        return ClickParameter(names or (_FLAGS[word],), {"is_flag": True}, decorator.lineno)
    given = {one.arg: one.value for one in decorator.keywords}
    if word not in ("option", "argument") or len(names) != len(decorator.args) or not names:
        raise _Unknown
    if None in given or "cls" in given or any(name in given and not literal(given[name]) for name in _DECIDING):
        raise _Unknown
    keywords = {name: value for name, value in literals(decorator.keywords).items() if name in _KEPT}
    if _may_be_left_out(given):
        keywords["required"] = False
    choices = _choices(given.get("type"), aliases)
    kind = _type(given, aliases)
    return ClickParameter(names, keywords, decorator.lineno, word == "argument", kind, choices)


def _may_be_left_out(given: Mapping[str | None, ast.expr]) -> bool:
    """Whether something else than the command line may give its value, or it cannot be told whether it is required."""
    computed = any(name in given and not literal(given[name]) for name in ("default", "required"))
    return computed or any(name in given for name in ("envvar", "prompt", "callback"))


def _type(given: Mapping[str | None, ast.expr], aliases: Mapping[str, str]) -> str | None:
    """As in ClickParameter. click takes the type of a default where none is given; of a default that is computed that
    is anything."""
    node = given.get("type")
    if node is None:
        known = "default" not in given or all(type(one) in (int, float, str, bool) for one in literal(given["default"]))
        return None if known and ("default" not in given or literal(given["default"])) else ""
    name = node.id if isinstance(node, ast.Name) and node.id not in aliases else dotted(node, aliases)
    return _TYPES.get(name or "", "")


def _choices(node: ast.expr | None, aliases: Mapping[str, str]) -> tuple[str, ...]:
    """Those of `click.Choice([…])`, where they are literals and their case counts."""
    if not isinstance(node, ast.Call) or _of_click(node, aliases) != "Choice" or node.keywords or len(node.args) != 1:
        return ()
    found = next(iter(literal(node.args[0])), ())
    listed = found if isinstance(found, (list, tuple)) else ()
    return tuple(listed) if all(isinstance(one, str) for one in listed) else ()
