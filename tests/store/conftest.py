from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.azurite import Azurite, azurite


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """One azurite for all tests that leave it running; each takes keys of its own."""
    with azurite(Path(tmp_path_factory.mktemp("azurite"))) as made:
        yield made
