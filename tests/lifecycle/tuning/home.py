"""A tune as it lies on the machine that began it: record, plan and journal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.lifecycle.fakes import a_plan
from tests.lifecycle.record.test_record import a_record
from tests.lifecycle.tuning.tuned_world import a_tune
from tfinfra.errors import Result
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, run_folder
from tfinfra.lifecycle.record.trials import TrialOf
from tfinfra.model import Pool, to_json
from tfinfra.model.trials import trial_id
from tfinfra.model.tuning import Scalar
from tfinfra.store import encode, keys
from tfinfra.tuning.journal import Asked, Ended, Entry, best_figure, figures_of

RUN = "digits-abc123"
NAN = float("nan")
ENDS = (
    ("succeeded", "", (0.5, 0.9)),
    ("failed", "rank-0 ended with exit status 1: ValueError: no", ()),
    ("terminated", "its best was too far behind", (0.1, 0.2)),
    ("succeeded", "", (0.95, NAN, 0.7)),
    None,
)
"""How the trials 1, 2, … ended, each with its values; None: it is under way."""


def a_tune_at_home(state: Path, results: Path, **changes: Any) -> RunFolder:
    """Five trials, of which the fourth is the best and the fifth under way. `changes` are the record's."""
    folder = run_folder(state, RUN)
    over = {"phase": RunPhase.DELETED, "result": Result.SUCCEEDED, "fetched": True, "results": str(results)}
    folder.write(a_record(RUN, **{**over, **changes}))
    plan = replace(a_plan(), tune=replace(a_tune(), max_total_runs=8), pool=Pool(2, 1, 60))
    folder.write_deploy({"plan.json": json.dumps(to_json(plan))})
    entries: list[Entry] = []
    for number, end in enumerate(ENDS, start=1):
        entries.append(Entry(asked=Asked(number, _parameters(number), 1000.0 + number)))
        if end is not None:
            result, why, values = end
            figures, best = figures_of(values), best_figure(values, "maximize")
            entries.append(Entry(ended=Ended(number, result, why, 1010.0 + number, figures, best)))
    for sequence, entry in enumerate(entries):
        path = folder.path / keys.journal_key(sequence)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode(entry))
    return folder


def _parameters(number: int) -> dict[str, Scalar]:
    return {"--x": number - 1, "--rate": 0.1 / number}


def a_trials_files(folder: RunFolder, results: Path, number: int, values: tuple[float, ...]) -> None:
    """The record of a trial of that tune, and what came home of it."""
    trial, home = trial_id(RUN, number), results / "trials" / str(number)
    how = {"on": RUN, "phase": RunPhase.DELETED, "result": Result.SUCCEEDED, "fetched": True, "results": str(home)}
    folder.of(trial).write(a_record(trial, name=RUN, trial=TrialOf(number, _parameters(number)), **how))
    points = [{"name": "val_acc", "value": v, "step": n, "time": 1000.0 + n} for n, v in enumerate(values)]
    for name, text in (
        ("metrics/rank-0.jsonl", "".join(f"{json.dumps(point)}\n" for point in points)),
        ("outputs/model.txt", "weights"),
        ("run.json", json.dumps({"run": trial})),
    ):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
