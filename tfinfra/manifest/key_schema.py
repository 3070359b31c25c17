"""Every key of manifest.md: its Cerberus rules and its meaning. Defaults are the fields of Manifest; refused.py
has the keys that are refused.

Type "text" is a scalar whose written form counts (`1.10`, `1e-3`, `no`).
"""

from __future__ import annotations

import re
from typing import Any

from tfinfra.backends.registry import BACKENDS, DISTRIBUTED

NAME = r"[a-z][a-z0-9-]{0,23}"
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
VERSION = r"[0-9]+(\.[0-9]+){1,3}((a|b|rc|\.post|\.dev)[0-9]+)?"
DURATION = r"[0-9]{1,10} ?[smhd]?"
DELETE = r"[dD]elete"
INPUT = r"[a-z][a-z0-9_]*"
ZONE = r"[1-3]"
_OWN_IMAGE = r"images/[^/\s]+|galleries/[^/\s]+/images/[^/\s]+(/versions/[^/\s]+)?"
IMAGE = (
    r"[^:/\s]+(:[^:/\s]+){2}:(latest|[0-9]+(\.[0-9]+)*)"
    rf"|/subscriptions/[^/]+/resource[gG]roups/[^/]+/providers/Microsoft\.Compute/({_OWN_IMAGE})"
)
CONTAINER = r"https://[a-z0-9]{3,24}(\.z[0-9]{1,3})?\.blob\.[a-z0-9.]+/[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]"
BLOB_HOST = (
    r"[a-z0-9]{3,24}\.(blob\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)"
    r"|z[0-9]{1,3}\.blob\.storage\.azure\.net)"
)
"""A storage account's host in the clouds that are known (azure/identity/environments.py); the last is that of a DNS
zone (learn.microsoft.com, "Azure DNS zone endpoints")."""
PACKAGE_URL = r"https://[^\s]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?(/[^\s]*)?"
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
    IMAGE: "publisher:offer:sku:version, or an ARM id: /subscriptions/…/images/<name>[/versions/<version>]",
    CONTAINER: "a container's URL: https://<account>.blob.core.windows.net/<container>",
    SUBNET_ID: "the ARM id of a subnet: /subscriptions/…/virtualNetworks/<name>/subnets/<name>",
    IDENTITY_ID: "the ARM id of a user-assigned identity: /subscriptions/…/userAssignedIdentities/<name>",
    REAPER_ID: "the ARM id of a Logic workflow: /subscriptions/…/workflows/<name>",
    RESERVATION_ID: "the ARM id of a capacity reservation group: /subscriptions/…/capacityReservationGroups/<name>",
    PACKAGE_URL: "https://…, or a server of this machine: http://localhost:3141/…",
    GUID: "an id such as 00000000-0000-0000-0000-000000000000",
}


def fitting_name(text: str) -> str:
    """A run's name made of `text`: what NAME forbids becomes '-', or is left out at the beginning and the end."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).lstrip("-0123456789")[:24].rstrip("-") or "training"


PRIORITIES = ["dedicated", "low_priority", "lowpriority"]

Rules = dict[str, Any]


def _rules(kind: str | list[str], meaning: str, **rules: Any) -> Rules:
    return {"type": kind, **rules, "meta": {"meaning": meaning}}


def _count(meaning: str, least: int = 1, most: int = 100_000) -> Rules:
    return _rules("integer", meaning, min=least, max=most)


def _lines(meaning: str) -> Rules:
    return _rules("list", meaning, nullable=True, schema={"type": "string", "minlength": 1})


def _one_or_more(meaning: str) -> Rules:
    inner = {"type": "string", "minlength": 1}
    return _rules(["string", "list"], meaning, minlength=1, schema=inner)


def _urls(meaning: str) -> Rules:
    inner = {"type": "text", "text_regex": PACKAGE_URL}
    return _rules("list", meaning, nullable=True, schema=inner)


def _usd(meaning: str) -> Rules:
    return _rules("number", meaning, min=0.01, max=1_000_000)


def _duration(meaning: str) -> Rules:
    return _rules("text", meaning, text_regex=DURATION)


TARGET: dict[str, Rules] = {
    "cloud": _rules("string", "where: azure, or local for the cloud embedded in tfinfra", allowed=["azure", "local"]),
    "location": _one_or_more("the Azure region, or several, tried in order"),
    "vm_size": _one_or_more("the Azure size of every node, or several to choose from, in order"),
    "vm_priority": _rules("string", "how nodes are bought: low_priority ones may be taken back", allowed=PRIORITIES),
    "max_price": _usd("low_priority: the most that a node may cost, in USD an hour; the dedicated price where absent"),
    "image": _rules("text", "another image: publisher:offer:sku:version or an ARM id", text_regex=IMAGE),
    "os_disk_gb": _rules("integer", "the system disk of every node, in GB", min=64, max=4095),
    "zone": _rules("text", "the availability zone of every node", text_regex=ZONE),
    "subnet_id": _rules("text", "a subnet of your own, with a way out of its own", text_regex=SUBNET_ID),
    "capacity_reservation_id": _rules("text", "a capacity reservation group to use", text_regex=RESERVATION_ID),
    "identity_id": _rules("text", "the nodes' identity, made and granted by others", text_regex=IDENTITY_ID),
    "store": _rules("text", "a container made by others, in which runs keep their store", text_regex=CONTAINER),
    "reaper_id": _rules("text", "a workflow made by others that deletes expired groups", text_regex=REAPER_ID),
    "subscription_id": _rules(
        "text", "the Azure subscription; needed to ask or to make anything there", text_regex=GUID
    ),
    "max_nodes": _count("the most nodes that a run on this target may have"),
    "index_url": _rules("text", "the package index instead of PyPI", text_regex=PACKAGE_URL),
    "extra_index_urls": _urls("package indexes that are asked first; the first that has a package wins"),
    "find_links": _urls("pages that link to wheels"),
}

LIMITS: dict[str, Rules] = {
    "max_run_duration": _duration("everything is deleted after this long, counted from the first write to the cloud"),
    "max_cost_usd": _usd("everything is deleted before a run has cost more, at list price"),
    "keep_outputs": _duration("how long the outputs stay in the cloud after the deadline"),
}

MANIFEST: dict[str, Rules] = {
    "name": _rules("text", "names the run's resources; the file's stem where absent", text_regex=NAME),
    "source_directory": _rules("text", "copied to every node; relative to the manifest", minlength=1),
    "entry_script": _rules(
        "text", "the training script, relative to source_directory; or `-m package.module`", required=True, minlength=1
    ),
    "script_params": _rules(
        "dict",
        'the script\'s command line: flag → value, order kept; null or "" is a bare flag, a list repeats values;'
        " ${TFINFRA_OUTPUTS} and its like are expanded",
        nullable=True,
        keysrules={"type": "string", "minlength": 1},
        valuesrules={"type": ["text", "list"], "nullable": True, "schema": {"type": "text"}},
    ),
    "framework_version": _rules("text", "TensorFlow's version", text_regex=VERSION),
    "python_version": _rules("text", "Python's version in the training environment", text_regex=VERSION),
    "pip_packages": _lines("requirement specs beside TensorFlow, which is always installed"),
    "pip_requirements_file": _rules("text", "a requirements file, relative to source_directory", minlength=1),
    "source_builds": _lines(
        "packages that are built from source: their code runs with your rights where the lock is made, and on nodes"
    ),
    "conda_packages": _lines("conda specs beside TensorFlow"),
    "conda_channels": _lines("where conda packages come from, first wins: names, URLs, or folders; conda-forge"),
    "conda_dependencies_file": _rules("text", "a conda environment file, relative to source_directory", minlength=1),
    "setup_script": _rules("text", "run once on every node before training, relative to source_directory", minlength=1),
    "secrets": _rules(
        "list",
        "environment variables of the caller that reach the tasks and nothing else",
        nullable=True,
        schema={"type": "text", "text_regex": VARIABLE},
    ),
    "inputs": _rules(
        "dict",
        "data for the tasks: TFINFRA_INPUT_<NAME> is its path on the node",
        nullable=True,
        keysrules={"type": "string", "text_regex": INPUT},
        valuesrules={
            "type": "dict",
            "schema": {
                "path": _rules("text", "a file or folder of this machine, relative to the manifest", minlength=1),
                "url": _rules("text", "a Blob URL: a container, or a folder or file in it", minlength=1),
                "mode": _rules("string", "copied to every node, or mounted read-only", allowed=["download", "mount"]),
            },
        },
    ),
    "resume_from": _rules(
        "text", "a run, or a URL, whose checkpoints are there before the start", nullable=True, minlength=1
    ),
    "environment_variables": _rules(
        "dict",
        "plain text as written; appears in the artefacts",
        nullable=True,
        keysrules={"type": "string", "text_regex": VARIABLE},
        valuesrules={"type": "text", "nullable": True},
    ),
    "use_gpu": _rules("boolean", "the GPU build of TensorFlow, on a size with GPUs"),
    "node_count": _count("how many nodes"),
    "distributed_backend": _rules(
        "string",
        "null: one task; " + "; ".join(f"{name}: {BACKENDS[name].meaning}" for name in DISTRIBUTED),
        nullable=True,
        allowed=list(DISTRIBUTED),
    ),
    "process_count_per_node": _count("mpi: ranks on each node"),
    "worker_count": _count("ps: workers"),
    "parameter_server_count": _count("ps: parameter servers"),
    "tf_config": _rules(
        "string",
        "ps: the dialect of TF_CONFIG; auto reads the script's names",
        allowed=["auto", "cluster_spec", "estimator", "coordinator"],
    ),
    "evaluator_count": _count("ps, estimator and coordinator: an evaluator", least=0, most=1),
    "compute_target": _rules(
        ["string", "dict"], "local, a name of compute_targets.yaml, or the target itself", minlength=1, schema=TARGET
    ),
    "vm_size": _one_or_more("short for an azure compute_target of that size"),
    "vm_priority": _rules("string", "with vm_size: how nodes are bought", allowed=PRIORITIES),
    "limits": _rules("dict", "hard limits of a run", nullable=True, schema=LIMITS),
    "max_run_duration_seconds": _count("short for limits.max_run_duration", most=365 * 86400),
    "on_failure": _rules(
        ["string", "dict"],
        "delete, or {hold: 30m}: keep the nodes for a look, never past the deadline",
        nullable=True,
        text_regex=DELETE,
        schema={"hold": {**_duration("how long"), "required": True}},
    ),
    "tags": _rules(
        "dict",
        "on every resource",
        nullable=True,
        keysrules={"type": "string", "minlength": 1, "maxlength": 512},
        valuesrules={"type": "text", "nullable": True, "maxlength": 256},
    ),
}

SPELLINGS = {
    "pip_requirements_file_path": "pip_requirements_file",
    "conda_dependencies_file_path": "conda_dependencies_file",
}
"""Another spelling → the key it means."""

ANY_CASE = {"distributed_backend", "tf_config", "cloud", "vm_priority"}
"""Keys whose words may be written in any case."""

EDITORS = "$schema"
"""Where an editor finds the JSON Schema of a file. It means nothing here."""
