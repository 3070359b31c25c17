"""An experiment: the name under which trainings are submitted."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, overload

from tfinfra.api.estimator import TensorFlow
from tfinfra.api.gone_names import INSTEAD, OF_EXPERIMENT, TAGS
from tfinfra.api.plain import kind_of, require_dict, wrong_kind
from tfinfra.api.run import Run
from tfinfra.api.run_tags import Tags, has_tags
from tfinfra.api.successor import Successor
from tfinfra.api.told import told
from tfinfra.api.tuning.hyperdrive_config import HyperDriveConfig
from tfinfra.api.tuning.hyperdrive_run import HyperDriveRun, run_of_kind
from tfinfra.errors import TfinfraError, UsageError
from tfinfra.lifecycle.record.names import run_id
from tfinfra.lifecycle.record.run_record import all_records, run_folder
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.up import background_run
from tfinfra.manifest.arguments import argument_document
from tfinfra.manifest.document import Document
from tfinfra.manifest.key_schema import fitting_name
from tfinfra.system.installation import light_error, missing_run_packages
from tfinfra.system.paths import state_folder
from tfinfra.system.progress import say_nothing

_AZURE_MLS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
"""The names of experiments in Azure ML."""
_PLAIN_TARGETS = (str, Mapping, os.PathLike, Enum, type, ModuleType)
"""What has a name that is no target's, or is a target itself."""
_MACHINES = ("namespace", "process")


class Experiment(Successor):
    """The name under which trainings are submitted. A workspace, as Azure ML's has it first, is taken and not needed:
    `Experiment("digits")`, `Experiment(ws, "digits")`, `Experiment(workspace=ws, name="digits")`."""

    _GONE = OF_EXPERIMENT

    def __init__(self, workspace: Any = None, name: str | None = None) -> None:
        if isinstance(workspace, str) and not isinstance(name, str):
            workspace, name = name, workspace
        if not isinstance(name, str) or not name:
            raise told(UsageError("an experiment has a name, which is text", hint="write Experiment('digits')"))
        self.workspace = workspace
        self.name = str(name)

    def __repr__(self) -> str:
        return f"Experiment({self.name!r})"

    @overload
    def submit(
        self,
        config: HyperDriveConfig,
        tags: Mapping[str, Any] | None = None,
        *,
        target: str | None = None,
        rehearse: bool = False,
        machines: str | None = None,
        guardrails: str | os.PathLike[str] | None = None,
        locked: str | os.PathLike[str] | None = None,
        **overrides: Any,
    ) -> HyperDriveRun: ...

    @overload
    def submit(
        self,
        config: TensorFlow | HyperDriveConfig,
        tags: Mapping[str, Any] | None = None,
        *,
        target: str | None = None,
        rehearse: bool = False,
        machines: str | None = None,
        guardrails: str | os.PathLike[str] | None = None,
        locked: str | os.PathLike[str] | None = None,
        **overrides: Any,
    ) -> Run: ...

    def submit(
        self,
        config: TensorFlow | HyperDriveConfig,
        tags: Mapping[str, Any] | None = None,
        *,
        target: str | None = None,
        rehearse: bool = False,
        machines: str | None = None,
        guardrails: str | os.PathLike[str] | None = None,
        locked: str | os.PathLike[str] | None = None,
        **overrides: Any,
    ) -> Run:
        """Starts the training and returns at once; of a HyperDriveConfig the search, as a HyperDriveRun. Raises
        ManifestError with every error there is, before anything is touched, and UsageError where only the light install
        of tfinfra is here. The run goes on, is fetched and deleted, even where this process ends.

        `overrides` are arguments of the estimator for this run alone; dicts (script_params, tags, …) are merged.
        `guardrails` names a file that holds beside the user's and the machine's. `locked` names a lock, as
        `tfinfra lock` writes it: the run is what it holds, or DifferenceFound says what differs.
        """
        if not isinstance(config, (TensorFlow, HyperDriveConfig)):
            raise _no_estimator(config)
        if machines not in (None, *_MACHINES):
            raise told(UsageError(f"machines is {machines!r}", hint=f"write {' or '.join(map(repr, _MACHINES))}"))
        if missing := missing_run_packages():
            raise told(light_error(missing))
        changed = {**overrides, "tags": tags, "compute_target": target or overrides.get("compute_target")}
        given = _merged(config.arguments, {name: value for name, value in changed.items() if value is not None})
        arguments = argument_document({key: _own(key, value) for key, value in given.items()})
        name = fitting_name(self.name) if _AZURE_MLS.fullmatch(self.name) else self.name
        options = UpOptions(
            Path.cwd(),
            rehearse=rehearse,
            machines=machines,
            guardrails=_absolute(guardrails, "guardrails", "guardrails.yaml"),
            locked=locked is not None,
            lock_file=_absolute(locked, "locked", "train.lock.yaml"),
            tune=isinstance(config, HyperDriveConfig),
            own_state=state_folder(),
        )
        folder = run_folder(options.state, run_id(_checked_name(arguments, name, options), options.letters))
        request = background_run.Submission(arguments.data, name, options)
        client = background_run.start(request, folder)
        if isinstance(config, HyperDriveConfig):
            return HyperDriveRun(self, folder.path.name, config)._driven_by(client)
        return Run(self, folder.path.name)._driven_by(client)

    def get_runs(
        self,
        type: str | None = None,  # noqa: A002  the name that it has in Azure ML
        tags: Tags = None,
        properties: Any = None,
        include_children: bool = False,
    ) -> Iterator[Run]:
        """The runs of this name that this machine remembers, the newest first, a tune as a HyperDriveRun; with `tags`,
        those that have them."""
        del type, include_children  # a run has neither
        if properties:
            raise told(UsageError("a run has no properties", hint=TAGS))
        if tags is not None and not isinstance(tags, str):
            require_dict("tags", tags, "write get_runs(tags={'key': 'value'}), or the name of one tag")
        return self._runs(tags)

    def _runs(self, tags: Tags) -> Iterator[Run]:
        name = fitting_name(self.name)
        for record in reversed(all_records(state_folder())):
            run = Run(self, record.run)
            if name in (record.name, run._submission().get("name")) and has_tags(run.get_tags(), tags):
                yield run_of_kind(self, record.run)

    @staticmethod
    def list(workspace: Any = None, experiment_name: str | None = None, view_type: Any = None, tags: Any = None) -> Any:
        """The experiments whose runs this machine remembers, by name."""
        del view_type, tags
        names = sorted({record.name for record in all_records(state_folder())})
        wanted = [name for name in names if experiment_name in (None, name)]
        return [Experiment(workspace, name) for name in wanted]


def _absolute(file: object, argument: str, example: str) -> Path | None:
    if file is None:
        return None
    if not isinstance(file, (str, os.PathLike)):
        raise wrong_kind(argument, file, "a file's path", f"write {argument}='{example}'")
    return Path.cwd() / os.fsdecode(file)


def _no_estimator(config: Any) -> UsageError:
    kind = config.__name__ if isinstance(config, type) else type(config).__name__
    hint = INSTEAD.get(kind, "write submit(TensorFlow(entry_script='train.py'))")
    if isinstance(config, (str, os.PathLike)):
        hint = "write submit(TensorFlow(entry_script='train.py')); a manifest's file is for `tfinfra up`"
    return told(UsageError(f"submit takes a TensorFlow estimator, not {kind_of(config)}", hint=hint))


def _merged(arguments: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with what was changed; dicts are merged key by key."""
    merged = dict(arguments)
    for name, value in changed.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping) and name != "compute_target"
        merged[name] = {**merged[name], **value} if both else value
    return merged


def _own(key: str, value: Any) -> Any:
    """A run, or a compute target of Azure ML's, by its name."""
    if key == "resume_from" and isinstance(value, Run):
        return value.id
    if key == "compute_target" and not isinstance(value, _PLAIN_TARGETS):
        with suppress(Exception):  # the attributes of somebody's object may raise anything
            return value.name if isinstance(value.name, str) else value
    return value


def _checked_name(arguments: Document, name: str, options: UpOptions) -> str:
    """The plan's name, after all checks. What they find is told in the words of Python."""
    from tfinfra.compiler.load import project_of_document
    from tfinfra.compiler.pipeline import compile_manifest
    from tfinfra.lifecycle.attach.resume_from import refuse_missing_checkpoints
    from tfinfra.lifecycle.data.caller_secrets import refuse_missing

    try:
        project = project_of_document(
            arguments, name=name, folder=options.folder, rehearse=options.rehearse, guardrails=options.guardrails
        )
        compiled = compile_manifest(replace(project, unlocked="") if options.lock_file else project)
        refuse_missing(compiled.facts, os.environ)
        refuse_missing_checkpoints(compiled, options.folder)
        if compiled.plan.tune is not None:
            from tfinfra.tuning.draws import sampler

            sampler(compiled.plan.tune, ())  # says what is missing of its sampling while somebody looks
        if options.lock_file is not None:
            from tfinfra.lifecycle.locking.run_locked import hold_against_lock

            deploy = options.folder / "deploy" / compiled.plan.name
            hold_against_lock(
                compiled, None, options.lock_file, folder=options.folder, deploy=deploy, progress=say_nothing
            )
    except TfinfraError as error:
        raise told(error) from None
    return compiled.plan.name
