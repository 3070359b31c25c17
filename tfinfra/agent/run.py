"""An agent's whole life, in order: join, train, linger; beside it, from the first moment on, the deadline. Read this
first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from tfinfra.agent.end import reboot
from tfinfra.agent.end.await_deletion import linger
from tfinfra.agent.end.collect import mark_collected
from tfinfra.agent.end.deadline import Deadline
from tfinfra.agent.errors import NodeFault, RunEnded, RunStopped
from tfinfra.agent.join import Place, join
from tfinfra.agent.node.agent_context import Host
from tfinfra.agent.node.scheduled_events import Notices
from tfinfra.agent.train import OTHERS, bring, train
from tfinfra.agent.verdict import outcomes
from tfinfra.model import CollectedMark, Outcome
from tfinfra.store import store_errors

T = TypeVar("T")
_TRIES, _PAUSE = 4, 5.0
_log = logging.getLogger(__name__)


def run(host: Host) -> None:
    """Takes part in the run until the machine ends. Its threads end with it, all logs being in the store."""
    deadline = Deadline(host)
    deadline.start()
    before = reboot.earlier_boot(host)
    host.pulse.start()
    host.logs.start()
    notices = Notices(host.metadata, host.pulse, host.identity.name)
    notices.start()
    try:
        if before:
            _end_after_reboot(host, before)
        else:
            _take_part(host)
        linger(host)
    finally:
        notices.stop()
        host.logs.stop()
        host.pulse.stop()
        deadline.stop()


def _take_part(host: Host) -> None:
    """Joins and trains. What a node cannot do ends the run, and never this node's watch over its end."""
    try:
        place = join(host)
    except RunEnded as ended:
        _log.info("%s", ended)
    except RunStopped as stopped:
        _give_up(host, stopped.reason, stopped.message)
    except NodeFault as fault:
        _give_up(host, "failed", fault.message)
    except Exception as error:  # noqa: BLE001  the outermost edge: whatever it is, the run must not wait for this node
        _give_up(host, "failed", _own_failure(host, error))
    else:
        _train(host, place)


def _train(host: Host, place: Place) -> None:
    """Trains; where the agent itself fails the run ends, and what the tasks have written so far is collected."""
    try:
        train(host, place.mine)
    except Exception as error:  # noqa: BLE001  the outermost edge, as above
        if _end(host, _outcome(host, "failed", _own_failure(host, error))):
            host.clock.sleep(OTHERS if host.plan.node_count > 1 else 0.0)
            bring(host, place.mine)
    finally:
        place.leave()


def _end_after_reboot(host: Host, before: reboot.EarlierBoot) -> None:
    """Ends the run, unless it has ended already or the others have missed this node; then word of it is left."""
    message = reboot.message(host, before)
    won = _end(host, Outcome("failed", message, task=before.task, node=before.rank, ended=host.clock.time()))
    if not won:
        _once_the_store_answers(host, lambda: reboot.tell(host, message))
    if won or before.rank == 0:
        host.clock.sleep(OTHERS if host.plan.node_count > 1 else 0.0)
        _once_the_store_answers(host, lambda: reboot.salvage(host, before))


def _give_up(host: Host, result: str, message: str) -> None:
    """Ends the run before this node had tasks: there is nothing to collect, which is said too."""
    if _end(host, _outcome(host, result, message)):
        _once_the_store_answers(host, lambda: mark_collected(host.store, CollectedMark(0)))


def _outcome(host: Host, result: str, message: str) -> Outcome:
    return Outcome(result, message, ended=host.clock.time())


def _end(host: Host, outcome: Outcome) -> bool:
    """Publishes the outcome once the store answers: nothing else is left to do. Returns whether it is the run's."""
    _log.error("%s", outcome.message)
    host.pulse.say("ended")
    return _once_the_store_answers(host, lambda: outcomes.publish(host.store, outcome))


def _once_the_store_answers(host: Host, operation: Callable[[], T]) -> T:
    """Beyond the store's own patience; raises in the end: an agent that dies is seen, one that waits is not."""
    for _ in range(_TRIES):
        try:
            return operation()
        except store_errors():
            _log.exception("the store does not answer")
        host.clock.sleep(_PAUSE)
    return operation()


def _own_failure(host: Host, error: Exception) -> str:
    _log.error("the agent failed", exc_info=error)
    return f"the agent of {host.identity.address} failed: {error!r}"
