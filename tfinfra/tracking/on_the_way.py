"""What a token travels through on its way to a server."""

from __future__ import annotations

from urllib.parse import urlsplit

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def others_can_read(uri: str) -> bool:
    """Whether what is sent to this URL can be read on the way: it goes over http, and leaves the machine."""
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname not in _THIS_MACHINE
