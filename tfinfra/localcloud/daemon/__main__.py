"""The local cloud's daemon: `python -m tfinfra.localcloud.daemon`. One per user and state folder, under a lock.

Two processes: this one only waits for the server and starts it again where it was killed while groups exist, because
their deadline must hold also when no client is left. Started on demand (daemon_client.py).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import time
import traceback
from pathlib import Path

import filelock

from tfinfra.localcloud.common.state_files import own_folder
from tfinfra.localcloud.common.state_folder import Layout

LOCK_SECONDS = 20.0  # an earlier daemon may be on its way out
SHORT_LIFE = 5.0  # seconds; a server that ends sooner is not started again at once
PAUSE = 2.0


def main() -> int:
    """Exit status 0 also where another daemon serves the folder already."""
    parser = argparse.ArgumentParser(prog="python -m tfinfra.localcloud.daemon")
    parser.add_argument("--state", type=Path, required=True, help="folder of the cloud's state")
    parser.add_argument("--client", type=int, default=0, help="process that is waited for at first")
    options = parser.parse_args()
    layout = Layout(options.state)
    own_folder(layout.root)
    lock = filelock.FileLock(layout.lock)
    if not _acquired(lock, layout):
        return 0
    while True:
        begun = time.monotonic()
        status = _serve_once(layout, options.client)
        # a folder that was removed holds no groups
        if status == 0 or not layout.groups.is_dir() or not any(layout.groups.iterdir()):
            return status
        if time.monotonic() - begun < SHORT_LIFE:
            time.sleep(PAUSE)


def _acquired(lock: filelock.BaseFileLock, layout: Layout) -> bool:
    """Whether the lock is ours now. It is not where a daemon answers, or does not go away."""
    until = time.monotonic() + LOCK_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(filelock.Timeout):
            lock.acquire(timeout=0.2)
            return True
        from tfinfra.localcloud.daemon.daemon_client import running_daemon

        if running_daemon(layout) is not None:
            return False
    return False


def _serve_once(layout: Layout, client: int) -> int:
    """Serves in a child; returns its exit status, 128 + n where signal n ended it. Signals that end this process are
    passed on."""
    child = os.fork()
    if child == 0:
        try:
            from tfinfra.localcloud.daemon import server

            server.run(layout, client)
        except Exception as error:  # noqa: BLE001 — the child ends here, without the interpreter's own report
            traceback.print_exception(error)
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda signum, _: os.kill(child, signum))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
