"""What the shell offers at Tab. It asks no cloud and starts nothing: what lies on this machine is enough, and a person
waits. What cannot be read is not offered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VARIABLE = "_TFINFRA_COMPLETE"
"""The environment variable by which the shell's script asks."""
Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]
_PLAIN = re.compile(r"[\w.:@%+=,-]+")
"""What the shells' scripts hand on as one word. A file's name that is no such word is left to the shell itself."""
_MANIFESTS = (".yaml", ".yml")


def completing(find: Callable[[click.Context], Iterable[str]]) -> Completer:
    """A completer of the words that `find` gives, sorted as it does."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        del parameter
        with suppress(Exception):  # whatever it is, nobody wants an error in the middle of a word
            words = [word for word in dict.fromkeys(find(context)) if word.startswith(begun) and _PLAIN.fullmatch(word)]
            return [CompletionItem(word) for word in words]
        return []

    return complete


def manifests(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """YAML files; where there is none, files and folders as the shell finds them."""
    from click.shell_completion import CompletionItem

    del context, parameter
    folder, slash, start = begun.rpartition("/")
    with suppress(OSError):
        here = Path(folder + slash).expanduser() if slash else Path()
        begun_so = [path for path in sorted(here.iterdir()) if path.name.startswith(start)]
        found = [path.name for path in begun_so if path.suffix in _MANIFESTS and path.name != "compute_targets.yaml"]
        if (
            found
            and all(map(_PLAIN.fullmatch, found))
            and not any(path.is_dir() and not path.name.startswith(".") for path in begun_so)
        ):
            return [CompletionItem(f"{folder}{slash}{name}") for name in found]
    return [CompletionItem(begun, type="file")]


def all_runs(context: click.Context) -> list[str]:
    """The ids of all runs, the newest first, then their names."""
    del context
    return _ids(_records())


def live_runs(context: click.Context) -> list[str]:
    """The same of runs that are not known to be deleted; of all where none is."""
    del context
    records = _records()
    return _ids([record for record in records if record.get("phase") != "deleted"] or records)


def tunes(context: click.Context) -> list[str]:
    """The ids of all tunes, the newest first."""
    from tfinfra.system.paths import state_folder

    del context
    runs = state_folder() / "runs"
    return [run for record in _records() if (runs / (run := str(record["run"])) / "tune").is_dir()]


def run_names(context: click.Context) -> list[str]:
    del context
    return [str(record["name"]) for record in _records()]


def tasks(context: click.Context) -> list[str]:
    """Those of the run that is named before."""
    run = context.params.get("run") or next(iter(context.args), None)  # the latter, where an option lacks its value yet
    meant = (record for record in _records() if run in (record["run"], record["name"]))
    return [str(task) for record in meant for task in record["plan_tasks"]]


def targets(context: click.Context) -> list[str]:
    """The names of the target files here and in the user's configuration folder."""
    from tfinfra.compiler.load import load_targets

    del context
    return ["local", *(name for document in load_targets(Path.cwd()) for name in document.data)]


def codes(context: click.Context) -> list[str]:
    from tfinfra.manifest.codes import explanations

    del context
    return [found.code for found in explanations()]


def all_codes(context: click.Context) -> list[str]:
    """Those of diagnostics, and of the rules of an audit."""
    from tfinfra.auditing.rule_table import rules

    return [*codes(context), *(rule.code for rule in rules())]


def all_words(context: click.Context) -> list[str]:
    """All that `explain` takes."""
    from tfinfra.cli.main import VERBS
    from tfinfra.reference.find import entries

    keys = [entry.name for entry in entries()]
    inner = (name.rpartition(".")[2] for name in keys if "." in name)
    return list(dict.fromkeys([*all_codes(context), *keys, *inner, *VERBS]))


def regions(context: click.Context) -> list[str]:
    from tfinfra.catalog.sizes import locations

    del context
    return sorted(locations())


def _records() -> list[dict[str, Any]]:
    """This machine's records as they lie there, the newest first: to read them as records takes longer."""
    from tfinfra.system.paths import state_folder

    found: list[dict[str, Any]] = []
    for path in (state_folder() / "runs").glob("*/run.json"):
        with suppress(OSError, ValueError):
            record = json.loads(path.read_text("utf-8"))
            if isinstance(record, dict) and record.get("run") == path.parent.name:
                found.append(record)
    return sorted(found, key=lambda record: -float(record.get("times", {}).get("started", 0.0)))


def _ids(records: Iterable[dict[str, Any]]) -> list[str]:
    records = list(records)
    return [*(str(record["run"]) for record in records), *(str(record["name"]) for record in records)]
