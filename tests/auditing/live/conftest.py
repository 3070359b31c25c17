from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.auditing.live import rehearsed
from tests.auditing.live.rehearsed import Rehearsed

Make = Callable[[str], Rehearsed]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """A run of each infrastructure, made once; nothing may be changed of it."""
    all_of_them: list[Rehearsed] = []

    @cache
    def once(which: str) -> Rehearsed:
        all_of_them.append(rehearsed.make(tmp_path_factory.mktemp("arm") / "cloud", which))
        return all_of_them[-1]

    yield once
    for one in all_of_them:
        one.arm.loop.close()


@pytest.fixture
def run(made: Make, tmp_path: Path) -> Iterator[Rehearsed]:
    """Two nodes with a shared directory, on an ARM of the test's own."""
    yield from _copied(made("two CPU nodes"), tmp_path)


@pytest.fixture
def uniform(made: Make, tmp_path: Path) -> Iterator[Rehearsed]:
    """Two nodes of a Uniform set, on an ARM of the test's own."""
    yield from _copied(made("two InfiniBand nodes"), tmp_path)


def _copied(whole: Rehearsed, folder: Path) -> Iterator[Rehearsed]:
    copy = rehearsed.copied(whole, folder / "cloud")
    yield copy
    copy.arm.settle()
    copy.arm.loop.close()
