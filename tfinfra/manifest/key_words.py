"""What is said of each key beside its rules: the details, an example, since when there is it.

The rows are in keys.json, by the file that a user writes and the key's place in it. A key's meaning in a few words, its
type and its bounds stand in its rules (key_schema.py), its default in the value that it is read into (manifest.py); a
row has a `default` in words only where no value says it. Whatever shows a key to a person makes it of these: the JSON
Schema, `tfinfra explain`, docs/reference/.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FIRST = "0.1.0"
"""The release that has every key whose row says nothing else."""


@dataclass(frozen=True)
class KeyWords:
    """`text` are sentences that go on from the key's meaning; `example` are lines of its file, which are valid there
    (in a manifest: beside an entry_script); `default` are words, None where the key's value says it."""

    text: str
    example: str
    default: str | None = None
    since: str = FIRST


@cache
def key_words(file: str) -> dict[str, KeyWords]:
    """{key, dotted: what is said of it}. `file` is "manifest", "target", "guardrails" or "indexes"."""
    rows = json.loads(Path(__file__).with_name("keys.json").read_text(encoding="utf-8"))[file]
    return {key: KeyWords(**row) for key, row in rows.items()}
