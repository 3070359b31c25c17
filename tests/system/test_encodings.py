"""Files and the words of programs are UTF-8, whatever the locale of who calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import tfinfra

CHECKOUT = Path(tfinfra.__file__).parents[1]
_PLACE = {"read_text": 0, "write_text": 1}
"""Where each takes its encoding without a name."""


def in_the_locale(text: str) -> Iterator[tuple[int, str]]:
    """(line, source) of every call that reads or writes text in the locale's encoding."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        named = {keyword.arg for keyword in node.keywords}
        if "encoding" in named or None in named or _is_text(name, node) is False:
            continue
        yield node.lineno, ast.unparse(node)


def _is_text(name: str, node: ast.Call) -> bool:
    if name in _PLACE:
        return len(node.args) <= _PLACE[name]
    if name in ("open", "fdopen") and not ast.unparse(node.func).startswith("tarfile."):
        modes = [str(getattr(each, "value", "")) for each in (*node.args, *(k.value for k in node.keywords))]
        modes = [mode for mode in modes if mode and set(mode) <= set("rwaxbt+")]
        plain = isinstance(node.func, ast.Name) or name == "fdopen" or not node.args
        return not modes[0].count("b") if modes else plain
    texts = ("text", "universal_newlines")
    return name in ("run", "Popen", "check_output") and any(
        keyword.arg in texts and getattr(keyword.value, "value", None) is True for keyword in node.keywords
    )


def test_every_text_says_its_encoding() -> None:
    found = [
        f"{path.relative_to(CHECKOUT)}:{line}: {source}"
        for room in ("tfinfra", "stacks", "tools")
        for path in sorted((CHECKOUT / room).rglob("*.py"))
        for line, source in in_the_locale(path.read_text("utf-8"))
    ]
    assert found == []
