"""The client's side of the engine's process: one run's stacks, by calls that go to it as JSON lines (host.py)."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfinfra import errors
from tfinfra.engine.host import RECORDS, cloud_fields
from tfinfra.errors import ProvisioningError, TfinfraError
from tfinfra.system.process import child_python
from tfinfra.system.process.inherited_variables import without_passphrase
from tfinfra.system.progress import do_nothing, say_nothing

if TYPE_CHECKING:  # at run time they load half of tfinfra, before which this process is to be started
    from tfinfra.cloud import Cloud
    from tfinfra.engine.policy.preview import Preview
    from tfinfra.system.progress import Progress

_LOOK = 2.0
"""Seconds between two looks at whether the cloud answers."""
_READ = 0.5
"""Seconds that the last answers of an ended process may take."""
_ENDING = 6.0
"""Seconds that an interrupted update has to write down what it knows."""


class EngineProcess:
    """Starts at once and imports Pulumi while the client does other things; `open` binds it to a run. `records`: a
    recording comes first, so that what both parts' programs import is loaded for it before it is asked for. `environ`
    is its environment, where that is not this process's. It never has the passphrase of the key that signs evidence: it
    runs a deploy folder's program."""

    def __init__(self, *, records: bool = False, environ: Mapping[str, str] | None = None) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process writes to it
        self._process = subprocess.Popen(
            child_python.module("tfinfra.engine.host", *((RECORDS,) if records else ())),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=without_passphrase(os.environ if environ is None else environ),
            start_new_session=True,  # a Ctrl-C on the terminal reaches the client alone, which decides
        )
        self._ids = itertools.count()
        self._waiting: dict[int, Future[Any]] = {}
        self._lock = threading.Lock()
        self._closed = self._opened = False
        self._tell: Progress = say_nothing
        self._ensure: Callable[[], None] = do_nothing
        self._reader = threading.Thread(target=self._read, daemon=True, name="engine answers")
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def open(
        self, cloud: Cloud, deploy: Path, run: str, state: Path, progress: Progress, *, packs: Path | None = None
    ) -> EngineProcess:
        """Binds the engine to a run; `progress` hears of each resource that is there. `packs` is the folder of staged
        policy packs that judge its previews. Raises ProvisioningError."""
        self._tell, self._ensure, self._opened = progress, cloud.ensure, True
        where = {"deploy": str(deploy), "run": run, "state": str(state)}
        where |= {"packs": str(packs) if packs else ""}
        self._ask("open", cloud=cloud_fields(cloud), **where)
        return self

    def record(
        self, deploy: Path, run: str, part: str, config: Mapping[str, str], caller: Mapping[str, str]
    ) -> dict[str, Any]:
        """{"requests", "outputs"}: what the part's program would ask of ARM as `caller` ("subscription", "principal").
        Before `open` only. Raises ProvisioningError."""
        where = {"deploy": str(deploy.absolute()), "run": run, "part": part}
        found: dict[str, Any] = self._ask("record", config=dict(config), caller=dict(caller), **where)
        return found

    def up(self, part: str, config: Mapping[str, str]) -> dict[str, Any]:
        """The stack's outputs; makes the cloud's endpoint answer again should it die meanwhile."""
        self._ensure()  # building Pulumi took minutes, perhaps: a local cloud without groups has left by then
        update = self._send("up", part=part, config=dict(config))
        while not wait([update], timeout=_LOOK).done:
            with suppress(TfinfraError, OSError):  # the plugin's own error says more, once its patience ends
                self._ensure()
        outputs: dict[str, Any] = update.result()
        return outputs

    def preview(self, part: str, config: Mapping[str, str]) -> Preview:
        """As Engine.preview. Raises ProvisioningError."""
        from tfinfra.engine.policy.preview import Preview
        from tfinfra.model import from_json

        return from_json(Preview, self._ask("preview", part=part, config=dict(config)))

    def export(self, part: str) -> dict[str, Any]:
        state: dict[str, Any] = self._ask("export", part=part)
        return state

    def close(self) -> None:
        """Ends the process: its input ends, upon which it stops what runs. May be called twice."""
        self._closed = True
        if not self._opened:  # it has nothing to end in order
            self._process.kill()
        if self._process.stdin is not None:
            with suppress(OSError):  # a request that a dead process never took
                self._process.stdin.close()
        if not self._ends_within(_ENDING):
            self._process.kill()
            self._process.wait()
        self._reader.join(_READ)
        self._errors.close()

    def _ask(self, verb: str, **fields: Any) -> Any:
        return self._send(verb, **fields).result()

    def _send(self, verb: str, **fields: Any) -> Future[Any]:
        stream = self._process.stdin
        assert stream is not None  # noqa: S101 - a pipe was asked for
        future: Future[Any] = Future()
        with self._lock:
            number = next(self._ids)
            self._waiting[number] = future
            try:
                stream.write(json.dumps({"id": number, "verb": verb, **fields}) + "\n")
                stream.flush()
            except (OSError, ValueError):
                self._waiting.pop(number, None)
                raise self._gone() from None
        return future

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 - a pipe was asked for
        with stream:
            self._take(stream)
        self._process.wait()
        with self._lock:
            left, self._waiting = list(self._waiting.values()), {}
        for future in left:
            future.set_exception(self._gone())

    def _take(self, answers: Iterable[str]) -> None:
        for line in answers:
            answer = json.loads(line)
            if "progress" in answer:
                self._tell(answer["progress"])
                continue
            with self._lock:
                future = self._waiting.pop(answer["id"])
            if "error" in answer:
                future.set_exception(_raised(answer["error"]))
            else:
                future.set_result(answer["result"])

    def _ends_within(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _gone(self) -> ProvisioningError:
        if self._closed:
            return ProvisioningError("the update was stopped")
        self._ends_within(_ENDING)
        status = self._process.poll()
        how = f"was killed by signal {-status}" if status and status < 0 else f"ended with status {status}"
        self._errors.seek(0)
        last = (self._errors.read().decode(errors="replace").strip().splitlines() or [""])[-1]
        return ProvisioningError(f"the process of the Pulumi engine {how}" + (f": {last}" if last else ""))


def _raised(error: dict[str, Any]) -> TfinfraError:
    """The exception that the engine's process raised."""
    kind = getattr(errors, error["kind"], TfinfraError)
    raised: TfinfraError = kind(error["message"], error["hint"], **error.get("refusal", {}))
    return raised
