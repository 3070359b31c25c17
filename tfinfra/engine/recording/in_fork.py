"""A recording in a child of this process: the mocks leave Pulumi's state as no real update could use it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tfinfra.engine.recording import program
from tfinfra.engine.recording.recording import RecordedCaller, Recording, record
from tfinfra.errors import ProvisioningError
from tfinfra.model import to_json


def record_apart(
    folder: Path, run: str, part: str, config: Mapping[str, str], caller: RecordedCaller
) -> dict[str, Any]:
    """{"requests", "outputs"} of `record`, as JSON. To be called while this process has one thread: it forks, so that
    the imports serve both. Raises ProvisioningError where the program cannot be run."""
    program.warm(part)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _answer(writing, lambda: record(folder, run, part, config, caller))
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        answer = json.loads(stream.read() or b'{"error": "it ended without an answer"}')
    os.waitpid(child, 0)
    if "error" in answer:
        raise ProvisioningError(f"the program of the {part} stack cannot be run: {answer['error']}")
    found: dict[str, Any] = answer
    return found


def _answer(pipe: int, work: Callable[[], Recording]) -> None:
    """Writes the recording and ends the child: nothing of the parent's is cleaned up twice."""
    try:
        answer = to_json(work())
    except BaseException as error:  # noqa: BLE001 - the edge of the child: the parent raises it
        answer = {"error": f"{type(error).__name__}: {error}"}
    with os.fdopen(pipe, "wb") as stream:
        stream.write(json.dumps(answer).encode())
    os._exit(0)
