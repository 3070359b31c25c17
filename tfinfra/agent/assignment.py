"""What a node knows once the inventory is written: all that launching its tasks needs, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tfinfra.agent.devices.links import Links
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.model import Inventory, NodeRegistration, Plan, Task


@dataclass(frozen=True)
class TaskFolders:
    """What differs between nodes: the tasks' common directory, a home, a folder for temporary files, and the training
    environment (its bin/python runs the script)."""

    shared: Path
    home: Path
    temporary: Path
    environment: Path

    @property
    def python(self) -> Path:
        return self.environment / "bin/python"


@dataclass(frozen=True)
class Gathered:
    """The inputs' paths by name, the secrets' values by name, and the run's key, which no text may show. `key`
    is None where what one node asks of another is not marked."""

    inputs: Mapping[str, Path] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Tracking:
    """Where the tasks of this node reach MLflow's tracking API: `url` on loopback. `secret` is the node's own, which no
    text may show; a task's token begins with the task's name, so that each point carries it."""

    url: str = "http://127.0.0.1:9"
    secret: str = field(default="", repr=False)

    def token(self, task: str) -> str:
        return f"{task}.{self.secret}"


@dataclass(frozen=True)
class Assignment:
    """`node` is this node's rank; `inherited` the environment that the agent was started with; `warnings` what the user
    should know of this cluster; `links` how this node reaches the others, and `defaults` the variables that follow from
    what it has, which anybody may override; `tracking` where its tasks' metrics go."""

    run: str
    plan: Plan
    inventory: Inventory
    node: int
    paths: NodePaths
    folders: TaskFolders
    inherited: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    given: Gathered = field(default_factory=Gathered)
    links: Links = field(default_factory=Links)
    defaults: Mapping[str, str] = field(default_factory=dict)
    tracking: Tracking = field(default_factory=Tracking)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """This node's own tasks, in launch order."""
        return tuple(t for t in self.plan.tasks if t.node == self.node)

    @property
    def registration(self) -> NodeRegistration:
        return self.inventory.nodes[self.node]

    def working_directory(self, task: Task) -> Path:
        return self.paths.work / task.name

    def log(self, name: str) -> Path:
        """The file of the log `name`: a task's, or the launcher's."""
        return self.paths.logs / f"{name}.log"
