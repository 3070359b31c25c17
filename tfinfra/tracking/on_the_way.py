"""What a token travels through on its way to a server."""

from __future__ import annotations

from urllib.parse import urlsplit

from tfinfra.system.loopback import is_loopback


def others_can_read(uri: str) -> bool:
    """Whether what is sent to this URL can be read on the way: it goes over http, and leaves the machine."""
    return urlsplit(uri).scheme == "http" and not is_loopback(uri)
