"""Carries prted's command from mpirun to the peer's agent and its exit status back, through the run's store.

Where others may write into the store too, both are marked with the run's key, and what is not marked is ignored.

mpirun → remote_shell.sh → spool file → (node 0's agent) inbox/<node>/<request> → (the peer's agent) prted
       ← exit status     ← spool file ← (node 0's agent) outbox/<request>       ← (the peer's agent)
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tfinfra.agent.node.node_records import read, write
from tfinfra.agent.node.processes import Command, Process
from tfinfra.model import LauncherAnswer, LauncherRequest
from tfinfra.sealing import is_marked, mark
from tfinfra.store import ObjectStore, keys
from tfinfra.system.clock import Clock

_log = logging.getLogger(__name__)


class Post:
    """What is written to a node, and what it answers. `key` is the run's, None where no other run writes there."""

    def __init__(self, store: ObjectStore, key: str | None) -> None:
        self._store = store
        self._key = key
        self._refused: set[str] = set()

    def ask(self, node: int, request: str, command: str) -> None:
        said = LauncherRequest(command, self._mark("command", str(node), request, command))
        write(self._store, keys.inbox_key(node, request), said)

    def asked(self, node: int) -> Iterator[tuple[str, str]]:
        """(request, command) of all that node is asked to start."""
        for key in self._store.list(keys.inbox_folder(node)):
            said, request = read(self._store, key, LauncherRequest), Path(key).stem
            if said is not None and self._is_ours(key, said.mark, "command", str(node), request, said.command):
                yield request, said.command

    def answer(self, request: str, exit_status: int) -> None:
        said = LauncherAnswer(exit_status, self._mark("exit", request, str(exit_status)))
        write(self._store, keys.outbox_key(request), said)

    def answered(self, request: str) -> int | None:
        """The exit status of a request, None while there is none."""
        key = keys.outbox_key(request)
        said = read(self._store, key, LauncherAnswer)
        if said is None or not self._is_ours(key, said.mark, "exit", request, str(said.exit_status)):
            return None
        return said.exit_status

    def _mark(self, *parts: str) -> str | None:
        return None if self._key is None else mark(self._key, *parts)

    def _is_ours(self, key: str, said: str | None, *parts: str) -> bool:
        if self._key is None or is_marked(said, self._key, *parts):
            return True
        if key not in self._refused:
            self._refused.add(key)
            _log.warning("%s does not come from a node of this run: who else may write into the store?", key)
        return False


class Spool:
    """Node 0's side. `hosts` are the names that mpirun knows the nodes by, in rank order."""

    def __init__(self, post: Post, folder: Path, hosts: Sequence[str]) -> None:
        self._post = post
        self._folder = folder
        self._hosts = hosts
        self._open: set[str] = set()

    def poll(self) -> None:
        for file in sorted(self._folder.glob("*.cmd")):
            host, _, command = file.read_text("utf-8").partition("\n")
            self._post.ask(self._hosts.index(host.split(".")[0]), file.stem, command.strip())
            self._open.add(file.stem)
            file.unlink()
        for request in sorted(self._open):
            status = self._post.answered(request)
            if status is not None:
                new = self._folder / f"{request}.exit.new"
                new.write_text(f"{status}\n", "utf-8")
                new.rename(self._folder / f"{request}.exit")
                self._open.discard(request)


class Inbox:
    """The peer's side: starts what is asked of this node, each request once. `rewrite` turns the shell command
    that mpirun wants into the one that this node runs."""

    def __init__(self, post: Post, node: int, clock: Clock, rewrite: Callable[[str], str]) -> None:
        self._post = post
        self._node = node
        self._clock = clock
        self._rewrite = rewrite
        self._next = 0.0
        self._processes: dict[str, Process] = {}
        self._answered: set[str] = set()

    def poll(self, template: Command, pause: float) -> None:
        """Starts new requests (in `template`'s folder, environment and log) and answers for those that have ended;
        looks each `pause` seconds, and rarely once prted runs."""
        now = self._clock.monotonic()
        if now >= self._next:
            self._next = now + (20 * pause if self._processes else pause)
            for request, command in self._post.asked(self._node):
                if request not in self._processes:
                    process = Process(replace(template, argv=[*template.argv, self._rewrite(command)]))
                    self._processes[request] = process
                    _log.info("started prted as process %d", process.pid)
        for request, process in self._processes.items():
            code = process.poll()
            if code is not None and request not in self._answered:
                self._answered.add(request)
                process.end_rest()  # ranks that outlive their prted are orphans
                self._post.answer(request, code)

    def signal(self, number: signal.Signals) -> None:
        for process in self._processes.values():
            process.signal(number)

    def term_signal(self) -> int | None:
        """The signal that ended a prted of this node, as its shell tells it; None where none was ended so."""
        codes = (process.poll() for process in self._processes.values())
        return next((code - 128 for code in codes if code is not None and code > 128), None)

    def running(self) -> bool:
        return any(p.poll() is None for p in self._processes.values())
