"""What a run was made from, noted by its client when the bundle is made: on this machine and in the run's store, so
that whoever fetches the run finds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tfinfra.evidence.material import GivenInput, Origin
from tfinfra.lifecycle.record.run_record import RunFolder, write_json
from tfinfra.lifecycle.run.options import HeldLock
from tfinfra.locking.trees import spelt
from tfinfra.model import to_json
from tfinfra.model.git_state import GitState
from tfinfra.store import LARGE, ObjectStore, Unreadable, encode, keys, read, read_file
from tfinfra.system.local_tree import LocalTree

if TYPE_CHECKING:
    from tfinfra.bundle import Bundle, Packed
    from tfinfra.environment.lock_file import Lock

FILE = "origin.json"


def origin_of(
    bundle: Bundle,
    lock: Lock,
    deploy: Mapping[str, str],
    trees: Mapping[str, LocalTree],
    *,
    held: HeldLock | None = None,
    git: GitState | None = None,
) -> Origin:
    """Of a run whose bundle is made; `deploy` is its deploy folder, `trees` are its local inputs, hashed, `held` is
    the lock of a locked run, which the source was held against, `git` what git says of the source."""
    source = bundle.source
    return Origin(
        source={file.name: file.sha256 for file in source if file.sha256 is not None},
        executable=tuple(file.name for file in source if file.executable),
        links={file.name: file.link for file in source if file.link is not None},
        bundle=bundle.sha256,
        environment=to_json(lock),
        deploy=dict(deploy),
        inputs=tuple(GivenInput(name, tree.sha256, len(tree.files), tree.size) for name, tree in trees.items()),
        git=git,
        lock=held.text if held else None,
        line_ends=_line_ends(held, source) if held else {},
    )


def _line_ends(held: HeldLock, source: tuple[Packed, ...]) -> dict[str, str]:
    """Those that the lock has by another digest than that of the bytes that were packed."""
    found = {}
    for file in source:
        locked = held.source.get(spelt(file.name), "").partition(" ")[0].removeprefix("sha256:")
        if locked and not file.link and locked != file.sha256:
            found[file.name] = locked
    return found


def note_origin(folder: RunFolder, store: ObjectStore, origin: Origin) -> None:
    """Leaves it in both places; a disk that does not take it is complained of. Raises what the store raises."""
    try:
        write_json(folder.path / FILE, to_json(origin))
    except OSError as error:
        folder.complain(f"{FILE} cannot be written: {error.strerror or error}")
    store.put(keys.ORIGIN, encode(origin))


def read_origin(folder: RunFolder, store: ObjectStore | None) -> Origin | str:
    """What was noted here, else in the store, which the run's nodes may write to; or why there is nothing."""
    found = read_file(folder.path / FILE, Origin)
    if found is None and store is not None:
        found = read(store, keys.ORIGIN, Origin, LARGE)
    if found is None:
        return "what the run was made from was not noted"
    return str(found) if isinstance(found, Unreadable) else found
