"""A task of SkyPilot. Keys: docs.skypilot.co, "SkyPilot YAML"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tfinfra.catalog.gpu_names import gpus_of, size_with
from tfinfra.catalog.sizes import locations, size
from tfinfra.converting.commands import put_command, put_setup
from tfinfra.converting.draft import Draft, Taken
from tfinfra.converting.versions import put_version
from tfinfra.errors import Position
from tfinfra.manifest.document import Document
from tfinfra.text.credentials import names_secret

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
    nodes = task.number("num_nodes")
    if nodes is not None and nodes > 1:
        draft.put("node_count", nodes)
    envs = {str(name): text for name in task.mapping("envs") if (text := task.text("envs", name)) is not None}
    for name in (name for name in envs if task.mapping("envs").get(name) is None and not names_secret(name)):
        draft.note(f"the variable {name} has no value here", task.at("envs", name), "write it in environment_variables")
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
        put_command(draft, run, task.at("run"))
    if draft.keys.get("node_count") and "distributed_backend" not in draft.keys:
        draft.put("distributed_backend", "multi_worker")
        what = "the nodes' way to train together stands in the script alone: multi_worker is taken"
        draft.note(what, task.at("num_nodes"), "write distributed_backend: mpi where the script uses Horovod, else ps")
    task.finish()


def _resources(task: Taken, draft: Draft) -> None:
    named, _, place = (task.text("resources", "infra") or "").partition("/")
    at = task.at("resources", "cloud") or task.at("resources", "infra")
    cloud = task.text("resources", "cloud") or named or None
    if cloud not in _AZURE:
        draft.note(f"the cloud '{cloud}' has no equivalent", at, "tfinfra trains on azure, or local")
    target: dict[str, Any] = {}
    wanted = task.take("resources", "accelerators")
    found = gpus_of(wanted)
    if found is not None and (fitting := size_with(found)):
        target["vm_size"] = fitting
        draft.put("use_gpu", True)
    elif wanted is not None:
        hint = "`tfinfra catalog sizes --gpu` lists the sizes with GPUs"
        draft.note(f"no size of Azure has the accelerators '{wanted}'", task.at("resources", "accelerators"), hint)
    written = task.text("resources", "instance_type")
    if written and size(written):
        target["vm_size"] = written
    elif written:
        draft.note(f"the instance type '{written}' is none of Azure's", task.at("resources", "instance_type"))
    image = task.text("resources", "image_id")
    if image:
        put_version(draft, image.removeprefix("docker:"), task.at("resources", "image_id"), "image")
    _region(task, draft, target, place if cloud in _AZURE else "")
    _more(task, draft, target)
    if "vm_size" in target:
        draft.put("compute_target", {"cloud": "azure", **target})


def _region(task: Taken, draft: Draft, target: dict[str, Any], place: str) -> None:
    """`region`, or what stands behind the cloud in `infra`: azure/eastus/2."""
    region, at = task.text("resources", "region"), task.at("resources", "region")
    if not region:
        region, at = place.partition("/")[0], task.at("resources", "infra")
    if region.lower() not in locations() and region not in ("", "*"):
        draft.note(f"'{region}' is no location of Azure", at)
    elif region not in ("", "*"):
        _with_size(draft, target, {"location": region.lower()}, f"the region '{region}'", at)
    if place.count("/") and place.rpartition("/")[2] not in ("", "*"):
        draft.note(f"the zone of '{place}' has no equivalent", task.at("resources", "infra"))


def _more(task: Taken, draft: Draft, target: dict[str, Any]) -> None:
    spot = task.take("resources", "use_spot")
    if spot is True:
        at = task.at("resources", "use_spot")
        _with_size(draft, target, {"vm_priority": "low_priority"}, "use_spot", at)
    disk, at = task.number("resources", "disk_size"), task.at("resources", "disk_size")
    if disk is not None and 64 <= disk <= 4095:
        _with_size(draft, target, {"os_disk_gb": disk}, f"disk_size ({disk} GB)", at)
    elif disk is not None:
        draft.note(f"a disk of {disk} GB has no equivalent", at, "os_disk_gb is 64 to 4095")


def _with_size(draft: Draft, target: dict[str, Any], own: dict[str, Any], what: str, at: Position | None) -> None:
    """Keys of a target, which go with a size: without one the manifest trains on this machine."""
    if "vm_size" in target:
        target.update(own)
        return
    written = ", ".join(f"{key}: {value}" for key, value in own.items())
    hint = f"write compute_target: {{cloud: azure, vm_size: …, {written}}}"
    draft.note(f"{what} is left out: no size is known that it would go with", at, hint)


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
