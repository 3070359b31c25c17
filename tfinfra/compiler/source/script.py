"""The training script's names, by its syntax tree: after `import tensorflow as tf`, `tf.estimator` is
"tensorflow.estimator"."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tfinfra.backends.base import ScriptSign
from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.reached import reached
from tfinfra.errors import Position


@dataclass(frozen=True)
class Use:
    """A dotted name as the script reaches it, where, and how surely. `module` is the file's path in the source
    directory."""

    name: str
    module: str
    line: int
    column: int
    length: int
    sure: Sure = Sure.LATER


@dataclass(frozen=True)
class Script:
    """All uses in the entry script and the modules it imports; `broken` maps a file that is not Python to the fault."""

    uses: tuple[Use, ...]
    broken: Mapping[str, SyntaxError | ValueError]

    def find(self, *names: str) -> Use | None:
        """The first use of one of `names` or of something inside it; compat.v1 and compat.v2 are looked through."""
        return next((use for use in self.uses if is_within(use.name, names)), None)

    def find_last(self, *words: str) -> Use | None:
        """The first use of a name whose last part is one of `words`."""
        return next((use for use in self.uses if use.name.rpartition(".")[2] in words), None)

    def use_of(self, sign: ScriptSign) -> Use | None:
        """The first use of one of the names by which a backend's scripts are recognised."""
        return self.find_last(*sign.names) if sign.anywhere else self.find(*sign.names)


def read_script(modules: Mapping[str, str], reach: Mapping[str, Reach] | None = None) -> Script:
    """The names used in `modules` (path → text), in that order and then by line. `reach` says how each is reached."""
    uses: list[Use] = []
    broken: dict[str, SyntaxError | ValueError] = {}
    for module, text in modules.items():
        tree = parse(text)
        if isinstance(tree, ast.Module):
            how = (reach or {}).get(module, Reach(Sure.ALWAYS))
            uses.extend(sorted(_uses(tree, module, how), key=lambda use: (use.line, use.column)))
        else:
            broken[module] = tree
    return Script(tuple(uses), broken)


def position_of(use: Use, shown: str, modules: Mapping[str, str]) -> Position:
    """The position of a use; `shown` is the file as the user would name it."""
    text = line_of(modules[use.module], use.line)
    return Position(shown, use.line, use.column + 1, use.length, text)


def position_of_node(node: ast.expr, shown: str, text: str) -> Position:
    """The same of a node in a module with this text."""
    column, length = span(node)
    return Position(shown, node.lineno, column + 1, length, line_of(text, node.lineno))


def line_of(text: str, number: int) -> str:
    """A line by Python's number, the last one where there are not so many: Python's lines end at none of the other
    characters that `str.splitlines` knows, such as a form feed."""
    lines = _LINE_END.split(text)
    return lines[min(number, len(lines)) - 1]


_LINE_END = re.compile("\r\n|\r|\n")


@lru_cache(maxsize=128)
def parse(text: str) -> ast.Module | SyntaxError | ValueError:
    """The syntax tree; where Python cannot read the text, the fault, which is no SyntaxError where another may."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a script's invalid escapes are its own affair
            return ast.parse(text)
    except SyntaxError as error:
        return error
    except ValueError as error:  # NUL bytes
        return SyntaxError(str(error))
    except (RecursionError, MemoryError) as error:  # nesting beyond this parser, which another may take
        return ValueError(str(error) or "it is nested too deep")


@lru_cache(maxsize=128)
def nodes_of(tree: ast.Module) -> tuple[ast.AST, ...]:
    """All nodes, as ast.walk has them. Nearly every rule on a script looks at all, and a walk takes long."""
    return tuple(ast.walk(tree))


def _uses(tree: ast.Module, module: str, how: Reach) -> Iterator[Use]:
    aliases = aliases_of(tree)
    inner = {id(node.value) for node in nodes_of(tree) if isinstance(node, ast.Attribute)}
    for node, surely in reached(tree, as_program=how.as_program):
        sure = min(surely, how.sure)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif node.level or not node.module:  # the script's own modules
                imported = []
            else:
                imported = [node.module if alias.name == "*" else f"{node.module}.{alias.name}" for alias in node.names]
            yield from (Use(name, module, node.lineno, *span(node), sure) for name in imported)
        elif isinstance(node, (ast.Attribute, ast.Name)) and id(node) not in inner:
            name = dotted(node, aliases)
            if name:
                yield Use(name, module, node.lineno, *span(node), sure)
        elif isinstance(node, ast.Call) and (literal := imported_by_call(node, aliases)) and not literal.is_path:
            yield Use(literal.name, module, node.lineno, *span(node), sure)


def span(node: ast.stmt | ast.expr) -> tuple[int, int]:
    same_line = node.end_lineno == node.lineno and node.end_col_offset is not None
    return node.col_offset, max(1, (node.end_col_offset or 0) - node.col_offset) if same_line else 1


@lru_cache(maxsize=128)
def aliases_of(tree: ast.Module) -> Mapping[str, str]:
    """Local name → dotted name, from imports and from plain assignments such as `tf1 = tf.compat.v1`. What is imported
    as TensorFlow 1, and as TensorFlow where that fails, is TensorFlow 1."""
    aliases: dict[str, str] = {}
    for node in nodes_of(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                if not (alias.name == "tensorflow" and aliases.get(local) == "tensorflow.compat.v1"):
                    aliases[local] = alias.name if alias.asname else local
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in nodes_of(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Attribute, ast.Call)):
            if isinstance(node.value, ast.Call):
                called = imported_by_call(node.value, aliases)
                name = called.name if called and called.imports else None
            else:
                name = dotted(node.value, aliases)
            for target in node.targets:
                if name and isinstance(target, ast.Name):
                    aliases[target.id] = name
    return aliases


def spelt(node: ast.AST) -> str:
    """The node as Python writes it, "" where it is nested too deeply to be written."""
    try:
        return ast.unparse(node)
    except RecursionError:
        return ""


def dotted(node: ast.expr, aliases: Mapping[str, str]) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in aliases:
        return None
    return ".".join([aliases[node.id], *reversed(parts)])


@dataclass(frozen=True)
class ImportCall:
    """A call of `function` that imports or runs what a literal names: a module or, with `is_path`, a file. `package` is
    what a relative name starts from, "" where that is not a literal either. `imports`: its value is the module."""

    function: str
    name: str
    is_path: bool = False
    imports: bool = False
    package: str = ""


def imported_by_call(node: ast.Call, aliases: Mapping[str, str]) -> ImportCall | None:
    """None for every other call, and for a name that is no literal."""
    function = dotted(node.func, aliases)
    if isinstance(node.func, ast.Name) and node.func.id == "__import__":
        function = "__import__"
    if function not in _IMPORTING:
        return None
    keyword = _IMPORTING[function]
    given = [*node.args[:1], *(one.value for one in node.keywords if one.arg == keyword)]
    if not given or not isinstance(given[0], ast.Constant) or not isinstance(given[0].value, str):
        return None
    package = [*node.args[1:2], *(one.value for one in node.keywords if one.arg == "package")]
    literal = package[0].value if package and isinstance(package[0], ast.Constant) else ""
    is_path = function == "runpy.run_path"
    return ImportCall(function, given[0].value, is_path, function == "importlib.import_module", str(literal or ""))


_IMPORTING = {
    "runpy.run_module": "mod_name",
    "runpy.run_path": "path_name",
    "importlib.import_module": "name",
    "__import__": "name",
}
"""{a function that imports: its parameter for the name}"""


def is_within(name: str, outer: tuple[str, ...]) -> bool:
    """Whether `name` is one of `outer` or something inside it, compat.v1 and compat.v2 looked through."""
    name = name.replace("tensorflow.compat.v1.", "tensorflow.", 1).replace("tensorflow.compat.v2.", "tensorflow.", 1)
    return name in outer or name.startswith(tuple(f"{one}." for one in outer))
