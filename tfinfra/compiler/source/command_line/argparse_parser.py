"""The command line that a script's argparse parser takes, by its syntax tree: as far as it is certain."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.called_across import called_from_others
from tfinfra.compiler.source.command_line.argparse_commands import Commands, UncertainCommands, read_commands
from tfinfra.compiler.source.command_line.calls import called_name, literals, method_of, receiver_of
from tfinfra.compiler.source.command_line.changed_arguments import changes_arguments
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import aliases_of, dotted, nodes_of, parse, spelt

_HARMLESS = ("print_help", "print_usage", "format_help", "format_usage", "error", "exit", "set_defaults", "register")
_TEXTS = ("prog", "usage", "description", "epilog", "formatter_class")
_GROUPS = ("add_argument_group", "add_mutually_exclusive_group")
_ACTIONS = frozenset(
    {
        *("store", "store_true", "store_false", "store_const", "append", "append_const", "count", "extend", "help"),
        "version",
    }
)
_PARSING = ("parse_args", "parse_known_args")
_TYPES = ("int", "float", "str", "bool")


@dataclass(frozen=True)
class Argument:
    """One `add_argument`: its names, what of its keywords is known, and its line. `group` numbers the mutually
    exclusive group that it belongs to, 0 for none. `type` is int, float, str or bool, "" for any other function.
    `command` is the name that the parser of its command has in the script, "" for an argument of the script itself."""

    names: tuple[str, ...]
    keywords: Mapping[str, Any]
    line: int
    type: str = "str"
    group: int = 0
    command: str = ""


@dataclass(frozen=True)
class Arguments:
    """The one parser of a script. `keywords` are those of ArgumentParser itself, `exclusive` says of each mutually
    exclusive group whether one of it is required. `whole`: the parser has no arguments beside these; `strict`: it
    refuses what it does not know. One with `commands` is whole."""

    module: str
    keywords: Mapping[str, Any]
    arguments: tuple[Argument, ...]
    exclusive: Mapping[int, bool]
    whole: bool
    strict: bool
    commands: Commands | None = None


class _Unknown(Exception):
    """Something decides over the command line that cannot be told from here."""


def read_arguments(modules: Mapping[str, str], reach: Mapping[str, Reach]) -> Arguments | None:
    """The parser of the script's command line, None where there is none, several, or one that cannot be told."""
    return _read(tuple(modules.items()), tuple(reach.items()))


@lru_cache(maxsize=8)  # two rules ask for it
def _read(texts: tuple[tuple[str, str], ...], reached_how: tuple[tuple[str, Reach], ...]) -> Arguments | None:
    modules, reach = dict(texts), dict(reached_how)
    holders = [name for name, text in modules.items() if re.search(r"ArgumentParser|ArgParser", text)]
    if len(holders) != 1 or any(not isinstance(parse(text), ast.Module) for text in modules.values()):
        return None
    (module,) = holders
    how = reach.get(module, Reach(Sure.LATER))
    tree = parse(modules[module])
    if how.sure is not Sure.ALWAYS or not isinstance(tree, ast.Module):
        return None
    elsewhere = any("add_argument" in text for name, text in modules.items() if name != module)
    try:
        if changes_arguments(modules.values()):
            return None
        return _Reading(tree, module, how, called_from_others(module, modules, reach)).read(elsewhere=elsewhere)
    except (_Unknown, UncertainCommands):
        return None


@dataclass
class _Reading:
    """One reading of the module that holds the parser; `called` are its functions that other modules call."""

    tree: ast.Module
    module: str
    how: Reach
    called: frozenset[str]
    names: set[str] = field(default_factory=set)
    groups: dict[str, int] = field(default_factory=dict)
    exclusive: dict[int, bool] = field(default_factory=dict)
    commands: Commands | None = None
    whole: bool = True
    _group_commands: dict[str, str] = field(default_factory=dict)
    _namings: int = 0

    def read(self, *, elsewhere: bool) -> Arguments:
        self.whole = not elsewhere
        aliases = aliases_of(self.tree)
        sure = {id(node): how for node, how in reached(self.tree, as_program=self.how.as_program, called=self.called)}
        made = self._made(aliases)
        if sure.get(id(made)) is not Sure.ALWAYS:
            raise _Unknown
        self._follow_returns()
        self.commands = read_commands(self.tree, self.names, sure)
        self._follow()
        calls = [node for node in nodes_of(self.tree) if isinstance(node, ast.Call) and self._receiver(node)]
        self._refuse_other_uses(calls)
        parsing = [one for one in calls if method_of(one) in _PARSING]
        if (
            len(parsing) != 1
            or sure.get(id(parsing[0])) is not Sure.ALWAYS
            or not self._takes_the_command_line(parsing[0])
            or self._command(parsing[0])
        ):
            raise _Unknown
        found = [self._argument(one, sure) for one in calls if method_of(one) == "add_argument"]
        if self.commands and not self.whole:
            raise _Unknown  # what a command does not know may be another's, or the script's own
        return Arguments(
            self.module,
            literals(made.keywords),
            tuple(sorted((one for one in found if one), key=lambda one: one.line)),
            self.exclusive,
            self.whole,
            strict=method_of(parsing[0]) == "parse_args",
            commands=self.commands,
        )

    def _made(self, aliases: Mapping[str, str]) -> ast.Call:
        """The call that makes the parser, whose name is noted."""
        found = [n for n in nodes_of(self.tree) if isinstance(n, ast.Call) and _is_parser(n, aliases)]
        if len(found) != 1 or any(one.arg in (None, "parents", "conflict_handler") for one in found[0].keywords):
            raise _Unknown
        for node in nodes_of(self.tree):
            if isinstance(node, ast.Assign) and node.value is found[0] and isinstance(node.targets[0], ast.Name):
                self.names.add(node.targets[0].id)
                self._namings += 1
        if not self.names:
            raise _Unknown
        return found[0]

    def _follow(self) -> None:
        """Notes the other names of the parser and its groups, and whether it goes where it may get more arguments."""
        plain = set[int]()
        for node in nodes_of(self.tree):
            value = node.value if isinstance(node, (ast.Assign, ast.Expr)) else None
            if isinstance(value, ast.Call) and self._receiver(value) and method_of(value) in _GROUPS:
                number = len(self.groups) + 1
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    name, excludes = node.targets[0].id, method_of(value) == _GROUPS[1]
                    if name in self.groups and (excludes or self.groups[name]):
                        raise _Unknown  # which of the groups an argument belongs to is a matter of order
                    self.groups[name] = number if excludes else 0
                    self._group_commands[name] = self._command(value)
                    if excludes:
                        self.exclusive[number] = literals(value.keywords).get("required") is True
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                plain.add(id(node.value))
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Name):
                plain.add(id(node.value))
        for node in nodes_of(self.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in plain:
                self.whole = self.whole and node.id not in self._own()
            if isinstance(node, ast.Call) and self._receiver(node):
                method = method_of(node)
                if method in ("parse_intermixed_args", "parse_known_intermixed_args"):
                    raise _Unknown
                known = (*_HARMLESS, *_GROUPS, *_PARSING, "add_argument", "add_subparsers", "add_parser")
                self.whole = self.whole and method in known

    def _follow_returns(self) -> None:
        """A function that returns the parser gives its name to what is assigned from it."""
        makers = {
            function.name
            for function in nodes_of(self.tree)
            if isinstance(function, ast.FunctionDef)
            for node in ast.walk(function)
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Name) and node.value.id in self.names
        }
        for node in nodes_of(self.tree):
            called = node.value.func if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) else None
            if isinstance(node, ast.Assign) and isinstance(called, ast.Name) and called.id in makers:
                self.names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
                self._namings += 1

    def _refuse_other_uses(self, calls: list[ast.Call]) -> None:
        """A parser whose methods are taken for themselves, whose name is given twice, or whose arguments are kept and
        may be changed, is not known."""
        called = {id(one.func) for one in calls}
        for node in nodes_of(self.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and id(node) not in called:
                own = node.value.id in self._own() and not (self.commands and node.value.id == self.commands.holder)
                if own and not (isinstance(node.ctx, ast.Store) and node.attr in _TEXTS):
                    raise _Unknown
            if isinstance(node, ast.Call) and method_of(node) == "add_argument" and not self._receiver(node):
                self.whole = False
            kept = node.value if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) else None
            if kept and id(kept.func) in called and method_of(kept) == "add_argument":
                raise _Unknown
        stored = [n.id for n in nodes_of(self.tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        named = self._namings + (1 + len(self.commands.spellings) if self.commands else 0)
        if len([name for name in stored if name in self._own() and name not in self.groups]) > named:
            raise _Unknown

    def _takes_the_command_line(self, call: ast.Call, depth: int = 0) -> bool:
        """Whether it is called with nothing, with sys.argv's words, or with a parameter that is always that."""
        given = [*call.args, *(one.value for one in call.keywords)]
        if not given or (len(given) == 1 and spelt(given[0]) in ("sys.argv[1:]", "None")):
            return True
        if len(given) > 1 or not isinstance(given[0], ast.Name) or depth > _DEEPEST:
            return False
        for function in (node for node in nodes_of(self.tree) if isinstance(node, ast.FunctionDef)):
            if any(node is call for node in ast.walk(function)):
                names, defaults = [one.arg for one in function.args.args], function.args.defaults
                calls = [n for n in nodes_of(self.tree) if isinstance(n, ast.Call) and called_name(n) == function.name]
                is_default = [names, [spelt(one) for one in defaults]] == [[given[0].id], ["None"]]
                return is_default and all(self._takes_the_command_line(one, depth + 1) for one in calls)
        return False

    def _receiver(self, call: ast.Call) -> bool:
        """Whether it is a call of a method of the parser, of one of its groups, or of one of its commands."""
        return receiver_of(call) in self._own()

    def _own(self) -> set[str]:
        """The names of the parser, of its groups, of its commands and of what holds these."""
        commands = {self.commands.holder, *self.commands.spellings} if self.commands else set[str]()
        return {*self.names, *self.groups, *commands}

    def _command(self, call: ast.Call) -> str:
        """The name of the command's parser that it is a call on, or on a group of; "" for the script's own."""
        name = self._group_commands.get(receiver_of(call), receiver_of(call))
        return name if self.commands and name in self.commands.spellings else ""

    def _argument(self, call: ast.Call, sure: Mapping[int, Sure]) -> Argument | None:
        """None where it is not certain that the parser gets it, or under which names."""
        names = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if sure.get(id(call)) is not Sure.ALWAYS or len(names) != len(call.args) or not names:
            self.whole = False
            return None
        if any(one.arg is None for one in call.keywords):
            raise _Unknown
        given = {str(one.arg): one.value for one in call.keywords}
        keywords = {name: value for name, value in literals(call.keywords).items() if name in _KEPT}
        kind = _type(given.get("type"))
        if "action" in given:
            keywords["action"] = _action(given["action"])
        if "nargs" in given and "nargs" not in keywords:
            keywords["nargs"] = _nargs(given["nargs"])
        if not kind:
            keywords.pop("choices", None)
        group = self.groups.get(receiver_of(call), 0)
        return Argument(tuple(names), keywords, call.lineno, kind, group, self._command(call))


_DEEPEST = 3
_KEPT = ("nargs", "choices", "required", "dest")


def _is_parser(node: ast.Call, aliases: Mapping[str, str]) -> bool:
    return dotted(node.func, aliases) == "argparse.ArgumentParser"


def _type(node: ast.expr | None) -> str:
    if node is None:
        return "str"
    return node.id if isinstance(node, ast.Name) and node.id in _TYPES else ""


def _action(node: ast.expr) -> str:
    """An action of argparse's own, "optional" for BooleanOptionalAction. Raises _Unknown for another class."""
    if isinstance(node, ast.Constant) and node.value in _ACTIONS:
        return str(node.value)
    if isinstance(node, (ast.Attribute, ast.Name)) and spelt(node).endswith("BooleanOptionalAction"):
        return "optional"
    raise _Unknown


def _nargs(node: ast.expr) -> str:
    if isinstance(node, (ast.Attribute, ast.Name)) and spelt(node).endswith("REMAINDER"):
        return "..."
    raise _Unknown
