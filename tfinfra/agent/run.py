"""An agent's whole life, in order: join, train, linger. Read this first."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from tfinfra.agent import outcomes
from tfinfra.agent.collect import Collected, mark_collected
from tfinfra.agent.faults import NodeFault, RunEnded, RunStopped
from tfinfra.agent.host import Host
from tfinfra.agent.join import Place, join
from tfinfra.agent.linger import linger
from tfinfra.agent.notices import Notices
from tfinfra.agent.patience import store_errors
from tfinfra.agent.train import OTHERS, bring, train
from tfinfra.model import Outcome

T = TypeVar("T")
_TRIES, _PAUSE = 4, 5.0
_log = logging.getLogger(__name__)


def run(host: Host) -> None:
    """Takes part in the run until the machine ends. Its threads end with it, all logs being in the store."""
    host.pulse.start()
    host.logs.start()
    notices = Notices(host.metadata, host.pulse, host.identity.name)
    notices.start()
    try:
        linger(host, responsible=_take_part(host))
    finally:
        notices.stop()
        host.logs.stop()
        host.pulse.stop()


def _take_part(host: Host) -> bool:
    """Whether this node is the one to see to the end of the run's machines."""
    try:
        place = join(host)
    except RunEnded as ended:
        _log.info("%s", ended)
        return False
    except RunStopped as stopped:
        return _give_up(host, stopped.reason, stopped.message)
    except NodeFault as fault:
        return _give_up(host, "failed", fault.message)
    except Exception as error:  # noqa: BLE001  the outermost edge: whatever it is, the run must not wait for this node
        return _give_up(host, "failed", _own_failure(host, error))
    return _train(host, place)


def _train(host: Host, place: Place) -> bool:
    """Trains; where the agent itself fails the run ends, and what the tasks have written so far is collected."""
    try:
        return train(host, place.mine)
    except Exception as error:  # noqa: BLE001  the outermost edge, as above
        won = _end(host, "failed", _own_failure(host, error))
        if won:
            host.clock.sleep(OTHERS if host.plan.node_count > 1 else 0.0)
            bring(host, place.mine.node, place.mine.folders.shared)
        return won
    finally:
        place.leave()


def _give_up(host: Host, result: str, message: str) -> bool:
    """Ends the run before this node had tasks: there is nothing to collect, which is said too."""
    won = _end(host, result, message)
    if won:
        _once_the_store_answers(host, lambda: mark_collected(host.store, Collected(0, ())))
    return won


def _end(host: Host, result: str, message: str) -> bool:
    """Publishes the outcome once the store answers: nothing else is left to do. Returns whether it is the run's."""
    _log.error("%s", message)
    host.pulse.say("ended")
    outcome = Outcome(result, message, ended=host.clock.time())
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
