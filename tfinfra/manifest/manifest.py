"""The manifest as a typed value: what `read` gives to `resolve`. The fields' defaults are those of manifest.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tfinfra.manifest.document import Document, KeyPath
from tfinfra.manifest.key_schema import SPELLINGS
from tfinfra.manifest.tuning.keys import TuneKeys, tune_keys

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class TargetKeys:
    """A target as written; None where a key is absent, () where a list is."""

    cloud: str | None = None
    location: tuple[str, ...] = ()
    vm_size: tuple[str, ...] = ()
    vm_priority: str | None = None
    max_price: float | None = None
    image: str | None = None
    os_disk_gb: int | None = None
    zone: str | None = None
    subnet_id: str | None = None
    capacity_reservation_id: str | None = None
    identity_id: str | None = None
    store: str | None = None
    reaper_id: str | None = None
    subscription_id: str | None = None
    max_nodes: int | None = None
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()


@dataclass(frozen=True)
class LimitKeys:
    """Seconds, and US dollars."""

    max_run_duration: int = 86400
    keep_outputs: int = 7 * 86400
    max_cost_usd: float | None = None


@dataclass(frozen=True)
class InputKeys:
    """An input as written: `path` or `url`."""

    path: str | None = None
    url: str | None = None
    mode: str = "download"


@dataclass(frozen=True)
class MetricKeys:
    """What becomes of metrics, as written; `token` is the name of a secret."""

    primary: str | None = None
    tracking_uri: str | None = None
    token: str | None = None


@dataclass(frozen=True)
class Manifest:
    """`script_params` maps a flag to its values, () for a bare one. `on_failure` is the seconds to hold, 0 for delete.
    `given` are the keys of the file that have a value, `broken` those among them whose shape is wrong: they hold their
    default, or, where only items of theirs are wrong, the others."""

    document: Document
    given: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    name: str | None = None
    source_directory: str = "."
    entry_script: str = ""
    script_params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    framework_version: str = "2.15.1"
    python_version: str = "3.11"
    pip_packages: tuple[str, ...] = ()
    pip_requirements_file: str | None = None
    source_builds: tuple[str, ...] = ()
    conda_packages: tuple[str, ...] = ()
    conda_channels: tuple[str, ...] = ("conda-forge",)
    conda_dependencies_file: str | None = None
    setup_script: str | None = None
    secrets: tuple[str, ...] = ()
    inputs: Mapping[str, InputKeys] = field(default_factory=dict)
    resume_from: str | None = None
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    use_gpu: bool = False
    node_count: int = 1
    distributed_backend: str | None = None
    process_count_per_node: int = 1
    worker_count: int = 1
    parameter_server_count: int = 1
    tf_config: str = "auto"
    evaluator_count: int = 0
    compute_target: str | TargetKeys = "local"
    vm_size: tuple[str, ...] = ()
    vm_priority: str | None = None
    limits: LimitKeys = field(default_factory=LimitKeys)
    max_run_duration_seconds: int | None = None
    on_failure: int = 0
    metrics: MetricKeys = field(default_factory=MetricKeys)
    tune: TuneKeys | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def max_run_duration(self) -> int:
        """Seconds, in whichever spelling."""
        return self.max_run_duration_seconds or self.limits.max_run_duration

    def sound(self, *keys: str) -> bool:
        """Whether nothing in these keys has a wrong shape: a rule on a broken key would only repeat the error, and one
        that looks for what is missing would miss what is wrong."""
        return self.broken.isdisjoint(keys)

    def items(self, key: str) -> Iterator[tuple[KeyPath, str]]:
        """The items of a list of texts, each with its path in the file."""
        return self.document.items((key,))

    def wrong_items(self, key: str) -> tuple[str, ...]:
        """The names in a mapping whose values, or which themselves, have a wrong shape."""
        return tuple(str(path[1]) for path in self.document.wrong if len(path) > 1 and path[0] == key)

    def path(self, key: str) -> KeyPath:
        """The key's path as the file spells it."""
        other = [s for s, k in SPELLINGS.items() if k == key and self.document.has(s)]
        return (other[0] if other and not self.document.has(key) else key,)


def manifest_of(document: Document, broken: frozenset[str]) -> Manifest:
    """The typed manifest of a document whose top-level keys `broken` have a wrong shape: of one that is wrong only at
    places in it (document.wrong) the rest is read. A key that is written in two spellings is broken too: it is not
    known which one is meant."""
    broken |= {key for spelling, key in SPELLINGS.items() if document.has(spelling) and document.has(key)}
    names = {f.name for f in fields(Manifest)} - {"document", "given", "broken"}
    given = {SPELLINGS.get(key, key): (key,) for key in document.data if document.has(key)}
    whole = {path[:1] for path in document.wrong if len(path) == 1}
    partly = {path[:1] for path in document.wrong if len(path) > 1} - whole
    sound = {key: path for key, path in given.items() if key in names and (key not in broken or path in partly)}
    values: dict[str, Any] = {key: _READERS.get(key, _at)(document, path) for key, path in sound.items()}
    return Manifest(document=document, given=frozenset(given), broken=broken, **values)


def target_of(document: Document, path: KeyPath) -> TargetKeys:
    """The target at `path`, whose shape is right."""
    names = {f.name for f in fields(TargetKeys)}
    right = {k: v for k, v in _at(document, path).items() if (*path, k) not in document.wrong}
    keys = {k: v for k, v in right.items() if k in names}
    read = {k: _TARGET_READERS.get(k, _at)(document, (*path, k)) for k, v in keys.items() if v is not None}
    return TargetKeys(**read)


def seconds(text: str) -> int:
    """A duration of manifest.md in seconds: "30m" is 1800, "90" is 90."""
    found = re.fullmatch(r"([0-9]+) ?([smhd]?)", text)
    if found is None:
        raise ValueError(f"'{text}' is no duration")
    return int(found[1]) * _SECONDS[found[2]]


def _at(document: Document, path: KeyPath) -> Any:
    """The plain value at `path`."""
    value: Any = document.data
    for part in path:
        value = value[part]
    return value


def _sound_items(document: Document, path: KeyPath) -> Iterator[tuple[Any, Any]]:
    """What is in the mapping at `path`, without what has a wrong shape."""
    return ((key, value) for key, value in (_at(document, path) or {}).items() if (*path, key) not in document.wrong)


def _as_written(document: Document, path: KeyPath) -> str:
    return document.text(path)


def _optional_text(document: Document, path: KeyPath) -> str | None:
    return None if _at(document, path) is None else document.text(path)


def _in_lower_case(document: Document, path: KeyPath) -> str | None:
    value = _at(document, path)
    return value.lower() if value is not None else None


def _list_as_written(document: Document, path: KeyPath) -> tuple[str, ...]:
    return tuple(text for _, text in document.items(path))


def _one_or_more(document: Document, path: KeyPath) -> tuple[str, ...]:
    value = _at(document, path)
    return _list_as_written(document, path) if isinstance(value, (list, tuple)) else (document.text(path),)


def _locations(document: Document, path: KeyPath) -> tuple[str, ...]:
    return tuple(text.lower() for text in _one_or_more(document, path))


def _priority(document: Document, path: KeyPath) -> str | None:
    """In the one spelling that the rest of tfinfra knows."""
    value = _in_lower_case(document, path)
    return "low_priority" if value == "lowpriority" else value


def _map_as_written(document: Document, path: KeyPath) -> dict[str, str]:
    """Values as written; null is the empty text."""
    return {k: "" if v is None else document.text((*path, k)) for k, v in _sound_items(document, path)}


def _parameters(document: Document, path: KeyPath) -> dict[str, tuple[str, ...]]:
    """{flag: its values as written}; null and the empty text are a bare flag's."""
    given = _sound_items(document, path)
    return {flag: () if value in (None, "") else _one_or_more(document, (*path, flag)) for flag, value in given}


def _limits(document: Document, path: KeyPath) -> LimitKeys:
    given = {key: value for key, value in _sound_items(document, path) if value is not None}
    cost = given.pop("max_cost_usd", None)
    durations = {k: seconds(document.text((*path, k))) for k in given}
    return LimitKeys(**durations, max_cost_usd=float(cost) if cost is not None else None)


def _inputs(document: Document, path: KeyPath) -> dict[str, InputKeys]:
    found: dict[str, InputKeys] = {}
    for name, given in _sound_items(document, path):
        texts = {key: document.text((*path, name, key)) for key in ("path", "url") if given.get(key) is not None}
        found[name] = InputKeys(**texts, mode=(given.get("mode") or "download").lower())
    return found


def _metrics(document: Document, path: KeyPath) -> MetricKeys:
    given = [key for key, value in _sound_items(document, path) if value is not None]
    return MetricKeys(**{key: document.text((*path, key)) for key in given})


def _tune(document: Document, path: KeyPath) -> TuneKeys:
    return tune_keys(document, path, {key: value for key, value in _sound_items(document, path) if value is not None})


def _hold(document: Document, path: KeyPath) -> int:
    """Seconds; 0 for `delete`."""
    value = _at(document, path)
    return seconds(document.text((*path, "hold"))) if isinstance(value, Mapping) else 0


def _target(document: Document, path: KeyPath) -> str | TargetKeys:
    value = _at(document, path)
    return target_of(document, path) if isinstance(value, Mapping) else str(value)


_READERS: dict[str, Callable[[Document, KeyPath], Any]] = {
    "name": _as_written,
    "source_directory": _as_written,
    "entry_script": _as_written,
    "framework_version": _as_written,
    "python_version": _as_written,
    "pip_requirements_file": _as_written,
    "pip_packages": _list_as_written,
    "source_builds": _list_as_written,
    "environment_variables": _map_as_written,
    "tags": _map_as_written,
    "script_params": _parameters,
    "distributed_backend": _in_lower_case,
    "tf_config": _in_lower_case,
    "conda_packages": _list_as_written,
    "conda_channels": _list_as_written,
    "conda_dependencies_file": _as_written,
    "setup_script": _as_written,
    "secrets": _list_as_written,
    "inputs": _inputs,
    "resume_from": _optional_text,
    "vm_size": _one_or_more,
    "vm_priority": _priority,
    "limits": _limits,
    "on_failure": _hold,
    "metrics": _metrics,
    "tune": _tune,
    "compute_target": _target,
}

_TARGET_READERS: dict[str, Callable[[Document, KeyPath], Any]] = {
    "cloud": _in_lower_case,
    "location": _locations,
    "vm_size": _one_or_more,
    "vm_priority": _priority,
    **dict.fromkeys(("image", "zone", "subnet_id", "capacity_reservation_id", "subscription_id"), _as_written),
    **dict.fromkeys(("identity_id", "store", "reaper_id", "index_url"), _as_written),
    **dict.fromkeys(("extra_index_urls", "find_links"), _list_as_written),
}
