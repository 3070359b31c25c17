"""The configuration files of a run's two stacks, Pulumi.<stack>.yaml, which whoever runs Pulumi by hand keeps in the
deploy folder: that of the keep stack is read, that of the compute stack is made out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinfra.compiler.deploy.write import write_tree
from tfinfra.errors import UsageError
from tfinfra.lifecycle.record.names import compute_part
from tfinfra.model.shapes import is_time

_MOST = 1_000_000  # bytes
_OWN = "tfinfra:"
_ONE_GROUPS = f"{_OWN}expiresAt"
"""The key that is not the same in both stacks."""


@dataclass(frozen=True)
class KeepStack:
    """The stack of this name, with its configuration as its file has it: {"namespace:key": text}."""

    name: str
    file: Path
    config: Mapping[str, str]

    def own(self, key: str) -> str:
        """A value of the namespace tfinfra, "" where there is none."""
        return self.config.get(f"{_OWN}{key}", "")

    @property
    def choice(self) -> int:
        """Which of the plan's places the nodes are in."""
        return int(self.own("choice") or 0)

    @property
    def subscription(self) -> str | None:
        return self.config.get("azure-native:subscriptionId")


def keep_stack(deploy: Path, run: str, choices: int) -> KeepStack:
    """The keep stack of `run`, whose plan has so many choices. Raises UsageError where no file in the folder is its, or
    its values cannot be used."""
    found = [
        stack for file in sorted(deploy.glob("Pulumi.*.yaml")) if (stack := _stack(file)) and stack.own("run") == run
    ]
    if not found:
        hint = f"Pulumi.{run}-keep.yaml is it, made of config.example.yaml; `pulumi up` of that stack comes first"
        raise UsageError(f"no file in '{deploy}' is the configuration of the keep stack of {run}", hint=hint)
    stack, *others = found
    if others:
        names = ", ".join(each.file.name for each in found)
        raise UsageError(f"several files are the keep stack of {run}: {names}", hint="remove those that are not")
    _check(stack, choices)
    return stack


def compute_stack_file(stack: KeepStack, more: Mapping[str, str]) -> Path:
    """Writes the compute stack's file: the keep stack's configuration, and what else it takes. What Pulumi keeps there
    besides, and what somebody else has configured, stays. Raises UsageError where it cannot be written."""
    import yaml

    name = f"{stack.name.removesuffix('keep')}{compute_part(stack.choice)}"
    file = stack.file.with_name(f"Pulumi.{name}.yaml")
    before = _read(file) if file.is_file() else {}
    kept = before.get("config")
    common = {key: value for key, value in stack.config.items() if key != _ONE_GROUPS}
    own = {f"{_OWN}{key}": value for key, value in more.items()}
    document = {**before, "config": {**(kept if isinstance(kept, dict) else {}), **common, **own}}
    write_tree({file.name: yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10**6)}, file.parent)
    return file


def _stack(file: Path) -> KeepStack | None:
    """The stack whose file this is, None where it is no keep stack's."""
    name = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    config = _read(file).get("config") if name.rpartition("-")[2] == "keep" else None
    if not isinstance(config, dict):
        return None
    return KeepStack(name, file, {str(key): value for key, value in config.items() if isinstance(value, str)})


def _read(file: Path) -> dict[str, Any]:
    """The file's mapping, every scalar as it is written. Raises UsageError."""
    import yaml

    try:
        if file.stat().st_size > _MOST:
            raise UsageError(f"'{file}' is larger than {_MOST} bytes: no configuration of a stack is")
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  makes texts alone
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"'{file}' cannot be read as YAML: {str(error).splitlines()[0]}") from error
    return document if isinstance(document, dict) else {}


def _check(stack: KeepStack, choices: int) -> None:
    choice = stack.own("choice") or "0"
    wrong = {
        "owner": "" if stack.own("owner") else "it must be set, and be no secret",
        "deadline": "" if is_time(stack.own("deadline")) else "it must be a time in UTC, as 2030-01-31T18:00:00Z",
        "choice": "" if choice.isdecimal() and int(choice) < choices else f"the plan has {choices}, from 0 on",
    }
    for key, why in wrong.items():
        if why:
            raise UsageError(f"tfinfra:{key} in {stack.file} is '{stack.own(key)}': {why}")
