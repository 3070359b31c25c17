"""Azure ML's job YAML (v2): a command, or the trial of a sweep. Keys: learn.microsoft.com, "CLI (v2) command job YAML
schema" and "CLI (v2) sweep job YAML schema"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tfinfra.catalog.tensorflow import framework
from tfinfra.converting.commands import put_command, substituted
from tfinfra.converting.draft import Draft, Taken
from tfinfra.manifest.document import Document
from tfinfra.manifest.words.meanings import distribution
from tfinfra.manifest.words.written import duration

NAME = "azure-ml-job"
_REFERENCE = r"\$\{\{ *KIND\.NAME *\}\}"
_LITERAL = (str, int, float, bool)
_WASB = re.compile(r"wasbs?://([^@]+)@([^/]+)/?(.*)")
_MODES = {"ro_mount": "mount", "rw_mount": "mount", "direct": "mount", "download": "download"}
_NEWEST_PYTHON_SINCE = (2, 12)
"""The first TensorFlow for the default Python."""


def recognises(data: Mapping[str, Any]) -> bool:
    """Whether a document is a job of Azure ML."""
    schema = str(data.get("$schema", ""))
    known = "azureml" in schema or data.get("type") in ("command", "sweep", "pipeline")
    return known or (
        "command" in data and any(key in data for key in ("environment", "compute", "code", "distribution"))
    )


def convert(document: Document, draft: Draft) -> None:
    """The job's keys into the draft."""
    job = Taken(document, draft)
    job.take("$schema")
    kind = job.take("type")
    if kind == "pipeline" or "jobs" in document.data:
        draft.note("a pipeline has several jobs", job.at("jobs"), "convert each of its jobs in a file of its own")
        job.take("jobs")
    base: tuple[str, ...] = ("trial",) if isinstance(document.data.get("trial"), Mapping) else ()
    names = [job.take(key) for key in ("experiment_name", "display_name", "name")]
    draft.name(*names)
    tags = _texts(job, "tags")
    draft.tags(tags, {name: job.at("tags", name) for name in tags})
    values = {**_inputs(job, draft), **_outputs(job)}
    _space(job, draft, values)
    _code(job, draft, base)
    _environment(job, draft, base)
    given = _texts(job, *base, "environment_variables")
    draft.variables(given, {name: job.at(*base, "environment_variables", name) for name in given})
    _distribution(job, draft, base)
    _compute(job, draft, base)
    limit = duration(job.take("limits", "timeout"))
    draft.put("limits", {"max_run_duration": limit} if limit else None)
    command = job.text(*base, "command")
    if command is not None:
        put_command(draft, _with_values(command, values), job.at(*base, "command"), "command")
    job.take("description")
    job.finish()


def _with_values(command: str, values: Mapping[str, str]) -> str:
    """The command with its references in our words; an optional part (`$[[--a ${{inputs.a}}]]`) stays."""
    command = re.sub(r"\$\[\[(.*?)\]\]", r"\1", command, flags=re.DOTALL)
    for reference, value in values.items():
        kind, _, name = reference.partition(".")
        command = substituted(command, {name: _quoted(value)}, _REFERENCE.replace("KIND", kind))
    return command


def _quoted(value: str) -> str:
    return f"'{value}'" if re.search(r"\s|^$", value) and "'" not in value else value


def _texts(job: Taken, *path: str) -> dict[str, str]:
    return {
        str(name): job.document.text((*path, name)) for name in job.mapping(*path) if job.text(*path, name) is not None
    }


def _inputs(job: Taken, draft: Draft) -> dict[str, str]:
    """What stands for each input: its literal, or the variable with its path."""
    values: dict[str, str] = {}
    for name, given in job.mapping("inputs").items():
        literal = job.document.texts.get(("inputs", name))
        if literal is not None and not literal.startswith("azureml:") and "://" not in literal:
            job.take("inputs", name)
            values[f"inputs.{name}"] = literal
            continue
        if (
            isinstance(given, Mapping)
            and "path" not in given
            and isinstance(given.get("default", given.get("value")), _LITERAL)
        ):
            values[f"inputs.{name}"] = str(given.get("default", given.get("value")))
            job.take("inputs", name)
            continue
        own = re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_0123456789") or "data"
        draft.keys.setdefault("inputs", {})[own] = _one_input(job, draft, str(name), given)
        values[f"inputs.{name}"] = f"${{TFINFRA_INPUT_{own.upper()}}}"
    return values


def _one_input(job: Taken, draft: Draft, name: str, given: Any) -> dict[str, str]:
    place = str(given.get("path", "") if isinstance(given, Mapping) else given)
    at = job.at("inputs", name, "path") or job.at("inputs", name)
    job.take("inputs", name)
    mode = _MODES.get(str(given.get("mode"))) if isinstance(given, Mapping) else None
    is_file = isinstance(given, Mapping) and given.get("type") == "uri_file"
    more = {"mode": mode} if mode == "mount" and not is_file else {}
    if found := _WASB.fullmatch(place):
        place = f"https://{found[2]}/{found[1]}/{found[3]}".rstrip("/")
    if place.startswith("https://"):
        return {"url": place.partition("?")[0], **more}
    if place and "://" not in place and not place.startswith("azureml:"):
        return {"path": draft.path(place), **more}
    draft.note(
        f"the data '{place or name}' is registered with Azure ML", at, "write the path or the Blob URL where it is"
    )
    return {"path": draft.path(f"./{name}")}


def _outputs(job: Taken) -> dict[str, str]:
    values = {f"outputs.{name}": f"${{TFINFRA_OUTPUTS}}/{name}" for name in job.mapping("outputs")}
    job.take("outputs")
    return values


def _space(job: Taken, draft: Draft, values: dict[str, str]) -> None:
    """A sweep's space: each value's first, and said so."""
    for name, given in job.mapping("search_space").items():
        each = given if isinstance(given, Mapping) else {"values": [given]}
        listed = each.get("values")
        lowest = each.get("min_value", each.get("lower", each.get("mu", 0)))
        first = listed[0] if isinstance(listed, list) and listed else lowest
        values[f"search_space.{name}"] = str(first)
        what = f"the search over '{name}' has no equivalent: {first} stands for it"
        draft.note(what, job.at("search_space", name), "`tfinfra up` runs one training for each set of script_params")
        job.take("search_space", name)


def _code(job: Taken, draft: Draft, base: tuple[str, ...]) -> None:
    code = job.text(*base, "code") or job.text(*base, "code", "local_path")
    if code and ("://" in code or code.startswith(("git@", "azureml:"))):
        draft.note(f"the code is '{code}'", job.at(*base, "code"), "clone it, and name the folder as source_directory")
        code = None
    draft.folder(code)


def _environment(job: Taken, draft: Draft, base: tuple[str, ...]) -> None:
    path = (*base, "environment")
    name = job.text(*path)
    if name is not None:
        put_version(draft, name, job.at(*path))
        return
    conda = job.text(*path, "conda_file")
    if conda:
        draft.put("conda_dependencies_file", conda.removeprefix("./"))
    for key in ("image", "name", "version", "description"):
        job.take(*path, key)
    if (image := job.document.texts.get((*path, "image"))) and not conda:
        draft.note(f"the image '{image}' has no equivalent", job.at(*path, "image"), _PACKAGES)


_PACKAGES = "write its Python packages as pip_packages, or as pip_requirements_file"


def put_version(draft: Draft, text: str, position: Any, kind: str = "environment") -> None:
    """TensorFlow's version out of the name of an environment or an image, where this one trains with it."""
    found = re.search(r"tensorflow[^0-9]{0,12}(\d+)\.(\d+)(\.\d+)?", text.lower())
    numbers = (int(found[1]), int(found[2])) if found else (0, 0)
    known = framework(f"{numbers[0]}.{numbers[1]}") if found else None
    if known and numbers >= _NEWEST_PYTHON_SINCE:
        draft.put("framework_version", known.patch)
        draft.note(f"of the {kind} '{text}' TensorFlow's version is taken", position, _PACKAGES)
    else:
        draft.note(
            f"the {kind} '{text}' has no equivalent: the default TensorFlow takes its place", position, _PACKAGES
        )


def _distribution(job: Taken, draft: Draft, base: tuple[str, ...]) -> None:
    given = job.take(*base, "distribution")
    if given is None:
        return
    meant = distribution(given)
    if not isinstance(meant, dict):
        draft.note("this kind of distribution has no equivalent", job.at(*base, "distribution"), meant)
        return
    draft.keys.update(meant)
    workers = given.get("worker_count") if isinstance(given, Mapping) else None
    if meant["distributed_backend"] == "multi_worker" and isinstance(workers, int):
        draft.put("node_count", workers)


def _compute(job: Taken, draft: Draft, base: tuple[str, ...]) -> None:
    """Where it runs: `compute` is a name, or in older files a mapping; `resources` may name a size."""
    place = (*base, "resources")
    count = job.take(*place, "instance_count") or job.take("compute", "instance_count")
    if isinstance(count, int):
        draft.put("node_count", count)
    size = job.text(*place, "instance_type") or job.text("compute", "instance_type")
    if size and size.lower().startswith("standard_"):
        draft.put("compute_target", {"cloud": "azure", "vm_size": size})
    elif size:
        draft.note(f"the instance type '{size}' is none of Azure's sizes", job.at(*place, "instance_type"))
    job.take(*place, "shm_size")
    name = job.text(*base, "compute") or job.text("compute") or job.text("compute", "target")
    if name:
        draft.target(name, job.at("compute") or job.at(*base, "compute"))
    if job.take("queue_settings", "job_tier") in ("spot", "Spot") and isinstance(
        target := draft.keys.get("compute_target"), dict
    ):
        target["vm_priority"] = "low_priority"
