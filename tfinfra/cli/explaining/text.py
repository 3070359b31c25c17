"""An entry as a person reads it on a terminal."""

from __future__ import annotations

import textwrap

from tfinfra.reference.entry import Entry

_KINDS = {"key": "key of {of}", "exit-code": "exit code", "variable": "variable of {of}", "verb": "verb"}


def entry_text(entry: Entry) -> str:
    """Name and meaning, the sentences, type and default, options, then an example: paragraphs with a line between."""
    head = f"{entry.name} ({_KINDS[entry.kind].format(of=entry.of)}): {entry.title.rstrip('.')}"
    facts = [("type", entry.type), ("default", entry.default), ("since", entry.since if entry.type else None)]
    lines = "\n".join(f"  {name:<8} {value}" for name, value in facts if value)
    options = "\n".join(f"  {option.name}\n      {option.text}" for option in entry.options)
    example = textwrap.indent(entry.example, "    ") if entry.example else ""
    return "\n\n".join(part for part in (head, entry.text, lines, options, example) if part)
