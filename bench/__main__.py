"""`python -m bench NAME [--json FILE] [--repeat N]`: runs benchmarks, prints their tables, writes their numbers."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from bench.common import RESULTS, Result, document, show, tell, write

# What runs, and how many samples it takes where --repeat does not say.
BENCHMARKS = {"cli": 10, "compile": 3, "rendezvous": 3, "store": 3, "logs": 3, "launch": 3, "preflight": 3}


def main() -> None:
    arguments = _parse()
    names = list(BENCHMARKS) if arguments.name == "all" else [arguments.name]
    results: list[Result] = []
    path: Path = arguments.json or RESULTS / f"{arguments.name}.json"
    for name in names:
        results.append(_load(name)(arguments.repeat or BENCHMARKS[name]))
        show(results[-1])
        write(path, document(results, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())))
    tell(f"numbers: {path}")


def _load(name: str) -> Callable[[int], Result]:
    run: Callable[[int], Result] = import_module(f"bench.{name}").run
    return run


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", choices=[*BENCHMARKS, "all"])
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the numbers go (bench/results/NAME.json)")
    parser.add_argument("--repeat", type=int, metavar="N", help="samples per case")
    return parser.parse_args()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what runs is ended, and folders are removed
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(error.cmd)}: exit status {error.returncode}\n{error.stderr}")
