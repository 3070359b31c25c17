"""Every environment variable that a task sees, from nothing but values: the manifest's promise to scripts."""

from __future__ import annotations

from collections.abc import Mapping

from tfinfra.agent.assignment import Assignment, TaskFolders
from tfinfra.backends.registry import backend
from tfinfra.model import Inventory, Task
from tfinfra.model.script_variables import INHERITED, INHERITED_PREFIXES
from tfinfra.script import METRICS

# PYTHONFAULTHANDLER: a segmentation fault says where the script was. MLflow's clients print links to a page of their
# server that the agent does not have.
_DEFAULTS = {
    "TF_CPP_MIN_LOG_LEVEL": "1",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "PYTHONFAULTHANDLER": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_NEVER_THE_USERS = ("TF_CONFIG", "TFINFRA_SHARD_INDEX", "TFINFRA_SHARD_COUNT")


def task_variables(assignment: Assignment, task: Task) -> dict[str, str]:
    """The whole environment of `task`. The manifest's `environment_variables` override all but tfinfra's promises."""
    plan, folders = assignment.plan, assignment.folders
    backends = backend(plan.backend).environment(plan, assignment.inventory, task)
    machine = {**assignment.defaults, **machine_variables(assignment.inherited, folders)}
    chosen = {**machine, **_DEFAULTS, **backends, **plan.environment_variables, **assignment.given.secrets}
    search_path = chosen.get("PATH") or "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {
        **chosen,
        **without_proxy(chosen, assignment.inventory),
        "PATH": f"{folders.environment}/bin:{search_path}",
        "PYTHONUNBUFFERED": "1",
        "TFINFRA_RUN_ID": assignment.run,
        "TFINFRA_OUTPUTS": str(folders.shared / "outputs"),
        "TFINFRA_CHECKPOINTS": str(folders.shared / "checkpoints"),
        "PYTHONPATH": ":".join(part for part in (chosen.get("PYTHONPATH"), str(assignment.paths.for_scripts)) if part),
        METRICS: str(assignment.paths.points(task.name)),
        "MLFLOW_TRACKING_URI": assignment.tracking.url,
        "MLFLOW_TRACKING_TOKEN": assignment.tracking.token(task.name),
        **{f"TFINFRA_INPUT_{name.upper()}": str(path) for name, path in assignment.given.inputs.items()},
        **{name: backends[name] for name in _NEVER_THE_USERS if name in backends},
    }


def machine_variables(inherited: Mapping[str, str], folders: TaskFolders) -> dict[str, str]:
    """What comes from the machine. HOME is always set: without it mpirun exits with 1 and prted crashes, and neither
    cloud-init nor systemd sets it."""
    kept = {k: v for k, v in inherited.items() if k in INHERITED or k.startswith(INHERITED_PREFIXES)}
    return {"HOME": str(folders.home), **kept, "TMPDIR": str(folders.temporary)}


def without_proxy(chosen: Mapping[str, str], inventory: Inventory) -> dict[str, str]:
    """The names that no proxy is asked for: one for the nodes' own addresses hangs TensorFlow's gRPC without a word."""
    given = [part for name in ("no_proxy", "NO_PROXY") for part in chosen.get(name, "").split(",") if part]
    nodes = [name for node in inventory.nodes for name in (node.address, node.hostname)]
    text = ",".join(dict.fromkeys([*given, "localhost", "127.0.0.1", *nodes]))
    return {"no_proxy": text, "NO_PROXY": text}
