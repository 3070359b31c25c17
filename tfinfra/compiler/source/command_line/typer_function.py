"""The command line of a script that gives one function to Typer, by its signature: as far as it is certain."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfinfra.compiler.project import Reach
from tfinfra.compiler.source.command_line.calls import literal, texts
from tfinfra.compiler.source.command_line.click_command import ClickCommand, ClickParameter
from tfinfra.compiler.source.command_line.holder import Holder, only_holder
from tfinfra.compiler.source.script import aliases_of, dotted, nodes_of, spelt

_OF_TEXT = frozenset(
    {
        *("name", "help", "short_help", "epilog", "hidden", "deprecated", "rich_help_panel", "rich_markup_mode"),
        *("add_completion", "options_metavar", "pretty_exceptions_enable", "pretty_exceptions_short"),
        "pretty_exceptions_show_locals",
    }
)
"""Keywords of Typer and of its commands that change nothing of what the command line takes."""
_GIVEN_ELSEWHERE = ("envvar", "prompt", "callback", "default_factory")
_OWN_TYPE = ("parser", "click_type")
_TYPES = {"int": "int", "float": "float", "str": "str", "bool": "bool"}
_LISTS = ("list", "List", "typing.List", "Sequence", "typing.Sequence", "collections.abc.Sequence")
_Nodes = Sequence[ast.expr]
_OPTIONALS = ("Optional", "typing.Optional")


class _Unknown(Exception):
    """Something decides over the command line that cannot be told from here."""


def read_typer(modules: Mapping[str, str], reach: Mapping[str, Reach]) -> ClickCommand | None:
    """The function that gets the script's command line, as the click command that Typer makes of it; None where there
    is none, several, or one that cannot be told."""
    holder = only_holder("typer", modules, reach)
    if holder is None:
        return None
    reading = _Reading(holder, aliases_of(holder.tree))
    try:
        function = reading.function()
        return ClickCommand(holder.module, tuple(reading.parameters(function)), "Typer") if function else None
    except _Unknown:
        return None


@dataclass(frozen=True)
class _Said:
    """What a parameter's annotation and default say; `words` are the names that are written out, `kind` is "Option" or
    "Argument", "" where neither is written."""

    annotation: ast.expr | None
    default: ast.expr | None
    keywords: Mapping[str | None, ast.expr]
    words: tuple[str, ...]
    kind: str = ""

    @classmethod
    def of(cls, annotation: ast.expr | None, default: ast.expr | None, info: ast.Call | None, names: _Nodes) -> _Said:
        words = tuple(texts(names))
        if len(words) != len(names):
            raise _Unknown
        keywords = {one.arg: one.value for one in info.keywords} if info else {}
        kind = spelt(info.func).rpartition(".")[2] if info else ""
        return cls(annotation, default, keywords, words, kind)

    @property
    def is_argument(self) -> bool:
        return self.kind == "Argument" or (not self.kind and self.default is None)

    def settings(self) -> dict[str, Any]:
        """Those of click's keywords that hold for any parameter."""
        is_open = self.default is None or (isinstance(self.default, ast.Constant) and self.default.value is ...)
        found: dict[str, Any] = {"required": is_open and not any(name in self.keywords for name in _GIVEN_ELSEWHERE)}
        if not is_open and (known := literal(self.default)):
            found["default"] = known[0]
        return {**found, "count": True} if "count" in self.keywords else found


@dataclass(frozen=True)
class _Reading:
    """One reading of the module that holds the function."""

    holder: Holder
    aliases: Mapping[str, str]

    def function(self) -> ast.FunctionDef | None:
        """The one that `typer.run` is given, or the only command of the only Typer, which the script calls."""
        words = {self._name(node) for node in nodes_of(self.holder.tree) if isinstance(node, (ast.Name, ast.Attribute))}
        functions = {node.name: node for node in self.holder.tree.body if isinstance(node, ast.FunctionDef)}
        runs = self._calls("typer.run")
        if runs:
            named = [one.id for one in runs[0].args if isinstance(one, ast.Name)]
            alone = len(runs) == len(named) == 1 and "typer.Typer" not in words and not runs[0].keywords
            found = functions.get(named[0]) if alone and self.holder.is_reached(runs[0]) else None
            return found if found and not found.decorator_list else None
        commands = [(one, self._app_of(one)) for one in functions.values() if one.decorator_list]
        apps = [app for _, app in commands if app]
        if len(commands) != 1 or not apps:
            return None
        call = self.holder.only_call(apps[0])
        return commands[0][0] if call and not call.args and not call.keywords else None

    def _app_of(self, function: ast.FunctionDef) -> str:
        """The name of the Typer whose only command the function is, "" where it is none."""
        made = self._calls("typer.Typer")
        named = [
            node.targets[0].id
            for node in self.holder.tree.body
            if isinstance(node, ast.Assign) and node.value in made and isinstance(node.targets[0], ast.Name)
        ]
        decorator = function.decorator_list[0]
        call = decorator if isinstance(decorator, ast.Call) else None
        if len(made) != 1 or len(named) != 1 or len(function.decorator_list) != 1 or call is None:
            return ""
        keywords = [*made[0].keywords, *call.keywords]
        uses = [n.attr for n in nodes_of(self.holder.tree) if isinstance(n, ast.Attribute) and _is(n.value, named[0])]
        plain = uses == ["command"] and isinstance(call.func, ast.Attribute) and _is(call.func.value, named[0])
        return named[0] if plain and all(one.arg in _OF_TEXT for one in keywords) else ""

    def parameters(self, function: ast.FunctionDef) -> Iterator[ClickParameter]:
        given = function.args
        if given.vararg or given.kwarg:
            raise _Unknown
        positional = [*given.posonlyargs, *given.args]
        defaults = [None] * (len(positional) - len(given.defaults)) + [*given.defaults]
        for one, default in [
            *zip(positional, defaults, strict=True),
            *zip(given.kwonlyargs, given.kw_defaults, strict=True),
        ]:
            if one.annotation is None or not self._name(one.annotation).endswith("Context"):
                yield self._parameter(one, default)

    def _parameter(self, given: ast.arg, default: ast.expr | None) -> ClickParameter:
        said = self._said(given.annotation, default)
        if {"is_flag", "flag_value", None} & {*said.keywords}:
            raise _Unknown
        annotation, is_list = self._unwrapped(said.annotation)
        is_typed = not any(name in said.keywords for name in _OWN_TYPE)
        of_type = self._type(annotation) if is_typed else ""
        choices = self._choices(annotation) if not of_type and "case_sensitive" not in said.keywords else ()
        settings = said.settings()
        if said.is_argument:
            settings |= {"nargs": -1} if is_list else {}
            return ClickParameter((given.arg,), settings, given.lineno, is_argument=True, type=of_type, choices=choices)
        flag = f"--{given.arg.lower().replace('_', '-')}"
        if of_type == "bool" and not is_list:
            settings |= {"is_flag": True}
            flag = f"{flag}/--no-{flag[2:]}"
        settings |= {"multiple": True} if is_list else {}
        names = (given.arg, *(said.words or [flag]))
        return ClickParameter(names, settings, given.lineno, type=of_type, choices=choices)

    def _said(self, annotation: ast.expr | None, default: ast.expr | None) -> _Said:
        """Of `n: Annotated[int, Option("--n")] = 1` and of `n: int = Option(1, "--n")`."""
        if isinstance(annotation, ast.Subscript) and self._name(annotation.value).endswith("Annotated"):
            inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
            infos = [one for one in inner[1:] if isinstance(one, ast.Call) and self._kind(one)]
            if len(infos) > 1:
                raise _Unknown
            return _Said.of(inner[0], default, infos[0] if infos else None, infos[0].args if infos else [])
        if isinstance(default, ast.Call) and self._kind(default):
            named = [one.value for one in default.keywords if one.arg == "default"]
            first = next(iter([*default.args[:1], *named]), None)
            return _Said.of(annotation, first, default, default.args[1:])
        return _Said.of(annotation, default, None, [])

    def _unwrapped(self, annotation: ast.expr | None) -> tuple[ast.expr | None, bool]:
        """What an Optional, a `X | None` or a list is of, and whether there are many of it."""
        if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
            sides = [one for one in (annotation.left, annotation.right) if literal(one) != (None,)]
            return self._unwrapped(sides[0]) if len(sides) == 1 else (annotation, False)
        if isinstance(annotation, ast.Subscript):
            outer = self._name(annotation.value)
            if outer in _OPTIONALS:
                return self._unwrapped(annotation.slice)
            if outer in _LISTS:
                return annotation.slice, True
            if outer.lower().endswith("tuple"):
                raise _Unknown
        return annotation, False

    def _type(self, annotation: ast.expr | None) -> str:
        """As in ClickParameter; Typer takes a text where nothing is said."""
        return "str" if annotation is None else _TYPES.get(self._name(annotation), "")

    def _choices(self, annotation: ast.expr | None) -> tuple[str, ...]:
        """The values of an Enum of the module, where they are texts."""
        name = annotation.id if isinstance(annotation, ast.Name) else ""
        for node in self.holder.tree.body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                if not any(self._name(base).endswith("Enum") for base in node.bases):
                    return ()
                values = [found for one in node.body if isinstance(one, ast.Assign) for found in literal(one.value)]
                return tuple(values) if all(isinstance(value, str) for value in values) else ()
        return ()

    def _kind(self, call: ast.Call) -> str:
        """ "Option" or "Argument" of a call of Typer's, "" of any other."""
        name = self._name(call.func)
        return name.removeprefix("typer.") if name in ("typer.Option", "typer.Argument") else ""

    def _name(self, node: ast.expr) -> str:
        return dotted(node, self.aliases) or (node.id if isinstance(node, ast.Name) else "")

    def _calls(self, name: str) -> list[ast.Call]:
        return [n for n in nodes_of(self.holder.tree) if isinstance(n, ast.Call) and self._name(n.func) == name]


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
