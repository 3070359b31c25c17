"""What the tasks write to ./logs, put into the store while it grows, so that TensorBoard shows a run that goes on: by
node 0, for all tasks have one ./logs, and only while a client asks for it. What comes home is collected at the end all
the same, under keys of its own."""

from __future__ import annotations

import logging
import stat
import threading
from pathlib import Path

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.log_shipping import Audience
from tfinfra.agent.node.node_records import write
from tfinfra.errors import first_line
from tfinfra.model import Mirrored
from tfinfra.store import keys, store_errors
from tfinfra.system.strange_trees import names_below

EVERY = 5.0
"""Seconds between two looks."""
MOST_BYTES, MOST_FILES = 64 << 20, 2000
"""Larger files, and more of them, come home at the end alone."""
_log = logging.getLogger(__name__)


class MirroredLogs:
    """On all nodes but node 0 nothing happens."""

    def __init__(self, context: AgentContext, assignment: Assignment) -> None:
        self._context = context
        self._leads = assignment.node == 0
        self._folder: Path = assignment.folders.shared / "logs"
        self._audience = Audience(context.store, context.clock, keys.MIRROR)
        self._there: dict[str, str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def start(self) -> None:
        if self._leads:
            self._thread.start()

    def stop(self) -> None:
        """Ends the thread. Whoever looks gets what the tasks wrote last."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
            if self._audience.is_watching():
                self.look()

    def _run(self) -> None:
        while not self._ended.wait(EVERY):
            if self._audience.is_watching():
                self.look()

    def look(self) -> None:
        """Puts what has changed. A file or a store that fails is tried again at the next look."""
        before = dict(self._there)
        awry: tuple[type[Exception], ...] = (*store_errors(), OSError, ValueError)  # the last: a name no key can hold
        for name in list(names_below(self._folder))[:MOST_FILES]:
            try:
                state = self._state(name)
                if state is not None and state != self._there.get(name):
                    self._context.store.put_file(keys.mirror_key(name), self._folder / name)
                    self._there[name] = state
            except awry as error:
                _log.warning("a file of ./logs could not be mirrored: %s", first_line(error))
        if self._there != before:
            files = {keys.mirror_key(name): state for name, state in self._there.items()}
            try:
                write(self._context.store, keys.MIRRORED, Mirrored(files))
            except store_errors() as error:
                self._there = before
                _log.warning("what was mirrored could not be told: %s", first_line(error))

    def _state(self, name: str) -> str | None:
        """What changes when the file does; None where it is none, or too large."""
        found = (self._folder / name).lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
            return None
        return f"{found.st_size}-{found.st_mtime_ns}"
