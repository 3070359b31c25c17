"""The client's side of the local cloud: finds the daemon, starts it where none answers, agrees on the version."""

from __future__ import annotations

import errno
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinfra.errors import ProvisioningError, full_disk
from tfinfra.localcloud.common.state_files import own_folder, read_json
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.system.process import child_python
from tfinfra.system.process.inherited_variables import plain_environment
from tfinfra.version import __version__

START_SECONDS = 30.0
ANSWER_SECONDS = 10.0
_LEAST_SPACE = 64 * 1024
"""Bytes without which a disk is full for the daemon, which writes its certificates first."""


@dataclass(frozen=True)
class Endpoint:
    """A daemon that answers."""

    layout: Layout
    port: int

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


def running_daemon(layout: Layout) -> Endpoint | None:
    """The daemon that answers now, whatever its version; None where none does."""
    endpoint = _endpoint(layout)
    try:
        return endpoint if endpoint and call(endpoint, "GET", "health")[0] == 200 else None
    except OSError:
        return None


def ensure_daemon(layout: Layout, azurite: Path | None = None) -> Endpoint:
    """A daemon of this version that answers and waits for this process. Starts one where there is none; asks an idle
    one of another version to leave. `azurite` is the program for accounts that are to be served by it. Raises
    ProvisioningError."""
    own_folder(layout.root)
    found = _greeted(layout, azurite)
    if found:
        return found
    import filelock

    with filelock.FileLock(layout.start_lock):
        return _greeted(layout, azurite) or _started(layout, azurite)


def call(endpoint: Endpoint, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """One request of the owner to a path below /tfinfra/. Raises OSError where there is no answer."""
    context = ssl.create_default_context(cafile=endpoint.layout.ca)
    connection = http.client.HTTPSConnection("127.0.0.1", endpoint.port, timeout=ANSWER_SECONDS, context=context)
    headers = {
        "Authorization": f"Bearer {endpoint.layout.token.read_text('utf-8')}",
        "Content-Type": "application/json",
    }
    try:
        connection.request(method, f"/tfinfra/{path}", None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"null")
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"no answer of the local cloud: {error}") from error
    finally:
        connection.close()


def _endpoint(layout: Layout) -> Endpoint | None:
    written = read_json(layout.endpoint)
    port = written.get("port") if isinstance(written, dict) else None
    return Endpoint(layout, port) if isinstance(port, int) else None


def _greeted(layout: Layout, azurite: Path | None) -> Endpoint | None:
    """The running daemon, which waits for this process from now on; None where none of this version runs. One of
    another version is asked to leave. Raises ProvisioningError where it still has groups."""
    endpoint = _endpoint(layout)
    if endpoint is None:
        return None
    try:
        body = {"pid": os.getpid(), "azurite": str(azurite or "")}
        status, health = call(endpoint, "POST", "hello", body)
    except OSError:
        return None
    if status != 200:
        return None
    if health["version"] == __version__:
        return endpoint
    if call(endpoint, "POST", "quit")[0] != 200:
        groups = ", ".join(health["groups"])
        raise ProvisioningError(
            f"the local cloud of tfinfra {health['version']} still has the groups {groups}; this is {__version__}",
            hint=f"end its runs with `tfinfra down` of tfinfra {health['version']}, or wait for their deadline",
        )
    return None


def _started(layout: Layout, azurite: Path | None) -> Endpoint:
    process = _spawn(layout)
    threading.Thread(target=process.wait, daemon=True, name="local-cloud").start()  # or it stays as a zombie
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        found = _greeted(layout, azurite)
        if found:
            return found
        if process.returncode is not None:
            break
        time.sleep(0.02)
    said = _error_file(layout).read_text("utf-8", errors="replace")
    if not said.strip() and shutil.disk_usage(layout.root).free < _LEAST_SPACE:  # then it could not say so either
        said = f"{layout.root}: {os.strerror(errno.ENOSPC)}"
    why = why_not(process.returncode, said)
    hint = "free some space on it" if full_disk(said) else f"its log is {layout.log}"
    raise ProvisioningError(f"the local cloud does not start: {why}", hint=hint)


def _spawn(layout: Layout) -> subprocess.Popen[bytes]:
    """The daemon in a session of its own: it outlives this process, takes no Ctrl-C meant for it, and inherits no more
    of the caller's variables than it needs: it serves others too, and for longer than this verb lasts."""
    command = child_python.module("tfinfra.localcloud.daemon", "--state", str(layout.root))
    command += ["--client", str(os.getpid())]  # its parent may be another one by the time that it asks
    with _error_file(layout).open("wb") as errors:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            cwd="/",
            env=plain_environment(os.environ),
        )


def _error_file(layout: Layout) -> Path:
    return layout.root / "daemon.err"


def why_not(code: int | None, said: str) -> str:
    """How a daemon that does not answer ended (`code` None: it runs), with its last words on stderr."""
    if code is not None and code < 0:
        return f"it was killed by {signal.Signals(-code).name}"
    if (full := full_disk(said)) is not None:
        return full
    last = said.strip().splitlines()[-1:]
    if code is None:
        return ": ".join([f"it has not answered for {START_SECONDS:.0f} s", *last])
    return last[0] if last else f"it ended with exit status {code} and without a message"
