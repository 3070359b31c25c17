"""Writes a run's page beside its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfinfra.audit.log import read_events
from tfinfra.errors import first_line
from tfinfra.lifecycle.evidence.origin import read_origin
from tfinfra.lifecycle.record.run_record import RunFolder
from tfinfra.lifecycle.record.times.phase_times import phase_word
from tfinfra.lifecycle.reporting.assemble import Known, run_page
from tfinfra.lifecycle.reporting.home_files import HomeFiles
from tfinfra.lifecycle.reporting.patience import Patience
from tfinfra.lifecycle.reporting.searched import search_of
from tfinfra.model import Plan
from tfinfra.reporting.page import page
from tfinfra.reporting.values import RunPage
from tfinfra.system.clock import right_now
from tfinfra.system.whole_file import write_whole

FILE = "report.html"
_PATIENCE = 5.0
"""Seconds that the end of a run spends on reading its points: who waits for it has the rest by `tfinfra report`."""


def write_page(folder: RunFolder, document: Mapping[str, Any], results: Path) -> None:
    """Writes FILE into `results`; what keeps it away is complained of, and costs nothing else."""
    try:
        values = page_at_home(folder, document, results, reading=_PATIENCE)
        if values is not None:
            write_whole(results / FILE, page(values).encode())
    except Exception as error:  # noqa: BLE001 - whatever a script, a node or a disk did: the run has ended as it has
        folder.complain(f"{results / FILE} cannot be written: {first_line(error)}")


def page_at_home(
    folder: RunFolder, document: Mapping[str, Any], results: Path, *, reading: float | None = None
) -> RunPage | None:
    """The page's values by this machine's record and what came home; None where there is no record. At most `reading`
    seconds are spent on points, None: as many as it takes."""
    record = folder.read()
    if record is None:
        return None
    home = HomeFiles(results, record.leader)
    origin = read_origin(folder, None)
    plan, now, patience = plan_of(folder), right_now(), Patience(reading)
    known = Known(
        record=record,
        document=document,
        plan=plan,
        origin=None if isinstance(origin, str) else origin,
        events=read_events(folder.audit.path),
        logged=home.logged(patience.late),
        log=home.log,
        home=home,
        now=now,
        state=phase_word(record.phase),
        search=search_of(folder, plan, None, now),
        patience=patience,
    )
    return run_page(known)


def plan_of(folder: RunFolder) -> Plan | None:
    """The run's plan; None where it cannot be read."""
    try:
        return folder.plan()
    except (OSError, ValueError):
        return None
