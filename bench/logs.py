"""What happens to a script that prints a million lines: is one lost, how much slower is it, when is a line shown.

Two ways: the agent's log pipeline alone (its Process and LogShipper in one process, a file store, the client's
LogReader and plain view in another), and a whole `tfinfra up`; each against the same script with its output in a file.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.common import ROOT, SCRIPTS, Result, Row, repeated, tell
from bench.runs import Project, bench_folder, kinds, up
from tfinfra.system.process import child_python

TASK = "main-0"
POLL = 0.15  # seconds between two looks of the client (tfinfra.lifecycle)


@dataclass(frozen=True)
class Load:
    """How many lines, and how many seconds between two."""

    text: str
    count: int
    pause: float

    def arguments(self) -> list[str]:
        return ["--count", str(self.count), "--pause", str(self.pause)]


FLOOD = Load("1,000,000 lines at once", 1_000_000, 0.0)
TRICKLE = Load("50 lines a second", 250, 0.02)
Shown = Iterable[tuple[float, str]]  # when (Unix seconds) a line was shown, and the line


def run(repeat: int) -> Result:
    """Rows for both loads and both ways."""
    with bench_folder() as folder:
        rows = [*_pipeline_rows(repeat, folder), *_up_rows(repeat, folder)]
    return Result("logs", tuple(rows), ("shown after: from the moment the script wrote a line to the client's output",))


def _pipeline_rows(repeat: int, folder: Path) -> Iterator[Row]:
    bare = "python > file"
    tell(f"{bare}, then the agent's log pipeline")
    yield Row(bare, repeated(repeat, lambda: _bare(FLOOD, Path(sys.executable), folder)))
    yield Row(f"pipeline, {FLOOD.text}", repeated(repeat, lambda: _pipeline(FLOOD, folder)), bare, {"lost": 0})
    at_most = {"lost": 0, "shown_after_max_s": 1}
    yield Row(f"pipeline, {TRICKLE.text}", repeated(repeat, lambda: _pipeline(TRICKLE, folder)), None, at_most)


def _up_rows(repeat: int, folder: Path) -> Iterator[Row]:
    kind, bare = kinds()[0], "environment's python > file"
    tell(f"tfinfra up, {kind} machines (the first run makes the environment, and does not count)")
    python = up(_project(TRICKLE, folder), kind).environment / "bin/python"
    yield Row(bare, repeated(repeat, lambda: _bare(FLOOD, python, folder)))
    yield Row(f"up, {FLOOD.text}", repeated(repeat, lambda: _up(FLOOD, folder, kind)), bare, {"lost": 0})
    at_most = {"lost": 0, "shown_after_max_s": 1}
    yield Row(f"up, {TRICKLE.text}", repeated(repeat, lambda: _up(TRICKLE, folder, kind)), None, at_most)


def _bare(load: Load, python: Path, folder: Path) -> dict[str, float]:
    out = folder / "bare.log"
    with out.open("wb") as file:
        subprocess.run([python, SCRIPTS / "lines.py", *load.arguments()], stdout=file, check=True)
    return {"script_s": float(out.read_text().split()[-1])}


def _pipeline(load: Load, folder: Path) -> dict[str, float]:
    """This process is the client; the agent's side is `python -m bench.logs`."""
    root = folder / f"pipeline-{time.monotonic_ns()}"
    argv = child_python.module("bench.logs", str(root), *load.arguments())
    agent = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.DEVNULL)
    shown = list(_watch(root, agent))
    if agent.returncode:
        raise subprocess.CalledProcessError(agent.returncode, argv)
    return _judge(load, shown)


def _watch(root: Path, agent: subprocess.Popen[bytes]) -> Iterator[tuple[float, str]]:
    """The client's own reading and printing, with the time after each line's print."""
    from tfinfra.lifecycle.watch.log_reader import LogReader
    from tfinfra.lifecycle.watch.plain_view import PlainView
    from tfinfra.store import open_store

    tail = LogReader(open_store((root / "store").as_uri()), TASK)
    with Path(os.devnull).open("w") as nowhere:
        view = PlainView(nowhere, nowhere, str)
        ended = False
        while not ended:
            time.sleep(POLL)
            ended = agent.poll() is not None
            for line in tail.rest() if ended else tail.new():
                view.line(TASK, line.text)
                yield time.time(), line.text


def _up(load: Load, folder: Path, kind: str) -> dict[str, float]:
    """The lines are looked for in the client's output and in the collected log."""
    seen = up(_project(load, folder), kind)
    sample = _judge(load, _lines(seen.shown))
    collected = seen.log.splitlines()
    return {**sample, "lost": sample["lost"] + load.count + 1 - len(collected), "agent_mib": seen.memory.agent_mib}


def _lines(blocks: Iterable[tuple[float, bytes]]) -> Iterator[tuple[float, str]]:
    rest = b""
    for moment, block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield moment, line.decode().removeprefix(f"{TASK} | ")


def _project(load: Load, folder: Path) -> Project:
    keys = f"script_params: {{--count: {load.count}, --pause: {load.pause}}}\n"
    return Project(folder / "logs", folder / "state", "bench-logs", "lines.py", keys, TASK)


def _judge(load: Load, shown: Shown) -> dict[str, float]:
    """Lines are expected once each and in order; anything else counts as lost."""
    delays, lost, script, expected = [], 0, 0.0, 0
    for moment, line in shown:
        first, second, *_ = [*line.split(" "), "", ""]
        if first == "took":
            script = float(second)
        elif first.isdigit() and int(first) >= expected:
            lost += int(first) - expected
            expected = int(first) + 1
            delays.append(moment - float(second))
    lost += load.count - expected
    return {
        "script_s": script,
        "lost": lost,
        "shown_after_median_s": statistics.median(delays),
        "shown_after_max_s": max(delays),
        "last_shown_after_s": delays[-1],
    }


def _agent(root: Path, arguments: list[str]) -> int:
    """The agent's side: starts the script as a task, ships its log as it grows, returns its exit status."""
    from tfinfra.agent.node.log_shipping import LogShipper
    from tfinfra.agent.node.processes import Command, Process
    from tfinfra.store import open_store
    from tfinfra.system.clock import SystemClock

    root.mkdir(parents=True, exist_ok=True)
    log = root / f"{TASK}.log"
    shipper = LogShipper(open_store((root / "store").as_uri()), SystemClock(), free=True)
    shipper.start()
    shipper.add(TASK, log)
    command = Command([sys.executable, "-I", str(SCRIPTS / "lines.py"), *arguments], root, dict(os.environ), log)
    task = Process(command)
    while (code := task.poll()) is None:
        time.sleep(0.05)
    shipper.stop()
    return code


if __name__ == "__main__":
    sys.exit(_agent(Path(sys.argv[1]), sys.argv[2:]))
