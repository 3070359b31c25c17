"""All of a node that takes points and makes them, from before its first task until its last has ended."""

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


class NodeMetrics:
    """The tracking server and the node's figures; `artifacts` is the folder that MLflow's clients write to."""

    def __init__(self, context: AgentContext, rank: int, artifacts: Path) -> None:
        keep, figures = partial(add_points, context.paths), keys.node_figures(rank)
        secret = secrets.token_urlsafe(24)
        context.logs.hide(needles([secret]))
        tracker = Tracker(context.settings.run, context.plan.name, artifacts, keep, context.clock)
        tasks = {task.name for task in context.plan.tasks}
        self._server = TrackingServer(tracker, secret, tasks)
        self._figures = NodeFigures(figures, context.paths.state, keep, context.clock)
        context.logs.add_points(figures, context.paths.points(figures), SELDOM)
        self.tracking = Tracking(self._server.url, secret)

    def start(self) -> None:
        self._server.start()
        self._figures.start()

    def stop(self) -> None:
        self._figures.stop()
        self._server.stop()
