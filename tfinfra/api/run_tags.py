"""A run's tags: those it was submitted with, and what was changed of them since on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from filelock import FileLock

from tfinfra.api.told import told
from tfinfra.errors import UsageError
from tfinfra.lifecycle.record.run_record import RunFolder, write_json
from tfinfra.manifest.arguments import argument_document
from tfinfra.store import read_file
from tfinfra.system.ownership import make_private

Tags = str | Mapping[str, Any] | None
"""What a run is looked up by: the name of a tag, or names with their values."""
_FILE = "tags.json"


def read_tags(folder: RunFolder, submitted: Mapping[str, Any]) -> dict[str, str | None]:
    """The tags as they are now; `submitted` are the arguments of a run that was submitted from Python."""
    changed = read_file(folder.path / _FILE, dict[str, str | None])
    if isinstance(changed, dict):
        return changed
    try:
        return dict(folder.plan().infrastructure.tags)
    except (OSError, ValueError):  # not compiled yet, or lost with its copy of the deploy folder
        return {key: None if value is None else str(value) for key, value in (submitted.get("tags") or {}).items()}


def change_tags(
    folder: RunFolder, submitted: Mapping[str, Any], new: Mapping[str, Any], removed: Iterable[str] = ()
) -> dict[str, str | None]:
    """Sets and removes tags. They are kept on this machine; resources in a cloud have those of the submission."""
    document = argument_document({"tags": new})
    if document.faults:
        raise told(UsageError(document.faults[0].message, hint="write text"))
    texts = {
        key: None if value is None else document.texts[("tags", key)] for key, value in document.data["tags"].items()
    }
    make_private(folder.path)
    with FileLock(folder.path / ".lock"):
        gone = {removed} if isinstance(removed, str) else set(removed)
        kept = {key: value for key, value in read_tags(folder, submitted).items() if key not in gone}
        write_json(folder.path / _FILE, {**kept, **texts})
    return {**kept, **texts}


def has_tags(found: Mapping[str, Any], wanted: Tags) -> bool:
    """Whether tags that were `found` are those that are wanted; all are where nothing is."""
    if wanted is None or isinstance(wanted, str):
        return wanted is None or wanted in found
    return all(key in found and found[key] == (None if value is None else str(value)) for key, value in wanted.items())
