"""The estimator: a training as Python arguments."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, Protocol

from tfinfra.api.gone_names import OF_ESTIMATOR
from tfinfra.api.successor import Successor, raise_missing
from tfinfra.manifest.key_schema import MANIFEST, SPELLINGS
from tfinfra.manifest.manifest import Manifest
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest
from tfinfra.text.credentials import hidden

_DEFAULTS = {f.name: f for f in fields(Manifest)}
_ARGUMENTS = frozenset({*MANIFEST, *SPELLINGS})


class Named(Protocol):
    """A compute target of Azure ML's SDK: its name is that of a target in compute_targets.yaml."""

    @property
    def name(self) -> str: ...


class TensorFlow(Successor):
    """A training: every key of the manifest is an argument of the same name, and an attribute; None means its default.

    Arguments by position have the order of Azure ML's estimator. Relative paths start at the current folder.
    `Experiment.submit` checks all arguments and names the wrong ones.
    """

    arguments: dict[str, Any]
    """What was given."""
    FRAMEWORK_NAME = "TensorFlow"
    DEFAULT_VERSION = Manifest.framework_version
    _GONE = OF_ESTIMATOR

    def __init__(
        self,
        source_directory: str | os.PathLike[str] = ".",
        compute_target: str | Mapping[str, Any] | Named | None = None,
        vm_size: str | Sequence[str] | None = None,
        vm_priority: str | None = None,
        entry_script: str | os.PathLike[str] | None = None,
        script_params: Mapping[str, Any] | None = None,
        node_count: int | None = None,
        process_count_per_node: int | None = None,
        worker_count: int | None = None,
        parameter_server_count: int | None = None,
        distributed_backend: str | None = None,
        *,
        use_gpu: bool | None = None,
        conda_packages: Sequence[str] | None = None,
        pip_packages: Sequence[str] | None = None,
        conda_dependencies_file: str | os.PathLike[str] | None = None,
        pip_requirements_file: str | os.PathLike[str] | None = None,
        environment_variables: Mapping[str, Any] | None = None,
        secrets: Sequence[str] | None = None,
        inputs: Mapping[str, Mapping[str, Any]] | None = None,
        resume_from: Any = None,
        max_run_duration_seconds: int | None = None,
        framework_version: str | None = None,
        **others: Any,
    ) -> None:
        named = {k: v for k, v in locals().items() if k not in ("self", "others", "__class__")}
        self.arguments = {k: v for k, v in {**named, **others}.items() if v is not None}

    @classmethod
    def get_supported_versions(cls) -> list[str]:
        """The newest release of each minor version of TensorFlow that framework_version may name, the oldest first."""
        from tfinfra.catalog.tensorflow import frameworks

        return [known.patch for known in frameworks()]

    def __getattr__(self, name: str) -> Any:
        """An argument: what was given, else its default. An empty dict or list can be filled."""
        if name not in _ARGUMENTS:
            raise_missing(type(self), name)
        if name in self.arguments:
            return self.arguments[name]
        default = _default(SPELLINGS.get(name, name))
        return self.arguments.setdefault(name, default) if default in ({}, []) else default

    def __setattr__(self, name: str, value: Any) -> None:
        """Changes an argument for the runs that are submitted from then on; None gives it its default."""
        if name == "arguments":
            object.__setattr__(self, name, value)
        elif name not in _ARGUMENTS and name not in self.arguments:
            near = nearest(name, _ARGUMENTS)
            instead = self._GONE.get(name) or (did_you_mean(near) if near else "dir() lists all")
            raise AttributeError(f"'TensorFlow' has no argument '{name}': {instead}", name=None, obj=None)
        else:
            self.arguments.pop(name, None)
            self.arguments |= {} if value is None else {name: value}

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_ARGUMENTS})

    def __repr__(self) -> str:
        return hidden(f"TensorFlow({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})")

    def __copy__(self) -> TensorFlow:
        return TensorFlow(**self.arguments)


def _default(name: str) -> Any:
    """What an argument is where it is not given, as one would write it."""
    kind, field = MANIFEST[name]["type"], _DEFAULTS[name]
    if kind == "dict":
        return {}
    value = None if field.default is MISSING else field.default
    if kind == "list":
        return [] if value == () else value
    return None if value == () or name == "on_failure" else value
