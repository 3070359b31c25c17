"""What this node's tasks wrote elsewhere than into the outputs: found when they have ended (find_left.py), and put into
left/<task>/ of the common directory, from where it goes home as outputs do."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tfinfra.agent.assignment import Assignment
from tfinfra.agent.end.find_left import Finding, FoundFile, LeftFinder
from tfinfra.model import LeftFiles, LeftPlace, Task
from tfinfra.store import keys
from tfinfra.text.masking import needles
from tfinfra.text.wording import spell_bytes
from tfinfra.text.written_paths import kept_instead

MOST_BYTES, MOST_FILES = 10**9, 1000
"""Of one task. The newest files of each place come first."""
_FIRST, _MOST_PLACES, _MOST_ODD = 3, 20, 20


class LeftBehind:
    """Made before the tasks start, on the node that they run on; `keep` once they have ended."""

    def __init__(self, assignment: Assignment, started: float) -> None:
        self._assignment = assignment
        self._finder = LeftFinder(assignment, started)
        self._own_machine = assignment.paths.own_mounts

    def keep(self) -> list[LeftFiles]:
        """Puts what was found into the common directory's left/<task>/."""
        found = [(task, self._finder.find(task)) for task in self._assignment.tasks]
        return [self._kept(task, left) for task, left in found if left.files or left.odd]

    def _kept(self, task: Task, found: Finding) -> LeftFiles:
        """Links or copies the newest of what was found, as far as it fits."""
        target, hidden = self._assignment.folders.shared / keys.LEFT / task.name, self._secrets()
        room, kept, beyond = MOST_BYTES, list[FoundFile](), list[FoundFile]()
        for each in _in_turns(found.files):
            if len(kept) >= MOST_FILES or each.size > room:
                beyond.append(each)
            elif (reason := _bring(each, target, hidden, link=self._own_machine or not each.place)) is not None:
                found.odd.append(f"{_told(each)} was not brought: {reason}")
            else:
                room -= each.size
                kept.append(each)
        return LeftFiles(
            task.name,
            tuple(self._told_places(kept)),
            tuple(f"{_told(each)} ({spell_bytes(each.size)})" for each in beyond[:_FIRST]),
            len(beyond),
            sum(each.size for each in beyond),
            tuple(_text(odd) for odd in found.odd[:_MOST_ODD]),
        )

    def _told_places(self, kept: Sequence[FoundFile]) -> Iterator[LeftPlace]:
        by_place: dict[str, list[FoundFile]] = {}
        for each in sorted(kept, key=lambda file: (file.place, file.name)):
            by_place.setdefault(each.place, []).append(each)
        for place, files in list(by_place.items())[:_MOST_PLACES]:
            lines = (self._finder.named.line_of(place, each.name) for each in files)
            said = next((line for line in lines if line is not None), None)
            example = files[0].name if not place else f"{place}/{files[0].name}"
            first = tuple(_text(each.name) for each in files[:_FIRST])
            instead = said.instead if said else kept_instead(_text(example))
            size = sum(file.size for file in files)
            yield LeftPlace(_text(place), len(files), size, first, said.line if said else None, instead)

    def _secrets(self) -> tuple[bytes, ...]:
        given = self._assignment.given
        return needles((*given.secrets.values(), *([given.key] if given.key else [])))


def _in_turns(files: Sequence[FoundFile]) -> list[FoundFile]:
    """The newest file of each place, then the next of each: a place with very many keeps none of the others away."""
    turns, order = Counter[str](), list[tuple[int, bool, float, FoundFile]]()
    for each in sorted(files, key=lambda file: -file.changed):
        order.append((turns[each.place], each.place != "", -each.changed, each))
        turns[each.place] += 1
    return [each for *_, each in sorted(order, key=lambda entry: entry[:3])]


def _bring(each: FoundFile, target: Path, hidden: Sequence[bytes], *, link: bool) -> str | None:
    """Why a file was not brought, None where it is in `target`: a `link` to it, or a copy."""
    below = each.name if not each.place else f"{each.place.strip('/')}/{each.name}"
    try:
        if _holds(each.path, hidden):
            return "it holds a secret of the run"
        aim = target / below
        aim.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(aim):
            return "another file has its name"
        with suppress(OSError):  # another disk
            if link:
                os.link(each.path, aim, follow_symlinks=False)
                return None
        shutil.copyfile(each.path, aim, follow_symlinks=False)
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None


def _holds(path: Path, hidden: Sequence[bytes]) -> bool:
    """Whether a file holds one of the secrets as it is."""
    if not hidden:
        return False
    overlap = max(map(len, hidden))
    with path.open("rb") as file:
        before = b""
        while piece := file.read(1 << 22):
            if any(secret in before + piece for secret in hidden):
                return True
            before = piece[-overlap:]
    return False


def _told(each: FoundFile) -> str:
    return _text(each.name if not each.place else f"{each.place}/{each.name}")


def _text(name: str) -> str:
    """A name as JSON can hold it."""
    return name.encode("utf-8", "replace").decode()[:500]
