"""Puts a report together: reads what there is, picks the allowed fields, replaces the names, writes one file."""

from __future__ import annotations

import gzip
import io
import json
import os
import platform
import tarfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from tfinfra.engine.tool.toolchain import VERSION as PULUMI
from tfinfra.errors import UsageError
from tfinfra.lifecycle.record.last_failure import MISTAKE, read_last, write_private
from tfinfra.lifecycle.record.run_record import all_records, run_folder, runs_folder
from tfinfra.lifecycle.record.trials import tune_of
from tfinfra.machine.doctor import CheckResult
from tfinfra.machine.report import allowed
from tfinfra.machine.report.anonymous import Names
from tfinfra.machine.report.known import names
from tfinfra.store import read_file
from tfinfra.version import __version__

PACKAGES = ("pulumi", "pulumi-azure-native", "azure-identity", "azure-mgmt-resource", "azure-core", "obstore")
MOST_LOG = 2**20
"""Bytes of one log, its end: a report is attached, not archived."""
_FOLDER = "tfinfra-report"


@dataclass
class Report:
    """The files of a report by name, still with all names in them, and what could not be read of the run."""

    texts: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def take(self, name: str, read: Callable[[], str]) -> None:
        """A part that is broken is missing; the others are not."""
        try:
            text = read()
        except FileNotFoundError:
            self.missing.append(f"{name}: not there")
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a half-written run, its report is wanted
            self.missing.append(f"{name}: {type(error).__name__}")
        else:
            self.texts[name] = text


def write_bundle(
    name: str | None,
    out: Path | None,
    state: Path,
    checklist: Callable[[], list[CheckResult]],
    environ: Mapping[str, str],
    *,
    with_logs: bool = False,
) -> Path:
    """Writes the report of a run (None: of the last failure, and of its run where it had one) and returns its path.
    Raises UsageError where there is neither."""
    mistake = (read_last(state, MISTAKE) or {}) if name is None else {}
    last = read_last(state) or mistake
    run = _run(name, last, state)
    report, known = gathered(run, last if name is None or last.get("run") == run else {}, state, environ, with_logs)
    if mistake and str(mistake.get("time")) > str(last.get("time")):  # since then a manifest was wrong
        report.texts["mistake.json"] = _json(allowed.failure(mistake))
    report.take("doctor.json", lambda: _json([vars(finding) for finding in checklist()]))
    report.take("versions.json", lambda: _json(versions()))
    report.texts["report.json"] = _json({"made": _FOLDER, "with_logs": with_logs, "missing": report.missing})
    for text in report.texts.values():
        known.learn(text)
    path = out or Path(f"{_FOLDER}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.tar.gz")
    try:
        write_private(path, packed({name: known.without(text) for name, text in sorted(report.texts.items())}))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error
    return path


def _run(name: str | None, last: Mapping[str, Any], state: Path) -> str | None:
    """The run's id: the one that is wanted (by its id or its name, the newest), else that of the last failure."""
    records = all_records(state)
    if name is None:
        if last:
            return str(last["run"]) if last.get("run") else None
        if records:
            return records[-1].run
        raise UsageError(
            "nothing has failed on this machine, and no run is known here", hint="name a run: report-bundle RUN"
        )
    if (tune := tune_of(name)) is not None and run_folder(state, name).read() is not None:
        return tune  # whose report has its trials
    if "/" not in name and name not in (".", "..") and (runs_folder(state) / name).is_dir():
        return name
    named = [record.run for record in records if record.name == name]
    if not named:
        raise UsageError(
            f"this machine has no record of a run '{name}'",
            hint="`tfinfra runs` lists all runs, and --last takes the last failure",
        )
    return named[-1]


def gathered(
    run: str | None, last: Mapping[str, Any], state: Path, environ: Mapping[str, str], with_logs: bool
) -> tuple[Report, Names]:
    """What there is of a failure and its run, and what replaces the names in it. Without the run's plan it is not
    known which words its manifest gave, and no free text of it is taken."""
    report = Report()
    if run is None:
        if last:
            report.texts["last.json"] = _json(allowed.failure(last))
        return report, names(environ, {}, {}, {})
    folder = run_folder(state, run)
    record = _document(folder.path / "run.json")
    plan = _document(folder.deploy / "plan.json") or _document(folder.path / "plan.json")
    report.take("plan.json", lambda: _json(allowed.plan(_there(plan))))
    clear: Clear = allowed.coded if "plan.json" not in report.texts else _as_it_is
    if last:
        report.take("last.json", lambda: _json(clear(allowed.failure(last))))
    report.take("run.json", lambda: _json(clear(allowed.record(_there(record)))))
    failure = _document(folder.path / "failure.json")
    if failure:  # of a run that was submitted from Python and came to nothing
        report.take("failure.json", lambda: _json(clear(allowed.failure(failure))))
    report.take("events.jsonl", lambda: _events(folder.path / "events.jsonl", clear))
    results = Path(str(record.get("results") or folder.path / "results"))
    if clear is _as_it_is:
        for path in sorted((results / "nodes").glob("agent-*.log")):
            tail = partial(_tail, path)
            report.take(f"nodes/{path.name}", tail if with_logs else lambda tail=tail: allowed.agent_log(tail()))  # type: ignore[misc]
        if with_logs:
            _logs(report, results, folder.client_log)
    else:
        report.missing.append("all free text: the plan, by which names are known, cannot be read")
    given = _document(folder.path / "request.json").get("arguments")
    return report, names(environ, {"run": run, **record}, plan, given if isinstance(given, dict) else {})


Clear = Callable[[Any], Any]


def _as_it_is(value: Any) -> Any:
    return value


def _logs(report: Report, results: Path, client: Path) -> None:
    """What scripts printed."""
    for path in sorted((results / "tasks").glob("*.log")):
        report.take(f"tasks/{path.name}", partial(_tail, path))
    for path in sorted((results / "nodes").glob("*.log")):
        if f"nodes/{path.name}" not in report.texts:
            report.take(f"nodes/{path.name}", partial(_tail, path))
    if client.exists():
        report.take("client.log", partial(_tail, client))


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - MOST_LOG))
        return file.read().decode(errors="replace")


def _document(path: Path) -> dict[str, Any]:
    """{} for what is not there, not whole, or no object."""
    found = read_file(path, dict[str, Any])
    return found if isinstance(found, dict) else {}


def _there(document: dict[str, Any]) -> dict[str, Any]:
    if not document:
        raise FileNotFoundError
    return document


def _events(path: Path, clear: Clear) -> str:
    """The lines that are whole: a crash may have cut the last one."""
    lines = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            lines.append(json.dumps(clear(allowed.event(document)), ensure_ascii=False) + "\n")
    return "".join(lines)


def versions() -> dict[str, Any]:
    """Of tfinfra, Python, the system, Pulumi and the packages that talk to Azure."""
    packages: dict[str, str | None] = dict.fromkeys(PACKAGES)
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            packages[package] = metadata.version(package)
    return {
        "tfinfra": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "pulumi": PULUMI,
        "packages": packages,
    }


def _json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def packed(texts: Mapping[str, str]) -> bytes:
    """A .tar.gz of the texts, with no ids, names or times in its headers."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0, filename="") as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, text in texts.items():
            data = text.encode("utf-8", "replace")
            entry = tarfile.TarInfo(f"{_FOLDER}/{os.path.normpath(name)}")
            entry.size, entry.mode = len(data), 0o600
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()
