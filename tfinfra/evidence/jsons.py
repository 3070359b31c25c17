"""JSON as the evidence has it: indented, UTF-8, in the order in which it was made; no text keeps it from being
written."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any


def json_bytes(document: Any) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def moment(seconds: float) -> str:
    """RFC 3339 in UTC, of Unix seconds."""
    return datetime.fromtimestamp(int(seconds), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
