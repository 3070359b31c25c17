"""What the compute stack does where nobody has pushed: a preview warns, an update makes nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from pulumi_azure_native import authorization

from stacks import bundle
from stacks.settings import Settings, read_settings
from tests.stacks.plans import ALONE
from tests.stacks.recording import RUN, config, node_settings, run_program, write

STACK = f"{RUN}-compute"


def settings(**changes: str | None) -> Settings:
    return read_settings(STACK, {**config("compute"), **changes}.get, 1)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a preview warns of."""
    said: list[str] = []
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    monkeypatch.setattr(pulumi.log, "info", lambda _text: None)
    return said


def test_an_update_that_nobody_pushed_for_makes_nothing(tmp_path: Path) -> None:
    nothing = {key: value for key, value in config("compute").items() if key not in ("nodeSettings", "identityId")}
    with pytest.raises(pulumi.RunError, match=r"nothing is pushed for the nodes of .* so none is made: `tfinfra push"):
        run_program(write(ALONE, tmp_path), nothing, "compute")


def test_a_preview_that_nobody_pushed_for_warns_and_goes_on(told: list[str]) -> None:
    stand_in = bundle.pushed(settings(nodeSettings=None, identityId=None))
    assert bundle.is_stand_in(stand_in.identity_id)
    assert not bundle.is_stand_in(settings().pushed.identity_id)  # type: ignore[union-attr]
    (said,) = told
    assert f"`tfinfra push . --run {RUN}` comes before" in said


@pytest.mark.parametrize("there", [True, False])
def test_a_preview_looks_into_a_store_of_files(there: bool, told: list[str], tmp_path: Path) -> None:
    if there:
        (tmp_path / "bundle.tar.gz").touch()
    assert bundle._is_missing(_nodes(tmp_path.as_uri())) != there


ANSWERS = {"it is there": (200, False), "it is not": (404, True), "the caller may not look": (403, False)}


@pytest.mark.parametrize(("status", "missing"), ANSWERS.values(), ids=ANSWERS.keys())
def test_a_preview_asks_a_store_with_the_providers_own_token(
    status: int, missing: bool, told: list[str], store: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.status = status  # type: ignore[attr-defined]
    monkeypatch.setattr(authorization, "get_client_token", lambda endpoint: SimpleNamespace(token=endpoint))
    assert bundle._is_missing(_nodes(f"http://127.0.0.1:{store.server_port}/run")) == missing
    assert store.asked == [("HEAD", "/run/bundle.tar.gz", "Bearer https://storage.azure.com")]  # type: ignore[attr-defined]


def test_without_a_token_or_an_answer_nothing_is_said(told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(endpoint: str) -> Any:
        raise RuntimeError("az login")

    monkeypatch.setattr(authorization, "get_client_token", refuse)
    assert not bundle._is_missing(_nodes("https://127.0.0.1:9/run"))
    assert told == []


def _nodes(store: str) -> dict[str, Any]:
    return {**node_settings(), "store": store}


@pytest.fixture
def store() -> Iterator[HTTPServer]:
    """A Blob endpoint that answers each HEAD with `status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            server.asked.append(("HEAD", self.path, self.headers["Authorization"]))  # type: ignore[attr-defined]
            self.send_response(server.status)  # type: ignore[attr-defined]
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the server's
            """Nothing of it on the test's output."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
