"""The provider plugin that a cloud brings along, as a process of the engine's own."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from tfinfra.errors import ProvisioningError

_START = 30.0  # seconds; about one on an idle machine
_TAIL = 400


class PluginProcess:
    """Started by the constructor; `port` waits until it listens. It ends with `close`, or when this process does: its
    standard input is a pipe whose other end is here."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*command, "--until-stdin-closes"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
                start_new_session=True,
            )
        self._port: int | None = None
        self._listening = threading.Event()
        threading.Thread(target=self._read_port, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def port(self) -> int:
        """Raises ProvisioningError where the plugin ended before it listened."""
        self._listening.wait(_START)
        if self._port is None:
            text = self._log.read_text(encoding="utf-8", errors="replace").strip()
            last = text[-_TAIL:].splitlines()[-1] if text else f"it {self.failure() or 'never printed its port'}"
            raise ProvisioningError(f"the provider plugin did not start: {last}")
        return self._port

    def failure(self) -> str | None:
        """How it ended, None while it runs."""
        status = self._process.poll()
        if status is None:
            return None
        return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()

    def _read_port(self) -> None:
        line = self._process.stdout.readline() if self._process.stdout else b""
        self._port = int(line) if line.strip().isdigit() else None
        self._listening.set()
