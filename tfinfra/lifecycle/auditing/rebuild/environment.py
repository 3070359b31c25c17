"""The training environment of a locked run, built anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tfinfra.auditing.findings import Finding
from tfinfra.auditing.rebuild.environment import environment_findings, not_built, wheels_alone
from tfinfra.auditing.rebuild.recipe import NotBuilt, beyond, built_from_source, lock_here, without_builds
from tfinfra.auditing.records import NodeRead
from tfinfra.catalog.images import AZURE_NODES
from tfinfra.environment.interpreter import Interpreter, interpreter_here
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.environment.uv.tools import find_uv
from tfinfra.lifecycle.auditing.rebuild.in_child import Room
from tfinfra.locking.aliases import Aliases
from tfinfra.locking.document import LockedEnvironment
from tfinfra.locking.read import ReadLock
from tfinfra.model import InstalledTree, from_json, to_json
from tfinfra.system.paths import cache_folder
from tfinfra.system.progress import Progress

_AZURES = "linux-x86_64"
_UNLOCKED = NotBuilt(
    "the run had no lock, and nobody knows which file each of its packages was", "runs of `up --locked` can be rebuilt"
)


def environment(
    nodes: Iterable[NodeRead],
    lock: ReadLock | None,
    room: Room,
    *,
    aliases: Aliases,
    allow_builds: bool,
    progress: Progress,
) -> Iterator[Finding]:
    """Where what is built is not what the lock and the nodes say. `aliases` are the auditor's own indexes, the only
    ones that are asked. Raises TfinfraError where there is no uv."""
    if lock is None or lock.lock is None:
        yield from not_built(_UNLOCKED)
        return
    held = lock.lock.environment
    whole = allow_builds or not built_from_source(held)
    built = _built(held, room, aliases, progress, whole=whole)
    if isinstance(built, NotBuilt):
        yield from not_built(built)
    elif whole:
        said = {node.number: node.evidence.environment for node in nodes if node.evidence is not None}
        yield from environment_findings(held, built, said)
    else:
        yield from not_built(wheels_alone(held, built))


def _built(
    held: LockedEnvironment, room: Room, aliases: Aliases, progress: Progress, *, whole: bool
) -> InstalledTree | NotBuilt:
    if (beyond_here := beyond(held, _platforms())) is not None:
        return beyond_here
    lock = lock_here(held, aliases)
    if isinstance(lock, NotBuilt):
        return lock
    interpreter = _interpreter(held, progress)
    if isinstance(interpreter, NotBuilt):
        return interpreter
    progress("building the environment anew; this takes minutes")
    return _in_room(lock if whole else without_builds(lock, held), interpreter, room)


def _platforms() -> tuple[str, ...]:
    here = this_platform()
    return (here, AZURE_NODES) if here == _AZURES else (here,)


def _interpreter(held: LockedEnvironment, progress: Progress) -> Interpreter | NotBuilt:
    """That of this machine: none is fetched for what evidence says."""
    version, cache = held.python.version, cache_folder()
    found = interpreter_here(find_uv(cache, progress), version, held.platform, cache)
    hint = f"`uv python install --install-dir {cache / 'python'} {version}` brings it"
    return found or NotBuilt(f"Python {version} is not on this machine", hint)


def _in_room(lock: Lock, interpreter: Interpreter, room: Room) -> InstalledTree | NotBuilt:
    asked = {
        "lock": to_json(lock),
        "interpreter": {
            "path": str(interpreter.path),
            "version": interpreter.version,
            "prefix": str(interpreter.prefix),
        },
        "folder": str(room.folder / "environment"),
        "cache": str(room.folder / "cache"),
    }
    answer = room.asks("environment", asked)
    return from_json(InstalledTree, answer["built"]) if "built" in answer else NotBuilt(answer["refused"])
