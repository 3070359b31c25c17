"""Which entries a word means: a key with or without what it stands in, an exit code, a variable."""

from __future__ import annotations

from collections.abc import Iterable

from tfinfra.manifest.words.foreign_words import told
from tfinfra.reference.entry import Entry
from tfinfra.reference.exit_codes import exit_codes
from tfinfra.reference.keys import ANY as ANY_NAME
from tfinfra.reference.keys import TARGETS_FILE, all_keys
from tfinfra.reference.variables import ANY as ANY_INPUT
from tfinfra.reference.variables import client_variables, task_variables

_TARGET = "compute_target."


def entries() -> tuple[Entry, ...]:
    """All of them: keys file by file, exit codes, variables."""
    return (*all_keys(), *exit_codes(), *task_variables(), *client_variables())


def found(word: str, known: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries that `word` names, those of whole names before those of which it is the last part: `max_cost_usd`
    is `limits.max_cost_usd` too. `exit 11` and `compute_target.zone` are names as well."""
    name = word.strip().casefold().removeprefix("exit code ").removeprefix("exit ").removeprefix("$").strip("{}")
    every = tuple(known)
    whole = [one for one in every if any(_is_named(one_name, name) for one_name in _names(one))]
    last = [one for one in every if one.kind == "key" and one.name.casefold().rpartition(".")[2] == name]
    return tuple(dict.fromkeys([*whole, *last]))


_CONVERTED = "; `tfinfra convert FILE` makes a manifest"
_TOOLS = {
    "skypilot.md" + _CONVERTED: "skypilot sky",
    "azure-ml.md" + _CONVERTED: "azureml azure-ml aml scriptrunconfig hyperdrive batchai batch-ai",
    "tfjob.md" + _CONVERTED: "tfjob mpijob kubeflow kubernetes",
    "horovodrun.md": "horovodrun horovod mpirun mpiexec",
}
"""{where it stands what another tool's words are here: what the tool is called}"""


def told_by_others(word: str) -> str | None:
    """What to write for another tool's word for a key, or where to read of the tool itself; None where it is none that
    is known."""
    name = "-".join(word.casefold().split())
    page = next((page for page, names in _TOOLS.items() if name in names.split()), None)
    return f"what its words are here says docs/migration/{page}" if page else told(word)


def _names(entry: Entry) -> Iterable[str]:
    """A target's keys are also found as they stand in a manifest."""
    inline = (f"{_TARGET}{entry.name}",) if entry.of == TARGETS_FILE else ()
    return (entry.name.casefold(), *inline)


def _is_named(name: str, word: str) -> bool:
    """Whether `word` is `name`, with any text, or nothing, in the place of a name that users give."""
    before, _, after = name.partition(ANY_NAME if ANY_NAME in name else ANY_INPUT.casefold())
    if (before, after) == (name, ""):
        return word == name
    middle = word[len(before) : len(word) - len(after)]
    fits = word.startswith(before) and word.endswith(after) and len(word) > len(before) + len(after)
    return bool(before) and ((fits and "." not in middle) or word in (name, f"{before}{after.removeprefix('.')}"))
