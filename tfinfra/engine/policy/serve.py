"""Serves one policy pack to Pulumi's engine, in the pack's own Python: `python serve.py ENTRY FOLDER NOTES`. It knows
nothing of tfinfra; pulumi-policy speaks the protocol, this stands around it.

ENTRY is the pack's program, FOLDER the pack's folder. What goes wrong, and what a remediation would change, is added to
the file NOTES, a JSON object a line: the engine's own words name neither the pack's file nor its line.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

LOADING, JUDGING = 120.0, 60.0
"""Seconds in which a pack must be there, and in which one call of its policies must end."""


OURS = ("GetAnalyzerInfo", "Configure", "Analyze", "AnalyzeStack", "Remediate")
"""The calls that a pack answers. Others are newer than its pulumi-policy, perhaps: the engine does without them."""


class Notes:
    """What tfinfra reads once the preview has ended."""

    def __init__(self, file: str, folder: str) -> None:
        self._file, self._folder = file, os.path.realpath(folder) + os.sep
        self._lock = threading.Lock()

    def add(self, **note: Any) -> None:
        with self._lock, open(self._file, "a", encoding="utf-8") as stream:  # noqa: PTH123 - the pack's Python is any
            stream.write(json.dumps(note) + "\n")

    def failed(self, why: str, file: str = "", line: int = 0) -> None:
        self.add(kind="failure", why=why, file=file, line=line)

    def raised(self, error: BaseException) -> None:
        """Notes the error, and where in the pack it came from: the last place that is the pack's own."""
        if isinstance(error, SystemExit):
            self.failed(f"it ended itself ({error.code}) before it had made a PolicyPack")
            return
        why = str(error) or "no reason given"
        if isinstance(error, SyntaxError) and error.filename:
            self.failed(f"{type(error).__name__}: {error.msg}", error.filename, error.lineno or 0)
            return
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if os.path.realpath(f.filename).startswith(self._folder)]
        place = (own[-1].filename, own[-1].lineno or 0) if own else ("", 0)
        if isinstance(error, ModuleNotFoundError):
            why = f"its environment has no module '{error.name}'"
        else:
            why = f"{type(error).__name__}: {why}"
        self.failed(why, *place)


class Output:
    """Standard output, on which the engine waits for the pack's port: all that the pack prints goes to stderr."""

    def __init__(self, port: Callable[[bytes], Any]) -> None:
        self.buffer = self
        self._port = port

    def write(self, text: str | bytes) -> int:
        if isinstance(text, bytes) and text.strip().isdigit():  # as pulumi_policy.PolicyPack writes it
            self._port(text)
        else:
            sys.stderr.write(text if isinstance(text, str) else text.decode(errors="replace"))
        return len(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return False


def limited(seconds: float, notes: Notes, what: str) -> threading.Timer:
    """A timer that ends this process: nothing else ends Python code that never returns."""

    def end() -> None:
        notes.failed(f"{what} took longer than {seconds:g} seconds")
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    return timer


def guarded(server: Callable[..., Any], notes: Notes) -> Callable[..., Any]:
    """grpc.server, with an interceptor around each call of the pack's."""
    import grpc  # type: ignore[import-untyped] # it ships no types

    class Guard(grpc.ServerInterceptor):  # type: ignore[misc]
        def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
            handler = continuation(details)
            method = details.method.rpartition("/")[2]
            if handler is None or method not in OURS:
                return handler

            def call(request: Any, context: Any) -> Any:
                about = str(getattr(request, "urn", "")).rpartition("::")[2]
                timer = limited(JUDGING, notes, f"judging '{about}'" if about else "judging a stack")
                try:
                    answer = handler.unary_unary(request, context)
                except Exception as error:
                    notes.raised(error)
                    raise
                finally:
                    timer.cancel()
                return told(request, answer, notes) if method == "Remediate" else answer

            return grpc.unary_unary_rpc_method_handler(call, handler.request_deserializer, handler.response_serializer)

    def guarded_server(*arguments: Any, **more: Any) -> Any:
        more["interceptors"] = (*(more.get("interceptors") or ()), Guard())
        return server(*arguments, **more)

    return guarded_server


def told(request: Any, answer: Any, notes: Notes) -> Any:
    """An answer that changes nothing: what would have been changed is noted."""
    for one in answer.remediations:
        notes.add(
            kind="remediation",
            urn=request.urn,
            pack=one.policyPackName,
            policy=one.policyName,
            description=one.description,
            unknown=one.diagnostic,
        )
    return type(answer)()


def main() -> None:
    entry, folder, file = sys.argv[1:4]
    notes = Notes(os.path.abspath(file), folder)  # noqa: PTH100
    timer = limited(LOADING, notes, "loading it")
    port = os.dup(1)
    os.dup2(2, 1)

    served = threading.Event()

    def tell(text: bytes) -> None:
        timer.cancel()
        served.set()
        notes.add(kind="served")
        os.write(port, text)

    sys.stdout = Output(tell)
    sys.dont_write_bytecode = True
    sys.argv = [entry]
    sys.path.insert(0, os.path.dirname(entry))  # noqa: PTH120
    try:
        os.chdir(folder)
        import grpc

        grpc.server = guarded(grpc.server, notes)
        runpy.run_path(entry, run_name="__main__")
        if not served.is_set():  # else the engine has no more questions, and interrupts it
            notes.failed("it has made no PolicyPack")
    except BaseException as error:  # noqa: BLE001 - the edge of the process: it is told, with the pack's own line
        if not served.is_set():
            notes.raised(error)
    os._exit(0 if served.is_set() else 1)


if __name__ == "__main__":
    main()
