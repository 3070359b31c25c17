"""`key: value` as a hint shows it: another tool's value in our form, where it has one there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tfinfra.manifest.described import Rules
from tfinfra.manifest.key_schema import (
    DURATION,
    LIMITS,
    MANIFEST,
    NAME,
    TARGET,
    VARIABLE,
    fitting_input,
    fitting_name,
)
from tfinfra.manifest.words.command_lines import parameters, split, values_of
from tfinfra.manifest.words.flow import flow
from tfinfra.manifest.words.foreign_paths import blob_url, target_named, unreadable
from tfinfra.text.credentials import covered, names_secret, unnamed

OPEN = "…"
"""What stands for a value that the reader of the hint knows."""
_LONGEST = 90
DURATION_KEYS = ("max_run_duration", "keep_outputs", "hold", "max_run_duration_seconds")
_UNITS = {"s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "mins": 60, "minute": 60}
_UNITS |= {"minutes": 60, "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400}
_UNITS |= {"days": 86400, "w": 604800, "week": 604800, "weeks": 604800}
_NUMBER = re.compile(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
_PARTS = re.compile(r"(\d+(?:\.\d+)?) ?([a-z]+)")
_CLOCK = re.compile(r"(?:(\d+)(?:-|[.:](?=\d+:\d+:)))?(\d{1,3}):(\d{2})(?::(\d{2}))?")
"""hh:mm:ss and hh:mm, with days before them: "1-02:00" (Slurm), "1.02:00:00" (.NET), "1:02:00:00"."""
_ISO = re.compile(r"p(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?)?", re.IGNORECASE)


def write(values: Mapping[str, Any]) -> str:
    """ "write node_count: 2, use_gpu: true"; a value that does not fit, is long or may be a secret is left out."""
    shown = ", ".join(_pair(key, value) for key, value in values.items())
    return f"write {shown}"


def as_hint(meant: Mapping[str, Any] | str | None) -> str | None:
    """What is meant as a way out: a text as it is, values as what to write."""
    return meant if meant is None or isinstance(meant, str) else write(meant)


def _pair(key: str, value: Any) -> str:
    meant = fitted(key, value)
    if meant is None:
        return key
    text = _shown(key, meant)
    return key if text is None else f"{key}: {text}"


def _shown(key: str, value: Any) -> str | None:
    if key == "environment_variables" and isinstance(value, Mapping):
        plain = {name: each for name, each in value.items() if not names_secret(name)}
        if secrets := [name for name in value if name not in plain]:
            before = f"{_shown(key, plain)}, " if plain else ""
            return f"{before or '{}, '}secrets: {flow(secrets)}"
        value = {name: each if name.startswith("HOROVOD_") else OPEN for name, each in value.items()}
    elif isinstance(value, Mapping):
        value = {name: OPEN if names_secret(str(name)) and each is not None else each for name, each in value.items()}
    text = flow(value)
    line = f"{key}: {text}"
    if "\n" in text or len(text) > _LONGEST:
        return "{…}" if isinstance(value, Mapping) else None
    return text if covered(unnamed(line)) == line else None


def fitted(key: str, value: Any) -> Any:
    """`value` as `key` takes it, None where it has none that fits."""
    rules = MANIFEST.get(key) or LIMITS.get(key) or TARGET.get(key) or {"type": "text"}
    if value is None:
        return None
    if value == OPEN:
        return value
    if key in DURATION_KEYS:
        length = duration(value)
        return _in_seconds(length) if key == "max_run_duration_seconds" and length else length
    own = _OWN.get(key)
    made = own(value) if own else _by_type(value, rules)
    return made if _is_taken(made, rules) else None


def _in_seconds(length: str | int) -> int | None:
    return length if isinstance(length, int) else int(length) if length.isdigit() else round(_seconds(length) or 0)


def _is_taken(made: Any, rules: Rules) -> bool:
    """Whether the schema takes the value as a hint writes it: of text without quotes YAML may make a number."""
    kinds, inner = [rules["type"]] if isinstance(rules["type"], str) else rules["type"], rules.get("schema", {})
    if isinstance(made, list):
        return all(_is_taken(each, inner) for each in made) if "type" in inner else True
    if isinstance(made, Mapping):
        return {*made} <= {*inner} if inner and "type" not in inner else True
    if isinstance(made, (int, float)):
        return bool(rules.get("min", made) <= made <= rules.get("max", made))
    if not isinstance(made, str):
        return made is None
    pattern = rules.get("text_regex", rules.get("regex"))
    return (not pattern or bool(re.fullmatch(pattern, made))) and ("text" in kinds or not _NUMBER.fullmatch(made))


def _by_type(value: Any, rules: Rules) -> Any:  # noqa: PLR0911  a line a case
    kinds = [rules["type"]] if isinstance(rules["type"], str) else rules["type"]
    if isinstance(value, bool):
        return value if "boolean" in kinds else None
    if isinstance(value, int) or (isinstance(value, str) and value.isdigit() and "integer" in kinds):
        fits = rules.get("min", 0) <= int(value) <= rules.get("max", 10**9)
        return int(value) if {"integer", "number"} & {*kinds} and fits else str(value) if "text" in kinds else None
    if isinstance(value, float) or (isinstance(value, str) and "number" in kinds and _NUMBER.fullmatch(value)):
        value = float(value)
        return value if "number" in kinds else str(value) if "text" in kinds else None
    if isinstance(value, Mapping):
        return value if "dict" in kinds else None
    if isinstance(value, (list, tuple)):
        plain = all(isinstance(each, str) for each in value)
        return list(value) if "list" in kinds and plain else None
    if "text_regex" in rules and not re.fullmatch(rules["text_regex"], value):
        return None
    if "allowed" in rules:
        return value.lower() if value.lower() in rules["allowed"] else None
    return value if {"text", "string"} & {*kinds} else [value] if "list" in kinds else None


def duration(value: Any) -> str | int | None:
    """ "1h30m", "2 hours", "PT2H", "1-00:00:00" and "01:30:00" as a duration of a manifest: "2h", or seconds."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    if isinstance(value, (int, float)):
        return int(value) if 0 < value < 10**10 and value == int(value) else None
    if re.fullmatch(r"\s*\d+ ?M\s*", value):  # months, or minutes
        return None
    text = value.strip().lower()
    if re.fullmatch(DURATION, text):
        return text.replace(" ", "") if text.strip("0smhd ") else None
    seconds = _seconds(text)
    if seconds is None or seconds <= 0:
        return None
    unit = next(one for one in ("d", "h", "m", "s") if seconds % _UNITS[one] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


def _seconds(text: str) -> int | None:
    found = _CLOCK.fullmatch(text) or _ISO.fullmatch(text)
    if found and any(found.groups()):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    parts = _PARTS.findall(text)
    if not parts or re.sub(r"[\s,]|and", "", _PARTS.sub("", text)) or any(unit not in _UNITS for _, unit in parts):
        return None
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts))


def gibibytes(value: Any) -> int | None:
    """ "256GB", "1TB" and "2048 MiB" as whole GiB, as clouds count those of disks; None for what is no such size."""
    found = re.fullmatch(r"(\d+) ?([mgt]?)(?:i?b)?", str(value).strip().lower())
    if not found or isinstance(value, bool):
        return None
    mebibytes = int(found[1]) * {"m": 1, "g": 1024, "": 1024, "t": 1024**2}[found[2]]
    return mebibytes // 1024 if mebibytes and mebibytes % 1024 == 0 else None


def amount(value: Any) -> str | None:
    """ "20 USD", "$20" and "1,000" as a number of dollars; None for another currency, and for what is not clear."""
    text = re.sub(
        r"(?i)^(usd|us\$|\$)\s*|\s*(usd|us\$|\$|dollars?)?\s*(/|per)?\s*(h|hr|hour)?$", "", str(value).strip()
    )
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):
        return text.replace(",", "")
    return text if re.fullmatch(r"\d+(\.\d+)?", text) else None


def variables(value: Any) -> dict[str, Any] | None:
    """`[A=1]`, `A=1`, `[{name: A, value: 1}]` and `{A: 1}` as {A: 1}; None for what names no variable."""
    if isinstance(value, Mapping):
        return dict(value) if all(isinstance(each, (str, int, float, type(None))) for each in value.values()) else None
    items = value.split() if isinstance(value, str) else value if isinstance(value, (list, tuple)) else ()
    found: dict[str, Any] = {}
    for item in items:
        if isinstance(item, Mapping) and isinstance(item.get("name"), str):
            found[item["name"]] = item.get("value", "")
        elif isinstance(item, Mapping):
            found |= item
        elif isinstance(item, str) and re.match(r"[A-Za-z_]\w*(=|: ?|$)", item):
            name, text = re.match(r"([A-Za-z_]\w*)(?:=|: ?)?(.*)", item, re.DOTALL).groups()  # type: ignore[union-attr]
            found[name] = text
        else:
            return None
    return found or None


def _params(value: Any) -> Any:
    if isinstance(value, Mapping):
        flagged = {key if str(key).startswith("-") else f"--{key}": each for key, each in value.items()}
        return flagged if not any(isinstance(each, Mapping) for each in value.values()) else None
    words = split(value) if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or any(isinstance(word, (Mapping, list)) for word in words):
        return None
    found, _ = parameters([str(word) for word in words])
    return values_of(found) or None


def _input_map(value: Any) -> Any:
    if any(place.startswith("azureml:") or unreadable(place) for place in input_places(value)):
        return None
    if isinstance(value, str):
        return {"data": one_input(value)}
    if isinstance(value, Sequence):
        named = [_named_input(each, index) for index, each in enumerate(value)]
        return dict(each for each in named if each) if named and all(named) else None
    if isinstance(value, Mapping) and (place := _place(value)):
        return {"data": one_input(place)}
    if isinstance(value, Mapping):
        named = [_named_input(each, index, str(name)) for index, (name, each) in enumerate(value.items())]
        return dict(each for each in named if each) if all(named) else None
    return None


def _named_input(value: Any, index: int, written: str = "") -> tuple[str, Any] | None:
    name = fitting_input(written) or ("data" if not index else f"data{index + 1}")
    if isinstance(value, str):
        return name, one_input(value)
    if not isinstance(value, Mapping):
        return None
    place = _place(value)
    named = str(value["name"]) if "path" in value and "name" in value else name
    return (named, one_input(place)) if place else None


def _place(value: Mapping[str, Any]) -> str | None:
    """Where the data of one mapping is."""
    found = next((value[key] for key in ("path", "url", "source", "uri", "local_path") if key in value), None)
    return _source(found) if isinstance(found, str) else None


def _source(written: str) -> str:
    """Of `./data:/data`, as containers' volumes are written, what stands before the place in the container."""
    found = re.fullmatch(r"([^:]+):/[^:/][^:]*(:r[ow])?", written)
    if found is None:
        return written
    return found[1] if found[1][0] in "./~" else OPEN  # the name of a volume


def input_places(value: Any) -> list[str]:
    """Every place that another tool's word for data names."""
    if isinstance(value, str):
        return [_source(value)]
    if isinstance(value, Mapping):
        place = _place(value)
        return [place] if place else [each for one in value.values() for each in input_places(one)]
    return [each for one in value for each in input_places(one)] if isinstance(value, (list, tuple)) else []


def one_input(place: str) -> dict[str, str]:
    """{path: …} or {url: …} of where data is."""
    place = blob_url(_source(place)) or _source(place)
    scheme, apart, rest = place.partition("://")
    return {"path": rest or "/"} if scheme == "file" else {"url" if apart else "path": place}


def _target_name(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value
    return target_named(value) if isinstance(value, str) else None


def _name(value: Any) -> str | None:
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        return None
    return str(value) if re.fullmatch(NAME, str(value)) else fitting_name(str(value))


def _version(value: Any) -> str | None:
    found = re.search(r"\d+(\.\d+)+", str(value))
    return found[0] if found and not isinstance(value, (Mapping, list)) else None


def _names(value: Any) -> list[str] | None:
    """Names of secrets, and never what is given to one."""
    items = [*value] if isinstance(value, (Mapping, list, tuple)) else str(value).split()
    names = [str(next(iter(each)) if isinstance(each, Mapping) else each) for each in items if each]
    found = [re.split(r"[=:\s]", name)[0] for name in names]
    return found if found and all(re.fullmatch(VARIABLE, name) for name in found) else None


def _packages(value: Any) -> list[str] | None:
    if isinstance(value, Mapping):
        plain = all(isinstance(each, (str, int, float)) or each is None for each in value.values())
        return [_pinned(str(name), version) for name, version in value.items()] if plain else None
    items = re.split(r"[,\s]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(each, str) and not each.startswith("-") for each in items):
        return None
    return items if not any(each.endswith((".txt", ".yml", ".yaml")) for each in items) else None


def _pinned(name: str, version: Any) -> str:
    text = "" if version is None or str(version) in ("*", "latest", "") else str(version)
    return name + (text if not text or not text[0].isdigit() else f"=={text}")


def _size(value: Any) -> Any:
    """A size of Azure, or several."""
    some = value if isinstance(value, (list, tuple)) else [value]
    is_azure = bool(some) and all(isinstance(each, str) and each.lower().startswith("standard_") for each in some)
    return value if is_azure else None


_OWN: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "script_params": _params,
    "environment_variables": variables,
    "inputs": _input_map,
    "secrets": _names,
    "compute_target": _target_name,
    "framework_version": _version,
    "python_version": _version,
    "pip_packages": _packages,
    "conda_packages": _packages,
    "setup_script": lambda value: value if isinstance(value, str) and value.endswith((".sh", ".bash")) else None,
    "tags": variables,
    "vm_size": _size,
    "os_disk_gb": gibibytes,
    "entry_script": lambda value: (
        value if isinstance(value, str) and re.fullmatch(r"[\w./-]+|-m [\w.]+", value) else None
    ),
    "on_failure": lambda value: value if value == "delete" or isinstance(value, Mapping) else None,
    "resume_from": lambda value: value if isinstance(value, str) else None,
}
