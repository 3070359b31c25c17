"""What is checked of a machine alone, and of all nodes side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.evidence.proofs import declared, failed, named, verified
from tfinfra.agent.evidence.variable_digests import common_digests, different
from tfinfra.agent.tasks.task_variables import task_variables
from tfinfra.model import Image, NodeCheck, NodeEvidence, NodeMachine

PRELOAD = Path("/etc/ld.so.preload")
# What a variable can have loaded into every process that sees it, by the documents or the sources of who reads it.
# Nothing of tfinfra sets one of these for a task, but for PYTHONPATH: there is what a script imports of tfinfra, and
# that value alone is no sign of another's code. NCCL's and UCX's own come through from the machine
# (agent/tasks/task_variables.py).
LOADING = frozenset(
    {
        *("LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "GCONV_PATH"),  # ld.so(8), iconv(3)
        *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONINSPECT", "PYTHONBREAKPOINT"),
        *("PYTHONPYCACHEPREFIX", "PYTHONPLATLIBDIR", "PYTHONWARNINGS"),  # the last imports what it names
        *("NCCL_NET_PLUGIN", "NCCL_TUNER_PLUGIN", "NCCL_PROFILER_PLUGIN", "NCCL_ENV_PLUGIN", "NCCL_GIN_PLUGIN"),
        *("NCCL_CUDA_PATH", "NCCL_CONF_FILE"),  # where its libcuda.so is; a file that sets all of NCCL's
        *("UCX_MODULE_DIR", "UCX_CONFIG_DIR"),  # as above, of UCX
        *("RDMAV_DRIVERS", "IBV_DRIVERS", "FI_PROVIDER_PATH"),  # libibverbs, libfabric
        *("CUDA_INJECTION64_PATH", "NVTX_INJECTION64_PATH"),
        "TF_PLUGGABLE_DEVICE_LIBRARY_PATH",
        *(f"{project}_MCA_mca_base_component_path" for project in ("OMPI", "PMIX", "PRTE")),
        *("OPAL_PREFIX", "OPAL_LIBDIR", "OPAL_PKGLIBDIR"),  # where Open MPI takes itself to be
    }
)


def check_image(machine: NodeMachine, image: Image | None) -> NodeCheck:
    if image is None:
        return declared("image", "the lock names none")
    booted = machine.image
    if image.id is None and _sort(booted) == _sort(image) and booted.version in (None, "latest"):
        return declared("image", f"the metadata service does not say which version of {image.name} the machine runs")
    return (
        verified("image")
        if same_image(booted, image)
        else failed("image", f"the machine runs {_called(booted)}, not {image.name}")
    )


def same_image(one: Image, other: Image) -> bool:
    """Whether they name the same version of the same image: ARM does not tell names from the same in other letters."""
    return _exactly(one) == _exactly(other)


def check_preload(assignment: Assignment, preload: Path = PRELOAD) -> NodeCheck:
    given = {*assignment.plan.environment_variables, *assignment.given.secrets}
    own = str(assignment.paths.for_scripts)
    wrong = [
        f"{name} is set for {task.name}"
        for task in assignment.tasks
        for name, value in task_variables(assignment, task).items()
        if name in LOADING and name not in given and not (name == "PYTHONPATH" and value == own)
    ]
    try:
        text = preload.read_text("utf-8", errors="replace") if preload.exists() else ""
    except OSError as error:
        return declared("preload", f"{preload} cannot be read: {error.strerror}")
    if text.strip():
        wrong.append(f"{preload} names libraries")
    return failed("preload", named(wrong)) if wrong else verified("preload")


def check_own_variables(assignment: Assignment) -> NodeCheck:
    """The part of `variables` that a node sees alone."""
    found = different({task.name: common_digests(assignment, task) for task in assignment.tasks})
    return failed("variables", _unlike(found)) if found else verified("variables")


def side_by_side(records: Sequence[NodeEvidence]) -> tuple[NodeCheck, ...]:
    """`gpus` and `variables`, and `wheels` where they differ: of all nodes, sorted by rank. Each node comes to the same
    result."""
    variables = different({_node(each): each.variables for each in records})
    checks = [_gpus(records), failed("variables", _unlike(variables)) if variables else verified("variables")]
    if odd := different({_node(each): each.environment.wheels for each in records}):
        checks.append(failed("wheels", f"not the same on all nodes: {_unlike(odd)}"))
    return tuple(checks)


def merged(checks: Iterable[NodeCheck], others: Iterable[NodeCheck]) -> tuple[NodeCheck, ...]:
    """`checks` and `others`; of two with one name, the worse."""
    worst = ("verified", "declared", "failed")
    found: dict[str, NodeCheck] = {}
    for each in (*checks, *others):
        before = found.get(each.name)
        if before is None or worst.index(each.proof) > worst.index(before.proof):
            found[each.name] = each
    return tuple(found.values())


def _gpus(records: Sequence[NodeEvidence]) -> NodeCheck:
    first = _spelt(records[0].machine) if records else ""
    wrong = [
        f"{_node(each)} has {spelt}, and node {records[0].node} {first}"
        for each in records
        if (spelt := _spelt(each.machine)) != first
    ]
    return failed("gpus", named(wrong)) if wrong else verified("gpus")


def _spelt(machine: NodeMachine) -> str:
    models = [gpu.model for gpu in machine.gpus]
    counted = [f"{models.count(model)} {model or 'a GPU without a name'}" for model in dict.fromkeys(models)]
    return f"{' + '.join(counted) or 'no GPU'} and {f'driver {machine.driver}' if machine.driver else 'no driver'}"


def _unlike(found: Mapping[str, Sequence[str]]) -> str:
    return named([f"{name} differs on {', '.join(who)}" for name, who in found.items()])


def _node(record: NodeEvidence) -> str:
    return f"node {record.node}"


def _sort(image: Image) -> tuple[str, ...]:
    return tuple((part or "").lower() for part in (image.publisher, image.offer, image.sku))


def _exactly(image: Image) -> tuple[str, ...]:
    return (image.id.lower(),) if image.id else (*_sort(image), image.version or "")


def _called(image: Image) -> str:
    return image.name.strip(":") or "an image without a name"
