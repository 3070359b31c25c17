"""What a locked run is about to upload, held against its lock once more: since the run was held against that, somebody
may have saved a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tfinfra.errors import DifferenceFound
from tfinfra.lifecycle.run.options import HeldLock
from tfinfra.locking.canonical import sha256
from tfinfra.locking.trees import spelt
from tfinfra.travel.line_ends import LineEnds

if TYPE_CHECKING:
    from tfinfra.bundle import Packed
    from tfinfra.system.local_tree import LocalTree

_HINT = "run the command again, when nothing changes it"


def refuse_other_source(held: HeldLock, root: Path, names: frozenset[str], packed: Collection[Packed]) -> None:
    """`packed` is what of the source directory `root` is in the bundle, `names` are those of what travels. Raises
    DifferenceFound for a file that is not as the lock has it."""
    ends, found = LineEnds(root, names), {spelt(file.name): file for file in packed}
    every = sorted(held.source.keys() | found.keys())
    other = [name for name in every if not _is_as(held.source.get(name), found.get(name), root, ends)]
    if other:
        more = f" (and {len(other) - 1} more)" if len(other) > 1 else ""
        raise DifferenceFound(f"'{other[0]}'{more} is not as it was locked: it changed while the run began", _HINT)


def refuse_other_inputs(held: HeldLock, trees: Mapping[str, LocalTree]) -> None:
    """`trees` are the local inputs, and the checkpoints, which have no name. Raises DifferenceFound for one that is not
    as the lock has it."""
    for name, tree in trees.items():
        if held.inputs.get(name) not in (None, f"sha256:{tree.sha256}"):
            one, many = f"the input '{name}' is not as locked: it", "the checkpoints are not as locked: they"
            raise DifferenceFound(f"{one if name else many} changed while the run began", _HINT)


def _is_as(locked: str | None, file: Packed | None, root: Path, ends: LineEnds) -> bool:
    if locked is None or file is None:
        return False
    if file.link is not None:
        return locked == f"link {spelt(file.link)}"
    digest, executable = f"sha256:{file.sha256}", " executable" * file.executable
    if locked == digest + executable:
        return True
    try:  # a lock has the line ends that git keeps: those of the bytes that were packed, and of no others
        data = (root / file.name).read_bytes()
    except OSError:
        return False
    return sha256(data) == digest and sha256(ends.unified(file.name, data)) + executable == locked
