"""A key in a vault signs as a file does: what is asked of the vault, and what becomes of its answers."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme
from azure.core.credentials import AccessToken
from cryptography.hazmat.primitives.asymmetric import ec

from tests.lifecycle.evidence.test_signing import DATA, verifies
from tfinfra.azure.key_vault.client import KeyVaultError, VaultKey, http_ask, vault_key, vault_signer
from tfinfra.azure.key_vault.key_vault_fake import VERSION, FakeKeyVault


def test_a_vault_signs_by_one_request_each_and_its_key_verifies() -> None:
    vault, url = FakeKeyVault(), "azurekms://team/evidence"
    signer = vault_signer(url, vault_key(url), vault.ask)
    assert verifies(signer.public_key, signer.sign(DATA))
    assert vault.asked == [("GET", "/keys/evidence/"), ("POST", f"/keys/evidence/{VERSION}/sign")]


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("azurekms://team/k", VaultKey("team.vault.azure.net", "k", "")),
        (f"azurekms://team.vault.azure.cn/k/{VERSION}", VaultKey("team.vault.azure.cn", "k", VERSION)),
        ("azurekms://Hsm.managedhsm.azure.net/k", VaultKey("hsm.managedhsm.azure.net", "k", "")),
    ],
)
def test_a_vault_is_named_by_its_name_or_its_host(url: str, key: VaultKey) -> None:
    assert vault_key(url) == key
    assert key.scope == f"https://{key.host.partition('.')[2]}/.default"


@pytest.mark.parametrize(
    "url",
    [
        "azurekms://team.example/k",
        "azurekms://vault.azure.net/k",
        "azurekms://a.b.vault.azure.net/k",
        "azurekms://team",
    ],
)
def test_no_token_goes_to_a_host_that_is_no_vault(url: str) -> None:
    with pytest.raises(KeyVaultError):
        vault_key(url)


def test_a_vault_that_refuses_is_told_in_its_words() -> None:
    vault = FakeKeyVault()
    signer = vault_signer("azurekms://team/evidence", vault_key("azurekms://team/evidence"), vault.ask)
    vault.refuse = "403 Forbidden"
    with pytest.raises(KeyVaultError, match="the vault answered 403 Forbidden"):
        signer.sign(DATA)


def test_a_signature_that_is_not_its_key_s_does_not_count() -> None:
    vault = FakeKeyVault()
    signer = vault_signer("azurekms://team/evidence", vault_key("azurekms://team/evidence"), vault.ask)
    vault.key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(KeyVaultError, match="not one of its key"):
        signer.sign(DATA)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"key": {"crv": "P-384"}},
        {"key": {"crv": "P-256", "x": "AA", "y": "AA", "kid": f"https://v/keys/k/{VERSION}"}},
        {"key": {"crv": "P-256", "x": "%", "y": "AA", "kid": f"https://v/keys/k/{VERSION}"}},
        {"key": {"crv": "P-256", "x": "AA", "y": "AA", "kid": "https://v/keys/k/.."}},
    ],
)
def test_an_answer_that_is_no_key_is_refused(answer: object) -> None:
    with pytest.raises(KeyVaultError):
        vault_signer("azurekms://team/k", vault_key("azurekms://team/k"), lambda *asked: answer)


# Over HTTPS


class Served(ThreadingHTTPServer):
    """A vault's port: it answers as `vault` does, the first `throttled` times with 429."""

    vault = FakeKeyVault()
    throttled = 0


class Handler(BaseHTTPRequestHandler):
    server: Served

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        assert parse_qs(parts.query) == {"api-version": ["7.4"]}
        self.server.throttled -= 1
        status, document = 200, dict[str, Any]()
        if self.server.throttled >= 0:
            status = 429
        elif self.headers["Authorization"] != "Bearer token":
            status, document = 401, {"error": {"code": "Unauthorized"}}
        else:
            try:
                document = self.server.vault.ask(self.command, parts.path, json.loads(body) if body else None)
            except KeyVaultError:
                status, document = 403, {"error": {"code": "Forbidden", "message": "not allowed"}}
        self.send_response(status)
        data = json.dumps(document).encode()
        self.send_header("Content-Length", str(len(data)))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class Caller:
    def get_token(self, *scopes: str, **kwargs: Any) -> AccessToken:
        return AccessToken("token", 4_000_000_000)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    server = Served(("127.0.0.1", 0), Handler)
    server.vault = FakeKeyVault()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def asking(served: Served, ca: Path) -> Any:
    key = VaultKey(f"127.0.0.1:{served.server_port}", "evidence", "")
    return key, http_ask(key, Caller(), connection_verify=str(ca), use_env_settings=False)


def test_a_vault_is_asked_with_the_caller_s_token_and_again_where_it_throttles(served: Served, tmp_path: Path) -> None:
    served.throttled = 1
    key, ask = asking(served, tmp_path / "ca.pem")
    signer = vault_signer("azurekms://team/evidence", key, ask)
    assert verifies(signer.public_key, signer.sign(DATA))


def test_a_caller_who_may_not_sign_is_told_so(served: Served, tmp_path: Path) -> None:
    key, ask = asking(served, tmp_path / "ca.pem")
    signer = vault_signer("azurekms://team/evidence", key, ask)
    served.vault.refuse = "403 Forbidden"
    with pytest.raises(KeyVaultError, match="the vault answered 403 Forbidden"):
        signer.sign(DATA)


def test_a_vault_that_is_not_there_is_said(tmp_path: Path) -> None:
    key = VaultKey("127.0.0.1:1", "evidence", "")
    ask = http_ask(key, Caller(), patience=0.0)
    with pytest.raises(KeyVaultError, match="the vault did not answer"):
        vault_signer("azurekms://team/evidence", key, ask)
