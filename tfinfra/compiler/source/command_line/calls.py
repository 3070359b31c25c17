"""Calls in a syntax tree: what they call, and what of their arguments is written out."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any


def called_name(call: ast.Call) -> str:
    """The name that is called, "" where it is no plain one."""
    return call.func.id if isinstance(call.func, ast.Name) else ""


def method_of(call: ast.Call) -> str:
    """The last part of a dotted name that is called, "" for a plain one."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def receiver_of(call: ast.Call) -> str:
    """The plain name whose method is called, "" where there is none."""
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    return receiver.id if isinstance(receiver, ast.Name) else ""


def literals(keywords: Iterable[ast.keyword]) -> dict[str, Any]:
    """The keywords whose values are literals."""
    return {str(one.arg): value for one in keywords for value in literal(one.value)}


def literal(node: ast.expr | None) -> tuple[Any, ...]:
    """The value of a literal, alone in a tuple; () for any other expression."""
    try:
        return () if node is None else (ast.literal_eval(node),)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return ()


def texts(nodes: Iterable[ast.expr]) -> Iterator[str]:
    """Those of the nodes that are texts."""
    yield from (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
