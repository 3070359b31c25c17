"""A real azurite of a test's own: over HTTPS, with bearer tokens, as the local cloud runs it."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tfinfra.localcloud.azurite.install_azurite import ensure_azurite
from tfinfra.localcloud.azurite.servers import Server, Servers, make_container
from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon.certificates import prepare_certificates
from tfinfra.store import ObjectStore, open_store
from tfinfra.system.paths import cache_folder

ACCOUNT = "digits"
HOUR = 3600
HAS_NODE = shutil.which("node") is not None
NO_NODE = "azurite needs Node, which is not installed here"
needs_node = pytest.mark.skipif(not HAS_NODE, reason=NO_NODE)


def token() -> str:
    return tokens.mint(b"key", "node", time.time(), HOUR, tokens.STORAGE)


@dataclass
class Azurite:
    """`stop` and `start` leave what is stored; `url` is a container, `through` the same by another port, `behind` all
    of this with the network in front of it that listens at that URL."""

    server: Server
    servers: Servers
    front: str = ""

    @property
    def ca(self) -> str:
        return self.server.ca.read_text()

    @property
    def url(self) -> str:
        return self.front or f"{self.server.endpoint}run"

    def behind(self, url: str) -> Azurite:
        return replace(self, front=url)

    def through(self, port: int) -> str:
        return self.url.replace(f":{self.server.port}/", f":{port}/")

    def start(self) -> None:
        self.servers.start(self.server)

    def stop(self) -> None:
        self.servers.stop(self.server.account)

    @staticmethod
    def credential() -> tuple[str, float]:
        return token(), time.time() + HOUR

    def open(self, url: str = "") -> ObjectStore:
        return open_store(url or self.url, self.credential, ca=self.ca)


@contextmanager
def azurite(folder: Path) -> Iterator[Azurite]:
    """One that serves the container "run"; it ends with the block. Its test is skipped where there is no Node."""
    if not HAS_NODE:
        pytest.skip(NO_NODE)
    layout = Layout(folder)
    folder.mkdir(exist_ok=True)
    prepare_certificates(layout)
    program = ensure_azurite(cache_folder(), lambda text: print(text, flush=True))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Azurite(Server(ACCOUNT, port, folder / "blob", program, layout.certificate, layout.ca), Servers())
    try:
        made.start()
        make_container(made.server, "run", token())
        yield made
    finally:
        made.servers.close()
