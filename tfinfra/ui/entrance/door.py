"""Who is let in: whoever has the token that stands on the terminal. It is taken once, for a cookie."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from hmac import compare_digest

_MOST = 16
"""Browsers that are in at the same time; the oldest goes first."""


class Door:
    """The tokens and cookies of one server. `tell` hears of a new address where the last one is opened a second time:
    it was taken, by the same person's other browser or by somebody else.

    `host` is a name of its own that nobody guesses: browsers send a host's cookies to all ports of it, and others may
    have one of 127.0.0.1's. Browsers look up no name below `.localhost`, which is loopback (RFC 6761, 6.3; Chromium,
    Firefox since 84); Safari asks macOS, which knows none.
    """

    def __init__(self, port: int, tell: Callable[[str], object]) -> None:
        self.host = f"tfinfra-{secrets.token_hex(8)}.localhost"
        self.cookie_name = f"tfinfra-ui-{port}"
        self._port = port
        self._tell = tell
        self._token = secrets.token_urlsafe(32)
        self._taken = ""
        self._cookies: list[str] = []

    @property
    def address(self) -> str:
        """Where a browser is let in, once."""
        return f"http://{self.host}:{self._port}/?token={self._token}"

    @property
    def numbered_address(self) -> str:
        """The same for a browser that does not find the name."""
        return f"http://127.0.0.1:{self._port}/?token={self._token}"

    def enter(self, token: str) -> str | None:
        """The cookie for whoever brings the token, None for all others."""
        if _same(token, self._token):
            self._taken, self._token = self._token, secrets.token_urlsafe(32)
            self._cookies = [*self._cookies[1 - _MOST :], secrets.token_urlsafe(32)]
            return self._cookies[-1]
        if self._taken and _same(token, self._taken):
            self._taken = ""
            self._tell(f"that address was opened before; for another browser: {self.address}")
        return None

    def known(self, cookies: Iterable[str]) -> str | None:
        """The one of the cookies that came which was given to a browser, None where none was."""
        pairs = [(came, given) for came in cookies for given in self._cookies]
        found = [came for came, given in pairs if _same(came, given)]  # all are compared: it takes the same time
        return found[0] if found else None


def _same(one: str, other: str) -> bool:
    return compare_digest(one.encode("utf-8", "replace"), other.encode())
