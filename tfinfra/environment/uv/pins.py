"""What is fetched beside an environment's lock: programs and libraries that tfinfra itself brings, each at one version
and with the hashes that it may have (pins.lock)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("pins.lock")


def version_of(name: str) -> str:
    """The one version of `name`. Raises KeyError for what is not pinned."""
    return re.split(r"==|[\s;]+", blocks()[_normal(name)])[1]


def requirements(names: Sequence[str]) -> str:
    """Lines for `pip install --require-hashes -r`, of these alone. Raises KeyError for what is not pinned."""
    return "".join(blocks()[_normal(name)] for name in names)


def write_requirements(names: Sequence[str], folder: Path) -> Path:
    """The same as a file in `folder`, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tfinfra-pins.txt"
    path.write_text(requirements(names), encoding="utf-8")
    return path


@cache
def blocks() -> dict[str, str]:
    """The lines of each pinned package, by its name as indexes compare names."""
    lines = re.sub(r"^#.*\n", "", FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        _normal(block.partition("==")[0]): block for block in re.findall(r"^\S.*\n(?:\s+.*\n)*", lines, re.MULTILINE)
    }


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
