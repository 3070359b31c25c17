"""A node's figures: out of what Linux and nvidia-smi say."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from tests.clocks import FakeClock
from tfinfra.agent.metrics import gpu_figures
from tfinfra.agent.metrics.gpu_figures import GpuFigures, figures_of
from tfinfra.agent.metrics.node_figures import EVERY, NodeFigures, rates, read_counters, read_levels
from tfinfra.model import Point

STAT = "cpu  100 0 50 800 50 0 0 0 30 0\ncpu0 100 0 50 800 50 0 0 0 0 0\n"
NET = "Inter-|\n face |bytes\n    lo: 999 0 0 0 0 0 0 0 999 0\n  eth0: 1000 1 0 0 0 0 0 0 500 1\n"
MEMORY = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\nHugePages_Total:       0\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    for name, text in {"stat": STAT, "net/dev": NET, "meminfo": MEMORY}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_counters_are_of_all_cores_and_of_no_loopback(proc: Path) -> None:
    assert read_counters(proc) == {
        "cpu_all": 1000,
        "cpu_busy": 150,
        "network_in_bytes": 1000,
        "network_out_bytes": 500,
    }


def test_levels_are_bytes(proc: Path) -> None:
    found = read_levels(proc, proc)
    assert (found["memory_used_bytes"], found["memory_total_bytes"]) == (600 * 1024, 1000 * 1024)
    assert 0 < found["disk_used_bytes"] <= found["disk_total_bytes"]


def test_what_rises_becomes_a_rate_and_what_fell_says_nothing() -> None:
    before = {"cpu_all": 0.0, "cpu_busy": 0.0, "network_in_bytes": 0.0, "disk_read_bytes": 100.0}
    now = {"cpu_all": 200.0, "cpu_busy": 50.0, "network_in_bytes": 1000.0, "disk_read_bytes": 0.0, "new_bytes": 1.0}
    assert rates(before, now, 10.0) == {"cpu_percent": 25.0, "network_in_bytes_per_s": 100.0}
    assert rates(before, before, 0.0) == {}


def test_the_first_points_come_with_the_second_look_under_the_nodes_own_name(proc: Path) -> None:
    points, clock = list[Point](), FakeClock()
    figures = NodeFigures("node-3", proc, points.extend, clock, proc)
    figures.look()
    assert points == []
    (proc / "stat").write_text(STAT.replace("cpu  100", "cpu  200"))
    clock.sleep(EVERY)
    figures.look()
    assert {(point.task, point.step) for point in points} == {("node-3", 1)}
    assert {point.name: point.value for point in points}["cpu_percent"] == 100


def test_a_system_without_proc_says_what_it_can(tmp_path: Path) -> None:
    assert read_counters(tmp_path) == {}
    assert set(read_levels(tmp_path, tmp_path)) == {"disk_used_bytes", "disk_total_bytes"}


SMI = "0, 97, 1024, 81559, 412.5, 61, 0, 3\n1, [N/A], 0, 81559, [Not Supported], 30, [N/A], [N/A]\n"


def test_nvidia_smis_table_becomes_figures_of_each_gpu() -> None:
    found = figures_of(SMI)
    assert found["gpu0_utilization_percent"] == 97
    assert found["gpu0_memory_used_bytes"] == 1024 * 2**20
    assert (found["gpu0_power_watts"], found["gpu0_ecc_uncorrected"]) == (412.5, 3)
    assert {name for name in found if name.startswith("gpu1_")} == {
        *("gpu1_memory_used_bytes", "gpu1_memory_total_bytes", "gpu1_temperature_celsius"),
    }
    assert figures_of("No devices were found\n") == {}


def test_nvidia_smi_is_asked_for_what_it_is_read_as(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    fields = "index,utilization.gpu,memory.used,memory.total,power.draw,temperature.gpu"
    more = "ecc.errors.corrected.volatile.total,ecc.errors.uncorrected.volatile.total"
    asked = f"--query-gpu={fields},{more} --format=csv,noheader,nounits"
    tool.write_text(f'#!/bin/sh\n[ "$*" = "{asked}" ] || exit 9\nprintf "{SMI.splitlines()[0]}\\n"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert GpuFigures().read()["gpu0_utilization_percent"] == 97


def test_an_nvidia_smi_that_fails_is_asked_three_times_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho x >>{tmp_path}/calls\nexit 15\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    gpus = GpuFigures()
    assert [gpus.read() for _ in range(5)] == [{}] * 5
    assert (tmp_path / "calls").read_text() == "x\n" * 3
    assert [record.message for record in caplog.records] == [
        "nvidia-smi has not answered 3 times: no more figures of GPUs"
    ]


def test_an_nvidia_smi_that_no_signal_ends_is_left_alone_and_no_second_one_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho x >>{tmp_path}/calls\nexec sleep 3\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(gpu_figures, "_SECONDS", 0.3)
    gpus, began = GpuFigures(), time.monotonic()
    with monkeypatch.context() as patch:
        patch.setattr(subprocess.Popen, "kill", lambda _: None)
        assert [gpus.read() for _ in range(3)] == [{}] * 3
    assert time.monotonic() - began < 2
    assert (tmp_path / "calls").read_text() == "x\n"
    assert gpus._hanging is not None
    gpus._hanging.kill()
    gpus._hanging.communicate()
