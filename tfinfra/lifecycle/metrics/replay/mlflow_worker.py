"""What MLflow's own Python runs: a call a line on stdin, an answer a line on stdout. Nothing of tfinfra is imported."""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr  # what MLflow prints is no answer
    from mlflow import MlflowClient, MlflowException  # type: ignore[import-not-found]

    calls = _Calls(MlflowClient(tracking_uri=sys.argv[1]))
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer: Any = {"answer": getattr(calls, name)(*arguments)}
        except MlflowException as error:
            answer = {"error": " ".join(str(error).split())[:200], "code": error.error_code}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


class _Calls:
    """The calls of a tracker (tfinfra/tracking/sending.py)."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def begin(self, experiment: str, name: str, tags: dict[str, str]) -> str:
        found = self._client.get_experiment_by_name(experiment)
        number = found.experiment_id if found else self._client.create_experiment(experiment)
        key, value = next(iter(tags.items()))
        runs = self._client.search_runs([number], f"tags.`{key}` = '{value}'", max_results=1)
        run = runs[0] if runs else self._client.create_run(number, run_name=name, tags=tags)
        return str(run.info.run_id)

    def log(self, run_id: str, metrics: list[tuple[str, Any, int, float]]) -> None:
        from mlflow.entities import Metric  # type: ignore[import-not-found]

        rows = [Metric(name, float(value), round(time * 1000), step) for name, value, step, time in metrics]
        self._client.log_batch(run_id, metrics=rows)

    def remark(self, run_id: str, parameters: dict[str, str], tags: dict[str, str]) -> None:
        from mlflow.entities import Param, RunTag

        params = [Param(name, text) for name, text in parameters.items()]
        self._client.log_batch(run_id, params=params, tags=[RunTag(name, text) for name, text in tags.items()])

    def end(self, run_id: str, status: str, time: float) -> None:
        self._client.set_terminated(run_id, status, round(time * 1000))


if __name__ == "__main__":
    main()
