"""A manifest for a script that is there, by its syntax tree: entry script, backend, packages, arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from tfinfra.backends.base import ScriptSign
from tfinfra.backends.registry import BACKENDS, DISTRIBUTED
from tfinfra.catalog.modules.module_names import usual_owner
from tfinfra.catalog.modules.python_modules import brings
from tfinfra.catalog.tensorflow import framework
from tfinfra.compiler.environment_modules import of_requirements
from tfinfra.compiler.facts import Facts
from tfinfra.compiler.load import project_of_text
from tfinfra.compiler.pipeline import read, resolved
from tfinfra.compiler.source.script import Script, Use, parse
from tfinfra.compiler.starting.entry_search import training_scripts
from tfinfra.compiler.starting.flags import Flag, flags_of
from tfinfra.compiler.starting.starter import ENDING, MANIFEST, ONE_NODE, SCHEMA_LINE
from tfinfra.compiler.user_paths import read_bounded
from tfinfra.errors import UsageError, readable
from tfinfra.manifest.key_schema import fitting_name
from tfinfra.text.credentials import hidden
from tfinfra.travel.walk import survey

_FILES = {
    "pip_requirements_file": ("requirements.txt", "requirements-train.txt"),
    "conda_dependencies_file": ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml"),
}
"""{key: files that people call so}"""
_MOST_FILES, _MOST_BYTES, _MOST_HELP, _MOST_OTHERS = 400, 1_000_000, 60, 5
_PINNED = re.compile(r"^tensorflow(?:-cpu|-gpu)?\s*==\s*([0-9.]+)\s*(?:[;#].*)?$", re.MULTILINE)
_PLACES = {
    r"check-?point|ckpt|restore|resume": "${TFINFRA_CHECKPOINTS}",
    r"(job|model|output|export|save|result)s?[-_]?(dir|path|folder|file)?$": "${TFINFRA_OUTPUTS}/…",
    r"(data|input|train|eval|test|valid)[a-z]*[-_]?(dir|path|folder|files?|root)$|^--data$": (
        "${TFINFRA_INPUT_DATA}, and inputs: {data: {path: …}}"
    ),
}
"""{how people call a flag that takes a place: what to write for a place that all tasks have}"""


@dataclass(frozen=True)
class Found:
    """A folder's scripts: the `entry` that is taken, the `others` that might be meant, the files of requirements."""

    entry: str
    others: tuple[str, ...]
    files: dict[str, str]


@dataclass(frozen=True)
class Chosen:
    """The backend of a script, and the use of a name that speaks for it; `sign` says what that is."""

    backend: str
    use: Use
    sign: ScriptSign


@dataclass(frozen=True)
class _Proposal:
    """`unknown` are modules of which no package is known."""

    keys: dict[str, Any]
    found: Found
    chosen: Chosen | None
    packages: list[str]
    unknown: list[str]
    flags: tuple[Flag, ...]


def look(source: Path) -> Found:
    """What there is in a folder, or beside a script. Raises UsageError where no file of it trains with TensorFlow."""
    folder, script = (source, "") if source.is_dir() else (source.parent, source.name)
    names = [file.name for file in survey(folder, folder).files if file.link is None and file.size <= _MOST_BYTES]
    python = [name for name in names if name.endswith(".py") and name.isprintable()][:_MOST_FILES]
    texts = {name: _text_of(folder / name) for name in python}
    scripts = training_scripts(texts)
    if not script and not scripts:
        hint = "name the script itself: --from DIR/SCRIPT.py"
        raise UsageError(f"no Python file in '{source}' trains with TensorFlow{_unread(texts)}", hint)
    entry = script or scripts[0]
    files = {key: next((name for name in known if name in names), "") for key, known in _FILES.items()}
    return Found(entry, tuple(name for name in scripts if name != entry), {k: v for k, v in files.items() if v})


def _unread(texts: Mapping[str, str]) -> str:
    """ ", and 'train.py' is not Python: …" of the first file that nobody can look into, "" where there is none."""
    faults = {name: tree for name, text in texts.items() if isinstance(tree := parse(text), (SyntaxError, ValueError))}
    if not faults:
        return ""
    name = min(faults, key=lambda one: ("train" not in one, one.count("/"), one))
    fault = faults[name]
    line = f":{fault.lineno}" if isinstance(fault, SyntaxError) and fault.lineno else ""
    return f", and '{name}{line}' is not Python: {fault.msg if isinstance(fault, SyntaxError) else fault}"


def _text_of(path: Path) -> str:
    """The file's text, "" where it cannot be read: what is wrong with the script itself, `validate` says."""
    try:
        return (read_bounded(path, _MOST_BYTES) or b"").decode("utf-8", "replace")
    except OSError:
        return ""


def propose(source: Path, folder: Path, schema: str) -> str:
    """The text of a manifest in `folder` for the script in `source`, a folder or the script itself. Raises UsageError
    as `look` does."""
    found = look(source)
    where = source if source.is_dir() else source.parent
    keys: dict[str, Any] = {"name": fitting_name(where.resolve().name)}
    if (relative := PurePosixPath(relpath(where.resolve(), folder.resolve())).as_posix()) != ".":
        keys["source_directory"] = relative
    keys["entry_script"] = found.entry
    keys, facts = _as_it_runs(keys, folder)
    chosen = _backend(facts.script)
    keys |= found.files | _version(where, found) | (dict(BACKENDS[chosen.backend].first_keys) if chosen else {})
    packages, unknown = _packages(_facts(keys, folder))
    flags = flags_of(facts.project.source.modules.values())
    return _text(_Proposal(keys, found, chosen, packages, unknown, flags), schema)


def _as_it_runs(keys: dict[str, Any], folder: Path) -> tuple[dict[str, Any], Facts]:
    """The keys with the entry script by its path or, where it finds more of its own modules so, as a module (-m)."""
    facts = _facts(keys, folder)
    path = PurePosixPath(keys["entry_script"])
    if facts.project.source.lost and path.suffix == ".py" and all(map(str.isidentifier, path.with_suffix("").parts)):
        as_module = {**keys, "entry_script": f"-m {'.'.join(path.with_suffix('').parts)}"}
        others = _facts(as_module, folder)
        if others.project.source.entry and len(others.project.source.lost) < len(facts.project.source.lost):
            return as_module, others
    return keys, facts


def _version(where: Path, found: Found) -> dict[str, Any]:
    """The TensorFlow that the requirements pin, where it is one that runs here."""
    text = _text_of(where / found.files["pip_requirements_file"]) if "pip_requirements_file" in found.files else ""
    pinned = _PINNED.search(text)
    return {"framework_version": pinned[1]} if pinned and framework(pinned[1]) is not None else {}


def _facts(keys: dict[str, Any], folder: Path) -> Facts:
    text = yaml.safe_dump(keys, sort_keys=False, allow_unicode=True)
    return resolved(read(project_of_text(text.encode("utf-8", "surrogatepass"), file=MANIFEST, folder=folder)))


def _backend(script: Script) -> Chosen | None:
    """By the surest sign: what needs its backend, then a strategy, then the others. An estimator that is only trained
    has no cluster."""
    found = [
        Chosen(name, use, sign)
        for name in DISTRIBUTED
        for sign in BACKENDS[name].signs
        if (use := script.use_of(sign)) and (sign.dialect != "estimator" or script.find_last("train_and_evaluate"))
    ]
    return min(found, key=lambda one: (not one.sign.needed, not one.sign.strategy), default=None)


def _packages(facts: Facts) -> tuple[list[str], list[str]]:
    """The packages of imports that nothing meets yet, and the modules whose package is not known."""
    if facts.spec is None:
        return [], []
    known, python = of_requirements(facts.spec.requirements), facts.manifest.python_version
    outside = [one for one in facts.project.source.outside if not one.is_given]
    lacking = [
        one.name
        for one in outside
        if not brings(one.name.partition(".")[0], python) and known.provides(one.name, one.members) is False
    ]
    owners = {name: usual_owner(name) for name in lacking if name.partition(".")[0] != "horovod"}
    unknown = {name.partition(".")[0] for name, owner in owners.items() if owner is None}
    return sorted({owner for owner in owners.values() if owner}), sorted(unknown)


def _text(made: _Proposal, schema: str) -> str:
    keys, found, chosen = made.keys, made.found, made.chosen
    counts = {key: keys[key] for key in (BACKENDS[chosen.backend].first_keys if chosen else ())}
    unknown = ", ".join(map(_one_line, made.unknown))
    lines = [
        f"# Proposed by `tfinfra init` for {_one_line(found.entry)}; `tfinfra explain KEY` says what a key means.",
        *([f"# Other scripts: {_one_line(', '.join(found.others[:_MOST_OTHERS]))}"] if found.others else []),
        *_dumped({key: value for key, value in keys.items() if key not in counts}),
        *_flag_lines(made.flags),
        *(_dumped({"pip_packages": made.packages}) if made.packages else []),
        *([f"# No package is known for {unknown}: name the one that has it in pip_packages."] if unknown else []),
        "",
    ]
    if chosen is None:
        lines += ONE_NODE.splitlines()
    else:
        lines += [f"# {_one_line(chosen.use.module)}:{chosen.use.line} uses {chosen.sign.what}", *_dumped(counts)]
        if chosen.sign.dialect:
            lines.append(f"# tf_config: {chosen.sign.dialect}      # what `auto` finds by the script's names")
    return SCHEMA_LINE.format(schema) + "\n".join([*lines, "", ENDING])


def _dumped(keys: dict[str, Any]) -> list[str]:
    return yaml.safe_dump(keys, sort_keys=False, allow_unicode=True, width=1000).splitlines() if keys else []


def _flag_lines(flags: tuple[Flag, ...]) -> list[str]:
    """The script's flags as comments: what is not written keeps the script's own default."""
    if not flags:
        return []
    rows = [(f"#   {_one_line(flag.name)}: {_value(flag)}".rstrip(), flag) for flag in flags]
    width = min(40, max(len(row) for row, _ in rows))
    head = "# What the script takes, with its own defaults: take the `#` from what you change."
    return [head, "# script_params:", *(_commented(row, flag, width) for row, flag in rows)]


def _commented(row: str, flag: Flag, width: int) -> str:
    said = "required" if flag.required else "a secret: name it in `secrets`" if flag.secret else ""
    place = "" if flag.bare else next((f"or {to}" for name, to in _PLACES.items() if re.search(name, flag.name)), "")
    text = "; ".join(part for part in (said, place, _one_line(flag.help)[:_MOST_HELP]) if part)
    return f"{row:<{width}}  # {text}".rstrip(" #") if text else row


def _value(flag: Flag) -> str:
    """As YAML has it, on one line: null for a bare flag, nothing for a value that is not known."""
    if flag.bare or flag.default is None:
        return "null" if flag.bare else ""
    shown = hidden(flag.default) if isinstance(flag.default, str) else flag.default
    return str(yaml.safe_dump(shown, default_flow_style=True, width=1000)).split("\n", maxsplit=1)[0]


def _one_line(text: str) -> str:
    return readable(" ".join(hidden(text).split()))
