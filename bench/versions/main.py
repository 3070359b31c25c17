"""The command: goes on where an earlier call ended, keeps each row at once, prints the tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.common import tell
from bench.versions.matrix import Pair, pairs, try_pair
from bench.versions.record import MEASURED, judged, read, tables, write


def main(path: Path | None, only: Sequence[str], cases: str, *, again: bool) -> int:
    """Tries what `path` does not have yet (`again`: all of it), prints all that it has. `only` are versions as "2.16"
    or "2.16:3.12", `cases` a text in a case's name. Returns 1 where `validate` says what is not seen."""
    path = path or MEASURED
    rows = {row.key: row for row in read(path)}
    for pair in pairs():
        if only and not any(_is_meant(pair, one) for one in only):
            continue
        wanted = Pair(pair.framework, pair.python, tuple(case for case in pair.cases if cases in case.name))
        own = (pair.framework.patch, pair.python)
        known = {(row.case, row.digest) for row in rows.values() if (row.framework, row.python) == own}
        for seen in try_pair(wanted, set() if again else known):
            rows[seen.key] = seen
            write(rows.values(), path)
    found = list(judged(rows.values()))
    print(tables(found))
    wrong = [row for row in found if not row.is_true]
    for seen, said in ((row.seen, ", ".join(row.codes) or "nothing") for row in wrong):
        tell(f"! {seen.framework}, Python {seen.python}, {seen.case}: {seen.what}; validate says {said}")
    return 1 if wrong else 0


def _is_meant(pair: Pair, only: str) -> bool:
    minor, _, python = only.partition(":")
    return minor in (pair.framework.minor, pair.framework.patch) and python in ("", pair.python)
