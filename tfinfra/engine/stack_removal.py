"""Drops the stacks of a run whose groups are verified gone from a backend of the user's own: whatever their state still
lists, and also where a dead process has left its lock. Needs the tool alone: no deploy folder, plugin or program."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tfinfra.engine.tool.tool_environment import tool_variables
from tfinfra.engine.tool.toolchain import find_cli
from tfinfra.system.process.commands import finished
from tfinfra.system.process.inherited_variables import without_passphrase

_PROJECT = "name: tfinfra\nruntime: python\n"
"""As templates/Pulumi.yaml names it: a stack is known by its project and its name."""
PATIENCE = 120.0
# pkg/backend/diy/lock.go, checkForLock: the only place where the tool tells who holds a lock
_LOCK = re.compile(r"created by (?P<user>\S*)@(?P<host>\S+) \(pid (?P<pid>[0-9]+)\) at (?P<since>\S+)")
_LOCKED = "currently locked by"
_ABSENT = "no stack named"


@dataclass(frozen=True)
class StackLock:
    """Who holds a stack's lock."""

    user: str
    host: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (process {self.pid}) since {self.since}"


def drop_stacks(stacks: Iterable[str], *, force: bool) -> dict[str, str]:
    """Removes the stacks from PULUMI_BACKEND_URL; a missing one is fine. {stack: why it remains}.

    A lock is cancelled where all its holders are processes of this machine that have ended; with `force` always.
    """
    path = find_cli()
    if path is None:
        return dict.fromkeys(stacks, "the Pulumi command line tool is missing: `tfinfra setup` gets it")
    with tempfile.TemporaryDirectory(prefix="tfinfra-") as folder:
        tool = _tool_in(path, Path(folder))
        reasons = {stack: _drop(tool, stack, force) for stack in stacks}
    return {stack: reason for stack, reason in reasons.items() if reason}


def _drop(tool: Callable[..., str | None], stack: str, force: bool) -> str | None:
    """Why the stack could not be removed, None where it is gone."""
    removal = ("stack", "rm", "--force", "--yes", "--stack", stack)
    error = tool(*removal)
    if error and _remove_torn_attributes(os.environ.get("PULUMI_BACKEND_URL", ""), stack):
        error = tool(*removal)
    if error and _LOCKED in error:
        held = [lock for lock in locks(error) if _may_live(lock)]
        if not force and (held or not locks(error)):
            who = ", ".join(map(str, held)) or "somebody"
            return f"locked by {who}, who may be at work; `tfinfra down RUN --force` takes the lock away"
        error = tool("cancel", "--yes", "--stack", stack) or tool(*removal)
    if error is None or _ABSENT in error:
        return None
    return error.strip().splitlines()[-1].removeprefix("error: ")


def _remove_torn_attributes(backend: str, stack: str) -> bool:
    """Whether any was there. Beside each file of a folder backend lies one with its attributes, which is written in
    place (gocloud.dev/blob/fileblob): a tool that is killed meanwhile leaves half of it, and a state that no tool can
    read. A file without attributes can be read."""
    if not backend.startswith("file://"):
        return False
    folder = Path(backend.removeprefix("file://").partition("?")[0]).expanduser() / ".pulumi"
    torn = False
    for path in folder.rglob("*.attrs"):
        if stack not in str(path.relative_to(folder)):
            continue
        try:
            json.loads(path.read_bytes())
        except ValueError:
            path.unlink()
            torn = True
    return torn


def locks(message: str) -> list[StackLock]:
    """The locks that the tool's error names."""
    return [StackLock(m["user"], m["host"], int(m["pid"]), m["since"]) for m in _LOCK.finditer(message)]


def _may_live(lock: StackLock) -> bool:
    """Whether the lock's process may be at work still: only one of this machine can be known to have ended. A process
    that began after the lock was taken is another with the same id."""
    import psutil

    from tfinfra.system.clock import unix_time

    if lock.host != socket.gethostname():
        return True
    try:
        since = re.sub(r"\.[0-9]+", "", lock.since)  # Go's nanoseconds, which Python's parser does not take before 3.11
        return psutil.Process(lock.pid).create_time() <= unix_time(since) + 1
    except psutil.NoSuchProcess:
        return False
    except (psutil.Error, ValueError):
        return True


def _tool_in(path: Path, folder: Path) -> Callable[..., str | None]:
    """A call of the tool in a project of its own: what it said on stderr where it failed, None where it did not."""
    (folder / "Pulumi.yaml").write_text(_PROJECT, "utf-8")
    environment = {**without_passphrase(os.environ), **tool_variables(folder, os.environ)}

    def call(*arguments: str) -> str | None:
        command = [str(path), "--non-interactive", "--color", "never", *arguments]
        try:
            done = finished(
                command,
                cwd=folder,
                env=environment,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {PATIENCE:.0f} s"
        return (done.stderr or done.stdout or f"exit status {done.returncode}") if done.returncode else None

    return call
