"""Serves one policy pack to Pulumi's engine, in the pack's own Python: `python serve.py ENTRY FOLDER NOTES STUCK`. It
knows nothing of tfinfra; pulumi-policy speaks the protocol, this stands around it.

ENTRY is the pack's program, FOLDER the pack's folder. What goes wrong, and what a remediation would change, is added to
the file NOTES, a JSON object a line: the engine's own words name neither the pack's file nor its line. Code that lets
no other code of this process run leaves its traceback in the file STUCK when it is ended.
"""

from __future__ import annotations

import faulthandler
import json
import os
import runpy
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

LOADING, JUDGING, GRACE = 120.0, 60.0, 5.0
"""Seconds in which a pack must be there, and in which one call of its policies must end; and how much later it is
ended where it keeps its own process from doing so."""


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
        place = self._own(traceback.extract_tb(error.__traceback__))
        if isinstance(error, ModuleNotFoundError):
            why = f"its environment has no module '{error.name}'"
        else:
            why = f"{type(error).__name__}: {why}"
        self.failed(why, *place)

    def hangs(self, why: str, thread: int) -> None:
        """Notes what takes too long in this thread, and where in the pack it is."""
        frame = sys._current_frames().get(thread)
        self.failed(why, *self._own(traceback.extract_stack(frame) if frame else traceback.StackSummary()))

    def _own(self, frames: traceback.StackSummary) -> tuple[str, int]:
        """The last place that is the pack's own, as (file, line)."""
        own = [f for f in frames if os.path.realpath(f.filename).startswith(self._folder)]
        return (own[-1].filename, own[-1].lineno or 0) if own else ("", 0)


class Bounds:
    """Ends this process where something in it takes too long: nothing else ends Python code that never returns. A
    thread of Python's does it, with a note; where that does not get its turn (a regular expression, or a library, that
    holds the interpreter) one of faulthandler's, which asks for none."""

    def __init__(self, notes: Notes, stuck: str) -> None:
        self._notes, self._lock = notes, threading.Lock()
        self._stuck = open(stuck, "w", encoding="utf-8")  # noqa: PTH123, SIM115  as long as the process
        self._ends: dict[threading.Timer, float] = {}

    @contextmanager
    def within(self, seconds: float, what: str) -> Iterator[threading.Timer]:
        """Ends the process where this block takes longer, and nobody cancels the timer."""
        why, thread = f"{what} took longer than {seconds:g} seconds", threading.get_ident()
        timer = threading.Timer(seconds, lambda: self._end(why, thread))
        timer.daemon = True
        with self._lock:
            self._ends[timer] = time.monotonic() + seconds
            self._arm()
        timer.start()
        try:
            yield timer
        finally:
            self.done(timer)

    def done(self, timer: threading.Timer) -> None:
        timer.cancel()
        with self._lock:
            if self._ends.pop(timer, None) is not None:
                self._arm()

    def _arm(self) -> None:
        faulthandler.cancel_dump_traceback_later()
        if self._ends:
            left = max(min(self._ends.values()) - time.monotonic(), 0.0)
            faulthandler.dump_traceback_later(left + GRACE, exit=True, file=self._stuck)

    def _end(self, why: str, thread: int) -> None:
        self._notes.hangs(why, thread)
        if os.getpgrp() == os.getpid():  # with what it has started
            os.killpg(0, signal.SIGKILL)
        os._exit(1)


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


def guarded(server: Callable[..., Any], notes: Notes, bounds: Bounds) -> Callable[..., Any]:
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
                try:
                    with bounds.within(JUDGING, f"judging '{about}'" if about else "judging a stack"):
                        answer = handler.unary_unary(request, context)
                except Exception as error:
                    notes.raised(error)
                    raise
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
    entry, folder, file, stuck = sys.argv[1:5]
    notes = Notes(os.path.abspath(file), folder)  # noqa: PTH100
    bounds = Bounds(notes, stuck)
    with bounds.within(LOADING, "loading it") as loading:
        port = os.dup(1)
        os.dup2(2, 1)
        served = threading.Event()

        def tell(text: bytes) -> None:
            bounds.done(loading)
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

            grpc.server = guarded(grpc.server, notes, bounds)
            runpy.run_path(entry, run_name="__main__")
            if not served.is_set():  # else the engine has no more questions, and interrupts it
                notes.failed("it has made no PolicyPack")
        except BaseException as error:  # noqa: BLE001 - the edge of the process: it is told, with the pack's own line
            if not served.is_set():
                notes.raised(error)
    os._exit(0 if served.is_set() else 1)


if __name__ == "__main__":
    main()
