"""Each program is run once against the mocks: the tests look at what it asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.plans import INFRASTRUCTURES
from tests.stacks.recording import record
from tfinfra.arm.requests import ResourceRequest

Recorded = Callable[[str, str], tuple[dict[str, ResourceRequest], dict[str, Any]]]


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """(which infrastructure, which part) → ({logical name: request}, outputs)."""

    @cache
    def once(which: str, part: str) -> tuple[dict[str, ResourceRequest], dict[str, Any]]:
        folder: Path = tmp_path_factory.mktemp("deploy")
        return record(INFRASTRUCTURES[which], part, folder)

    return once
