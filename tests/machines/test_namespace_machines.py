"""Namespace machines: real cloud-init runs the customData in machines of their own, and all of it goes at once."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.machines.support import read_told as _told
from tests.machines.support import scale_set, wait_for
from tfinfra.localcloud.machines.interface import Disk, Mount
from tfinfra.localcloud.machines.machine_kinds import machines, possible_kinds
from tfinfra.localcloud.machines.machine_record import Record, identify, read_record
from tfinfra.localcloud.machines.spec_json import spec_to_text

_WHY_NOT = possible_kinds()["namespace"]
pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(_WHY_NOT is not None, reason=f"namespace machines: {_WHY_NOT}"),
]
MACHINES = machines("namespace")
_TELL = """
import json, os, pathlib, socket, subprocess, sys, urllib.request
def tell(**more):
    half = pathlib.Path("/opt/half")
    half.write_text(json.dumps(more))
    half.rename("/opt/told.json")
    sys.exit()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "set"
    MACHINES.stop(tmp_path / "set")


def _traces() -> tuple[str, int, list[int]]:
    """The host's mounts, links, and this process's children: what a machine could leave."""
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    mine = [p.pid for p in psutil.Process().children(recursive=True)]
    return Path("/proc/self/mountinfo").read_text(), len(links.splitlines()), mine


def _spaces(folder: Path) -> set[str]:
    """The namespaces of the folder's machines."""
    record = _record(folder)
    first = [p for p in (record.init, *(i.process for i in record.instances)) if p]
    assert len(first) == 1 + len(record.instances)
    found = {str(Path(f"/proc/{p.pid}/ns/{kind}").readlink()) for p in first for kind in ("net", "mnt", "pid")}
    return found - {str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in ("net", "mnt", "pid")}


def _alive(spaces: set[str]) -> list[str]:
    """The processes that are in these namespaces."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/ns/*"):
        try:
            if str(entry.readlink()) in spaces and identify(int(entry.parts[2])):
                found.append(str(entry))
        except OSError:
            continue
    return found


def _record(folder: Path) -> Record:
    record = read_record(folder)
    assert record is not None
    return record


def test_a_machine_is_itself_and_reaches_its_peers_and_nothing_else(folder: Path) -> None:
    script = """
host = socket.gethostname()
if host == "node1":
    with socket.create_server(("", 7000)) as server:
        peer = server.accept()[1][0]
else:
    while True:
        try:
            socket.create_connection(("node1", 7000)).close()
            break
        except OSError:
            pass
    peer = None
links = sorted(os.listdir("/sys/class/net"))
routes = subprocess.run(["ip", "route"], capture_output=True, text=True).stdout
tell(host=host, peer=peer, links=links, routes=routes, pids=len([p for p in os.listdir("/proc") if p.isdigit()]))
"""
    MACHINES.start(scale_set(folder, _TELL + script))
    assert [s.address for s in MACHINES.states(folder)] == ["10.77.0.4", "10.77.0.5"]
    one, two = _told(folder, 0), _told(folder, 1)
    assert (one["host"], two["host"]) == ("node0", "node1")
    assert two["peer"] == "10.77.0.4"
    assert one["links"] == ["eth0", "lo"]
    assert "default" not in one["routes"]
    assert one["pids"] < 10


def test_real_cloud_init_runs_the_custom_data_to_its_end(folder: Path) -> None:
    MACHINES.start(scale_set(folder, _TELL + "tell()", 1))
    console = folder / "vm_0" / "console.log"
    wait_for(lambda: "cloud-init ended with exit status 0" in console.read_text())
    assert (folder / "vm_0/upper/var/log/cloud-init.log").exists()
    assert "Datasource DataSourceNoCloud" in console.read_text()
    assert (folder / "vm_0/upper/etc/tfinfra/settings.json").read_text() == "{}"
    assert MACHINES.states(folder)[0].running


def test_a_machine_sees_the_mounts_it_was_given_and_no_homes(folder: Path, tmp_path: Path) -> None:
    for name in ("given", "kept"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "seen").touch()
    script = f"""
def write(path):
    try:
        open(path, "w").close()
    except OSError as fault:
        return fault.strerror
given, kept = "{tmp_path}/given", "{tmp_path}/kept"
tell(given=os.listdir(given), given_write=write(given + "/no"), kept_write=write(kept + "/yes"),
     homes=[os.listdir("/home"), os.listdir("/root")], beside=sorted(os.listdir("{tmp_path}")), tmp=os.listdir("/tmp"),
     shm=os.listdir("/dev/shm"), sysctl=write("/proc/sys/vm/swappiness"), sys=write("/sys/kernel/mm/ksm/run"))
"""
    mounts = (Mount(tmp_path / "given", True), Mount(tmp_path / "kept", False))
    MACHINES.start(scale_set(folder, _TELL + script, 1, mounts=mounts))
    told = _told(folder)
    assert told["given"] == ["seen"]
    assert told["given_write"] == "Read-only file system"
    assert told["kept_write"] is None
    assert (tmp_path / "kept" / "yes").exists()
    assert told["homes"] == [[], []]
    assert {"given", "kept"} <= set(told["beside"]) <= {"given", "kept", "set"}
    assert told["shm"] == []
    assert (told["sysctl"], told["sys"]) == ("Read-only file system", "Read-only file system")


_START_ON_A_HOST_OF_ITS_OWN = """
import sys
from pathlib import Path
from tests.machines.support import scale_set
from tfinfra.localcloud.machines.machine_kinds import machines
machines("namespace").start(scale_set(Path(sys.argv[1]), sys.argv[2], 1))
"""


def test_a_program_that_is_mounted_as_a_file_is_there_and_a_mounted_file_of_etc_is_not(
    folder: Path, tmp_path: Path
) -> None:
    """As a container gets NVIDIA's driver and its own resolv.conf."""
    (tmp_path / "driver").write_text("driver 580")
    script = _TELL + "tell(driver=open('/usr/bin/cksum').read(), etc=open('/etc/hosts').read() == 'driver 580')"
    mounts = 'for on in /usr/bin/cksum /etc/hosts; do mount --bind "$0" $on || exit; done; exec "$@"'
    start = [sys.executable, "-c", _START_ON_A_HOST_OF_ITS_OWN, str(folder), script]
    host = ["unshare", "--mount", "--propagation", "private", "sh", "-c", mounts, str(tmp_path / "driver"), *start]
    subprocess.run(host, check=True, cwd=Path(__file__).parents[2])
    told = _told(folder)
    assert told == {"driver": "driver 580", "etc": False}


def test_what_a_machine_changes_stays_its_own(folder: Path) -> None:
    before = {p: Path(p).read_bytes() for p in ("/etc/hosts", "/etc/hostname") if Path(p).exists()}
    MACHINES.start(scale_set(folder, _TELL + "open('/usr/changed', 'w').close()\ntell()", 1))
    _told(folder)
    assert not Path("/usr/changed").exists()
    assert {p: Path(p).read_bytes() for p in before} == before
    assert socket.gethostname() != "node0"


class _Metadata(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"path": self.path, "metadata": self.headers["Metadata"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        return


def test_metadata_and_arm_answer_inside_a_machine(folder: Path, tmp_path: Path) -> None:
    metadata = ThreadingHTTPServer(("127.0.0.1", 0), _Metadata)
    threading.Thread(target=metadata.serve_forever, args=(0.02,), daemon=True).start()
    arm = socket.socket(socket.AF_UNIX)
    arm.bind(str(tmp_path / "arm"))
    arm.listen()

    def answer() -> None:
        with arm.accept()[0] as connection:
            connection.sendall(connection.recv(100).upper())

    threading.Thread(target=answer, daemon=True).start()
    script = """
asked = urllib.request.Request("http://169.254.169.254/metadata/instance?a=b", headers={"Metadata": "true"})
with socket.create_connection(("127.0.0.1", 8443)) as arm:
    arm.sendall(b"hello")
    said = arm.recv(100).decode()
tell(metadata=json.load(urllib.request.urlopen(asked)), arm=said)
"""
    url = f"http://127.0.0.1:{metadata.server_port}/of/vm-0"
    MACHINES.start(scale_set(folder, _TELL + script, 1, metadata_url=url, arm_socket=tmp_path / "arm"))
    told = _told(folder)
    metadata.shutdown()
    metadata.server_close()
    arm.close()
    assert told == {"metadata": {"path": "/of/vm-0/metadata/instance?a=b", "metadata": "true"}, "arm": "HELLO"}


def test_a_door_leads_to_the_hosts_port_of_the_same_number_and_no_other_does(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as open_port, socket.create_server(("127.0.0.1", 0)) as shut:

        def answer() -> None:
            with open_port.accept()[0] as connection:
                connection.sendall(connection.recv(100).upper())

        threading.Thread(target=answer, daemon=True).start()
        door, wall = open_port.getsockname()[1], shut.getsockname()[1]
        script = f"""
with socket.create_connection(("127.0.0.1", {door})) as store:
    store.sendall(b"hello")
    said = store.recv(100).decode()
try:
    socket.create_connection(("127.0.0.1", {wall}))
except OSError as fault:
    tell(said=said, other=fault.strerror)
"""
        MACHINES.start(replace(scale_set(folder, _TELL + script, 1), doors=(door,)))
        assert _told(folder) == {"said": "HELLO", "other": "Connection refused"}


def test_stop_leaves_no_process_mount_or_namespace_but_disks_and_logs(folder: Path) -> None:
    before = _traces()
    MACHINES.start(scale_set(folder, _TELL + "subprocess.Popen(['sleep', '300'], start_new_session=True)\ntell()"))
    _told(folder, 0), _told(folder, 1)
    assert _traces() == before
    spaces = _spaces(folder)
    assert len(spaces) >= 7
    MACHINES.stop(folder)
    assert _alive(spaces) == []
    assert _traces() == before
    assert {p.name for p in folder.iterdir()} == {"supervisor.log", "vm_0", "vm_1"}
    assert all((folder / name / "console.log").exists() for name in ("vm_0", "vm_1"))
    assert MACHINES.states(folder) == []
    MACHINES.stop(folder)


def test_killing_the_supervisor_takes_everything_along(folder: Path) -> None:
    before = _traces()
    MACHINES.start(scale_set(folder, _TELL + "tell()"))
    _told(folder)
    spaces = _spaces(folder)
    os.kill(_record(folder).supervisor.pid, signal.SIGKILL)
    wait_for(lambda: not any(s.running for s in MACHINES.states(folder)))
    wait_for(lambda: _alive(spaces) == [])
    assert _traces() == before


def test_removing_the_cloud_from_under_the_machines_takes_everything_along(folder: Path) -> None:
    before = _traces()
    MACHINES.start(scale_set(folder, _TELL + "tell()"))
    _told(folder)
    spaces = _spaces(folder)
    folder.rename(folder.with_name("removed"))
    wait_for(lambda: _alive(spaces) == [])
    assert _traces() == before


def test_a_machine_whose_init_is_killed_is_gone_and_its_peer_goes_on(folder: Path) -> None:
    MACHINES.start(scale_set(folder, _TELL + "tell()"))
    _told(folder, 0), _told(folder, 1)
    first = _record(folder).instances[0].process
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: [s.running for s in MACHINES.states(folder)] == [False, True])


_BOOTS = """
def lines(path):
    return open(path).read().split() if os.path.exists(path) else []
boots, new = lines("/opt/boots"), open("/proc/sys/kernel/random/boot_id").read().strip()
before = {"run": os.path.exists("/run/mine"), "shm": os.listdir("/dev/shm"), "home": os.path.exists("/root/mine")}
for path in ("/run/mine", "/dev/shm/mine", "/root/mine"):
    open(path, "w").close()
with open("/opt/boots", "a") as out:
    out.write(new + "\\n")
links = sorted(os.listdir("/sys/class/net"))
"""


def test_a_machine_that_reboots_keeps_its_disk_and_runs_what_is_for_every_boot(folder: Path) -> None:
    spaces = _traces()
    script = _TELL + _BOOTS + "tell(boots=[*boots, new], links=links, host=socket.gethostname(), **before)"
    MACHINES.start(scale_set(folder, script, once="echo once >> /opt/once"))
    first, other = _told(folder), _told(folder, 1)
    once = folder / "vm_0/upper/opt/once"
    wait_for(lambda: "ended with exit status 0" in (folder / "vm_0/console.log").read_text())
    pids = [i.process for i in _record(folder).instances]
    MACHINES.reboot(folder, "vm_0")
    assert [s.running for s in MACHINES.states(folder)] == [True, True]
    wait_for(lambda: len(_told(folder)["boots"]) == 2)
    again = _told(folder)
    assert (first["run"], first["shm"], first["home"]) == (False, [], False)
    assert (again["run"], again["shm"], again["home"]) == (False, [], True)
    assert [len(first["boots"]), len(again["boots"]), len({*again["boots"], *other["boots"]})] == [1, 2, 3]
    assert (again["links"], again["host"]) == (["eth0", "lo"], "node0")
    wait_for(lambda: (folder / "vm_0/console.log").read_text().count("ended with exit status 0") == 2)
    assert once.read_text() == "once\n"  # cloud-init's own semaphore: runcmd is of the instance, not of the boot
    after = [i.process for i in _record(folder).instances]
    assert after[0] != pids[0]
    assert after[1] == pids[1]
    MACHINES.reboot(folder, "vm_0")
    MACHINES.stop(folder)
    assert _traces() == spaces


_FILLS = """
free = os.statvfs("/").f_bavail * os.statvfs("/").f_frsize >> 20
try:
    with open("/opt/large", "wb") as out:
        out.write(bytes(48 << 20))
    full = ""
except OSError as fault:
    full = fault.strerror
    os.unlink("/opt/large")
print(json.dumps({"free": free, "full": full}), flush=True)
"""
GROWTH: dict[str, tuple[str, bool]] = {
    "grows where nothing forbids it": ("", True),
    "stays small where its partition must not grow": ('"growpart": {"mode": "off"}, ', False),
    "stays small where its file system must not grow": ('"resize_rootfs": false, ', False),
}


@pytest.mark.parametrize("case", GROWTH)
def test_the_disk_of_a_small_image(folder: Path, case: str) -> None:
    forbids, grows = GROWTH[case]
    spec = scale_set(folder, _TELL + _FILLS, 1)
    data = spec.instances[0].custom_data.replace(b'{"locale"', f'{{{forbids}"locale"'.encode(), 1)
    MACHINES.start(replace(spec, disk=Disk(32, 256), instances=(replace(spec.instances[0], custom_data=data),)))
    console = folder / "vm_0/console.log"
    wait_for(lambda: '"full"' in console.read_text())
    told = next(json.loads(line) for line in console.read_text().splitlines() if '"full"' in line)
    assert told["full"] == ("" if grows else "No space left on device")
    assert (told["free"] > 200) is grows


def test_a_machine_that_does_not_run_cannot_reboot(folder: Path) -> None:
    MACHINES.start(scale_set(folder, "", 1))
    MACHINES.end(folder, "vm_0")
    with pytest.raises(OSError, match="vm_0 does not run"):
        MACHINES.reboot(folder, "vm_0")


def test_a_spec_that_cannot_boot_says_why_and_leaves_nothing(folder: Path) -> None:
    before = _traces()
    with pytest.raises(OSError, match="nowhere"):
        MACHINES.start(scale_set(folder, "", 1, mounts=(Mount(Path("/nowhere"), True),)))
    assert _traces() == before
    assert MACHINES.states(folder) == []


_UNCONFINED = """
import sys
from tfinfra.localcloud.machines import supervisor
from tfinfra.localcloud.machines.namespaces import node_init
def refuse(): raise OSError("no filter of system calls here")
node_init.confine = refuse
sys.exit(supervisor.main())
"""


def test_a_machine_that_cannot_be_confined_is_never_called_booted(folder: Path) -> None:
    folder.mkdir()
    text = spec_to_text("namespace", scale_set(folder, _TELL, 1))
    done = subprocess.run(
        [sys.executable, "-c", _UNCONFINED], input=text, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, "no filter of system calls here" in done.stderr) == (1, True)
