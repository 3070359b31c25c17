"""Rules on a run's data and secrets: what the manifest names, against this machine's disk and against one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import KeyPath, error_at
from tfinfra.manifest.key_schema import BLOB_HOST, CONTAINER
from tfinfra.manifest.tuning.schema import RUN
from tfinfra.manifest.words.foreign_paths import blob_url
from tfinfra.model.script_variables import set_by_tfinfra
from tfinfra.system.local_tree import LeftOut
from tfinfra.text.wording import first_few
from tfinfra.tracking.on_the_way import others_can_read

_NAMED = 5
_CLIENTS_OWN = re.compile(r"(AZURE|ARM|PULUMI|IDENTITY|MSI)_.*")
"""What azure-identity, the azure-native provider and Pulumi read from the client's environment."""


def is_url(text: str) -> bool:
    """Whether a `resume_from` is a URL and no run."""
    return "/" in text


def secrets(facts: Facts) -> Iterator[Diagnostic]:
    """Secrets that show elsewhere, are there twice, or have a name that is not the tasks' own."""
    manifest, document = facts.manifest, facts.document
    seen = set[str]()
    for path, name in manifest.items("secrets"):
        if name in manifest.environment_variables:
            other = document.line(("environment_variables", name))
            message = f"{name} is a secret, and in 'environment_variables'{other} too"
            yield error_at(document, "TFI720", path, message, "keep it in one of them; secrets never show")
        elif name in seen:
            yield error_at(document, "TFI720", path, f"{name} is there twice", "keep one")
        elif set_by_tfinfra(name):
            yield error_at(document, "TFI721", path, f"tfinfra sets {name} itself", "remove it")
        elif _CLIENTS_OWN.fullmatch(name):
            message = f"{name} is what tfinfra itself signs in with: it stays on this machine"
            yield error_at(document, "TFI721", path, message, "give the tasks theirs under a name of its own")
        seen.add(name)


def inputs(facts: Facts) -> Iterator[Diagnostic]:
    """An input is one path of this machine that can be used, or one Blob URL."""
    manifest, document = facts.manifest, facts.document
    for name, given in manifest.inputs.items():
        path = ("inputs", name)
        if (given.path is None) == (given.url is None):
            state = "has both 'path' and 'url'" if given.path else "has neither 'path' nor 'url'"
            yield error_at(document, "TFI723", path, f"the input '{name}' {state}", "write one of them", at="key")
        elif given.url is not None:
            yield from _url(facts, (*path, "url"), given.url)
        elif problem := facts.project.data[name].problem:
            message = f"the input '{name}' cannot be used: '{given.path}': {problem}"
            yield error_at(document, "TFI724", (*path, "path"), message, facts.project.data[name].hint)
        elif facts.project.data[name].is_file and given.mode == "mount":
            message = f"the input '{name}' is one file, and only folders are mounted"
            hint = "write mode: download, or name its folder"
            yield error_at(document, "TFI726", (*path, "mode"), message, hint)


def incomplete_inputs(facts: Facts) -> Iterator[Diagnostic]:
    """Links to nothing, pipes and the like in a local input: the nodes will not have them."""
    manifest = facts.manifest
    for name, given in manifest.inputs.items():
        left = facts.project.data[name].left if given.path is not None and given.url is None else ()
        if left:
            message = left_out_text(name, left)
            hint = "fetch what a link stands for (`dvc pull`, `git annex get`), or remove what is not meant"
            path = ("inputs", name, "path")
            yield error_at(facts.document, "TFI730", path, message, hint, severity=Severity.WARNING)


def pointers(facts: Facts) -> Iterator[Diagnostic]:
    """Files of a local input that Git LFS keeps elsewhere, and that were not fetched."""
    manifest = facts.manifest
    for name, given in manifest.inputs.items():
        found = facts.project.data[name].pointers if given.path is not None and given.url is None else ()
        if found:
            told = first_few(list(map(repr, found)), _NAMED)
            message = f"the input '{name}' holds pointers of Git LFS in the place of data: {told}"
            hint = "`git lfs pull` fetches it"
            path = ("inputs", name, "path")
            yield error_at(facts.document, "TFI741", path, message, hint, severity=Severity.WARNING)


def tracking(facts: Facts) -> Iterator[Diagnostic]:
    """The token for a team's own MLflow is a secret of the run, and nobody on the way may read it."""
    document, given = facts.document, facts.manifest.metrics
    if given.token is None or not facts.manifest.sound("metrics"):
        return
    if given.tracking_uri is None:
        message, hint = "a token without a server", "write tracking_uri beside it"
    elif given.token not in facts.manifest.secrets:
        message, hint = f"'{given.token}' is none of the run's secrets", f"write secrets: [{given.token}]"
    elif others_can_read(given.tracking_uri):
        message, hint = (
            "the token would travel where everybody on the way can read it",
            "write https:// in tracking_uri",
        )
    else:
        return
    yield error_at(document, "TFI742", ("metrics", "token"), message, hint)


def left_out_text(name: str, left: Sequence[LeftOut]) -> str:
    """What of an input the nodes will not have."""
    told = first_few([f"'{one.name}' {one.why}" for one in left], _NAMED)
    return f"the nodes get the input '{name}' without {len(left)} of what is in it: {told}"


def resume_from(facts: Facts) -> Iterator[Diagnostic]:
    """Where checkpoints are is a run, or a Blob URL."""
    manifest, path = facts.manifest, ("resume_from",)
    if not manifest.resume_from or not manifest.sound("resume_from"):
        return
    if is_url(manifest.resume_from):
        yield from _url(facts, path, manifest.resume_from)
    elif not re.fullmatch(RUN, manifest.resume_from):
        hint = "write a run's id, as `tfinfra runs` shows it, or the URL of a folder in Blob storage"
        yield error_at(facts.document, "TFI727", path, f"'{manifest.resume_from}' is no run's id", hint)


def _url(facts: Facts, path: KeyPath, url: str) -> Iterator[Diagnostic]:
    """A token in a URL would show in every artefact. Nodes read with the run's own identity, and only from Azure."""
    document, parts, target = facts.document, urlsplit(url), facts.chosen.target
    if instead := blob_url(url):
        message = "this is how Spark writes a place in Azure storage"
        yield error_at(document, "TFI725", path, message, f"write {instead}")
    elif parts.query or parts.fragment or "@" in parts.netloc:
        hint = "remove what follows '?': nodes read it by their own identity"
        yield error_at(document, "TFI725", path, "the URL carries a token or a query, which would show", hint)
    elif not re.fullmatch(rf"{CONTAINER}(/.*)?", url) or "//" in parts.path:
        hint = "https://<account>.blob.core.windows.net/<container of 3 to 63 characters>/<folder or file>"
        yield error_at(document, "TFI725", path, f"'{url}' is no URL of Azure Blob storage", hint)
    elif not facts.project.own_cloud and not re.fullmatch(BLOB_HOST, parts.netloc):
        hint = "nodes would send their identity's token there: https://<account>.blob.core.windows.net/<container>/…"
        yield error_at(document, "TFI725", path, f"'{parts.netloc}' is no host of Azure's storage", hint)
    elif facts.project.rehearse or (target is not None and target.cloud == "local"):
        message = "nodes of the local cloud have no identity that Azure knows: they will not read this URL"
        hint = "for a rehearsal write the path of a sample of it"
        yield error_at(document, "TFI728", path, message, hint, severity=Severity.WARNING)


RULES: tuple[Rule, ...] = (secrets, inputs, incomplete_inputs, pointers, resume_from, tracking)
