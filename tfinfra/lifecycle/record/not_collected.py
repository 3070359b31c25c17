"""What of a run's outputs did not come home, by what its nodes said of them: counted, measured, the first of them
named."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.lifecycle.record.in_store.left_files import read_left
from tfinfra.model import CollectedMark, CollectingMark, LeftFiles
from tfinfra.store import LARGE, ObjectStore, keys, readable
from tfinfra.store.landing import shown
from tfinfra.text.wording import count, spell_bytes

STORE = "the run's store"
FIRST = 5
"""Names that are given."""


@dataclass(frozen=True)
class NotCollected:
    """`files` and `bytes` are None where they cannot be known; `first` are the first names; `lies` says where they
    still are, None where they went with their machines."""

    files: int | None
    bytes: int | None
    first: tuple[str, ...]
    why: str
    lies: str | None = None

    def __str__(self) -> str:
        still = f"; still in {self.lies}" if self.lies else ""
        if self.files is None:
            return self.why + still
        size = "" if self.bytes is None else f" ({spell_bytes(self.bytes)})"
        more = ["…"] if self.files > len(self.first) > 0 else []
        named = f": {', '.join([*self.first, *more])}" if self.first else ""
        return f"{count(self.files, 'file')}{size}{named}: {self.why}{still}"


@dataclass(frozen=True)
class CollectionReport:
    """What the nodes said of the outputs: that they are done (`collected`), with all in the store (`complete`), or all
    but those that `failed` (name → reason; "" is all of them) and as many more as `unnamed`, and those that are no
    files (`skipped`). Before that they said the sizes of all that they had to bring by name (`listed`), with how many
    and how large they are together. `left` is what tasks wrote elsewhere. `began`: a task was started."""

    collected: bool = False
    complete: bool = False
    failed: Mapping[str, str] | None = None
    unnamed: int = 0
    skipped: tuple[str, ...] = ()
    left: tuple[LeftFiles, ...] = ()
    listed: Mapping[str, int] | None = None
    files: int = 0
    bytes: int = 0
    began: bool = False


def is_collected(store: ObjectStore) -> bool:
    """Whether the nodes have said that they are done: an unreadable mark does not count."""
    return readable(store, keys.COLLECTED, CollectedMark, LARGE) is not None


def has_all(store: ObjectStore) -> bool:
    """Whether the nodes have said that all is in the store: else their disks may have what is not."""
    return _is_complete(readable(store, keys.COLLECTED, CollectedMark, LARGE))


def _is_complete(said: CollectedMark | None) -> bool:
    return said is not None and not (said.failed or said.unnamed or said.warnings)


def read_report(store: ObjectStore) -> CollectionReport:
    """From the store, which the script can write too: what is unreadable counts as not said."""
    said = readable(store, keys.COLLECTED, CollectedMark, LARGE)
    listed = readable(store, keys.COLLECTING, CollectingMark, LARGE)
    return CollectionReport(
        collected=said is not None,
        complete=_is_complete(said),
        failed={**said.failed, **({"": shown(said.warnings[0])} if said.warnings else {})} if said else None,
        unnamed=said.unnamed if said else 0,
        skipped=tuple(map(shown, said.skipped)) if said else (),
        left=read_left(store),
        listed={keys.output_path(key): size for key, size in listed.names.items()} if listed else None,
        files=listed.files if listed else 0,
        bytes=listed.bytes if listed else 0,
        began=bool(store.list(keys.TASKS)),
    )


def missing(
    report: CollectionReport,
    home: Collection[str],
    left: Mapping[str, str],
    unsaved: Mapping[str, tuple[str, str | None]],
    *,
    share_unread: str | None,
    trees_read: bool,
) -> NotCollected | None:
    """What did not come: of the names that are `home`, what is `left` in the store (with the reason) or `unsaved` on a
    disk (with the reason, and where that stays), and what the nodes report. `share_unread` is the URL of a share that
    still holds everything and cannot be read from here; `trees_read`: all that the nodes had on this machine's own
    disks was."""
    share = f"the share {share_unread}" if share_unread else None
    if left:
        name, reason = next(iter(left.items()))
        return NotCollected(len(left), None, _first(left), f"{shown(name)}: {reason}", STORE)
    unsaved = {name: why for name, why in unsaved.items() if name not in home}
    if unsaved:
        name, (reason, stays) = next(iter(unsaved.items()))
        return NotCollected(len(unsaved), None, _first(unsaved), f"{shown(name)}: {reason}", stays)
    failed = {name: reason for name, reason in (report.failed or {}).items() if name not in home}
    if "" in failed:
        return NotCollected(None, None, (), failed[""], share)
    unnamed = 0 if trees_read else report.unnamed
    if failed or unnamed:
        why = shown(next(iter(failed.values()), "the agent's log says why"))
        return NotCollected(len(failed) + unnamed, None, _first(failed), why, share)
    if report.collected or (trees_read and report.listed is None):
        return None
    return _never_collected(report, home, share)


def _never_collected(report: CollectionReport, home: Collection[str], share: str | None) -> NotCollected | None:
    """By the list that the nodes made before they began to collect, where they came as far as that."""
    if report.listed is None:
        why = "the nodes were lost before they collected: what their tasks wrote may be missing"
        return NotCollected(None, None, (), why, share) if report.began else None
    lacking = {name: size for name, size in report.listed.items() if name not in home}
    unlisted = max(0, report.files - len(report.listed))
    if not lacking and not unlisted:
        return None
    size = max(0, report.bytes - sum(report.listed.values())) + sum(lacking.values())
    why = "the nodes were ended before they had brought it all"
    return NotCollected(len(lacking) + unlisted, size, _first(lacking), why, share)


def _first(names: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(shown(name) for name in list(names)[:FIRST])
