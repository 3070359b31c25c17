"""The agent's own log: on its standard error, and in the file that is shipped for each run of its node."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def log_to(file: Path) -> None:
    """From now on."""
    handlers: list[logging.Handler] = [logging.StreamHandler(), logging.FileHandler(file)]
    for handler in handlers:
        handler.setFormatter(_form())
    logging.basicConfig(level=logging.INFO, handlers=handlers)


@contextmanager
def also_to(file: Path) -> Iterator[None]:
    """What is logged meanwhile goes there too."""
    handler = logging.FileHandler(file)
    handler.setFormatter(_form())
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def _form() -> logging.Formatter:
    form = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    form.converter = time.gmtime
    return form
