"""Brings what the tasks wrote into the store: outputs, logs and checkpoints; collected.json last."""

from __future__ import annotations

import logging
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

from tfinfra.agent.node.node_records import write
from tfinfra.errors import first_line
from tfinfra.model import CollectedMark, CollectingMark
from tfinfra.store import ObjectStore, keys, store_errors
from tfinfra.system.strange_trees import names_below

_WRITERS = 8
LISTED = 4 << 20
"""Bytes of names that collecting.json lists."""
_MOST_NAMED = 1000
"""Files that could not be brought, or are none, that are named."""
_LONG = 500
"""Characters of a name or a reason that are written."""
_log = logging.getLogger(__name__)


def collect(
    store: ObjectStore,
    shared: Path,
    before_marking: Callable[[], None] = lambda: None,
) -> CollectedMark:
    """Uploads every file below the common directories. One that fails is a warning, and the others go on. What there
    is to bring is written first, for those who must know what is missing where this node does not come to its end.
    `before_marking` is called when all is uploaded: once collected.json is there, the machine may be deleted."""
    unread: dict[str, str] = {}
    found = [(name, path) for folder in keys.OUTPUT_FOLDERS for name, path in _files(shared, folder, unread)]
    kinds = {name: _what_it_is(name, path) for name, path in found}
    files = [(name, path) for name, path in found if isinstance(kinds[name], int)]
    sizes = {_key(name): size for name, _ in files if isinstance(size := kinds[name], int)}
    ends = accumulate(len(key) for key in sizes)
    listed = {key: size for (key, size), end in zip(sizes.items(), ends, strict=True) if end <= LISTED}
    write(store, keys.COLLECTING, CollectingMark(len(sizes), sum(sizes.values()), listed))
    with ThreadPoolExecutor(_WRITERS) as pool:
        problems = list(pool.map(lambda item: _upload(store, *item), files))
    failed = {name: why for (name, _), why in zip(files, problems, strict=True) if why}
    skipped = [_text(why) for why in kinds.values() if isinstance(why, str)]
    if len(skipped) > _MOST_NAMED:
        skipped[_MOST_NAMED:] = [f"and {len(skipped) - _MOST_NAMED} more: see the agent's log"]
    before_marking()
    brought = len(files) - len(failed)
    wrong = unread | failed
    # Each by its very name, which is what somebody looks for who finds the file elsewhere.
    named = {name: _text(why[:_LONG]) for name, why in wrong.items() if len(name) <= _LONG and name == _text(name)}
    named = dict(list(named.items())[:_MOST_NAMED])
    unnamed = len(wrong) - len(named)
    skipped = [why[:_LONG] for why in skipped]
    return mark_collected(store, CollectedMark(brought, (), tuple(skipped), named, unnamed))


def mark_collected(store: ObjectStore, collected: CollectedMark) -> CollectedMark:
    write(store, keys.COLLECTED, collected)
    return collected


def _files(shared: Path, kind: str, unread: dict[str, str]) -> list[tuple[str, Path]]:
    """Everything below the folder `kind` but its folders, by name; a folder that cannot be read goes to `unread`."""

    def note(below: str, error: OSError) -> None:
        name = f"{kind}/{below}" if below else kind
        unread[name] = reason = error.strerror or str(error)
        _log.warning("could not collect %s: %s", _text(name[:_LONG]), reason)

    return [(f"{kind}/{name}", shared / kind / name) for name in names_below(shared / kind, tell=note)]


def _what_it_is(name: str, path: Path) -> int | str:
    """The size of a file in bytes (0 where that cannot be read), or why it is none. A link counts as what it leads
    to."""
    try:
        found = path.stat()
    except OSError:
        return f"{name} is a link that leads nowhere" if path.is_symlink() else 0
    if stat.S_ISREG(found.st_mode):
        return found.st_size
    kinds = ((stat.S_ISDIR, "a link to a folder"), (stat.S_ISSOCK, "a socket"), (stat.S_ISFIFO, "a pipe"))
    return f"{name} is " + next((text for test, text in kinds if test(found.st_mode)), "a device")


def _upload(store: ObjectStore, name: str, path: Path) -> str | None:
    """Why the file was not brought, None where it was."""
    errors: tuple[type[Exception], ...] = (*store_errors(), ValueError)  # the last: a name that is not UTF-8
    try:
        store.put_file(_key(name), path)
    except errors as error:
        reason = first_line(error)
        _log.warning("could not collect %s: %s", _text(name), _text(reason))
        return reason
    return None


def _key(name: str) -> str:
    folder, _, below = name.partition("/")
    return keys.output_key(folder, below)


def _text(name: str) -> str:
    """A name as JSON can hold it."""
    return name.encode("utf-8", "replace").decode()
