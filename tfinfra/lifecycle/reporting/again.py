"""How to do a run again: the commands that somebody types who has the run's folder and its source."""

from __future__ import annotations

from pathlib import PurePosixPath

from tfinfra.errors import ManifestError
from tfinfra.evidence import names
from tfinfra.evidence.material import Origin as MadeFrom
from tfinfra.lifecycle.record.run_record import RunRecord
from tfinfra.locking.read import read_lock
from tfinfra.reporting.values import Origin
from tfinfra.text.wording import shell_word

_AGAIN = "again.yaml"


def again(record: RunRecord, made_from: MadeFrom | None, *, verb: str, locked: bytes | None) -> Origin:
    """`verb` is what begins such a run, `locked` the lock that it was held to, None of one that was not. A trial is
    done again with its tune alone, and a rehearsal as one: its manifest names the cloud that it spared."""
    if record.trial is not None:
        return Origin()
    git = made_from.git if made_from else None
    begun_with = PurePosixPath(record.manifest or "")
    manifest = _manifest_of(locked) if locked else None
    evidence = PurePosixPath("runs", record.run, names.FOLDER)
    commands = [f"git checkout {git.commit}"] if git else []
    rehearse = " --rehearse" if record.rehearse else ""
    if manifest is not None:
        commands.append(f"tfinfra {verb} {shell_word(str(begun_with.parent / manifest))} --locked{rehearse}")
    else:
        copy = shell_word(str(begun_with.parent / _AGAIN))  # beside the manifest: its paths begin there
        commands += [f"cp {evidence / names.RESOLVED} {copy}", f"tfinfra {verb} {copy}{rehearse}"]
    return Origin(
        commands=tuple(commands),
        commit=git.commit if git else None,
        dirty=git.dirty if git else False,
        locked=manifest is not None,
    )


def _manifest_of(lock: bytes) -> str | None:
    """The name of the manifest that a lock is of."""
    try:
        read = read_lock(lock, names.LOCK).lock
    except ManifestError:
        return None
    return read.manifest.path if read is not None else None
