"""Runs this node's tasks where tfinfra itself starts them: one process each, its exit status is the task's."""

from __future__ import annotations

import logging
import os
import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.node.memory_kills import MemoryKills
from tfinfra.agent.node.ports import is_free, meets
from tfinfra.agent.node.processes import Command, Process
from tfinfra.agent.node_errors import NodeFault
from tfinfra.agent.tasks.task_command import argv_of
from tfinfra.agent.tasks.task_variables import task_variables
from tfinfra.backends.registry import backend
from tfinfra.backends.statuses import ending
from tfinfra.model import Task, TaskStatus
from tfinfra.system.clock import Clock

_PORT_IS_TAKEN = re.compile(rb"address already in use|could not start grpc server", re.IGNORECASE)
_TAIL = 1 << 16
_LOOK = 0.5
_log = logging.getLogger(__name__)


class NodeTasks(Protocol):
    """This node's tasks, whatever starts their processes. Called from the main thread only."""

    def start(self) -> None:
        """Starts them. Raises NodeFault where that is not possible."""

    def poll(self) -> list[TaskStatus]:
        """The statuses that have changed since the last call; restarts what may be restarted."""

    def signal(self, number: signal.Signals) -> None:
        """Sends `number` to all processes of all tasks; what ends from now on was stopped, it did not fail."""

    def running(self) -> bool:
        """Whether any process of theirs is alive."""

    def launcher_exit(self) -> int | None:
        """The exit status of a launcher that started them (mpirun), None while it runs and where there is none."""


@dataclass
class _RunningTask:
    task: Task
    process: Process
    status: TaskStatus


class DirectTasks:
    """NodeTasks for every backend whose tasks need no launcher of their own."""

    def __init__(self, assignment: Assignment, clock: Clock) -> None:
        self._assignment = assignment
        self._clock = clock
        self._running: list[_RunningTask] = []
        self._changed: list[TaskStatus] = []
        self._stopping = False
        self._next_look = 0.0
        self._memory = MemoryKills()

    def start(self) -> None:
        assignment = self._assignment
        for task in assignment.tasks:
            port = assignment.registration.base_port + task.slot
            if backend(assignment.plan.backend).binds_ports and not is_free(port):
                raise NodeFault(f"{task.name} on node {task.node} cannot bind its port {port}: another process has it")
        for task in assignment.tasks:
            self._running.append(self._launch(task, attempt=0))

    def poll(self) -> list[TaskStatus]:
        for index, running in enumerate(list(self._running)):
            code = running.process.poll()
            if running.status.state == "running" and code is not None:
                self._running[index] = self._after_the_end(running, code)
        self._look_for_joining()
        changed, self._changed = self._changed, []
        return changed

    def signal(self, number: signal.Signals) -> None:
        self._stopping = True
        for running in self._running:
            if running.status.state == "running":
                running.process.signal(number)

    def running(self) -> bool:
        return any(r.process.poll() is None for r in self._running)

    def launcher_exit(self) -> int | None:
        return None

    def _look_for_joining(self) -> None:
        """A task whose peers wait for it has joined them once it serves its address, or talks to one of theirs."""
        now, own = self._clock.monotonic(), backend(self._assignment.plan.backend)
        if not own.joining or not own.binds_ports or now < self._next_look:
            return
        self._next_look = now + _LOOK
        nodes = self._assignment.inventory.nodes
        ports = {task.name: nodes[task.node].base_port + task.slot for task in self._assignment.plan.tasks}
        for running in self._running:
            status, others = running.status, {port for name, port in ports.items() if name != running.task.name}
            if status.state == "running" and not status.joined and meets(ports[running.task.name], others):
                running.status = replace(status, joined=True)
                self._note(running)

    def _launch(self, task: Task, attempt: int) -> _RunningTask:
        assignment = self._assignment
        folder, variables = assignment.working_directory(task), task_variables(assignment, task)
        process = Process(Command(argv_of(assignment, variables), folder, variables, assignment.log(task.name)))
        _log.info("started %s as process %d, attempt %d", task.name, process.pid, attempt)
        status = TaskStatus(task.name, task.node, "running", process.pid, None, self._clock.time(), None, attempt)
        return self._note(_RunningTask(task, process, status))

    def _after_the_end(self, running: _RunningTask, code: int) -> _RunningTask:
        """The task started again where it may be, else with the status that its end gives it."""
        running.process.end_rest()  # what the task started ends with it
        task, attempt, plan = running.task, running.status.attempt, self._assignment.plan
        if not self._stopping and attempt < backend(plan.backend).restarts(plan, task):
            _log.warning("%s ended with exit status %d: restarting it in place", task.name, code)
            return self._launch(task, attempt + 1)
        state = "stopped" if self._stopping else "succeeded" if code == 0 else "failed"
        status = replace(running.status, state=state, exit_status=code, ended=self._clock.time())
        if state == "failed":
            status = replace(status, out_of_memory=self._memory.any())
            message = ending(status)
            if attempt:
                message += f" after {attempt} restarts"
            with self._assignment.log(task.name).open("rb") as log:
                log.seek(max(0, os.fstat(log.fileno()).st_size - _TAIL))
                if _PORT_IS_TAKEN.search(log.read()):
                    message += f": it cannot bind its port {self._assignment.registration.base_port + task.slot}"
            status = replace(status, message=message)
        return self._note(replace(running, status=status))

    def _note(self, running: _RunningTask) -> _RunningTask:
        self._changed.append(running.status)
        return running


def pending(tasks: Sequence[Task]) -> list[TaskStatus]:
    return [TaskStatus(t.name, t.node, "pending") for t in tasks]
