"""The Pulumi command line tool as a process of ours: known by its path, and ended with everything that waits for it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from pulumi.automation import PulumiCommand
from pulumi.automation._cmd import CommandResult
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

_GRACE = 3.0  # seconds in which an interrupted update writes down what it knows
_Output = Callable[[str], Any] | None


class Cli(PulumiCommand):
    """PulumiCommand without its `pulumi version` (0.14 s: the toolchain knows the version), and that can be stopped.

    The tool runs in a session of its own: a Ctrl-C on the terminal reaches tfinfra alone, which then decides.
    """

    def __init__(self, path: Path, version: str) -> None:
        self.command = str(path)
        self.version = VersionInfo.parse(version)
        self.failed: CommandResult | None = None  # the last one: Pulumi's errors do not carry it
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: _Output = None,
        on_error: _Output = None,
    ) -> CommandResult:
        """Runs `pulumi <args>`. Raises CommandError where it ends with anything but 0."""
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        process = self._start(["--non-interactive", *args], cwd, environment)
        try:
            out, err = _read(process.stdout, on_output), _read(process.stderr, on_error)
            code = process.wait()
        except BaseException:
            self._end(process)
            raise
        finally:
            self._running.discard(process)
        result = CommandResult(stdout=out(), stderr=err(), code=code)
        if code != 0:
            self.failed = result
            raise create_command_error(result)
        return result

    def stop(self) -> None:
        """Ends what runs, and refuses what would start: whoever waits for it gets a CommandError."""
        self._stopped = True
        for process in tuple(self._running):
            self._end(process)

    def _start(self, arguments: list[str], cwd: str, environment: dict[str, str]) -> subprocess.Popen[str]:
        if self._stopped:
            raise create_command_error(CommandResult("", "stopped", -signal.SIGINT))
        process = subprocess.Popen(
            [self.command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=environment,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._running.add(process)
        return process

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _read(stream: IO[str] | None, callback: _Output) -> Callable[[], str]:
    """Reads the stream on a thread of its own; the function returned waits for its end and gives all of it."""
    lines: list[str] = []

    def consume() -> None:
        for line in stream or ():
            lines.append(line.rstrip())
            if callback:
                callback(lines[-1])

    thread = threading.Thread(target=consume, daemon=True)
    thread.start()

    def whole() -> str:
        thread.join()
        return "\n".join(lines)

    return whole
