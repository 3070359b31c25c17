"""The flags that a script defines by absl, or by TensorFlow 1's names for it, by its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.command_line.calls import literal, method_of, texts
from tfinfra.compiler.source.command_line.changed_arguments import changes_arguments
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import aliases_of, dotted, nodes_of, parse

_KINDS = {
    "DEFINE_bool": "bool",
    "DEFINE_boolean": "bool",
    "DEFINE_integer": "int",
    "DEFINE_float": "float",
    "DEFINE_string": "text",
    "DEFINE_list": "text",
    "DEFINE_enum": "enum",
}
_APPS = ("absl.app.run", "tensorflow.app.run", "tensorflow.compat.v1.app.run")
"""What reads the command line; the first alone refuses what it does not know."""


@dataclass(frozen=True)
class AbslFlag:
    """`kind` is bool, int, float, text or enum, "" for any other; `choices` are an enum's, as far as they are known."""

    name: str
    kind: str
    module: str
    line: int
    choices: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True)
class AbslFlags:
    """The flags of a script, by name and by short name. `whole`: its own modules define no flags beside these;
    `imports` are the top-level modules that they import, which may. `is_read`: absl certainly reads the command line;
    `strict`: it refuses what it does not know."""

    flags: Mapping[str, AbslFlag]
    whole: bool
    imports: frozenset[str]
    is_read: bool
    strict: bool


def read_absl(modules: Mapping[str, str], reach: Mapping[str, Reach]) -> AbslFlags | None:
    """None where the script defines none."""
    trees = {name: tree for name, text in modules.items() if isinstance(tree := parse(text), ast.Module)}
    whole, found = len(trees) == len(modules), dict[str, AbslFlag]()
    for module, tree in trees.items():
        needed = _required(tree, reach.get(module, Reach(Sure.LATER)))
        for node in nodes_of(tree):
            if not isinstance(node, ast.Call) or not method_of(node).startswith("DEFINE"):
                continue
            name = next(texts(node.args[:1]), None)
            whole = whole and name is not None and method_of(node) != "DEFINE"
            if name is not None:
                flag = _flag(node, name, module, required=name in needed)
                for each in (name, *_short_names(node)):
                    alike = each not in found or found[each].kind == flag.kind
                    found[each] = flag if alike else replace(flag, kind="", required=False)
    if not found:
        return None
    imports = frozenset(name for tree in trees.values() for name in _imports(tree))
    apps = {app for name, tree in trees.items() if (app := _app(tree, reach.get(name, Reach(Sure.LATER))))}
    is_read = len(apps) == 1 and not changes_arguments(modules.values()) and not _reads_otherwise(modules.values())
    return AbslFlags(found, whole, imports, is_read, strict=is_read and apps == {_APPS[0]})


def _flag(node: ast.Call, name: str, module: str, *, required: bool) -> AbslFlag:
    given = {one.arg: one.value for one in node.keywords}
    listed = next(iter(literal(given.get("enum_values") or next(iter(node.args[2:3]), None))), ())
    kind = _KINDS.get(method_of(node), "")
    is_list = kind == "enum" and isinstance(listed, (list, tuple)) and all(isinstance(one, str) for one in listed)
    exact = "case_sensitive" not in given
    return AbslFlag(name, kind, module, node.lineno, tuple(listed) if is_list and exact else (), required)


def _short_names(node: ast.Call) -> list[str]:
    return list(texts(one.value for one in node.keywords if one.arg == "short_name"))


def _required(tree: ast.Module, how: Reach) -> set[str]:
    """The flags that `required=True` or `flags.mark_flag_as_required` and its like name, where the script is sure to
    come by."""
    needed = set[str]()
    for node, surely in reached(tree, as_program=how.as_program):
        if not isinstance(node, ast.Call) or min(surely, how.sure) is not Sure.ALWAYS:
            continue
        if method_of(node) in ("mark_flag_as_required", "mark_flags_as_required"):
            for given in node.args[:1]:
                needed |= set(texts(given.elts if isinstance(given, (ast.List, ast.Tuple)) else [given]))
        elif method_of(node).startswith("DEFINE") and _says_required(node):
            needed |= set(texts(node.args[:1]))
    return needed


def _says_required(node: ast.Call) -> bool:
    return any(one.arg == "required" and True in literal(one.value) for one in node.keywords)


def _imports(tree: ast.Module) -> Iterable[str]:
    for node in nodes_of(tree):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _app(tree: ast.Module, how: Reach) -> str:
    """What a module has read the command line whenever the script runs, "" where it has nothing do so."""
    aliases = aliases_of(tree)
    for node, surely in reached(tree, as_program=how.as_program):
        plain = isinstance(node, ast.Call) and len(node.args) <= 1 and all(k.arg == "main" for k in node.keywords)
        if plain and isinstance(node, ast.Call) and min(surely, how.sure) is Sure.ALWAYS:
            name = dotted(node.func, aliases)
            if name in _APPS:
                return name
    return ""


def _reads_otherwise(texts: Iterable[str]) -> bool:
    """Whether a module may parse the flags by itself, or take them out of a file."""
    return any(word in text for text in texts for word in ("parse_known_args", "known_only", "flagfile"))
