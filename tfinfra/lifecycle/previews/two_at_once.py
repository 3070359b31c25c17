"""Previews of many manifests, two at the same time: each place has an engine's process, which serves one manifest after
the other."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from threading import Lock

from tfinfra.compiler.deploy.write import write_tree
from tfinfra.compiler.pipeline import Compiled
from tfinfra.engine.client import EngineProcess
from tfinfra.engine.policy.made_ready import made_ready
from tfinfra.lifecycle.previews.policy import packs_of
from tfinfra.lifecycle.previews.stacks import StackPreview, preview_engine, preview_stacks
from tfinfra.system.progress import Progress

PLACES = 2
_MAKING = Lock()
"""The packs' environments are in the cache, for all places."""


class _Place:
    """An engine, and the policy packs that were made ready for it: packs note what they say in their own folder, so no
    two previews at the same time may share one."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._ending = ExitStack()
        self._packs: dict[tuple[Path, ...], Path | None] = {(): None}
        self._engine: EngineProcess | None = preview_engine(records=True)

    def preview(self, compiled: Compiled) -> tuple[StackPreview, ...]:
        packs = self._ready(packs_of(compiled))
        engine = self._engine = self._engine or preview_engine(records=True)
        try:
            with TemporaryDirectory(prefix="tfinfra-") as deploy:
                write_tree(compiled.tree, Path(deploy))
                found = preview_stacks(compiled, Path(deploy), engine, packs=packs)
        except BaseException:  # whatever went wrong, the next manifest gets a process that has seen nothing of it
            engine.close()
            self._engine = None
            raise
        return found

    def _ready(self, packs: Iterable[Path]) -> Path | None:
        named = tuple(packs)
        with _MAKING:
            if named not in self._packs:
                self._packs[named] = self._ending.enter_context(made_ready(named, self._progress))
            return self._packs[named]

    def stop(self) -> None:
        """Any thread may: a preview under way then ends with ProvisioningError."""
        if self._engine is not None:
            self._engine.close()

    def close(self) -> None:
        """After the last preview, which may have begun another engine, and made packs ready, since it was to stop."""
        self.stop()
        self._ending.close()


class Previews:
    """Begins its processes at once, for at most `places` manifests at a time. Use it as a context: at its end nothing
    is left of it."""

    def __init__(self, places: int, progress: Progress) -> None:
        self._all = [_Place(progress) for _ in range(places)]
        self._free: SimpleQueue[_Place] = SimpleQueue()
        for place in self._all:
            self._free.put(place)
        self._pool = ThreadPoolExecutor(places, thread_name_prefix="preview")

    def __enter__(self) -> Previews:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for place in self._all:
            place.stop()
        self._pool.shutdown()
        for place in self._all:
            place.close()

    def submit(self, compiled: Compiled) -> Future[tuple[StackPreview, ...]]:
        """The previews of this manifest's stacks, judged by the policy packs that hold for it, on their way. It raises
        ProvisioningError, and ManifestError for a pack that cannot be run."""
        return self._pool.submit(self._preview, compiled)

    def _preview(self, compiled: Compiled) -> tuple[StackPreview, ...]:
        place = self._free.get()
        try:
            return place.preview(compiled)
        finally:
            self._free.put(place)
