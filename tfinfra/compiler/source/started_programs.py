"""Python programs that a script starts as processes of their own: `subprocess.run([sys.executable, "train.py"])`."""

from __future__ import annotations

import ast
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping

from tfinfra.compiler.source.script import dotted

_STARTING = tuple(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen"))
_BY_SHELL = ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput")
_PYTHON = re.compile(r"python(\d(\.\d+)?)?")
_WITH_A_VALUE = ("-W", "-X")


def started_program(node: ast.Call, aliases: Mapping[str, str]) -> tuple[str, bool] | None:
    """The script that a call starts with some Python, and whether it is a path, "train.py", or else a module; None
    where the call starts none, or one that is no literal."""
    name = dotted(node.func, aliases)
    if name not in (*_STARTING, *_BY_SHELL) or not node.args:
        return None
    words = iter(tuple(_words(node.args[0], aliases)))
    for word in words:
        if _PYTHON.fullmatch(posixpath.basename(word)):
            return _program(words)
    return None


def _words(command: ast.expr, aliases: Mapping[str, str]) -> Iterator[str]:
    """A command's words, "" for one that is no literal."""
    if isinstance(command, ast.Constant) and isinstance(command.value, str):
        try:
            yield from shlex.split(command.value)
        except ValueError:  # a quote that is left open
            return
    for one in command.elts if isinstance(command, (ast.List, ast.Tuple)) else ():
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value
        else:
            yield "python" if dotted(one, aliases) == "sys.executable" else ""


def _program(words: Iterator[str]) -> tuple[str, bool] | None:
    for word in words:
        if word == "-m":
            return (module, False) if (module := next(words, "")) else None
        if word in _WITH_A_VALUE:
            next(words, "")
        elif not word.startswith("-"):
            return (word, True) if word.endswith(".py") and not posixpath.isabs(word) else None
    return None
