"""Azure ML's job YAML (v2): a command, or the trial of a sweep. Keys: learn.microsoft.com, "CLI (v2) command job YAML
schema" and "CLI (v2) sweep job YAML schema"."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from tfinfra.catalog.tensorflow import framework
from tfinfra.converting.commands import put_command
from tfinfra.converting.draft import Draft, Taken
from tfinfra.converting.shell_text import inserted
from tfinfra.converting.sweep import Sweep
from tfinfra.converting.versions import put_packages, put_version
from tfinfra.errors import Position
from tfinfra.manifest.document import Document
from tfinfra.manifest.manifest import Manifest
from tfinfra.manifest.words.foreign_words import in_our_form
from tfinfra.manifest.words.meanings import distribution
from tfinfra.manifest.words.written import duration
from tfinfra.text.credentials import hidden, names_secret

NAME = "azure-ml-job"
_REFERENCE = re.compile(r"\$\{\{\s*(inputs|outputs|search_space)\.([\w.-]+?)\s*\}\}")
_PLAIN = ("number", "integer", "string", "boolean")
_SCHEMA = re.compile(r"azureml.*/(\w+)\.schema\.json")
_JOBS = ("commandJob", "sweepJob", "pipelineJob", "commandComponent", "pipelineComponent")
"""Azure ML has such files for endpoints, data and environments too."""
_LITERAL = (str, int, float, bool)
_WASB = re.compile(r"wasbs?://([^@]+)@([^/]+)/?(.*)")
_MOUNTED = ("ro_mount", "rw_mount", "direct")


def recognises(data: Mapping[str, Any]) -> bool:
    """Whether a document is a job of Azure ML."""
    schema = str(data.get("$schema", ""))
    if _SCHEMA.search(schema):
        return of_another_kind(data) is None
    known = data.get("type") in ("command", "sweep", "pipeline")
    return known or (
        "command" in data and any(key in data for key in ("environment", "compute", "code", "distribution"))
    )


def of_another_kind(data: Mapping[str, Any]) -> str | None:
    """The kind of Azure ML's file that is no job: "managedOnlineEndpoint"."""
    found = _SCHEMA.search(str(data.get("$schema", "")))
    return found[1] if found and found[1] not in _JOBS else None


def convert(document: Document, draft: Draft) -> None:
    """The job's keys into the draft."""
    job = Taken(document, draft)
    job.take("$schema")
    kind = job.take("type")
    if kind == "pipeline" or "jobs" in document.data:
        draft.note("a pipeline has several jobs", job.at("jobs"), "convert each of its jobs in a file of its own")
        job.take("jobs")
    base: tuple[str, ...] = ("trial",) if isinstance(document.data.get("trial"), Mapping) else ()
    _names(job, draft)
    tags = _texts(job, "tags")
    draft.tags(tags, {name: job.at("tags", name) for name in tags})
    sweep = Sweep(job, draft)
    values: dict[str, str | None] = {**_inputs(job, draft), **_outputs(job, draft), **sweep.values}
    code = _code(job, draft, base)
    _environment(job, draft, base, code)
    given = _texts(job, *base, "environment_variables")
    draft.variables(given, {name: job.at(*base, "environment_variables", name) for name in given})
    _distribution(job, draft, base)
    _compute(job, draft, base)
    command = job.text(*base, "command")
    if command is not None:
        put_command(draft, _with_values(command, values), job.at(*base, "command"), "command")
    if not sweep.finish():
        _limit(job, draft)
    if said := job.text("description"):
        draft.quote("description:", said)
    job.finish()


def _names(job: Taken, draft: Draft) -> None:
    """The first of its names is the run's."""
    given = {key: job.take(key) for key in ("experiment_name", "display_name", "name")}
    draft.name(*given.values())
    written = [key for key, name in given.items() if name]
    for key in (key for key in written[1:] if given[key] != given[written[0]]):
        draft.note(f"'{key}' is left out: a run has one name, and {written[0]} is taken", job.at(key))


def _limit(job: Taken, draft: Draft) -> None:
    written = job.take("limits", "timeout")
    limit = duration(written)
    if written is not None and not limit:
        draft.note("limits.timeout is no duration", job.at("limits", "timeout"), "write limits: {max_run_duration: 2h}")
    draft.put("limits", {"max_run_duration": limit} if limit else None)


def _with_values(command: str, values: Mapping[str, str | None]) -> str:
    """The command with its references in our words; an optional part (`$[[--a ${{inputs.a}}]]`) stays where its input
    has a value."""

    def part(found: re.Match[str]) -> str:
        named = [f"{each[1]}.{each[2]}" for each in _REFERENCE.finditer(found[1])]
        return "" if any(values.get(name, "") is None for name in named) else found[1]

    command = re.sub(r"\$\[\[(.*?)\]\]", part, command, flags=re.DOTALL)
    return inserted(command, _REFERENCE, lambda found: values.get(f"{found[1]}.{found[2]}"), word=True)


def _texts(job: Taken, *path: str) -> dict[str, str]:
    return {str(name): text for name in job.mapping(*path) if (text := job.text(*path, name)) is not None}


def _inputs(job: Taken, draft: Draft) -> dict[str, str | None]:
    """What stands for each input: its literal, or the variable with its path; None for one that is left out."""
    values: dict[str, str | None] = {}
    for name, given in job.mapping("inputs").items():
        literal = job.document.texts.get(("inputs", name))
        if literal and names_secret(str(name)):
            job.take("inputs", name)
            draft.secret(in_our_form(str(name)).upper(), literal)
            continue
        if literal is not None and not literal.startswith("azureml:") and "://" not in literal:
            job.take("inputs", name)
            values[f"inputs.{name}"] = literal
            continue
        plain = given if isinstance(given, Mapping) and "path" not in given else {}
        said = plain.get("default", plain.get("value"))
        if isinstance(said, _LITERAL):
            job.take("inputs", name)
            values[f"inputs.{name}"] = str(said)
            continue
        if plain.get("type") in _PLAIN or plain.get("optional"):
            job.take("inputs", name)
            if plain.get("optional") is not True:
                draft.note(f"the input '{name}' has no value here", job.at("inputs", name), "write it in script_params")
            values[f"inputs.{name}"] = None
            continue
        values[f"inputs.{name}"] = draft.input(str(name), _one_input(job, draft, str(name), given))
    return values


def _one_input(job: Taken, draft: Draft, name: str, given: Any) -> dict[str, str]:
    own = given if isinstance(given, Mapping) else {"path": given}
    place = str(own.get("path", ""))
    at = job.at("inputs", name, "path") or job.at("inputs", name)
    job.take("inputs", name)
    is_mounted = str(own.get("mode")) in _MOUNTED and own.get("type") != "uri_file"
    more = {"mode": "mount"} if is_mounted else {}
    if own.get("mode") == "rw_mount":
        hint = "what the script writes to ./outputs comes home"
        draft.note(f"the data '{name}' cannot be written to", job.at("inputs", name, "mode"), hint)
    if found := _WASB.fullmatch(place):
        place = f"https://{found[2]}/{found[1]}/{found[3]}".rstrip("/")
    if place.startswith("https://"):
        return {"url": draft.url(place, at), **more}
    if place and "://" not in place and not place.startswith("azureml:"):
        return {"path": draft.path(place), **more}
    draft.note(
        f"the data '{hidden(place) or name}' is registered with Azure ML",
        at,
        "write the path or the Blob URL where it is",
    )
    return {"path": draft.path(f"./{name}")}


def _outputs(job: Taken, draft: Draft) -> dict[str, str]:
    for name, given in job.mapping("outputs").items():
        if isinstance(given, Mapping) and "path" in given:
            what = f"the output '{name}' is not written to a store of yours: it comes home in outputs/{name}"
            draft.note(what, job.at("outputs", name, "path"), "`tfinfra fetch` has it after the run as well")
    values = {f"outputs.{name}": f"${{TFINFRA_OUTPUTS}}/{name}" for name in job.mapping("outputs")}
    job.take("outputs")
    return values


def _code(job: Taken, draft: Draft, base: tuple[str, ...]) -> str | None:
    code = job.text(*base, "code") or job.text(*base, "code", "local_path")
    if code and ("://" in code or code.startswith(("git@", "azureml:"))):
        draft.note(f"the code is '{code}'", job.at(*base, "code"), "clone it, and name the folder as source_directory")
        code = None
    draft.folder(code)
    return code


def _environment(job: Taken, draft: Draft, base: tuple[str, ...], code: str | None) -> None:
    path = (*base, "environment")
    name = job.text(*path)
    if name:
        put_version(draft, name, job.at(*path))
        return
    has_conda = "conda_file" in job.mapping(*path)
    if has_conda:
        _conda(job, draft, (*path, "conda_file"), code)
    for key in ("name", "version", "description"):
        job.text(*path, key)
    image, at = job.text(*path, "image"), job.at(*path, "image")
    if image and has_conda:
        draft.note(f"the image '{image}' has no equivalent", at, "the environment is made of packages alone")
    elif image:
        put_version(draft, image, at, "image")


def _conda(job: Taken, draft: Draft, path: tuple[str, ...], code: str | None) -> None:
    """A file beside the job's, which must be in the source directory here; or what such a file says."""
    written = job.text(*path)
    if written:
        inside = posixpath.relpath(posixpath.normpath(written), posixpath.normpath(code or "."))
        if written.startswith("/") or inside.startswith(".."):
            hint = "copy it there, and name it as conda_dependencies_file"
            draft.note(f"'{written}' is not in the source directory", job.at(*path), hint)
        else:
            draft.put("conda_dependencies_file", inside)
        return
    given = job.mapping(*path).get("dependencies")
    pythons: list[tuple[str, Position | None]] = []
    for index, one in enumerate(given if isinstance(given, list) else ()):
        place: tuple[str | int, ...] = (*path, "dependencies", index)
        inner = one.get("pip") if isinstance(one, Mapping) else None
        if isinstance(one, str) and re.match(r"python\b(?![-.\w])", one):
            job.take(*place)
            pythons.append((one, job.at(*place)))
        elif isinstance(one, str) and not re.fullmatch(r"pip\b.*", one):
            job.take(*place)
            put_packages(draft, [one], job.at(*place), "conda_packages")
        elif isinstance(one, str):
            job.take(*place)
        elif isinstance(inner, list) and all(isinstance(each, str) for each in inner):
            job.take(*place, "pip")
            put_packages(draft, inner, job.at(*place, "pip"))
    for word, at in pythons:
        _python(draft, word, at)
    job.text(*path, "name")


def _python(draft: Draft, word: str, position: Position | None) -> None:
    """conda's Python, where the manifest's TensorFlow is for it."""
    found = re.fullmatch(r"python\s*={1,2}\s*(\d+\.\d+)(?:\.\d+|\.\*)?", word)
    known = framework(draft.keys.get("framework_version", Manifest.framework_version))
    if found and known and found[1] in known.python:
        draft.put("python_version", found[1])
    elif word != "python":
        draft.note(f"'{word}' of conda_file is not kept", position, "write python_version")


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
    count = job.number(*place, "instance_count") or job.number("compute", "instance_count")
    if count is not None:
        draft.put("node_count", count)
    size = job.text(*place, "instance_type") or job.text("compute", "instance_type")
    at = job.at(*place, "instance_type") or job.at("compute", "instance_type")
    if size and size.lower().startswith("standard_"):
        draft.put("compute_target", {"cloud": "azure", "vm_size": size})
    elif size:
        draft.note(f"the instance type '{size}' is none of Azure's sizes", at)
    name = job.text(*base, "compute") or job.text("compute") or job.text("compute", "target")
    if name:
        draft.target(name, job.at("compute") or job.at(*base, "compute"))
    target = draft.keys.get("compute_target")
    if isinstance(target, dict):
        if job.take("queue_settings", "job_tier") in ("spot", "Spot"):
            target["vm_priority"] = "low_priority"
        return
    if size and size.lower().startswith("standard_"):
        draft.note(f"the instance type '{size}' is left out: the compute says what a node is", at)
    if job.text("queue_settings", "job_tier") in ("spot", "Spot"):
        hint = "write compute_target: {cloud: azure, vm_size: …, vm_priority: low_priority}"
        draft.note(
            "job_tier is left out: no size is known that could be spot", job.at("queue_settings", "job_tier"), hint
        )
