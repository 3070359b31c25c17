"""The file that `tfinfra catalog refresh` keeps its prices in, between two runs of tfinfra."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tfinfra.catalog.prices import PriceBook, RegionPrices
from tfinfra.model import to_json
from tfinfra.system.ownership import make_private
from tfinfra.system.whole_file import write_whole

SCHEMA = 1


def read_price_file(path: Path) -> PriceBook | None:
    """The book in `path`, None where there is no such file. Raises ValueError where it holds no book."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            raise ValueError(f"it has schema {document['schema']}, not {SCHEMA}")
        return PriceBook({region: _region(prices) for region, prices in document["regions"].items()})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("it is no book of prices") from error


def _region(prices: Any) -> RegionPrices:
    meters = {str(meter): float(usd) for meter, usd in prices["meters"].items()}
    if not all(math.isfinite(usd) and usd > 0 for usd in meters.values()):
        raise ValueError("it holds a price that is none")
    return RegionPrices(str(prices["date"]), meters)


def write_price_file(path: Path, book: PriceBook) -> None:
    """Writes the book by a rename: a reader sees the old or the new one."""
    make_private(path.parent)
    write_whole(path, f"{json.dumps({'schema': SCHEMA, **to_json(book)}, indent=1)}\n".encode())
