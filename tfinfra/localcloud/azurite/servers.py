"""The azurites of the daemon: one for each storage account that is served by one.

One for each, because an azurite takes its accounts from its environment alone; so an account's blobs live and go with
its folder. An azurite that dies is started again at its port, as one is when the daemon itself comes back.
"""

from __future__ import annotations

import http.client
import logging
import os
import secrets
import ssl
import subprocess
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_SECONDS = 120.0  # a busy machine may take half a minute to read azurite from its disk
_AGAIN = 2.0  # seconds between two starts of one that does not stay
_END = 10.0
_BEFORE = tuple(Path(__file__).with_name(name) for name in ("until_stdin_ends.js", "until_roles_allow.js"))
log = logging.getLogger("tfinfra.localcloud")


@dataclass(frozen=True)
class Server:
    """What one azurite serves: the account's blobs, kept in `folder`, on loopback at `port`. `program` is azurite's,
    `certificate` a PEM file with a key and its chain, `ca` what signed that."""

    account: str
    port: int
    folder: Path
    program: Path
    certificate: Path
    ca: Path

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.port}/{self.account}/"

    @property
    def rights(self) -> Path:
        """The folder in which until_roles_allow.js finds what identities may do."""
        return self.folder.parent / "rights"


@dataclass
class _AzuriteProcess:
    process: subprocess.Popen[bytes]
    started: float


@dataclass
class Servers:
    """The azurites that are this process's children. Any thread may call."""

    _running: dict[str, _AzuriteProcess] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, server: Server) -> None:
        """Returns once the server answers. Raises OSError with the reason where it does not."""
        until = time.monotonic() + _SECONDS
        while not _answers(server):
            self.keep([server])
            if time.monotonic() > until:
                raise OSError(f"azurite does not serve {server.account}; see {_log_of(server)}")
            time.sleep(0.05)

    def keep(self, servers: Iterable[Server]) -> None:
        """Starts those that do not run, without waiting for them."""
        with self._lock:
            for server in servers:
                known = self._running.get(server.account)
                if known and (known.process.poll() is None or time.monotonic() - known.started < _AGAIN):
                    continue
                if known:
                    log.warning("azurite of %s ended with %s: started again", server.account, known.process.returncode)
                self._running[server.account] = _AzuriteProcess(_spawn(server), time.monotonic())

    def stop(self, account: str) -> None:
        """Ends the account's azurite, if it has one."""
        with self._lock:
            known = self._running.pop(account, None)
        if known is None:
            return
        if known.process.stdin:
            known.process.stdin.close()
        try:
            known.process.wait(_END)
        except subprocess.TimeoutExpired:
            known.process.kill()
            known.process.wait()

    def close(self) -> None:
        """Ends all of them."""
        for account in list(self._running):
            self.stop(account)


def make_container(server: Server, name: str, token: str) -> None:
    """https://learn.microsoft.com/rest/api/storageservices/create-container; one that exists is no error. Raises
    OSError."""
    status, answer = _ask(server, "PUT", f"/{server.account}/{name}?restype=container", token)
    if status not in (201, 409):
        raise OSError(f"azurite answered {status} when the container {name} was made: {answer}")


def delete_container(server: Server, name: str, token: str) -> None:
    """Deletes a container; one that does not exist is no error. Raises OSError."""
    status, answer = _ask(server, "DELETE", f"/{server.account}/{name}?restype=container", token)
    if status not in (202, 404):
        raise OSError(f"azurite answered {status} when the container {name} was deleted: {answer}")


def _spawn(server: Server) -> subprocess.Popen[bytes]:
    """`loose` and `skipApiVersionCheck`: the emulator knows fewer versions of the API than its clients."""
    server.folder.mkdir(parents=True, exist_ok=True)
    address = ["--blobHost", "127.0.0.1", "--blobPort", str(server.port), "--location", str(server.folder)]
    trust = ["--cert", str(server.certificate), "--key", str(server.certificate), "--oauth", "basic"]
    manner = ["--silent", "--disableTelemetry", "--loose", "--skipApiVersionCheck"]
    before = [word for script in _BEFORE for word in ("--require", str(script))]
    command = ["node", *before, str(server.program), *address, *trust, *manner]
    unused_key = secrets.token_urlsafe(32)  # azurite wants one; it is not kept, so that no caller can use it
    variables = {
        **os.environ,
        "AZURITE_ACCOUNTS": f"{server.account}:{unused_key}",
        "TFINFRA_RIGHTS": str(server.rights),
    }
    with _log_of(server).open("ab") as out:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out, stderr=out, env=variables, cwd=server.folder
        )


def _answers(server: Server) -> bool:
    try:
        _ask(server, "GET", f"/{server.account}?comp=list", "")
    except OSError:
        return False
    return True


def _ask(server: Server, method: str, target: str, token: str) -> tuple[int, str]:
    context = ssl.create_default_context(cafile=server.ca)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=30, context=context)
    headers = {"x-ms-version": "2023-11-03", "Content-Length": "0"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(500).decode("utf-8", "replace")
    except http.client.HTTPException as error:
        raise OSError(f"no answer of azurite: {error!r}") from error
    finally:
        connection.close()


def _log_of(server: Server) -> Path:
    return server.folder / "azurite.log"
