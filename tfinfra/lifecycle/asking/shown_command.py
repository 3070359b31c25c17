"""A command as it may be shown and kept: without what may be a secret."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from tfinfra.text.credentials import covered_command, gives_secret, names_secret, passwords_of_programs
from tfinfra.text.masking import MASK, redact

_MASK = MASK.decode("ascii")
_ENDING = re.compile(r"[\s'\"|;&]")
"""What ends a word of a line, and none of these."""
_STARS = re.compile(r"\*{4,}")


def shown_command(argv: Sequence[str]) -> str:
    """The words as a shell takes them; *** for the value of an option or a variable whose name says secret, for
    credentials in URLs, for what well-known programs take as a password, and for what this process withholds."""
    return redact(shlex.join(_without_passwords(list(_shown(argv)))))


def _without_passwords(words: Sequence[str]) -> Iterator[str]:
    """The rules of programs want the line: -p is a password of mysql's, and a folder of others."""
    line = " ".join(_ENDING.sub("_", word) for word in words)
    hidden = {at for begin, end in passwords_of_programs(line) for at in range(begin, end)}
    begin = 0
    for word in words:
        shown = (("*" if begin + index in hidden else letter) for index, letter in enumerate(word))
        yield _STARS.sub(_MASK, "".join(shown)) if hidden else word
        begin += len(word) + 1


def _shown(argv: Sequence[str]) -> Iterator[str]:
    before = ""
    for word in argv:
        name, is_given, value = word.partition("=")
        if before.startswith("-") and names_secret(before) and not word.startswith("-"):
            yield _MASK
        elif is_given and gives_secret(name, value):
            yield f"{name}={_MASK}"
        else:
            yield covered_command(word)
        before = word
