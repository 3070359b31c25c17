"""What `tfinfra tune` adds to its trials: a hundred that do nothing, four at a time, from the command to its end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.common import Result, Row, Sample, measure, tell, tfinfra_command
from bench.runs import Project, bench_folder, kinds

TRIALS, AT_ONCE = 100, 4
KEYS = """\
compute_target: local
tune:
  sampling: random
  parameter_space: {{--rate: {{uniform: [0, 1]}}}}
  primary_metric_name: score
  primary_metric_goal: maximize
  max_total_runs: {trials}
  max_concurrent_runs: {at_once}
"""
AT_MOST = {"seconds": 30}
NOTES = ("trial_ms: of the whole, for each trial of one slot; cpu_s is the client's with all that it waits for",)


def run(repeat: int) -> Result:
    """A row per kind of machines."""
    with bench_folder() as folder, _state(folder / "state"):
        tell("a first tune for the environment, which does not count")
        _tune(folder / "first", kinds()[0], trials=1, at_once=1)
        rows = []
        for kind in kinds():
            tell(f"tune on {kind} machines")
            samples = tuple(_tune(folder / f"{kind}-{number}", kind, TRIALS, AT_ONCE) for number in range(repeat))
            rows.append(Row(f"{TRIALS} trials, {AT_ONCE} at once, {kind} machines", samples, None, AT_MOST))
    return Result("tune", tuple(rows), NOTES)


def _tune(folder: Path, machines: str, trials: int, at_once: int) -> Sample:
    keys = KEYS.format(trials=trials, at_once=at_once)
    Project(folder, folder.parent / "state", "bench-tune", "score.py", keys, "main-0").write()
    taken = measure([*tfinfra_command(), "tune", "train.yaml", "--machines", machines], folder)
    return {**taken, "trial_ms": taken["seconds"] * 1000 * at_once / trials}


@contextmanager
def _state(folder: Path) -> Iterator[None]:
    """The state folder of the commands that are measured meanwhile."""
    before = os.environ.get("TFINFRA_STATE_DIR")
    os.environ["TFINFRA_STATE_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["TFINFRA_STATE_DIR"]
        else:
            os.environ["TFINFRA_STATE_DIR"] = before
