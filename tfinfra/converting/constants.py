"""What is written out in a Python program: its literals, and the names that are given one of them. Nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_MOST = 100_000
"""Nodes of a syntax tree that are looked at: a notebook's worth of code has a few thousand."""


class Unknown:
    """A value that only the program itself can have; `node` is where it is written."""

    def __init__(self, node: ast.expr) -> None:
        self.node = node

    @property
    def shown(self) -> str:
        """How it is written, shortened."""
        text = ast.unparse(self.node)
        return text if len(text) < 60 else f"{text[:57]}…"


@dataclass
class Program:
    """`names` has the last value that each name is given at any place; `calls` are all calls, in the file's order;
    `set` are attributes that are assigned, by the dotted name."""

    tree: ast.Module
    names: dict[str, ast.expr] = field(default_factory=dict)
    calls: list[ast.Call] = field(default_factory=list)
    set: list[tuple[str, ast.expr]] = field(default_factory=list)

    def value(self, node: ast.expr | None, depth: int = 0) -> Any:  # noqa: PLR0911  a line a kind
        """The value of an expression: plain data, with Unknown in the place of what is not written out."""
        if node is None:
            return None
        if depth > 20:
            return Unknown(node)
        again = depth + 1
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, (str, int, float, type(None))) else Unknown(node)
        if isinstance(node, (ast.List, ast.Tuple)):
            return [self.value(each, again) for each in node.elts]
        if isinstance(node, ast.Dict):
            keys = [self.value(key, again) for key in node.keys]
            return {
                str(key): self.value(each, again)
                for key, each in zip(keys, node.values, strict=True)
                if key is not None
            }
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self.value(node.operand, again)
            return -inner if isinstance(inner, (int, float)) else Unknown(node)
        if isinstance(node, ast.Name) and node.id in self.names:
            named = self.names[node.id]
            return self.value(named, again) if not _names(named, node.id) else Unknown(node)
        if isinstance(node, ast.Call) and called(node) in ("join", "str", "dict", "Path"):
            return self._made(node, again)
        return Unknown(node)

    def written(self, node: ast.expr, depth: int = 0) -> ast.expr:
        """The expression that a name stands for, where it is known."""
        known = isinstance(node, ast.Name) and node.id in self.names and depth < 20
        return self.written(self.names[node.id], depth + 1) if known and isinstance(node, ast.Name) else node

    def _made(self, node: ast.Call, depth: int) -> Any:
        parts = [self.value(each, depth) for each in node.args]
        name = called(node)
        if name == "dict" and not parts:
            return {each.arg: self.value(each.value, depth) for each in node.keywords if each.arg}
        known = bool(parts) and all(isinstance(each, (str, int, float)) for each in parts)
        if not known or (name == "join" and isinstance(node.func, ast.Attribute) and not _is_path(node.func)):
            return Unknown(node)
        return "/".join(map(str, parts)) if name in ("join", "Path") else str(parts[0])


def _is_path(node: ast.Attribute) -> bool:
    return ast.unparse(node).endswith("path.join")


def _names(node: ast.expr, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node))


class LeadsTo:
    """What expressions of a program lead to: their calls, the program's own names in them, what these were given, and
    what was assigned to their attributes."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._names: set[str] = set()
        self._calls: set[ast.Call] = set()

    def follow(self, node: ast.AST) -> None:
        """All parts of one more expression."""
        for part in ast.walk(node):
            if isinstance(part, ast.Call):
                self._calls.add(part)
            elif isinstance(part, ast.Name) and part.id in self._program.names.keys() - self._names:
                self._names.add(part.id)
                self.follow(self._program.names[part.id])
                for place, value in self._program.set:
                    if place.partition(".")[0] == part.id:
                        self.follow(value)

    def has(self, call: ast.Call) -> bool:
        """Whether a call is on the way, or is a method of a name on the way: `cd.add_pip_package(…)`."""
        chain = call.func
        while isinstance(chain, ast.Attribute):
            chain = chain.value
        return call in self._calls or (isinstance(chain, ast.Name) and chain.id in self._names)


def called(node: ast.Call) -> str:
    """The last part of a call's name: "TensorFlow" of `azureml.train.dnn.TensorFlow(…)`."""
    return (
        node.func.attr
        if isinstance(node.func, ast.Attribute)
        else node.func.id
        if isinstance(node.func, ast.Name)
        else ""
    )


def program_of(text: str) -> Program:
    """The program's constants. Raises SyntaxError for what is none, ValueError for more than a person writes."""
    try:
        try:
            tree = ast.parse(text)
        except SyntaxError:
            tree = ast.parse(_without_magic(text))
    except (RecursionError, MemoryError) as error:
        raise ValueError("it is nested too deep") from error
    found = Program(tree)
    for number, node in enumerate(ast.walk(tree)):
        if number > _MOST:
            raise ValueError(f"it holds more than {_MOST:,} parts")
        if isinstance(node, ast.Call):
            found.calls.append(node)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            _assigned(found, node.targets[0], node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            _assigned(found, node.target, node.value)
    found.calls.sort(key=lambda call: (call.lineno, call.col_offset))
    return found


def _assigned(found: Program, target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Name):
        found.names[target.id] = value
    elif isinstance(target, ast.Attribute):
        found.set.append((ast.unparse(target), value))


def _without_magic(text: str) -> str:
    """The lines of a notebook that are none of Python's (`%matplotlib inline`, `!pip install`) do nothing, and may be
    all that a block holds."""
    return re.sub(r"(?m)^([ \t]*)[%!?].*$", r"\1pass", text) + "\n"


def arguments(call: ast.Call, order: tuple[str, ...] = ()) -> Mapping[str, ast.expr]:
    """A call's arguments by name; those by position have the names of `order`."""
    given = dict(zip(order, call.args, strict=False))
    return {**given, **{each.arg: each.value for each in call.keywords if each.arg}}
