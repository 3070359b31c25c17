"""An MLflow server, spoken to by its tracking REST (mlflow.org, "REST API", version 2.0), with the standard library."""

from __future__ import annotations

import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from tfinfra.script import in_json
from tfinfra.system.no_redirect import NoRedirect
from tfinfra.text.masking import masked_text
from tfinfra.tracking.sending import TrackingError

_MOST_BYTES = 1 << 22
_SAID = 200  # characters of an answer's message that are told
_AWAY = (408, 425, 429)
_IN_A_HEADER = re.compile(r"[\x21-\x7e\xa1-\xff]+")


class TrackingServer:
    """The server at `uri`; `token` is its bearer token, `seconds` how long an answer may take."""

    def __init__(self, uri: str, token: str | None = None, seconds: float = 10.0) -> None:
        self._uri = uri.rstrip("/")
        self._token = token
        self._seconds = seconds
        self._opener = urllib.request.build_opener(NoRedirect)

    def begin(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        experiment_id = self._experiment(experiment)
        key, value = next(iter(tags.items()))
        wanted = {"experiment_ids": [experiment_id], "filter": f"tags.`{key}` = '{value}'", "max_results": 1}
        runs = self._call("runs/search", wanted).get("runs") or []
        if runs:
            return _text(runs[0], "info", "run_id")
        run = self._call("runs/create", {"experiment_id": experiment_id, "run_name": name, "tags": _pairs(tags)})
        return _text(run, "run", "info", "run_id")

    def log(self, run_id: str, metrics: Sequence[tuple[str, float, int, float]]) -> None:
        rows = [
            {"key": name, "value": in_json(value), "step": step, "timestamp": round(time * 1000)}
            for name, value, step, time in metrics
        ]
        self._call("runs/log-batch", {"run_id": run_id, "metrics": rows})

    def remark(self, run_id: str, parameters: Mapping[str, str], tags: Mapping[str, str]) -> None:
        self._call("runs/log-batch", {"run_id": run_id, "params": _pairs(parameters), "tags": _pairs(tags)})

    def end(self, run_id: str, status: str, time: float) -> None:
        self._call("runs/update", {"run_id": run_id, "status": status, "end_time": round(time * 1000)})

    def _experiment(self, name: str) -> str:
        there = self._experiment_there(name)
        if there is not None:
            return there
        try:
            return _text(self._call("experiments/create", {"name": name}), "experiment_id")
        except TrackingError as error:
            made = self._experiment_there(name) if error.code == "RESOURCE_ALREADY_EXISTS" else None
            if made is None:
                raise
            return made  # another run of this name was first

    def _experiment_there(self, name: str) -> str | None:
        query = urllib.parse.urlencode({"experiment_name": name})
        try:
            return _text(self._call(f"experiments/get-by-name?{query}", None), "experiment", "experiment_id")
        except TrackingError as error:
            if error.code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    def _call(self, route: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        """The answer's object. Raises TrackingError, which never holds the token: a server may say what it was sent."""
        headers = {"Content-Type": "application/json"}
        if self._token:
            if not _IN_A_HEADER.fullmatch(self._token):
                raise TrackingError("the token holds a character that no HTTP header can have", away=False)
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._uri}/api/2.0/mlflow/{route}", data, headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=self._seconds) as answer:
                said = json.loads(answer.read(_MOST_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                message, code = _reason(error)
            # What stands before a server answers 404 in its own words while the server is away.
            away = error.code >= 500 or error.code in _AWAY or (error.code == 404 and not code)
            raise TrackingError(f"it answered {error.code}: {self._shown(message)}", away=away, code=code) from error
        except (OSError, http.client.HTTPException) as error:
            reason = self._shown(str(getattr(error, "reason", error)))
            raise TrackingError(f"it does not answer: {reason}", away=True) from error
        except (ValueError, RecursionError) as error:
            raise TrackingError("it answers no JSON: is that an MLflow server?", away=True) from error
        return said if isinstance(said, dict) else {}

    def _shown(self, said: str) -> str:
        return masked_text(" ".join(said.split()), [self._token or ""])[:_SAID]


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _text(said: Any, *path: str) -> str:
    for key in path:
        said = said.get(key) if isinstance(said, dict) else None
    if not isinstance(said, str) or not said:
        raise TrackingError("it is no MLflow server: its answer has no id", away=False)
    return said


def _reason(error: urllib.error.HTTPError) -> tuple[str, str]:
    """What the server says of a refusal, and MLflow's word for it: "" where the answer is none of MLflow's."""
    try:
        said = json.loads(error.read(_MOST_BYTES).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return str(error.reason), ""
    code = said.get("error_code")
    return str(said.get("message") or error.reason), code if isinstance(code, str) else ""
