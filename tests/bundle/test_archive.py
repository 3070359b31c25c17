"""Files that somebody still writes to while they are copied."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tfinfra.bundle.archive import END, add_file
from tfinfra.errors import TfinfraError


class Meddling(io.BytesIO):
    """An archive during whose writing something happens to the file that is copied."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        super().__init__()
        self._meddle = meddle

    def write(self, data: bytes) -> int:  # type: ignore[override]  # BytesIO takes any buffer
        self._meddle()
        return super().write(data)


def test_a_log_that_grows_is_copied_as_it_was_when_it_was_opened(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one line\n")
    out = Meddling(lambda: log.open("ab").write(b"more\n"))
    add_file(out, "log", log, executable=False)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue() + END)) as archive:
        copied = archive.extractfile("log")
        assert copied is not None
        assert copied.read() == b"one line\n"


def test_a_file_that_shrinks_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(bytes(1 << 21))
    with pytest.raises(TfinfraError, match="'data' shrank"):
        add_file(Meddling(lambda: data.write_bytes(b"")), "data", data, executable=False)


def test_a_file_that_went_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(TfinfraError, match="went away"):
        add_file(io.BytesIO(), "gone", tmp_path / "gone", executable=False)
