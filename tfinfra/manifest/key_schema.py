"""Every key of manifest.md: its Cerberus rules and its meaning. Defaults are the fields of Manifest; refused.py
has the keys that are refused.

Type "text" is a scalar whose written form counts (`1.10`, `1e-3`); a "value" may also be true or false (`no`), for it
is handed on as it is written.
"""

from __future__ import annotations

import re

from tfinfra.backends.registry import BACKENDS, DISTRIBUTED
from tfinfra.manifest.described import Rules, count, described
from tfinfra.manifest.tuning import schema as tune_schema
from tfinfra.manifest.tuning.schema import METRIC, TUNE

NAME = r"[a-z][a-z0-9-]{0,23}"
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
VERSION = r"[0-9]+(\.[0-9]+){1,3}((a|b|rc|\.post|\.dev)[0-9]+)?"
DURATION = r"[0-9]{1,10} ?[smhd]?"
DELETE = r"[dD]elete"
INPUT = r"[a-z][a-z0-9_]*"
ZONE = r"[1-3]"
PRIORITY = r"dedicated|low_?priority"
_OWN_IMAGE = r"images/[^/\s]+|galleries/[^/\s]+/images/[^/\s]+(/versions/[^/\s]+)?"
IMAGE = (
    r"[^:/\s]+(:[^:/\s]+){2}:(latest|[0-9]+(\.[0-9]+)*)"
    rf"|/subscriptions/[^/]+/resource[gG]roups/[^/]+/providers/Microsoft\.Compute/({_OWN_IMAGE})"
)
CONTAINER = r"https://[a-z0-9]{3,24}(\.z[0-9]{1,3})?\.blob\.[a-z0-9.]+/[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]"
ANY_CONTAINER = r"https://[A-Za-z0-9.:-]+/[a-z0-9-]{3,63}(/[a-z0-9-]{3,63})?"
"""A container, also behind an account's name, as emulators have it."""
BLOB_HOST = (
    r"[a-z0-9]{3,24}\.(blob\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)"
    r"|z[0-9]{1,3}\.blob\.storage\.azure\.net)"
)
"""A storage account's host in the clouds that are known (azure/identity/environments.py); the last is that of a DNS
zone (learn.microsoft.com, "Azure DNS zone endpoints")."""
PACKAGE_URL = r"https://[^\s]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?(/[^\s]*)?"
TAG_FORBIDDEN, TAG_OURS, MOST_TAGS = "<>%&\\?/", "tfinfra-", 46
"""Letters that Azure allows in no tag's name, how tfinfra's own begin, and how many a manifest may have."""
TRACKING = r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^\s?#@]*)?|https?://\[::1\](:[0-9]{1,5})?(/[^\s?#@]*)?"
GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


def _arm_id(type_: str) -> str:
    """The form of an ARM id of this type, as the portal and `az` print it."""
    names = "".join(f"/{part}/[^/]+" for part in type_.split("/")[1:])
    provider = type_.split("/", maxsplit=1)[0].replace(".", r"\.")
    return rf"/subscriptions/[^/]+/resource[gG]roups/[^/]+/providers/{provider}{names}"


SUBNET_ID = _arm_id("Microsoft.Network/virtualNetworks/subnets")
IDENTITY_ID = _arm_id("Microsoft.ManagedIdentity/userAssignedIdentities")
REAPER_ID = _arm_id("Microsoft.Logic/workflows")
RESERVATION_ID = _arm_id("Microsoft.Compute/capacityReservationGroups")

FORMS = {
    NAME: "a lower-case letter, then at most 23 of a-z, 0-9 and '-'",
    VARIABLE: "letters, digits and '_', not beginning with a digit",
    VERSION: "a version such as 2.15.1",
    DURATION: "30m, 24h, 7d, or a number of seconds",
    DELETE: "delete, or {hold: 30m}",
    INPUT: "a lower-case letter, then a-z, 0-9 and '_'",
    ZONE: "1, 2 or 3",
    PRIORITY: "dedicated or low_priority",
    IMAGE: "publisher:offer:sku:version, or an ARM id: /subscriptions/…/images/<name>[/versions/<version>]",
    CONTAINER: "a container's URL: https://<account>.blob.core.windows.net/<container>",
    ANY_CONTAINER: "a container's URL: https://<account>.blob.core.windows.net/<container>",
    SUBNET_ID: "the ARM id of a subnet: /subscriptions/…/virtualNetworks/<name>/subnets/<name>",
    IDENTITY_ID: "the ARM id of a user-assigned identity: /subscriptions/…/userAssignedIdentities/<name>",
    REAPER_ID: "the ARM id of a Logic workflow: /subscriptions/…/workflows/<name>",
    RESERVATION_ID: "the ARM id of a capacity reservation group: /subscriptions/…/capacityReservationGroups/<name>",
    PACKAGE_URL: "https://…, or a server of this machine: http://localhost:3141/…",
    TRACKING: "the URL of an MLflow server, without a password: https://mlflow.example.com",
    **tune_schema.FORMS,
    GUID: "an id such as 00000000-0000-0000-0000-000000000000",
}


def fitting_name(text: str) -> str:
    """A run's name made of `text`: what NAME forbids becomes '-', or is left out at the beginning and the end."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).lstrip("-0123456789")[:24].rstrip("-") or "training"


def fitting_input(text: str) -> str:
    """An input's name made of `text`: what INPUT forbids becomes '_', or is left out at the beginning and the end. ""
    where nothing is left."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).lstrip("_0123456789").rstrip("_")


PRIORITIES = ["dedicated", "low_priority", "lowpriority"]


def _lines(meaning: str) -> Rules:
    return described("list", meaning, nullable=True, schema={"type": "string", "minlength": 1})


def one_or_more(meaning: str) -> Rules:
    """A text, or a list of them."""
    inner = {"type": "string", "minlength": 1}
    return described(["string", "list"], meaning, minlength=1, schema=inner)


def _urls(meaning: str) -> Rules:
    inner = {"type": "text", "text_regex": PACKAGE_URL}
    return described("list", meaning, nullable=True, schema=inner)


def usd(meaning: str) -> Rules:
    """US dollars."""
    return described("number", meaning, min=0.01, max=1_000_000)


def duration(meaning: str) -> Rules:
    """A length of time, as `seconds` of manifest.py reads it."""
    return described("text", meaning, text_regex=DURATION)


TARGET: dict[str, Rules] = {
    "cloud": described(
        "string", "where: azure, or local for the cloud embedded in tfinfra", allowed=["azure", "local"]
    ),
    "location": one_or_more("the Azure region, or several, tried in order"),
    "vm_size": one_or_more("the Azure size of every node, or several to choose from, in order"),
    "vm_priority": described("string", "how nodes are bought: low_priority ones may be taken back", allowed=PRIORITIES),
    "max_price": usd("low_priority: the most that a node may cost, in USD an hour; the dedicated price where absent"),
    "image": described("text", "another image: publisher:offer:sku:version or an ARM id", text_regex=IMAGE),
    "os_disk_gb": described("integer", "the system disk of every node, in GB", min=64, max=4095),
    "zone": described("text", "the availability zone of every node", text_regex=ZONE),
    "subnet_id": described("text", "a subnet of your own, with a way out of its own", text_regex=SUBNET_ID),
    "capacity_reservation_id": described("text", "a capacity reservation group to use", text_regex=RESERVATION_ID),
    "identity_id": described("text", "the nodes' identity, made and granted by others", text_regex=IDENTITY_ID),
    "store": described("text", "a container made by others, in which runs keep their store", text_regex=CONTAINER),
    "reaper_id": described("text", "a workflow made by others that deletes expired groups", text_regex=REAPER_ID),
    "subscription_id": described(
        "text", "the Azure subscription; needed to ask or to make anything there", text_regex=GUID
    ),
    "max_nodes": count("the most nodes that a run on this target may have"),
    "index_url": described("text", "the package index instead of PyPI", text_regex=PACKAGE_URL),
    "extra_index_urls": _urls("package indexes that are asked first; the first that has a package wins"),
    "find_links": _urls("pages that link to wheels"),
}

LIMITS: dict[str, Rules] = {
    "max_run_duration": duration("everything is deleted after this long, counted from the first write to the cloud"),
    "max_cost_usd": usd("everything is deleted before a run has cost more, at list price"),
    "keep_outputs": duration("how long the outputs stay in the cloud after the deadline"),
}

METRICS: dict[str, Rules] = {
    "primary": described("text", "the metric that `status` and the live view show of the run", text_regex=METRIC),
    "tracking_uri": described("text", "an MLflow server of your own that gets the points too", text_regex=TRACKING),
    "token": described("text", "which of `secrets` is that server's token", text_regex=VARIABLE),
}

MANIFEST: dict[str, Rules] = {
    "name": described("text", "names the run's resources; the file's stem where absent", text_regex=NAME),
    "source_directory": described("text", "copied to every node; relative to the manifest", minlength=1),
    "entry_script": described(
        "text", "the training script, relative to source_directory; or `-m package.module`", required=True, minlength=1
    ),
    "script_params": described(
        "dict",
        'the script\'s command line: flag → value, order kept; null or "" is a bare flag, a list repeats values;'
        " ${TFINFRA_OUTPUTS} and its like are expanded",
        nullable=True,
        keysrules={"type": "string", "minlength": 1},
        valuesrules={"type": ["value", "list"], "nullable": True, "schema": {"type": "value"}},
    ),
    "framework_version": described("text", "TensorFlow's version", text_regex=VERSION),
    "python_version": described("text", "Python's version in the training environment", text_regex=VERSION),
    "pip_packages": _lines("requirement specs beside TensorFlow, which is always installed"),
    "pip_requirements_file": described("text", "a requirements file, relative to source_directory", minlength=1),
    "source_builds": _lines(
        "packages that are built from source: their code runs with your rights where the lock is made, and on nodes"
    ),
    "conda_packages": _lines("conda specs beside TensorFlow"),
    "conda_channels": _lines("where conda packages come from, first wins: names, URLs, or folders; conda-forge"),
    "conda_dependencies_file": described("text", "a conda environment file, relative to source_directory", minlength=1),
    "setup_script": described(
        "text", "run once on every node before training, relative to source_directory", minlength=1
    ),
    "secrets": described(
        "list",
        "environment variables of the caller that reach the tasks and nothing else",
        nullable=True,
        schema={"type": "text", "text_regex": VARIABLE},
    ),
    "inputs": described(
        "dict",
        "data for the tasks: TFINFRA_INPUT_<NAME> is its path on the node",
        nullable=True,
        keysrules={"type": "string", "text_regex": INPUT},
        valuesrules={
            "type": "dict",
            "schema": {
                "path": described("text", "a file or folder of this machine, relative to the manifest", minlength=1),
                "url": described("text", "a Blob URL: a container, or a folder or file in it", minlength=1),
                "mode": described(
                    "string", "copied to every node, or mounted read-only", allowed=["download", "mount"]
                ),
            },
        },
    ),
    "resume_from": described(
        "text", "a run, or a URL, whose checkpoints are there before the start", nullable=True, minlength=1
    ),
    "environment_variables": described(
        "dict",
        "plain text as written; appears in the artefacts",
        nullable=True,
        keysrules={"type": "string", "text_regex": VARIABLE},
        valuesrules={"type": "value", "nullable": True},
    ),
    "use_gpu": described("boolean", "the GPU build of TensorFlow, on a size with GPUs"),
    "node_count": count("how many nodes"),
    "distributed_backend": described(
        "string",
        "null: one task; " + "; ".join(f"{name}: {BACKENDS[name].meaning}" for name in DISTRIBUTED),
        nullable=True,
        allowed=list(DISTRIBUTED),
    ),
    "process_count_per_node": count("mpi: ranks on each node"),
    "worker_count": count("ps: workers"),
    "parameter_server_count": count("ps: parameter servers"),
    "tf_config": described(
        "string",
        "ps: the dialect of TF_CONFIG; auto reads the script's names",
        allowed=["auto", "cluster_spec", "estimator", "coordinator"],
    ),
    "evaluator_count": count("ps, estimator and coordinator: an evaluator", least=0, most=1),
    "compute_target": described(
        ["string", "dict"], "local, a name of compute_targets.yaml, or the target itself", minlength=1, schema=TARGET
    ),
    "vm_size": one_or_more("short for an azure compute_target of that size"),
    "vm_priority": described("string", "with vm_size: how nodes are bought", allowed=PRIORITIES),
    "limits": described("dict", "hard limits of a run", nullable=True, schema=LIMITS),
    "max_run_duration_seconds": count("short for limits.max_run_duration", most=365 * 86400),
    "on_failure": described(
        ["string", "dict"],
        "delete, or {hold: 30m}: keep the nodes for a look, never past the deadline",
        nullable=True,
        text_regex=DELETE,
        schema={"hold": {**duration("how long"), "required": True}},
    ),
    "metrics": described("dict", "what becomes of the run's metrics", nullable=True, schema=METRICS),
    "tune": described("dict", "a search for the best parameters, by `tfinfra tune`", nullable=True, schema=TUNE),
    "tags": described(
        "dict",
        "on every resource",
        nullable=True,
        keysrules={"type": "string", "minlength": 1, "maxlength": 512},
        valuesrules={"type": "value", "nullable": True, "maxlength": 256},
    ),
}

SPELLINGS = {
    "pip_requirements_file_path": "pip_requirements_file",
    "conda_dependencies_file_path": "conda_dependencies_file",
}
"""Another spelling → the key it means."""

ANY_CASE = {"distributed_backend", "tf_config", "cloud", "vm_priority", "primary_metric_goal"}
"""Keys whose words may be written in any case."""

LOCK = "lock"
"""The key that a lock has beside those of a manifest, and no other file."""
LOCK_ENDING = ".lock.yaml"
"""How a lock is called: `train.lock.yaml` is that of `train.yaml`."""

EDITORS = "$schema"
"""Where an editor finds the JSON Schema of a file. It means nothing here."""
