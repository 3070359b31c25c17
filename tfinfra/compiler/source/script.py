"""The training script's names, by its syntax tree: after `import tensorflow as tf`, `tf.estimator` is
"tensorflow.estimator"."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tfinfra.backends.base import ScriptSign
from tfinfra.errors import Position


@dataclass(frozen=True)
class Use:
    """A dotted name as the script reaches it, and where. `module` is the file's path in the source directory."""

    name: str
    module: str
    line: int
    column: int
    length: int


@dataclass(frozen=True)
class Script:
    """All uses in the entry script and the modules it imports; `broken` maps a file that is not Python to the fault."""

    uses: tuple[Use, ...]
    broken: Mapping[str, SyntaxError | ValueError]

    def find(self, *names: str) -> Use | None:
        """The first use of one of `names` or of something inside it; compat.v1 and compat.v2 are looked through."""
        return next((use for use in self.uses if _is_within(use.name, names)), None)

    def find_last(self, *words: str) -> Use | None:
        """The first use of a name whose last part is one of `words`."""
        return next((use for use in self.uses if use.name.rpartition(".")[2] in words), None)

    def use_of(self, sign: ScriptSign) -> Use | None:
        """The first use of one of the names by which a backend's scripts are recognised."""
        return self.find_last(*sign.names) if sign.anywhere else self.find(*sign.names)


def read_script(modules: Mapping[str, str]) -> Script:
    """The names used in `modules` (path → text), in that order and then by line."""
    uses: list[Use] = []
    broken: dict[str, SyntaxError | ValueError] = {}
    for module, text in modules.items():
        tree = _parse(text)
        if isinstance(tree, ast.Module):
            uses.extend(sorted(_uses(tree, module), key=lambda use: (use.line, use.column)))
        else:
            broken[module] = tree
    return Script(tuple(uses), broken)


def imported_modules(text: str) -> tuple[str, ...]:
    """The dotted names that a module imports; () where the text is not Python."""
    tree = _parse(text)
    if not isinstance(tree, ast.Module):
        return ()
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            found += [base] if base else []
            found += [f"{base}.{alias.name}" if base else alias.name for alias in node.names]
    return tuple(dict.fromkeys(found))


def position_of(use: Use, shown: str, modules: Mapping[str, str]) -> Position:
    """The position of a use; `shown` is the file as the user would name it."""
    text = modules[use.module].splitlines()[use.line - 1]
    return Position(shown, use.line, use.column + 1, use.length, text)


@lru_cache(maxsize=64)
def _parse(text: str) -> ast.Module | SyntaxError | ValueError:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a script's invalid escapes are its own affair
            return ast.parse(text)
    except SyntaxError as error:
        return error
    except ValueError as error:  # NUL bytes
        return SyntaxError(str(error))
    except (RecursionError, MemoryError) as error:  # nesting beyond this parser, which another may take
        return ValueError(str(error))


def _uses(tree: ast.Module, module: str) -> Iterator[Use]:
    aliases = _aliases(tree)
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif node.level or not node.module:  # the script's own modules
                imported = []
            else:
                imported = [node.module if alias.name == "*" else f"{node.module}.{alias.name}" for alias in node.names]
            yield from (Use(name, module, node.lineno, *_span(node)) for name in imported)
        elif isinstance(node, (ast.Attribute, ast.Name)) and id(node) not in inner:
            name = _dotted(node, aliases)
            if name:
                yield Use(name, module, node.lineno, *_span(node))


def _span(node: ast.stmt | ast.expr) -> tuple[int, int]:
    same_line = node.end_lineno == node.lineno and node.end_col_offset is not None
    return node.col_offset, max(1, (node.end_col_offset or 0) - node.col_offset) if same_line else 1


def _aliases(tree: ast.Module) -> dict[str, str]:
    """Local name → dotted name, from imports and from plain assignments such as `tf1 = tf.compat.v1`."""
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                local = alias.asname or alias.name.partition(".")[0]
                aliases[local] = alias.name if alias.asname else local
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
            name = _dotted(node.value, aliases)
            for target in node.targets:
                if name and isinstance(target, ast.Name):
                    aliases[target.id] = name
    return aliases


def _dotted(node: ast.expr, aliases: Mapping[str, str]) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in aliases:
        return None
    return ".".join([aliases[node.id], *reversed(parts)])


def _is_within(name: str, outer: tuple[str, ...]) -> bool:
    """Whether `name` is one of `outer` or something inside it, compat.v1 and compat.v2 looked through."""
    name = name.replace("tensorflow.compat.v1.", "tensorflow.", 1).replace("tensorflow.compat.v2.", "tensorflow.", 1)
    return name in outer or name.startswith(tuple(f"{one}." for one in outer))
