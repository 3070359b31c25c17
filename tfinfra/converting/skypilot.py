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
from tfinfra.manifest.key_schema import IMAGE, VARIABLE, ZONE
from tfinfra.text.credentials import names_secret

NAME = "skypilot-task"
_AZURE = ("azure", None)
_BLOB = re.compile(r"https://(?:[^/@]*@)?[a-z0-9]{3,24}(?:\.z\d{1,3})?\.blob\.[a-z0-9.]+/")
_WRITTEN = "what is written to ./outputs comes home, checkpoints belong in ${TFINFRA_CHECKPOINTS}; data is an input"
"""Of a bucket that begins empty."""
_LISTS = "lists are tried in order: location: [eastus, westeurope], vm_size: […] of the target"


def recognises(data: Mapping[str, Any]) -> bool:
    """Whether a document is a task of SkyPilot."""
    own = {"setup", "resources", "num_nodes", "workdir", "file_mounts", "envs"}
    return "run" in data and bool({*data} & own)


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
        if re.fullmatch(VARIABLE, str(name)):
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
    if fitting := _sizes(draft, task.take("resources", "accelerators"), task.at("resources", "accelerators")):
        target["vm_size"] = _one_or_more(fitting)
        draft.put("use_gpu", True)
    written = task.text("resources", "instance_type")
    if written and size(written):
        target["vm_size"] = written
    elif written:
        draft.note(f"the instance type '{written}' is none of Azure's", task.at("resources", "instance_type"))
    _image(task, draft, target)
    _region(task, draft, target, place if cloud in _AZURE else "")
    _any_of(task, draft, target)
    _more(task, draft, target)
    if "vm_size" in target:
        draft.put("compute_target", {"cloud": "azure", **target})


def _sizes(draft: Draft, wanted: Any, at: Position | None) -> list[str]:
    """The sizes with these accelerators: of several kinds each, in the order in which they are tried."""
    kinds = wanted if isinstance(wanted, list) else [wanted]
    if isinstance(wanted, Mapping) and len(wanted) > 1 and not {*wanted} & {"name", "type", "count"}:
        kinds = [{kind: count} for kind, count in wanted.items()]
    found: list[str] = []
    for kind in (kind for kind in kinds if kind is not None):
        gpus = gpus_of(kind)
        if fitting := size_with(gpus) if gpus is not None else None:
            found += [fitting] if fitting not in found else []
        else:
            hint = "`tfinfra catalog sizes --gpu` lists the sizes with GPUs"
            draft.note(f"no size of Azure has the accelerators '{kind}'", at, hint)
    return _alike(draft, found, at)


def _alike(draft: Draft, names: list[str], at: Position | None) -> list[str]:
    """Those with the GPUs of the first: one plan of the tasks serves all sizes of a list."""
    machines = [found for name in names if (found := size(name)) is not None]
    gpus = [(each.gpus, each.gpu_kind) for each in machines]
    other = [each.name for each, own in zip(machines, gpus, strict=True) if own != gpus[0]]
    if other:
        what = f"{names[0]} is taken, and {', '.join(other)} left out: sizes of a list have the same GPUs"
        draft.note(what, at, "write a manifest of its own for each kind of GPUs")
    return [each.name for each in machines if each.name not in other]


def _image(task: Taken, draft: Draft, target: dict[str, Any]) -> None:
    image, at = task.text("resources", "image_id"), task.at("resources", "image_id")
    if image and re.fullmatch(IMAGE, image):
        _with_size(draft, target, {"image": image}, f"the image '{image}'", at)
    elif image:
        put_version(draft, image.removeprefix("docker:"), at, "image")


def _any_of(task: Taken, draft: Draft, target: dict[str, Any]) -> None:
    """Alternatives that differ in their places, or in their sizes, as lists that are tried in order."""
    for key in ("any_of", "ordered"):
        given, at = task.take("resources", key), task.at("resources", key)
        each = [_alternative(one) for one in given] if isinstance(given, list) and given else [None]
        parts = [tuple(dict.fromkeys(part)) for part in zip(*(one or (None, None) for one in each), strict=True)]
        several = [part for part in parts if len(part) > 1]
        if given is None:
            continue
        if None in each or len(several) > 1 or any(None in part for part in several):
            draft.note(f"'resources.{key}' has no equivalent", at, _LISTS)
            continue
        places, machines = ([str(one) for one in part if one] for part in parts)
        if machines:
            target["vm_size"] = _one_or_more(_alike(draft, machines, at))
            draft.put("use_gpu", "accelerators" in given[0] or None)
        if places:
            target.pop("zone", None)
            _with_size(draft, target, {"location": _one_or_more(places)}, f"'resources.{key}'", at)


def _one_or_more(names: list[str]) -> str | list[str]:
    return names[0] if len(names) == 1 else names


def _alternative(one: Any) -> tuple[str | None, str | None] | None:
    """The location and the size that one of several says alone; None where it says more, or something else."""
    if not isinstance(one, Mapping) or {*one} - {"infra", "cloud", "region", "accelerators", "instance_type"}:
        return None
    cloud, _, place = str(one.get("infra", one.get("cloud", "azure"))).partition("/")
    region = str(one.get("region", place)).lower()
    gpus, written = gpus_of(one.get("accelerators")), one.get("instance_type")
    named = str(written) if written and size(str(written)) else size_with(gpus) if gpus is not None else None
    known = (
        cloud == "azure" and region in ("", *locations()) and (named or not {*one} & {"accelerators", "instance_type"})
    )
    return (region or None, named) if known else None


def _region(task: Taken, draft: Draft, target: dict[str, Any], place: str) -> None:
    """`region`, or what stands behind the cloud in `infra`: azure/eastus/2."""
    region, at = task.text("resources", "region"), task.at("resources", "region")
    if not region:
        region, at = place.partition("/")[0], task.at("resources", "infra")
    if region.lower() not in locations() and region not in ("", "*"):
        draft.note(f"'{region}' is no location of Azure", at)
    elif region not in ("", "*"):
        _with_size(draft, target, {"location": region.lower()}, f"the region '{region}'", at)
    zone = task.text("resources", "zone") or (place.rpartition("/")[2] if "/" in place else "")
    at = task.at("resources", "zone") or at
    if "location" in target and re.fullmatch(ZONE, zone.rpartition("-")[2]):
        target["zone"] = zone.rpartition("-")[2]
    elif zone not in ("", "*"):
        draft.note(f"the zone of '{place or zone}' has no equivalent", at, "a zone goes with a location: zone: 1")


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
    """Local files are inputs, and what is in Blob storage; buckets of other stores have no equivalent."""
    for place, given in task.mapping("file_mounts").items():
        source = given if isinstance(given, str) else given.get("source") if isinstance(given, Mapping) else None
        at = task.at("file_mounts", place)
        task.take("file_mounts", place)
        stored = isinstance(source, str) and _BLOB.match(source) is not None
        if isinstance(source, str) and (stored or "://" not in source):
            own = {"url": draft.url(source, at)} if stored else {"path": draft.path(source)}
            hint = f"write {draft.input(str(place), own)} where the command has '{place}'"
            draft.note(f"'{place}' is another path on the nodes", at, hint)
        else:
            hint = "copy them to Blob storage, as an input" if source else _WRITTEN
            draft.note(f"the files at '{source or place}' have no equivalent", at, hint)
