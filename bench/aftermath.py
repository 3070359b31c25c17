"""What must hold of a run, whatever has struck it. What does not is added to `Trial.wrong`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from bench.common import tfinfra_command
from bench.trial import BOUND, FILES, Trial, line_of, processes_of


def look_at_the_end(trial: Trial, code: int, up: str) -> None:
    """The exit status and the told cause are those of the first fault that can end a run, or 0 and all outputs."""
    fatal = [(at, fault) for at, fault in trial.struck if fault.kind.codes]
    close = [fault for at, fault in fatal if at - fatal[0][0] < 3.0]  # which came first is nobody's to know
    codes = {code for fault in close for code in fault.kind.codes}
    if "Traceback" in trial.told or "tfinfra itself failed" in trial.told:
        trial.wrong.append("a traceback, or a fault of tfinfra itself")
    if code == 0:
        wanted = {name.rsplit("-", 1)[0] for name in trial.written()}
        short = [task for task in wanted if not task.startswith("ps") and f"{task}-{FILES - 1}" not in trial.written()]
        trial.wrong += [f"exit 0 although {task} had not ended" for task in short]
        return
    if code < 0 and not trial.run:  # before it had begun: no Python hears a signal in its first moments
        return
    if code not in codes | {10}:
        trial.wrong.append(f"exit {code} where {sorted(codes)} were possible")
    causes = [fault.kind.cause for fault in close if code in fault.kind.codes and fault.kind.cause]
    errors = up.partition("error:")[2]
    if code > 0 and code != 10 and causes and not any(re.search(cause, errors) for cause in causes):
        trial.wrong.append(f"the cause that is told is not that of {' or '.join(f.name for f in close)}: {errors}")
    if re.search(r"outputs( and logs)?: ", up) and not any((trial.project / "runs").glob("*/outputs/**/*")):
        trial.wrong.append("outputs are said to be where there are none")


def clean_up(trial: Trial, code: int, up: str) -> None:
    """What stays is named, and goes by the verbs that are named for it."""
    left = _groups(trial)
    if code > 0:
        unnamed = [group for group in left if group not in up]
        if unnamed or (left and code != 10):
            trial.wrong.append(f"exit {code}, and {', '.join(unnamed or left)} left")
    if not trial.run or not left:
        return
    if code < 0:
        _await_result(trial)
    fetched = trial.command("fetch", trial.run)
    if fetched not in (0, 2, 5, 6, 10):
        trial.wrong.append(f"fetch ended with {fetched}")
    downed = trial.command("down", trial.run)
    if downed == 10:
        downed = trial.command("down", "--discard", trial.run)
    if downed:
        trial.wrong.append(f"down ended with {downed}")


def _await_result(trial: Trial) -> None:
    until = time.time() + BOUND
    while time.time() < until:
        done = subprocess.run(
            [*tfinfra_command(), "status", trial.run, "--json"],
            env={**os.environ, "TFINFRA_STATE_DIR": str(trial.state)},
            cwd=trial.project,
            capture_output=True,
            check=False,
        )
        with suppress(ValueError):
            document = json.loads(done.stdout)
            if document.get("result") or document.get("phase") == "deleted":
                return
        time.sleep(1)
    trial.wrong.append("a run whose client was killed never got a result")


def _groups(trial: Trial) -> list[str]:
    return sorted(path.name.removesuffix(".json") for path in trial.state.glob("cloud/groups/*"))


def look_at_outputs(trial: Trial) -> None:
    """What a task had closed is at home, whole, or it is named that something is not."""
    results = trial.project / "runs" / trial.run
    lost = [name for name in trial.written() if _text(results / "outputs" / name) != name * 1000]
    record: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        record = json.loads((results / "run.json").read_text())
    named = record.get("not_collected")
    if lost and (named is None or (named["files"] is not None and named["files"] < len(lost))):
        trial.wrong.append(f"{len(lost)} outputs are lost ({', '.join(lost[:3])} …); named: {named}")


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None


def look_at_what_is_left(trial: Trial, began: float) -> None:
    until = time.time() + 25
    while (left := processes_of(trial, "")) and time.time() < until:
        time.sleep(0.5)
    trial.wrong += [f"a process is left: {p.pid} {line_of(p)[:150]}" for p in left]
    trial.wrong += [f"the group {group} is left" for group in _groups(trial)]
    if f"{trial.state}/" in Path("/proc/mounts").read_text():
        trial.wrong.append("a mount is left")
    for process in left:
        with suppress(psutil.Error):
            if process.create_time() > began:
                process.kill()
