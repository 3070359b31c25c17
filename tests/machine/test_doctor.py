"""What doctor says of the machine's GPUs: the driver's device files, and the driver's own answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.provider.archives import archive
from tfinfra.compiler import load
from tfinfra.engine.provider.install import ensure_provider
from tfinfra.machine import doctor

CASES = {
    "no device file": (0, "exit 9", ("note", "none; `use_gpu` runs here in a rehearsal only, on the processor")),
    "a driver that answers": (
        2,
        "echo 'NVIDIA H200, 580.1'; echo 'NVIDIA H200, 580.1'",
        ("ok", "2 x NVIDIA H200, 580.1"),
    ),
    "a driver that does not match": (
        1,
        "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18",
        ("problem", "1, but the driver does not answer: Failed to initialize NVML: Driver/library version mismatch"),
    ),
    "a driver that sees no GPU": (1, "exit 0", ("problem", "1, but the driver does not answer: exit status 0")),
    "a driver that hangs": (1, "exec /bin/sleep 60", ("problem", "1, but the driver does not answer within 0.2 s")),
    "no tool to ask by": (4, None, ("note", "4; there is no nvidia-smi to ask the driver by")),
}


@pytest.mark.parametrize(("count", "tool", "expected"), CASES.values(), ids=CASES)
def test_gpus(
    count: int, tool: str | None, expected: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(load, "machine_gpus", lambda: count)
    monkeypatch.setattr(doctor, "DRIVER_PATIENCE", 0.2 if tool and "sleep" in tool else 20.0)
    if tool is not None:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{tool}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    (found,) = [finding for finding in doctor.examine(lambda: {"process": None}) if finding.check == "gpus"]
    assert (found.level, found.text) == expected
    assert (found.hint is not None) == (found.level == "problem")


def test_each_kind_of_machines_is_told_with_what_it_keeps_a_script_from() -> None:
    kinds = {"namespace": None, "process": None}
    namespace, process = doctor._machines(kinds)
    assert (process.level, process.text) == ("ok", "possible; no boundary: a script there runs with your rights")
    assert namespace.text == "possible; a script there is held in by the kernel, which it shares with this machine"


def test_the_provider_plugin_is_a_note_until_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFINFRA_CACHE_DIR", str(tmp_path / "cache"))
    (missing,) = doctor._provider()
    assert (missing.level, "only runs on Azure need it" in missing.text) == ("note", True)
    assert "tfinfra setup" in str(missing.hint)
    archive(tmp_path / "mirror")
    ensure_provider(lambda _: None, environ={}, where=str(tmp_path / "mirror"))
    (found,) = doctor._provider()
    assert found.level == "ok"
    assert "SHA-256" in found.text and "first use" in found.text
