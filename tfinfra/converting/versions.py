"""Packages and images of another tool's file: TensorFlow's version of them, and the packages that come beside it."""

from __future__ import annotations

import re

from tfinfra.converting.draft import Draft
from tfinfra.errors import Position
from tfinfra.manifest.words.tensorflow_meant import trained
from tfinfra.text.credentials import hidden, in_urls

_BROUGHT = re.compile(
    r"(?i)(?P<name>tensorflow|tf[-_]nightly|horovod)(?:[-_](?:gpu|cpu|intel|macos))?(?:\[.*\])?"
    r"\s*(?P<asked>[=<>!~].*)?"
)
_AZURE_ML = re.compile(r"(?i)azureml[-_](?!mlflow).*")
"""Azure ML's SDK: in a run of tfinfra its `Run.get_context()` logs to nobody."""
_EXACT = re.compile(r"={1,3}\s*(\d+\.\d+(?:\.\d+)?)(?:\.\*)?")
PACKAGES = "write its Python packages as pip_packages, or as pip_requirements_file"
_LOGS = "write `from tfinfra import Run` in place of `from azureml.core import Run`"
_VERSIONS = "write framework_version; `tfinfra explain framework_version` says which there are"


def put_packages(draft: Draft, words: list[str], position: Position | None, key: str = "pip_packages") -> None:
    """Packages beside TensorFlow and Horovod, which are there anyway: of TensorFlow its version counts. Azure ML's SDK
    is left out, so that a script that imports it is told what to write."""
    kept = []
    for word in words:
        if in_urls(word):
            draft.note(f"the package '{hidden(word)}' has credentials in its URL, and is left out", position)
        elif _AZURE_ML.fullmatch(word):
            draft.note(f"'{word}' is not kept: there is no Azure ML beside a run of tfinfra", position, _LOGS)
        elif found := _BROUGHT.fullmatch(word):
            _brought(draft, word, found["name"].lower(), found["asked"], position)
        else:
            kept.append(word)
    draft.put(key, list(dict.fromkeys([*draft.keys.get(key, []), *kept])))


def _brought(draft: Draft, word: str, name: str, asked: str | None, position: Position | None) -> None:
    exact = _EXACT.fullmatch(asked) if asked and name == "tensorflow" else None
    if exact and (version := trained(exact[1])):
        draft.put("framework_version", version)
    elif name == "horovod" and asked:
        draft.note(f"'{word}' is not kept: tfinfra builds its own Horovod", position)
    elif asked or name not in ("tensorflow", "horovod"):
        draft.note(f"'{word}' is not kept: the default TensorFlow takes its place", position, _VERSIONS)


def put_version(draft: Draft, text: str, position: Position | None, kind: str = "environment") -> None:
    """TensorFlow's version out of the name of an environment or an image, where this one trains with it."""
    found = re.search(r"tensorflow[^0-9]{0,12}(\d+)\.(\d+)(\.\d+)?", text.lower())
    version = trained(f"{found[1]}.{found[2]}") if found else None
    if version:
        draft.put("framework_version", version)
        draft.note(f"of the {kind} '{text}' TensorFlow's version is taken", position, PACKAGES)
    else:
        draft.note(f"the {kind} '{text}' has no equivalent: the default TensorFlow takes its place", position, PACKAGES)
