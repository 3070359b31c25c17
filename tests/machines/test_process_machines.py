"""Process machines: they boot from the customData, are told apart, die with what holds them and leave nothing."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.machines.support import scale_set, wait_for
from tfinfra.localcloud.machines.machine_kinds import machines
from tfinfra.localcloud.machines.machine_record import Record, is_alive, read_record
from tfinfra.localcloud.machines.processes import process_supervisor
from tfinfra.localcloud.machines.processes.process_marks import MARK

_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
_SAY = """
import json, os, socket, subprocess, sys, time
root = os.environ["TFINFRA_ROOT"]
subprocess.Popen(["sleep", "300"], start_new_session=True)
subprocess.Popen(["sh", "-c", "sleep 301 & exit"], start_new_session=True).wait()
about = {"host": socket.gethostname(), "env": dict(os.environ), "pid": os.getpid(), "sid": os.getsid(0),
         "settings": os.path.exists(root + "/etc/tfinfra/settings.json")}
with open(root + "/half", "w") as out:
    json.dump(about, out)
os.rename(root + "/half", root + "/about.json")
time.sleep(300)
"""
MACHINES = machines("process")


@pytest.fixture
def name(tmp_path: Path) -> Iterator[str]:
    yield f"t{uuid.uuid4().hex[:8]}"
    MACHINES.stop(tmp_path)


def _about(folder: Path, instance: str) -> dict[str, Any]:
    path = folder / instance / "root" / "about.json"
    wait_for(path.exists)
    return dict(json.loads(path.read_text()))


def _marked(name: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK, "").startswith(name):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def _record(folder: Path) -> Record:
    record = read_record(folder)
    assert record is not None
    return record


def test_each_machine_boots_from_its_custom_data_in_a_session_of_its_own(tmp_path: Path, name: str) -> None:
    MACHINES.start(scale_set(tmp_path, _SAY, set_id=name))
    about = [_about(tmp_path, f"vm_{i}") for i in range(2)]
    assert [a["env"][MARK] for a in about] == [f"{name}-vm-0", f"{name}-vm-1"]
    assert all(a["settings"] and a["sid"] == a["pid"] for a in about)
    assert all(a["env"]["HOME"].startswith(a["env"]["TFINFRA_ROOT"]) for a in about)
    assert all(a["env"]["TFINFRA_FOREGROUND"] == "1" for a in about)


@_LINUX
def test_each_machine_has_an_address_and_a_hostname_of_its_own(tmp_path: Path, name: str) -> None:
    MACHINES.start(scale_set(tmp_path, _SAY, set_id=name))
    addresses = [s.address for s in MACHINES.states(tmp_path)]
    assert len(set(addresses)) == 2
    assert all(a.startswith("127.") and a != "127.0.0.1" for a in addresses)
    hosts = {_about(tmp_path, f"vm_{i}")["host"] for i in range(2)}
    assert hosts == {"node0", "node1"} or "no hostname of its own" in (tmp_path / "vm_0" / "console.log").read_text()


@_LINUX
def test_two_scale_sets_of_one_id_never_share_an_address(tmp_path: Path, name: str) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        MACHINES.start(scale_set(folder, _SAY, set_id=name))
    addresses = [s.address for folder in folders for s in MACHINES.states(folder)]
    for folder in folders:
        MACHINES.stop(folder)
    assert len(set(addresses)) == 4


def test_stop_ends_everything_that_the_machines_started(tmp_path: Path, name: str) -> None:
    MACHINES.start(scale_set(tmp_path, _SAY, set_id=name))
    _about(tmp_path, "vm_0"), _about(tmp_path, "vm_1")
    assert len(_marked(name)) == 6
    MACHINES.stop(tmp_path)
    assert _marked(name) == []
    assert MACHINES.states(tmp_path) == []
    assert {p.name for p in tmp_path.iterdir()} == {"supervisor.log", "vm_0", "vm_1"}  # disks go with the folder
    MACHINES.stop(tmp_path)


def test_a_machine_is_gone_with_its_first_process_and_takes_its_orphans_along(tmp_path: Path, name: str) -> None:
    MACHINES.start(scale_set(tmp_path, _SAY, set_id=name))
    os.kill(_about(tmp_path, "vm_0")["pid"], signal.SIGKILL)
    _about(tmp_path, "vm_1")
    wait_for(lambda: not MACHINES.states(tmp_path)[0].running)
    wait_for(lambda: MACHINES.states(tmp_path)[0].message == "its first process was killed by SIGKILL")
    assert MACHINES.states(tmp_path)[1].running
    wait_for(lambda: len(_marked(name)) == 3)


@_LINUX
def test_the_machines_die_with_their_supervisor(tmp_path: Path, name: str) -> None:
    MACHINES.start(scale_set(tmp_path, _SAY, set_id=name))
    _about(tmp_path, "vm_0"), _about(tmp_path, "vm_1")
    os.kill(_record(tmp_path).supervisor.pid, signal.SIGKILL)
    wait_for(lambda: not any(s.running for s in MACHINES.states(tmp_path)))
    wait_for(lambda: _marked(name) == [])


def test_the_machines_end_when_the_cloud_is_removed_from_under_them(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "set"
    MACHINES.start(scale_set(folder, _SAY, set_id=name))
    _about(folder, "vm_0"), _about(folder, "vm_1")
    supervisor = _record(folder).supervisor
    folder.rename(tmp_path / "removed")
    wait_for(lambda: _marked(name) == [] and not is_alive(supervisor))


def test_a_machine_that_reboots_keeps_its_files_and_loses_its_processes(tmp_path: Path, name: str) -> None:
    MACHINES.start(
        scale_set(
            tmp_path,
            "open(os.environ['TFINFRA_ROOT'] + '/boots', 'a').write('x')\n".join(("import os\n", _SAY)),
            set_id=name,
        )
    )
    first = _about(tmp_path, "vm_0")
    _about(tmp_path, "vm_1")
    root = tmp_path / "vm_0/root"
    (root / "about.json").unlink()
    (root / "run").mkdir()
    MACHINES.reboot(tmp_path, "vm_0")
    assert [s.running for s in MACHINES.states(tmp_path)] == [True, True]
    again = _about(tmp_path, "vm_0")
    assert again["pid"] != first["pid"]
    assert (root / "boots").read_text() == "xx"
    assert not (root / "run").exists()
    wait_for(lambda: len(_marked(name)) == 6)  # nothing of the first boot is left
    os.kill(again["pid"], signal.SIGKILL)
    wait_for(lambda: not MACHINES.states(tmp_path)[0].running)


def test_a_machine_whose_boot_fails_is_gone_with_the_reason(tmp_path: Path, name: str) -> None:
    MACHINES.start(scale_set(tmp_path, "raise SystemExit('no bundle')", 1, set_id=name))
    wait_for(lambda: "status" in MACHINES.states(tmp_path)[0].message)
    assert not MACHINES.states(tmp_path)[0].running
    assert MACHINES.states(tmp_path)[0].message.endswith("exit status 1: no bundle")


def test_machines_that_run_are_not_started_again(tmp_path: Path, name: str) -> None:
    MACHINES.start(scale_set(tmp_path, _SAY, 1, set_id=name))
    with pytest.raises(OSError, match="has running machines"):
        MACHINES.start(scale_set(tmp_path, _SAY, 1, set_id=name))
    assert MACHINES.states(tmp_path)[0].running


def test_a_supervisor_that_cannot_start_says_why(tmp_path: Path, name: str) -> None:
    (tmp_path / "vm_0").write_text("in the way")
    with pytest.raises(OSError, match="vm_0"):
        MACHINES.start(scale_set(tmp_path, _SAY, 1, set_id=name))
    assert MACHINES.states(tmp_path) == []


@_LINUX
def test_a_script_gets_no_more_rights_than_its_user_has(tmp_path: Path, name: str) -> None:
    """By a setuid program, that is: sudo remembers for minutes who has typed a password."""
    script = """
import os, pathlib
line = pathlib.Path("/proc/self/status").read_text().split("NoNewPrivs:")[1].split()[0]
pathlib.Path(os.environ["TFINFRA_ROOT"], "told").write_text(line)
"""
    MACHINES.start(scale_set(tmp_path, script, 1, set_id=name))
    told = tmp_path / "vm_0/root/told"
    wait_for(lambda: told.exists() and told.read_text())
    assert told.read_text() == "1"


@_LINUX
def test_a_machine_is_called_booted_once_it_has_no_more_rights(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(hostname: str, parent: int) -> None:
        del hostname, parent
        time.sleep(0.3)
        (tmp_path / "apart").touch()

    monkeypatch.setattr(process_supervisor, "_separate", slowly)
    monkeypatch.setattr(os, "execvpe", lambda *_: os._exit(0))
    spec = scale_set(tmp_path, _SAY, 1, set_id=name)
    pid = process_supervisor._start(spec, spec.instances[0], first=True)
    assert (tmp_path / "apart").exists()
    assert os.waitpid(pid, 0)[1] == 0
