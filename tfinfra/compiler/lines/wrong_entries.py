"""What each rule on script_params says of an entry: that the script's own parser would refuse it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.compiler.facts import Facts
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import KeyPath, error_at
from tfinfra.model.script_variables import expanded

OFF = re.compile(r"false|no|off|0|none", re.IGNORECASE)
"""What people write for "not"."""
Words = Mapping[str, tuple[str, ...]]
"""script_params: each flag with its values."""


@dataclass(frozen=True)
class Wrong:
    """What is wrong with one entry of script_params; no `flag` where something is missing there."""

    flag: str
    message: str
    hint: str
    at: str = "value"


def refused(facts: Facts, wrongs: Iterable[Wrong]) -> Iterator[Diagnostic]:
    """An error for each, at its entry."""
    manifest = facts.manifest
    for wrong in wrongs:
        path: KeyPath = ("script_params", wrong.flag) if wrong.flag else manifest.path("script_params")
        if not wrong.flag and "script_params" not in manifest.given:
            path = manifest.path("entry_script")
        yield error_at(facts.document, "TFI511", path, wrong.message, wrong.hint, at=wrong.at)


def words_of(given: Words) -> list[str]:
    """The command line; each of tfinfra's variables in it has some value."""
    return [expanded(word, _Anything()) for flag, values in given.items() for word in (flag, *values)]


def is_known_to_tasks_alone(given: Words, flag: str) -> bool:
    """Whether an entry holds one of tfinfra's variables: its value may be refused here, and fine in a task."""
    return "${" in f"{flag} {' '.join(given.get(flag, ()))}"


class _Anything(dict[str, str]):
    """A value for each of tfinfra's variables."""

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002
        return "0" if "SHARD" in key else "/x"
