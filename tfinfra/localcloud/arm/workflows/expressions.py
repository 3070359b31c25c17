"""The expressions of workflow definitions, as far as a timer needs them: calls, texts, numbers, and looks into a value.

https://learn.microsoft.com/azure/logic-apps/expression-functions-reference
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tfinfra.system.clock import iso_time, unix_time

Functions = Mapping[str, Callable[..., Any]]  # by name, in lower case
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>\w+)|(?P<mark>\?\[|[(),.\[\]]))"
)
_EMBEDDED = re.compile(r"@\{((?:[^{}']|'(?:[^']|'')*')*)\}")


def value(template: Any, functions: Functions) -> Any:
    """The value of a template: "@f(x)" whole, "…@{f(x)}…" inside a text, anything else itself. Raises ValueError."""
    if not isinstance(template, str):
        return template
    if template.startswith("@") and not template.startswith("@{"):
        return evaluate(template[1:], functions)
    return _EMBEDDED.sub(lambda found: str(evaluate(found.group(1), functions)), template)


def evaluate(text: str, functions: Functions) -> Any:
    """The value of an expression. Raises ValueError where it is none, or calls what is not in `functions`."""
    parser = _Parser(_tokens(text), functions)
    found = parser.expression()
    if parser.tokens:
        raise ValueError(f"'{text}' is no expression")
    return found


def holds(condition: Any, functions: Functions) -> bool:
    """Whether an If's expression is true, of and, or, not, greater, equals, which is all that workflow_rules.py takes.
    Every part is looked at, as Azure does: one that cannot be told makes the whole fail. Raises ValueError, KeyError or
    TypeError then."""
    ((operator, operands),) = condition.items()
    if operator in ("and", "or"):
        told = [holds(one, functions) for one in operands]
        return all(told) if operator == "and" else any(told)
    if operator == "not":
        return not holds(operands, functions)
    left, right = (value(operand, functions) for operand in operands)
    return bool(left > right if operator == "greater" else left == right)


def at(now: float) -> Functions:
    """What an expression may call about the time, which is `now` (Unix seconds)."""
    return {
        "utcnow": lambda: iso_time(now),
        "ticks": lambda text: unix_time(str(text)),
        "coalesce": lambda *values: next((v for v in values if v is not None), None),
    }


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text.rstrip()):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"'{text}' is no expression")
        found.append(token.group().strip())
        at = token.end()
    return found


class _Parser:
    """Takes `tokens` from the front and evaluates as it goes."""

    def __init__(self, tokens: list[str], functions: Functions) -> None:
        self.tokens, self._functions = tokens, functions

    def expression(self) -> Any:
        found = self._primary(self._take())
        while self.tokens[:1] in (["?["], ["["], ["."]):
            mark = self._take()
            found = self._named(found, self._take()) if mark == "." else self._member(found, mark == "?[")
        return found

    def _primary(self, token: str) -> Any:
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.lstrip("-")[:1].isdigit():
            return float(token)
        function = self._functions.get(token.lower())
        if function is None:
            raise ValueError(f"there is no function '{token}' here")
        return function(*self._arguments())

    def _arguments(self) -> list[Any]:
        self._take("(")
        found: list[Any] = []
        while self.tokens[:1] != [")"]:
            found.append(self.expression())
            if self.tokens[:1] != [")"]:
                self._take(",")
        self._take(")")
        return found

    def _member(self, of: Any, absent_is_fine: bool) -> Any:
        name = self.expression()
        self._take("]")
        return self._named(of, name, absent_is_fine=absent_is_fine)

    def _named(self, of: Any, name: Any, *, absent_is_fine: bool = False) -> Any:
        if isinstance(of, dict) and name in of:
            return of[name]
        if absent_is_fine:
            return None
        raise ValueError(f"there is no '{name}'")

    def _take(self, wanted: str | None = None) -> str:
        if not self.tokens or wanted not in (None, self.tokens[0]):
            raise ValueError(f"'{wanted or 'more'}' is missing in an expression")
        return self.tokens.pop(0)
