"""What each rule on script_params says of an entry: that the script's own parser would refuse it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.compiler.facts import Facts
from tfinfra.compiler.search import command_lines
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import KeyPath, error_at
from tfinfra.manifest.manifest import Manifest
from tfinfra.model.script_variables import expanded
from tfinfra.tuning.arguments import flag

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


def refused(facts: Facts, judge: Callable[[Words], Iterable[Wrong]]) -> Iterator[Diagnostic]:
    """An error for each entry that `judge` finds wrong, once: of a tune in the command line of any of its trials."""
    told = set[str]()
    for given in command_lines(facts.manifest):
        for wrong in judge(given):
            if (wrong.flag or wrong.message) not in told:
                path = entry_path(facts.manifest, wrong.flag)
                hint = _of_a_trial(wrong) if path[0] == "tune" else wrong.hint
                yield error_at(facts.document, "TFI511", path, wrong.message, hint, at=wrong.at)
            told.add(wrong.flag or wrong.message)


def _of_a_trial(wrong: Wrong) -> str:
    """The way out for a flag that a search gives its values: it has one form, and the script has to take it."""
    if not wrong.hint.startswith(("write ", "leave ")):
        return wrong.hint
    return f"a trial gives it as `{wrong.flag} VALUE`: have the script take that"


def entry_path(manifest: Manifest, entry: str) -> KeyPath:
    """Where an entry is written; what is missing is missing in script_params."""
    space = manifest.tune.parameter_space if manifest.tune else {}
    if tuned := next((name for name in space if flag(name) == entry), None):
        return ("tune", "parameter_space", tuned)
    if entry:
        return ("script_params", entry)
    return manifest.path("script_params" if "script_params" in manifest.given else "entry_script")


def words_of(given: Words) -> list[str]:
    """The command line; each of tfinfra's variables in it has some value."""
    return [expanded(word, _Anything()) for entry, values in given.items() for word in (entry, *values)]


def is_known_to_tasks_alone(given: Words, entry: str) -> bool:
    """Whether an entry holds one of tfinfra's variables: its value may be refused here, and fine in a task."""
    return "${" in f"{entry} {' '.join(given.get(entry, ()))}"


class _Anything(dict[str, str]):
    """A value for each of tfinfra's variables."""

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002
        return "0" if "SHARD" in key else "/x"
