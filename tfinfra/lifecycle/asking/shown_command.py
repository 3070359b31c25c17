"""A command as it may be shown and kept: without what may be a secret."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from tfinfra.text.credentials import covered_command, gives_secret, names_secret
from tfinfra.text.masking import MASK, redact

_MASK = MASK.decode("ascii")


def shown_command(argv: Sequence[str]) -> str:
    """The words as a shell takes them; *** for the value of an option or a variable whose name says secret, for
    credentials in URLs, and for what this process withholds."""
    return redact(shlex.join(_shown(argv)))


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
