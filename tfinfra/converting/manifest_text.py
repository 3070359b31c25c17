"""A draft as the text of a manifest: a key a line, in the order in which people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.converting.draft import Draft
from tfinfra.manifest.key_schema import MANIFEST
from tfinfra.manifest.words.flow import flow

_WIDE = 90


def manifest_text(draft: Draft, title: str) -> str:
    """The text. Every value is written by the YAML library; comments hold no line end of their own."""
    file = "".join(letter for letter in draft.file if letter.isprintable())
    lines = [f"# Made by `tfinfra convert` of a file of another tool ({title}): {file.rpartition('/')[2]}"]
    lines += [f"# {_printable(line)}".rstrip() for line in draft.comments]
    if "entry_script" not in draft.keys:
        lines.append("# entry_script: train.py    # the file says no script: write it here")
    for key in (key for key in MANIFEST if key in draft.keys):
        lines += _key(key, draft.keys[key])
    return "\n".join(lines) + "\n"


def _key(key: str, value: Any) -> Iterator[str]:
    line = f"{key}: {flow(value)}"
    if isinstance(value, Mapping) and key != "compute_target":
        yield f"{key}:"
        for name, each in value.items():
            yield from _below(f"  {flow(str(name))}:", each)
    elif isinstance(value, list) and len(line) > _WIDE:
        yield f"{key}:"
        yield from (f"  - {flow(each)}" for each in value)
    else:
        yield line


def _below(name: str, value: Any) -> Iterator[str]:
    """What stands within a key: a mapping that is too wide has a line for each of its own."""
    line = f"{name} {flow(value)}"
    if isinstance(value, Mapping) and len(line) > _WIDE:
        yield name
        yield from (f"    {flow(str(inner))}: {flow(each)}" for inner, each in value.items())
    else:
        yield line


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in line)
