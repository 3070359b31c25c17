"""The checks of docs/audit.md, run as they stand there: silent on evidence as it was, and loud on any other."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.evidence.made import a_key, at_home
from tests.locked_tools import locked_tools
from tfinfra.audit.log import AuditLog

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "audit.md"
CHECKS = re.findall(r"^([^\n]*)\n\n```sh\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def chained(folder: Path) -> bytes:
    log = AuditLog(folder / "log" / "events.jsonl", lambda: "2026-11-30T10:00:00Z", lambda text: None)
    for event in ("begin", "outcome", "end"):
        log.append(event)
    return log.path.read_bytes()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder with signed evidence, the public key beside it."""
    return at_home(tmp_path, signer=a_key().signer, events=chained(tmp_path))


SUMS, LOG, STATEMENT, SIGNATURE, MODEL, BILL, PACKAGES = range(7)
BY_ALL_SYSTEMS = (SUMS, LOG, STATEMENT, SIGNATURE)
"""What needs no program of others but openssl: the others take seconds to start."""


def failing(run: Path, numbers: Iterable[int] = range(7)) -> list[int]:
    """Which of these checks do not end with 0."""
    environment = {**os.environ, "PATH": f"{locked_tools('verifiers')}:{os.environ['PATH']}"}
    lines = {number: ["bash", "-ec", CHECKS[number][1]] for number in numbers}
    done = {
        number: subprocess.run(line, cwd=run, env=environment, capture_output=True, check=False)
        for number, line in lines.items()
    }
    return [number for number, one in done.items() if one.returncode != 0]


def change(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def changed(run: Path) -> None:
        data = (run / name).read_bytes()
        assert old in data
        (run / name).write_bytes(data.replace(old, new))

    return changed


def cut_tail(run: Path) -> None:
    log = run / "audit/events.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))


def other_key(run: Path) -> None:
    (run.parent / "key.pub").write_bytes(a_key().signer.public_key)


def test_all_checks_are_silent_on_evidence_as_it_was(run: Path) -> None:
    assert len(CHECKS) == PACKAGES + 1
    assert failing(run) == []


def test_programs_of_others_find_what_is_theirs(run: Path) -> None:
    change("outputs/model/weights.h5", b"weights", b"others!")(run)
    change("audit/bom.cdx.json", b"machine-learning-model", b"model")(run)
    assert failing(run, (MODEL, BILL)) == [MODEL, BILL]


@pytest.mark.parametrize(
    ("tamper", "found_by"),
    [
        (change("outputs/model/weights.h5", b"weights", b"others!"), [SUMS, STATEMENT]),
        (cut_tail, [SUMS, LOG, STATEMENT]),
        (change("audit/events.jsonl", b"outcome", b"success"), [SUMS, LOG, STATEMENT]),
        (change("audit/statement.json", b"0.1.0", b"0.2.0"), [SUMS, SIGNATURE]),
        (change("audit/deploy/__main__.py", b"pulumi", b"os"), [SUMS, STATEMENT]),
        (other_key, [SIGNATURE]),
    ],
)
def test_each_change_is_found_by_its_checks(tamper: Callable[[Path], None], found_by: list[int], run: Path) -> None:
    tamper(run)
    assert failing(run, BY_ALL_SYSTEMS) == found_by
