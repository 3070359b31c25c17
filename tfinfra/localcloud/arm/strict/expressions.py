"""The expressions of templates, as far as ARM reads them before it deploys anything: which functions they call.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|-?\d+(?:\.\d+)?|\w+|[(),.\[\]])")
Literal = str | float


@dataclass(frozen=True)
class FunctionCall:
    """`arguments` are literals; None is a value that only a deployment knows."""

    name: str
    arguments: tuple[Literal | None, ...]


def calls(text: str) -> list[FunctionCall]:
    """The calls in an expression, each before those in its arguments. Raises ValueError where it is none."""
    tokens, at = [], 0
    while at < len(text.rstrip()):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"'{text}' is no expression")
        tokens.append(token[1])
        at = token.end()
    parser = _Parser(tokens)
    parser.expression()
    if tokens:
        raise ValueError(f"'{text}' is no expression")
    return parser.calls


class _Parser:
    """Takes `tokens` from the front."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self.calls: list[FunctionCall] = []

    def expression(self) -> Literal | None:
        """The value of a literal, None for any other expression."""
        token = self._take()
        value: Literal | None = None
        if token.startswith("'"):
            value = token[1:-1].replace("''", "'")
        elif token.lstrip("-")[:1].isdigit():
            value = float(token)
        else:
            self._call(token)
        while self._tokens[:1] in (["["], ["."]):
            is_name = self._take() == "."
            member = self._take() if is_name else self.expression()
            if not is_name:
                self._take("]")
            if value is not None:
                raise ValueError(f"there is no '{member}'")
        return value

    def _call(self, name: str) -> None:
        position = len(self.calls)
        self._take("(")
        arguments: list[Literal | None] = []
        while self._tokens[:1] != [")"]:
            arguments.append(self.expression())
            if self._tokens[:1] != [")"]:
                self._take(",")
        self._take(")")
        self.calls.insert(position, FunctionCall(name.lower(), tuple(arguments)))

    def _take(self, wanted: str | None = None) -> str:
        if not self._tokens or wanted not in (None, self._tokens[0]):
            raise ValueError(f"'{wanted or 'more'}' is missing in an expression")
        return self._tokens.pop(0)
