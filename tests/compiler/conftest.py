"""The compiler's tests go by the shipped prices, whatever this machine's user has refreshed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="package")
def shipped_prices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFINFRA_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        yield
