"""A task of SkyPilot. Keys: docs.skypilot.co, "SkyPilot YAML"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tfinfra.catalog.gpu_names import gpus_of, size_with
from tfinfra.catalog.sizes import locations, size
from tfinfra.converting.commands import put_command, put_setup, with_variables
from tfinfra.converting.draft import Draft, Taken
from tfinfra.manifest.document import Document

NAME = "skypilot-task"
_AZURE = ("azure", None)


def recognises(data: Mapping[str, Any]) -> bool:
    """Whether a document is a task of SkyPilot."""
    own = {"run", "setup", "resources", "num_nodes", "workdir", "file_mounts", "envs"}
    return "run" in data and bool({*data} & (own - {"run"}))


def convert(document: Document, draft: Draft) -> None:
    """The task's keys into the draft."""
    task = Taken(document, draft)
    draft.name(task.take("name"))
    folder = task.text("workdir")
    if folder and "://" in folder:
        draft.note(f"the code is '{folder}'", task.at("workdir"), "clone it, and name the folder as source_directory")
        folder = None
    draft.folder(folder)
    nodes = task.take("num_nodes")
    if isinstance(nodes, int) and nodes > 1:
        draft.put("node_count", nodes)
    envs = {str(name): task.text("envs", name) or "" for name in task.mapping("envs")}
    draft.variables(envs, {name: task.at("envs", name) for name in envs})
    secrets = task.take("secrets")
    for name in secrets if isinstance(secrets, (Mapping, list)) else ():
        if re.fullmatch(r"[A-Za-z_]\w*", str(name)):
            draft.secret(str(name))
    _resources(task, draft)
    _files(task, draft)
    if setup := task.text("setup"):
        put_setup(draft, setup, task.at("setup"))
    if (run := task.text("run")) is not None:
        put_command(draft, with_variables(run, draft), task.at("run"))
    if draft.keys.get("node_count") and "distributed_backend" not in draft.keys:
        draft.put("distributed_backend", "multi_worker")
        what = "the nodes' way to train together stands in the script alone: multi_worker is taken"
        draft.note(what, task.at("num_nodes"), "write distributed_backend: mpi where the script uses Horovod, else ps")
    task.finish()


def _resources(task: Taken, draft: Draft) -> None:
    cloud = task.text("resources", "cloud") or (task.text("resources", "infra") or "").partition("/")[0] or None
    if cloud not in _AZURE:
        draft.note(
            f"the cloud '{cloud}' has no equivalent", task.at("resources", "cloud"), "tfinfra trains on azure, or local"
        )
    target: dict[str, Any] = {}
    wanted = task.take("resources", "accelerators")
    found = gpus_of(wanted)
    if found is not None and (named := size_with(found)):
        target["vm_size"] = named
        draft.put("use_gpu", True)
    elif wanted is not None:
        hint = "`tfinfra catalog sizes --gpu` lists the sizes with GPUs"
        draft.note(f"no size of Azure has the accelerators '{wanted}'", task.at("resources", "accelerators"), hint)
    written = task.text("resources", "instance_type")
    if written and size(written):
        target["vm_size"] = written
    elif written:
        draft.note(f"the instance type '{written}' is none of Azure's", task.at("resources", "instance_type"))
    _place(task, draft, target)
    if "vm_size" in target:
        draft.put("compute_target", {"cloud": "azure", **target})


def _place(task: Taken, draft: Draft, target: dict[str, Any]) -> None:
    region = task.text("resources", "region")
    if region and region.lower() in locations():
        target["location"] = region
    elif region:
        draft.note(f"'{region}' is no location of Azure", task.at("resources", "region"))
    if task.take("resources", "use_spot") is True and "vm_size" in target:
        target["vm_priority"] = "low_priority"
    disk = task.take("resources", "disk_size")
    if isinstance(disk, int) and 64 <= disk <= 4095 and "vm_size" in target:
        target["os_disk_gb"] = disk


def _files(task: Taken, draft: Draft) -> None:
    """Local files are inputs; buckets of other stores have no equivalent."""
    for place, given in task.mapping("file_mounts").items():
        source = given if isinstance(given, str) else given.get("source") if isinstance(given, Mapping) else None
        at = task.at("file_mounts", place)
        task.take("file_mounts", place)
        name = re.sub(r"[^a-z0-9]+", "_", str(place).lower()).strip("_0123456789") or "data"
        if isinstance(source, str) and "://" not in source:
            draft.keys.setdefault("inputs", {})[name] = {"path": draft.path(source)}
            hint = f"write ${{TFINFRA_INPUT_{name.upper()}}} where the command has '{place}'"
            draft.note(f"'{place}' is another path on the nodes", at, hint)
        else:
            draft.note(
                f"the files at '{source or place}' have no equivalent", at, "copy them to Blob storage, as an input"
            )
