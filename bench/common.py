"""What all benchmarks share: samples, the rows they make, their medians and ratios, the table, the JSON document."""

from __future__ import annotations

import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinfra.system.process import child_python

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench/results"
SCRIPTS = ROOT / "bench/scripts"
EXAMPLE = ROOT / "examples/digits/horovod.yaml"

Sample = Mapping[str, float]
"""One run of one case: values by metric. A metric's name ends in its unit (`exit_s`, `peak_mib`)."""


@dataclass(frozen=True)
class Row:
    """One case: its samples, the case of the same result that it is compared with, and the most (issue 3's "What it
    must reach") that a metric may be."""

    case: str
    samples: tuple[Sample, ...]
    against: str | None = None
    at_most: Mapping[str, float] | None = None

    def medians(self) -> dict[str, float]:
        """The median of each metric, over the samples that have it."""
        metrics = dict.fromkeys(metric for sample in self.samples for metric in sample)
        return {metric: statistics.median(s[metric] for s in self.samples if metric in s) for metric in metrics}


@dataclass(frozen=True)
class Result:
    """A benchmark's rows, and what a reader must know of how they were made."""

    name: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def ratios(self, row: Row) -> dict[str, float]:
        """`row` divided by the row that it is compared with, for each metric that both have."""
        bare = next((r.medians() for r in self.rows if r.case == row.against), {})
        return {m: value / bare[m] for m, value in row.medians().items() if bare.get(m)}


def measure(argv: Sequence[str | Path], folder: Path | None = None) -> dict[str, float]:
    """Runs a command to its end: {"seconds", "cpu_s", "peak_mib"}, of it and the children it waited for.

    A small process (meter.py) starts it and waits, because Linux counts a starter's own memory into its child's
    ru_maxrss. Raises CalledProcessError, with what it printed, where the command fails.
    """
    words = [str(word) for word in argv]
    with tempfile.NamedTemporaryFile() as out:
        meter = [sys.executable, "-I", "-S", str(ROOT / "bench/meter.py"), out.name, *words]
        done = subprocess.run(meter, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, words, done.stdout, done.stderr)
        document = json.loads(Path(out.name).read_text())
    return {metric: document[metric] for metric in ("seconds", "cpu_s", "peak_mib")}


def repeated(times: int, take: Callable[[], Sample]) -> tuple[Sample, ...]:
    return tuple(take() for _ in range(times))


def tfinfra_command() -> list[str]:
    """The console script of the environment that runs this, else the module."""
    script = Path(sys.executable).with_name("tfinfra")
    return [str(script)] if script.exists() else child_python.module("tfinfra.cli.main")


def tell(text: str) -> None:
    """Says on stderr what is being measured."""
    print(text, file=sys.stderr, flush=True)


def document(results: Sequence[Result], taken: str) -> dict[str, Any]:
    """All that was measured, as JSON's own types; `taken` is ISO 8601."""
    return {"taken": taken, "machine": _machine(), "benchmarks": {r.name: _result_document(r) for r in results}}


def _machine() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "root": os.geteuid() == 0,
    }


def _result_document(result: Result) -> dict[str, Any]:
    return {"notes": list(result.notes), "rows": [_row_document(result, row) for row in result.rows]}


def _row_document(result: Result, row: Row) -> dict[str, Any]:
    return {
        "case": row.case,
        "medians": row.medians(),
        "at_most": dict(row.at_most or {}),
        "against": row.against,
        "ratios": result.ratios(row),
        "samples": [dict(sample) for sample in row.samples],
    }


def show(result: Result) -> None:
    """Prints a table of medians: a value, its ratio to the bare tool's, and ! where it is above what is allowed."""
    from rich.console import Console
    from rich.table import Table

    richest_first = sorted(result.rows, key=lambda row: -len(row.medians()))  # its order of columns is the table's
    metrics = list(dict.fromkeys(metric for row in richest_first for metric in row.medians()))
    table = Table("case", "n", title=f"bench {result.name}", title_justify="left", caption="\n".join(result.notes))
    for metric in metrics:
        table.add_column(metric, justify="right")
    for row in result.rows:
        table.add_row(row.case, str(len(row.samples)), *(_cell(result, row, metric) for metric in metrics))
    width = None if sys.stdout.isatty() else 160
    Console(width=width, highlight=False).print(table)


def _cell(result: Result, row: Row, metric: str) -> str:
    value = row.medians().get(metric)
    if value is None:
        return ""
    text = f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"
    ratio, most = result.ratios(row).get(metric), (row.at_most or {}).get(metric)
    if ratio is not None:
        text += f" (x {ratio:.2f})"
    return text if most is None else f"{text} {'≤' if value <= most else '!'} {most:g}"


def write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")


def free_ports(count: int) -> list[int]:
    """As many TCP ports of loopback that nobody listens at, each another."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
