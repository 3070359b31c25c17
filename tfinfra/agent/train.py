"""The middle of an agent's life: launches this node's tasks, supervises them to the run's end, ends what is left."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from contextlib import suppress

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.end.collect_outputs import collect
from tfinfra.agent.end.forwarding import Forwarding
from tfinfra.agent.end.left_files import LeftBehind
from tfinfra.agent.end.mirrored_logs import MirroredLogs
from tfinfra.agent.evidence.witness import Witness
from tfinfra.agent.join import prepare
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_records import write
from tfinfra.agent.node_errors import NodeFault
from tfinfra.agent.tasks.direct import DirectTasks, NodeTasks
from tfinfra.agent.tasks.mpi.mpi_tasks import LAUNCHER_LOG, MpiTasks
from tfinfra.agent.verdict.watchers import Coordinator, Follower, Watcher
from tfinfra.backends.registry import backend
from tfinfra.store import keys, store_errors

_TICK = 0.05
_TERM_GRACE = 2.0
_KILL_GRACE = 2.0
OTHERS = 6.0  # seconds for the other nodes to end their tasks: they see the outcome, then TERM, 2 s, KILL
_log = logging.getLogger(__name__)


def train(context: AgentContext, assignment: Assignment, seen: Witness, forwarding: Forwarding) -> None:
    """Runs this node's part to the run's end; the node that wrote the outcome collects. `forwarding` is started, and
    finished unless this raises."""
    tasks: NodeTasks
    if backend(assignment.plan.backend).launcher:
        tasks = MpiTasks(assignment, context.store, context.clock, context.pause)
    else:
        tasks = DirectTasks(assignment, context.clock)
    leads = assignment.node == 0
    watcher: Watcher = Coordinator(context, assignment, tasks) if leads else Follower(context, assignment)
    mirrored = MirroredLogs(context, assignment)
    left: LeftBehind | None = None
    try:
        forwarding.start()
        mirrored.start()
        context.heartbeats.say("launching")
        prepare(assignment)
        left = _what_is_there(context, assignment)
        _start(context, assignment, tasks, watcher)
        while True:
            _publish_changes(context, tasks, watcher, seen)
            if watcher.step():
                break
            context.clock.sleep(_TICK)
    finally:
        _end(context, tasks, seen)
        mirrored.stop()
        if left is not None:
            _keep(context, left)
    if not watcher.won:
        forwarding.finish()  # whoever collects waits for nothing of this node once it has ended
    context.say_ended()
    if watcher.won:
        watcher.wait_for_others(OTHERS)
        bring(context, assignment, forwarding.finish)


def bring(context: AgentContext, assignment: Assignment, finish: Callable[[], None]) -> None:
    """Collects what the tasks wrote, and calls `finish` before it says so: the machine may be deleted then. Where
    collecting fails collected.json stays away, and the client takes what it can."""

    def ship_own_log() -> None:
        finish()
        context.logs.finish(keys.agent_log(assignment.node))

    errors: tuple[type[Exception], ...] = (*store_errors(), RuntimeError)  # the last: no thread can be started
    try:
        collected = collect(context.store, assignment.folders.shared, ship_own_log)
    except errors:
        _log.exception("could not collect")
        return
    _log.info("collected %d files", collected.files)


def _start(context: AgentContext, assignment: Assignment, tasks: NodeTasks, watcher: Watcher) -> None:
    for task in assignment.tasks:
        context.logs.add(task.name, assignment.log(task.name))
        context.logs.add_points(task.name, assignment.paths.points(task.name))
    if backend(assignment.plan.backend).launcher and assignment.node == 0:
        context.logs.add(LAUNCHER_LOG, assignment.log(LAUNCHER_LOG))
    try:
        tasks.start()
    except NodeFault as fault:
        watcher.fail(fault.message)
    context.heartbeats.say("training")


def _publish_changes(context: AgentContext, tasks: NodeTasks, watcher: Watcher | None, seen: Witness) -> None:
    for status in tasks.poll():
        detail = ", has joined the others" if status.joined else ""
        if status.exit_status is not None:
            detail = f", exit status {status.exit_status}"
        _log.info("%s is %s%s", status.task, status.state, detail)
        seen.note(status)
        context.publish_status(status)
        if watcher:
            watcher.note(status)


def _end(context: AgentContext, tasks: NodeTasks, seen: Witness) -> None:
    """TERM, 2 s later KILL; then the last statuses and logs, and the evidence of the tasks' end. The processes end even
    where the store fails."""
    context.heartbeats.say("ending")
    tasks.signal(signal.SIGTERM)
    _wait(context, tasks, _TERM_GRACE)
    tasks.signal(signal.SIGKILL)
    _wait(context, tasks, _KILL_GRACE)
    with suppress(*store_errors()):
        _publish_changes(context, tasks, None, seen)
    seen.end()


def _what_is_there(context: AgentContext, assignment: Assignment) -> LeftBehind | None:
    """What will tell what the tasks left; None where that cannot be, and they run all the same."""
    try:
        return LeftBehind(assignment, context.clock.time())
    except Exception:  # noqa: BLE001  a script's text may be anything
        _log.exception("could not see what there is before the tasks")
        return None


def _keep(context: AgentContext, left: LeftBehind) -> None:
    """Puts what the tasks wrote elsewhere into the common directory, and tells the client. Whatever goes wrong with
    that, the outputs still come home."""
    context.heartbeats.say("keeping")
    try:
        for kept in left.keep():
            files = sum(place.files for place in kept.places)
            _log.info("%s wrote %d files elsewhere than into the outputs", kept.task, files)
            write(context.store, keys.left_key(kept.task), kept)
    except Exception:  # noqa: BLE001  a script's files may be anything
        _log.exception("could not keep what the tasks wrote elsewhere")


def _wait(context: AgentContext, tasks: NodeTasks, seconds: float) -> None:
    give_up = context.clock.monotonic() + seconds
    while tasks.running() and context.clock.monotonic() < give_up:
        context.clock.sleep(0.02)
