"""What stands before every page: a request is held against what a browser can be made to send by a page of others.

    another name for this host (DNS rebinding)   the Host header is one of loopback's own, with our port      421
    no cookie of ours                            the token was brought, or one of its cookies comes           403
    a page of another origin, also another port  Sec-Fetch-Site says so, or Origin of what changes something   403
    a form of others                             app.py: each form is good once, and for who was shown it     403

Nothing of a request is logged: it may hold the token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tfinfra.ui.entrance.door import Door
from tfinfra.ui.looks import in_words

FORM_BYTES = 4096
FORM = "application/x-www-form-urlencoded"
WELCOME = "/welcome"
"""Where the exchange leads. A cookie with SameSite=Strict does not travel on a way that another site, or a file, has
begun; this page, which needs none and shows nothing, begins a way of its own."""
_METHODS = ("GET", "HEAD", "POST")
_HTTP = 80
_QUERY_BYTES = 2048


@dataclass(frozen=True)
class Refused(Exception):
    """A request that gets no page: the status, and one sentence for who may have come here in good faith."""

    status: int
    why: str


def hosts(port: int, own: str) -> frozenset[str]:
    """The Host headers of this server: loopback's names, and its own below `.localhost`."""
    names = ("127.0.0.1", "localhost", own)
    return frozenset((*(f"{name}:{port}" for name in names), *(names if port == _HTTP else ())))


def security_headers(policy: str) -> dict[str, str]:
    """What each answer says; `policy` is its Content-Security-Policy. By no-referrer browsers would send `Origin: null`
    with our own forms (Fetch, "append a request Origin header")."""
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cache-Control": "no-store",
    }


@dataclass(frozen=True)
class Guard:
    """The app behind the checks; `refuse` answers what they refuse. An answer may bring a header of its own."""

    app: ASGIApp
    door: Door
    hosts: frozenset[str]
    policy: str
    refuse: Callable[[Refused], ASGIApp]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        guarded = _Answer(send, self.policy)
        try:
            await self._answer(scope)(scope, receive, guarded.send)
        except Exception as error:
            if guarded.begun:
                raise
            await self.refuse(Refused(500, in_words(error)))(scope, receive, guarded.send)

    def _answer(self, scope: Scope) -> ASGIApp:
        try:
            return self._admitted(scope)
        except Refused as refused:
            return self.refuse(refused)

    def _admitted(self, scope: Scope) -> ASGIApp:
        """Raises Refused."""
        self._own_host(scope)
        if scope["method"] not in _METHODS:
            raise Refused(405, "this server knows GET, HEAD and POST")
        if len(scope["query_string"]) > _QUERY_BYTES:
            raise Refused(414, "that address is too long")
        if scope["path"] == "/" and scope["method"] == "GET" and (token := _token(scope)) is not None:
            return self._exchange(token, scope)
        if scope["path"] == WELCOME and scope["method"] == "GET":
            return self.app
        cookie = self.door.known(_cookies(scope, self.door.cookie_name))
        if cookie is None:
            raise Refused(403, NOT_IN)
        self._own_origin(scope)
        scope["state"] = {**scope.get("state", {}), "cookie": cookie}
        return self.app

    def _own_host(self, scope: Scope) -> None:
        sent = _all(scope, b"host")
        if len(sent) != 1 or sent[0].lower() not in self.hosts:
            raise Refused(421, "this server answers under the address that it printed alone: forward the same port")

    def _own_origin(self, scope: Scope) -> None:
        """A page of another port of this machine counts as the same site, and its requests bring the cookie."""
        site, mode = _all(scope, b"sec-fetch-site"), _all(scope, b"sec-fetch-mode")
        begun_here = not site or site[0] in ("same-origin", "none")
        if not begun_here and (scope["method"] == "POST" or mode != ["navigate"]):
            raise Refused(403, "that was sent by a page of another origin")
        if scope["method"] != "POST":
            return
        host = _all(scope, b"host")[0].lower()
        if _all(scope, b"origin") != [f"http://{host}"]:
            raise Refused(403, "what changes something is taken from these pages alone")
        if [each.partition(";")[0].strip().lower() for each in _all(scope, b"content-type")] != [FORM]:
            raise Refused(415, "a form is expected")

    def _exchange(self, token: str, scope: Scope) -> ASGIApp:
        """Raises Refused for a token that is none; whoever is in already is only led on."""
        cookie = self.door.enter(token)
        if cookie is None and self.door.known(_cookies(scope, self.door.cookie_name)) is None:
            raise Refused(403, NOT_IN)
        headers = [(b"location", WELCOME.encode()), (b"referrer-policy", b"no-referrer"), (b"content-length", b"0")]
        if cookie is not None:
            given = f"{self.door.cookie_name}={cookie}; HttpOnly; SameSite=Strict; Path=/"
            headers.append((b"set-cookie", given.encode()))

        async def redirect(scope: Scope, receive: Receive, send: Send) -> None:
            del scope, receive
            await send({"type": "http.response.start", "status": 303, "headers": headers})
            await send({"type": "http.response.body"})

        return redirect


class _Answer:
    """Sends an answer with the headers of all of them, where it has none of its own."""

    def __init__(self, send: Send, policy: str) -> None:
        self._send = send
        self._headers = security_headers(policy)
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            own = list(message.get("headers", []))
            names = {name.lower() for name, _ in own}
            more = [(name.lower().encode(), value.encode()) for name, value in self._headers.items()]
            message = {**message, "headers": [*own, *((name, value) for name, value in more if name not in names)]}
        await self._send(message)


NOT_IN = "open the address that `tfinfra ui` has printed: it lets one browser in, once"


def _all(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _token(scope: Scope) -> str | None:
    found = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("token")
    return found[-1] if found else None


def _cookies(scope: Scope, name: str) -> Sequence[str]:
    pairs = (pair.strip().partition("=") for line in _all(scope, b"cookie") for pair in line.split(";"))
    return [value for key, _, value in pairs if key == name]
