"""An answer of another host than the one that was asked is none."""

from __future__ import annotations

from typing import Any
from urllib.request import HTTPRedirectHandler


class NoRedirect(HTTPRedirectHandler):
    """For `build_opener`: what answers with a redirect raises HTTPError. What is sent, a token perhaps, is for the host
    that was named, and what is asked for comes from there."""

    def redirect_request(self, *_: Any) -> None:
        return None
