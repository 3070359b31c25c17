"""What a stack's update has made, noted beside the run: its state, and how ARM has each resource right after it, for
whoever asks later what has changed since. Nothing that goes wrong here keeps a run from going on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from tfinfra.arm.requests import requests_in
from tfinfra.auditing.baseline import SUFFIX, part_baseline
from tfinfra.errors import first_line
from tfinfra.evidence.sums import sha256
from tfinfra.lifecycle.end.stacks import export_state
from tfinfra.lifecycle.record.names import group_name
from tfinfra.lifecycle.record.run_record import RunFolder, write_json
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.model import to_json
from tfinfra.store import ObjectStore, keys, store_errors
from tfinfra.system.threads import spawn

if TYPE_CHECKING:
    from concurrent.futures import Future

    from tfinfra.engine.client import EngineProcess
    from tfinfra.lifecycle.run.context import RunContext

_AT_ONCE = 8
PATIENCE = 30.0
"""Seconds that whoever ends the engine waits for them."""


class Baselines:
    """Those of one run's stacks, each read beside what the run does next."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._under_way: list[Future[None]] = []

    def begin(self, engine: EngineProcess, part: str) -> None:
        context = self._context
        note = partial(note_baseline, engine, context.ports, context.folder, context.run, part)
        self._under_way.append(spawn(note, f"baseline {part}"))

    def wait(self, store: ObjectStore) -> None:
        """Until all are there, or PATIENCE is over; leaves them in the run's store too, for audits elsewhere."""
        wait(self._under_way, timeout=PATIENCE)
        for path in self._context.folder.audit_folder.glob(f"*{SUFFIX}"):
            with suppress(OSError, *store_errors()):
                store.put(keys.baseline_key(path.name.removesuffix(SUFFIX)), path.read_bytes())


def note_baseline(engine: EngineProcess, ports: Ports, folder: RunFolder, run: str, part: str) -> None:
    """Writes `<part>.state.json` and `<part>.baseline.json` into the run's own folder, and the digest of the baseline
    into the event log. Raises nothing."""
    try:
        requests = tuple(requests_in(export_state(engine, folder, part)))
        if not requests:
            return
        with ThreadPoolExecutor(_AT_ONCE, "baseline") as pool:
            answers = tuple(pool.map(lambda one: ports.arm.read(one.path, one.api_version, patient=False), requests))
        found = part_baseline(group_name(run, part), ports.clock(), zip(requests, answers, strict=True))
        path = folder.audit_folder / f"{part}{SUFFIX}"
        write_json(path, to_json(found))
        folder.audit.append("baseline", part=part, resources=len(requests), sha256=sha256(path.read_bytes()))
    except Exception as error:  # noqa: BLE001 - whatever ARM, the engine or the disk says: the run goes on
        folder.audit.append("baseline.fail", part=part, error=first_line(error))
