"""The source directory, inputs and checkpoints against what the lock has of them."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.errors import Diagnostic
from tfinfra.locking.compare.pair import Pair, shown
from tfinfra.locking.document import LockedData
from tfinfra.manifest.document import KeyPath
from tfinfra.text.wording import count

_MOST = 50
"""Of so many files each is told; who has changed more has changed the folder."""


def of_source(pair: Pair) -> Iterator[Diagnostic]:
    """Each file that came, went or changed, and what the lock says of git that is not so."""
    held, now = pair.lock.source, pair.now.source
    names = [name for name in dict.fromkeys([*held.files, *now.files]) if held.files.get(name) != now.files.get(name)]
    for name in names[:_MOST]:
        what = _change(held.files.get(name), now.files.get(name))
        yield pair.in_lock("TFI905", ("source", "files", name), f"'{name}' {what}")
    if len(names) > _MOST:
        yield pair.in_lock("TFI905", ("source", "files"), f"{len(names) - _MOST} more files differ")
    unlike = pair.now.unlike_commit
    if held.git is not None and not held.git.dirty and unlike and (wrong := sorted(unlike & {*held.files})):
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        message = (
            f"the lock calls the source clean, and '{wrong[0]}'{more} is not as commit {held.git.commit[:12]} has it"
        )
        yield pair.in_lock("TFI905", ("source", "git", "dirty"), message)


def _change(was: str | None, now: str | None) -> str:
    if was is None:
        return "travels now, and is not in the lock"
    if now is None:
        return "is in the lock, and does not travel any more"
    before, _, old = was.partition(" ")
    after, _, new = now.partition(" ")
    if "link" in (before, after):
        return f"is another thing than in the lock: {shown(now)}, not {shown(was)}"
    if before != after:
        return "is not as it was locked"
    return f"is {new or 'not executable'}, and {old or 'not executable'} in the lock"


def of_data(pair: Pair) -> Iterator[Diagnostic]:
    """Each input, and the checkpoints."""
    held, now = pair.lock.inputs, pair.now.inputs
    for name in dict.fromkeys([*held, *now]):
        yield from _of_tree(pair, ("inputs", name), f"the input '{name}'", held.get(name), now.get(name))
    yield from _of_tree(pair, ("checkpoints",), "resume_from", pair.lock.checkpoints, pair.now.checkpoints)


def _of_tree(
    pair: Pair, path: KeyPath, what: str, was: LockedData | None, now: LockedData | None
) -> Iterator[Diagnostic]:
    if was is None or now is None:
        if was is not now:
            words = "is not in the lock" if was is None else "is in the lock, and the manifest has none"
            yield pair.in_lock("TFI906", path, f"{what} {words}")
        return
    if (was.path, was.url, was.run) != (now.path, now.url, now.run):
        places = (now.path or now.url or now.run, was.path or was.url or was.run)
        yield pair.in_lock("TFI906", path, f"{what} is {shown(places[0])}, and {shown(places[1])} in the lock")
    elif now.url is None and now.sha256 is None and was.sha256 is not None:
        yield pair.in_lock("TFI906", path, f"{what} is not on this machine, so that it cannot be compared")
    elif now.sha256 is not None and was.sha256 != now.sha256:
        sizes = f"{_size(now)}, {was.files} of {was.bytes} in the lock"
        counts = (was.files, was.bytes) != (now.files, now.bytes)
        detail = f": {sizes}" if counts else ", though it has as many files and bytes"
        yield pair.in_lock("TFI906", (*path, "sha256"), f"{what} is not as it was locked{detail}")
    elif now.sha256 is not None and (was.files, was.bytes) != (now.files, now.bytes):
        yield pair.in_lock("TFI906", path, f"{what} has {_size(now)}, not what the lock says")


def _size(data: LockedData) -> str:
    """ "2 files of 31 bytes"."""
    return f"{count(data.files or 0, 'file')} of {count(data.bytes or 0, 'byte')}"
