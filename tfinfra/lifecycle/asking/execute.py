"""A command on nodes of a run that lives, through its store: asked, its output as it comes, its exit status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from tfinfra.errors import TfinfraError, UsageError, WaitEnded
from tfinfra.lifecycle.asking.run_over import RunOver, must_live_on
from tfinfra.lifecycle.asking.shown_command import shown_command
from tfinfra.lifecycle.asking.wanted_nodes import nodes_of
from tfinfra.lifecycle.attach.attached_run import must_be_readable, recorded
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.run.request_channel import Channel, open_channel
from tfinfra.lifecycle.watch.log_reader import AT_THE_END, LogLine, LogReader
from tfinfra.lifecycle.watch.poll_times import Every
from tfinfra.model import Beat
from tfinfra.model.requests import Answer, ExecBody, InterruptBody
from tfinfra.store import ObjectStore, encode, keys, store_errors
from tfinfra.system.clock import Clock, SystemClock, right_now
from tfinfra.system.process.streams import StdoutLost
from tfinfra.system.progress import Progress

_LOOK, _BEAT, _RECORD = 0.2, 2.0, 0.5
_SOON = 5.0
"""Seconds after which it is told that a node has not answered."""
_ANSWERS, _SILENT = 12.0, 0.4
"""A node that takes nothing within _ANSWERS seconds, and _SILENT of the time after which it counts as lost, never will:
watched nodes look each second."""
_ENDS = 8.0
"""Seconds that a command may take to end once it is to."""


@dataclass(frozen=True)
class NodeEnd:
    """How a command ended on a node: the exit status as a shell gives it, or None with the reason in `message`."""

    node: int
    exit_status: int | None
    message: str = ""


@dataclass(frozen=True)
class Executed:
    """`command` is as it may be shown. The exit status is the first node's that is not 0."""

    run: str
    command: str
    nodes: tuple[NodeEnd, ...]

    @property
    def exit_status(self) -> int:
        return next((node.exit_status for node in self.nodes if node.exit_status), 0)

    def document(self, lines: Sequence[LogLine], left_out: int) -> dict[str, Any]:
        """As `exec --json` gives it: the last lines, and how many stood before them."""
        nodes = [
            {"node": one.node, "exit_status": one.exit_status, "message": one.message or None} for one in self.nodes
        ]
        return {
            "run": self.run,
            "command": self.command,
            "exit_status": self.exit_status,
            "nodes": nodes,
            "lines": [*lines],
            "lines_left_out": left_out,
        }


@dataclass
class _Asked:
    """A node that was asked. `said` is its newest answer."""

    node: int
    reader: LogReader
    said: Answer | None = None
    told: bool = False

    @property
    def is_over(self) -> bool:
        return self.said is not None and self.said.state != "started"


def execute(
    found: FoundRun,
    argv: Sequence[str],
    node: int | None,
    show: Callable[[LogLine], None],
    tell: Progress,
    *,
    clock: Clock | None = None,
) -> Executed:
    """Runs `argv` on the node of that rank, on all of them with None, and returns once it has ended there. `show` gets
    each line of output; `tell` hears of nodes that do not answer.

    Raises UsageError where nobody can be asked or a node refuses, ManifestError where the target allows no requests,
    WaitEnded where a node does not answer, Cancelled where the run ends and its nodes go. Whatever interrupts this
    process ends the command first.
    """
    must_be_readable(found)
    record = recorded(found)
    store = found.store
    if store is None:
        raise UsageError(f"{found.run} has no nodes any more: it is {found.status.state}")
    if record.on:
        hint = f"`tfinfra exec {record.on} -- …` asks these, in the working folder of their own run"
        raise UsageError(f"{found.run} is on the nodes of {record.on}", hint=hint)
    nodes = nodes_of(found.run, store, node)
    channel = open_channel(found.ports, found.folder, record, store)
    command = shown_command(argv)
    request = channel.request("exec", ExecBody(tuple(argv)), nodes)
    asked = [_Asked(each, LogReader(store, keys.exec_log(request.number, each))) for each in nodes]
    execution = _Execution(found, channel, store, show, tell, clock or SystemClock(), request.number, asked)
    audit = found.folder.audit
    audit.append("exec", request=request.number, nodes=nodes, command=command)  # before it can run anywhere
    try:
        channel.put(request)
        ends = execution.follow()
    finally:
        if not execution.run_over:
            with suppress(*store_errors()):
                channel.withdraw(request.number)
        statuses = {str(one.node): one.said.exit_status if one.said else None for one in asked}
        states = {str(one.node): one.said.state if one.said else None for one in asked}
        audit.append("exec-ended", request=request.number, exit_status=statuses, state=states)
    return Executed(found.run, command, ends)


@dataclass
class _Execution:
    """One command, the request `number`, followed to its end on all nodes that are `asked`."""

    found: FoundRun
    channel: Channel
    store: ObjectStore
    show: Callable[[LogLine], None]
    tell: Progress
    clock: Clock
    number: str
    asked: Sequence[_Asked]
    run_over: bool = False

    def __post_init__(self) -> None:
        self._beat = Every(_BEAT, self.clock.monotonic)
        self._record = Every(_RECORD, self.clock.monotonic)

    def follow(self) -> tuple[NodeEnd, ...]:
        try:
            self._until_over(self._patience())
        except RunOver:
            self.run_over = True
            raise
        except BaseException as reason:
            self._end(nobody_reads=isinstance(reason, StdoutLost))
            raise
        if refused := next((one for one in self.asked if one.said and one.said.state == "refused"), None):
            why = refused.said.message if refused.said else ""
            raise UsageError(f"node {refused.node} of {self.found.run} does not take it: {why}")
        said = [(one.node, one.said or Answer("ended")) for one in self.asked]
        return tuple(NodeEnd(node, answer.exit_status, answer.message) for node, answer in said)

    def _until_over(self, patience: float) -> None:
        began = self.clock.monotonic()
        while not self._is_over():
            if self._record.due():
                must_live_on(self.found)
            try:
                self._look()
            except store_errors():
                must_live_on(self.found)  # the store goes with the run
                raise
            waited = self.clock.monotonic() - began
            silent = [one for one in self.asked if one.said is None]
            for one in silent:
                if waited > _SOON and not one.told:
                    one.told = True
                    self.tell(f"node {one.node} has not answered yet: waiting for up to {patience:.0f} s")
            if silent and waited > patience:
                names = ", ".join(f"node {one.node}" for one in silent)
                hint = (
                    f"`tfinfra status {self.found.run}` says whether they live; a node without openssl takes nothing,"
                    " nor does one whose clock differs from this machine's by minutes"
                )
                raise WaitEnded(f"{names} of {self.found.run} did not answer within {patience:.0f} s", hint=hint)
            self.clock.sleep(_LOOK)

    def _is_over(self) -> bool:
        return all(one.is_over for one in self.asked)

    def _look(self) -> None:
        """Shows what has come, and takes in who has ended. That somebody watches makes nodes look often, and keeps them
        from leaving; that this client does keeps the command."""
        if self._beat.due():
            with suppress(*store_errors()):
                beat = encode(Beat(right_now()))
                self.store.put(keys.exec_watch(self.number), beat)
                self.store.put(keys.WATCH, beat)
        for one in self.asked:
            if one.is_over:
                continue
            one.said = self.channel.answer(self.number, one.node) or one.said
            self._print(one, one.reader.new())
            if one.is_over:  # the answer comes after all of the log
                self._print(one, one.reader.rest(AT_THE_END))

    def _print(self, one: _Asked, lines: Any) -> None:
        for line in lines:
            self.show(replace(line, task=f"node-{one.node}"))

    def _end(self, *, nobody_reads: bool) -> None:
        """Ends the command on the nodes, and waits a moment for that and for what it still prints, unless nobody reads
        it. Who has not met it is not to meet it any more; who does not answer may have, and finds the interrupt until
        that expires."""
        nodes = [one.node for one in self.asked if not one.is_over]
        if not nodes:
            return
        self.tell("ending the command")
        with suppress(TfinfraError, *store_errors()):
            self.channel.withdraw(self.number)
            request = self.channel.send("interrupt", InterruptBody(self.number), nodes)
            give_up = self.clock.monotonic() + (0.0 if nobody_reads else _ENDS)
            while not self._is_over() and self.clock.monotonic() < give_up:
                self._look()
                self.clock.sleep(_LOOK)
            if self._is_over():
                self.channel.withdraw(request)

    def _patience(self) -> float:
        return max(_ANSWERS, _SILENT * self.found.ports.cloud.timeouts.heartbeat)
