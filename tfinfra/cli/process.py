"""`tfinfra` as a process: its streams and signals are there before the command line is loaded, so that nothing which
becomes of them, and no moment of Ctrl-C, ends without an exit code and, with --json, without its document."""

from __future__ import annotations

import atexit
import gc
import json
import os
import sys
from typing import NoReturn

from tfinfra.documents.heading import headed
from tfinfra.system.process import interruption, streams

_FEW_LOOKS = (20_000, 20, 20)
"""How rarely Python looks for garbage. What a verb loads is none, and to look through it 70 times would be a twentieth
of what a short one takes."""
_NEEDS_DOCSTRINGS = 2
"""Python's -OO and PYTHONOPTIMIZE=2 remove them: help texts, and what Cerberus checks its rules by."""


def run() -> NoReturn:
    """One verb in this process: sys.argv's. Ends the process with its exit code (manifest.md, "Verbs"), and waits for
    no thread that a verb has left behind. Python's own end would give the signals back to the system."""
    gc.set_threshold(*_FEW_LOOKS)
    streams.own_streams()
    interruption.begin(_farewell)
    try:
        code = _verb()
        interruption.settle(code)
    except KeyboardInterrupt:  # between the verb's end and the line before
        code = interruption.CANCELLED
        interruption.settle(code)
        _farewell("cancelled", None)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except streams.StdoutLost as lost:
            code = code or int(not lost.reader_has_gone)
    atexit._run_exitfuncs()
    os._exit(code)


def _verb() -> int:
    if sys.flags.optimize >= _NEEDS_DOCSTRINGS:
        from tfinfra.system.process import child_python

        command = child_python.module("tfinfra", *sys.argv[1:])
        os.execv(command[0], command)  # noqa: S606  # the same, isolated: -I knows no PYTHONOPTIMIZE
    from tfinfra.cli.main import main

    return main(sys.argv[1:])


def _farewell(line: str, run: str | None) -> None:
    """The last that a user hears, and its document where none was printed yet. It uses next to nothing: it may be in
    the middle of anything."""
    output = sys.modules.get("tfinfra.cli.output")
    printed = bool(output and getattr(output, "document_printed", bool)())
    if wants_json(sys.argv[1:]) and not printed:
        document = {"error": line, "exit_code": interruption.CANCELLED, "hint": None, "diagnostics": []}
        document |= {} if run is None else {"run": run}
        print(json.dumps(headed("error", document), indent=2), flush=True)
    print(line, file=sys.stderr, flush=True)


def wants_json(arguments: list[str]) -> bool:
    """Whether these words of a command ask for one document."""
    return "--json" in (arguments[: arguments.index("--")] if "--" in arguments else arguments)
