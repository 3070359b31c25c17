"""The tools whose files are understood, and the one function that makes a manifest of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from tfinfra.converting import azure_ml_job, estimator, kubeflow, skypilot
from tfinfra.converting.constants import program_of
from tfinfra.converting.draft import Draft
from tfinfra.converting.manifest_text import manifest_text
from tfinfra.converting.notebook import code_of
from tfinfra.errors import Diagnostic, ManifestError, Position, Severity
from tfinfra.manifest.document import Document
from tfinfra.manifest.key_schema import MANIFEST
from tfinfra.manifest.reading.limits import PAGE
from tfinfra.manifest.reading.reader import read_document


@dataclass(frozen=True)
class Tool:
    """A kind of YAML file: how its document is recognised, and how it is converted."""

    name: str
    title: str
    recognises: Callable[[Mapping[str, Any]], bool]
    convert: Callable[[Document, Draft], None]


TOOLS: tuple[Tool, ...] = (
    Tool(kubeflow.TFJOB, "TFJob", kubeflow.is_tfjob, kubeflow.convert),
    Tool(kubeflow.MPIJOB, "MPIJob", kubeflow.is_mpijob, kubeflow.convert),
    Tool(azure_ml_job.NAME, "Azure ML job", azure_ml_job.recognises, azure_ml_job.convert),
    Tool(skypilot.NAME, "SkyPilot task", skypilot.recognises, skypilot.convert),
)
_KNOWN = "`tfinfra convert` reads Azure ML's job YAML, SkyPilot's tasks, TFJob, MPIJob, and the estimator's Python"
_SEARCH = "its search as the key tune: `tfinfra explain tune` has the keys"
_SAVED = "save it as a notebook (.ipynb) anew, or its code as a file of Python"


@dataclass(frozen=True)
class Converted:
    """`text` is the manifest; `unmatched` are warnings, each at its line of the file that was converted."""

    tool: str
    title: str
    text: str
    unmatched: tuple[Diagnostic, ...]


def convert(data: bytes, file: str, targets: frozenset[str] = frozenset(), beside: str = ".") -> Converted:
    """The manifest of another tool's file. `targets` are the names of compute targets that are known; `beside` is the
    file's folder as the manifest writes it. Raises ManifestError for a file that is none of these tools'."""
    draft = Draft(file, targets, beside)
    if file.endswith((".py", ".ipynb")):
        return _of_python(data, draft)
    document, faults = read_document(data, file, "a key")
    draft.lines = tuple(data.decode("utf-8-sig").splitlines())
    tool = next((one for one in TOOLS if one.recognises(document.data)), None)
    if tool is None:
        _refuse(file, *_what_it_is(document.data))
    tool.convert(document, draft)
    return _converted(tool.name, tool.title, draft, faults)


def _what_it_is(data: Mapping[str, Any]) -> tuple[str, str]:
    """What is said of a file that nothing can be made of, and the way out."""
    if "entry_script" in data and {*data} <= {*MANIFEST}:
        return "this is a manifest already", _KNOWN
    if kind := azure_ml_job.of_another_kind(data):
        return f"this is a file of Azure ML, and no job: {kind}", _KNOWN
    if data.get("kind") == "Experiment" and "kubeflow" in str(data.get("apiVersion")):
        return "this is an experiment of Katib", f"convert the TFJob or MPIJob of its trialTemplate, and {_SEARCH}"
    if {"method", "metric", "parameters"} <= {*data}:
        return (
            "this is a sweep of Weights & Biases",
            f"write entry_script: {data.get('program', 'train.py')}, and {_SEARCH}",
        )
    return "this file is of no tool that is known", _KNOWN


def _of_python(data: bytes, draft: Draft) -> Converted:
    if len(data) > PAGE.bytes:
        _refuse(draft.file, f"the file is larger than {PAGE.bytes // 1_000_000} MB", "it is meant to be a page of code")
    where: tuple[int, ...] = ()
    try:
        text = data.decode("utf-8-sig")
        if draft.file.endswith(".ipynb"):
            text, where = code_of(text) or _refuse(
                draft.file, "a notebook is JSON with cells, and this is none", _SAVED
            )
        program = program_of(text)
    except UnicodeDecodeError:
        _refuse(draft.file, "the file is not UTF-8 text", "save it as UTF-8")
    except (SyntaxError, ValueError) as error:
        line = (error.lineno if isinstance(error, SyntaxError) else None) or 1
        line = where[min(line, len(where)) - 1] if where else line
        _refuse(draft.file, f"this is not Python: {error.msg if isinstance(error, SyntaxError) else error}", None, line)
    if not estimator.recognises(program):
        _refuse(draft.file, "no estimator and no ScriptRunConfig is made in this file", _KNOWN)
    estimator.convert(program, text.split("\n") if where else text.splitlines(), draft)
    draft.unmatched = [_in_file(each, where) for each in draft.unmatched]
    return _converted(estimator.NAME, "Azure ML estimator", draft, ())


def _in_file(found: Diagnostic, where: tuple[int, ...]) -> Diagnostic:
    """A diagnostic at the line of the notebook that its line of code stands in."""
    at = found.position
    if at is None or not 0 < at.line <= len(where):
        return found
    return replace(found, position=replace(at, line=where[at.line - 1]))


def _converted(name: str, title: str, draft: Draft, faults: tuple[Diagnostic, ...]) -> Converted:
    if "name" not in draft.keys:
        draft.name(draft.file.rpartition("/")[2].partition(".")[0])
    draft.comments = [draft.without_secrets(line) for line in draft.comments]
    found = dict.fromkeys([*faults, *(_without_secrets(each, draft) for each in draft.unmatched)])
    ordered = sorted(found, key=lambda each: (each.position.line, each.position.column) if each.position else (0, 0))
    return Converted(name, title, manifest_text(draft, title), tuple(ordered))


def _without_secrets(found: Diagnostic, draft: Draft) -> Diagnostic:
    at, hint = found.position, found.hint
    if at is not None and at.text is not None:
        at = replace(at, text=draft.without_secrets(at.text))
    shown = hint and draft.without_secrets(hint)
    return replace(found, message=draft.without_secrets(found.message), hint=shown, position=at)


def _refuse(file: str, message: str, hint: str | None, line: int = 1) -> NoReturn:
    raise ManifestError(
        message, hint, (Diagnostic("TFI212", Severity.ERROR, message, "", Position(file, line, 1), hint),)
    )
