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
BENCHMARKS = {
    "cli": 10,
    "compile": 3,
    "rendezvous": 3,
    "store": 3,
    "logs": 3,
    "metrics": 3,
    "launch": 3,
    "tune": 1,
    "preflight": 3,
    "check": 1,
    "files": 3,
    "environments": 3,
}


def main() -> None:
    arguments = _parse()
    if arguments.name == "versions":
        from bench.versions.main import main as versions

        sys.exit(versions(arguments.json, arguments.only, arguments.case, again=arguments.again))
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
    parser.add_argument("name", choices=[*BENCHMARKS, "all", "versions"])
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the numbers go (bench/results/NAME.json)")
    parser.add_argument("--repeat", type=int, metavar="N", help="samples per case")
    versions = parser.add_argument_group("versions")
    versions.add_argument("--only", nargs="+", default=[], metavar="V", help="as 2.16, or 2.16:3.12 with a Python")
    versions.add_argument("--case", default="", metavar="TEXT", help="the cases whose name contains it")
    versions.add_argument("--again", action="store_true", help="try what was tried already")
    return parser.parse_args()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what runs is ended, and folders are removed
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(error.cmd)}: exit status {error.returncode}\n{error.stderr}")
