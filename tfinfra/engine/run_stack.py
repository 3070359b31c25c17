"""Pulumi's workspace and stacks as one run has them: settings written as files, results taken from the event stream.

The Automation API asks the command line tool again after each update for its outputs (twice) and its history: a quarter
of a second each. The events of the update have said all of it by then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pulumi.automation import (
    EngineEvent,
    LocalWorkspace,
    OutputValue,
    Stack,
    StackSettings,
    UpdateSummary,
)
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import StackAlreadyExistsError

from tfinfra.engine.tool.pulumi_cli import Cli
from tfinfra.engine.tool.tool_environment import tool_variables

_PROJECT = "Pulumi.yaml"
_SECRET = "[secret]"  # noqa: S105 - what Pulumi writes where a value is not shown
_LATE = 2.0


def open_workspace(
    cli: Cli, deploy: Path, state: Path, environ: Mapping[str, str], more: Mapping[str, str], *, plugins: str = ""
) -> LocalWorkspace:
    """A workspace in `state`, so that the deploy folder never holds stack settings; the project file is copied there.
    The inline program needs nothing else of the deploy folder. `more` are variables of the provider, `plugins` lines
    that are added to the project file."""
    folder = state / "project"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _PROJECT).write_bytes((deploy / _PROJECT).read_bytes() + plugins.encode())
    variables = {**tool_variables(state, environ), **more}
    return LocalWorkspace(work_dir=str(folder), env_vars=variables, pulumi_command=cli)


class RunStack(Stack):
    """A stack that exists or is made, without the select that the tool does not need."""

    def __init__(self, name: str, workspace: LocalWorkspace) -> None:
        self.name = name
        self.workspace = workspace
        self._mode = StackInitMode.CREATE_OR_SELECT
        self._outputs: dict[str, Any] | None = None
        self._all_seen = threading.Event()
        try:
            workspace.create_stack(name)
        except StackAlreadyExistsError:
            return

    def configure(self, config: Mapping[str, str]) -> None:
        """Replaces the stack's configuration by `config` ({"namespace:key": value}); the salt stays."""
        old = self.workspace.stack_settings(self.name)
        new = StackSettings(old.secrets_provider, old.encrypted_key, old.encryption_salt, dict(config))
        self.workspace.save_stack_settings(self.name, new)

    def watch(self, read: Callable[[EngineEvent], dict[str, Any] | None]) -> Callable[[EngineEvent], None]:
        """An event callback that keeps what `read` finds: the stack's outputs."""
        self._outputs = None
        self._all_seen.clear()

        def on_event(event: EngineEvent) -> None:
            found = read(event)
            self._outputs = found if found is not None else self._outputs
            if event.cancel_event is not None:
                self._all_seen.set()

        return on_event

    def await_last_events(self) -> None:
        """Waits for the last events, which may arrive after the tool has ended; one that was killed sends none."""
        self._all_seen.wait(_LATE)

    def outputs(self) -> dict[str, OutputValue]:
        """The last update's outputs out of its events; asked of the tool where those have none, or hide one."""
        self.await_last_events()
        found = self._outputs
        if found is None or _SECRET in found.values():
            return dict(super().outputs())
        return {name: OutputValue(value, secret=False) for name, value in found.items()}

    def info(self, show_secrets: bool = True) -> UpdateSummary:
        """What `up` asks for its result, and this engine does not use: it would be another call of the tool."""
        del show_secrets
        now = datetime.now(timezone.utc)
        return UpdateSummary(kind="update", start_time=now, message="", environment={}, config={}, result="succeeded")
