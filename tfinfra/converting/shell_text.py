"""Values put into the text of a shell, in place of the names that stand for them: quoted as the place asks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from tfinfra.manifest.words.command_lines import ASSIGNED, commands, split

_NAMED = re.compile(r"\$(?:(\w+)|\{(\w+)(?::?-[^}]*)?\}|\((\w+)\))")
_LEFT = re.compile(r"\$(?:\{\{[^}]*\}\}|\{(?!TFINFRA_)[^}]*\}|\([^)]*\)|(?!TFINFRA_)\w+|[@*#?!$])|`[^`]*`")


def inserted(
    text: str, pattern: re.Pattern[str], value_of: Callable[[re.Match[str]], str | None], *, word: bool
) -> str:
    """`text` with what `value_of` says of each match in its place, None for as it is. Outside of quotes a value is one
    `word`, or as many as it has blanks between."""
    parts: list[str] = []
    quote, index = "", 0
    while index < len(text):
        letter = text[index]
        match = pattern.match(text, index) if letter == "$" else None
        value = value_of(match) if match else None
        if match and value is not None:
            parts.append(_fitting(value, quote, word=word))
            index = match.end()
            continue
        size = 1
        if letter == "\\" and quote != "'":
            size = 2
        elif letter == "#" and not quote and text[index - 1 : index] in ("", " ", "\n", "\t"):
            size = (text + "\n").index("\n", index) - index  # an apostrophe of a comment opens no quote
        elif letter in ("'", '"') and quote in ("", letter):
            quote = "" if quote else letter
        parts.append(text[index : index + size])
        index += size
    return "".join(parts)


def _fitting(value: str, quote: str, *, word: bool) -> str:
    if quote == '"':
        return re.sub(r'(["\\])', r"\\\1", value)
    if quote:
        return value.replace("'", "'\"'\"'")
    return _quoted(value) if word else " ".join(_quoted(each) for each in value.split(" ") if each)


def _quoted(value: str) -> str:
    return shlex.quote(value) if not value or re.search(r"[\s'\"\\;&|<>()#]", value) else value


def in_word(word: str, values: Mapping[str, Any]) -> str:
    """One word that no shell reads, with the variables that are known in it."""
    return _NAMED.sub(lambda found: found[0] if (value := _known(found, values)) is None else value, word)


def _known(found: re.Match[str], values: Mapping[str, Any]) -> str | None:
    name = next(name for name in found.groups() if name)
    return str(values[name]) if name in values else None


def left(word: str) -> list[str]:
    """What of the shell stands in a word, and would have another value each time: $NAME, $(command), ${{inputs.a}}."""
    return [found[0] for found in _LEFT.finditer(word)]


def assignments(line: str) -> dict[str, str]:
    """What a command line gives to variables, where it does nothing else: `export A=1 B=2`, `A=1`."""
    words = split(line)
    words = words[1:] if words[:1] == ["export"] else words
    found = [ASSIGNED.fullmatch(word) for word in words]
    return {each[1]: each[2] for each in found if each} if all(found) else {}


def expanded(text: str, values: Mapping[str, Any]) -> str:
    """A shell's text with the values of the variables that are known, and of those that it gives itself: a manifest
    expands none but tfinfra's."""
    known = {**values, **_own_values(text, values)}
    return inserted(text, _NAMED, lambda found: _known(found, known), word=False)


def _own_values(text: str, values: Mapping[str, Any]) -> dict[str, str]:
    """The variables that a shell's text gives itself, and always the same."""
    found: dict[str, str] = {}
    several: set[str] = set()
    for line in commands(text):
        for name, written in assignments(line).items():
            value = in_word(written, {**values, **found})
            several |= {name} if left(value) or found.get(name, value) != value else set()
            found[name] = value
    return {name: value for name, value in found.items() if name not in several}
