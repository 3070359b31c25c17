"""Where things lie on a node, all of them below one root: "/" on a real node, a folder where a node is a process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfinfra.store.keys import further_run

SCRIPT_PATH = "var/lib/tfinfra/python"
"""`NodePaths.for_scripts`, from the root."""


@dataclass(frozen=True)
class NodePaths:
    """The node's folders. `root` is absolute; `scratch` is a folder on a fast disk of the node, where it has one; `run`
    is a further run on the node, None of the one that it was made for: what tasks see is each run's own, inputs and
    caches are the node's. A `trial` is a run with the bundle of the first."""

    root: Path
    scratch: Path | None = None
    run: str | None = None
    trial: bool = False

    @property
    def own_mounts(self) -> bool:
        """Whether what is mounted here goes with the machine; a machine that is a process has the host's mounts."""
        return self.root == Path("/")

    @property
    def bundle(self) -> Path:
        """The unpacked bundle: agent/, site/, source/, plan.json, environment.json."""
        if self.run is None or self.trial:
            return self.first_bundle
        return self.root / "opt/tfinfra" / further_run(self.run)

    @property
    def first_bundle(self) -> Path:
        """That of the run that the node was made for: the agent runs from there."""
        return self.root / "opt/tfinfra/run"

    @property
    def state(self) -> Path:
        return self._node_state / further_run(self.run) if self.run else self._node_state

    @property
    def _node_state(self) -> Path:
        return self.root / "var/lib/tfinfra"

    @property
    def work(self) -> Path:
        """<work>/<task> is a task's working directory."""
        return self.state / "work"

    @property
    def logs(self) -> Path:
        """<logs>/<task>.log is what a task wrote, before it is tailed."""
        return self.state / "logs"

    @property
    def metrics(self) -> Path:
        """Has the files of `points`."""
        return self.state / "metrics"

    def points(self, task: str) -> Path:
        """Takes the points of `task`, a line each, before they are tailed; a node's figures too. A task that mpirun
        starts is told of it by rank.sh."""
        return self.metrics / f"{task}.jsonl"

    @property
    def for_scripts(self) -> Path:
        """What of tfinfra the tasks' Python finds: it is the last folder of their PYTHONPATH."""
        return self.root / SCRIPT_PATH

    @property
    def ranks(self) -> Path:
        """<ranks>/rank-<n>.pid and .exit, as rank.sh writes them."""
        return self.state / "ranks"

    @property
    def spool(self) -> Path:
        """<spool>/<request>.cmd and .exit, as remote_shell.sh reads and writes them."""
        return self.state / "spool"

    @property
    def requests(self) -> Path:
        """What the node keeps of its client's requests."""
        return self.state / "requests"

    @property
    def inputs(self) -> Path:
        """<inputs>/<name> is an input of the run."""
        return self._node_state / "inputs"

    @property
    def cache(self) -> Path:
        return (self.scratch or self._node_state) / "cache"

    @property
    def local_shared(self) -> Path:
        """The tasks' common directory where the run has one node only."""
        return self.state / "shared"

    @property
    def mounted_shared(self) -> Path:
        """Where the bootstrap mounts the run's network share."""
        return self.root / "mnt/tfinfra/shared"

    @property
    def agent_log(self) -> Path:
        return self.logs / "agent.log"

    def make(self) -> None:
        """Makes the folders that the agent writes to."""
        for folder in (self.work, self.logs, self.metrics, self.ranks, self.spool, self.cache):
            folder.mkdir(parents=True, exist_ok=True)
