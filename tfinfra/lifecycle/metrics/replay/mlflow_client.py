"""MLflow as a tracker, in a process of its own: the MLflow beside tfinfra where there is one, else one in an
environment in the cache, which pip's configured index fills once."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.errors import TfinfraError, UsageError
from tfinfra.lifecycle.metrics.tools import tool_python
from tfinfra.script import in_json
from tfinfra.system.progress import Progress
from tfinfra.tracking.sending import TrackingError

MLFLOW = "mlflow==3.17.2"
_WORKER = Path(__file__).with_name("mlflow_worker.py")


class MlflowClient:
    """MLflow's client of what lies at `uri`. Raises UsageError where there is no MLflow to be had."""

    def __init__(self, uri: str, progress: Progress) -> None:
        self._process = subprocess.Popen(
            [str(_python(progress)), "-I", str(_WORKER), uri],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**tool_environment(), "MLFLOW_DISABLE_TELEMETRY": "true"},
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> MlflowClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        del error, at
        if kind is not None:
            self._process.kill()
        self._process.communicate()

    def begin(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        return str(self._call("begin", experiment, name, dict(tags)))

    def log(self, run_id: str, metrics: Sequence[tuple[str, float, int, float]]) -> None:
        rows = [(name, in_json(value), step, time) for name, value, step, time in metrics]
        self._call("log", run_id, rows)

    def remark(self, run_id: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> None:
        self._call("remark", run_id, dict(parameters), dict(tags))

    def end(self, run_id: str, status: str, time: float) -> None:
        self._call("end", run_id, status, time)

    def _call(self, *call: Any) -> Any:
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise TrackingError("MLflow's own process has no pipes", away=False)
        try:
            process.stdin.write(json.dumps(call) + "\n")
            process.stdin.flush()
            said = json.loads(process.stdout.readline())
        except (OSError, ValueError) as error:
            raise TrackingError("MLflow's own process ended: is the file one of MLflow's?", away=False) from error
        if "error" in said:
            raise TrackingError(str(said["error"]), away=False, code=str(said["code"]))
        return said["answer"]


def _python(progress: Progress) -> Path:
    """A Python that has MLflow with its database; mlflow-skinny has none."""
    if importlib.util.find_spec("mlflow") is not None and importlib.util.find_spec("sqlalchemy") is not None:
        return Path(sys.executable)
    try:
        return tool_python("mlflow", (MLFLOW,), progress)
    except TfinfraError as error:
        hint = f"`pip install {MLFLOW}` beside tfinfra, or give the URL of an MLflow server"
        raise UsageError(f"MLflow cannot be had for that: {error.message}", hint=hint) from error
