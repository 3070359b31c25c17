"""The way out of a value of the wrong kind: a text where a mapping is wanted, a mapping in a list, a quoted number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tfinfra.manifest.document import KeyPath
from tfinfra.manifest.tuning.words import kind_of_argument
from tfinfra.manifest.words.flow import flow
from tfinfra.manifest.words.meanings import command, data, distribution, setup
from tfinfra.manifest.words.odd_characters import what_is_odd
from tfinfra.manifest.words.written import (
    DURATION_KEYS,
    OPEN,
    amount,
    as_hint,
    duration,
    fitted,
    gibibytes,
    one_input,
    write,
)
from tfinfra.text.credentials import only_name, unnamed

_SHORT = 40
_PACKAGES = ("pip_packages", "conda_packages", "source_builds")
_MADE = ("script_params", "environment_variables", "inputs", "tags", "secrets", "pip_packages", "conda_packages")
"""Keys whose value can be made of other shapes."""
_EXAMPLES = {
    "limits": "write limits: {max_run_duration: 24h}, with max_cost_usd: 20 beside it",
    "script_params": "write one flag a line below it: script_params: {--epochs: 5}",
    "environment_variables": "write environment_variables: {NAME: value}",
    "tags": "write tags: {team: vision}",
    "metrics": "write metrics: {primary: val_accuracy}, or {tracking_uri: https://mlflow.example.com}",
    "tune": "write its keys below it: `tfinfra explain tune` shows an example",
    "inputs": "write inputs: {data: {path: ./data}}",
    "compute_target": "write local, a name of compute_targets.yaml, or {cloud: azure, vm_size: Standard_D8s_v5}",
    "on_failure": "write delete, or {hold: 30m}",
    "secrets": "write the variables' names alone: secrets: [HF_TOKEN]",
    "tf_config": "write auto: tfinfra makes TF_CONFIG for every task",
    "use_gpu": "write true or false without quotes; how many GPUs a node has says vm_size",
    "source_directory": "write one folder: source_directory: src",
}
_COMMANDS = {"entry_script": command, "setup_script": setup}
"""Keys that name a file, and what is meant by commands in their place."""
_COLON = re.compile(r"([\w-]+):([^\s/].*)")
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def way_out_of_wrong_kind(path: KeyPath, wanted: list[str], value: Any) -> str | None:  # noqa: PLR0911  a line a case
    """What to write where `value` is none of the `wanted` kinds (Cerberus's names, and "text")."""
    key = str(path[0])
    if isinstance(value, str) and (odd := what_is_odd(value)):
        return odd
    if "dict" in wanted and isinstance(value, str) and (apart := _COLON.fullmatch(value)):
        return f"a space is missing after the ':': write {apart[1]}: {_brief(apart[2])}"
    if key in _PACKAGES and len(path) > 1:
        return _package_hint(path, value)
    if key == "inputs" and len(path) == 2 and path[1] in ("path", "url", "mode"):
        return f"an input has a name: write inputs: {{data: {{{path[1]}: {_brief(value)}}}}}"
    if key == "inputs" and len(path) == 2 and isinstance(value, (int, float)):
        return f"a value of the script belongs under script_params: {{--{path[1]}: {_brief(value)}}}"
    if key == "inputs" and isinstance(value, (str, list)) and (why := data(value)):
        return as_hint(why)
    alone = value[0] if isinstance(value, list) and len(value) == 1 else value
    if key == "inputs" and len(path) > 1 and isinstance(alone, str):
        ((inner, place),) = one_input(alone).items()
        return f"write {{{inner}: {_brief(place)}}}"
    if isinstance(value, list) and (key == "setup_script" or len(value) > 1) and (meant := _commands(key, value)):
        return meant
    if len(path) == 1 and key in _MADE and (made := _made(key, value)):
        return made
    if path[:2] == ("tune", "parameter_space") and len(path) < 5:
        return _parameter(path, value)
    if key == "distributed_backend" and isinstance(told := distribution(value), dict):
        return write(told)
    return _by_kind(path, wanted, value) or (_EXAMPLES.get(key) if len(path) == 1 else None)


def _commands(key: str, value: list[Any]) -> str | None:
    """What to write for commands where a file is wanted."""
    return as_hint(_COMMANDS[key](value)) if key in _COMMANDS else None


def _made(key: str, value: Any) -> str | None:
    if key in _PACKAGES and isinstance(value, str):
        file = re.fullmatch(r"(?:-r\s*|--requirement[ =])?([^\s,]+\.(?:txt|in))", value.strip())
        return (
            f"write pip_requirements_file: {file[1]}" if file and key == "pip_packages" else f"write {_as_list(value)}"
        )
    made = fitted(key, value)
    if made is None:
        return None
    if key == "tags" and isinstance(made, Mapping):  # behind a '=' may stand a secret
        value = dict.fromkeys(made, OPEN)
    hint = write({key: value})
    return hint if hint != f"write {key}" else _EXAMPLES.get(key)


def _parameter(path: KeyPath, value: Any) -> str:
    """What stands for a parameter of a search, or for all."""
    if len(path) == 2:
        return "write one flag a line below it: parameter_space: {--learning-rate: {uniform: [0.001, 0.1]}}"
    if len(path) == 4:
        return kind_of_argument(str(path[3]), value)
    if isinstance(value, list):
        return f"write {{choice: {_brief(value)}}}"
    return "for example {uniform: [0.001, 0.1]}; a value that stays the same belongs under script_params"


def _by_kind(path: KeyPath, wanted: list[str], value: Any) -> str | None:  # noqa: PLR0911  a line a case
    if path == ("max_run_duration_seconds",) and isinstance(value, str) and (length := duration(value)):
        return f"write limits: {{max_run_duration: {length}}}" if not str(length).isdigit() else _whole_number(value)
    if path[-1] == "os_disk_gb" and isinstance(value, str) and not value.strip().isdigit():
        size = gibibytes(value)
        return f"write {size}" if size else "write a whole number of GiB, for example 128"
    if "integer" in wanted:
        return _whole_number(value)
    if "number" in wanted:
        found = amount(value) if isinstance(value, str) else None
        plain = " without quotes" if found == value else ""
        return f"write {found}{plain}" if found else "write a number of US dollars, for example 20"
    if "boolean" in wanted:
        return _boolean(path, value)
    if "list" in wanted and isinstance(value, str):
        return f"write {_as_list(value)}"
    if isinstance(value, Mapping) and "dict" not in wanted:
        return _of_mapping(path, wanted, value)
    if path[0] == "limits" and "dict" in wanted:
        return _limits(value)
    if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], (Mapping, list)):
        return f"write {_brief(value[0])} without brackets"
    if isinstance(value, list) and "dict" not in wanted and len(path) > 1:
        return "write one value, in quotes where it holds a comma"
    if path[0] == "compute_target" and len(path) == 1:
        return _EXAMPLES["compute_target"]
    if {"string", "text"} & {*wanted} and isinstance(value, (int, float)):
        no_text = path[-1] in DURATION_KEYS and isinstance(value, bool)
        return "write a duration, for example 24h" if no_text else "put it in quotes"
    return None


def _limits(value: Any) -> str | None:
    if isinstance(value, list) and value and all(isinstance(each, Mapping) and len(each) == 1 for each in value):
        return f"write one mapping: limits: {_brief({name: one for each in value for name, one in each.items()})}"
    alone = value[0] if isinstance(value, list) and len(value) == 1 else value
    length = duration(alone) if isinstance(alone, str) else None
    return f"write limits: {{max_run_duration: {length}}}" if length else _EXAMPLES["limits"]


def _whole_number(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"\s*\d+\s*", value):
        return f"write {value.strip()} without quotes"
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,3}([,_ ]\d{3})+\s*", value):
        return f"write {re.sub('[^0-9]', '', value)}"
    if isinstance(value, float) and value.is_integer():
        return f"write {int(value)}"
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], int):
        return f"write {value[0]} without brackets"
    if isinstance(value, str) and value.strip().lower() in _NUMBERS:
        return f"write {_NUMBERS.index(value.strip().lower())}"
    return _number_in(value) if isinstance(value, str) else _A_NUMBER


_A_NUMBER = "write a whole number, for example 2"


def _number_in(text: str) -> str:
    """Of `0x2`, and of `2 nodes`."""
    if re.fullmatch(r"0(x[0-9a-f]+|o[0-7]+|b[01]+)", text, re.IGNORECASE):
        return f"write {int(text, 0)}"
    found = re.match(r"\s*(\d+)(?![\d.,:/-])\b", text)
    return f"write {found[1]}" if found else _A_NUMBER


def _boolean(path: KeyPath, value: Any) -> str | None:
    if isinstance(value, str) and value.lower() in ("true", "false", "yes", "no", "on", "off"):
        return f"write {'true' if value.lower() in ('true', 'yes', 'on') else 'false'} without quotes"
    if value in (0, 1):
        return f"write {'true' if value else 'false'}"
    return _EXAMPLES.get(str(path[-1]))


def _of_mapping(path: KeyPath, wanted: list[str], value: Mapping[str, Any]) -> str | None:  # noqa: PLR0911  a line a case
    """A mapping where one value is wanted, or a list of them."""
    if path[0] == "secrets":
        return _EXAMPLES["secrets"]
    if path[-1] in ("vm_size", "location", "zone", "compute_target", "image"):
        named = next((value[key] for key in ("name", "id", "size", "value") if isinstance(value.get(key), str)), None)
        return f"write {path[-1]}: {_brief(named)}" if named else f"write its name alone: {path[-1]}: …"
    if path[0] in ("script_params", "environment_variables", "tags"):
        known = value.get("value", value.get("default"))
        if isinstance(known, (str, int, float)) and path[0] != "environment_variables":
            return f"write {_brief(path[-1])}: {_brief(known)}"
        json = "write it as JSON in single quotes, '{\"a\": 1}'"
        return json if path[0] != "tags" else "write one text for each tag"
    if path == ("entry_script",):
        named = next((each for each in value.values() if isinstance(each, str) and each.endswith(".py")), None)
        return f"write entry_script: {named}" if named else "write the script's path alone: entry_script: train.py"
    if "list" in wanted:
        return "write a list: [a, b]"
    return _EXAMPLES.get(str(path[0])) or "write one value, without keys below it"


def _package_hint(path: KeyPath, value: Any) -> str | None:
    if isinstance(value, Mapping):
        if path[0] == "conda_packages" and "pip" in value:
            return "pip's packages belong in pip_packages"
        named = fitted("pip_packages", value)
        text = f": {flow(named[0])}" if named and len(named) == 1 else ': "a==1.0"'
        return f"write a package and its version as one text{text}"
    if isinstance(value, list):
        return "write its items one by one, without a list of their own"
    return "write a package's name" if isinstance(value, (int, float)) else None


def _as_list(value: str) -> str:
    """A text as the list that is meant: the words of `numpy pandas`, the item of a `-numpy` without its space."""
    words = re.split(r"[,\s]+", value.strip(" ,").removeprefix("-").strip())
    plain = all(re.match(r"\w", word) and only_name(word) == word for word in words)
    return f"[{', '.join(words)}]" if plain and len(value) < _SHORT else "a list: [a, b]"


def _brief(value: Any) -> str:
    """A value as a hint may show it."""
    text = flow(value)
    return text if len(text) < _SHORT and unnamed(text) == text and "?" not in text else "…"
