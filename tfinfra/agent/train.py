"""The middle of an agent's life: launches this node's tasks, supervises them to the run's end, ends what is left."""

from __future__ import annotations

import logging
import signal
from contextlib import suppress

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.end.collect import collect
from tfinfra.agent.end.uncollected import left_behind
from tfinfra.agent.errors import NodeFault
from tfinfra.agent.join import prepare
from tfinfra.agent.node.agent_context import Host
from tfinfra.agent.tasks.direct import DirectTasks, NodeTasks
from tfinfra.agent.tasks.mpi.mpi_tasks import LAUNCHER_LOG, MpiTasks
from tfinfra.agent.verdict.watchers import Coordinator, Follower, Watcher
from tfinfra.backends.registry import backend
from tfinfra.model import Outcome, TaskStatus
from tfinfra.store import keys, store_errors

_TICK = 0.05
_TERM_GRACE = 2.0
_KILL_GRACE = 2.0
OTHERS = 6.0  # seconds for the other nodes to end their tasks: they see the outcome, then TERM, 2 s, KILL
_log = logging.getLogger(__name__)


def train(host: Host, mine: Assignment) -> None:
    """Runs this node's part to the run's end; the node that wrote the outcome collects."""
    tasks = _node_tasks(host, mine)
    watcher: Watcher = Coordinator(host, mine, tasks) if mine.node == 0 else Follower(host, mine)
    try:
        _start(host, mine, tasks, watcher)
        _supervise(host, tasks, watcher)
    finally:
        _end(host, tasks)
    host.pulse.say("ended")
    if watcher.won:
        watcher.wait_for_others(OTHERS)
        bring(host, mine)


def bring(host: Host, mine: Assignment) -> None:
    """Collects what the tasks wrote. Where that fails collected.json stays away, and the client takes what it can."""

    def ship_own_log() -> None:
        host.logs.finish(keys.agent_log(mine.node))

    try:
        collected = collect(host.store, mine.folders.shared, ship_own_log, left_behind(mine))
    except _collecting_errors():
        _log.exception("could not collect")
        return
    _log.info("collected %d files", collected.files)


def _collecting_errors() -> tuple[type[Exception], ...]:
    """RuntimeError: no thread can be started."""
    return (*store_errors(), RuntimeError)


def _node_tasks(host: Host, mine: Assignment) -> NodeTasks:
    if backend(mine.plan.backend).launcher:
        return MpiTasks(mine, host.store, host.clock, host.pause)
    return DirectTasks(mine, host.clock)


def _start(host: Host, mine: Assignment, tasks: NodeTasks, watcher: Watcher) -> None:
    host.pulse.say("launching")
    prepare(mine)
    for task in mine.tasks:
        host.logs.add(task.name, mine.log(task.name))
    if backend(mine.plan.backend).launcher and mine.node == 0:
        host.logs.add(LAUNCHER_LOG, mine.log(LAUNCHER_LOG))
    try:
        tasks.start()
    except NodeFault as fault:
        watcher.fail(fault.message)
    host.pulse.say("training")


def _supervise(host: Host, tasks: NodeTasks, watcher: Watcher) -> Outcome:
    while True:
        _tell_changes(host, tasks, watcher)
        if outcome := watcher.step():
            return outcome
        host.clock.sleep(_TICK)


def _tell_changes(host: Host, tasks: NodeTasks, watcher: Watcher | None) -> None:
    for status in tasks.poll():
        _log.info("%s is %s%s", status.task, status.state, _detail(status))
        host.tell(status)
        if watcher:
            watcher.note(status)


def _detail(status: TaskStatus) -> str:
    if status.exit_status is not None:
        return f", exit status {status.exit_status}"
    return ", has joined the others" if status.joined else ""


def _end(host: Host, tasks: NodeTasks) -> None:
    """TERM, 2 s later KILL; then the last statuses and logs. The processes end even where the store fails."""
    host.pulse.say("ending")
    tasks.signal(signal.SIGTERM)
    _wait(host, tasks, _TERM_GRACE)
    tasks.signal(signal.SIGKILL)
    _wait(host, tasks, _KILL_GRACE)
    with suppress(*store_errors()):
        _tell_changes(host, tasks, None)


def _wait(host: Host, tasks: NodeTasks, seconds: float) -> None:
    give_up = host.clock.monotonic() + seconds
    while tasks.running() and host.clock.monotonic() < give_up:
        host.clock.sleep(0.02)
