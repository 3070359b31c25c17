"""The way to the run's store: whether this machine reaches a blob endpoint, found by opening a connection to one that
exists, and sending nothing.

The run's own storage account does not exist yet, so its name does not resolve. What is tried instead is the target's
`store`, else any account of the subscription; where there is neither, only the name service and the proxy can be named.
"""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # typeshed does not know it

from tfinfra.cloud import Cloud
from tfinfra.errors import NotFeasible
from tfinfra.machine.walk.steps import Step

PATIENCE = 5.0
"""Seconds for each of the connection, the proxy's answer and the TLS handshake."""
STORAGE_API = "2024-01-01"
_FIX = "open HTTPS (443) from here to *.blob.core.windows.net, or set HTTPS_PROXY to a proxy that lets it through"


@dataclass(frozen=True)
class Way:
    """A blob endpoint, and the proxy (host, port) that leads there, None for the direct way; `login` is that
    proxy's, "user:password"."""

    host: str
    port: int
    proxy: tuple[str, int] | None
    login: str = ""

    def __str__(self) -> str:
        through = f" through the proxy {self.proxy[0]}:{self.proxy[1]}" if self.proxy else ""
        return f"{self.host}:{self.port}{through}"


def network_step(cloud: Cloud | None, store: str | None, environ: Mapping[str, str]) -> Step:
    """`cloud` is None where there is no credential to ask it with. `store` is the target's own container."""
    if cloud is not None and cloud.on_loopback:
        return Step("network", "ok", "the store is on this machine")
    url = store or (blob_endpoint(cloud) if cloud is not None else None)
    if url is None:
        proxy = _proxy("x.blob.core.windows.net", environ)
        through = f"; HTTPS_PROXY leads through {proxy.hostname}" if proxy else "; no proxy is set"
        text = "the run's storage account is made by the run, and there is none here to try instead"
        return Step("network", "unknown", text + through, f"needed: {_FIX}")
    way = way_to(url, environ)
    try:
        with socket.create_connection(way.proxy or (way.host, way.port), timeout=PATIENCE) as connection:
            if way.proxy is not None:
                _tunnel(connection, way)
            with ssl.create_default_context().wrap_socket(connection, server_hostname=way.host):
                return Step("network", "ok", f"{way} answers over TLS")
    except ssl.SSLCertVerificationError as error:
        fix = "SSL_CERT_FILE names the CA file of a proxy that opens TLS"
        text = f"{way}: its certificate is not trusted: {error.verify_message}"
        return Step("network", "not", text, fix, NotFeasible.exit_code)
    except OSError as error:
        return Step("network", "not", f"{way}: {error.strerror or error}", _FIX, NotFeasible.exit_code)


def way_to(url: str, environ: Mapping[str, str]) -> Way:
    """The way that the variables HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either spelling, give."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    proxy = _proxy(host, environ)
    if proxy is None:
        return Way(host, port, None)
    login = ":".join(unquote(part) for part in (proxy.username, proxy.password) if part)
    return Way(host, port, (str(proxy.hostname), proxy.port or 8080), login)


def _proxy(host: str, environ: Mapping[str, str]) -> SplitResult | None:
    lowered = {name.lower(): value for name, value in environ.items()}
    proxies = {name: lowered.get(f"{name}_proxy", "") for name in ("https", "all", "no")}
    given = proxies["https"] or proxies["all"]
    if not given or proxy_bypass_environment(host, {"no": proxies["no"]}):
        return None
    parts = urlsplit(given if "//" in given else f"//{given}")
    return parts if parts.hostname else None


def _tunnel(connection: socket.socket, way: Way) -> None:
    """Raises OSError where the proxy lets nothing through."""
    where, login = f"{way.host}:{way.port}", base64.b64encode(way.login.encode()).decode()
    allowed = f"Proxy-Authorization: Basic {login}\r\n" if way.login else ""
    connection.sendall(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n{allowed}\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < 65536:
        more = connection.recv(4096)
        if not more:
            break
        answer += more
    line = answer.partition(b"\r\n")[0].decode("latin-1")
    if line.split(" ")[1:2] != ["200"]:
        raise OSError(f"the proxy says '{line[:100]}'")


def blob_endpoint(cloud: Cloud) -> str | None:
    """The blob endpoint of some storage account that the caller sees, None where there is none or ARM does not say."""
    from azure.core.exceptions import AzureError

    from tfinfra.azure.clients import send_json

    path = f"/subscriptions/{cloud.subscription_id}/providers/Microsoft.Storage/storageAccounts"
    try:
        status, document = send_json(cloud, "GET", path, **{"api-version": STORAGE_API})
    except AzureError:
        return None
    accounts = document.get("value", ()) if status == 200 and isinstance(document, dict) else ()
    found = (a.get("properties", {}).get("primaryEndpoints", {}).get("blob") for a in accounts)
    return next((str(url) for url in found if str(url).startswith("https://")), None)
