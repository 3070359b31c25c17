"""Whether a Python of a certain version takes a module's text, as far as this Python can tell."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
import warnings
from collections.abc import Iterator

from tfinfra.compiler.source.script import parse

OWN = sys.version_info[:2]
_FREE_FSTRINGS = (3, 12)
"""From here on the expressions of an f-string may hold its own quotes, backslashes and comments (PEP 701)."""


def syntax_fault(text: str, python: tuple[int, int]) -> SyntaxError | None:
    """Why Python `python`, not newer than this one, refuses the text; None where it takes it or that is not known."""
    tree = parse(text)
    if isinstance(tree, SyntaxError):
        return tree
    if not isinstance(tree, ast.Module):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(tree, "script", "exec", dont_inherit=True)
            ast.parse(text, feature_version=python)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError):
        return None  # what is beyond this parser another one may take
    if python < _FREE_FSTRINGS <= OWN:
        return next(_free_fstrings(text), None)
    return None


def _free_fstrings(text: str) -> Iterator[SyntaxError]:
    """What Python before 3.12 refuses in the expressions of f-strings; the tokens are those of 3.12 and later."""
    start, end = getattr(tokenize, "FSTRING_START", -1), getattr(tokenize, "FSTRING_END", -1)
    open_quotes: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == end:
            open_quotes.pop()
            continue
        inside = open_quotes and token.type != getattr(tokenize, "FSTRING_MIDDLE", -1)
        if inside:
            if any(quote in token.string for quote in open_quotes):
                yield _fault("f-string: it holds its own quotes", token)
            elif "\\" in token.string:
                yield _fault("f-string expression part cannot include a backslash", token)
            elif token.type == tokenize.COMMENT:
                yield _fault("f-string expression part cannot include '#'", token)
        if token.type == start:
            open_quotes.append(token.string.lstrip("fFrRbBuU"))


def _fault(message: str, token: tokenize.TokenInfo) -> SyntaxError:
    line, column = token.start
    return SyntaxError(message, ("script", line, column + 1, token.line))
