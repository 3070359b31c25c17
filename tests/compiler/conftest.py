"""The compiler's tests go by the shipped prices and know no environment, whatever this machine has fetched before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="package")
def nothing_fetched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFINFRA_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        patch.setenv("TFINFRA_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield
