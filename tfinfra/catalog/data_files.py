"""Reads the catalog's JSON files, each once."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).resolve().parent / "data"


@cache
def data_file(name: str) -> dict[str, Any]:
    """The content of data/<name>.json: part of this installation, so it is read as code is."""
    content: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return content
