"""The process that holds the Pulumi engine, so that its 150 MB and its imports are neither the client's nor there for
the whole run: `python -m tfinfra.engine.host`. JSON lines: requests on stdin, answers on stdout."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tfinfra.errors import ProvisioningError, TfinfraError
from tfinfra.system.process.refusals import refusal
from tfinfra.system.progress import do_nothing

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from tfinfra.cloud import Cloud
    from tfinfra.engine.events import UpdateEvent
    from tfinfra.engine.pulumi import Engine

RECORDS = "--records"
"""The option of a process whose first requests are recordings."""


def cloud_fields(cloud: Cloud) -> dict[str, Any]:
    """What the engine needs of a cloud, as JSON."""
    return {
        "name": cloud.name,
        "subscription_id": cloud.subscription_id,
        "tenant_id": cloud.tenant_id,
        "owner": cloud.owner,
        "arm_endpoint": cloud.arm_endpoint,
        "token_scope": cloud.token_scope,
        "ca_file": str(cloud.ca_file) if cloud.ca_file else None,
        "provider_command": list(cloud.provider_command) if cloud.provider_command else None,
        "provider_settings": [list(setting) for setting in cloud.provider_settings],
        "principal_id": cloud.principal_id,
    }


def _cloud(fields: Mapping[str, Any]) -> Cloud:
    """The cloud, without what the engine has no use for."""
    from tfinfra.cloud import Cloud
    from tfinfra.model import Timeouts

    command, ca_file = fields["provider_command"], fields["ca_file"]
    return Cloud(
        name=fields["name"],
        subscription_id=fields["subscription_id"],
        tenant_id=fields["tenant_id"],
        owner=fields["owner"],
        arm_endpoint=fields["arm_endpoint"],
        token_scope=fields["token_scope"],
        ca_file=Path(ca_file) if ca_file else None,
        credential=_no_credential,
        provider_command=tuple(command) if command else None,
        environment_cache=None,
        node_platform="",
        timeouts=Timeouts(0, 0, 0, 0),
        ensure=do_nothing,  # the client keeps the endpoint answering while it waits for an update
        provider_settings=tuple((name, value) for name, value in fields["provider_settings"]),
        principal_id=fields["principal_id"],
    )


def _no_credential() -> TokenCredential:
    raise TfinfraError("the engine's process asks ARM for nothing itself")


class _Answers:
    """Writes whole lines, from any thread."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, **answer: Any) -> None:
        with self._lock:
            self._stream.write(json.dumps(answer) + "\n")
            self._stream.flush()


def _error_of(error: Exception) -> TfinfraError:
    """What the machine does not give, such as space on its disk, is no fault of the engine's."""
    if (refused := refusal(error)) is not None:
        return ProvisioningError(refused.message, hint=refused.hint)
    return TfinfraError(f"the engine failed: {type(error).__name__}: {error}")


class EngineHost:
    """Serves the requests of one run, and then of another. `record` comes before the first `open`, which comes before
    all others; `up` and `export` run beside each other."""

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers
        self._engine: Engine | None = None

    def serve(self, requests: IO[str]) -> None:
        """Until stdin ends, which it does when the client dies too: nothing goes on without it."""
        for line in requests:
            request = json.loads(line)
            if request["verb"] in ("open", "record"):
                self._answer(request)
            else:
                threading.Thread(target=self._answer, args=(request,), daemon=True).start()
        if self._engine is not None:
            self._engine.close()

    def _answer(self, request: dict[str, Any]) -> None:
        try:
            self._answers.write(id=request["id"], result=self._do(request))
        except TfinfraError as error:
            self._fail(request, error)
        except Exception as error:  # noqa: BLE001 - the edge of the process: the client raises it
            self._fail(request, _error_of(error))

    def _fail(self, request: dict[str, Any], error: TfinfraError) -> None:
        document: dict[str, Any] = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
        if isinstance(error, ProvisioningError) and error.status is not None:
            document["refusal"] = {"status": error.status, "code": error.code, "said": error.said}
        self._answers.write(id=request["id"], error=document)

    def _do(self, request: dict[str, Any]) -> Any:
        """What the request's verb gives: `record`, `open`, `up`, `preview` or `export`."""
        verb = request["verb"]
        if verb == "record":
            from tfinfra.engine.recording.in_fork import record_apart
            from tfinfra.engine.recording.recording import RecordedCaller

            if self._engine is not None:
                raise TfinfraError("the engine is open: it has threads, and a recording forks")
            folder, caller = Path(request["deploy"]), RecordedCaller(**request["caller"])
            return record_apart(folder, request["run"], request["part"], request["config"], caller)
        if verb == "open":
            if self._engine is not None:
                self._engine.close()
            self._engine = self._open(request)
            return None
        if self._engine is None:
            raise TfinfraError("the engine is not open")
        if verb == "up":
            return self._engine.up(request["part"], request["config"])
        if verb == "preview":
            from tfinfra.model import to_json

            return to_json(self._engine.preview(request["part"], request["config"]))
        if verb == "export":
            return self._engine.export(request["part"])
        raise TfinfraError(f"the engine knows no verb '{verb}'")

    def _open(self, request: dict[str, Any]) -> Engine:
        from tfinfra.engine.policy.staging import StagedPacks
        from tfinfra.engine.pulumi import Engine

        deploy, state = Path(request["deploy"]), Path(request["state"])
        staged = Path(request["packs"])
        packs = StagedPacks(staged, staged).copied_to(state / "packs") if request["packs"] else None
        return Engine(_cloud(request["cloud"]), deploy, request["run"], state, self._tell, packs=packs)

    def _tell(self, event: UpdateEvent) -> None:
        if event.kind == "done":
            self._answers.write(progress=f"{event.resource_type.rpartition(':')[2]} {event.name}")
        elif event.kind == "warning":
            self._answers.write(progress=f"warning: {event.message}")


def main() -> None:
    """stdout belongs to the answers: whatever else prints goes to stderr. Pulumi is imported before the first request
    comes, while the client compiles."""
    answers = _Answers(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    _warm(parts_of(sys.argv))
    EngineHost(answers).serve(sys.stdin)
    os._exit(0)


def parts_of(arguments: Sequence[str]) -> tuple[str, ...]:
    """The parts whose imports come before the first request: those of compute take as long as the rest, and fit beside
    the keep stack's update."""
    return ("keep", "compute") if RECORDS in arguments else ("keep",)


def _warm(parts: Iterable[str]) -> None:
    """Imports for the programs of `parts`. Hundreds of thousands of objects come and none goes: looking for garbage
    among them would take a fifth of the time, now and in each recording's fork."""
    gc.disable()
    from tfinfra.engine import run_stack
    from tfinfra.engine.recording import program
    from tfinfra.engine.tool import pulumi_cli as cli

    del cli, run_stack
    for part in parts:
        program.warm(part)
    gc.freeze()
    gc.enable()


if __name__ == "__main__":
    main()
