"""URLs of this machine: what is asked there never leaves it, and takes no proxy."""

from __future__ import annotations

from urllib.parse import urlsplit

_NAMES = ("127.0.0.1", "localhost", "::1")


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine by a name of its own."""
    return urlsplit(url).hostname in _NAMES
