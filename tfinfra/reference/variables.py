"""The environment variables that a script sees, and those that tfinfra itself reads where it is started."""

from __future__ import annotations

from tfinfra.model.script_variables import INHERITED, INHERITED_PREFIXES
from tfinfra.reference.entry import Entry

TASK, CLIENT = "a task", "tfinfra"
ANY = "<NAME>"
"""Stands for any name in capitals, such as that of an input."""

_OF_TASKS: dict[str, tuple[str, str]] = {
    "TFINFRA_RUN_ID": ("the run's id", "`<name>-<six letters>`, the same in every task."),
    "TFINFRA_OUTPUTS": (
        "the folder of outputs",
        "One folder for all tasks of all nodes, also `./outputs`. What is in it comes home to `runs/<run>/outputs/`.",
    ),
    "TFINFRA_CHECKPOINTS": (
        "the folder of checkpoints",
        "One folder for all tasks of all nodes. What is in it comes home to `runs/<run>/checkpoints/`, and"
        " `resume_from` fills it before the start.",
    ),
    f"TFINFRA_INPUT_{ANY}": (
        "the path of an input on the node",
        "One for each of `inputs`: `data` is TFINFRA_INPUT_DATA. A folder, or a file where the input is one file.",
    ),
    "TFINFRA_SHARD_INDEX": (
        "which part of the data is this task's own",
        "From 0. Tasks that do not train have 0 of 1.",
    ),
    "TFINFRA_SHARD_COUNT": ("how many parts the data has", "As many as there are tasks that train."),
    "TFINFRA_NODE": ("the node's mark", "Where machines are processes: by it they are found at the end."),
    "TF_CONFIG": (
        "the cluster, as TensorFlow reads it",
        "For the backends `ps` and `multi_worker`; `tf_config` chooses its dialect.",
    ),
    "TFINFRA_METRICS": ("the file for the task's points", "What `from tfinfra import Run` writes to; the agent's."),
    "MLFLOW_TRACKING_URI": ("where MLflow writes", "The node's agent, which takes what MLflow's clients log."),
    "MLFLOW_TRACKING_TOKEN": ("who may write there", "The task's name and a secret of its node."),
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": (
        "true",
        "MLflow prints no links to pages of a server that is not there. A manifest may set another value.",
    ),
    "PYTHONPATH": (
        "where Python looks for modules",
        "The manifest's own value, then the folder that `from tfinfra import Run` comes from.",
    ),
    "PYTHONUNBUFFERED": ("1", "Lines of the script are seen when they are printed."),
    "PYTHONFAULTHANDLER": ("1", "A crash of native code says where the script was. A manifest may set another value."),
    "TF_CPP_MIN_LOG_LEVEL": ("1", "TensorFlow's notices are left out. A manifest may set another value."),
    "TF_FORCE_GPU_ALLOW_GROWTH": (
        "true",
        "A task takes the memory of a GPU as it needs it. A manifest may set another value.",
    ),
    "CUDA_VISIBLE_DEVICES": (
        "which GPUs the task sees",
        "Set where tasks share a node's GPUs, and to -1 for a task that is to see none.",
    ),
    "OMP_NUM_THREADS": ("the task's share of the cores", "Set where several tasks share a node."),
    "TF_NUM_INTRAOP_THREADS": ("the task's share of the cores", "Set where several tasks share a node."),
    "HOROVOD_STALL_SHUTDOWN_TIME_SECONDS": (
        "how long ranks wait for each other",
        "For the backend `mpi`. A manifest may set another value.",
    ),
    "OMPI_COMM_WORLD_RANK": ("the rank", "Open MPI's own, for the backend `mpi`; Horovod's is hvd.rank()."),
    "OMPI_COMM_WORLD_SIZE": (
        "how many ranks there are",
        "Open MPI's own, for the backend `mpi`; Horovod's is hvd.size().",
    ),
    "OMPI_COMM_WORLD_LOCAL_RANK": ("the rank on its node", "Open MPI's own, for the backend `mpi`: hvd.local_rank()."),
    "PATH": ("where programs are looked for", "The training environment's come first."),
    "HOME": ("a folder of the node", "Never your own."),
    "TMPDIR": ("a folder for temporary files", "On the node's fastest disk."),
    "no_proxy": ("what no proxy is asked for", "The addresses of all nodes are added to what is set."),
    "NO_PROXY": ("what no proxy is asked for", "The same as no_proxy."),
}
_OF_TFINFRA: dict[str, tuple[str, str]] = {
    "TFINFRA_STATE_DIR": (
        "the state folder",
        "Runs that this machine knows, and the local cloud. Absolute; only you can read it.",
    ),
    "TFINFRA_CACHE_DIR": ("the cache folder", "Tools, wheels and environments; what is deleted there is made again."),
    "TFINFRA_CONFIG_DIR": (
        "the configuration folder",
        "Where your compute_targets.yaml, guardrails.yaml and indexes.yaml are looked for.",
    ),
    "TFINFRA_PROVIDER_MIRROR": (
        "where Pulumi's azure-native plugin comes from",
        "A folder or an https URL that holds its archive, for machines that do not reach the vendor.",
    ),
    "TFINFRA_PROVIDER_SHA256": (
        "the SHA-256 of that archive",
        "What comes from the mirror has to have it.",
    ),
    "TFINFRA_AUDIT_PASSPHRASE": (
        "what opens the key that signs evidence",
        "Of the processes that tfinfra starts, one that goes on with a run alone has it.",
    ),
    "TFINFRA_ARM_TOKEN_FILE": (
        "a file with a token for ARM",
        "Instead of a sign-in, to list, fetch and end runs; Pulumi's provider cannot take it to begin one.",
    ),
    "TFINFRA_STORAGE_TOKEN_FILE": (
        "a file with a token for its blobs",
        "Where it is another one than TFINFRA_ARM_TOKEN_FILE.",
    ),
    "TFINFRA_ARM_ENDPOINT": (
        "another address of ARM",
        "Of a sovereign cloud, or of a server of your own. https://management.azure.com where it is not set.",
    ),
    "TFINFRA_ARM_CA": ("the certificate of its authority", "Beside TFINFRA_ARM_ENDPOINT."),
    "TFINFRA_ARM_PACE": (
        "which part of Azure's own waits there is",
        "Above 0 and at most 1: 0.05 asks twenty times as often. For a rehearsal of ARM.",
    ),
    "TFINFRA_ATTESTATION": (
        "who signs for the machines of the cloud",
        "A file of CAs, for a server of your own; `off` asks for no signature.",
    ),
    "TFINFRA_LOCAL_CALLER": (
        "what the caller of a rehearsal is",
        "`user`, or `app`: a service principal. The local cloud's daemon reads it when it starts.",
    ),
    "AZURE_SUBSCRIPTION_ID": (
        "the Azure subscription",
        "For verbs that look at runs, where nothing names one. Others, by which Azure's sign-in is found, are in"
        " docs/azure.md.",
    ),
    "PULUMI_CONFIG_PASSPHRASE": ("what opens the secrets of Pulumi's stacks", "Empty where it is not set."),
    "NO_COLOR": ("no colours", "Whatever its value."),
}


def task_variables() -> tuple[Entry, ...]:
    """Those that a script sees, by whom they are promised first."""
    own = [Entry("variable", name, TASK, title, text) for name, (title, text) in _OF_TASKS.items()]
    others = [*sorted(INHERITED - _OF_TASKS.keys()), *(f"{prefix}{ANY}" for prefix in INHERITED_PREFIXES)]
    title, text = "the node's own", "It reaches the tasks as the node has it. A manifest may set another value."
    return (*own, *(Entry("variable", name, TASK, title, text) for name in others))


def client_variables() -> tuple[Entry, ...]:
    """Those of the process that a user starts."""
    return tuple(Entry("variable", name, CLIENT, title, text) for name, (title, text) in _OF_TFINFRA.items())
