"""`python -m tfinfra.lifecycle.auditing.rebuild.worker environment|deploy`: what of a rebuild touches anything, in a
process without credentials. JSON in, JSON out.

    environment   {lock, interpreter, folder, cache} → {built: InstalledTree}
    deploy        {text, file, maker: OfItsMaker} → {tree: {path: text}, taken: [why]}

What cannot be made is {refused: why}. No program of a deploy folder is started.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfinfra.errors import TfinfraError
from tfinfra.lifecycle.auditing.rebuild.disk import watch_disk
from tfinfra.model import from_json, to_json

_MEMORY = 2 << 30
"""Bytes of addresses for a deploy folder: a manifest may ask for as many tasks as its numbers can say."""


def main() -> None:
    asked = json.load(sys.stdin)
    try:
        answer = _PARTS[sys.argv[1]](asked)
    except TfinfraError as error:
        answer = {"refused": error.message}
    except (OSError, ValueError, MemoryError, RecursionError) as error:
        answer = {"refused": str(error) or type(error).__name__}
    json.dump(answer, sys.stdout)


def _environment(asked: dict[str, Any]) -> dict[str, Any]:
    from tfinfra.environment.build_anew import build_anew
    from tfinfra.environment.interpreter import Interpreter
    from tfinfra.environment.lock_file import Lock

    signal.signal(signal.SIGTERM, _leave)
    watch_disk(Path.cwd(), _give_up)
    given = asked["interpreter"]
    interpreter = Interpreter(Path(given["path"]), given["version"], Path(given["prefix"]))
    built = build_anew(from_json(Lock, asked["lock"]), Path(asked["folder"]), Path(asked["cache"]), interpreter)
    return {"built": to_json(built)}


def _give_up(why: str) -> None:
    """The answer of a build that is ended from outside of it: it may be in any of its steps."""
    from tfinfra.environment.uv.tools import end_running

    end_running()
    json.dump({"refused": why}, sys.stdout)
    sys.stdout.flush()
    os._exit(0)


def _leave(*_: object) -> None:
    """Its time is over: what builds goes too, and threads that wait for it are not waited for."""
    from tfinfra.environment.uv.tools import end_running

    end_running()
    os._exit(1)


def _deploy(asked: dict[str, Any]) -> dict[str, Any]:
    from tfinfra.compiler.made_anew import OfItsMaker, made_anew

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    return to_json(made_anew(asked["text"].encode(), asked["file"], from_json(OfItsMaker, asked["maker"])))  # type: ignore[no-any-return]


_PARTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"environment": _environment, "deploy": _deploy}

if __name__ == "__main__":
    main()
