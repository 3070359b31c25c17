"""Which of all that a run has logged is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tfinfra.errors import UsageError
from tfinfra.lifecycle.metrics.remarks import Remarks
from tfinfra.model import Logged, Point, Remark

_NAMED = 10


@dataclass(frozen=True)
class Wanted:
    """Which metrics are wanted: those of these names and tasks (empty: any), with `nodes` the nodes' figures too.
    Remarks are where no metric is named."""

    names: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    nodes: bool = False

    def takes(self, logged: Logged, is_of_node: Callable[[str], bool]) -> bool:
        """Whether this is one of those."""
        if self.names and not (isinstance(logged, Point) and logged.name in self.names):
            return False
        return logged.task in self.tasks if self.tasks else self.nodes or not is_of_node(logged.task)


class Sieve:
    """Passes on what is wanted, and knows by then what else there is."""

    def __init__(self, run: str, wanted: Wanted, is_of_node: Callable[[str], bool], leader: str | None) -> None:
        self._run, self._wanted, self._is_of_node = run, wanted, is_of_node
        self.remarks = Remarks(leader)
        self._names: dict[str, None] = {}
        self._tasks: dict[str, None] = {}

    def points(self, logged: Iterable[Logged]) -> Iterator[Point]:
        """The wanted points; `remarks` takes all remarks, wanted or not: they name what the points are of."""
        return (each for each in self.logged(self._heard(logged)) if isinstance(each, Point))

    def _heard(self, logged: Iterable[Logged]) -> Iterator[Logged]:
        for each in logged:
            if isinstance(each, Remark):
                self.remarks.add(each)
            yield each

    def logged(self, logged: Iterable[Logged]) -> Iterator[Logged]:
        """All that is wanted. Raises UsageError at the end for a metric or task of which there was nothing, where there
        was something of others."""
        for each in logged:
            if isinstance(each, Point):
                self._tasks[each.task] = None
                if not self._is_of_node(each.task) or self._wanted.nodes or each.task in self._wanted.tasks:
                    self._names[each.name] = None
            if self._wanted.takes(each, self._is_of_node):
                yield each
        self._must_be_there("metric", self._wanted.names, self._names)
        self._must_be_there("task", self._wanted.tasks, self._tasks)

    def _must_be_there(self, what: str, wanted: Iterable[str], there: dict[str, None]) -> None:
        gone = sorted(set(wanted) - set(there))
        if gone and there:
            some = ", ".join([*list(there)[:_NAMED], *(["…"] if len(there) > _NAMED else [])])
            lacks = f"has logged no metric '{gone[0]}'" if what == "metric" else f"has no metrics of a task '{gone[0]}'"
            raise UsageError(f"{self._run} {lacks}", hint=f"there is: {some}")
