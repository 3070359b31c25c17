"""What tasks wrote elsewhere than into the outputs, by their nodes' word: read out of the store, and said."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.model import LeftFiles, LeftPlace
from tfinfra.store import ObjectStore, keys, read_all
from tfinfra.store.landing import shown
from tfinfra.text.wording import spell_bytes


def read_left(store: ObjectStore) -> tuple[LeftFiles, ...]:
    """By task; the script can write there too: what is unreadable counts as not said."""
    found, _ = read_all(store, keys.LEFT, LeftFiles, lambda left: keys.left_key(left.task))
    return tuple(sorted(found, key=lambda left: left.task))


def sentences(left: LeftFiles) -> Iterator[str]:
    """Where the files were, where they are and the line that would have put them into the outputs; what is lost; what
    is no file."""
    for place in left.places:
        yield _of_place(left.task, place)
    if left.beyond_files:
        more = left.beyond_files - len(left.beyond)
        names = ", ".join(map(shown, left.beyond)) + (f" and {more} more" if more else "")
        size = spell_bytes(left.beyond_bytes)
        yield f"{left.task} wrote more elsewhere than comes home: {names} ({size}) did not; ./outputs has no bound"
    yield from (f"left out: {left.task}: {shown(odd)}" for odd in left.odd)


def _of_place(task: str, place: LeftPlace) -> str:
    more = place.files - len(place.first)
    names = ", ".join(map(shown, place.first)) + (f" and {more} more" if more > 0 else "")
    where = f"to {shown(place.place)}" if place.place else "into its working folder"
    home = f"left/{task}{shown(place.place)}" if place.place.startswith("/") else f"left/{task}"
    line = f"{shown(place.line)}: " if place.line else ""
    return (
        f"{task} wrote {names} ({spell_bytes(place.bytes)}) {where}, not into ./outputs: see {home} "
        f"({line}write {shown(place.instead)})"
    )
