"""GPUs as other tools name them (`A100:8`, `nvidia-tesla-t4`, `A100:80GB:2`), and the size of the catalog that has
them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.catalog.data_files import data_file
from tfinfra.catalog.sizes import retired, size

_KIND = re.compile(r"(?<![A-Za-z0-9])(GB\d{3}|MI\d{2,3}X?|[ABHLPT]\d{1,3}S?|V100|K80|M60)(?![A-Za-z0-9])", re.I)
_MEMORY = re.compile(r"(\d+) ?(?:GB|GiB|G)\b", re.I)


@dataclass(frozen=True)
class Gpus:
    """`count` GPUs of one node, of `kind` (its short name in capitals, "A100") where that is said, with `memory` GB
    each where that is."""

    kind: str | None
    count: int
    memory: int | None = None


def gpus_of(written: Any) -> Gpus | None:  # noqa: PLR0911  a line a case
    """What SkyPilot's `accelerators`, dstack's `gpu` and their like say; None where they say no number of GPUs."""
    if isinstance(written, Mapping):
        name = written.get("name", written.get("type"))
        if name is not None or "count" in written:
            return gpus_of(":".join(str(part) for part in (name or "", written.get("count", 1)) if part != ""))
        if len(written) != 1:
            return None
        ((kind, count),) = written.items()
        return gpus_of(f"{kind}:{count}")
    if isinstance(written, (list, tuple)):
        return gpus_of(written[0]) if written else None
    if isinstance(written, bool) or written is None:
        return None
    text = str(written).strip()
    kind, memory = _KIND.search(text), _MEMORY.search(text)
    rest = _KIND.sub("", _MEMORY.sub("", text, count=1), count=1)
    numbers = re.findall(r"(?<![\w.])\d+(?=x?(?:[^\w.]|$))", rest)
    if (kind is None and not numbers) or "tpu" in text.lower():
        return None
    return Gpus(
        kind[1].upper() if kind else None, int(numbers[0]) if numbers else 1, int(memory[1]) if memory else None
    )


def size_with(gpus: Gpus) -> str | None:
    """The smallest size of the catalog with just these GPUs, None where none has them, or no kind is said."""
    if gpus.kind is None:
        return None
    rows = data_file("gpu_sizes")["skus"].items()
    fitting = [name for name, row in rows if row["gpus"] == gpus.count and _is(row["gpu"], gpus) and not retired(name)]
    sizes = [found for name in fitting if (found := size(name)) is not None]
    return (
        min(sizes, key=lambda each: (min(each.usd_per_hour.values(), default=1e9), each.cores)).name if sizes else None
    )


def _is(kind: str, gpus: Gpus) -> bool:
    own = kind.upper().split("-")
    return own[0] == gpus.kind and (gpus.memory is None or f"{gpus.memory}GB" in own)
