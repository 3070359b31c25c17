"""Rules on a run's data and secrets: what the manifest names, against this machine's disk and against one another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from tfinfra.compiler.facts import Facts
from tfinfra.compiler.project import Project
from tfinfra.compiler.rules.keys import set_by_tfinfra
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import KeyPath, error_at
from tfinfra.manifest.keys import BLOB_HOST, CONTAINER
from tfinfra.manifest.manifest import InputKeys, Manifest

_CLIENTS_OWN = re.compile(r"(AZURE|ARM|PULUMI|IDENTITY|MSI)_.*")
"""What azure-identity, the azure-native provider and Pulumi read from the client's environment."""


def data_rules(facts: Facts) -> Iterator[Diagnostic]:
    """All of this file's rules."""
    manifest, project, target = facts.manifest, facts.project, facts.chosen.target
    rehearsed = project.rehearse or (target is not None and target.cloud == "local")
    if manifest.sound("secrets"):
        yield from _secrets(manifest)
    if manifest.sound("inputs"):
        for name, given in manifest.inputs.items():
            yield from _input(manifest, project, name, given, rehearsed=rehearsed)
    if manifest.resume_from and is_url(manifest.resume_from) and manifest.sound("resume_from"):
        yield from _url(manifest, project, ("resume_from",), manifest.resume_from, rehearsed=rehearsed)


def is_url(text: str) -> bool:
    """Whether a `resume_from` is a URL and no run."""
    return "/" in text


def _secrets(manifest: Manifest) -> Iterator[Diagnostic]:
    document = manifest.document
    for index, name in enumerate(manifest.secrets):
        path = ("secrets", index)
        if name in manifest.environment_variables:
            other = document.line(("environment_variables", name))
            message = f"{name} is a secret, and in 'environment_variables'{other} too"
            yield error_at(document, "TFI720", path, message, "keep it in one of them; secrets never show")
        elif name in manifest.secrets[:index]:
            yield error_at(document, "TFI720", path, f"{name} is there twice", "keep one")
        elif set_by_tfinfra(name):
            yield error_at(document, "TFI721", path, f"tfinfra sets {name} itself", "remove it")
        elif _CLIENTS_OWN.fullmatch(name):
            message = f"{name} is what tfinfra itself signs in with: it stays on this machine"
            yield error_at(document, "TFI721", path, message, "give the tasks theirs under a name of its own")


def _input(
    manifest: Manifest, project: Project, name: str, given: InputKeys, *, rehearsed: bool
) -> Iterator[Diagnostic]:
    document, path = manifest.document, ("inputs", name)
    if (given.path is None) == (given.url is None):
        state = "has both 'path' and 'url'" if given.path else "has neither 'path' nor 'url'"
        yield error_at(document, "TFI723", path, f"the input '{name}' {state}", "write one of them", at="key")
        return
    if given.url is not None:
        yield from _url(manifest, project, (*path, "url"), given.url, rehearsed=rehearsed)
        return
    found = project.data[name]
    if found.problem:
        message = f"the input '{name}' cannot be used: '{given.path}': {found.problem}"
        yield error_at(document, "TFI724", (*path, "path"), message, "a path is relative to the manifest")
    elif found.is_file and given.mode == "mount":
        message = f"the input '{name}' is one file, and only folders are mounted"
        yield error_at(document, "TFI726", (*path, "mode"), message, "write mode: download, or name its folder")


def _url(manifest: Manifest, project: Project, path: KeyPath, url: str, *, rehearsed: bool) -> Iterator[Diagnostic]:
    """A token in a URL would stand in every artefact; nodes sign in as what they are, and to Azure alone."""
    document, parts = manifest.document, urlsplit(url)
    if parts.query or parts.fragment or "@" in parts.netloc:
        hint = "remove what follows '?': nodes read it by their own identity"
        yield error_at(document, "TFI725", path, "the URL carries a token or a query, which would show", hint)
    elif not re.fullmatch(rf"{CONTAINER}(/.*)?", url) or "//" in parts.path:
        hint = "https://<account>.blob.core.windows.net/<container of 3 to 63 characters>/<folder or file>"
        yield error_at(document, "TFI725", path, f"'{url}' is no URL of Azure Blob storage", hint)
    elif not project.own_cloud and not re.fullmatch(BLOB_HOST, parts.netloc):
        hint = "nodes would send their identity's token there: https://<account>.blob.core.windows.net/<container>/…"
        yield error_at(document, "TFI725", path, f"'{parts.netloc}' is no host of Azure's storage", hint)
    elif rehearsed:
        message = "nodes of the local cloud have no identity that Azure knows: they will not read this URL"
        hint = "for a rehearsal write the path of a sample of it"
        yield error_at(document, "TFI728", path, message, hint, severity=Severity.WARNING)
