"""A tune's journal where it lies: in the run's store, for whoever goes on, and in the run's folder on this machine,
where no script can write. One client writes it; each entry is there before what it says is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tfinfra.audit.log import read_events
from tfinfra.errors import ProvisioningError
from tfinfra.evidence.sums import sha256
from tfinfra.lifecycle.record.run_record import RunFolder
from tfinfra.model import Unfit, decode
from tfinfra.store import ObjectStore, content, encode, keys
from tfinfra.store.landing import shown
from tfinfra.system.ownership import make_private
from tfinfra.system.progress import Progress
from tfinfra.system.whole_file import write_whole
from tfinfra.text.wording import first_few
from tfinfra.tuning.journal import Entry

_EVENT = "journal"
_BEGUN = "attempt"
"""The event of a client that begins to make a run's machines: no node is there before."""
_NAMED = 5


class JournalFile:
    """The journal of the run of `folder`, written by this client alone, in `store` too."""

    def __init__(self, folder: RunFolder, store: ObjectStore) -> None:
        self._folder = folder
        self._store = store
        self._next = 0
        self._tried: list[bytes] = []
        self._landed: set[bytes] = set()

    def append(self, entry: Entry) -> None:
        """Raises what the store raises: the same entry may be appended again then, or another one before it. Raises
        ProvisioningError where somebody else has written in its place.

        A store may take an entry and its answer be lost: what was tried under this number then lies there, and is an
        entry of this client's."""
        data = encode(entry)
        if data in self._landed:
            self._landed.remove(data)
            return
        while not self._is_put(data):
            there = content(self._store, keys.journal_key(self._next))
            if there is None or there not in self._tried:
                run = self._folder.path.name
                hint = f"`tfinfra down {run}` ends it; `tfinfra tune --resume` goes on from its journal"
                raise ProvisioningError(f"another client writes the journal of {run}", hint=hint)
            self._keep(keys.journal_key(self._next), there)
            self._count(there)
            if there == data:
                return
            self._landed.add(there)
        self._count(data)

    def _is_put(self, data: bytes) -> bool:
        """Raises what the store raises."""
        key = keys.journal_key(self._next)
        self._keep(key, data)
        self._tried.append(data)
        return self._store.put_if_absent(key, data)

    def _count(self, data: bytes) -> None:
        self._folder.audit.append(_EVENT, entry=self._next, sha256=sha256(data))
        self._next += 1
        self._tried = []

    def _keep(self, key: str, data: bytes) -> None:
        """A disk that does not take it is complained of: the store has it."""
        try:
            _write(self._folder, key, data)
        except OSError as error:
            self._folder.complain(f"the tune's journal cannot be written: {error.strerror or error}")


def keep_entries(folder: RunFolder, entries: Iterable[Entry]) -> None:
    """Writes the entries that a journal begins with into the run's folder alone. Raises OSError."""
    for number, entry in enumerate(entries):
        _write(folder, keys.journal_key(number), encode(entry))


def _write(folder: RunFolder, key: str, data: bytes) -> None:
    (folder.path / key).parent.mkdir(parents=True, exist_ok=True)
    make_private(folder.path)
    write_whole(folder.path / key, data)


def note_last_entries(folder: RunFolder) -> None:
    """Notes in the event log what a client that was killed has written into its journal right before."""
    noted = sum(event.get("event") == _EVENT for event in read_events(folder.audit.path))
    for number, path in enumerate(sorted((folder.path / keys.JOURNAL).glob("*.json"))):
        if number >= noted:
            folder.audit.append(_EVENT, entry=number, sha256=sha256(path.read_bytes()))


def read_journal(folder: Path, store: ObjectStore | None, tell: Progress) -> Iterator[Entry]:
    """The entries in their order; of each what this machine has counts before what lies in the store, where a script
    can write too: of a tune that was begun on this machine the store gives what the event log has noted, no more.
    `tell` hears of what is none. Raises what the store raises."""
    here = {path.name: path for path in (folder / keys.JOURNAL).glob("*.json") if path.is_file()}
    there = {key.rpartition("/")[2]: key for key in (store.list(keys.JOURNAL) if store is not None else ())}
    noted = _noted(folder) if there else {}
    strange = sorted(set(there) - set(here) - set(noted)) if noted is not None else []
    for name in sorted({*here, *there} - set(strange)):
        found = _entry(here[name].read_bytes()) if name in here else None
        if found is None and name in there and store is not None:
            found = _of_store(content(store, there[name]), (noted or {}).get(name))
        if found is None:
            tell(f"warning: {keys.JOURNAL}/{shown(name)} is no entry of a journal: it is left out")
        else:
            yield found
    if strange:
        named = first_few([shown(name) for name in strange], _NAMED)
        tell(f"warning: left out of {keys.JOURNAL}/, as the client of the tune has not written them: {named}")


def was_begun_here(folder: RunFolder) -> bool:
    """Whether a client of this machine has begun the run, so that its event log has all that it wrote."""
    return any(event.get("event") == _BEGUN for event in read_events(folder.audit.path))


def _noted(folder: Path) -> dict[str, str] | None:
    """{name of an entry: its SHA-256} by the event log; None where another machine's client began the tune."""
    own = RunFolder(folder)
    if not was_begun_here(own):
        return None
    events = (event for event in read_events(own.audit.path) if event.get("event") == _EVENT)
    return {keys.journal_key(event["entry"]).rpartition("/")[2]: event["sha256"] for event in events}


def _of_store(data: bytes | None, digest: str | None) -> Entry | None:
    """`digest` is what it must have; None for any."""
    return _entry(data) if data is not None and digest in (None, sha256(data)) else None


def _entry(data: bytes | None) -> Entry | None:
    try:
        return decode(Entry, data) if data is not None else None
    except Unfit:
        return None
