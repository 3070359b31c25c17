"""Markdown as the documents of the repository have it: lines that fit a screen, and nothing that a page would take for
more than text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

WIDTH = 118
_CODE = re.compile(r"(`+[^`]+`+)")
_MEANT = re.compile(r"([\\<>*\[\]|])")


def literal(text: str) -> str:
    """The text as it is, but for what stands between backticks."""
    parts = _CODE.split(" ".join(text.split()))
    return "".join(part if part.startswith("`") else _MEANT.sub(r"\\\1", part) for part in parts)


def paragraph(text: str, indent: str = "") -> str:
    """The text, folded; no line of it begins as an item of a list or a heading would."""
    lines = textwrap.wrap(literal(text), WIDTH - len(indent), break_long_words=False, break_on_hyphens=False)
    lines = [re.sub(r"^([-+#]|\d+[.)])(?=\s|$)", r"\\\1", line) for line in lines]
    return f"\n{indent}".join(lines)


def paragraphs(text: str) -> str:
    """The text, whose paragraphs have an empty line between them."""
    return "\n\n".join(paragraph(part) for part in re.split(r"\n\s*\n", text.strip()))


def items(rows: Iterable[tuple[str, str]]) -> str:
    """A list: what each is, then what is said of it."""
    return "\n".join(f"- {paragraph(f'{name}: {text}' if text else name, '  ')}" for name, text in rows)


def block(text: str, language: str = "") -> str:
    return f"```{language}\n{text}\n```"


def page(title: str, intro: str, parts: Iterable[str]) -> str:
    """A whole page, which says how it was made."""
    made = "<!-- Written by `python -m tools.reference`: change what it is made of, and run that. -->"
    return "\n\n".join([f"# {title}", made, paragraph(intro), *parts]) + "\n"


def sentence(text: str) -> str:
    """With a full stop at its end, and a capital where it begins with a plain word."""
    text = text.strip()
    plain = re.match(r"[a-z]+(?=[ ,;.]|$)", text)  # not `mpi:`
    return f"{text[:1].upper() if plain else text[:1]}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"
