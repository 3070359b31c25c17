"""Packs made ready for the engine: read, each with a Python that has what it needs, staged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tfinfra.engine.policy.environment import pack_python, packs_folder
from tfinfra.engine.policy.pack import Pack, packs_in, read_pack
from tfinfra.engine.policy.staging import stage
from tfinfra.errors import Diagnostic, ManifestError
from tfinfra.manifest.codes import refusal
from tfinfra.system.progress import Progress


@contextmanager
def made_ready(folders: Iterable[Path], progress: Progress) -> Iterator[Path]:
    """The folder of the staged packs, which lives as long as the context. Raises ManifestError for all folders that
    are no packs, or whose packages cannot be had."""
    ready: list[tuple[Pack, Path]] = []
    wrong: list[Diagnostic] = []
    for folder in (pack for named in folders for pack in packs_in(named)):
        try:
            pack = read_pack(folder)
            ready.append((pack, pack_python(pack, progress)))
        except ManifestError as error:
            wrong += error.diagnostics
    if wrong:
        raise refusal(tuple(wrong))
    with TemporaryDirectory(prefix="staged-", dir=packs_folder()) as place:
        yield stage(ready, Path(place)).folder
