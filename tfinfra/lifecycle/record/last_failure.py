"""The facts of the last failure: state_folder()/last.json, so that a failure before any run can be reported too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfinfra.errors import Cancelled, LimitReached, ProvisioningError, TfinfraError, TrainingFailed
from tfinfra.store import Unreadable, read_file
from tfinfra.system.clock import iso_time
from tfinfra.system.ownership import make_private
from tfinfra.system.paths import state_folder
from tfinfra.system.whole_file import write_whole
from tfinfra.text.masking import redact

FILE = "last.json"
MISTAKE = "mistake.json"
"""The last manifest that was wrong: it takes no failure's place, and is all that there is where nothing else failed."""
_OF_THE_CLOUD = "TFI6"
"""Codes of what a cloud said. The messages of all others quote what the user wrote, and are left out."""


def note_failure(error: TfinfraError, arguments: Sequence[str], run: str | None = None, *, file: str = FILE) -> None:
    """Replaces last.json (or `file`), readable by its owner alone. A disk that does not take it is no further error."""
    document = {"time": iso_time(), "command": command_line(arguments), "run": run, **facts(error)}
    try:
        write_private(state_folder() / file, json.dumps(document, indent=2, ensure_ascii=False).encode())
    except OSError:
        return


def read_last(state: Path, file: str = FILE) -> dict[str, Any] | None:
    """What was noted last, None where nothing was, or nothing that can be read."""
    found = read_file(state / file, dict[str, Any])
    return None if isinstance(found, Unreadable) else found


def command_line(arguments: Sequence[str]) -> list[str]:
    """The verb and the names of its options: their values are the user's."""
    verb = next((word for word in arguments if not word.startswith("-")), "")
    return [verb, *(word.partition("=")[0] for word in arguments if word.startswith("-"))]


def facts(error: TfinfraError) -> dict[str, Any]:
    """{"kind", "exit_code", "message", "hint", "diagnostics", "arm"} of an error, without what the user wrote."""
    shown = not error.diagnostics or of_the_cloud(error)
    diagnostics = [{"code": found.code, "severity": found.severity.value} for found in error.diagnostics]
    for found, kept in zip(error.diagnostics, diagnostics, strict=True):
        if found.code.startswith(_OF_THE_CLOUD):
            kept["message"] = redact(found.message)
    arm = None
    if isinstance(error, ProvisioningError) and error.status is not None:  # ARM's own answer
        arm = {"status": error.status, "code": error.code, "said": redact(error.said)}
    quotes = isinstance(error, (TrainingFailed, LimitReached, Cancelled))  # below its first line, what tasks wrote
    message = error.message.partition("\n")[0] if quotes else error.message
    return {
        "kind": type(error).__name__,
        "exit_code": error.exit_code,
        "message": redact(message) if shown else None,
        "hint": redact(error.hint) if shown and error.hint else None,
        "diagnostics": diagnostics,
        "arm": arm,
    }


def of_the_cloud(error: TfinfraError) -> bool:
    """Whether it begins with a cloud's answer, and not with what the user wrote."""
    return bool(error.diagnostics) and error.diagnostics[0].code.startswith(_OF_THE_CLOUD)


def write_private(path: Path, content: bytes) -> None:
    """Writes by a rename a file that its owner alone may read, from its first moment on."""
    make_private(path.parent)
    write_whole(path, content, 0o600)
