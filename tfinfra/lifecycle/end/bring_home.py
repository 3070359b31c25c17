"""Brings a run home: logs first, then outputs, logs and checkpoints of the script, out of its store, out of the share
and the dead machines' disks where those are on this machine; metrics last, whose chunks are many and which nobody
misses first. What does not come is named, and costs nothing else its way."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from unicodedata import category
from urllib.parse import quote, unquote, urlsplit

from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.cloud import Cloud
from tfinfra.errors import TeardownIncomplete, UsageError, first_line
from tfinfra.lifecycle.end.salvage import OutputTree, save
from tfinfra.lifecycle.record.in_store.left_files import sentences
from tfinfra.lifecycle.record.not_collected import STORE, CollectionReport, NotCollected, missing, read_report
from tfinfra.lifecycle.watch.home_log import times_beside, write_log
from tfinfra.store import ObjectStore, OddObject, chunks_by_name, contents, log_pieces, store_errors
from tfinfra.store import keys as layout
from tfinfra.store.copying import Unread
from tfinfra.store.landing import Landing, Unplaceable, clashes, shown
from tfinfra.text.wording import count

DOWNLOADS = 8
NAMED = 20
"""Notes of a kind that are given one by one."""
Unsaved = Mapping[str, tuple[str, str | None]]
"""What lies on a disk and did not come: name → the reason, and where it stays, None where it goes with its machine."""
REFUSED = 5
"""Objects in a row that a store may refuse before it counts as one that does not answer."""
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Home:
    """What came home: how many `files` of the training script, how many `logs`, and where. `notes` name what had
    nothing to bring (a socket, a link that leads out), and what is called something else here; `missing` is what there
    was and did not come, None where nothing is; `collected`: the nodes said that all was in the store; `names` are
    those that came, `trees` counts the disks and shares that were read besides, from which `copied` came: a node that
    was only frozen may have written on since; `unsaved` is what did not come of each of them, `noted` all notes of this
    and earlier looks: a later look, when the machines are gone, cannot ask again. `elsewhere` says what tasks wrote
    elsewhere than into the outputs, `points` how many chunks of points came of each task and node."""

    folder: Path
    files: int
    logs: int = 0
    notes: tuple[str, ...] = ()
    missing: NotCollected | None = None
    collected: bool = True
    names: frozenset[str] = frozenset()
    trees: int = 0
    copied: frozenset[str] = frozenset()
    unsaved: Mapping[OutputTree, Unsaved] = field(default_factory=dict)
    noted: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    points: Mapping[str, int] = field(default_factory=dict)

    @property
    def keeps(self) -> bool:
        """Whether the keep group has to stay: something lies there that did not come, or may still be on its way."""
        return self.missing is not None and (
            self.missing.lies is not None or (self.missing.files is not None and not self.collected)
        )

    def lines(self, *, over: bool = True) -> list[str]:
        """What a person has to know of it; while a run goes on, what has not come yet is not missing."""
        lines = [*(f"left out: {note}" for note in self.notes), *self.elsewhere]
        if self.missing is not None and (over or self.missing.lies == STORE):
            lines.append(f"not collected: {self.missing}; {count(self.files, 'file')} came home")
        elif not self.collected and self.trees and self.files:
            lines.append("no node could collect: what they had written was read from their disks")
        return lines


def bring_home(
    store: ObjectStore,
    folder: Path,
    tasks: Iterable[str],
    shared: str | None,
    *,
    disks: Sequence[OutputTree] = (),
    before: Home | None = None,
) -> Home:
    """Copies everything of the run into `folder`. The tasks' common directory at the URL `shared`, and the machines'
    `disks`, are read where the nodes did not say that they had collected all. What came `before` out of the store is
    not fetched anew; what was copied from a disk is, for it may have been half written then; and what a disk did not
    give counts until it came, that disk is read once more, or the nodes say that they had collected all.

    Raises UsageError where `folder` is a link, TeardownIncomplete where its disk is full, what the store raises."""
    with _landing(folder) as landing:
        landing.make("outputs")
        earlier = before or Home(folder, 0)
        coming = _Coming(landing, store, dict.fromkeys(earlier.names), trees=earlier.trees)
        coming.copied, coming.stale = set(earlier.copied), set(earlier.copied)
        coming.unsaved, coming.notes = dict(earlier.unsaved), list(earlier.noted)
        coming.points = dict(earlier.points)
        share = _share(shared)
        trees = {**({share: shared} if share else {}), **dict.fromkeys(disks)}
        try:
            report = read_report(store)  # before all else: what a node puts after its word that it is done is nothing
            logs = coming.bring_logs(frozenset(tasks))
            keys = store.list(layout.OUTPUTS)
            if report.collected:  # what lies there is what the nodes made of it in the end
                coming.bring(keys, anew=frozenset(earlier.copied))
                coming.stale |= set(report.failed or ())
        except store_errors():
            coming.broken = None
            for tree, stays in trees.items():  # a store may answer again, a machine that is deleted does not
                coming.save(tree, stays)
            raise
        if report.complete:
            coming.unsaved = {}
        else:
            for tree, stays in trees.items():
                coming.save(tree, stays)
        coming.bring(keys)
        coming.bring_metrics()
        return coming.as_home(folder, logs, report, share_unread=shared if share is None else None)


@contextmanager
def _landing(folder: Path) -> Iterator[Landing]:
    try:
        with Landing(folder) as landing:
            yield landing
    except Unplaceable as error:
        raise UsageError(str(error), hint="move it away, or fetch in another folder") from error


def trees_of(cloud: Cloud, groups: Iterable[str]) -> tuple[OutputTree, ...]:
    """Where the machines of the groups have their tasks' own directory on this machine; () where they are elsewhere."""
    where = str(NodePaths(Path("/")).local_shared)
    return tuple(OutputTree(folder, names) for group in groups for folder, names in cloud.disks(group, where))


def _share(url: str | None) -> OutputTree | None:
    """The share, where it is a folder of this machine."""
    parts = urlsplit(url or "")
    return OutputTree(Path(unquote(parts.path))) if parts.scheme == "file" else None


def _few(notes: Sequence[str], rest: str = "more of them") -> tuple[str, ...]:
    notes = tuple(dict.fromkeys(notes))
    return (*notes[:NAMED], *([f"and {len(notes) - NAMED} {rest}"] if len(notes) > NAMED else []))


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def tame(name: str) -> str:
    """A name as it is written on this machine: control characters, which terminals obey, are percent-encoded."""
    return "".join(quote(c) if category(c) == "Cc" else c for c in name)


@dataclass
class _Coming:
    """One run on its way: `home` are the names that have landed, `left` those that lie in the store and did not, `odd`
    those of them that cannot (by what they are called here), `copied` those that landed from a disk, `stale` those of
    them that did so at an earlier look, `unsaved` what could not of each tree."""

    landing: Landing
    store: ObjectStore
    home: dict[str, None]
    left: dict[str, str] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    trees: int = 0
    copied: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)
    unsaved: dict[OutputTree, Unsaved] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=dict)
    broken: Exception | None = None
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def bring_logs(self, tasks: frozenset[str]) -> int:
        """tasks/<task>.log for every task; what the agents and the launcher wrote goes to nodes/. How many there
        are."""
        chunks = chunks_by_name(self.store, layout.LOGS)
        times: dict[str, str] = {}

        def write(name: str, path: Path) -> None:
            with path.open("wb") as log:
                times[name] = write_log(log, (log_pieces(self.store, key) or [] for key in chunks[name]))

        paths = {name: f"{'tasks' if name in tasks else 'nodes'}/{tame(name)}.log" for name in chunks}
        odd = clashes(paths.values(), folds=self.landing.folds())
        for name, path in paths.items():
            came = self._land(f"the log {shown(name)}", path, partial(write, name), odd.get(path))
            if came and times[name]:
                beside = str(times_beside(Path(path)))
                self._land(f"the times of the log {shown(name)}", beside, partial(_write_text, times[name]), None)
        self._raise_broken()
        return len(chunks) - len(self.left)

    def bring_metrics(self) -> None:
        """metrics/<task>.jsonl for every task and node that has logged points: its chunks, one after the other.
        What has not grown since an earlier look stays as it came: a chunk never changes."""
        chunks = chunks_by_name(self.store, layout.METRICS)

        def write(name: str, path: Path) -> None:
            with path.open("wb") as points:
                for chunk in contents(self.store, chunks[name]):
                    points.write(chunk or b"")

        paths = {name: f"{layout.METRICS}/{tame(name)}.jsonl" for name in chunks}
        odd = clashes(paths.values(), folds=self.landing.folds())
        for name, path in paths.items():
            if self.points.get(name) == len(chunks[name]):
                continue
            if self._land(f"the metrics of {shown(name)}", path, partial(write, name), odd.get(path)):
                self.points[name] = len(chunks[name])
        self._raise_broken()

    def bring(self, keys: Sequence[str], anew: Collection[str] = ()) -> None:
        """Fetches what is not here yet, and `anew` what is of the copies from disks, several at once."""
        names = {key: layout.output_path(key) for key in keys}
        odd = clashes(map(tame, names.values()), folds=self.landing.folds())
        strange = {n for n in names.values() if n.partition("/")[0] not in layout.OUTPUT_FOLDERS}
        self.odd = odd | {
            tame(name): "it is neither of the outputs nor of the logs nor of the checkpoints" for name in strange
        }

        def one(key: str) -> None:
            name = names[key]
            wanted = name not in self.home or name in anew
            if wanted and self._land(name, tame(name), partial(self.store.get_file, key), self.odd.get(tame(name))):
                self._arrived(name)
                self.copied.discard(name)
                self.stale.discard(name)

        with ThreadPoolExecutor(DOWNLOADS) as pool:
            list(pool.map(one, keys))
        self._raise_broken()

    def save(self, tree: OutputTree, stays: str | None) -> None:
        """Copies what lies in a tree of this machine and is not here yet, or is stale. `stays` is where it is found
        once the machines are gone."""
        where = f"the share {stays}" if stays else None
        unsaved: dict[str, tuple[str, str | None]] = {}

        def land(name: str, fill: Callable[[Path], None]) -> bool:
            if name in self.home and name not in self.stale:
                return True
            if tame(name) in self.odd:  # it would take the place of another
                return False
            came = self._land(name, tame(name), fill, None)
            if not came and name in self.left:
                unsaved[name] = self.left.pop(name), where
            if came:
                self._arrived(name)
                self.copied.add(name)
                self.stale.discard(name)
            return came

        left = save(tree, land)
        self._raise_broken()
        if left is not None:
            self.trees += 1
            self.notes += [f"{shown(name)} {what}" for name, what in left.odd.items()]
            self.unsaved[tree] = unsaved | {name: (why, where) for name, why in left.unread.items()}

    def as_home(self, folder: Path, logs: int, report: CollectionReport, *, share_unread: str | None) -> Home:
        """What has come by now, in `folder`, and what by the nodes' own word did not."""
        unsaved = {name: why for of_tree in self.unsaved.values() for name, why in of_tree.items()}
        trees_read = self.trees > 0
        lacking = missing(report, self.home, self.left, unsaved, share_unread=share_unread, trees_read=trees_read)
        elsewhere = [sentence for left in report.left for sentence in sentences(left)]
        names = frozenset(self.home)
        return Home(
            folder,
            len(names),
            logs,
            _few([*report.skipped, *self.notes]),
            lacking,
            report.collected,
            names,
            self.trees,
            frozenset(self.copied),
            unsaved=self.unsaved,
            noted=tuple(dict.fromkeys(self.notes)),
            elsewhere=_few(elsewhere, "more in left_files of run.json"),
            points=dict(self.points),
        )

    def _land(self, what: str, path: str, fill: Callable[[Path], None], odd: str | None) -> bool:
        """Lands one file; what keeps it away is noted. Nothing more is tried after what keeps all away."""
        if self.broken is not None:
            return False
        if odd is not None:
            self.left[what] = odd
            return False
        try:
            self.landing.land(path, fill)
        except Unread:
            raise
        except (Unplaceable, FileNotFoundError) as error:
            with self.lock:
                self.left[what] = str(error) if isinstance(error, Unplaceable) else "it has gone meanwhile"
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised once the other threads have seen it
            self._failed(what, error, path)
            return False
        self.refused = 0
        return True

    def _failed(self, what: str, error: Exception, path: str) -> None:
        """One object that the store does not hand out (archived, closed) costs no other its way; several of them, one
        after the other, are a store that hands out none."""
        with self.lock:
            self.refused += 1
            of_one = isinstance(error, (*store_errors(), OddObject)) and not isinstance(error, OSError)
            if self.refused > REFUSED or not of_one:
                self.broken = error
                if isinstance(error, OSError) and error.errno in _NO_SPACE:
                    folder = self.landing.folder
                    self.broken = TeardownIncomplete(
                        f"{folder / shown(path)} cannot be written: {error.strerror}",
                        hint=f"make room in {folder.parent}; `tfinfra fetch {folder.name}` goes on where this ended",
                    )
                    self.broken.__cause__ = error
            else:
                self.left[what] = f"the store does not hand it out: {first_line(error)}"

    def _arrived(self, name: str) -> None:
        with self.lock:
            self.home[name] = None
            self.left.pop(name, None)
            if tame(name) != name:
                self.notes.append(f"{shown(name)} is called {tame(name)} here")

    def _raise_broken(self) -> None:
        if self.broken is not None:
            raise self.broken
