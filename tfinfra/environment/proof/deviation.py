"""One way in which an environment is not what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    CHANGED = "changed"
    MISSING = "missing"
    FOREIGN = "foreign"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True)
class Deviation:
    """`path` is relative to the environment; `text` says what is wrong with it; `package` is the distribution that the
    file belongs to, "" where none is known."""

    kind: Kind
    path: str
    text: str
    package: str = ""

    def __str__(self) -> str:
        owner = f" (of {self.package})" if self.package else ""
        return f"{self.path}{owner}: {self.text}"
