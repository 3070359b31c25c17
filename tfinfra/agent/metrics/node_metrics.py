"""What takes the points of a node's tasks, and makes the node's own, from before the first task until the last has
ended."""

from __future__ import annotations

import secrets
from functools import partial
from pathlib import Path

from tfinfra.agent.assignment import Tracking
from tfinfra.agent.metrics.node_figures import NodeFigures
from tfinfra.agent.metrics.points_file import add_points
from tfinfra.agent.metrics.tracked import Tracker
from tfinfra.agent.metrics.tracking_server import TrackingServer
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.log_shipping import SELDOM
from tfinfra.store import keys
from tfinfra.text.masking import needles


class TaskMetrics:
    """The tracking server; `artifacts` is the folder that MLflow's clients write to."""

    def __init__(self, context: AgentContext, artifacts: Path) -> None:
        secret = secrets.token_urlsafe(24)
        context.logs.hide(needles([secret]))
        keep = partial(add_points, context.paths)
        tracker = Tracker(context.settings.run, context.plan.name, artifacts, keep, context.clock)
        tasks = {task.name for task in context.plan.tasks}
        self._server = TrackingServer(tracker, secret, tasks)
        self.tracking = Tracking(self._server.url, secret)

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()


class NodeMetrics(TaskMetrics):
    """The tracking server, and the figures of the node with this rank."""

    def __init__(self, context: AgentContext, rank: int, artifacts: Path) -> None:
        super().__init__(context, artifacts)
        figures = keys.node_figures(rank)
        self._figures = NodeFigures(figures, context.paths.state, partial(add_points, context.paths), context.clock)
        context.logs.add_points(figures, context.paths.points(figures), SELDOM)

    def start(self) -> None:
        super().start()
        self._figures.start()

    def stop(self) -> None:
        self._figures.stop()
        super().stop()
