"""The caller's secrets: taken out of this process's environment for as long as a run is driven, so that no child of it
(the engine, the local cloud, uv) inherits them, and kept out of what this process writes about itself."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tfinfra.compiler.facts import AtLaunch, Facts
from tfinfra.compiler.pipeline import check_launch
from tfinfra.text.masking import withhold


@contextmanager
def withheld(data: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The values of the secrets that a manifest's `data` names, as far as they are set; back in their place afterwards.
    A wrong shape is left to the schema."""
    names = data.get("secrets")
    wanted = [n for n in names if isinstance(n, str)] if isinstance(names, (list, tuple)) else []
    taken = {name: os.environ.pop(name) for name in wanted if name in os.environ}
    withhold(taken.values())
    try:
        yield taken
    finally:
        os.environ.update(taken)


def refuse_missing(facts: Facts, values: Mapping[str, str]) -> None:
    """Raises ManifestError naming every secret that `values` does not have, or has empty, at its line."""
    check_launch(facts, AtLaunch(secrets=frozenset(name for name, value in values.items() if value)))
