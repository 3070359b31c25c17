"""Another tool's word for a key → what to write, with its value where that can be said."""

from __future__ import annotations

import re
from typing import Any

from tfinfra.manifest.words.foreign_table import HOROVOD, INPUT, INSIDE, KEYS, PARAMETERS, SENTENCES
from tfinfra.manifest.words.meanings import MEANINGS
from tfinfra.manifest.words.tensorflow_meant import container
from tfinfra.manifest.words.written import OPEN, as_hint, duration, write

_TOP = {word: key for key, words in KEYS.items() for word in words.split()}
_BELOW = {word: (outer, key) for outer, keys in INSIDE.items() for key, words in keys.items() for word in words.split()}
_SAID = {word: sentence for sentence, words in SENTENCES.items() for word in words.split()}
_OF_INPUT = {word: key for key, words in INPUT.items() for word in words.split()}
_NUMBER = re.compile(r"[-+]?[\d.]+(e[-+]?\d+)?", re.IGNORECASE)
_PLACES = frozenset(
    [
        "target",
        "destination",
        "mount_path",
        "mount",
        "mount_point",
        "mountpoint",
        "dst",
        "path_on_compute",
        "container_path",
        "instance_path",
    ]
)
"""Where other tools put an input on a node."""
_NEVER_BELOW = {"on_failure"}
"""Whose words mean something else at the top."""

WORDS = frozenset(
    {
        *_TOP,
        *(w for w, (outer, _) in _BELOW.items() if outer not in _NEVER_BELOW),
        *_SAID,
        *HOROVOD,
        *MEANINGS,
        *PARAMETERS,
    }
)
"""Every word that is known at the top of a manifest."""


def in_our_form(word: str) -> str:
    """`instanceCount`, `Instance-Count`, `--instance-count` and `instance count` as instance_count."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", word)
    return re.sub(r"[-\s_./]+", "_", parted.lower()).strip("_")


def at_the_top(word: str, value: Any = None) -> str | None:
    """What to write for another tool's `word` (in our form) at the top of a manifest, None where it is none."""
    if word in MEANINGS and (meant := MEANINGS[word](value)):
        return as_hint(meant)
    if word in HOROVOD:
        variable, factor = HOROVOD[word]
        number = int(value) * factor if isinstance(value, int) else value
        return write({"environment_variables": {variable: "…" if number is None else number}})
    if word in PARAMETERS:
        shown = value if isinstance(value, (int, float, str)) and _NUMBER.fullmatch(str(value)) else OPEN
        return f"it belongs under script_params; {write({'script_params': {f'--{word}': shown}})}"
    if word in _TOP:
        return write({_TOP[word]: value})
    if word in _BELOW and _BELOW[word][0] not in _NEVER_BELOW:
        return under(*_BELOW[word], _in_its_unit(word, value))
    return _SAID.get(word)


def below(outer: str, word: str, value: Any = None) -> str | None:  # noqa: PLR0911  a line a case
    """The same within `outer`: limits, compute_target, on_failure, or "inputs" for one of the inputs."""
    if outer == "inputs":
        if word in ("type", "name", "version", "description", "store"):
            return "remove it: path or url says what an input is, and the key above is its name"
        if word in _PLACES and not isinstance(value, bool):
            return "remove it: TFINFRA_INPUT_<NAME> holds an input's path in every task"
        return write({_OF_INPUT[word]: value}) if word in _OF_INPUT else None
    if outer == "on_failure" and duration(value) is not None:
        return write({"hold": _in_its_unit(word, value)})
    if outer == "compute_target" and word == "type":
        return write({"cloud": value})
    if outer == "compute_target" and word == "name" and isinstance(value, str):
        return f"{write({'compute_target': value})}; a target that is described here has no name"
    if outer == "compute_target" and word.endswith(("image", "image_id")) and (other := container(value)):
        return other
    found = _BELOW.get(word)
    if found and found[0] == outer:
        return write({found[1]: _in_its_unit(word, value)})
    meant = MEANINGS[word](value) if word in MEANINGS and outer == "compute_target" else None
    if isinstance(meant, dict) and outer in meant:
        return write({key: each for key, each in meant[outer].items() if key != "cloud"})
    if outer == "compute_target" and _TOP.get(word) == "vm_size":
        return write({"vm_size": value})
    if isinstance(meant, dict) and "vm_priority" in meant:
        return write(meant)
    hint = at_the_top(word, value)
    return hint if hint is None or hint.startswith("remove it") else f"it belongs one level up, at the top: {hint}"


def _in_its_unit(word: str, value: Any) -> Any:
    """A number behind a word that names its unit; Slurm's `time` counts minutes."""
    unit = next((unit for ending, unit in (("hours", "h"), ("minutes", "m")) if word.endswith(ending)), None)
    unit = unit or ("m" if word == "time" else None)
    return f"{value}{unit}" if unit and re.fullmatch(r"\d+(\.\d+)?", str(value)) else value


def under(outer: str, key: str, value: Any = None) -> str:
    """Where a key that was written at another level belongs."""
    if key == "image" and (other := container(value)):
        return other
    inside = write({key: value}).removeprefix("write ")
    if key == "max_price" and ":" in inside:  # of a dedicated node it is refused
        inside = f"vm_priority: low_priority, {inside}"
    return f"it belongs under {outer}; write {outer}: {{{inside if ':' in inside else f'{key}: {OPEN}'}}}"


def one_level_up(key: str, value: Any = None) -> str:
    """The same of a key of the manifest."""
    return f"it belongs one level up: write it at the top level, {write({key: value}).removeprefix('write ')}"


def told(word: str) -> str | None:
    """What to write for another tool's word, in whatever form and wherever it stands, None where it is none."""
    outer, _, inner = word.rpartition(".")
    if outer in (*INSIDE, "inputs") and (hint := below(outer, in_our_form(inner))):
        return hint
    form = in_our_form(word)
    hints = (at_the_top(form) if form in WORDS else None, *(below(outer, form) for outer in (*INSIDE, "inputs")))
    return next((hint for hint in hints if hint), None)
