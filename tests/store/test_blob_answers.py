"""Blob's refusals as they were recorded, through obstore, on loopback: each has its class, words and way out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from obstore.exceptions import GenericError, PermissionDeniedError, UnauthenticatedError
from obstore.store import AzureStore

from tfinfra.errors import TfinfraError
from tfinfra.store import GrantedStore
from tfinfra.store.blob.objects import ObstoreStore
from tfinfra.store.waiting import store_trouble
from tfinfra.system.clock import SystemClock

# The form is that of microsoft/AzureStorageExplorer#3767
BODY = (
    '\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{}</Code><Message>{}\n'
    "RequestId:4f4010b3-601e-00ee-3f7b-b8399d000000\nTime:2020-11-11T22:40:50.2409167Z</Message></Error>"
)
_RETRY = {
    "max_retries": 0,
    "retry_timeout": timedelta(seconds=1),
    "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=1), "base": 2},
}


class Blob(ThreadingHTTPServer):
    """Answers everything with `status` and `body`; the first `refused` times, then with an empty list."""

    status, body, refused = 403, b"", 1000


class Handler(BaseHTTPRequestHandler):
    server: Blob

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.refused -= 1
        status, body = self.server.status, self.server.body
        if self.server.refused < 0:
            status, body = 200, b'<?xml version="1.0"?><EnumerationResults><Blobs/></EnumerationResults>'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def blob() -> Iterator[Blob]:
    server = Blob(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def opened(blob: Blob) -> ObstoreStore:
    expires = datetime.fromtimestamp(4_000_000_000, timezone.utc)
    store = AzureStore(
        "run",
        account_name="acc",
        endpoint=f"http://127.0.0.1:{blob.server_port}/acc",
        client_options={"allow_http": True},
        retry_config=_RETRY,  # type: ignore[arg-type]
        credential_provider=lambda: {"token": "t", "expires_at": expires},  # type: ignore[arg-type]
    )
    return ObstoreStore(store, store)


VERBS: dict[str, Callable[[ObstoreStore], object]] = {
    "get": lambda store: store.get("k"),
    "put": lambda store: store.put("k", b"x"),
    "put if absent": lambda store: store.put_if_absent("k", b"x"),
    "list": lambda store: store.list(""),
}
REFUSED: dict[str, tuple[int, str, type[Exception], str]] = {
    # microsoft/AzureStorageExplorer#3767, #8769, #8031
    "a role that is missing": (403, "AuthorizationPermissionMismatch", PermissionDeniedError, "Storage Blob Data"),
    "a firewall": (403, "AuthorizationFailure", PermissionDeniedError, "firewall"),
    "an account that is off": (403, "AccountIsDisabled", PermissionDeniedError, "switched off"),
    "a token of another tenant": (401, "InvalidAuthenticationInfo", UnauthenticatedError, "az login"),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS.keys())
def test_a_refusal_is_one_whatever_was_asked(
    verb: Callable[[ObstoreStore], object], refused: tuple[int, str, type[Exception], str], blob: Blob
) -> None:
    status, code, kind, way = refused
    blob.status, blob.body = status, BODY.format(code, "This request is not authorized.").encode()
    with pytest.raises(kind) as caught:
        verb(opened(blob))
    told = store_trouble(caught.value)
    assert isinstance(told, TfinfraError)
    assert told.exit_code == 5
    assert told.message == f"the run's store refuses you: HTTP status {status}, {code}: This request is not authorized."
    assert way in str(told.hint)


@pytest.mark.parametrize(("status", "code"), [(404, "ContainerNotFound"), (409, "ContainerBeingDeleted")])
@pytest.mark.parametrize("verb", ["put", "put if absent"])
def test_a_container_that_is_gone_is_no_object_of_anothers(verb: str, status: int, code: str, blob: Blob) -> None:
    blob.status, blob.body = status, BODY.format(code, "The specified container is gone.").encode()
    with pytest.raises(GenericError, match=code):
        VERBS[verb](opened(blob))


def test_a_proxy_in_between_is_guessed(blob: Blob) -> None:
    blob.body = b"<html><head><title>Blocked</title></head></html>"
    with pytest.raises(PermissionDeniedError) as caught:
        opened(blob).list("")
    assert "proxy in between" in str(store_trouble(caught.value))


def test_a_list_bears_a_grant_that_comes_and_goes(blob: Blob) -> None:
    blob.refused, blob.body = 1, BODY.format("AuthorizationPermissionMismatch", "no").encode()
    assert GrantedStore(opened(blob), SystemClock(), 30.0).list("") == []
