"""All of a node that takes points and makes them, from before its first task until its last has ended."""

from __future__ import annotations

import secrets
from pathlib import Path

from tfinfra.agent.assignment import Tracking
from tfinfra.agent.metrics.node_figures import NodeFigures
from tfinfra.agent.metrics.points_file import PointsFiles
from tfinfra.agent.metrics.tracked import Tracker
from tfinfra.agent.metrics.tracking_server import TrackingServer
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.log_shipping import SELDOM
from tfinfra.store import keys
from tfinfra.text.masking import needles


class NodeMetrics:
    """The tracking server and the node's figures; `artifacts` is the folder that MLflow's clients write to."""

    def __init__(self, context: AgentContext, rank: int, artifacts: Path) -> None:
        files = PointsFiles(context.paths.metrics)
        secret = secrets.token_urlsafe(24)
        context.logs.hide(needles([secret]))
        tracker = Tracker(context.settings.run, context.plan.name, artifacts, files.add, context.clock)
        tasks = {task.name for task in context.plan.tasks}
        self._server = TrackingServer(tracker, secret, tasks)
        self._figures = NodeFigures(keys.node_figures(rank), context.paths.state, files.add, context.clock)
        context.logs.add_points(keys.node_figures(rank), files.path(keys.node_figures(rank)), SELDOM)
        self.tracking = Tracking(self._server.url, secret)

    def start(self) -> None:
        self._server.start()
        self._figures.start()

    def stop(self) -> None:
        self._figures.stop()
        self._server.stop()
