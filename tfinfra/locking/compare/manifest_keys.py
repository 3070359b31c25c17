"""The manifest and its target against what the lock has of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.errors import Diagnostic
from tfinfra.locking.compare.pair import ABSENT, Pair, same, shown_apart
from tfinfra.manifest.document import KeyPath, dotted
from tfinfra.manifest.key_schema import EDITORS, LOCK


def of_manifest(pair: Pair) -> Iterator[Diagnostic]:
    """Each key whose value differs; where none does, that the file is another one all the same."""
    locked = {key: value for key, value in pair.document.data.items() if key not in (LOCK, EDITORS)}
    found = list(differing(locked, pair.now.keys))
    for path, was, now in found:
        here, there = shown_apart(now, was)
        yield pair.of_key("TFI903", path, f"'{dotted(path)}' is {here}, and {there} in the lock")
    held, file = pair.lock.manifest, pair.now.manifest
    if held.path != file.path:
        message = f"the lock is of '{held.path}', and this manifest is '{file.path}'"
        yield pair.in_lock("TFI903", ("manifest", "path"), message)
    elif held.sha256 != file.sha256 and not found:
        message = f"{file.path} is not as it was locked, though it means the same"
        yield pair.in_lock("TFI903", ("manifest", "sha256"), message)
    target, now_target = pair.lock.target, pair.now.target
    if target.name != now_target.name:
        message = f"the target is '{now_target.name}', and '{target.name}' in the lock"
        yield pair.of_key("TFI904", ("compute_target",), message)
    elif target.sha256 != now_target.sha256 and not any(path[0] == "compute_target" for path, _, _ in found):
        message = f"the target '{target.name}' is not as it was locked"
        yield pair.in_lock("TFI904", ("target", "sha256"), message)


_IN_ORDER = ("script_params",)
"""A command line's order counts, which the digest of a document does not see."""


def differing(was: Any, now: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any, Any]]:
    """(path, in the lock, now) of each value that differs; of a mapping those in it, of a list the whole."""
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*was, *now]):
            yield from differing(was.get(key, ABSENT), now.get(key, ABSENT), (*path, key))
        if path == _IN_ORDER and {*was} == {*now} and [*was] != [*now]:
            yield path, " ".join(was), " ".join(now)
    elif not same(was, now):
        yield path, was, now
