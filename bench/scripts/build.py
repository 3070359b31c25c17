"""Builds the environment of a lock, as a node does: `build.py LOCK CACHE` prints the folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tfinfra.environment.build_environment import ensure_environment
from tfinfra.environment.lock_file import Lock
from tfinfra.model import from_json

if __name__ == "__main__":
    lock = from_json(Lock, json.loads(Path(sys.argv[1]).read_text("utf-8")))
    print(ensure_environment(lock, Path(sys.argv[2]), lambda text: print(text, file=sys.stderr, flush=True)))
