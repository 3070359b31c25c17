"""What a run's scripts said of it in words: the parameters and tags of the run, and of the further MLflow runs that
they began."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tfinfra.model import Remark
from tfinfra.tracking.sending import NAME_TAG, PARENT_TAG

Words = dict[str, str]


@dataclass
class RunWords:
    """`run` is the id of a further MLflow run, "" for the run itself."""

    run: str
    parameters: Words = field(default_factory=dict)
    tags: Words = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What a person knows a further run by: its name, else the beginning of its id."""
        return self.tags.get(NAME_TAG) or self.run[:8]

    def document(self) -> dict[str, Any]:
        parent = self.tags.get(PARENT_TAG)
        words = {"parameters": self.parameters, "tags": self.tags}
        return {"mlflow_run": self.run or None, "name": self.tags.get(NAME_TAG), "parent": parent, **words}


class Remarks:
    """Takes remarks one by one: the last of a name counts, and before those of all others the leader's."""

    def __init__(self, leader: str | None) -> None:
        self._leader = leader
        self._of_leader: set[tuple[str, str, str]] = set()
        self._runs = {"": RunWords("")}

    def add(self, remark: Remark) -> None:
        key = remark.run, remark.kind, remark.name
        if remark.task == self._leader:
            self._of_leader.add(key)
        elif key in self._of_leader:
            return
        words = self._runs.setdefault(remark.run, RunWords(remark.run))
        kept = words.parameters if remark.kind == "parameter" else words.tags
        if remark.text is None:
            kept.pop(remark.name, None)
        else:
            kept[remark.name] = remark.text

    def of(self, run: str) -> RunWords:
        return self._runs.get(run) or RunWords(run)

    def all(self) -> list[RunWords]:
        """The run itself first, then each further run of which something was said."""
        return list(self._runs.values())
