"""Credentials where they do not belong: within a URL, or behind a name. What recognises them stands here alone; errors
and diagnostics never carry them (errors.py), the manifest's rules refuse them (compiler/credential_rules.py).

A URL's own words for who asks: RFC 3986, 3.2.1 (user:password@); a shared access signature of Azure (sig=) and its like
at other stores, and tokens among the query; conda's channels have a token in their path (/t/<token>/).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

MASK = "***"
# Names have a longest length, or a line of a million dots would be read a million times.
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30}|)://(?P<rest>[^\s'\"<>|`]+)")
_USER = re.compile(r"[^/?#@]*(?:@[^/?#@]*)*@")
_WORDS = (
    r"(?:x-(?:amz|goog|ms)-)?(?:[a-z]+[_-])?(?:sig|signature|token|secret|password|passwd|pwd|api_?key|credential|code)"
)
_QUERY = re.compile(rf"(?<=[?&;]){_WORDS}=(?P<value>[^&;#\s]+)", re.IGNORECASE)
_PATH_TOKEN = re.compile(r"(?<=/t/)(?P<value>[A-Za-z0-9_-]{6,})(?=/)")
_NAMED = re.compile(r"(?<![\w=<>!~-])(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,127})=(?!=)(?P<value>.+)")
_SHOUTED = re.compile(r"[A-Z_][A-Z0-9_]+")


def in_urls(text: str) -> bool:
    """Whether a URL in `text` says who asks."""
    return bool(_spans(text))


def hidden(text: str) -> str:
    """`text` without the credentials in its URLs."""
    return _replaced(text, _spans(text), lambda _: MASK)


@lru_cache(maxsize=8)  # a file of one line asks for it at each of its values
def covered(line: str) -> str:
    """A line of a file as it may be shown, each character in its place: without credentials in URLs, and without what
    is given to a name in capitals (NAME=value), as the environment of a shell has it."""
    named = [found.span("value") for found in _NAMED.finditer(line) if _SHOUTED.fullmatch(found["name"])]
    return _replaced(line, sorted({*_spans(line), *named}), lambda size: "*" * size)


def unnamed(line: str) -> str:
    """The same without what is given to any name."""
    return _replaced(line, [found.span("value") for found in _NAMED.finditer(line)], lambda size: "*" * size)


def only_name(text: str) -> str:
    """What may be said of a text that stands where a name should, and may be a value: its name, where it has one."""
    found = re.match(r"([A-Za-z_][A-Za-z0-9_]*)=(?!=)", text)
    return f"{found[0]}{MASK}" if found else text


def _spans(text: str) -> list[tuple[int, int]]:
    if "://" not in text:
        return []
    found: list[tuple[int, int]] = []
    for url in _URL.finditer(text):
        start, rest = url.start("rest"), url["rest"]
        user = _USER.match(rest)
        if user and (":" in user[0] or not url["scheme"].lower().endswith("ssh")):  # ssh has a user, and no password
            found.append((start, start + user.end() - 1))
        for secret in (*_PATH_TOKEN.finditer(rest), *_QUERY.finditer(rest)):
            found.append((start + secret.start("value"), start + secret.end("value")))
    return sorted(found)


def _replaced(text: str, spans: list[tuple[int, int]], by: Callable[[int], str]) -> str:
    parts, last = [], 0
    for start, end in spans:
        if start >= last:
            parts += [text[last:start], by(end - start)]
            last = end
    return "".join([*parts, text[last:]])
