"""One run's two stacks on the real Pulumi engine: updated and exported, from one warm process."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tfinfra.azure.identity.federation import BY_ASSERTION, federation
from tfinfra.cloud import Cloud
from tfinfra.engine.events import Seen, UpdateEvent
from tfinfra.engine.plugin_process import PluginProcess
from tfinfra.engine.provider.settings import provider_config, provider_variables
from tfinfra.engine.refusals.notations import UNREAD
from tfinfra.engine.tool.toolchain import VERSION, find_cli
from tfinfra.errors import CredentialsError, ProvisioningError, TfinfraError
from tfinfra.system.ownership import make_private
from tfinfra.system.threads import spawn

if TYPE_CHECKING:
    from tfinfra.engine.policy.preview import Preview
    from tfinfra.engine.policy.staging import StagedPacks
    from tfinfra.engine.provider.assertion_relay import AssertionRelay
    from tfinfra.engine.run_stack import RunStack
    from tfinfra.engine.tool.pulumi_cli import Cli

_T = TypeVar("_T")
_PARTS = ("keep", "compute")
_LOOK = 2.0  # seconds between two looks at the cloud's endpoint


class Engine:
    """Pulumi for one run. Making one returns at once and starts what takes time beside each other: the provider
    plugin, the stacks, the imports; each verb waits for what it needs.

    `deploy` is the compiled folder, `state` a folder of this run alone for Pulumi's state and settings
    (PULUMI_BACKEND_URL overrides where the state goes). `on_event` is called from other threads. `packs` judge each
    preview. Any thread may `close`: an update under way then ends with ProvisioningError.
    """

    def __init__(
        self,
        cloud: Cloud,
        deploy: Path,
        run: str,
        state: Path,
        on_event: Callable[[UpdateEvent], None] | None = None,
        *,
        packs: StagedPacks | None = None,
    ) -> None:
        self._cloud = cloud
        self._packs = packs
        self._deploy = deploy.absolute()
        self._run = run
        self._state = state.absolute()
        self._tell = on_event or (lambda _: None)
        path = find_cli()
        if path is None:
            raise ProvisioningError("the Pulumi command line tool is missing", hint="`tfinfra setup` gets it")
        self._path = path
        make_private(self._state)
        self._plugin = self._start_plugin()
        self._relay = self._start_relay()
        self._closed = False
        self._unread: set[str] = set()
        self._cli: Future[Cli] = spawn(self._load_cli, "pulumi cli")
        self._stacks: dict[str, Future[RunStack]] = {}
        self._warm: dict[str, Future[None]] = {}
        before: tuple[Future[Any], ...] = ()
        for part in _PARTS:  # in the order of use: what compute needs must not delay keep
            self._stacks[part] = spawn(partial(self._open_stack, part, before), f"stack {part}")
            self._warm[part] = spawn(partial(self._warm_up, part, before), f"warm {part}")
            before = (self._stacks[part], self._warm[part])

    def up(self, part: str, config: Mapping[str, str]) -> dict[str, Any]:
        """Updates the stack `part` ("keep", "compute", and "compute-1" and so on, one for each attempt) and returns its
        outputs. `config` is in the namespace tfinfra.

        Raises ProvisioningError with the cloud's own code and message, or with who was killed; CredentialsError.
        """
        stack, seen = self._ready(part, config), Seen(self._tell)
        on_event, refresh = stack.watch(seen.read), part in self._unread
        try:
            self._attempt(part, stack, seen, lambda: stack.up(color="never", on_event=on_event, refresh=refresh))
        except ProvisioningError as error:
            if error.code == UNREAD:  # the state holds an output of None, which only a second read mends
                self._unread.add(part)
            raise
        self._unread.discard(part)
        return {name: value.value for name, value in stack.outputs().items()}

    def preview(self, part: str, config: Mapping[str, str]) -> Preview:
        """What `up` would make of the stack, and what the policy packs say of it. Raises ProvisioningError where the
        stack cannot be previewed; what speaks against it, and a pack that fails, is part of the answer."""
        from tfinfra.engine.previewing import Previewing

        stack, seen = self._ready(part, config), Previewing(self._packs)
        on_event = stack.watch(seen.read)
        try:
            self._attempt(part, stack, seen, lambda: seen.run(stack, on_event))
        except ProvisioningError as error:
            if not seen.explains(error):
                raise
        stack.await_last_events()
        return seen.result()

    def export(self, part: str) -> dict[str, Any]:
        """The stack's state as `pulumi stack export` gives it: {"version", "deployment"}."""
        stack = self._stack(part).result()
        deployment = self._attempt(part, stack, Seen(self._tell), stack.export_stack)
        return {"version": deployment.version, "deployment": deployment.deployment}

    def close(self) -> None:
        """Ends the plugin and the tool, if it runs. May be called twice.

        The plugin first: nothing more is asked of the cloud from then on, and the tool need not wait for answers.
        """
        self._closed = True
        if self._plugin is not None:
            self._plugin.close()
        if self._cli.done() and self._cli.exception() is None:
            self._cli.result().stop()
        if self._relay is not None:
            self._relay.close()
            self._relay = None

    # Making ready

    def _start_plugin(self) -> PluginProcess | None:
        command = self._cloud.provider_command
        return None if command is None else PluginProcess(command, self._state / "plugin.log")

    def _start_relay(self) -> AssertionRelay | None:
        """What the provider asks for assertions, where it signs in by them. Raises CredentialsError."""
        if not dict(self._cloud.provider_settings).get(BY_ASSERTION):
            return None
        known = federation(os.environ)
        if known is None:
            raise CredentialsError("nobody vouches any more for the application that tfinfra is signed in as")
        from tfinfra.engine.provider.assertion_relay import AssertionRelay

        return AssertionRelay(known)

    def _load_cli(self) -> Cli:
        """The tool, once gRPC and the Automation API are set up for it: before they are imported."""
        variable = "no_grpc_proxy"  # gRPC reads it in lower case only
        given = os.environ.get(variable) or os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        # Unlike HTTP clients gRPC would ask a proxy for 127.0.0.1
        os.environ[variable] = ",".join(dict.fromkeys(["127.0.0.1", "localhost", *given.split(",")]))
        # A tool that is killed breaks its event stream; the Automation API would warn of it beside our own error
        warnings.filterwarnings("ignore", message="Error in event stream")
        from tfinfra.engine.tool.pulumi_cli import Cli

        return Cli(self._path, VERSION)

    def _open_stack(self, part: str, before: tuple[Future[Any], ...]) -> RunStack:
        cli = self._cli.result()
        from tfinfra.engine.run_stack import RunStack, open_workspace

        wait(before)
        variables = provider_variables(self._cloud, self._state, os.environ)
        variables |= self._relay.variables if self._relay else {}
        plugins = self._packs.plugins if self._packs else ""
        workspace = open_workspace(cli, self._deploy, self._state, os.environ, variables, plugins=plugins)
        return RunStack(f"{self._run}-{part}", workspace)

    def _stack(self, part: str) -> Future[RunStack]:
        """The stack; one that was not known from the start is made now."""
        if part not in self._stacks:
            self._stacks[part] = spawn(partial(self._open_stack, part, ()), f"stack {part}")
        return self._stacks[part]

    def _warm_up(self, part: str, before: tuple[Future[Any], ...]) -> None:
        self._cli.result()
        from tfinfra.engine.recording.program import warm

        wait(before)
        warm(part)

    def _ready(self, part: str, config: Mapping[str, str]) -> RunStack:
        """The stack with its configuration, its program, and a plugin that lives. Raises ProvisioningError."""
        self._cli.result()  # has imported it: two threads that begin that at once lock one another out
        from pulumi.automation.errors import CommandError

        from tfinfra.engine.recording.program import Program

        try:
            stack = self._stack(part).result()
        except CommandError:
            raise self._error(part, ()) from None
        self._warm[part.partition("-")[0]].result()
        own = {f"tfinfra:{name}": value for name, value in config.items()}
        stack.configure({**own, **provider_config(self._cloud)})
        stack.workspace.program = Program(self._deploy, self._cloud.principal_id)
        if self._plugin is not None:
            if self._plugin.failure() is not None and not self._closed:  # it died between two updates
                self._plugin.close()
                self._plugin = self._start_plugin()
            assert self._plugin is not None  # noqa: S101 - the cloud's command starts one
            debugged = {"PULUMI_DEBUG_PROVIDERS": f"azure-native:{self._plugin.port()}"}
            stack.workspace.env_vars = {**stack.workspace.env_vars, **debugged}
        return stack

    # Running

    def _attempt(self, part: str, stack: RunStack, seen: Seen, work: Callable[[], _T]) -> _T:
        from pulumi.automation.errors import CommandError

        from tfinfra.engine.recording.program import Program

        try:
            with self._answering():
                return work()
        except CommandError:
            stack.await_last_events()
            if isinstance(stack.workspace.program, Program) and stack.workspace.program.refused is not None:
                raise stack.workspace.program.refused from None
            raise self._error(part, tuple(seen.events)) from None
        finally:
            if isinstance(stack.workspace.program, Program):
                stack.workspace.program.leave()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Within it the cloud's endpoint is made to answer again should it die: the plugin asks for a while."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(_LOOK):
                with suppress(TfinfraError, OSError):  # the plugin's own error says more, once its patience ends
                    self._cloud.ensure()

        threading.Thread(target=watch, daemon=True, name="endpoint").start()
        try:
            yield
        finally:
            ended.set()

    def _error(self, part: str, events: tuple[UpdateEvent, ...]) -> TfinfraError:
        from tfinfra.engine.refusals.failures import provisioning_error

        if self._closed:
            return ProvisioningError(f"the update of the {part} stack was stopped")
        plugin = self._plugin.failure() if self._plugin else None
        return provisioning_error(part, self._cli.result().failed, events, plugin)
