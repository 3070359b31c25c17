"""What may lie at a key of a run's store, or in a file of its folder, instead of a record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

CONTENTS: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \n",
    "half of one": b'{"task": "rank-0", "no',
    "no JSON": b"not json",
    "a list": b"[]",
    "a list of objects": b'[{"task": "rank-0"}]',
    "a number": b"7",
    "text": b'"text"',
    "null": b"null",
    "true": b"true",
    "an empty object": b"{}",
    "names that nobody knows": b'{"schema": 7, "wings": [1, 2]}',
    "brackets": b"[" * 200_000,
    "objects in objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "too much": b'{"task": "' + b"x" * (9 << 20) + b'"}',
    "a NUL": b'{"task": "rank\\u0000-0"}\x00',
    "a huge number": b'{"node": 1' + b"0" * 5000 + b"}",
    "NaN": b'{"time": NaN, "ended": Infinity}',
    "a number beyond all": b'{"time": 1e999}',
    "one name twice": b'{"task": "rank-0", "task": "rank-1"}',
    "bytes that are no text": b'{"task": "\xff\xfe"}',
    "another encoding": '{"task": "rank-0"}'.encode("utf-16"),
    "half of a pair": b'{"task": "\\ud800", "message": "\\udfff"}',
    "an escape": b'{"task": "\\u001b]0;x\\u0007"}',
}
WRONG: tuple[Any, ...] = (
    *(None, True, -1, 2**63, 10**17, 1e300, -1e300, "", "text", "\x1b[2J", "../../etc/passwd", "a\0b", "x" * 5000),
    *([], [None], [[]], ["a", 1], {}, {"a": {}}, {"started": "x"}, {"started": 1e17}, [{"group": "hr-prod"}]),
)
FEW_WRONG: tuple[Any, ...] = (None, True, 1e300, "../\x1b[2J", [{"group": "hr-prod"}])


def wrong_fields(document: dict[str, Any], values: tuple[Any, ...] = WRONG) -> Iterator[tuple[str, bytes]]:
    """The document with one field missing or wrong each, by what was done."""
    for name in document:
        yield f"without {name}", json.dumps({k: v for k, v in document.items() if k != name}).encode()
        for value in values:
            yield f"{name} = {str(value)[:30]!r}", json.dumps({**document, name: value}).encode()
