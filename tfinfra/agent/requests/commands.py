"""Runs commands that the run's client asks for, as this node's first task is run: with its variables, in its working
folder, by its user. What they print is a log of the run, on its way as every other."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.log_shipping import Audience
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node.processes import Command, Process
from tfinfra.agent.requests.answers import put_answer
from tfinfra.agent.tasks.task_variables import task_variables
from tfinfra.errors import first_line
from tfinfra.model import decode
from tfinfra.model.requests import Answer, ExecBody, InterruptBody, Request
from tfinfra.store import keys, store_errors

MOST_OUTPUT = 64 << 20
"""Bytes that a command may print before it is ended."""
MOST = 8
"""Commands of the client that run on a node at once."""
_GRACE, _SILENT = 2.0, 100.0
"""Seconds from TERM to KILL; and those without a client, behind the 20 s for which a beat counts, after which a command
is ended."""
_NOT_FOUND, _KILLED = 127, 137
_BY_CLIENT = "its client has ended it"
_log = logging.getLogger(__name__)


@dataclass
class _Running:
    request: Request
    process: Process
    log: Path
    client: Audience
    heard: float
    ended_because: str = ""
    kill_at: float | None = None


class Commands:
    """`start` and `interrupt` take requests, `poll` brings on what runs; all from one thread. `why_none` says why
    another run on this node takes no commands, "" where none does."""

    def __init__(self, context: AgentContext, assignment: Assignment, why_none: Callable[[], str] = str) -> None:
        self._context = context
        self._why_none = why_none
        self._assignment = assignment
        self._running: dict[str, _Running] = {}
        self._interrupted: set[str] = set()
        self._unsaid: list[tuple[str, Answer]] = []

    def start(self, request: Request) -> None:
        """Raises Unfit where it says no command."""
        why = _BY_CLIENT if request.number in self._interrupted else self._refusal()
        argv = decode(ExecBody, request.body.encode()).argv
        if why or not argv:
            self._say(request.number, Answer("refused", message=why or "there is no command"))
            return
        number = request.number
        note_execution(self._context.paths)
        if why := self._why_none():  # a locked run that began meanwhile has not seen the note
            self._say(number, Answer("refused", message=why))
            return
        log = self._assignment.log(keys.exec_log(number, self._assignment.node))
        self._context.logs.add(log.stem, log)
        command = self._command(argv, log)
        try:
            _must_be_there(command)
            process = Process(command)
        except OSError as error:
            log.write_text(f"{argv[0]}: {error.strerror}\n", "utf-8")
            self._conclude(number, log, Answer("ended", _NOT_FOUND))
            return
        _log.info("a command of the client's runs as process %d", process.pid)
        client = Audience(self._context.store, self._context.clock, keys.exec_watch(number))
        self._running[number] = _Running(request, process, log, client, self._context.clock.monotonic())
        self._say(number, Answer("started"))

    def interrupt(self, request: Request) -> None:
        """Asks all processes of a command to end; a moment later they are killed. Raises Unfit."""
        number = decode(InterruptBody, request.body.encode()).number
        self._interrupted.add(number)  # the command itself may be met later: requests have no order
        if (running := self._running.get(number)) is not None:
            self._end(running, _BY_CLIENT)

    def poll(self) -> None:
        """Concludes what has ended, and ends what prints too much, or is followed by nobody. What goes wrong with one
        command ends that alone."""
        for number, running in list(self._running.items()):
            try:
                self._bring_on(number, running)
            except Exception as error:  # noqa: BLE001  the outermost edge of one command: the others go on
                _log.exception("a command of the client's is given up")
                running.process.signal(signal.SIGKILL)
                self._running.pop(number, None)
                self._say(number, Answer("ended", _KILLED, f"the node's agent failed: {first_line(error)}"))
        self._say_again()

    def _bring_on(self, number: str, running: _Running) -> None:
        self._bound(running)
        code = running.process.poll()
        if code is None:
            return
        running.process.end_rest()
        del self._running[number]
        if _size(running.log) > MOST_OUTPUT:
            os.truncate(running.log, MOST_OUTPUT)
        self._conclude(number, running.log, Answer("ended", code, running.ended_because))

    def stop(self) -> None:
        """Kills what runs: the agent ends."""
        for running in self._running.values():
            running.process.signal(signal.SIGKILL)

    def _refusal(self) -> str:
        assignment = self._assignment
        if not self._context.settings.execs:
            return "the run is locked, and no guardrail allows commands on it (allow.exec)"
        if why := self._why_none():
            return why
        if not assignment.working_directory(assignment.tasks[0]).is_dir():
            return "its tasks have not been started yet"
        return f"{MOST} commands run on it already" if len(self._running) >= MOST else ""

    def _command(self, argv: tuple[str, ...], log: Path) -> Command:
        assignment, task = self._assignment, self._assignment.tasks[0]
        variables = task_variables(assignment, task)
        temporary = Path(variables["TMPDIR"])
        if not temporary.is_dir():  # that of the tasks has gone with them
            temporary = self._context.paths.requests / "tmp"
            temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Command(argv, assignment.working_directory(task), {**variables, "TMPDIR": str(temporary)}, log)

    def _bound(self, running: _Running) -> None:
        if (size := _size(running.log)) > MOST_OUTPUT:
            self._end(running, f"it was ended: it printed more than {MOST_OUTPUT >> 20} MiB")
        if size > 2 * MOST_OUTPUT:  # TERM has not stopped it, and the disk is the next try's too
            running.process.signal(signal.SIGKILL)
        now = self._context.clock.monotonic()
        if running.client.is_watching():
            running.heard = now
        elif now - running.heard > _SILENT:
            self._end(running, "it was ended: its client has not been heard of for two minutes")
        if running.kill_at is not None and now >= running.kill_at:
            running.process.signal(signal.SIGKILL)

    def _end(self, running: _Running, why: str) -> None:
        if running.kill_at is None:
            running.kill_at = self._context.clock.monotonic() + _GRACE
            running.ended_because = why
            running.process.signal(signal.SIGTERM)

    def _conclude(self, number: str, log: Path, answer: Answer) -> None:
        """Says how a command ended once all of its log is in the store."""
        try:
            self._context.logs.finish(log.stem)
        except store_errors() as error:
            _log.warning("could not put the log of a command: %s", first_line(error))
        self._context.logs.forget(log.stem)
        self._say(number, answer)

    def _say(self, number: str, answer: Answer) -> None:
        self._unsaid.append((number, answer))
        self._say_again()

    def _say_again(self) -> None:
        """Puts the answers that wait, in their order; a store that does not answer gets them later."""
        while self._unsaid:
            number, answer = self._unsaid[0]
            if not put_answer(self._context.store, number, self._assignment.node, answer):
                return
            self._unsaid.pop(0)


def _must_be_there(command: Command) -> None:
    """Raises FileNotFoundError where there is no such program, with the way out: what starts it would name itself."""
    program, path = command.argv[0], command.environment.get("PATH", os.defpath)
    if not ((command.folder / program).exists() if "/" in program else shutil.which(program, path=path)):
        why = "the node has no such program; a shell's own words, and a line in one piece, go by: sh -c '…'"
        raise FileNotFoundError(errno.ENOENT, why)


def _size(log: Path) -> int:
    """0 for a log that is gone: a command may remove it itself."""
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0


def note_execution(paths: NodePaths) -> None:
    """Leaves word on the node that a command of somebody ran on it: what a lock says of it holds no more."""
    paths.requests.mkdir(mode=0o700, parents=True, exist_ok=True)
    _executed(paths).touch()


def has_executed(paths: NodePaths) -> bool:
    """Whether a command ran on this node besides its tasks."""
    return _executed(paths).exists()


def _executed(paths: NodePaths) -> Path:
    return paths.requests / "executed"
