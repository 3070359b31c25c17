"""Text that others wrote, in a Markdown comment of ours.

All of it stands in <code>: there GitHub and GitLab look for no mentions, references and addresses. Its punctuation is
written as entities, so that neither Markdown nor HTML finds any in it, and no line of the comment begins with it.
"""

from __future__ import annotations

import re

from tfinfra.text.cleaning import clean

_ACTIVE = re.compile(
    r"[&<>\"`*\[\]|\\~#@:!${}^]"
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # within a word it is no emphasis
    r"|(?<=www)\.",  # the begin of an address without its scheme
    re.IGNORECASE,
)


def code(text: str, most: int = 160) -> str:
    """The text as code, in one line, of at most so many characters."""
    line = " ".join(clean(text).split())
    if len(line) > most:
        line = f"{line[: most - 1]}…"
    return f"<code>{_ACTIVE.sub(lambda found: f'&#{ord(found[0])};', line) or '?'}</code>"
